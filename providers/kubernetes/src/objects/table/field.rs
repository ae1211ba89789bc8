//! The words of the tables: one argument of a resource type and the field of the object that it stands for.

use terrane_model::{Number, Value};

/// One argument of a resource type or of a block inside it.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    /// The argument's name.
    pub(crate) name: &'static str,
    /// Where it stands in the object.
    pub(crate) place: Place,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Who writes it.
    pub(crate) presence: Presence,
    /// What it is when it is not written.
    pub(crate) preset: Preset,
    /// Whether an object without anything in it means the same as no block.
    pub(crate) empty_is_none: bool,
    /// Whether a change of it, or of anything inside it, needs a new object.
    pub(crate) replaces: bool,
    /// Whether no change inside the block needs a new object, whatever the block's table says.
    pub(crate) mutable: bool,
    /// Never shown to people.
    pub(crate) sensitive: bool,
    /// Goes to the cluster and nowhere else.
    pub(crate) write_only: bool,
    /// Whether using it earns a warning.
    pub(crate) deprecated: bool,
    /// What may be written.
    pub(crate) check: Check,
}

/// Where an argument stands in the object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Under its own name in camel case.
    SameName,
    /// Under another name.
    Named(&'static str),
    /// The block's fields stand in the object around it.
    Around,
    /// Nowhere: the argument tells the provider something.
    Nowhere,
}

/// What an argument holds.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A text, written in the object as the codec says.
    Text(Codec),
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Flag,
    /// Texts in order.
    Texts,
    /// Texts without order.
    TextSet,
    /// Whole numbers in order.
    Wholes,
    /// Whole numbers without order.
    WholeSet,
    /// Texts by key, written in the object as the codec says.
    TextMap(Codec),
    /// One or more blocks.
    Blocks(Blocks),
}

/// How a text of the language is written in an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// As it is.
    Plain,
    /// As a quantity; equal amounts are the same, however they are written.
    Quantity,
    /// As a number if it is one, otherwise as a text: ports by number or name, counts or percentages.
    NumberOrText,
    /// As a number; the empty text for none.
    Number,
    /// As a number, whose digits are octal in the text: file modes.
    Octal,
    /// As Base64 of the text's bytes.
    Bytes,
}

/// Nested blocks.
#[derive(Clone, Copy)]
pub(crate) struct Blocks {
    pub(crate) fields: &'static [Field],
    /// Whether their order means nothing.
    pub(crate) is_set: bool,
    /// Whether one object stands for them; otherwise an array with an object for each.
    pub(crate) is_object: bool,
    /// Fewest blocks; 0 for no limit.
    pub(crate) at_least: usize,
    /// Most blocks; 0 for no limit.
    pub(crate) at_most: usize,
}

/// Who writes an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// The user has to.
    Required,
    /// The user may.
    Optional,
    /// The user may; otherwise the cluster decides.
    OptionalComputed,
    /// Only the cluster.
    Computed,
}

/// What an argument is when it is not written.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Preset {
    None,
    Text(&'static str),
    Whole(i64),
    Flag(bool),
}

/// What may be written in an argument, beyond its type.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    /// Anything.
    None,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// What the function has no objection to.
    With(fn(&Value) -> Option<String>),
}

impl Preset {
    /// Returns the value, or nothing where there is none.
    pub(crate) fn value(self) -> Option<Value> {
        match self {
            Self::None => None,
            Self::Text(text) => Some(Value::from(text)),
            Self::Whole(whole) => Some(Value::Number(Number::from(whole))),
            Self::Flag(flag) => Some(Value::Bool(flag)),
        }
    }
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        place: Place::SameName,
        kind,
        presence: Presence::Optional,
        preset: Preset::None,
        empty_is_none: false,
        replaces: false,
        mutable: false,
        sensitive: false,
        write_only: false,
        deprecated: false,
        check: Check::None,
    }
}

/// An argument that holds a text.
pub(crate) const fn text(name: &'static str) -> Field {
    field(name, Kind::Text(Codec::Plain))
}

/// An argument that holds an amount such as `500m` or `1Gi`.
pub(crate) const fn quantity(name: &'static str) -> Field {
    field(name, Kind::Text(Codec::Quantity))
}

/// An argument that holds a text which the object wants otherwise.
pub(crate) const fn text_as(name: &'static str, codec: Codec) -> Field {
    field(name, Kind::Text(codec))
}

/// An argument that holds a whole number.
pub(crate) const fn whole(name: &'static str) -> Field {
    field(name, Kind::Whole)
}

/// An argument that holds `true` or `false`.
pub(crate) const fn flag(name: &'static str) -> Field {
    field(name, Kind::Flag)
}

