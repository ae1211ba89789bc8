//! Why an object changes: the way from an action back to what it comes from.
//!
//! From each argument that changes, the references in its expression are followed through locals, variables, outputs and
//! the keys of `for_each`, up to values that were given from outside and to other objects that change in the same plan.

use std::collections::HashMap;

use rustc_hash::FxHashSet;
use terrane_language::config::module::Expr;
use terrane_language::config::{Subject, parse_reference};
use terrane_language::evaluate::{GivenValues, ValueOrigin};
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_language::syntax::tree::{Step, StepKind, Traversal};
use terrane_model::{
    AttributePath, InstanceKey, ModuleInstance, PathStep, ResourceAddress, Span, Str, Target, Value,
};

use crate::change::{Action, ActionReason, ResourceChange};
use crate::plan::Plan;

/// Why one object changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'p> {
    /// The planned change.
    pub change: &'p ResourceChange,
    /// What it comes from.
    pub causes: Vec<Cause>,
}

/// One step back from an effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The argument, name or object.
    pub subject: String,
    /// What is known of it.
    pub fact: Fact,
    /// Where it is written.
    pub place: Option<Span>,
    /// What it comes from in its turn.
    pub causes: Vec<Cause>,
}

/// What is known of a cause.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A part of the object that changes.
    Changes {
        /// What it is.
        before: Value,
        /// What it will be.
        after: Value,
        /// Whether the object cannot be changed in place because of it.
        forces_replacement: bool,
    },
    /// Somebody else has changed the object since the last run.
    ChangedOutside {
        /// What the last run left.
        before: Value,
        /// What it is now.
        after: Value,
    },
    /// A name for an expression.
    Expression,
    /// A variable of the root module with its value, and who gave it; nobody for a default.
    Given(Value, Option<ValueOrigin>),
    /// Another object that changes in the same plan.
    Object(Action),
    /// Something that was explained before.
    ExplainedBefore,
}

/// Explains the changes of all objects that an address covers, in the order of the plan.
pub fn explain<'p>(
    plan: &'p Plan,
    tree: &ModuleTree,
    given: &GivenValues,
    target: &Target,
) -> Vec<Explanation<'p>> {
    let mut by_resource: ChangesByResource<'_> = HashMap::new();
    for change in &plan.resource_changes {
        let key = (&change.address.module, &change.address.resource);
        by_resource.entry(key).or_default().push(change);
    }
    let covered = plan.resource_changes.iter().filter(|change| target.covers(&change.address));
    let explained = covered.map(|change| {
        let mut search = Search { plan, tree, given, by_resource: &by_resource, seen: FxHashSet::default() };
        Explanation { change, causes: search.of_change(change) }
    });
    explained.collect()
}

type ChangesByResource<'p> = HashMap<(&'p ModuleInstance, &'p ResourceAddress), Vec<&'p ResourceChange>>;

struct Search<'s, 'p> {
    plan: &'p Plan,
    tree: &'s ModuleTree,
    given: &'s GivenValues,
    by_resource: &'s ChangesByResource<'p>,
    /// What was followed before, as text: everything is explained once.
    seen: FxHashSet<(ModuleInstance, String)>,
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Position<'m> {
    module: ModuleId,
    instance: &'m ModuleInstance,
    /// The resource whose repetition `each` and `count` belong to.
    repeated: Option<&'m ResourceAddress>,
}

impl Search<'_, '_> {
    fn of_change(&mut self, change: &ResourceChange) -> Vec<Cause> {
        if change.change.action == Action::NoOp {
            return Vec::new();
        }
        let address = &change.address;
        let module = self.tree.find(&address.module.path());
        let resource =
            module.and_then(|module| Some((module, self.tree.module(module).resource(&address.resource)?.1)));
        let Some((module, resource)) = resource else { return Vec::new() };
        let position = Position { module, instance: &address.module, repeated: Some(&address.resource) };
        let mut causes = Vec::new();
        if is_about_keys(change.reason) {
            let repetition = &resource.repetition;
            for (name, expression) in [
                ("count", &repetition.count),
                ("for_each", &repetition.for_each),
                ("enabled", &repetition.enabled),
            ] {
                causes.extend(
                    expression.as_ref().map(|expression| self.of_expression(name, expression, position)),
                );
            }
        }
        if change.reason == Some(ActionReason::ReplaceByTriggers) {
            for trigger in &resource.lifecycle.replace_triggered_by {
                causes.extend(self.of_references(trigger, position));
            }
        }
        if !change.change.before.is_null() && !change.change.after.is_null() {
            let outside = self.outside_change(change);
            causes.extend(self.of_arguments(change, resource, position, outside.as_ref()));
        }
        causes
    }

