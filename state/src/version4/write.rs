//! Snapshot → text of version 4.

use std::collections::BTreeMap;

use terrane_model::encode_json::{JsonError, write_json, write_type_json};
use terrane_model::{AbsoluteResource, InstanceKey, ModuleInstance, ResourceMode, Str};

use super::object::{write_object_fields, write_unknown_fields};
use crate::json_text::{JsonWriter, Layout};
use crate::snapshot::{
    CheckResult, CheckStatus, CheckableKind, InstanceState, OutputState, ResourceState, StateSnapshot,
};

/// Bytes that an object takes at least; the text's buffer then grows only a few times.
const BYTES_PER_INSTANCE: usize = 512;

/// Why a snapshot could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// An output's value has no form in JSON.
    #[error("output {name:?} cannot be stored: {source}")]
    Output {
        /// The output's name.
        name: String,
        /// What is the matter with the value.
        source: JsonError,
    },
}

/// Writes a snapshot as Terraform does: the same snapshot gives the same bytes.
///
/// # Errors
/// When an output is unknown or infinite.
pub fn write_state(snapshot: &StateSnapshot) -> Result<String, WriteError> {
    let instances: usize = snapshot.resources.values().map(|resource| resource.instances.len()).sum();
    let mut writer = JsonWriter::new(Layout::Indented, (instances + 2) * BYTES_PER_INSTANCE);
    writer.open('{');
    writer.key("version");
    writer.literal(super::VERSION);
    writer.key("terraform_version");
    writer.string(&snapshot.terraform_version);
    writer.key("serial");
    writer.literal(snapshot.serial);
    writer.key("lineage");
    writer.string(&snapshot.lineage);
    writer.key("outputs");
    write_outputs(&mut writer, &snapshot.outputs)?;
    writer.key("resources");
    writer.open('[');
    for (module, address, resource) in in_order(snapshot) {
        writer.element();
        write_resource(&mut writer, &module, address, resource);
    }
    writer.close(']');
    writer.key("check_results");
    match snapshot.check_results.as_deref() {
        None | Some([]) => writer.literal("null"),
        Some(results) => write_check_results(&mut writer, results),
    }
    write_unknown_fields(&mut writer, &snapshot.unknown_fields);
    writer.close('}');
    let mut text = writer.finish();
    text.push('\n');
    Ok(text)
}

/// Writes outputs as an object of state files.
pub(crate) fn write_outputs(
    writer: &mut JsonWriter,
    outputs: &BTreeMap<Str, OutputState>,
) -> Result<(), WriteError> {
    writer.open('{');
    for (name, output) in outputs {
        let ty = output.value.ty();
        let mut json = String::new();
        write_json(&mut json, &output.value, &ty)
            .map_err(|source| WriteError::Output { name: name.to_string(), source })?;
        writer.key(name);
        writer.open('{');
        writer.key("value");
        writer.json(&json);
        writer.key("type");
        json.clear();
        write_type_json(&mut json, &ty);
        writer.json(&json);
        if output.sensitive {
            writer.key("sensitive");
            writer.literal(true);
        }
        writer.close('}');
    }
    writer.close('}');
    Ok(())
}

/// Returns the resources in the order of state files, which compares the addresses of modules as text.
fn in_order(snapshot: &StateSnapshot) -> Vec<(Str, &AbsoluteResource, &ResourceState)> {
    let mut last: Option<(&ModuleInstance, Str)> = None;
    let mut resources: Vec<_> = snapshot
        .resources
        .iter()
        .map(|(address, resource)| {
            let text = match &last {
                Some((module, text)) if **module == address.module => text.clone(),
                _ => Str::from(address.module.to_string()),
            };
            last = Some((&address.module, text.clone()));
            (text, address, resource)
        })
        .collect();
    resources.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.resource.cmp(&b.1.resource)));
    resources
}

