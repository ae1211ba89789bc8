//! `-target` and `-exclude`: which part of the graph a run walks.

use rustc_hash::FxHashSet;
use terrane_language::config::Declaration;
use terrane_language::modules::ModuleTree;
use terrane_model::{ActionInstanceAddress, ModulePath, ResourceInstanceAddress, Target};

use crate::dependency_graph::{DependencyGraph, Node, NodeId, NodeKind};
use crate::plan::PlanMode;
use crate::resource_dependencies::ResourceDependencies;

/// What a run walks.
pub struct Selection {
    /// Nodes that are walked; nothing when all are.
    nodes: Option<FxHashSet<NodeId>>,
    /// Nodes that are walked because something else needs them: with all of their instances.
    needed: FxHashSet<NodeId>,
    /// Resources that something left out relies on, where all else is destroyed.
    kept: FxHashSet<NodeId>,
    targets: Vec<Target>,
    excludes: Vec<Target>,
}

impl Selection {
    /// Finds what targets and excludes leave of a graph. What is destroyed takes along what depends on it, and what is made
    /// needs what it depends on.
    pub fn find(
        graph: &DependencyGraph,
        tree: &ModuleTree,
        dependencies: &ResourceDependencies,
        mode: PlanMode,
        targets: &[Target],
        excludes: &[Target],
    ) -> Self {
        let mut selection = Self {
            nodes: None,
            needed: FxHashSet::default(),
            kept: FxHashSet::default(),
            targets: targets.to_vec(),
            excludes: excludes.to_vec(),
        };
        match (mode, targets, excludes) {
            (_, [], []) => {}
            (PlanMode::Destroy, [], _) => selection.keep_excluded(graph, tree),
            (_, [], _) => selection.leave_out(graph, tree),
            (PlanMode::Destroy, ..) => selection.include_destroyed(graph, tree),
            _ => selection.include_targets(graph, tree, dependencies),
        }
        selection
    }

    /// Finds what a run needs that only invokes an action.
    pub fn for_action(graph: &DependencyGraph, tree: &ModuleTree, address: &ActionInstanceAddress) -> Self {
        let mut nodes: FxHashSet<NodeId> = FxHashSet::default();
        let module = tree.find(&address.module.path());
        let found = module.and_then(|module| {
            let (position, action) = tree.module(module).action(&address.action)?;
            Some((module, position, action))
        });
        if let Some((module, position, action)) = found {
            let own = graph.declaration(module, Declaration::Action(position));
            own.into_iter().for_each(|id| include_with_dependencies(graph, id, &mut nodes));
            // Where the action looks at who calls it, all that may call it are needed.
            let callers = tree.module(module).resources.iter().enumerate();
            for (position, _) in
                callers.filter(|(_, resource)| action.uses_caller() && resource.triggers(&action.address))
            {
                let caller = graph.declaration(module, Declaration::Resource(position));
                caller.into_iter().for_each(|id| include_with_dependencies(graph, id, &mut nodes));
            }
        }
        Self {
            nodes: Some(nodes),
            needed: FxHashSet::default(),
            kept: FxHashSet::default(),
            targets: Vec::new(),
            excludes: Vec::new(),
        }
    }

    /// Returns the resources that some targets name, whole or in part.
    fn named(graph: &DependencyGraph, tree: &ModuleTree, targets: &[Target]) -> Vec<NodeId> {
        let is_named = |(id, node): (NodeId, Node)| {
            let NodeKind::Declaration(Declaration::Resource(position)) = node.kind else { return None };
            let path = &tree.node(node.module).path;
            let address = &tree.module(node.module).resources[position].address;
            targets.iter().any(|target| names_resource(target, path, address)).then_some(id)
        };
        graph.nodes().filter_map(is_named).collect()
    }

    /// Targets that are destroyed: with them goes what depends on them, also by way of a provider's configuration. What they
    /// depend on is walked, because it has to be known, and stays.
    fn include_destroyed(&mut self, graph: &DependencyGraph, tree: &ModuleTree) {
        let dependents = graph.dependents();
        let named = Self::named(graph, tree, &self.targets);
        let mut nodes: FxHashSet<NodeId> = FxHashSet::default();
        let mut pending = named.clone();
        while let Some(id) = pending.pop() {
            for dependent in dependents.of(id) {
                if self.needed.insert(*dependent) {
                    pending.push(*dependent);
                }
            }
        }
        for id in named.into_iter().chain(self.needed.iter().copied()) {
            include_with_dependencies(graph, id, &mut nodes);
        }
        self.nodes = Some(nodes);
    }

    /// What is left out when all else is destroyed keeps what it depends on.
    fn keep_excluded(&mut self, graph: &DependencyGraph, tree: &ModuleTree) {
        for id in Self::named(graph, tree, &self.excludes) {
            for dependency in graph.dependencies(id) {
                include_with_dependencies(graph, *dependency, &mut self.kept);
            }
        }
        self.nodes = Some(graph.nodes().map(|(id, _)| id).collect());
    }

