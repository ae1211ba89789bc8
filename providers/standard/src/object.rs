//! Objects seen as attributes: reading typed parts and making changed copies.

use terrane_model::Value;

/// Returns the object with some attributes replaced. Names that it does not have are ignored.
///
/// The names of the copy are shared with the original, so that only the values cost something.
pub(crate) fn with_attributes<const N: usize>(object: &Value, replacements: [(&str, Value); N]) -> Value {
    let attributes = object.as_entries().unwrap_or_default().iter().map(|(name, value)| {
        let replacement = replacements.iter().find(|(replaced, _)| *replaced == name.as_str());
        let value = replacement.map_or_else(|| value.clone(), |(_, new)| new.clone());
        (name.clone(), value)
    });
    Value::object(attributes)
}
