//! A configuration with everything about it that does not depend on any value.

use std::sync::Arc;

use terrane_language::modules::{ModuleTree, ProviderConfigs};
use terrane_model::{Diagnostics, ProviderSource, SourceMap};

use crate::dependency_graph::{DependencyGraph, NodeId};
use crate::resource_dependencies::ResourceDependencies;

/// A configuration that is ready to be validated, planned or applied.
pub struct PreparedConfiguration {
    /// All modules.
    pub tree: Arc<ModuleTree>,
    /// All files.
    pub sources: Arc<SourceMap>,
    /// All provider configurations.
    pub provider_configs: ProviderConfigs,
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
        let graph = DependencyGraph::build(&tree, &mut provider_configs);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let order = graph.order(&tree)?;
        let dependencies = ResourceDependencies::find(&graph, &order, &tree);
        Ok(Self { tree, sources, provider_configs, graph, order, dependencies })
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
