//! The instances of a resource while a plan is carried out, and the value that the resource gets from them.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_language::config::Declaration;
use terrane_language::config::module::Resource;
use terrane_language::evaluate::{
    Expansion, ModuleInstanceId, RepetitionValues, RuleKind, evaluate_rule, expand,
};
use terrane_language::modules::ModuleId;
use terrane_model::{ConfigResource, ResourceInstanceAddress, ResourceMode, Schema, Value};
use terrane_plan::complete_resource::whole_value;
use terrane_plan::{NodeId, NodeKind, PlanMode, ResourceChange};
use terrane_state::CheckableKind;

use crate::evaluate::{about, in_module};
use crate::executor::{Executor, Step};

/// A resource on its way.
pub(crate) struct ResourceRun {
    pub(crate) module: ModuleId,
    pub(crate) position: usize,
    pub(crate) schema: Schema,
    /// What its objects depend on.
    pub(crate) dependencies: Arc<[ConfigResource]>,
    pub(crate) expansions: Vec<(ModuleInstanceId, Expansion)>,
    /// Whether the resource has got a value before all of its instances are as planned, and whether that is from before
    /// their changes.
    pub(crate) seen_whole: Option<bool>,
    pub(crate) order: Vec<ResourceInstanceAddress>,
    pub(crate) instances: FxHashMap<ResourceInstanceAddress, InstanceRun>,
}

/// An instance on its way.
#[derive(Debug, Clone)]
pub(crate) struct InstanceRun {
    pub(crate) module_instance: ModuleInstanceId,
    pub(crate) repetition: RepetitionValues,
    /// The object as it is now, with marks.
    pub(crate) value: Option<Value>,
    /// Whether anything was done to it in this run.
    pub(crate) is_touched: bool,
}

impl Executor {
    pub(crate) fn resource_at(&self, node: NodeId) -> Option<(ModuleId, usize)> {
        let graph_node = self.configuration.graph.node(node);
        match graph_node.kind {
            NodeKind::Declaration(Declaration::Resource(position)) => Some((graph_node.module, position)),
            _ => None,
        }
    }

    /// Finds the instances of a resource, each with the value that it has before anything is done to it.
    pub(crate) fn begin_resource(&mut self, node: NodeId) -> Step {
        let Some((module, position)) = self.resource_at(node) else { return Step::Done };
        let tree = Arc::clone(&self.configuration.tree);
        let declared = tree.module(module);
        let resource = &declared.resources[position];
        let source = declared.provider_source(declared.provider_local_name(resource));
        let address = &resource.address;
        let schema = self.providers.block_schema(&source, address.mode, &address.resource_type).cloned();
        let Some(schema) = schema else { return Step::Failed };
        let mut run = ResourceRun {
            module,
            position,
            schema,
            dependencies: self.configuration.dependencies.addresses(node, &self.configuration.graph, &tree),
            expansions: Vec::new(),
            seen_whole: None,
            order: Vec::new(),
            instances: FxHashMap::default(),
        };
        let mut ok = true;
        for module_instance in self.evaluation.instances_of(module).to_vec() {
            let scope = self.evaluation.scope(module_instance, RepetitionValues::None);
            let (expansion, problems) = expand(&resource.repetition, &scope, "resource");
            ok &= self.note(problems);
            let module_address = self.evaluation.address_of(module_instance).clone();
            for repetition in expansion.instances() {
                let instance = ResourceInstanceAddress {
                    module: module_address.clone(),
                    resource: address.clone(),
                    key: repetition.key(),
                };
                let prior = self.prior.get(&(instance.clone(), None)).map(|prior| prior.marked(&run.schema));
                run.order.push(instance.clone());
                run.instances.insert(
                    instance,
                    InstanceRun { module_instance, repetition, value: prior, is_touched: false },
                );
            }
            run.expansions.push((module_instance, expansion));
        }
        let config_address = in_module(&tree.node(module).path.to_string(), &address.to_string());
        if !resource.lifecycle.preconditions.is_empty() || !resource.lifecycle.postconditions.is_empty() {
            self.checks.expanded(&config_address, CheckableKind::Resource);
        }
        let mode = address.mode;
        self.resources.insert(node, run);
        match (ok, mode) {
            (false, _) => Step::Failed,
            (true, ResourceMode::Ephemeral) => self.open_ephemerals_of(node),
            (true, _) => Step::Done,
        }
    }

