//! Lines of the machine-readable UI about actions.

use terrane_plan::{ActionInvocation, InvocationCause};

use super::machine::resource_json;
use crate::view::json::actions::action_address_json;
use crate::view::json::writer::ObjectWriter;

/// What a line says.
pub(super) struct ActionLine {
    pub(super) kind: &'static str,
    pub(super) message: String,
    /// The name and content of the part that only this kind of line has.
    pub(super) content: (&'static str, String),
}

/// Says that an action will be invoked.
pub(super) fn planned(invocation: &ActionInvocation) -> ActionLine {
    let mut json = ObjectWriter::new();
    json.raw("action_addr", &action_address_json(&invocation.address));
    match &invocation.cause {
        InvocationCause::Trigger(trigger) => {
            let mut cause = ObjectWriter::new();
            cause.raw("triggering_resource", &resource_json(&trigger.resource));
            cause.text("triggering_event", trigger.event.name());
            cause.raw("action_trigger_block_index", &trigger.block.to_string());
            cause.raw("actions_list_index", &trigger.position.to_string());
            cause.text("on_failure", trigger.on_failure.name());
            json.raw("lifecycle_trigger", &cause.finish());
        }
        InvocationCause::Command { .. } => {
            json.raw("action_trigger", "{}");
        }
    }
    let message = format!("planned action invocation: {}", invocation.address.within_module());
    ActionLine { kind: "planned_action_invocation", message, content: ("invocation", json.finish()) }
}

/// Says that an action begins.
pub(super) fn started(invocation: &ActionInvocation) -> ActionLine {
    let address = &invocation.address;
    let message = match invocation.trigger() {
        Some(trigger) => {
            format!("{}.trigger[{}]: Action started: {address}", trigger.resource, trigger.block)
        }
        None => format!("Action started: {address}"),
    };
    hook("action_start", message, invocation, |_| {})
}

/// Passes on what a provider says about an action.
pub(super) fn progress(invocation: &ActionInvocation, text: &str) -> ActionLine {
    let address = &invocation.address;
    let message = match invocation.trigger() {
        Some(trigger) => format!("{} ({}): {address} - {text}", trigger.resource, trigger.block),
        None => format!("{address} - {text}"),
    };
    hook("action_progress", message, invocation, |json| {
        json.text("message", text);
    })
}

/// Says how an action has ended.
pub(super) fn ended(invocation: &ActionInvocation, error: Option<&str>) -> ActionLine {
    let address = &invocation.address;
    let prefix = invocation
        .trigger()
        .map_or_else(String::new, |trigger| format!("{} ({}): ", trigger.resource, trigger.block));
    match error {
        None => {
            let message = format!("{prefix}Action complete: {address}");
            hook("action_complete", message, invocation, |_| {})
        }
        Some(error) => {
            let message = format!("{prefix}Action errored: {address} - {error}");
            hook("action_errored", message, invocation, |json| {
                json.text("error", error);
            })
        }
    }
}

fn hook(
    kind: &'static str,
    message: String,
    invocation: &ActionInvocation,
    fill: impl FnOnce(&mut ObjectWriter),
) -> ActionLine {
    let mut json = ObjectWriter::new();
    json.raw("action", &action_address_json(&invocation.address));
    fill(&mut json);
    match &invocation.cause {
        InvocationCause::Trigger(trigger) => {
            let mut cause = ObjectWriter::new();
            cause.raw("resource", &resource_json(&trigger.resource));
            cause.raw("trigger_index", &trigger.block.to_string());
            cause.raw("actions_index", &trigger.position.to_string());
            cause.text("trigger_event", trigger.event.name());
            cause.text("on_failure", trigger.on_failure.name());
            json.raw("lifecycle", &cause.finish());
        }
        InvocationCause::Command { .. } => {
            json.raw("invoke", "{}");
        }
    }
    ActionLine { kind, message, content: ("hook", json.finish()) }
}
