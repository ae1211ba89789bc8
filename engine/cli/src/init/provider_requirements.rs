//! Which providers a configuration and a state need, and in which versions.

use std::collections::BTreeMap;

use terrane_language::config::Module;
use terrane_language::config::version_constraint::VersionConstraints;
use terrane_language::modules::ModuleTree;
use terrane_model::ProviderSource;
use terrane_state::StateSnapshot;

/// Providers with the conditions that all modules put on their versions.
pub type ProviderRequirements = BTreeMap<ProviderSource, VersionConstraints>;

/// Collects what a configuration needs.
pub fn provider_requirements(tree: &ModuleTree) -> ProviderRequirements {
    let mut all = ProviderRequirements::new();
    for (_, node) in tree.nodes() {
        for (source, constraints) in module_requirements(&node.module) {
            add(&mut all, source, &constraints);
        }
    }
    all
}

/// Collects what one module needs by itself.
pub fn module_requirements(module: &Module) -> ProviderRequirements {
    let mut all = ProviderRequirements::new();
    for required in &module.settings.required_providers {
        add(&mut all, required.source.clone(), &required.version);
    }
    for block in &module.provider_blocks {
        add(&mut all, module.provider_source(&block.local_name), &block.version);
    }
    for resource in &module.resources {
        let source = module.provider_source(module.provider_local_name(resource));
        all.entry(source).or_default();
    }
    for action in &module.actions {
        all.entry(module.provider_source_of_action(action)).or_default();
    }
    for import in &module.imports {
        if let Some(provider) = &import.provider {
            all.entry(module.provider_source(&provider.local_name)).or_default();
        }
    }
    for (_, outside) in module.module_calls.iter().flat_map(|call| &call.providers) {
        all.entry(module.provider_source(&outside.local_name)).or_default();
    }
    all
}

/// Adds the providers of a state's objects, which may not be in the configuration any more.
pub fn add_state_requirements(requirements: &mut ProviderRequirements, state: &StateSnapshot) {
    for source in state_providers(state) {
        requirements.entry(source).or_default();
    }
}

/// Returns the providers of a state's objects.
pub fn state_providers(state: &StateSnapshot) -> impl Iterator<Item = ProviderSource> {
    state.resources.values().map(|resource| resource.provider_config.provider.clone())
}

fn add(all: &mut ProviderRequirements, source: ProviderSource, constraints: &VersionConstraints) {
    let known = all.entry(source).or_default();
    *known = known.and(constraints);
}
