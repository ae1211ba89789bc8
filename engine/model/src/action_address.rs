//! Addresses of actions: what a provider can be asked to do besides managing objects.

use std::fmt::{Display, Formatter};

use crate::address::{write_in_module, write_key};
use crate::address_parse::{AddressError, error, split_module};
use crate::{InstanceKey, ModuleInstance, Str};

/// An `action` block, as seen from its own module.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionAddress {
    /// The action type, such as `local_command`.
    pub action_type: Str,
    /// The name that the block gives.
    pub name: Str,
}

impl Display for ActionAddress {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "action.{}.{}", self.action_type, self.name)
    }
}

/// One instance of an action.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionInstanceAddress {
    /// Where.
    pub module: ModuleInstance,
    /// What.
    pub action: ActionAddress,
    /// Which of its instances.
    pub key: Option<InstanceKey>,
}

impl ActionInstanceAddress {
    /// Reads the address of an action or of one of its instances.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (module, mut parts) = split_module(text)?;
        if !parts.next().is_some_and(|part| part.name == "action" && part.key.is_none()) {
            return error("Action specification must start with `action`.");
        }
        let (Some(type_part), Some(name_part)) = (parts.next(), parts.next()) else {
            return error("Action specification must include an action type and name.");
        };
        if type_part.key.is_some() {
            return error("An action name is required.");
        }
        if let Some(extra) = parts.next() {
            return error(format!("Unexpected \".{}\" after the action address.", extra.name));
        }
        let action = ActionAddress { action_type: type_part.name, name: name_part.name };
        Ok(Self { module, action, key: name_part.key })
    }

    /// Tells whether this names an action, whole or this very instance of it.
    pub fn covers(&self, other: &Self) -> bool {
        self.module == other.module
            && self.action == other.action
            && (self.key.is_none() || self.key == other.key)
    }

    /// Writes the address as it is seen from its own module.
    pub fn within_module(&self) -> String {
        Self { module: ModuleInstance::root(), ..self.clone() }.to_string()
    }
}

impl Display for ActionInstanceAddress {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write_in_module(formatter, &self.module, self.module.is_root())?;
        self.action.fmt(formatter)?;
        write_key(formatter, self.key.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_written() {
        for text in [
            "action.local_command.a",
            "action.local_command.a[0]",
            "module.a[\"x\"].module.b.action.local_command.a[\"y\"]",
        ] {
            assert_eq!(ActionInstanceAddress::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "a.b", "action.a", "action", "action.a.b.c", "action.a[0].b", "module.action.a.b"] {
            assert!(ActionInstanceAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_whole_action_covers_its_instances() {
        let covers = |whole: &str, one: &str| {
            let parse = |text| ActionInstanceAddress::parse(text).unwrap();
            parse(whole).covers(&parse(one))
        };
        assert!(covers("action.a.b", "action.a.b[1]"));
        assert!(!covers("action.a.b[0]", "action.a.b[1]"));
        assert!(!covers("action.a.b", "module.m.action.a.b"));
    }
}
