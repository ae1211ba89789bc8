//! Arguments of blocks, read from their values.

use terrane_model::{Attribute, Block, Str, Type, Value};

/// Returns a text; nothing where it is not set.
pub(crate) fn text(config: &Value, name: &str) -> Option<String> {
    config.get(name)?.as_str().map(|text| text.to_string())
}

/// Returns a text that is not empty.
pub(crate) fn text_of_some_length(config: &Value, name: &str) -> Option<String> {
    text(config, name).filter(|text| !text.is_empty())
}

/// Returns the texts of a list; those that are null are left out.
pub(crate) fn texts(config: &Value, name: &str) -> Option<Vec<String>> {
    let elements = config.get(name)?.as_sequence()?;
    Some(elements.iter().filter_map(|element| element.as_str().map(|text| text.to_string())).collect())
}

/// Returns the entries of a map of texts; those that are null are left out.
pub(crate) fn entries(config: &Value, name: &str) -> Vec<(String, String)> {
    let entries = config.get(name).and_then(Value::as_entries).unwrap_or_default();
    entries.iter().filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_string()))).collect()
}

pub(crate) fn flag(config: &Value, name: &str) -> Option<bool> {
    config.get(name)?.as_bool()
}

/// Makes the schema of a block that has attributes only.
pub(crate) fn block<const N: usize>(attributes: [(&'static str, Attribute); N]) -> Block {
    Block::new(attributes.map(|(name, attribute)| (Str::from(name), attribute)), [])
}

pub(crate) fn optional(ty: Type) -> Attribute {
    Attribute::optional(ty)
}
