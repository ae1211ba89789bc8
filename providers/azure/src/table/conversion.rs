//! How a value differs between an argument and a body.

use terrane_model::Str;

/// A way of writing values. The first form is the argument's, the second the body's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// The same.
    None,
    /// `West Europe` and `westeurope` are both `westeurope`.
    Location,
    /// True is false.
    Not,
    /// True and false are two words.
    Words(Str, Str),
    /// Texts are others: pairs of the argument's and the body's.
    Renamed(Vec<(Str, Str)>),
    /// Elements are one text with separators between them.
    Joined(Str),
    /// Elements are the names of an object's properties.
    Keys,
    /// Anything is its text.
    AsText,
    /// A number of units is an ISO 8601 duration: `P30D`, `PT5M`.
    Duration(TimeUnit),
    /// A number is another one, multiplied.
    Times(i64),
    /// Text is its Base64.
    Base64,
    /// Lower case.
    Lower,
    /// The name of a part of the same object is a reference to it: `{ID}/segment/name`.
    PartName(Str),
    /// A resource id, spelled canonically.
    Id,
    /// A time of day or date in RFC 3339, however many digits the service writes.
    Timestamp,
    /// A list of one is its element.
    Single,
    /// A document's text is the document.
    Json,
    /// Every element is an object with this one property.
    Wrapped(Str),
    /// The name of an edge zone is an object with that name.
    EdgeZone,
    /// A moment in RFC 3339 is its seconds since 1970.
    UnixTime,
    /// Read only: the host of a URL.
    Host,
    /// Pairs are a list of objects with these two properties.
    Pairs(Str, Str),
}

/// The unit of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    Days,
    Hours,
    Minutes,
    Seconds,
}
