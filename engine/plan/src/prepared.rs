//! A configuration with everything about it that does not depend on any value.

use std::sync::Arc;

use terrane_language::modules::{ModuleTree, ProviderConfigs};
use terrane_model::{Diagnostics, ProviderConfigAddress, ProviderSource, SourceMap};
use terrane_state::StateSnapshot;

use crate::dependency_graph::{DependencyGraph, NodeId};
use crate::import_blocks::ImportBlocks;
use crate::removals::{check_import_providers, check_removals};
use crate::resource_dependencies::ResourceDependencies;

/// A configuration that is ready to be validated, planned or applied.
pub struct PreparedConfiguration {
    /// All modules.
    pub tree: Arc<ModuleTree>,
    /// All files.
    pub sources: Arc<SourceMap>,
    /// All provider configurations.
    pub provider_configs: ProviderConfigs,
    /// Which existing objects are taken over.
    pub imports: ImportBlocks,
    /// What waits for what.
    pub graph: DependencyGraph,
    /// The graph's nodes, each behind what it waits for.
    pub order: Vec<NodeId>,
    /// Which resources depend on which.
    pub dependencies: ResourceDependencies,
}

impl PreparedConfiguration {
    /// Builds the graph of a configuration.
    ///
    /// # Errors
    /// For cycles, and provider configurations that do not exist.
    pub fn prepare(tree: Arc<ModuleTree>, sources: Arc<SourceMap>) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let mut provider_configs = ProviderConfigs::find(&tree, &mut diagnostics);
        diagnostics.extend(check_removals(&tree));
        diagnostics.extend(check_import_providers(&tree));
        let imports = ImportBlocks::find(&tree);
        let graph = DependencyGraph::build(&tree, &mut provider_configs, &imports);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let order = graph.order(&tree)?;
        let dependencies = ResourceDependencies::find(&graph, &order, &tree);
        Ok(Self { tree, sources, provider_configs, imports, graph, order, dependencies })
    }

    /// Adds what a state needs beyond the configuration: default configurations of the providers of objects that
    /// nothing declares any more.
    pub fn include_state(&mut self, state: &StateSnapshot) {
        for resource in state.resources.values() {
            self.include_provider(&resource.provider_config);
        }
    }

    /// Adds a provider's default configuration, unless there is one.
    pub fn include_provider(&mut self, address: &ProviderConfigAddress) {
        match self.provider_configs.by_address(address) {
            Some(id) => self.provider_configs.mark_used(id),
            None => self.provider_configs.add_implied(&self.tree, address),
        }
    }

    /// Returns the sources of all providers that the configuration uses.
    pub fn provider_sources(&self) -> Vec<ProviderSource> {
        let mut sources: Vec<ProviderSource> =
            self.provider_configs.iter().map(|(_, config)| config.address.provider.clone()).collect();
        for (_, node) in self.tree.nodes() {
            sources.extend(
                node.module.settings.required_providers.iter().map(|required| required.source.clone()),
            );
        }
        sources.sort();
        sources.dedup();
        sources
    }
}
