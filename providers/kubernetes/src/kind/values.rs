//! Objects with some attributes replaced.

use terrane_model::{Type, Value};

/// Returns the object with some attributes replaced. Names that it does not have are ignored.
pub(crate) fn with_attributes(object: &Value, replacements: &[(&str, Value)]) -> Value {
    let attributes = object.as_entries().unwrap_or_default().iter().map(|(name, value)| {
        let replacement = replacements.iter().find(|(replaced, _)| *replaced == name.as_str());
        (name.clone(), replacement.map_or(value, |(_, new)| new).clone())
    });
    Value::object(attributes)
}

/// Makes a text that is null where there is none.
pub(crate) fn text_or_null(text: Option<&str>) -> Value {
    text.map_or(Value::Null(Type::String), Value::from)
}
