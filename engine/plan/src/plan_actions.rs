//! Planning actions: asking providers about them, and those that the user asks for.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use terrane_language::config::action::Action;
use terrane_language::evaluate::{ModuleInstanceId, RepetitionValues};
use terrane_language::modules::ModuleId;
use terrane_model::{Diagnostic, Diagnostics, ResourceAddress, ResourceInstanceAddress, ResourceMode, Value};
use terrane_provider::{ActionRequest, Provider};

use crate::action_config::{ActionConfig, ActionPlace, evaluate_action, locate_in_action, without_ephemeral};
use crate::action_invocation::{ActionInvocation, InvocationCause};
use crate::dependency_graph::NodeId;
use crate::planner::{NodeOutcome, Planner, Step};

/// An invocation that its provider is still to be asked about.
pub(crate) struct ActionTask {
    pub(crate) invocation: ActionInvocation,
    provider: Arc<dyn Provider>,
    /// The configuration with what plans never hold.
    config: Value,
    action: Action,
}

impl ActionTask {
    /// Makes a task of an action that was evaluated.
    pub(crate) fn new(evaluated: ActionConfig, action: &Action, cause: InvocationCause) -> Self {
        let ActionConfig { address, provider, provider_config, config } = evaluated;
        let stored = without_ephemeral(&config);
        let invocation = ActionInvocation { address, provider_config, cause, config: stored };
        Self { invocation, provider, config, action: action.clone() }
    }

    async fn ask(self) -> (ActionInvocation, Diagnostics) {
        let type_name = self.action.address.action_type.clone();
        let request = ActionRequest { type_name, config: self.config.unmark_deep().0 };
        let problems = self.provider.plan_action(request).await;
        let problems = locate_in_action(&self.action, problems, &self.invocation.describe());
        (self.invocation, problems)
    }
}

/// Asks the providers of actions about them; returns those that can be invoked.
pub(crate) async fn ask_all(
    tasks: Vec<ActionTask>,
    parallelism: usize,
) -> (Vec<ActionInvocation>, Diagnostics) {
    let asked: Vec<_> = stream::iter(tasks).map(ActionTask::ask).buffered(parallelism.max(1)).collect().await;
    let mut invocations = Vec::with_capacity(asked.len());
    let mut diagnostics = Diagnostics::new();
    for (invocation, problems) in asked {
        if !problems.has_errors() {
            invocations.push(invocation);
        }
        diagnostics.extend(problems);
    }
    (invocations, diagnostics)
}

impl Planner {
    /// Finds the instances of an action, and plans to invoke them where that is what the run is for.
    pub(crate) fn start_action(&mut self, id: NodeId, module: ModuleId, position: usize) -> Step {
        let tree = Arc::clone(&self.configuration.tree);
        let action = &tree.module(module).actions[position];
        let mut tasks = Vec::new();
        for module_instance in self.evaluation.instances_of(module).to_vec() {
            let expansion = {
                let (expansion, problems) = self.expand_action(module_instance, position);
                self.note(id, problems);
                expansion
            };
            let Some(wanted) = self.options.invoke.clone() else { continue };
            if *self.evaluation.address_of(module_instance) != wanted.module
                || action.address != wanted.action
            {
                continue;
            }
            let mut repetitions = expansion.instances();
            repetitions.retain(|values| wanted.key.is_none() || values.key() == wanted.key);
            if repetitions.is_empty() {
                self.note(id, not_found(&wanted).at(action.span).into());
            }
            let callers =
                if action.uses_caller() { self.callers(id, module_instance, action) } else { vec![None] };
            for repetition in &repetitions {
                for caller in &callers {
                    tasks.extend(self.requested_task(id, (module_instance, position), repetition, caller));
                }
            }
        }
        if tasks.is_empty() || self.failed.contains(&id) {
            return Step::Done;
        }
        let parallelism = self.options.parallelism;
        let asking = ask_all(tasks, parallelism);
        Step::Waiting(asking.map(|(planned, problems)| NodeOutcome::Actions(planned, problems)).boxed())
    }

    pub(crate) fn expand_action(
        &mut self,
        module_instance: ModuleInstanceId,
        position: usize,
    ) -> (Arc<terrane_language::evaluate::Expansion>, Diagnostics) {
        let place = ActionPlace {
            configuration: &self.configuration,
            providers: &self.providers,
            evaluation: &self.evaluation,
            module_instance,
            position,
        };
        self.action_expansions.of(&place)
    }

