//! `show -json` of a state, format 1.0.

use std::collections::BTreeMap;

use terrane_model::encode_json::write_type_json;
use terrane_model::{Str, Type, Value};
use terrane_plan::ProviderPool;
use terrane_plan::prior_objects::PriorObjects;
use terrane_state::{OutputState, StateSnapshot};

use super::checks::checks_json;
use super::resources::{ShownResource, module_tree};
use super::values::known_json;
use super::writer::ObjectWriter;
use crate::project::TERRAFORM_VERSION;

/// Writes a state. Its objects are given as values.
pub fn state_json(state: &StateSnapshot, objects: &PriorObjects, providers: &ProviderPool) -> String {
    let mut writer = ObjectWriter::new();
    writer.text("format_version", "1.0");
    if state.is_empty() && state.check_results.is_none() {
        return writer.finish();
    }
    writer.text("terraform_version", TERRAFORM_VERSION);
    writer.raw("values", &state_values(state, objects, providers));
    if let Some(results) = &state.check_results
        && !results.is_empty()
    {
        writer.raw("checks", &checks_json(results));
    }
    writer.finish()
}

/// Writes the outputs and objects of a state.
pub fn state_values(state: &StateSnapshot, objects: &PriorObjects, providers: &ProviderPool) -> String {
    let mut writer = ObjectWriter::new();
    if !state.outputs.is_empty() {
        writer.raw("outputs", &outputs_json(&state.outputs));
    }
    writer.raw("root_module", &root_module_json(state, objects, providers));
    writer.finish()
}

/// Writes the objects of a state, module in module.
pub fn root_module_json(state: &StateSnapshot, objects: &PriorObjects, providers: &ProviderPool) -> String {
    let mut values: Vec<(Value, i64)> = Vec::new();
    let mut shown = Vec::new();
    for (address, deposed, resource, object) in state.objects() {
        let key = (address.clone(), deposed.cloned());
        let source = &resource.provider_config.provider;
        let schema = providers.block_schema(source, address.resource.mode, &address.resource.resource_type);
        let (Some(decoded), Some(schema)) = (objects.get(&key), schema) else { continue };
        values.push((decoded.marked(schema), schema.version));
        shown.push((address, deposed.cloned(), source.clone(), object.clone(), decoded.tainted));
    }
    let resources: Vec<ShownResource<'_>> = shown
        .iter()
        .zip(&values)
        .map(|((address, deposed, provider, object, tainted), (value, schema_version))| ShownResource {
            address,
            deposed: deposed.as_deref(),
            provider,
            schema_version: *schema_version,
            value,
            depends_on: object.dependencies.iter().map(ToString::to_string).collect(),
            tainted: *tainted,
        })
        .collect();
    if resources.is_empty() { "{}".to_owned() } else { module_tree(&resources) }
}

/// Writes outputs by their names.
pub fn outputs_json(outputs: &BTreeMap<Str, OutputState>) -> String {
    let mut writer = ObjectWriter::new();
    for (name, output) in outputs {
        writer.raw(name, &output_json(&output.value, output.sensitive));
    }
    writer.finish()
}

/// Writes an output with its type, as far as it is known.
pub fn output_json(value: &Value, sensitive: bool) -> String {
    let mut writer = ObjectWriter::new();
    writer.flag("sensitive", sensitive);
    let (plain, _) = value.clone().unmark_deep();
    if plain.is_wholly_known() {
        writer.raw("value", &value_json(&plain));
        // A null of any type is stored without its type.
        let ty = if plain.is_null() { Type::Dynamic } else { plain.ty() };
        writer.raw("type", &type_json(&ty));
    }
    writer.finish()
}

/// Writes a known value without marks.
pub fn value_json(value: &Value) -> String {
    known_json(value).unwrap_or_else(|| "null".to_owned())
}

/// Writes a type.
pub fn type_json(ty: &Type) -> String {
    let mut json = String::new();
    write_type_json(&mut json, ty);
    json
}
