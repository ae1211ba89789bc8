//! The operations of a plan: what is done, and what waits for what, as data.
//!
//! Instances of a resource wait for one operation that begins the resource, and one that finishes it waits for
//! them; resources wait for each other through these two. So the number of edges grows with what is written and
//! with what changes, never with the product of two counts of instances.
//!
//! Destroying goes the other way round: an object goes after everything that depends on it has gone, or has been
//! changed so that it does not depend on it any more. Which is which is read from the state, since the
//! configuration may not know the objects any longer.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use terrane_language::config::Declaration;
use terrane_model::{ConfigResource, ResourceMode};
use terrane_state::StateSnapshot;

use crate::change::{Action, ResourceChange};
use crate::dependency_graph::{NodeId, NodeKind};
use crate::plan::{Plan, PlanMode};
use crate::prepared::PreparedConfiguration;
use crate::resource_dependencies::config_resource;
use crate::targets::Selection;

/// Identifies an operation of one [`OperationGraph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u32);

impl OperationId {
    /// Returns the position in lists that have one entry per operation.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Evaluate a declaration that is no resource; configure a provider.
    Evaluate(NodeId),
    /// Everything that a resource depends on is done; its instances are found.
    BeginResource(NodeId),
    /// All instances of a resource are as planned: its value is known.
    FinishResource(NodeId),
    /// Create or update the object of a change, or read data; by position in the plan.
    Apply(usize),
    /// Destroy the object of a change, the old one where it is replaced.
    Destroy(usize),
    /// Stop managing the object of a change.
    Forget(usize),
    /// Nothing by itself: stands for several operations to those that wait for all of them.
    Barrier,
}

/// Operations and what they wait for.
#[derive(Debug, Default)]
pub struct OperationGraph {
    operations: Vec<Operation>,
    waits_for: Vec<Vec<OperationId>>,
}

impl OperationGraph {
    /// Builds the operations of a plan.
    pub fn build(plan: &Plan, configuration: &PreparedConfiguration) -> Self {
        Builder::new(plan, configuration).build()
    }

    pub(crate) fn add(&mut self, operation: Operation) -> OperationId {
        let id = OperationId(self.operations.len() as u32);
        self.operations.push(operation);
        self.waits_for.push(Vec::new());
        id
    }

    pub(crate) fn wait(&mut self, waiting: OperationId, waits_for: OperationId) {
        if waiting != waits_for {
            self.waits_for[waiting.index()].push(waits_for);
        }
    }

    /// Returns all operations.
    pub fn iter(&self) -> impl Iterator<Item = (OperationId, Operation)> + '_ {
        self.operations
            .iter()
            .enumerate()
            .map(|(position, operation)| (OperationId(position as u32), *operation))
    }

    /// Returns an operation.
    pub fn operation(&self, id: OperationId) -> Operation {
        self.operations[id.index()]
    }

    /// Returns what an operation waits for.
    pub fn waits_for(&self, id: OperationId) -> &[OperationId] {
        &self.waits_for[id.index()]
    }

    /// Returns the number of operations.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Returns, for each operation, those that wait for it.
    pub fn dependents(&self) -> Vec<Vec<OperationId>> {
        let mut dependents = vec![Vec::new(); self.len()];
        for (id, _) in self.iter() {
            for target in self.waits_for(id) {
                dependents[target.index()].push(id);
            }
        }
        dependents
    }
}

/// The operations of a resource.
#[derive(Debug, Clone, Copy)]
struct ResourceOperations {
    begin: OperationId,
    finish: OperationId,
}

/// The operations that destroy objects of a resource.
#[derive(Debug, Default)]
struct DestroyGroup {
    destroys: Vec<OperationId>,
    /// Resources whose objects must outlive these.
    dependencies: Vec<ConfigResource>,
    /// Changes of objects that depended on these.
    former_dependents: Vec<OperationId>,
}

struct Builder<'a> {
    plan: &'a Plan,
    configuration: &'a PreparedConfiguration,
    selection: Selection,
    graph: OperationGraph,
    /// What stands for each node to those that wait for it.
    by_node: FxHashMap<NodeId, OperationId>,
    resources: FxHashMap<ConfigResource, (NodeId, ResourceOperations)>,
    destroys: BTreeMap<ConfigResource, DestroyGroup>,
    /// For resources that are replaced by creating first: what stands for all that depends on them.
    settled: FxHashMap<ConfigResource, OperationId>,
}

