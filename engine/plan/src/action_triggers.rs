//! Actions that changes of objects trigger.

use std::sync::Arc;

use futures_util::FutureExt;
use terrane_language::config::action::{ActionTrigger, TriggerEvent, TriggeredAction};
use terrane_language::config::module::Resource;
use terrane_language::evaluate::{Evaluator, ModuleInstanceId, RepetitionValues};
use terrane_model::convert::convert;
use terrane_model::{
    Diagnostic, Diagnostics, InstanceKey, ResourceInstanceAddress, ResourceMode, Type, Value,
};

use crate::action_config::{ActionPlace, evaluate_action, evaluate_condition};
use crate::action_invocation::{InvocationCause, TriggerCause, causes};
use crate::change::Change;
use crate::dependency_graph::NodeId;
use crate::plan::PlanMode;
use crate::plan_actions::{ActionTask, ask_all};
use crate::planner::{NodeOutcome, Planner, Step};

/// An instance of a resource whose change may trigger actions.
pub(crate) struct Triggering {
    pub(crate) module_instance: ModuleInstanceId,
    pub(crate) repetition: RepetitionValues,
    pub(crate) address: ResourceInstanceAddress,
}

/// Evaluates the key of a triggered action's instance, as the resource's instance sees it.
fn triggered_key(
    triggered: &TriggeredAction,
    scope: &dyn terrane_language::evaluate::Scope,
) -> Result<Option<InstanceKey>, Diagnostics> {
    let Some(key) = &triggered.key else { return Ok(None) };
    let mut evaluator = Evaluator::new(scope);
    let value = evaluator.evaluate(key);
    if evaluator.diagnostics.has_errors() {
        return Err(evaluator.diagnostics);
    }
    let value = value.unmarked();
    match value {
        Value::String(key) => Ok(Some(InstanceKey::String(key.clone()))),
        Value::Number(number) if number.to_i64().is_some() => Ok(number.to_i64().map(InstanceKey::Int)),
        _ => match convert(value, &Type::String) {
            Ok(Value::String(key)) => Ok(Some(InstanceKey::String(key))),
            _ => {
                let detail = "The key of an action's instance must be a whole number or a string that is known when planning.";
                Err(Diagnostic::error("Invalid index", detail).at(key.span).into())
            }
        },
    }
}

impl Planner {
    /// Plans the actions that the changes of a resource's instances trigger.
    pub(crate) fn start_triggers(
        &mut self,
        id: NodeId,
        resource: &Resource,
        instances: Vec<Triggering>,
    ) -> Step {
        if resource.lifecycle.action_triggers.is_empty()
            || resource.address.mode != ResourceMode::Managed
            || self.options.mode == PlanMode::RefreshOnly
            || self.failed.contains(&id)
        {
            return Step::Done;
        }
        let mut tasks = Vec::new();
        for instance in &instances {
            let Some(change) = self.change_of(&instance.address).map(|change| change.change.clone()) else {
                continue;
            };
            tasks.extend(self.triggered_tasks(id, resource, instance, &change));
        }
        if tasks.is_empty() {
            return Step::Done;
        }
        let asking = ask_all(tasks, self.options.parallelism);
        Step::Waiting(asking.map(|(planned, problems)| NodeOutcome::Actions(planned, problems)).boxed())
    }

    /// Plans the actions that the end of an object triggers whose resource is still declared.
    pub(crate) async fn plan_end_triggers(&mut self, address: &ResourceInstanceAddress) {
        let tree = Arc::clone(&self.configuration.tree);
        let Some(module_instance) = self.evaluation.find_instance(&address.module) else { return };
        let module = self.evaluation.module_of(module_instance);
        let Some((position, resource)) = tree.module(module).resource(&address.resource) else { return };
        let declaration = terrane_language::config::Declaration::Resource(position);
        let Some(id) = self.configuration.graph.declaration(module, declaration) else { return };
        let Some(change) = self.change_of(address).map(|change| change.change.clone()) else { return };
        if resource.lifecycle.action_triggers.is_empty() {
            return;
        }
        let repetition = match &address.key {
            None => RepetitionValues::None,
            Some(InstanceKey::Int(index)) => RepetitionValues::Count(*index),
            // What the value was is not known any more.
            Some(InstanceKey::String(key)) => {
                RepetitionValues::Each { key: key.clone(), value: Value::dynamic() }
            }
        };
        let instance = Triggering { module_instance, repetition, address: address.clone() };
        let tasks = self.triggered_tasks(id, resource, &instance, &change);
        let (planned, problems) = ask_all(tasks, self.options.parallelism).await;
        self.note(id, problems);
        self.action_invocations.extend(planned);
    }