    /// Gives a resource its value. Conditions on objects that nothing was done to are checked here.
    pub(crate) fn finish_resource(&mut self, node: NodeId) -> Step {
        let Some(run) = self.resources.get(&node) else { return Step::Failed };
        let tree = Arc::clone(&self.configuration.tree);
        let resource = &tree.module(run.module).resources[run.position];
        let order = run.order.clone();
        let (position, mut ok) = (run.position, true);
        if self.plan.mode != PlanMode::Destroy && has_conditions(resource) {
            for address in &order {
                ok &= self.check_conditions(node, resource, address);
            }
        }
        let Some(run) = self.resources.get_mut(&node) else { return Step::Failed };
        let mut values = order.into_iter().filter_map(|address| run.instances.remove(&address)).peekable();
        let mut whole = Vec::new();
        for (module_instance, expansion) in std::mem::take(&mut run.expansions) {
            let mut own = Vec::new();
            while let Some(instance) = values.next_if(|instance| instance.module_instance == module_instance)
            {
                own.push((instance.repetition, instance.value.unwrap_or_else(Value::dynamic)));
            }
            whole.push((module_instance, whole_value(&expansion, own)));
        }
        drop(values);
        for (module_instance, value) in whole {
            self.evaluation.set_resource(module_instance, position, value);
        }
        if ok { Step::Done } else { Step::Failed }
    }

    fn check_conditions(
        &mut self,
        node: NodeId,
        resource: &Resource,
        address: &ResourceInstanceAddress,
    ) -> bool {
        let Some(instance) = self.resources.get(&node).and_then(|run| run.instances.get(address)).cloned()
        else {
            return true;
        };
        // What was read while planning fulfilled its conditions then.
        if address.resource.mode == ResourceMode::Data && !instance.is_touched {
            self.checks.expect(&config_address(address), CheckableKind::Resource, &address.to_string());
            return true;
        }
        let Some(value) = instance.value else { return true };
        self.check_preconditions(resource, address, instance.module_instance, &instance.repetition)
            & self.check_postconditions(
                resource,
                address,
                instance.module_instance,
                &instance.repetition,
                &value,
            )
    }

    pub(crate) fn check_preconditions(
        &mut self,
        resource: &Resource,
        address: &ResourceInstanceAddress,
        module_instance: ModuleInstanceId,
        repetition: &RepetitionValues,
    ) -> bool {
        let mut ok = true;
        for rule in &resource.lifecycle.preconditions {
            let scope = self.evaluation.scope(module_instance, repetition.clone());
            let (outcome, diagnostics) = evaluate_rule(rule, RuleKind::ResourcePrecondition, &scope);
            self.checks.record(
                &config_address(address),
                CheckableKind::Resource,
                &address.to_string(),
                &outcome,
            );
            let diagnostics = self.of_condition(diagnostics);
            ok &= self.note(diagnostics.into_iter().map(|problem| about(problem, address)).collect());
        }
        ok
    }

    fn check_postconditions(
        &mut self,
        resource: &Resource,
        address: &ResourceInstanceAddress,
        module_instance: ModuleInstanceId,
        repetition: &RepetitionValues,
        value: &Value,
    ) -> bool {
        let mut ok = true;
        for rule in &resource.lifecycle.postconditions {
            let scope = self.evaluation.scope(module_instance, repetition.clone()).with_self(value.clone());
            let (outcome, diagnostics) = evaluate_rule(rule, RuleKind::ResourcePostcondition, &scope);
            self.checks.record(
                &config_address(address),
                CheckableKind::Resource,
                &address.to_string(),
                &outcome,
            );
            let diagnostics = self.of_condition(diagnostics);
            ok &= self.note(diagnostics.into_iter().map(|problem| about(problem, address)).collect());
        }
        ok
    }

    /// Finds the node of the resource that a change belongs to.
    pub(crate) fn node_of(&self, change: &ResourceChange) -> Option<NodeId> {
        let module = self.configuration.tree.find(&change.address.module.path())?;
        let (position, _) = self.configuration.tree.module(module).resource(&change.address.resource)?;
        self.configuration.graph.declaration(module, Declaration::Resource(position))
    }

    /// Notes what an object is now.
    pub(crate) fn set_instance_value(
        &mut self,
        node: NodeId,
        address: &ResourceInstanceAddress,
        value: Value,
    ) {
        if let Some(instance) = self.resources.get_mut(&node).and_then(|run| run.instances.get_mut(address)) {
            instance.value = Some(value);
            instance.is_touched = true;
        }
    }
}

fn has_conditions(resource: &Resource) -> bool {
    !resource.lifecycle.preconditions.is_empty() || !resource.lifecycle.postconditions.is_empty()
}

fn config_address(address: &ResourceInstanceAddress) -> String {
    address.resource().config().to_string()
}