/// An argument that holds texts in order.
pub(crate) const fn texts(name: &'static str) -> Field {
    field(name, Kind::Texts)
}

/// An argument that holds texts without order.
pub(crate) const fn text_set(name: &'static str) -> Field {
    field(name, Kind::TextSet)
}

/// An argument that holds whole numbers in order.
pub(crate) const fn wholes(name: &'static str) -> Field {
    field(name, Kind::Wholes)
}

/// An argument that holds whole numbers without order.
pub(crate) const fn whole_set(name: &'static str) -> Field {
    field(name, Kind::WholeSet)
}

/// An argument that holds texts by key.
pub(crate) const fn text_map(name: &'static str) -> Field {
    field(name, Kind::TextMap(Codec::Plain))
}

/// An argument that holds texts by key which the object wants otherwise.
pub(crate) const fn text_map_as(name: &'static str, codec: Codec) -> Field {
    field(name, Kind::TextMap(codec))
}

/// At most one block.
pub(crate) const fn block(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, Kind::Blocks(Blocks { fields, is_set: false, is_object: true, at_least: 0, at_most: 1 }))
}

/// Blocks in order.
pub(crate) const fn blocks(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, Kind::Blocks(Blocks { fields, is_set: false, is_object: false, at_least: 0, at_most: 0 }))
}

/// Blocks without order.
pub(crate) const fn block_set(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, Kind::Blocks(Blocks { fields, is_set: true, is_object: false, at_least: 0, at_most: 0 }))
}

impl Field {
    /// The argument has to be written, or at least one block of it.
    pub(crate) const fn required(mut self) -> Self {
        self.presence = Presence::Required;
        if let Kind::Blocks(blocks) = &mut self.kind
            && blocks.at_least == 0
        {
            blocks.at_least = 1;
        }
        self
    }

    /// The cluster decides what is not written.
    pub(crate) const fn or_computed(mut self) -> Self {
        self.presence = Presence::OptionalComputed;
        self
    }

    /// Only the cluster writes the argument.
    pub(crate) const fn computed(mut self) -> Self {
        self.presence = Presence::Computed;
        self
    }

    /// The argument is this text when it is not written.
    pub(crate) const fn or_text(mut self, preset: &'static str) -> Self {
        self.preset = Preset::Text(preset);
        self
    }

    /// The argument is this number when it is not written.
    pub(crate) const fn or_whole(mut self, preset: i64) -> Self {
        self.preset = Preset::Whole(preset);
        self
    }

    /// The argument is this when it is not written.
    pub(crate) const fn or_flag(mut self, preset: bool) -> Self {
        self.preset = Preset::Flag(preset);
        self
    }

    /// An object without anything in it, which the cluster fills in, means the same as no block.
    pub(crate) const fn empty_is_none(mut self) -> Self {
        self.empty_is_none = true;
        self
    }

    /// A change needs a new object.
    pub(crate) const fn replaces(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// The argument is never shown.
    pub(crate) const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The argument is neither planned nor stored.
    pub(crate) const fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// Using the argument earns a warning.
    pub(crate) const fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// The argument stands under another name in the object.
    pub(crate) const fn at(mut self, name: &'static str) -> Self {
        self.place = Place::Named(name);
        self
    }

    /// The fields of the block stand in the object around it.
    pub(crate) const fn around(mut self) -> Self {
        self.place = Place::Around;
        self
    }

    /// The argument does not stand in the object.
    pub(crate) const fn nowhere(mut self) -> Self {
        self.place = Place::Nowhere;
        self
    }

    /// Only one of these texts may be written.
    pub(crate) const fn one_of(mut self, allowed: &'static [&'static str]) -> Self {
        self.check = Check::OneOf(allowed);
        self
    }

    /// Only what the function has no objection to may be written.
    pub(crate) const fn checked(mut self, check: fn(&Value) -> Option<String>) -> Self {
        self.check = Check::With(check);
        self
    }

    /// There may be up to so many blocks.
    pub(crate) const fn at_most(mut self, count: usize) -> Self {
        if let Kind::Blocks(blocks) = &mut self.kind {
            blocks.at_most = count;
        }
        self
    }

    /// Though blocks may be repeated, one object stands for the first.
    pub(crate) const fn as_object(mut self) -> Self {
        if let Kind::Blocks(blocks) = &mut self.kind {
            blocks.is_object = true;
        }
        self
    }

    /// Whatever changes inside the block, the object can be updated.
    pub(crate) const fn mutable(mut self) -> Self {
        self.mutable = true;
        self
    }

    /// Tells whether the cluster may decide the value.
    pub(crate) const fn is_computed(&self) -> bool {
        matches!(self.presence, Presence::Computed | Presence::OptionalComputed)
    }
}