    /// Explains the arguments and blocks of an object that are not as they were.
    fn of_arguments(
        &mut self,
        change: &ResourceChange,
        resource: &terrane_language::config::module::Resource,
        position: Position<'_>,
        outside: Option<&Value>,
    ) -> Vec<Cause> {
        let (attributes, _) = resource.body.just_attributes();
        let mut causes = Vec::new();
        let entries = change.change.after.unmarked().as_entries().unwrap_or_default();
        for (name, after) in entries {
            let path = AttributePath::root().attribute(name.clone());
            let before = change.change.before.at_path(&path).unwrap_or_else(Value::dynamic_null);
            if before.raw_equals(after) {
                continue;
            }
            let forces_replacement =
                change.required_replace.iter().any(|required| required.starts_with(&path));
            let expression = attributes.get(name).map(|attribute| &attribute.expression);
            let place = expression
                .map(|expression| expression.span)
                .or_else(|| terrane_language::evaluate::locate(&resource.body, &path));
            // What only follows from the change itself explains nothing.
            if place.is_none() && !forces_replacement {
                continue;
            }
            let fact = Fact::Changes { before: before.clone(), after: after.clone(), forces_replacement };
            let mut own = Vec::new();
            let earlier = outside.and_then(|outside| outside.at_path(&path));
            if let Some(earlier) = earlier.filter(|earlier| !earlier.raw_equals(&before)) {
                let fact = Fact::ChangedOutside { before: earlier, after: before };
                own.push(Cause {
                    subject: change.address.to_string(),
                    fact,
                    place: None,
                    causes: Vec::new(),
                });
            }
            match expression {
                Some(expression) => own.extend(self.of_references(expression, position)),
                None => own.extend(self.of_block(resource, name, position)),
            }
            causes.push(Cause { subject: name.to_string(), fact, place, causes: own });
        }
        causes
    }

    fn of_block(
        &mut self,
        resource: &terrane_language::config::module::Resource,
        block_type: &Str,
        position: Position<'_>,
    ) -> Vec<Cause> {
        let blocks = [terrane_language::syntax::BlockSchema { block_type, labels: &[] }];
        let schema = terrane_language::syntax::BodySchema { attributes: &[], blocks: &blocks };
        let (content, _, _) = resource.body.partial_content(&schema);
        let mut traversals: Vec<Traversal> = Vec::new();
        for block in &content.blocks {
            block.body.visit_references(&mut |reference| traversals.push(reference.traversal.clone()));
        }
        traversals.iter().filter_map(|traversal| self.of_reference(traversal, position)).collect()
    }

    /// Returns the object as the last run left it, where somebody has changed it since.
    fn outside_change(&self, change: &ResourceChange) -> Option<Value> {
        let drift = self.plan.resource_drift.iter().find(|drift| drift.address == change.address)?;
        Some(drift.change.before.clone())
    }

    fn of_expression(&mut self, name: &str, expression: &Expr, position: Position<'_>) -> Cause {
        let causes = self.of_references(expression, position);
        Cause { subject: name.to_owned(), fact: Fact::Expression, place: Some(expression.span), causes }
    }

    fn of_references(&mut self, expression: &Expr, position: Position<'_>) -> Vec<Cause> {
        expression
            .variables()
            .filter_map(|reference| self.of_reference(reference.traversal, position))
            .collect()
    }

    fn of_reference(&mut self, traversal: &Traversal, position: Position<'_>) -> Option<Cause> {
        let parsed = parse_reference(traversal).ok()?;
        let rest = &traversal.steps[parsed.subject_steps..];
        let tree = self.tree;
        let Position { module, instance, .. } = position;
        match &parsed.subject {
            Subject::Local(name) => {
                let (_, local) = tree.module(module).local(name)?;
                let subject = qualified(instance, &format!("local.{name}"));
                let position = Position { repeated: None, ..position };
                Some(self.once(instance, subject, Some(local.expression.span), |search| {
                    (Fact::Expression, search.of_references(&local.expression, position))
                }))
            }
            Subject::Variable(name) => self.of_variable(module, instance, name),
            Subject::Module { call, .. } => self.of_call(module, instance, call, rest),
            Subject::Resource { mode, resource_type, name } => {
                let resource_type = resource_type.clone();
                let address = ResourceAddress { mode: *mode, resource_type, name: name.clone() };
                self.of_object(instance, &address, rest)
            }
            Subject::EachKey | Subject::EachValue | Subject::CountIndex => self.of_repetition(position),
            _ => None,
        }
    }

    fn of_repetition(&mut self, position: Position<'_>) -> Option<Cause> {
        let address = position.repeated?;
        let tree = self.tree;
        let (_, resource) = tree.module(position.module).resource(address)?;
        let (name, expression) = match (&resource.repetition.for_each, &resource.repetition.count) {
            (Some(expression), _) => ("for_each", expression),
            (None, Some(expression)) => ("count", expression),
            (None, None) => return None,
        };
        let subject = qualified(position.instance, &format!("{address} {name}"));
        Some(self.once(position.instance, subject, Some(expression.span), |search| {
            (Fact::Expression, search.of_references(expression, position))
        }))
    }

