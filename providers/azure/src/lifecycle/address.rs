//! Where an object is: its id in state and its path in Azure Resource Manager.

use std::collections::BTreeMap;

use terrane_model::{Str, Value};

use crate::attributes::text_at;
use crate::mapping::canonical_id;
use crate::table::id_template::{SUBSCRIPTION, spell};
use crate::table::{IdTemplate, LockKey, ResourceTable};

/// The address of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Address {
    /// The id as state and import know it.
    pub(crate) id: String,
    /// The path in Azure Resource Manager.
    pub(crate) path: String,
    /// What fills the holes of the id.
    pub(crate) parts: BTreeMap<Str, String>,
}

/// Why there is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// The arguments do not give all parts of the id, or not yet.
    #[error("the arguments that make up its id are not all set")]
    Incomplete,
    /// A text is no id of this type.
    #[error("{0:?} is not the id of such an object")]
    Foreign(String),
}

impl Address {
    /// Makes the address of an object from its arguments.
    ///
    /// # Errors
    /// When an argument that is a part of the id is not known or not set.
    pub(crate) fn from_arguments(
        table: &ResourceTable,
        arguments: &Value,
        subscription_id: &str,
    ) -> Result<Self, AddressError> {
        let filling = |hole: &str| -> Option<String> {
            if let Some(text) = text_at(arguments, hole) {
                return Some(if hole.ends_with("_id") || hole == "scope" {
                    canonical_id(&text)
                } else {
                    text.to_string()
                });
            }
            (hole == SUBSCRIPTION).then(|| subscription_id.to_owned())
        };
        // The other forms have more parts: the first one whose parts are all there is the fullest.
        let mut forms = table.other_ids.iter().map(|(id, _)| id).chain([&table.id]);
        let id = forms.find_map(|form| form.fill(filling)).ok_or(AddressError::Incomplete)?;
        Self::from_id(table, &id)
    }

    /// Makes the address of an object from its id, in whatever case it is written.
    ///
    /// # Errors
    /// When the text is not an id of the type.
    pub(crate) fn from_id(table: &ResourceTable, id: &str) -> Result<Self, AddressError> {
        let foreign = || AddressError::Foreign(id.to_owned());
        let id = spell(id.trim(), &table.arm_type);
        let mut forms = table.other_ids.iter().map(|(id, path)| (id, path)).chain([(&table.id, &table.path)]);
        let (form, path, parts) =
            forms.find_map(|(form, path)| Some((form, path, form.read(&id)?))).ok_or_else(foreign)?;
        // Literal words of the template are spelled as the template has them.
        let id = form.fill(|hole| parts.get(hole).cloned()).ok_or_else(foreign)?;
        let path = path.fill(|hole| parts.get(hole).cloned()).ok_or_else(foreign)?;
        Ok(Self { id, path, parts })
    }

    /// Returns the keys of what a write to this object has to have to itself.
    pub(crate) fn lock_keys(&self, locks: &[LockKey], arguments: &Value) -> Vec<String> {
        let parent = |id: &str| IdTemplate::parent_of(id).map(str::to_owned);
        let named = |argument: &str| text_at(arguments, argument).map(|text| text.to_string());
        let key = |lock: &LockKey| match lock {
            LockKey::Itself => Some(self.path.clone()),
            LockKey::Parent => parent(&self.path),
            LockKey::Named(argument) => named(argument),
            LockKey::ParentOfNamed(argument) => parent(&named(argument)?),
        };
        locks.iter().filter_map(key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Catalog, Generation};

    #[test]
    fn addresses_come_from_arguments_and_from_ids_alike() {
        let table = &Catalog::of(Generation::V5).resources["azurerm_resource_group"];
        let arguments = Value::object([("name", Value::from("g"))]);
        let made = Address::from_arguments(table, &arguments, "s").unwrap();
        assert_eq!(made.id, "/subscriptions/s/resourceGroups/g");
        assert_eq!(Address::from_id(table, "/SUBSCRIPTIONS/s/resourcegroups/g"), Ok(made));
        let foreign = Address::from_id(table, "/subscriptions/s").unwrap_err();
        assert_eq!(foreign.to_string(), "\"/subscriptions/s\" is not the id of such an object");
        let unknown = Value::object([("name", Value::unknown(terrane_model::Type::String))]);
        assert_eq!(Address::from_arguments(table, &unknown, "s"), Err(AddressError::Incomplete));
    }
}
