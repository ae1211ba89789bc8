//! The provider configurations inside a plan's JSON: those with a block, those that `required_providers` names, and
//! those that are only implied by the names of resource types.

use std::collections::{BTreeMap, BTreeSet};

use terrane_language::config::Module;
use terrane_language::config::module::ProviderReference;
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_model::ProviderSource;
use terrane_plan::{PreparedConfiguration, ProviderPool};

use super::configuration::block_expressions;
use super::writer::ObjectWriter;

/// The provider configurations of all modules.
pub(super) struct ProviderConfigKeys {
    /// They, as JSON, under their keys.
    pub(super) json: String,
    /// Keys of modules that stand for a caller's configuration, with the key of that.
    inherited: BTreeMap<String, String>,
}

impl ProviderConfigKeys {
    /// Returns the key of the configuration that a key in a module stands for.
    pub(super) fn resolve<'k>(&'k self, key: &'k str) -> &'k str {
        self.inherited.get(key).map_or(key, String::as_str)
    }
}

/// Gathers the provider configurations of all modules.
pub(super) fn provider_configs(
    configuration: &PreparedConfiguration,
    providers: &ProviderPool,
) -> ProviderConfigKeys {
    let tree = &configuration.tree;
    let mut inherited: BTreeMap<String, String> = BTreeMap::new();
    let mut keys = vec![BTreeSet::new(); tree.len()];
    let mut entries: BTreeMap<String, String> = BTreeMap::new();
    // Callers come first, so that what a module takes from its caller is known.
    for (id, node) in tree.nodes() {
        let outside = node.caller.map(|(caller, _)| keys[caller.index()].clone()).unwrap_or_default();
        let own = &mut keys[id.index()];
        if let Some((caller, call)) = node.caller {
            let passed = &tree.module(caller).module_calls[call].providers;
            for (inside, outside) in passed {
                let (inside, outside) = (reference_name(inside), reference_name(outside));
                let target = key(tree, caller, &outside);
                let target = inherited.get(&target).cloned().unwrap_or(target);
                inherited.insert(key(tree, id, &inside), target);
                own.insert(inside);
            }
        }
        add_blocks(tree, id, providers, own, &mut entries);
        add_required(tree, id, own, &mut entries);
        for source in implied(&node.module) {
            let name = source.name.to_string();
            if !own.insert(name.clone()) {
                continue;
            }
            if let Some((caller, _)) = node.caller.filter(|_| outside.contains(&name)) {
                let target = key(tree, caller, &name);
                let target = inherited.get(&target).cloned().unwrap_or(target);
                inherited.insert(key(tree, id, &name), target);
                continue;
            }
            let entry = entry(tree, id, &name, &source, None);
            entries.insert(key(tree, id, &name), entry.finish());
        }
    }
    let mut writer = ObjectWriter::new();
    for (key, entry) in entries {
        writer.raw(&key, &entry);
    }
    ProviderConfigKeys { json: writer.finish(), inherited }
}

fn reference_name(reference: &ProviderReference) -> String {
    match &reference.alias {
        Some(alias) => format!("{}.{alias}", reference.local_name),
        None => reference.local_name.to_string(),
    }
}

fn key(tree: &ModuleTree, id: ModuleId, name: &str) -> String {
    let path = tree.node(id).path.to_string();
    if path.is_empty() { name.to_owned() } else { format!("{path}:{name}") }
}

fn entry(
    tree: &ModuleTree,
    id: ModuleId,
    local_name: &str,
    source: &ProviderSource,
    alias: Option<&str>,
) -> ObjectWriter {
    let module = tree.module(id);
    let mut entry = ObjectWriter::new();
    entry.text("name", local_name);
    entry.text("full_name", &source.to_string());
    if let Some(alias) = alias {
        entry.text("alias", alias);
    }
    let required = module.settings.required_providers.iter().find(|required| required.source == *source);
    if let Some(required) = required.filter(|required| !required.version.is_empty()) {
        entry.text("version_constraint", &required.version.to_string());
    }
    let path = tree.node(id).path.to_string();
    if !path.is_empty() {
        entry.text("module_address", &path);
    }
    entry
}

fn add_blocks(
    tree: &ModuleTree,
    id: ModuleId,
    providers: &ProviderPool,
    own: &mut BTreeSet<String>,
    entries: &mut BTreeMap<String, String>,
) {
    let module = tree.module(id);
    for block in &module.provider_blocks {
        let source = module.provider_source(&block.local_name);
        let name = match &block.alias {
            Some(alias) => format!("{}.{alias}", block.local_name),
            None => block.local_name.to_string(),
        };
        let mut entry = entry(tree, id, &block.local_name, &source, block.alias.as_deref());
        if let Some(schema) = providers.provider_schema(&source) {
            let expressions = block_expressions(&block.body, schema);
            if expressions != "{}" {
                entry.raw("expressions", &expressions);
            }
        }
        entries.insert(key(tree, id, &name), entry.finish());
        own.insert(name);
    }
}

fn add_required(
    tree: &ModuleTree,
    id: ModuleId,
    own: &mut BTreeSet<String>,
    entries: &mut BTreeMap<String, String>,
) {
    for required in &tree.module(id).settings.required_providers {
        let aliases =
            required.configuration_aliases.iter().filter_map(|reference| reference.alias.as_deref());
        for alias in aliases.map(Some).chain([None]) {
            let name = match alias {
                Some(alias) => format!("{}.{alias}", required.local_name),
                None => required.local_name.to_string(),
            };
            // An alias that the caller hands in is the caller's.
            if own.insert(name.clone()) && alias.is_none() {
                let entry = entry(tree, id, &required.local_name, &required.source, None);
                entries.insert(key(tree, id, &name), entry.finish());
            }
        }
    }
}

/// Returns the providers that a module needs without naming them.
fn implied(module: &Module) -> BTreeSet<ProviderSource> {
    let names = module.resources.iter().map(|resource| module.provider_local_name(resource));
    let actions = module.actions.iter().map(|action| module.provider_local_name_of_action(action));
    names.chain(actions).map(|name| module.provider_source(name)).collect()
}
