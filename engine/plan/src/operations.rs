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
use terrane_language::config::action::TriggerEvent;
use terrane_language::config::{Declaration, Subject, parse_reference};
use terrane_model::{
    ConfigResource, ProviderConfigAddress, ResourceAddress, ResourceInstanceAddress, ResourceMode,
};
use terrane_state::StateSnapshot;

use crate::action_invocation::{ActionInvocation, TriggerCause};
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
    /// Invoke an action; by position among the plan's invocations.
    Invoke(usize),
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
    destroys: Vec<DestroyChain>,
    /// Resources whose objects must outlive these.
    dependencies: Vec<ConfigResource>,
    /// Changes of objects that depended on these.
    former_dependents: Vec<OperationId>,
}

/// The operation that destroys an object, with the actions around it.
#[derive(Debug, Clone, Copy)]
struct DestroyChain {
    first: OperationId,
    destroy: OperationId,
    last: OperationId,
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
    /// The actions that each object triggers.
    triggered: FxHashMap<&'a ResourceInstanceAddress, Vec<usize>>,
    /// What stands for the changes of all objects of a resource.
    applied: FxHashMap<NodeId, OperationId>,
}

impl<'a> Builder<'a> {
    fn new(plan: &'a Plan, configuration: &'a PreparedConfiguration) -> Self {
        let (graph, tree) = (&configuration.graph, &*configuration.tree);
        let selection = match &plan.invoke {
            Some(action) => Selection::for_action(graph, tree, action),
            None => {
                let dependencies = &configuration.dependencies;
                Selection::find(graph, tree, dependencies, plan.mode, &plan.targets, &plan.excludes)
            }
        };
        Self {
            plan,
            configuration,
            selection,
            graph: OperationGraph::default(),
            by_node: FxHashMap::default(),
            resources: FxHashMap::default(),
            destroys: BTreeMap::new(),
            settled: FxHashMap::default(),
            triggered: triggered_by_object(plan),
            applied: FxHashMap::default(),
        }
    }

    fn build(mut self) -> OperationGraph {
        self.add_nodes();
        self.connect_nodes();
        self.add_applied_barriers();
        for (position, change) in self.plan.resource_changes.iter().enumerate() {
            self.add_change(position, change);
        }
        self.connect_destroys();
        self.plan.added_order.add_to(&mut self.graph);
        self.add_requested_actions();
        self.graph
    }

