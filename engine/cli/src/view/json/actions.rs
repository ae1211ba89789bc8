//! Invocations of actions in JSON.

use terrane_model::ActionInstanceAddress;
use terrane_plan::{ActionInvocation, InvocationCause};

use super::resources::key_json;
use super::values::{known_json, sensitive_json, unknown_json};
use super::writer::ObjectWriter;

/// Writes an invocation as `show -json` has it.
pub fn invocation_json(invocation: &ActionInvocation) -> String {
    let action = &invocation.address.action;
    let mut writer = ObjectWriter::new();
    writer.text("address", &invocation.address.to_string());
    writer.text("type", &action.action_type);
    writer.text("name", &action.name);
    writer.raw("config_values", &known_json(&invocation.config).unwrap_or_else(|| "null".to_owned()));
    writer.raw("config_sensitive", &sensitive_json(&invocation.config));
    let is_known = invocation.config.is_wholly_known();
    let unknown = if is_known { "{}".to_owned() } else { unknown_json(&invocation.config) };
    writer.raw("config_unknown", &unknown);
    writer.text("provider_name", &invocation.provider_config.provider.to_string());
    match &invocation.cause {
        InvocationCause::Trigger(trigger) => {
            let mut json = ObjectWriter::new();
            json.text("triggering_resource_address", &trigger.resource.to_string());
            json.text("action_trigger_event", trigger.event.name());
            json.raw("action_trigger_block_index", &trigger.block.to_string());
            json.raw("actions_list_index", &trigger.position.to_string());
            json.text("on_failure", trigger.on_failure.name());
            writer.raw("lifecycle_action_trigger", &json.finish());
        }
        InvocationCause::Command { caller } => {
            let mut json = ObjectWriter::new();
            if let Some(caller) = caller {
                json.text("calling_resource_address", &caller.to_string());
            }
            writer.raw("invoke_action_trigger", &json.finish());
        }
    }
    writer.finish()
}

/// Writes what the address of an action consists of.
pub fn action_address_json(address: &ActionInstanceAddress) -> String {
    let action = &address.action;
    let mut json = ObjectWriter::new();
    json.text("addr", &address.to_string());
    json.text("module", &address.module.to_string());
    json.text("action", &address.within_module());
    json.text("implied_provider", action.action_type.split('_').next().unwrap_or_default());
    json.text("action_type", &action.action_type);
    json.text("action_name", &action.name);
    json.raw("action_key", &address.key.as_ref().map_or_else(|| "null".to_owned(), key_json));
    json.finish()
}
