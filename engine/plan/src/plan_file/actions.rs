//! Invocations of actions in plan files.

use serde::{Deserialize, Serialize};
use terrane_language::config::action::{OnFailure, TriggerEvent};
use terrane_model::{ActionInstanceAddress, ProviderConfigAddress, ResourceInstanceAddress};

use super::PlanFileError;
use super::document::ValueDocument;
use super::values::{damaged, read_value, write_value};
use crate::action_invocation::{ActionInvocation, InvocationCause, TriggerCause};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InvocationDocument {
    address: String,
    provider_config: String,
    cause: CauseDocument,
    config: ValueDocument,
}

#[derive(Debug, Serialize, Deserialize)]
enum CauseDocument {
    Trigger { resource: String, event: String, block: usize, position: usize, on_failure: String },
    Command { caller: Option<String> },
}

pub(super) fn write_invocation(invocation: &ActionInvocation) -> Result<InvocationDocument, PlanFileError> {
    let cause = match &invocation.cause {
        InvocationCause::Trigger(trigger) => CauseDocument::Trigger {
            resource: trigger.resource.to_string(),
            event: trigger.event.name().to_owned(),
            block: trigger.block,
            position: trigger.position,
            on_failure: trigger.on_failure.name().to_owned(),
        },
        InvocationCause::Command { caller } => {
            CauseDocument::Command { caller: caller.as_ref().map(ToString::to_string) }
        }
    };
    Ok(InvocationDocument {
        address: invocation.address.to_string(),
        provider_config: invocation.provider_config.to_string(),
        cause,
        config: write_value(&invocation.config)?,
    })
}

pub(super) fn read_invocation(document: &InvocationDocument) -> Result<ActionInvocation, PlanFileError> {
    let resource = |text: &str| ResourceInstanceAddress::parse(text).map_err(damaged);
    let cause = match &document.cause {
        CauseDocument::Trigger { resource: address, event, block, position, on_failure } => {
            let unknown = |name: &str| damaged(format!("there is no {name:?}"));
            InvocationCause::Trigger(TriggerCause {
                resource: resource(address)?,
                event: TriggerEvent::from_name(event).ok_or_else(|| unknown(event))?,
                block: *block,
                position: *position,
                on_failure: OnFailure::from_name(on_failure).ok_or_else(|| unknown(on_failure))?,
            })
        }
        CauseDocument::Command { caller } => {
            InvocationCause::Command { caller: caller.as_deref().map(resource).transpose()? }
        }
    };
    Ok(ActionInvocation {
        address: ActionInstanceAddress::parse(&document.address).map_err(damaged)?,
        provider_config: ProviderConfigAddress::parse(&document.provider_config).map_err(damaged)?,
        cause,
        config: read_value(&document.config)?,
    })
}