    /// Adds what stands for the changes of a resource's objects, where an action wants to see all of them.
    fn add_applied_barriers(&mut self) {
        for invocation in &self.plan.action_invocations {
            let Some(trigger) = invocation.trigger() else { continue };
            let config = trigger.resource.resource().config();
            let Some((node, own)) = self.resources.get(&config).copied() else { continue };
            if !self.applied.contains_key(&node)
                && names_resource(self.configuration, invocation, &trigger.resource)
            {
                let applied = self.graph.add(Operation::Barrier);
                self.graph.wait(applied, own.begin);
                self.applied.insert(node, applied);
            }
        }
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

    fn add_change(&mut self, position: usize, change: &'a ResourceChange) {
        let config = change.address.resource().config();
        let own = self.resources.get(&config).map(|(id, operations)| (*id, *operations));
        let apply = match change.change.action {
            Action::Create | Action::Update | Action::Read => {
                Some(self.add_apply(position, change, own, None).0)
            }
            Action::DeleteThenCreate => {
                let destroy = self.add_destroy(position, change, &config);
                Some(self.add_apply(position, change, own, Some(destroy.last)).0)
            }
            Action::CreateThenDelete | Action::CreateThenForget => {
                let (apply, last) = self.add_apply(position, change, own, None);
                let end = if change.change.action == Action::CreateThenDelete {
                    self.add_destroy(position, change, &config).first
                } else {
                    self.graph.add(Operation::Forget(position))
                };
                self.graph.wait(end, last);
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

    /// Adds the change of an object, with the actions around it; returns the change itself and what comes last.
    fn add_apply(
        &mut self,
        position: usize,
        change: &'a ResourceChange,
        own: Option<(NodeId, ResourceOperations)>,
        after: Option<OperationId>,
    ) -> (OperationId, OperationId) {
        let apply = self.graph.add(Operation::Apply(position));
        after.into_iter().for_each(|after| self.graph.wait(apply, after));
        let chain = self.surround(apply, change, |event| !event.is_destroy());
        if let Some((node, own)) = own {
            self.graph.wait(apply, own.begin);
            self.graph.wait(chain.first, own.begin);
            self.graph.wait(own.finish, chain.last);
            if let Some(applied) = self.applied.get(&node) {
                self.graph.wait(*applied, apply);
            }
        }
        after.into_iter().for_each(|after| self.graph.wait(chain.first, after));
        (apply, chain.last)
    }

    fn add_destroy(
        &mut self,
        position: usize,
        change: &'a ResourceChange,
        config: &ConfigResource,
    ) -> DestroyChain {
        let destroy = self.graph.add(Operation::Destroy(position));
        let chain = if change.deposed.is_none() {
            self.surround(destroy, change, |event| event.is_destroy())
        } else {
            DestroyChain { first: destroy, destroy, last: destroy }
        };
        let group = self.destroys.entry(config.clone()).or_default();
        group.destroys.push(chain);
        group.dependencies.extend(stored_dependencies(&self.plan.prior_state, change));
        self.wait_for_provider(destroy, &change.provider_config);
        chain
    }

    /// Puts the actions that a change triggers before and behind its operation, one after the other.
    fn surround(
        &mut self,
        operation: OperationId,
        change: &'a ResourceChange,
        belongs: impl Fn(TriggerEvent) -> bool,
    ) -> DestroyChain {
        let mut chain = DestroyChain { first: operation, destroy: operation, last: operation };
        let Some(triggered) = self.triggered.get(&change.address).cloned() else { return chain };
        let mut before: Option<OperationId> = None;
        for position in triggered {
            let invocation = &self.plan.action_invocations[position];
            let Some(trigger) = invocation.trigger().filter(|trigger| belongs(trigger.event)) else {
                continue;
            };
            let invoke = self.graph.add(Operation::Invoke(position));
            self.wait_for_provider(invoke, &invocation.provider_config);
            if trigger.event.is_before() {
                match before {
                    Some(before) => self.graph.wait(invoke, before),
                    None => chain.first = invoke,
                }
                self.graph.wait(operation, invoke);
                before = Some(invoke);
            } else {
                self.graph.wait(invoke, chain.last);
                self.wait_for_all_of(invoke, invocation, trigger);
                chain.last = invoke;
            }
        }
        chain
    }

    /// An action that looks at the resource that triggers it sees all of its objects.
    fn wait_for_all_of(
        &mut self,
        invoke: OperationId,
        invocation: &ActionInvocation,
        trigger: &TriggerCause,
    ) {
        let config = trigger.resource.resource().config();
        let Some((node, _)) = self.resources.get(&config).filter(|_| !trigger.event.is_destroy()) else {
            return;
        };
        if let (Some(applied), true) =
            (self.applied.get(node), names_resource(self.configuration, invocation, &trigger.resource))
        {
            self.graph.wait(invoke, *applied);
        }
    }

    /// Adds what the user has asked for: it waits for what its configuration refers to.
    fn add_requested_actions(&mut self) {
        let configuration = self.configuration;
        for (position, invocation) in self.plan.action_invocations.iter().enumerate() {
            if invocation.trigger().is_some() {
                continue;
            }
            let invoke = self.graph.add(Operation::Invoke(position));
            self.wait_for_provider(invoke, &invocation.provider_config);
            let Some(module) = configuration.tree.find(&invocation.address.module.path()) else { continue };
            let found = configuration.tree.module(module).action(&invocation.address.action);
            let node = found.and_then(|(position, _)| {
                configuration.graph.declaration(module, Declaration::Action(position))
            });
            if let Some(target) = node.and_then(|node| self.by_node.get(&node)) {
                self.graph.wait(invoke, *target);
            }
        }
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

    /// Nothing can be destroyed or invoked but through a configured provider.
    fn wait_for_provider(&mut self, operation: OperationId, provider_config: &ProviderConfigAddress) {
        let configs = &self.configuration.provider_configs;
        let Some(config) = configs.by_address(provider_config).map(|id| configs.get(id)) else {
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
            for chain in &group.destroys {
                self.graph.wait(chain.first, begin);
                self.graph.wait(done, chain.last);
                // An object that is destroyed to be made anew goes first: what depends on it waits for the new one.
                if !self.is_made_anew(chain.destroy) {
                    self.graph.wait(chain.first, let_go);
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

/// Collects the positions of triggered invocations by the objects that trigger them.
fn triggered_by_object(plan: &Plan) -> FxHashMap<&ResourceInstanceAddress, Vec<usize>> {
    let mut by_object: FxHashMap<_, Vec<usize>> = FxHashMap::default();
    for (position, invocation) in plan.action_invocations.iter().enumerate() {
        if let Some(trigger) = invocation.trigger() {
            by_object.entry(&trigger.resource).or_default().push(position);
        }
    }
    by_object
}

/// Tells whether the configuration of an invoked action names a resource of its own module.
pub fn names_resource(
    configuration: &PreparedConfiguration,
    invocation: &ActionInvocation,
    resource: &ResourceInstanceAddress,
) -> bool {
    let Some(module) = configuration.tree.find(&invocation.address.module.path()) else { return false };
    let declared = configuration.tree.module(module);
    let Some((position, _)) = declared.action(&invocation.address.action) else { return false };
    let mut found = false;
    declared.visit_references(Declaration::Action(position), &mut |reference| {
        let Ok(named) = parse_reference(reference.traversal) else { return };
        let Subject::Resource { mode, resource_type, name } = named.subject else { return };
        found |= ResourceAddress { mode, resource_type, name } == resource.resource;
    });
    found
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
