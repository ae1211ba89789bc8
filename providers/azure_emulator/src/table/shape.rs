//! The shapes of bodies: which properties an object has and what values they take.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

/// Identifies a [`Shape`] in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShapeId(pub(super) usize);

/// An object's properties.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// Sorted by name.
    pub(super) properties: Vec<Property>,
    /// The kind of properties that are not listed, where any name is legal.
    pub(crate) other: Option<Kind>,
}

impl Shape {
    /// Finds a property by its exact name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        let found = self.properties.binary_search_by(|property| property.name.as_str().cmp(name));
        found.ok().map(|idx| &self.properties[idx])
    }

    /// Finds a property by its name in any casing.
    pub(crate) fn property_ignoring_case(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name.eq_ignore_ascii_case(name))
    }

    /// Returns all properties, sorted by name.
    pub(crate) fn properties(&self) -> &[Property] {
        &self.properties
    }
}

/// One property of a [`Shape`].
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Must be there when the resource is put.
    pub(crate) required: bool,
    /// Written by the service only; ignored in requests.
    pub(crate) read_only: bool,
    /// Accepted but never returned.
    pub(crate) secret: bool,
    /// What the service fills in when the property is absent.
    pub(crate) default: Option<Value>,
    /// The API versions that have it.
    pub(crate) versions: VersionSet,
}

/// What values a property takes.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Any,
    Bool,
    String {
        length: Range,
        pattern: Option<Pattern>,
    },
    Integer(Range),
    Number(Range),
    /// One of these words; other words are legal too if `open`.
    Enum {
        words: Vec<String>,
        open: bool,
    },
    List {
        items: Box<Kind>,
        length: Range,
    },
    /// Any keys, values of one kind.
    Map(Box<Kind>),
    Object(ShapeId),
}

/// A closed interval with optional ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
}

impl Range {
    /// Returns whether `value` lies in the interval.
    pub(crate) fn contains(self, value: f64) -> bool {
        // Bounds in the tables are far below 2^53, so the conversion is exact.
        #[expect(clippy::cast_precision_loss, reason = "bounds are small")]
        let (min, max) = (self.min.map(|min| min as f64), self.max.map(|max| max as f64));
        min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
    }

    /// Returns whether a length lies in the interval.
    pub(crate) fn contains_length(self, length: usize) -> bool {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        self.min.is_none_or(|min| length >= min) && self.max.is_none_or(|max| length <= max)
    }
}

/// A regular expression, compiled when first needed.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(super) fn new(source: &str) -> Pattern {
        Pattern { source: source.to_owned(), compiled: OnceLock::new() }
    }

    /// Returns whether the expression matches somewhere in `text`.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.source).ok());
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    /// Returns the expression's text.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

impl Clone for Pattern {
    fn clone(&self) -> Pattern {
        Pattern::new(&self.source)
    }
}

/// A set of API versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VersionSet {
    /// Alternatives; empty means all versions.
    pub(super) ranges: Vec<VersionRange>,
}

/// One alternative of a [`VersionSet`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VersionRange {
    /// Every version that ends in `-preview`.
    Previews,
    /// From the first to the last, both included; an open end is `None`.
    Between(Option<String>, Option<String>),
}

impl VersionSet {
    /// Returns whether `version` is in the set. Versions order as text: a preview follows the release of its day.
    pub(crate) fn contains(&self, version: &str) -> bool {
        self.ranges.is_empty()
            || self.ranges.iter().any(|range| match range {
                VersionRange::Previews => version.ends_with("-preview"),
                VersionRange::Between(from, to) => {
                    from.as_deref().is_none_or(|from| version >= from)
                        && to.as_deref().is_none_or(|to| version <= to)
                }
            })
    }
}
