//! Values that have no effect but that a change of them asks for a new object.

use terrane_model::{Type, Value};

use crate::toolkit::Property;

/// A map of values that replaces the object when they differ in more than nulls.
pub(crate) fn keepers(name: &'static str, description: &str) -> Property {
    Property::optional(name, Type::map(Type::String), description)
        .replaces_if(|change| differ(change.config, change.prior))
}

/// Tells whether values differ in more than nulls. Old versions of the providers did not store keys whose value
/// is null, nor maps of nothing else.
fn differ(config: &Value, prior: &Value) -> bool {
    if !config.is_known() {
        return true;
    }
    let (written, stored) = (config.as_entries().unwrap_or_default(), prior.as_entries().unwrap_or_default());
    let changed = written.iter().any(|(key, value)| match prior.get(key) {
        Some(stored) => stored != value,
        None => !value.is_null(),
    });
    changed || stored.iter().any(|(key, _)| config.get(key).is_none())
}