    fn triggered_tasks(
        &mut self,
        id: NodeId,
        resource: &Resource,
        instance: &Triggering,
        change: &Change,
    ) -> Vec<ActionTask> {
        let mut tasks = Vec::new();
        for (block, trigger) in resource.lifecycle.action_triggers.iter().enumerate() {
            let events: Vec<TriggerEvent> =
                trigger.events.iter().copied().filter(|event| causes(change.action, *event)).collect();
            if events.is_empty() || !self.may_hold(id, trigger, instance, change) {
                continue;
            }
            for event in events {
                for (position, triggered) in trigger.actions.iter().enumerate() {
                    let cause = TriggerCause {
                        resource: instance.address.clone(),
                        event,
                        block,
                        position,
                        on_failure: trigger.on_failure,
                    };
                    match self.triggered_task(instance, triggered, cause, change) {
                        Ok(task) => tasks.push(task),
                        Err(problems) => {
                            let about = format!("action trigger of {}", instance.address);
                            let about = |problem: Diagnostic| match problem.address {
                                Some(_) => problem,
                                None => problem.about(&about),
                            };
                            // A failure that was reported before has no messages of its own.
                            self.failed.insert(id);
                            self.note(id, problems.into_iter().map(about).collect());
                        }
                    }
                }
            }
        }
        tasks
    }

    /// Tells whether a trigger's condition holds, or may turn out to.
    fn may_hold(
        &mut self,
        id: NodeId,
        trigger: &ActionTrigger,
        instance: &Triggering,
        change: &Change,
    ) -> bool {
        let Some(condition) = &trigger.condition else { return true };
        let scope = self.evaluation.scope(instance.module_instance, instance.repetition.clone());
        let scope = scope.with_self(change.after.clone());
        match evaluate_condition(condition, &scope) {
            Ok(holds) => holds.unwrap_or(true),
            Err(problems) => {
                self.note_about(id, &instance.address, problems);
                false
            }
        }
    }

    fn triggered_task(
        &mut self,
        instance: &Triggering,
        triggered: &TriggeredAction,
        cause: TriggerCause,
        change: &Change,
    ) -> Result<ActionTask, Diagnostics> {
        let Self { configuration, providers, evaluation, action_expansions, .. } = self;
        let module = configuration.tree.module(evaluation.module_of(instance.module_instance));
        let Some((position, action)) = module.action(&triggered.address) else {
            return Err(Diagnostics::new());
        };
        let scope = evaluation.scope(instance.module_instance, instance.repetition.clone());
        let key = triggered_key(triggered, &scope)?;
        let module_instance = instance.module_instance;
        let place = ActionPlace { configuration, providers, evaluation, module_instance, position };
        let repetition = action_expansions.instance(&place, key.as_ref(), triggered.span)?;
        let caller = if cause.event.is_destroy() { &change.before } else { &change.after };
        let evaluated = evaluate_action(&place, &repetition, Some(caller.clone()))?;
        if cause.event.is_destroy() {
            check_destroy_config(&evaluated.config).map_err(|problem| problem.at(action.span))?;
        }
        Ok(ActionTask::new(evaluated, action, InvocationCause::Trigger(cause)))
    }
}

/// When an object goes, what its actions would refer to may be gone: everything has to be in the plan.
fn check_destroy_config(config: &Value) -> Result<(), Diagnostic> {
    if !config.is_wholly_known() {
        let detail = "Action configuration must be known to plan a destroy action.";
        return Err(Diagnostic::error("Unknown action config", detail));
    }
    if config.deep_marks().is_ephemeral() {
        let detail =
            "A destroy action configuration must be fully planned, and cannot contain ephemeral values.";
        return Err(Diagnostic::error("Action config contains ephemeral values", detail));
    }
    Ok(())
}