    fn of_variable(&mut self, module: ModuleId, instance: &ModuleInstance, name: &Str) -> Option<Cause> {
        let tree = self.tree;
        let (_, variable) = tree.module(module).variable(name)?;
        let subject = qualified(instance, &format!("var.{name}"));
        let Some((caller, call)) = tree.node(module).caller else {
            let value = self.plan.variables.get(name).cloned().unwrap_or_else(Value::dynamic);
            let value = if variable.sensitive { value.sensitive() } else { value };
            let origin = self.given.get(name).map(|given| given.origin.clone());
            let place = match &origin {
                Some(ValueOrigin::File(span)) => *span,
                _ => variable.span,
            };
            return Some(
                self.once(instance, subject, Some(place), |_| (Fact::Given(value, origin), Vec::new())),
            );
        };
        let parent = instance.parent()?;
        let argument = tree.module(caller).call_argument(call, name)?;
        let position = Position { module: caller, instance: &parent, repeated: None };
        Some(self.once(instance, subject, Some(argument.span), |search| {
            (Fact::Expression, search.of_references(&argument, position))
        }))
    }

    /// Follows `module.call[key].output`.
    fn of_call(
        &mut self,
        module: ModuleId,
        instance: &ModuleInstance,
        call: &Str,
        rest: &[Step],
    ) -> Option<Cause> {
        let tree = self.tree;
        let (number, _) = tree.module(module).module_call(call)?;
        let child = tree.node(module).children[number]?;
        let (key, rest) = match instance_key(rest) {
            Some(key) => (Some(key), &rest[1..]),
            None => (None, rest),
        };
        let child_instance = instance.child(call, key);
        let StepKind::Attribute(name) = &rest.first()?.kind else { return None };
        let (_, output) = tree.module(child).output(name)?;
        let position = Position { module: child, instance: &child_instance, repeated: None };
        let subject = format!("{child_instance}.{name}");
        Some(self.once(instance, subject, Some(output.value.span), |search| {
            (Fact::Expression, search.of_references(&output.value, position))
        }))
    }

    /// Another object is a cause when it changes itself.
    fn of_object(
        &mut self,
        instance: &ModuleInstance,
        address: &ResourceAddress,
        rest: &[Step],
    ) -> Option<Cause> {
        let key = instance_key(rest);
        let path = rest[usize::from(key.is_some())..].iter().fold(AttributePath::root(), |path, step| {
            match &step.kind {
                StepKind::Attribute(name) => path.step(PathStep::Attribute(name.clone())),
                StepKind::StringKey(key) => path.key(key.clone()),
                StepKind::NumberKey(number) => {
                    number.parse().map_or(path.clone(), |number| path.position(number))
                }
            }
        });
        let changes = self.by_resource.get(&(instance, address))?;
        let is_cause = |change: &&&ResourceChange| {
            (key.is_none() || change.address.key == key) && changes_at(change, &path)
        };
        let change = *changes.iter().find(is_cause)?;
        let place = self
            .tree
            .find(&instance.path())
            .and_then(|module| self.tree.module(module).resource(address).map(|(_, resource)| resource.span));
        Some(self.once(instance, change.address.to_string(), place, |search| {
            (Fact::Object(change.change.action), search.of_change(change))
        }))
    }

    /// Explains something unless that was done before.
    fn once(
        &mut self,
        instance: &ModuleInstance,
        subject: String,
        place: Option<Span>,
        find: impl FnOnce(&mut Self) -> (Fact, Vec<Cause>),
    ) -> Cause {
        if !self.seen.insert((instance.clone(), subject.clone())) {
            return Cause { subject, fact: Fact::ExplainedBefore, place: None, causes: Vec::new() };
        }
        let (fact, causes) = find(self);
        Cause { subject, fact, place, causes }
    }
}

fn is_about_keys(reason: Option<ActionReason>) -> bool {
    matches!(
        reason,
        Some(
            ActionReason::DeleteBecauseCountIndex
                | ActionReason::DeleteBecauseEachKey
                | ActionReason::DeleteBecauseWrongRepetition
        )
    )
}

fn changes_at(change: &ResourceChange, path: &AttributePath) -> bool {
    match change.change.action {
        Action::NoOp | Action::Forget => false,
        Action::Update => {
            let (before, after) = (change.change.before.at_path(path), change.change.after.at_path(path));
            match (before, after) {
                (Some(before), Some(after)) => !before.raw_equals(&after),
                _ => true,
            }
        }
        _ => true,
    }
}

fn instance_key(steps: &[Step]) -> Option<InstanceKey> {
    match &steps.first()?.kind {
        StepKind::StringKey(key) => Some(InstanceKey::String(key.clone())),
        StepKind::NumberKey(number) => number.parse().ok().map(InstanceKey::Int),
        StepKind::Attribute(_) => None,
    }
}

fn qualified(instance: &ModuleInstance, name: &str) -> String {
    if instance.is_root() { name.to_owned() } else { format!("{instance}.{name}") }
}
