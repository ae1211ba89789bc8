//! What an interrupted run has left open: objects of which nobody has heard whether they were made.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use terrane_model::{Diagnostic, Diagnostics, ResourceInstanceAddress, Str};
use terrane_state::{Intent, ObjectState, Operation, StateSnapshot};

/// Enters objects that may have been made into a state, under the ids that they got in that case: reading them
/// tells whether they exist. Returns the addresses of all objects that have to be read before anything is said
/// about them.
///
/// Objects whose ids are not known beforehand cannot be found; there is a warning for each.
pub(crate) fn adopt_unfinished(
    state: &mut StateSnapshot,
    unfinished: &[Intent],
    diagnostics: &mut Diagnostics,
) -> FxHashSet<ResourceInstanceAddress> {
    let mut uncertain = FxHashSet::default();
    for intent in unfinished {
        if intent.operation == Operation::Create && state.object(&intent.address).is_none() {
            let possible = intent.planned.as_ref().zip(intent.import_id.as_ref());
            let Some(object) = possible.and_then(|(planned, id)| with_id(planned, id)) else {
                diagnostics.push(lost(&intent.address));
                continue;
            };
            state.set_object(&intent.address, None, &intent.provider_config, Some(Arc::new(object)));
        }
        uncertain.insert(intent.address.clone());
    }
    uncertain
}

/// Returns an object with the id that it got when it was made; nothing when it is stored in no form that has one.
fn with_id(planned: &ObjectState, id: &Str) -> Option<ObjectState> {
    let mut attributes: serde_json::Value = serde_json::from_str(&planned.attributes).ok()?;
    attributes.as_object_mut()?.insert("id".to_owned(), id.as_str().into());
    Some(ObjectState { attributes: attributes.to_string().into(), ..planned.clone() })
}

fn lost(address: &ResourceInstanceAddress) -> Diagnostic {
    let detail = format!(
        "A run was interrupted while it was creating {address}, and its provider cannot tell beforehand which id a new object \
         gets. If the object was created, nothing knows of it: look for it, and import or remove it. Otherwise this run \
         creates it."
    );
    Diagnostic::warning("Outcome of an interrupted creation is unknown", detail).about(address)
}

#[cfg(test)]
mod tests {
    use terrane_model::ProviderConfigAddress;

    use super::*;

    fn intent(operation: Operation, import_id: Option<&str>) -> Intent {
        let planned =
            ObjectState { attributes: r#"{"id":null,"name":"n"}"#.into(), ..ObjectState::default() };
        Intent {
            operation,
            address: ResourceInstanceAddress::parse("example_thing.a").unwrap(),
            deposed: None,
            provider_config: ProviderConfigAddress::parse(
                "provider[\"registry.terraform.io/hashicorp/example\"]",
            )
            .unwrap(),
            import_id: import_id.map(Str::from),
            planned: Some(Arc::new(planned)),
        }
    }

    #[test]
    fn an_object_that_may_exist_is_entered_under_its_id() {
        let (mut state, mut diagnostics) = (StateSnapshot::default(), Diagnostics::new());
        let uncertain =
            adopt_unfinished(&mut state, &[intent(Operation::Create, Some("/things/n"))], &mut diagnostics);
        let address = ResourceInstanceAddress::parse("example_thing.a").unwrap();
        assert!(uncertain.contains(&address));
        assert_eq!(state.object(&address).unwrap().attributes.as_str(), r#"{"id":"/things/n","name":"n"}"#);
        assert!(diagnostics.is_empty());
    }

    #[test]
    fn an_object_without_id_is_told_of() {
        let (mut state, mut diagnostics) = (StateSnapshot::default(), Diagnostics::new());
        let uncertain = adopt_unfinished(&mut state, &[intent(Operation::Create, None)], &mut diagnostics);
        assert!(uncertain.is_empty() && state.is_empty());
        assert_eq!(diagnostics.len(), 1);
    }

    #[test]
    fn an_object_that_was_being_changed_is_read() {
        let (mut state, mut diagnostics) = (StateSnapshot::default(), Diagnostics::new());
        let uncertain = adopt_unfinished(&mut state, &[intent(Operation::Delete, None)], &mut diagnostics);
        assert_eq!(uncertain.len(), 1);
        assert!(diagnostics.is_empty());
    }
}
