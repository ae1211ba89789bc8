//! What values of an argument have to satisfy; checked at plan, where the user can still change them.

use std::sync::OnceLock;

use regex::Regex;
use terrane_model::Str;

/// A condition on a known value, or on every element of a list or set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Check {
    /// One of these texts; with regard to case, as azurerm has it.
    In(Vec<Str>),
    /// One of these texts, whatever the case.
    InAnyCase(Vec<Str>),
    /// One of these numbers.
    OneOfNumbers(Vec<i64>),
    /// A number in this range, ends included.
    Range(f64, f64),
    /// A number that this one divides.
    MultipleOf(i64),
    /// A text whose length in characters is in this range.
    Length(usize, usize),
    /// A text that matches; with what to say when it does not.
    Pattern(LazyPattern, Str),
    /// A text that does not match; with what to say when it does.
    NotPattern(LazyPattern, Str),
    /// A text that is more than spaces.
    Filled,
    /// A UUID.
    Uuid,
    /// An IPv4 address range.
    Cidr4,
    /// An address range of either version.
    Cidr,
    /// An IPv4 address.
    Ip4,
    /// An address of either version.
    Ip,
    /// An address of either version, or a range.
    IpOrCidr,
    /// An http or https URL.
    Url,
    /// An https URL.
    HttpsUrl,
    /// A moment in RFC 3339.
    Timestamp,
    /// An ISO 8601 duration.
    Duration,
    /// Base64.
    Base64,
    /// A JSON document.
    JsonDocument,
    /// A resource id of one of these types; none means any type.
    Id(Vec<Str>),
    /// A port or a range of ports: `80`, `8000-8999`, `*`.
    PortRange,
}

impl Check {
    /// Tells whether the check itself makes sense. A test asks this of all tables.
    #[cfg(test)]
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Pattern(pattern, hint) | Self::NotPattern(pattern, hint) => {
                pattern.is_valid() && !hint.is_empty()
            }
            Self::In(words) | Self::InAnyCase(words) => !words.is_empty(),
            Self::Range(low, high) => low <= high,
            Self::Length(low, high) => low <= high,
            _ => true,
        }
    }
}

/// A regular expression that is compiled when first needed: most are never.
#[derive(Debug, Clone)]
pub(crate) struct LazyPattern {
    text: Str,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyPattern {
    /// Takes the text of an expression.
    pub(crate) fn new(text: Str) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// Tells whether the expression is one. A test asks this of all tables.
    #[cfg(test)]
    pub(crate) fn is_valid(&self) -> bool {
        Regex::new(&self.text).is_ok()
    }

    /// Tells whether a text matches; an invalid expression matches everything.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.text).ok());
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

impl PartialEq for LazyPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