impl<'a> Builder<'a> {
    fn new(plan: &'a Plan, configuration: &'a PreparedConfiguration) -> Self {
        let selection = Selection::find(
            &configuration.graph,
            &configuration.tree,
            &configuration.dependencies,
            plan.mode,
            &plan.targets,
            &plan.excludes,
        );
        Self {
            plan,
            configuration,
            selection,
            graph: OperationGraph::default(),
            by_node: FxHashMap::default(),
            resources: FxHashMap::default(),
            destroys: BTreeMap::new(),
            settled: FxHashMap::default(),
        }
    }

    fn build(mut self) -> OperationGraph {
        self.add_nodes();
        self.connect_nodes();
        for (position, change) in self.plan.resource_changes.iter().enumerate() {
            self.add_change(position, change);
        }
        self.connect_destroys();
        self.plan.added_order.add_to(&mut self.graph);
        self.graph
    }

    fn add_nodes(&mut self) {
        let configuration = self.configuration;
        for id in &configuration.order {
            if !self.selection.contains(*id) {
                continue;
            }
            match configuration.graph.node(*id).kind {
                NodeKind::Declaration(Declaration::Resource(_)) => {
                    let begin = self.graph.add(Operation::BeginResource(*id));
                    let finish = self.graph.add(Operation::FinishResource(*id));
                    self.graph.wait(finish, begin);
                    self.by_node.insert(*id, finish);
                    if let Some(address) = config_resource(&configuration.graph, &configuration.tree, *id) {
                        self.resources.insert(address, (*id, ResourceOperations { begin, finish }));
                    }
                }
                _ => {
                    let operation = self.graph.add(Operation::Evaluate(*id));
                    self.by_node.insert(*id, operation);
                }
            }
        }
    }

    fn connect_nodes(&mut self) {
        let configuration = self.configuration;
        let begins: FxHashMap<NodeId, OperationId> =
            self.resources.values().map(|(id, operations)| (*id, operations.begin)).collect();
        for id in &configuration.order {
            let own = begins.get(id).or(self.by_node.get(id)).copied();
            let Some(own) = own else { continue };
            for dependency in configuration.graph.dependencies(*id) {
                if let Some(target) = self.by_node.get(dependency) {
                    self.graph.wait(own, *target);
                }
            }
        }
    }

    fn add_change(&mut self, position: usize, change: &ResourceChange) {
        let config = change.address.resource().config();
        let own = self.resources.get(&config).map(|(_, operations)| *operations);
        let apply = match change.change.action {
            Action::Create | Action::Update | Action::Read => Some(self.add_apply(position, own)),
            Action::DeleteThenCreate => {
                let destroy = self.add_destroy(position, change, &config);
                let apply = self.add_apply(position, own);
                self.graph.wait(apply, destroy);
                Some(apply)
            }
            Action::CreateThenDelete | Action::CreateThenForget => {
                let apply = self.add_apply(position, own);
                let end = if change.change.action == Action::CreateThenDelete {
                    self.add_destroy(position, change, &config)
                } else {
                    self.graph.add(Operation::Forget(position))
                };
                self.graph.wait(end, apply);
                // What depends on the old object lets go of it first.
                self.wait_for_dependents(end, &config);
                Some(apply)
            }
            Action::Delete => {
                self.add_destroy(position, change, &config);
                None
            }
            Action::Forget => {
                self.graph.add(Operation::Forget(position));
                None
            }
            Action::NoOp => None,
        };
        if let Some(apply) = apply.filter(|_| change.address.resource.mode == ResourceMode::Managed) {
            self.note_former_dependencies(change, apply);
        }
    }

    fn add_apply(&mut self, position: usize, own: Option<ResourceOperations>) -> OperationId {
        let apply = self.graph.add(Operation::Apply(position));
        if let Some(own) = own {
            self.graph.wait(apply, own.begin);
            self.graph.wait(own.finish, apply);
        }
        apply
    }

    fn add_destroy(
        &mut self,
        position: usize,
        change: &ResourceChange,
        config: &ConfigResource,
    ) -> OperationId {
        let destroy = self.graph.add(Operation::Destroy(position));
        let group = self.destroys.entry(config.clone()).or_default();
        group.destroys.push(destroy);
        group.dependencies.extend(stored_dependencies(&self.plan.prior_state, change));
        self.wait_for_provider(destroy, change);
        destroy
    }

