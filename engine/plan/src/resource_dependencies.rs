//! Which resources each resource depends on: directly, and through whatever lies between.

use std::sync::Arc;

use terrane_language::config::Declaration;
use terrane_language::modules::ModuleTree;
use terrane_model::ConfigResource;

use crate::dependency_graph::{DependencyGraph, NodeId, NodeKind};

/// For every node, all resources that it depends on.
pub struct ResourceDependencies {
    by_node: Vec<Arc<[NodeId]>>,
    forced_create_before_destroy: Vec<bool>,
}

impl ResourceDependencies {
    /// Follows the graph in an order in which dependencies come first.
    pub fn find(graph: &DependencyGraph, order: &[NodeId], tree: &ModuleTree) -> Self {
        let empty: Arc<[NodeId]> = Arc::from([]);
        let mut by_node = vec![Arc::clone(&empty); graph.len()];
        for id in order {
            by_node[id.index()] = union(graph, *id, &by_node, &empty);
        }
        let forced_create_before_destroy = forced(graph, order, tree, &by_node);
        Self { by_node, forced_create_before_destroy }
    }

    /// Returns the resource nodes that a node depends on.
    pub fn of(&self, id: NodeId) -> &Arc<[NodeId]> {
        &self.by_node[id.index()]
    }

    /// Tells whether a resource is replaced by creating first: because it says so, or because something that
    /// depends on it does.
    pub fn creates_before_destroy(&self, id: NodeId) -> bool {
        self.forced_create_before_destroy[id.index()]
    }

    /// Returns the addresses of the resources that a node depends on, in order.
    pub fn addresses(&self, id: NodeId, graph: &DependencyGraph, tree: &ModuleTree) -> Arc<[ConfigResource]> {
        let mut addresses: Vec<ConfigResource> =
            self.of(id).iter().filter_map(|node| config_resource(graph, tree, *node)).collect();
        addresses.sort_unstable_by_key(ToString::to_string);
        addresses.into()
    }
}

/// Returns the address of a resource node.
pub fn config_resource(graph: &DependencyGraph, tree: &ModuleTree, id: NodeId) -> Option<ConfigResource> {
    let node = graph.node(id);
    let NodeKind::Declaration(Declaration::Resource(position)) = node.kind else { return None };
    let resource = tree.module(node.module).resources[position].address.clone();
    Some(ConfigResource { module: tree.node(node.module).path.clone(), resource })
}

fn is_resource(graph: &DependencyGraph, id: NodeId) -> bool {
    matches!(graph.node(id).kind, NodeKind::Declaration(Declaration::Resource(_)))
}

fn union(
    graph: &DependencyGraph,
    id: NodeId,
    by_node: &[Arc<[NodeId]>],
    empty: &Arc<[NodeId]>,
) -> Arc<[NodeId]> {
    let dependencies = graph.dependencies(id);
    let contributes = |id: &&NodeId| is_resource(graph, **id) || !by_node[id.index()].is_empty();
    let mut contributing = dependencies.iter().filter(contributes);
    let (Some(first), second) = (contributing.next(), contributing.next()) else { return Arc::clone(empty) };
    // A node that only passes on what another one depends on shares its list.
    if second.is_none() && !is_resource(graph, *first) {
        return Arc::clone(&by_node[first.index()]);
    }
    let mut all: Vec<NodeId> = Vec::new();
    for dependency in dependencies {
        if is_resource(graph, *dependency) {
            all.push(*dependency);
        }
        all.extend_from_slice(&by_node[dependency.index()]);
    }
    all.sort_unstable();
    all.dedup();
    all.into()
}

fn forced(
    graph: &DependencyGraph,
    order: &[NodeId],
    tree: &ModuleTree,
    by_node: &[Arc<[NodeId]>],
) -> Vec<bool> {
    let mut forced = vec![false; graph.len()];
    for id in order {
        let node = graph.node(*id);
        let NodeKind::Declaration(Declaration::Resource(position)) = node.kind else { continue };
        let lifecycle = &tree.module(node.module).resources[position].lifecycle;
        if lifecycle.create_before_destroy == Some(true) {
            forced[id.index()] = true;
            for dependency in by_node[id.index()].iter() {
                forced[dependency.index()] = true;
            }
        }
    }
    forced
}
