//! Resources by module, as `planned_values` and states show them.

use std::collections::BTreeMap;

use terrane_model::{
    InstanceKey, ModuleInstance, ProviderSource, ResourceInstanceAddress, ResourceMode, Value,
};

use super::values::{known_json, sensitive_json};
use super::writer::{ObjectWriter, array, quoted};

/// One resource instance to show.
pub struct ShownResource<'a> {
    /// Its address.
    pub address: &'a ResourceInstanceAddress,
    /// Which deposed object it is; nothing for the current one.
    pub deposed: Option<&'a str>,
    /// Its provider.
    pub provider: &'a ProviderSource,
    /// Schema version of the values.
    pub schema_version: i64,
    /// Its values, with marks.
    pub value: &'a Value,
    /// What it depends on.
    pub depends_on: Vec<String>,
    /// Whether it is to be replaced.
    pub tainted: bool,
}

/// Writes resources as a tree of modules.
pub fn module_tree(resources: &[ShownResource<'_>]) -> String {
    let mut by_module: BTreeMap<&ModuleInstance, Vec<&ShownResource<'_>>> = BTreeMap::new();
    for resource in resources {
        by_module.entry(&resource.address.module).or_default().push(resource);
    }
    let mut children: BTreeMap<ModuleInstance, Vec<ModuleInstance>> = BTreeMap::new();
    for module in by_module.keys() {
        let mut module = (*module).clone();
        while let Some(parent) = module.parent() {
            let siblings = children.entry(parent.clone()).or_default();
            if siblings.contains(&module) {
                break;
            }
            siblings.push(module);
            module = parent;
        }
    }
    for siblings in children.values_mut() {
        siblings.sort_by_key(ToString::to_string);
    }
    module_json(&ModuleInstance::root(), &by_module, &children)
}

fn module_json(
    module: &ModuleInstance,
    by_module: &BTreeMap<&ModuleInstance, Vec<&ShownResource<'_>>>,
    children: &BTreeMap<ModuleInstance, Vec<ModuleInstance>>,
) -> String {
    let mut writer = ObjectWriter::new();
    if let Some(resources) = by_module.get(module) {
        writer.raw("resources", &array(resources.iter().map(|resource| resource_json(resource))));
    }
    if !module.is_root() {
        writer.text("address", &module.to_string());
    }
    if let Some(children_of) = children.get(module) {
        writer.raw(
            "child_modules",
            &array(children_of.iter().map(|child| module_json(child, by_module, children))),
        );
    }
    writer.finish()
}

fn resource_json(resource: &ShownResource<'_>) -> String {
    let address = resource.address;
    let mut writer = ObjectWriter::new();
    writer.text("address", &address.to_string());
    writer.text("mode", mode_name(address.resource.mode));
    writer.text("type", &address.resource.resource_type);
    writer.text("name", &address.resource.name);
    if let Some(key) = &address.key {
        writer.raw("index", &key_json(key));
    }
    writer.text("provider_name", &resource.provider.to_string());
    writer.raw("schema_version", &resource.schema_version.to_string());
    if !resource.value.is_null() {
        writer.raw("values", &known_json(resource.value).unwrap_or_else(|| "{}".to_owned()));
    }
    writer.raw("sensitive_values", &sensitive_json(resource.value));
    if !resource.depends_on.is_empty() {
        writer.raw("depends_on", &array(resource.depends_on.iter().map(|address| quoted(address))));
    }
    if resource.tainted {
        writer.flag("tainted", true);
    }
    if let Some(deposed) = resource.deposed {
        writer.text("deposed_key", deposed);
    }
    writer.finish()
}

/// Returns the word for a mode.
pub fn mode_name(mode: ResourceMode) -> &'static str {
    match mode {
        ResourceMode::Managed => "managed",
        ResourceMode::Data => "data",
        ResourceMode::Ephemeral => "ephemeral",
    }
}

/// Writes an instance key.
pub fn key_json(key: &InstanceKey) -> String {
    match key {
        InstanceKey::Int(position) => position.to_string(),
        InstanceKey::String(key) => quoted(key),
    }
}
