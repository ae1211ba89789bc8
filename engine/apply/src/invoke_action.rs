//! Invoking actions: those that changes of objects trigger, and those that the user has asked for.

use std::sync::Arc;

use futures_util::FutureExt;
use terrane_language::config::action::{Action, OnFailure, TriggerEvent};
use terrane_language::evaluate::RepetitionValues;
use terrane_language::modules::ModuleId;
use terrane_model::{Diagnostic, Diagnostics, Severity, Value};
use terrane_plan::complete_resource::whole_value;
use terrane_plan::{
    ActionInvocation, ActionPlace, NodeId, PlanMode, TriggerCause, evaluate_action, evaluate_condition,
    locate_in_action, operations,
};
use terrane_provider::{ActionRequest, Progress, ProgressUpdate, Provider};
use terrane_state::ObjectStatus;

use crate::events::{ApplyEvent, EventSink};
use crate::executor::{Executor, Outcome, Step};

/// What came of invoking an action.
pub(crate) struct Invoked {
    position: usize,
    diagnostics: Diagnostics,
}

/// Tells the run what the provider says about an action.
struct ActionProgress {
    position: usize,
    plan: Arc<terrane_plan::Plan>,
    events: Arc<dyn EventSink>,
}

impl Progress for ActionProgress {
    fn report(&self, update: ProgressUpdate) {
        let invocation = &self.plan.action_invocations[self.position];
        self.events.event(ApplyEvent::ActionProgress { invocation, message: &update.phase });
    }
}

/// What an action is invoked with.
struct Ready {
    provider: Arc<dyn Provider>,
    config: Value,
}

/// Why an action is not invoked.
enum NotReady {
    /// Its condition does not hold.
    Unwanted,
    /// Something is wrong.
    Failed(Diagnostics),
}

impl From<Diagnostics> for NotReady {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Failed(diagnostics)
    }
}

impl Executor {
    /// Evaluates what an action is invoked with, and lets its provider act.
    pub(crate) fn start_invoke(&mut self, position: usize) -> Step {
        let plan = Arc::clone(&self.plan);
        let invocation = &plan.action_invocations[position];
        let ready = match self.prepare_invocation(invocation) {
            Ok(ready) => ready,
            Err(NotReady::Unwanted) => return Step::Done,
            Err(NotReady::Failed(problems)) => {
                let about = invocation.describe();
                let about = |problem: Diagnostic| match problem.address {
                    Some(_) => problem,
                    None => problem.about(&about),
                };
                self.note(problems.into_iter().map(about).collect());
                return self.failed_invocation(invocation);
            }
        };
        self.events.event(ApplyEvent::ActionStarted { invocation });
        let progress = ActionProgress { position, plan: Arc::clone(&plan), events: Arc::clone(&self.events) };
        let type_name = invocation.address.action.action_type.clone();
        let request = ActionRequest { type_name, config: ready.config.unmark_deep().0 };
        let invoking = async move {
            let diagnostics = ready.provider.invoke_action(request, &progress).await;
            Outcome::Invoked(Invoked { position, diagnostics })
        };
        Step::Waiting(invoking.boxed())
    }

    fn prepare_invocation(&mut self, invocation: &ActionInvocation) -> Result<Ready, NotReady> {
        let provider = self.invocation_provider(invocation)?;
        let trigger = match invocation.trigger() {
            // What an object's end triggers is wholly in the plan: what it refers to may be gone.
            Some(trigger) if trigger.event.is_destroy() => {
                return Ok(Ready { provider, config: invocation.config.clone() });
            }
            trigger => trigger,
        };
        let caller = self.caller_value(invocation);
        if let Some(trigger) = trigger {
            self.see_whole_resource(invocation, trigger);
            if !self.condition_holds(trigger, caller.as_ref())? {
                return Err(NotReady::Unwanted);
            }
        }
        let Some((module, position)) = self.action_at(invocation) else {
            let detail = "The configuration does not declare the action any more. Make a new plan.";
            let error = Diagnostic::error("Planned action is not declared", detail);
            return Err(NotReady::Failed(error.into()));
        };
        let span = self.configuration.tree.module(module).actions[position].span;
        let Some(module_instance) = self.evaluation.find_instance(&invocation.address.module) else {
            return Err(NotReady::Failed(Diagnostics::new()));
        };
        let Self { configuration, providers, evaluation, action_expansions, .. } = self;
        let place = ActionPlace { configuration, providers, evaluation, module_instance, position };
        let repetition = action_expansions.instance(&place, invocation.address.key.as_ref(), span)?;
        let config = evaluate_action(&place, &repetition, caller)?.config;
        if !config.is_wholly_known() {
            let detail = format!(
                "The action {} was not fully known during apply. This may be caused by using the caller object in conjunction \
                 with a before event.",
                invocation.address
            );
            let error = Diagnostic::error("Action configuration unknown during apply", detail);
            return Err(NotReady::Failed(error.at(span).into()));
        }
        Ok(Ready { provider, config })
    }

