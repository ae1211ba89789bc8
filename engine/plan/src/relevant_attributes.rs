//! Which parts of objects the changes of a plan come from: for people who want to know what drift has to do with them.
//!
//! From everything that changes, references are followed through locals, variables, outputs and arguments to the
//! resources at their ends.

use std::collections::{BTreeMap, VecDeque};

use rustc_hash::FxHashSet;
use terrane_language::config::module::Expr;
use terrane_language::config::{Subject, parse_reference};
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_language::syntax::tree::{Step, StepKind, Traversal};
use terrane_model::{
    AttributePath, InstanceKey, ModuleInstance, ResourceAddress, ResourceInstanceAddress, ResourceMode, Str,
};

use crate::change::{Action, OutputChange, ResourceChange};

/// Finds the parts that changes of resources and of outputs come from, in the order of addresses. `dropped` is what goes
/// without a change of its own.
pub(crate) fn relevant_attributes(
    tree: &ModuleTree,
    changes: &[ResourceChange],
    dropped: &[ResourceInstanceAddress],
    outputs: &BTreeMap<Str, OutputChange>,
    modules: impl Iterator<Item = (ModuleId, ModuleInstance)>,
) -> Vec<(ResourceInstanceAddress, AttributePath)> {
    let mut search =
        Search { tree, seen: FxHashSet::default(), pending: VecDeque::new(), found: BTreeMap::new() };
    let mut blocks: FxHashSet<(&ModuleInstance, &ResourceAddress)> = FxHashSet::default();
    let changed = changes.iter().filter(|change| change.change.action != Action::NoOp);
    for address in changed.map(|change| &change.address).chain(dropped) {
        if blocks.insert((&address.module, &address.resource)) {
            search.add_resource(&address.module, &address.resource);
        }
    }
    for output in outputs.values().filter(|output| output.change.action != Action::NoOp) {
        search.add_output(ModuleId::ROOT, &ModuleInstance::root(), &output.name);
    }
    // What modules hand out counts as changing in every run.
    for (module, instance) in modules {
        search.add_outputs(module, &instance);
    }
    while let Some(reference) = search.pending.pop_front() {
        search.follow(&reference);
    }
    search.found.into_values().collect()
}

/// A reference in an instance of a module.
struct Reference {
    module: ModuleId,
    instance: ModuleInstance,
    traversal: Traversal,
}

struct Search<'t> {
    tree: &'t ModuleTree,
    /// Modules and traversals that were found before, as text.
    seen: FxHashSet<(ModuleInstance, String)>,
    pending: VecDeque<Reference>,
    found: BTreeMap<String, (ResourceInstanceAddress, AttributePath)>,
}