    fn include_targets(
        &mut self,
        graph: &DependencyGraph,
        tree: &ModuleTree,
        dependencies: &ResourceDependencies,
    ) {
        let mut nodes: FxHashSet<NodeId> = FxHashSet::default();
        let mut pending: Vec<NodeId> = Vec::new();
        for id in Self::named(graph, tree, &self.targets) {
            nodes.insert(id);
            pending.push(id);
        }
        while let Some(id) = pending.pop() {
            for dependency in graph.dependencies(id) {
                self.needed.insert(*dependency);
                if nodes.insert(*dependency) {
                    pending.push(*dependency);
                }
            }
        }
        // An output counts when everything that it is made of does, and it is made of something.
        for (id, node) in graph.nodes() {
            let NodeKind::Declaration(Declaration::Output(_)) = node.kind else { continue };
            let resources = dependencies.of(id);
            let is_covered =
                !resources.is_empty() && resources.iter().all(|resource| nodes.contains(resource));
            if is_covered && tree.node(node.module).path.is_root() {
                include_with_dependencies(graph, id, &mut nodes);
            }
        }
        self.nodes = Some(nodes);
    }

    fn leave_out(&mut self, graph: &DependencyGraph, tree: &ModuleTree) {
        let dependents = graph.dependents();
        let mut out: FxHashSet<NodeId> = FxHashSet::default();
        let mut pending: Vec<NodeId> = Vec::new();
        for (id, node) in graph.nodes() {
            let path = &tree.node(node.module).path;
            if let NodeKind::Declaration(Declaration::Call(position)) = node.kind {
                // Of a module that is left out, not even the number of instances matters.
                let child = path.child(&tree.module(node.module).module_calls[position].name);
                if self.excludes.iter().any(|target| is_whole_module(target, &child)) && out.insert(id) {
                    pending.push(id);
                }
                continue;
            }
            let NodeKind::Declaration(Declaration::Resource(position)) = node.kind else { continue };
            let address = &tree.module(node.module).resources[position].address;
            // One instance that is left out does not stop the others.
            let whole = |target: &&Target| match target {
                Target::Resource(instance) => instance.key.is_none(),
                Target::Module(_) => true,
            };
            if self.excludes.iter().filter(whole).any(|target| names_resource(target, path, address))
                && out.insert(id)
            {
                pending.push(id);
            }
        }
        while let Some(id) = pending.pop() {
            for dependent in dependents.of(id) {
                let stands_for_many = !matches!(graph.node(*dependent).kind, NodeKind::Declaration(_));
                if !stands_for_many && out.insert(*dependent) {
                    pending.push(*dependent);
                }
            }
        }
        self.nodes = Some(graph.nodes().map(|(id, _)| id).filter(|id| !out.contains(id)).collect());
        self.needed = FxHashSet::default();
    }

    /// Tells whether everything is walked.
    pub fn is_everything(&self) -> bool {
        self.nodes.is_none()
    }

    /// Tells whether a node is walked.
    pub fn contains(&self, id: NodeId) -> bool {
        self.nodes.as_ref().is_none_or(|nodes| nodes.contains(&id))
    }

    /// Tells whether an instance of a walked resource is planned.
    pub fn contains_instance(&self, id: NodeId, address: &ResourceInstanceAddress) -> bool {
        if !self.targets.is_empty() {
            return self.needed.contains(&id) || self.targets.iter().any(|target| target.covers(address));
        }
        !self.kept.contains(&id) && !self.excludes.iter().any(|target| target.covers(address))
    }

    /// Tells whether an object that the configuration does not declare is planned.
    pub fn contains_undeclared(&self, address: &ResourceInstanceAddress) -> bool {
        if !self.targets.is_empty() {
            return self.targets.iter().any(|target| target.covers(address));
        }
        !self.excludes.iter().any(|target| target.covers(address))
    }
}

fn include_with_dependencies(graph: &DependencyGraph, id: NodeId, nodes: &mut FxHashSet<NodeId>) {
    let mut pending = vec![id];
    while let Some(id) = pending.pop() {
        if nodes.insert(id) {
            pending.extend_from_slice(graph.dependencies(id));
        }
    }
}

/// Tells whether a target covers all instances of a module call.
fn is_whole_module(target: &Target, path: &ModulePath) -> bool {
    let Target::Module(module) = target else { return false };
    path.calls().starts_with(module.path().calls()) && module.steps().iter().all(|step| step.key.is_none())
}

/// Tells whether a target covers any instance of a resource block.
fn names_resource(target: &Target, path: &ModulePath, address: &terrane_model::ResourceAddress) -> bool {
    match target {
        Target::Module(module) => path.calls().starts_with(module.path().calls()),
        Target::Resource(instance) => instance.module.path() == *path && instance.resource == *address,
    }
}