    fn invocation_provider(&self, invocation: &ActionInvocation) -> Result<Arc<dyn Provider>, Diagnostics> {
        let address = &invocation.provider_config;
        let id = self.configuration.provider_configs.by_address(address);
        let found = id.and_then(|id| self.providers.configured(&(id, address.key.clone())));
        found.cloned().ok_or_else(|| {
            let detail = format!(
                "The provider configuration {address} that carries out {} is not available.",
                invocation.address
            );
            Diagnostic::error("Provider configuration not present", detail).into()
        })
    }

    fn action_at(&self, invocation: &ActionInvocation) -> Option<(ModuleId, usize)> {
        let tree = &self.configuration.tree;
        let module = tree.find(&invocation.address.module.path())?;
        let (position, _) = tree.module(module).action(&invocation.address.action)?;
        Some((module, position))
    }

    fn action_of(&self, invocation: &ActionInvocation) -> Option<Action> {
        let (module, position) = self.action_at(invocation)?;
        Some(self.configuration.tree.module(module).actions[position].clone())
    }

    /// Returns the object that invokes an action: as it is, or as it is planned before its change.
    fn caller_value(&self, invocation: &ActionInvocation) -> Option<Value> {
        let address = invocation.caller()?;
        let is_before = invocation.trigger().is_some_and(|trigger| trigger.event.is_before());
        if is_before {
            return self.plan.change_of(address).map(|change| change.change.after.clone());
        }
        if invocation.trigger().is_none() {
            // Nothing changes: the object is what the state has.
            let key = (address.clone(), None);
            let source = &self.store.snapshot().resources.get(&address.resource())?.provider_config.provider;
            let schema = self.providers.resource_schema(source, &address.resource.resource_type)?;
            return Some(self.prior.get(&key)?.marked(&schema.schema));
        }
        let (node, _) = self.resource_node(address)?;
        self.resources.get(&node)?.instances.get(address)?.value.clone()
    }

    fn resource_node(&self, address: &terrane_model::ResourceInstanceAddress) -> Option<(NodeId, ModuleId)> {
        let tree = &self.configuration.tree;
        let module = tree.find(&address.module.path())?;
        let (position, _) = tree.module(module).resource(&address.resource)?;
        let declaration = terrane_language::config::Declaration::Resource(position);
        self.configuration.graph.declaration(module, declaration).map(|node| (node, module))
    }

    fn condition_holds(&mut self, trigger: &TriggerCause, own: Option<&Value>) -> Result<bool, Diagnostics> {
        let tree = Arc::clone(&self.configuration.tree);
        let Some((node, module)) = self.resource_node(&trigger.resource) else { return Ok(true) };
        let Some((_, resource)) = tree.module(module).resource(&trigger.resource.resource) else {
            return Ok(true);
        };
        let block = resource.lifecycle.action_triggers.get(trigger.block);
        let Some(condition) = block.and_then(|block| block.condition.as_ref()) else { return Ok(true) };
        let instance = self.resources.get(&node).and_then(|run| run.instances.get(&trigger.resource));
        let Some(instance) = instance else { return Ok(true) };
        let scope = self.evaluation.scope(instance.module_instance, instance.repetition.clone());
        let scope = scope.with_self(own.cloned().unwrap_or_else(Value::dynamic));
        evaluate_condition(condition, &scope)?.ok_or_else(|| {
            let detail = "The action trigger condition must be known before it can be invoked.";
            let summary = "Unknown condition when invoking action before apply";
            Diagnostic::error(summary, detail).at(condition.span).into()
        })
    }

