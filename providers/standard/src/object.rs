//! Objects seen as attributes: reading typed parts and making changed copies.

use terrane_model::{Str, Type, Value};

/// Attributes by name, as a resource computes them.
pub(crate) type Attributes = Vec<(&'static str, Value)>;

/// Reads attributes of an object. Null and unknown attributes read as nothing.
pub(crate) trait Fields {
    /// Returns a text.
    fn text(&self, name: &str) -> Option<&str>;
    /// Returns a whole number that fits.
    fn integer(&self, name: &str) -> Option<i64>;
    /// Returns a truth value.
    fn boolean(&self, name: &str) -> Option<bool>;
    /// Returns the texts of a list or set; those that are null or unknown are left out.
    fn texts(&self, name: &str) -> Vec<&str>;
    /// Tells whether the attribute is known and null.
    fn is_unset(&self, name: &str) -> bool;
    /// Tells whether the attribute is known and not null.
    fn is_set(&self, name: &str) -> bool;
}

impl Fields for Value {
    fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().map(Str::as_str)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_number()?.to_i64()
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        let elements = self.get(name).and_then(Value::as_sequence).unwrap_or_default();
        elements.iter().filter_map(|element| element.as_str().map(Str::as_str)).collect()
    }

    fn is_unset(&self, name: &str) -> bool {
        self.get(name).is_none_or(Value::is_null)
    }

    fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.is_known() && !value.is_null())
    }
}

/// Returns the object with some attributes replaced. Names that it does not have are ignored.
///
/// The names of the copy are shared with the original, so that only the values cost something.
pub(crate) fn with_attributes(object: &Value, replacements: &[(&str, Value)]) -> Value {
    map_attributes(object, |name, value| {
        let replacement = replacements.iter().find(|(replaced, _)| *replaced == name);
        replacement.map_or(value, |(_, new)| new).clone()
    })
}

/// Returns the object with its unknown attributes replaced; what has no replacement becomes null.
pub(crate) fn with_unknown_filled(object: &Value, replacements: &[(&str, Value)]) -> Value {
    map_attributes(object, |name, value| {
        if value.is_wholly_known() {
            return value.clone();
        }
        let replacement = replacements.iter().find(|(replaced, _)| *replaced == name);
        replacement.map_or_else(|| Value::Null(value.ty()), |(_, new)| new.clone())
    })
}

fn map_attributes(object: &Value, replace: impl Fn(&str, &Value) -> Value) -> Value {
    let attributes = object.as_entries().unwrap_or_default().iter();
    Value::object(attributes.map(|(name, value)| (name.clone(), replace(name, value))))
}

/// Makes a text value that is null when there is none.
pub(crate) fn text_or_null(text: Option<&str>) -> Value {
    text.map_or(Value::Null(Type::String), Value::from)
}