    fn requested_task(
        &mut self,
        id: NodeId,
        (module_instance, position): (ModuleInstanceId, usize),
        repetition: &RepetitionValues,
        caller: &Option<(ResourceInstanceAddress, Value)>,
    ) -> Option<ActionTask> {
        let place = ActionPlace {
            configuration: &self.configuration,
            providers: &self.providers,
            evaluation: &self.evaluation,
            module_instance,
            position,
        };
        let action = place.action().clone();
        let value = caller.as_ref().map(|(_, value)| value.clone());
        let problem = match evaluate_action(&place, repetition, value) {
            Ok(evaluated) if evaluated.config.is_wholly_known() => {
                let caller = caller.as_ref().map(|(address, _)| address.clone());
                return Some(ActionTask::new(evaluated, &action, InvocationCause::Command { caller }));
            }
            Ok(evaluated) => partially_applied(&evaluated.address).at(action.span).into(),
            Err(problems) => problems,
        };
        let address = action.address.to_string();
        self.note(id, problem.into_iter().map(|problem: Diagnostic| problem.about(&address)).collect());
        None
    }

    /// Returns the objects that may invoke an action, as the state has them.
    fn callers(
        &mut self,
        id: NodeId,
        module_instance: ModuleInstanceId,
        action: &Action,
    ) -> Vec<Option<(ResourceInstanceAddress, Value)>> {
        let tree = Arc::clone(&self.configuration.tree);
        let declared = tree.module(self.evaluation.module_of(module_instance));
        let module = self.evaluation.address_of(module_instance).clone();
        let resources = declared.resources.iter().filter(|resource| resource.triggers(&action.address));
        let wanted: Vec<&ResourceAddress> = resources.map(|resource| &resource.address).collect();
        let targets = &self.options.targets;
        let existing = self.state.objects().filter_map(|(address, deposed, resource, _)| {
            let is_current = deposed.is_none() && address.resource.mode == ResourceMode::Managed;
            let is_caller = address.module == module && wanted.contains(&&address.resource);
            let is_wanted = targets.is_empty() || targets.iter().any(|target| target.covers(&address));
            (is_current && is_caller && is_wanted)
                .then(|| (address, resource.provider_config.provider.clone()))
        });
        let existing: Vec<_> = existing.collect();
        let missing =
            wanted.iter().find(|wanted| !existing.iter().any(|(address, _)| address.resource == ***wanted));
        if let Some(missing) = missing.filter(|_| targets.is_empty()) {
            let detail = format!(
                "Caller {missing} not found for action {}. The resource instance calling the action has not yet been created. \
                 Please run a complete plan/apply cycle to ensure the state matches the configuration before using the -invoke \
                 argument.",
                action.address
            );
            let error = Diagnostic::error("Partially applied configuration", detail);
            self.note(id, error.at(action.span).into());
        }
        let callers = existing.into_iter().filter_map(|(address, source)| {
            let schema = self.providers.resource_schema(&source, &address.resource.resource_type)?;
            let prior = self.prior.get(&(address.clone(), None))?;
            Some(Some((address, prior.marked(&schema.schema))))
        });
        callers.collect()
    }

    /// Says that there is no such action, where the graph has nothing that could.
    pub(crate) fn check_requested_action(&mut self) {
        let Some(wanted) = self.options.invoke.clone() else { return };
        let tree = &self.configuration.tree;
        let module = tree.find(&wanted.module.path());
        let is_declared = module.is_some_and(|module| tree.module(module).action(&wanted.action).is_some());
        if !is_declared {
            self.diagnostics.push(not_found(&wanted));
        }
    }
}

fn not_found(address: &terrane_model::ActionInstanceAddress) -> Diagnostic {
    let detail = format!("The configuration has no {address} that could be invoked.");
    Diagnostic::error(format!("Invoke target {address} not found"), detail)
}

fn partially_applied(address: &terrane_model::ActionInstanceAddress) -> Diagnostic {
    let detail = format!(
        "The action {address} contains unknown values while planning. This means it is referencing resources that have not yet \
         been created, please run a complete plan/apply cycle to ensure the state matches the configuration before using the \
         -invoke argument."
    );
    Diagnostic::error("Partially applied configuration", detail)
}