fn write_resource(
    writer: &mut JsonWriter,
    module: &str,
    address: &AbsoluteResource,
    resource: &ResourceState,
) {
    writer.open('{');
    if !module.is_empty() {
        writer.key("module");
        writer.string(module);
    }
    writer.key("mode");
    writer.string(if address.resource.mode == ResourceMode::Data { "data" } else { "managed" });
    writer.key("type");
    writer.string(&address.resource.resource_type);
    writer.key("name");
    writer.string(&address.resource.name);
    // Where the provider's block is repeated, each instance has the address with the key, and the resource none, as
    // OpenTofu writes it.
    let by_instance = resource.instances.values().any(|instance| instance.provider_key.is_some());
    if !by_instance {
        writer.key("provider");
        writer.string(&resource.provider_config.to_string());
    }
    let provider_of =
        |key: &Option<InstanceKey>| by_instance.then(|| resource.config_of(key.as_ref()).to_string());
    writer.key("instances");
    writer.open('[');
    // Of keys of both kinds, the strings come first.
    let is_int = |key: &Option<InstanceKey>| matches!(key, Some(InstanceKey::Int(_)));
    for (key, instance) in resource.instances.iter().filter(|(key, _)| !is_int(key)) {
        write_instance(writer, key.as_ref(), instance, provider_of(key).as_deref());
    }
    for (key, instance) in resource.instances.iter().filter(|(key, _)| is_int(key)) {
        write_instance(writer, key.as_ref(), instance, provider_of(key).as_deref());
    }
    writer.close(']');
    write_unknown_fields(writer, &resource.unknown_fields);
    writer.close('}');
}

fn write_instance(
    writer: &mut JsonWriter,
    key: Option<&InstanceKey>,
    instance: &InstanceState,
    provider: Option<&str>,
) {
    let current = instance.current.iter().map(|object| (None, object));
    let deposed = instance.deposed.iter().map(|(key, object)| (Some(key.as_str()), object));
    for (deposed, object) in current.chain(deposed) {
        writer.element();
        writer.open('{');
        match key {
            None => {}
            Some(InstanceKey::Int(position)) => {
                writer.key("index_key");
                writer.literal(position);
            }
            Some(InstanceKey::String(text)) => {
                writer.key("index_key");
                writer.string(text);
            }
        }
        write_object_fields(writer, object, deposed, provider);
        writer.close('}');
    }
}

/// Writes check results as an array of state files.
pub(crate) fn write_check_results(writer: &mut JsonWriter, results: &[CheckResult]) {
    writer.open('[');
    for result in results {
        writer.element();
        writer.open('{');
        writer.key("object_kind");
        writer.string(match result.kind {
            CheckableKind::Resource => "resource",
            CheckableKind::OutputValue => "output",
            CheckableKind::Check => "check",
            CheckableKind::InputVariable => "var",
        });
        writer.key("config_addr");
        writer.string(&result.config_address);
        writer.key("status");
        writer.string(status_word(result.status));
        writer.key("objects");
        if result.objects.is_empty() {
            writer.literal("null");
        } else {
            write_check_objects(writer, result);
        }
        writer.close('}');
    }
    writer.close(']');
}

fn write_check_objects(writer: &mut JsonWriter, result: &CheckResult) {
    writer.open('[');
    for object in &result.objects {
        writer.element();
        writer.open('{');
        writer.key("object_addr");
        writer.string(&object.address);
        writer.key("status");
        writer.string(status_word(object.status));
        if !object.failure_messages.is_empty() {
            writer.key("failure_messages");
            writer.open('[');
            for message in &object.failure_messages {
                writer.element();
                writer.string(message);
            }
            writer.close(']');
        }
        writer.close('}');
    }
    writer.close(']');
}

fn status_word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "pass",
        CheckStatus::Unknown => "unknown",
        CheckStatus::Fail => "fail",
        CheckStatus::Error => "error",
    }
}