    /// Lets an operation wait until everything that depends on a resource is as planned.
    fn wait_for_dependents(&mut self, operation: OperationId, config: &ConfigResource) {
        if let Some(settled) = self.settled.get(config) {
            self.graph.wait(operation, *settled);
            return;
        }
        let Some((own, _)) = self.resources.get(config) else { return };
        let own = *own;
        let dependents: Vec<OperationId> = self
            .resources
            .values()
            .filter(|(id, _)| self.configuration.dependencies.of(*id).binary_search(&own).is_ok())
            .map(|(_, operations)| operations.finish)
            .collect();
        let settled = self.graph.add(Operation::Barrier);
        for dependent in dependents {
            self.graph.wait(settled, dependent);
        }
        self.settled.insert(config.clone(), settled);
        self.graph.wait(operation, settled);
    }

    /// An object can only be destroyed through a configured provider.
    fn wait_for_provider(&mut self, operation: OperationId, change: &ResourceChange) {
        let configs = &self.configuration.provider_configs;
        let Some(config) = configs.by_address(&change.provider_config).map(|id| configs.get(id)) else {
            return;
        };
        let Some(block) = config.block else { return };
        let node = self.configuration.graph.declaration(config.module, Declaration::Provider(block));
        if let Some(target) = node.and_then(|node| self.by_node.get(&node)) {
            self.graph.wait(operation, *target);
        }
    }

    /// What an object depended on when it was last applied may only go once it does not any more.
    fn note_former_dependencies(&mut self, change: &ResourceChange, apply: OperationId) {
        if change.change.before.is_null() || change.change.action == Action::DeleteThenCreate {
            return;
        }
        for dependency in stored_dependencies(&self.plan.prior_state, change) {
            self.destroys.entry(dependency).or_default().former_dependents.push(apply);
        }
    }

    fn connect_destroys(&mut self) {
        let groups = std::mem::take(&mut self.destroys);
        let mut barriers: BTreeMap<&ConfigResource, (OperationId, OperationId)> = BTreeMap::new();
        for (resource, group) in groups.iter().filter(|(_, group)| !group.destroys.is_empty()) {
            let (begin, done) = (self.graph.add(Operation::Barrier), self.graph.add(Operation::Barrier));
            let let_go = self.graph.add(Operation::Barrier);
            group.former_dependents.iter().for_each(|change| self.graph.wait(let_go, *change));
            for destroy in &group.destroys {
                self.graph.wait(*destroy, begin);
                self.graph.wait(done, *destroy);
                // An object that is destroyed to be made anew goes first: what depends on it waits for the new one.
                if !self.is_made_anew(*destroy) {
                    self.graph.wait(*destroy, let_go);
                }
            }
            barriers.insert(resource, (begin, done));
        }
        for (resource, group) in &groups {
            let Some((_, done)) = barriers.get(resource).copied() else { continue };
            let mut dependencies: Vec<&ConfigResource> = group.dependencies.iter().collect();
            dependencies.sort_unstable();
            dependencies.dedup();
            for dependency in dependencies {
                if let Some((begin, _)) = barriers.get(dependency).filter(|_| dependency != resource) {
                    self.graph.wait(*begin, done);
                }
            }
        }
    }

    fn is_made_anew(&self, destroy: OperationId) -> bool {
        let Operation::Destroy(position) = self.graph.operation(destroy) else { return false };
        self.plan.resource_changes[position].change.action == Action::DeleteThenCreate
    }
}

/// Returns what an object depended on when it was last applied.
pub(crate) fn stored_dependencies(state: &StateSnapshot, change: &ResourceChange) -> Vec<ConfigResource> {
    let instance = state.instance(&change.address);
    let object = instance.and_then(|instance| match &change.deposed {
        Some(key) => instance.deposed.get(key),
        None => instance.current.as_ref(),
    });
    object.map(|object| object.dependencies.to_vec()).unwrap_or_default()
}

/// Tells whether a run of this mode evaluates the configuration's resources, or only takes their values from the
/// state.
pub fn evaluates_resources(mode: PlanMode) -> bool {
    mode == PlanMode::Normal
}