    /// Gives the resource that triggers an action its value where the action looks at it as a whole: what is planned before
    /// the changes, and what has come of them afterwards.
    fn see_whole_resource(&mut self, invocation: &ActionInvocation, trigger: &TriggerCause) {
        if !operations::names_resource(&self.configuration, invocation, &trigger.resource) {
            return;
        }
        let Some((node, _)) = self.resource_node(&trigger.resource) else { return };
        let Some(run) = self.resources.get_mut(&node) else { return };
        let is_before = trigger.event.is_before();
        if run.seen_whole == Some(is_before) {
            return;
        }
        run.seen_whole = Some(is_before);
        let Some(run) = self.resources.get(&node) else { return };
        let position = run.position;
        let mut values = Vec::with_capacity(run.expansions.len());
        for (module_instance, expansion) in &run.expansions {
            let own = run.order.iter().filter_map(|address| {
                let instance = run.instances.get(address)?;
                let planned = self.plan.change_of(address).map(|change| &change.change.after);
                let planned = planned.filter(|planned| !planned.is_null() && !instance.is_touched);
                let value = match (&instance.value, planned) {
                    (_, Some(planned)) => Some(planned.clone()),
                    (value, _) => value.clone(),
                };
                (instance.module_instance == *module_instance)
                    .then(|| (instance.repetition.clone(), value.unwrap_or_else(Value::dynamic)))
            });
            let own: Vec<(RepetitionValues, Value)> = own.collect();
            values.push((*module_instance, whole_value(expansion, own)));
        }
        for (module_instance, value) in values {
            self.evaluation.set_resource(module_instance, position, value);
        }
    }

    /// Decides what becomes of the run when an action has ended.
    pub(crate) fn complete_invoke(&mut self, invoked: Invoked) -> Step {
        let plan = Arc::clone(&self.plan);
        let invocation = &plan.action_invocations[invoked.position];
        let diagnostics = match self.action_of(invocation) {
            Some(action) => locate_in_action(&action, invoked.diagnostics, &invocation.describe()),
            None => invoked.diagnostics,
        };
        let error = diagnostics.iter().find(|problem| problem.is_error());
        let error = error.map(|error| format!("{}: {}", error.summary, error.detail));
        self.events.event(ApplyEvent::ActionEnded { invocation, error: error.as_deref() });
        if error.is_none() {
            self.note(diagnostics);
            return Step::Done;
        }
        // Nothing may keep a whole destruction from coming to its end.
        let is_destroying =
            self.plan.mode == PlanMode::Destroy && invocation.trigger().is_some_and(|t| t.event.is_destroy());
        let goes_on = invocation.trigger().is_some_and(|trigger| trigger.on_failure == OnFailure::Continue);
        if goes_on || is_destroying {
            let warnings = diagnostics.into_iter().map(|mut problem| {
                problem.severity = Severity::Warning;
                problem
            });
            self.note(warnings.collect());
            return Step::Done;
        }
        self.note(diagnostics);
        self.failed_invocation(invocation)
    }

    /// A new object whose action has failed is made anew next time, where its trigger says so.
    fn failed_invocation(&mut self, invocation: &ActionInvocation) -> Step {
        let Some(trigger) = invocation.trigger() else { return Step::Failed };
        if trigger.on_failure != OnFailure::Taint || trigger.event != TriggerEvent::AfterCreate {
            return Step::Failed;
        }
        let stored =
            self.store.snapshot().instance(&trigger.resource).and_then(|found| found.current.clone());
        let plan = Arc::clone(&self.plan);
        let change = plan.change_of(&trigger.resource);
        if let (Some(stored), Some(change)) = (stored, change) {
            let mut tainted = (*stored).clone();
            tainted.status = ObjectStatus::Tainted;
            let (address, provider_config) = (change.address.clone(), change.provider_config.clone());
            if let Err(error) = self.store.change(address, None, provider_config, Some(Arc::new(tainted))) {
                self.note_journal_error(&error);
            }
        }
        Step::Failed
    }
}
