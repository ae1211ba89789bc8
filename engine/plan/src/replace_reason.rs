//! Reasons to replace an object that have nothing to do with its own values.

use terrane_language::config::module::Expr;
use terrane_language::config::{Subject, parse_reference};
use terrane_language::evaluate::Evaluator;
use terrane_language::syntax::tree::{ExpressionKind, StepKind, Traversal};
use terrane_model::{
    AttributePath, Diagnostic, IndexKey, InstanceKey, PathStep, ResourceAddress, ResourceInstanceAddress,
    Value,
};

use crate::change::{Action, ActionReason, ResourceChange};
use crate::plan_resource::{InstanceSlot, ResourceContext};
use crate::planner::Planner;

impl Planner {
    /// Says why an existing object is to be replaced whatever the provider says: because it was asked for, or
    /// because something in `replace_triggered_by` changes.
    pub(crate) fn replace_reason(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
    ) -> Option<ActionReason> {
        slot.prior.as_ref()?;
        let requested = self.options.force_replace.iter().any(|wanted| {
            *wanted == slot.address || wanted.key.is_none() && wanted.resource() == slot.address.resource()
        });
        if requested {
            return Some(ActionReason::ReplaceByRequest);
        }
        let triggers = &context.resource.lifecycle.replace_triggered_by;
        let triggered = triggers.iter().any(|expression| self.is_triggered(context, slot, expression));
        triggered.then_some(ActionReason::ReplaceByTriggers)
    }

    fn is_triggered(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        expression: &Expr,
    ) -> bool {
        let Some((subject, key, path)) = self.trigger_target(context, slot, expression) else { return false };
        let address = ResourceInstanceAddress {
            module: slot.address.module.clone(),
            resource: subject,
            key: key.clone(),
        };
        if key.is_some() {
            return self.change_of(&address).is_some_and(|change| changes_at(change, &path));
        }
        let module = self.configuration.tree.module(context.module);
        let is_repeated =
            module.resource(&address.resource).is_some_and(|(_, other)| other.repetition.is_keyed());
        if !is_repeated {
            return self.change_of(&address).is_some_and(|change| changes_at(change, &path));
        }
        // The resource as a whole: any change of any of its instances.
        let whole = address.resource();
        self.changes.iter().any(|change| {
            change.address.module == whole.module
                && change.address.resource == whole.resource
                && changes_at(change, &path)
        })
    }

    /// Takes a trigger apart: the resource, the instance and the part of it. Keys may be expressions of `count` and
    /// `each`.
    fn trigger_target(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        expression: &Expr,
    ) -> Option<(ResourceAddress, Option<InstanceKey>, AttributePath)> {
        let (traversal, key, rest): (Traversal, Option<Value>, Vec<PathStep>) = match &expression.kind {
            ExpressionKind::Index { collection, key, .. } => (
                collection.as_traversal()?.into_owned(),
                Some(self.key_value(context, slot, key)?),
                Vec::new(),
            ),
            ExpressionKind::RelativeTraversal { source, steps } => match &source.kind {
                ExpressionKind::Index { collection, key, .. } => {
                    let key = self.key_value(context, slot, key)?;
                    (
                        collection.as_traversal()?.into_owned(),
                        Some(key),
                        steps.iter().map(|step| path_step(&step.kind)).collect(),
                    )
                }
                _ => return None,
            },
            _ => match expression.as_traversal() {
                Some(traversal) => (traversal.into_owned(), None, Vec::new()),
                None => {
                    let detail = "A replace_triggered_by expression must be a reference to a resource, one of its instances, or \
                                  an attribute of it.";
                    let error = Diagnostic::error("Invalid replace_triggered_by expression", detail);
                    self.note(context.id, error.at(expression.span).into());
                    return None;
                }
            },
        };
        let reference = parse_reference(&traversal).ok()?;
        let Subject::Resource { mode, resource_type, name } = reference.subject else {
            let detail = "Only resources can be referenced in replace_triggered_by.";
            let error = Diagnostic::error("Invalid replace_triggered_by expression", detail);
            self.note(context.id, error.at(expression.span).into());
            return None;
        };
        let mut steps: Vec<PathStep> =
            traversal.steps[reference.subject_steps..].iter().map(|step| path_step(&step.kind)).collect();
        let mut key = key.and_then(|key| to_key(&key));
        if key.is_none()
            && let Some(PathStep::Index(index)) = steps.first()
        {
            key = to_key(&index.to_value());
            steps.remove(0);
        }
        steps.extend(rest);
        Some((ResourceAddress { mode, resource_type, name }, key, AttributePath(steps)))
    }

    fn key_value(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        key: &terrane_language::syntax::tree::Expression,
    ) -> Option<Value> {
        let scope = self.evaluation.scope(slot.module_instance, slot.repetition.clone());
        let mut evaluator = Evaluator::new(&scope);
        let value = evaluator.evaluate(key);
        let problems = evaluator.diagnostics;
        let failed = problems.has_errors();
        self.note(context.id, problems);
        (!failed).then_some(value)
    }
}

fn path_step(kind: &StepKind) -> PathStep {
    match kind {
        StepKind::Attribute(name) => PathStep::Attribute(name.clone()),
        StepKind::StringKey(key) => PathStep::Index(IndexKey::Key(key.clone())),
        StepKind::NumberKey(number) => {
            PathStep::Index(IndexKey::Position(number.parse().unwrap_or(usize::MAX)))
        }
    }
}

fn to_key(value: &Value) -> Option<InstanceKey> {
    match value.unmarked() {
        Value::String(key) => Some(InstanceKey::String(key.clone())),
        Value::Number(number) => number.to_i64().map(InstanceKey::Int),
        _ => None,
    }
}

/// Tells whether a change touches a part of the object; creating it the first time does not count.
fn changes_at(change: &ResourceChange, path: &AttributePath) -> bool {
    match change.change.action {
        Action::NoOp | Action::Read | Action::Create | Action::Forget => return false,
        Action::Delete => return true,
        _ => {}
    }
    if path.is_root() {
        return true;
    }
    let (before, after) = (change.change.before.at_path(path), change.change.after.at_path(path));
    match (before, after) {
        (Some(before), Some(after)) => !before.unmark_deep().0.raw_equals(&after.unmark_deep().0),
        (before, after) => before.is_some() != after.is_some(),
    }
}