impl Search<'_> {
    fn add(&mut self, module: ModuleId, instance: &ModuleInstance, traversal: &Traversal) {
        if self.seen.insert((instance.clone(), text(traversal))) {
            let (instance, traversal) = (instance.clone(), traversal.clone());
            self.pending.push_back(Reference { module, instance, traversal });
        }
    }

    fn add_expression(&mut self, module: ModuleId, instance: &ModuleInstance, expression: &Expr) {
        for reference in expression.variables() {
            self.add(module, instance, reference.traversal);
        }
    }

    /// Adds what a block's arguments and its repetition refer to.
    fn add_resource(&mut self, instance: &ModuleInstance, address: &ResourceAddress) {
        let Some(module) = self.tree.find(&instance.path()) else { return };
        let tree = self.tree;
        let Some((_, resource)) = tree.module(module).resource(address) else { return };
        let repetition = &resource.repetition;
        for expression in [&repetition.count, &repetition.for_each, &repetition.enabled].into_iter().flatten()
        {
            self.add_expression(module, instance, expression);
        }
        let mut traversals: Vec<Traversal> = Vec::new();
        resource.body.visit_references(&mut |reference| traversals.push(reference.traversal.clone()));
        traversals.iter().for_each(|traversal| self.add(module, instance, traversal));
    }

    fn add_output(&mut self, module: ModuleId, instance: &ModuleInstance, name: &str) {
        let tree = self.tree;
        if let Some((_, output)) = tree.module(module).output(name) {
            self.add_expression(module, instance, &output.value);
        }
    }

    fn add_outputs(&mut self, module: ModuleId, instance: &ModuleInstance) {
        let tree = self.tree;
        for output in &tree.module(module).outputs {
            self.add_expression(module, instance, &output.value);
        }
    }

    fn follow(&mut self, reference: &Reference) {
        let Reference { module, instance, traversal } = reference;
        let Ok(parsed) = parse_reference(traversal) else { return };
        let tree = self.tree;
        let rest = &traversal.steps[parsed.subject_steps..];
        match &parsed.subject {
            Subject::Local(name) => {
                if let Some((_, local)) = tree.module(*module).local(name) {
                    self.add_expression(*module, instance, &local.expression);
                }
            }
            Subject::Variable(name) => self.follow_variable(*module, instance, name),
            Subject::Module { call, .. } => self.follow_call(*module, instance, call, rest),
            Subject::Resource { mode, resource_type, name } if *mode != ResourceMode::Ephemeral => {
                let address =
                    ResourceAddress { mode: *mode, resource_type: resource_type.clone(), name: name.clone() };
                self.follow_resource(*module, instance, address, rest);
            }
            _ => {}
        }
    }

    fn follow_variable(&mut self, module: ModuleId, instance: &ModuleInstance, name: &str) {
        let Some((caller, call)) = self.tree.node(module).caller else { return };
        let Some(parent) = instance.parent() else { return };
        let argument = self.tree.module(caller).call_argument(call, &name.into());
        if let Some(argument) = argument {
            self.add_expression(caller, &parent, &argument);
        }
    }

    /// Follows `module.call[key].output`; a reference that names no output is to all of them.
    fn follow_call(&mut self, module: ModuleId, instance: &ModuleInstance, call: &Str, rest: &[Step]) {
        let tree = self.tree;
        let Some((position, _)) = tree.module(module).module_call(call) else { return };
        let Some(child) = tree.node(module).children[position] else { return };
        let (key, rest) = take_key(rest);
        let child_instance = instance.child(call, key);
        match rest.first().map(|step| &step.kind) {
            Some(StepKind::Attribute(output)) => self.add_output(child, &child_instance, output),
            _ => self.add_outputs(child, &child_instance),
        }
    }

    fn follow_resource(
        &mut self,
        module: ModuleId,
        instance: &ModuleInstance,
        address: ResourceAddress,
        rest: &[Step],
    ) {
        let tree = self.tree;
        let Some((_, resource)) = tree.module(module).resource(&address) else { return };
        let (key, rest) = take_key(rest);
        if let Some(StepKind::Attribute(name)) = rest.first().map(|step| &step.kind) {
            // What the part was set to matters as well.
            let (attributes, _) = resource.body.just_attributes();
            if let Some(attribute) = attributes.get(name) {
                let expression = std::sync::Arc::clone(&attribute.expression);
                self.add_expression(module, instance, &expression);
            }
        }
        let path = rest.iter().fold(AttributePath::root(), |path, step| match &step.kind {
            StepKind::Attribute(name) => path.attribute(name.clone()),
            StepKind::StringKey(key) => path.key(key.clone()),
            StepKind::NumberKey(number) => match number.parse() {
                Ok(position) => path.position(position),
                Err(_) => path,
            },
        });
        let address = ResourceInstanceAddress { module: instance.clone(), resource: address, key };
        self.found.insert(format!("{address} {path}"), (address, path));
    }
}

fn take_key(steps: &[Step]) -> (Option<InstanceKey>, &[Step]) {
    let key = match steps.first().map(|step| &step.kind) {
        Some(StepKind::StringKey(key)) => InstanceKey::String(key.clone()),
        Some(StepKind::NumberKey(number)) => match number.parse() {
            Ok(position) => InstanceKey::Int(position),
            Err(_) => return (None, steps),
        },
        Some(StepKind::Attribute(_)) | None => return (None, steps),
    };
    (Some(key), &steps[1..])
}

fn text(traversal: &Traversal) -> String {
    let mut text = traversal.root.name.to_string();
    for step in &traversal.steps {
        match &step.kind {
            StepKind::Attribute(name) => text.extend([".", name]),
            StepKind::StringKey(key) => text.extend(["[\"", key, "\"]"]),
            StepKind::NumberKey(number) => text.extend(["[", number, "]"]),
        }
    }
    text
}
