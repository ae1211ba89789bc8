//! Creating and updating objects.

use std::sync::Arc;

use futures_util::FutureExt;
use terrane_language::evaluate::{Evaluator, decode_block, locate};
use terrane_model::{Diagnostic, Diagnostics, Marks, ResourceInstanceAddress, Schema, Span, Str, Value};
use terrane_plan::prior_objects::PriorObject;
use terrane_plan::propose_new::propose_new;
use terrane_plan::provider_contract::{check_applied, check_plan};
use terrane_plan::{Action, NodeId, ResourceChange};
use terrane_provider::{
    ActionKind, ApplyRequest, Effects, PlanRequest, Private, Progress, ProgressUpdate, Provider,
};
use terrane_state::{JournalError, Ticket};
use tokio::sync::oneshot;

use crate::events::{ApplyEvent, EventSink};
use crate::executor::{Executor, Outcome, Step};

/// One object to create or update.
pub(crate) struct InstanceWork {
    /// Position of the change in the plan.
    pub(crate) position: usize,
    pub(crate) node: NodeId,
    pub(crate) address: ResourceInstanceAddress,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) provider_name: String,
    pub(crate) type_name: Str,
    pub(crate) schema: Schema,
    /// The configuration with what is known now, with marks.
    pub(crate) config: Value,
    /// The object that is updated; nothing when one is created.
    pub(crate) prior: Option<PriorObject>,
    /// What was promised, with marks.
    pub(crate) planned: Value,
    pub(crate) planned_private: Private,
    pub(crate) span: Span,
}

impl InstanceWork {
    pub(crate) fn action(&self) -> Action {
        if self.prior.is_some() { Action::Update } else { Action::Create }
    }
}

/// The provider's last word on an object before it acts.
pub(crate) struct FinalPlan {
    /// The object as it will be, without marks.
    pub(crate) planned: Value,
    pub(crate) private: Private,
    pub(crate) identity: Option<Value>,
}

/// What came of creating or updating an object.
pub(crate) struct Applied {
    pub(crate) work: InstanceWork,
    pub(crate) ticket: Option<Ticket>,
    /// The object as it is now, without marks; null when there is none.
    pub(crate) new_state: Value,
    pub(crate) private: Private,
    pub(crate) identity: Option<Value>,
    pub(crate) diagnostics: Diagnostics,
}

/// What came of running the provisioners of a new object.
pub(crate) struct Provisioned {
    pub(crate) work: InstanceWork,
    pub(crate) object: PriorObject,
    pub(crate) diagnostics: Diagnostics,
}

/// Tells the run what the provider says about an object.
pub(crate) struct ObjectProgress {
    address: ResourceInstanceAddress,
    events: Arc<dyn EventSink>,
}

impl ObjectProgress {
    pub(crate) fn new(address: &ResourceInstanceAddress, events: &Arc<dyn EventSink>) -> Self {
        Self { address: address.clone(), events: Arc::clone(events) }
    }
}

impl Progress for ObjectProgress {
    fn report(&self, update: ProgressUpdate) {
        self.events.event(ApplyEvent::Progress { address: &self.address, update });
    }
}

impl Executor {
    /// Finishes evaluating the configuration of an object and asks for the final plan.
    pub(crate) fn start_apply(&mut self, position: usize) -> Step {
        let plan = Arc::clone(&self.plan);
        let change = &plan.resource_changes[position];
        if change.change.action == Action::Read {
            return self.start_read(position);
        }
        let Some(work) = self.prepare(position, change) else { return Step::Failed };
        let future = async move {
            let result = finalize(&work).await;
            Outcome::Final(Box::new(work), result)
        };
        Step::Waiting(future.boxed())
    }

    fn prepare(&mut self, position: usize, change: &ResourceChange) -> Option<InstanceWork> {
        let node = self.node_of(change)?;
        let tree = Arc::clone(&self.configuration.tree);
        let (module, resource_position) = self.resource_at(node)?;
        let resource = &tree.module(module).resources[resource_position];
        let run = self.resources.get(&node)?;
        let schema = run.schema.clone();
        let Some(instance) = run.instances.get(&change.address).cloned() else {
            self.diagnostics.push(vanished_instance(change));
            return None;
        };
        if !self.check_preconditions(
            resource,
            &change.address,
            instance.module_instance,
            &instance.repetition,
        ) {
            return None;
        }
        let scope = self.evaluation.scope(instance.module_instance, instance.repetition.clone());
        let mut evaluator = Evaluator::new(&scope);
        let config = decode_block(&mut evaluator, &resource.body, &schema.block);
        let problems = evaluator.diagnostics;
        if !self.note(
            problems.into_iter().map(|problem| crate::evaluate::about(problem, &change.address)).collect(),
        ) {
            return None;
        }
        let prior = self.prior.get(&(change.address.clone(), None)).cloned();
        let (plain, marks) = config.split_marks();
        let plain = terrane_plan::apply_ignore_changes(
            &resource.lifecycle.ignore_changes,
            prior.as_ref().map_or(&Value::dynamic_null(), |prior| &prior.value),
            &plain,
            &schema.block,
        );
        let config = plain.with_marks_at(&marks);
        let provider = self.provider_for(change)?;
        let is_replace = change.change.action.is_replace();
        Some(InstanceWork {
            position,
            node,
            address: change.address.clone(),
            provider,
            provider_name: change.provider_config.to_string(),
            type_name: change.address.resource.resource_type.clone(),
            schema,
            config,
            prior: prior.filter(|_| change.change.action == Action::Update && !is_replace),
            planned: change.change.after.clone(),
            planned_private: change.private.clone(),
            span: resource.span,
        })
    }

    /// Returns the provider that carries out a change.
    pub(crate) fn provider_for(&mut self, change: &ResourceChange) -> Option<Arc<dyn Provider>> {
        let id = self.configuration.provider_configs.by_address(&change.provider_config);
        let key = change.provider_config.key.as_ref();
        let provider =
            id.and_then(|id| self.providers.provider_of(&(id, key.cloned()), &change.address).cloned());
        if provider.is_none() {
            let detail = format!(
                "The provider configuration {} that manages {} is not available.",
                change.provider_config, change.address
            );
            self.diagnostics
                .push(Diagnostic::error("Provider configuration not present", detail).about(&change.address));
        }
        provider
    }

    /// Journals the intent and lets the provider act once that is on disk.
    pub(crate) fn act(&mut self, work: InstanceWork, result: Result<FinalPlan, Diagnostics>) -> Step {
        let final_plan = match result {
            Ok(final_plan) => final_plan,
            Err(problems) => {
                let located = locate_all(problems, &self.body_of(&work), work.span, &work.address);
                self.note(located);
                return Step::Failed;
            }
        };
        let plan = Arc::clone(&self.plan);
        let change = &plan.resource_changes[work.position];
        if change.change.action == Action::CreateThenDelete
            || change.change.action == Action::CreateThenForget
        {
            let key = Self::new_deposed_key();
            if let Err(error) = self.store.depose(work.address.clone(), key.clone()) {
                self.note_journal_error(&error);
                return Step::Failed;
            }
            self.deposed_keys.insert(work.position, key);
        }
        let has_effects = work.provider.effects(&work.type_name) == Effects::Remote;
        let mut ticket = None;
        let mut durable = None;
        if has_effects {
            let (sender, receiver) = oneshot::channel();
            match self.store.begin(self.intent(&work, &final_plan), move |result| drop(sender.send(result))) {
                Ok(begun) => ticket = Some(begun),
                Err(error) => {
                    self.note_journal_error(&error);
                    return Step::Failed;
                }
            }
            durable = Some(receiver);
        }
        let action = work.action();
        let kind = if action == Action::Create { ActionKind::Create } else { ActionKind::Update };
        let expected = work.provider.expected_duration(&work.type_name, kind);
        self.events.event(ApplyEvent::Started { change, action, deposed: None, expected });
        let progress = ObjectProgress::new(&work.address, &self.events);
        Step::Waiting(
            carry_out(work, final_plan, ticket, durable, progress)
                .map(|applied| Outcome::Applied(Box::new(applied)))
                .boxed(),
        )
    }

    pub(crate) fn body_of(&self, work: &InstanceWork) -> Option<terrane_language::syntax::ConfigBody> {
        let (module, position) = self.resource_at(work.node)?;
        Some(self.configuration.tree.module(module).resources[position].body.clone())
    }
}

fn vanished_instance(change: &ResourceChange) -> Diagnostic {
    let detail = format!(
        "The plan has {} but the configuration, with what is known now, does not declare it any more. Make a new plan.",
        change.address
    );
    Diagnostic::error("Planned object is not declared", detail).about(&change.address)
}

/// Asks the provider for the final plan where the first one left something open.
async fn finalize(work: &InstanceWork) -> Result<FinalPlan, Diagnostics> {
    let (promised, _) = work.planned.clone().unmark_deep();
    if promised.is_wholly_known() {
        return Ok(FinalPlan { planned: promised, private: work.planned_private.clone(), identity: None });
    }
    let (config, _) = work.config.clone().unmark_deep();
    let block = &work.schema.block;
    let prior =
        work.prior.as_ref().map_or_else(|| Value::Null(block.implied_type().clone()), |p| p.value.clone());
    let request = PlanRequest {
        type_name: work.type_name.clone(),
        proposed_new_state: propose_new(block, &prior, &config),
        prior_private: work.prior.as_ref().map(|prior| prior.private.clone()).unwrap_or_default(),
        prior_identity: work.prior.as_ref().and_then(|prior| prior.identity.clone()),
        prior_state: prior.clone(),
        config: config.clone(),
        provider_meta: Value::dynamic_null(),
    };
    let response = work.provider.plan_resource_change(request).await;
    if response.diagnostics.has_errors() {
        return Err(response.diagnostics);
    }
    if !response.legacy_type_system {
        let violations: Vec<String> = check_plan(block, &prior, &config, &response.planned_state)
            .into_iter()
            .chain(check_final(&promised, &response.planned_state))
            .map(|violation| format!("  - {}: {}", violation.path, violation.message))
            .collect();
        if !violations.is_empty() {
            let detail = format!(
                "When expanding the plan for {} to include new values learned so far during apply, provider {} produced an \
                 invalid new value:\n{}\n\nThis is a bug in the provider, which should be reported in the provider's own \
                 issue tracker.",
                work.address,
                work.provider_name,
                violations.join("\n")
            );
            return Err(Diagnostic::error("Provider produced inconsistent final plan", detail).into());
        }
    }
    Ok(FinalPlan {
        planned: response.planned_state,
        private: response.planned_private,
        identity: response.planned_identity,
    })
}

/// The final plan may fill in what was open, and change nothing else; what it leaves open is not held against it.
fn check_final(promised: &Value, planned: &Value) -> Vec<terrane_plan::provider_contract::Violation> {
    let violations = check_applied(promised, planned);
    violations.into_iter().filter(|violation| violation.message != "is still unknown after apply").collect()
}

async fn carry_out(
    work: InstanceWork,
    final_plan: FinalPlan,
    ticket: Option<Ticket>,
    durable: Option<oneshot::Receiver<Result<(), JournalError>>>,
    progress: ObjectProgress,
) -> Applied {
    let block = &work.schema.block;
    let nothing = Value::Null(block.implied_type().clone());
    let prior = work.prior.as_ref().map_or(nothing, |prior| prior.value.clone());
    if let Some(durable) = durable {
        let refused = match durable.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("the journal was closed".to_owned()),
        };
        if let Some(reason) = refused {
            let detail = format!(
                "{} was not touched, since the intent could not be recorded: {reason}.",
                work.address
            );
            let diagnostics = Diagnostic::error("Failed to record the state", detail).into();
            let private = work.prior.as_ref().map(|prior| prior.private.clone()).unwrap_or_default();
            return Applied { work, ticket, new_state: prior, private, identity: None, diagnostics };
        }
    }
    let (config, _) = work.config.clone().unmark_deep();
    let request = ApplyRequest {
        type_name: work.type_name.clone(),
        prior_state: prior,
        planned_state: final_plan.planned.clone(),
        config,
        planned_private: final_plan.private,
        provider_meta: Value::dynamic_null(),
        planned_identity: final_plan.identity,
    };
    let response = work.provider.apply_resource_change(request, &progress).await;
    let mut diagnostics = response.diagnostics;
    if !diagnostics.has_errors() && !response.legacy_type_system {
        diagnostics.extend(check_result(&work, &final_plan.planned, &response.new_state));
    }
    let new_state = known_parts(&response.new_state, &mut diagnostics, &work);
    Applied {
        work,
        ticket,
        new_state,
        private: response.private,
        identity: response.new_identity,
        diagnostics,
    }
}

fn check_result(work: &InstanceWork, planned: &Value, actual: &Value) -> Option<Diagnostic> {
    let violations: Vec<String> = check_applied(planned, actual)
        .into_iter()
        .map(|violation| format!("  - {}: {}", violation.path, violation.message))
        .collect();
    if violations.is_empty() {
        return None;
    }
    let detail = format!(
        "When applying changes to {}, provider {} produced an unexpected new value:\n{}\n\nThis is a bug in the provider, \
         which should be reported in the provider's own issue tracker.",
        work.address,
        work.provider_name,
        violations.join("\n")
    );
    Some(Diagnostic::error("Provider produced inconsistent result after apply", detail))
}

/// States cannot hold unknown values: what a provider leaves open after all becomes null, and is an error.
fn known_parts(value: &Value, diagnostics: &mut Diagnostics, work: &InstanceWork) -> Value {
    let (value, _) = value.clone().unmark_deep();
    if value.is_wholly_known() {
        return value;
    }
    if !diagnostics.has_errors() {
        let detail = format!(
            "After applying changes to {}, provider {} left values unknown. This is a bug in the provider.",
            work.address, work.provider_name
        );
        diagnostics.push(Diagnostic::error("Provider returned invalid result object after apply", detail));
    }
    value.map_leaves_first(&mut |part| match part {
        Value::Unknown(unknown) => Value::Null(unknown.ty.clone()),
        other => other,
    })
}

/// Gives messages of a provider their places.
pub(crate) fn locate_all(
    diagnostics: Diagnostics,
    body: &Option<terrane_language::syntax::ConfigBody>,
    span: Span,
    address: &ResourceInstanceAddress,
) -> Diagnostics {
    let placed = diagnostics.into_iter().map(|diagnostic| {
        let found = diagnostic.attribute.as_ref().and_then(|path| locate(body.as_ref()?, path));
        let has_place = diagnostic.subject.is_some();
        let diagnostic = if has_place { diagnostic } else { diagnostic.at(found.unwrap_or(span)) };
        crate::evaluate::about(diagnostic, address)
    });
    placed.collect()
}

/// Returns the marks that a new object takes over from its configuration, for the state.
pub(crate) fn stored_marks(config: &Value) -> Vec<(terrane_model::AttributePath, Marks)> {
    let (_, marks) = config.split_marks();
    marks
        .into_iter()
        .map(|(path, marks)| (path, marks.without(Marks::EPHEMERAL)))
        .filter(|(_, marks)| !marks.is_empty())
        .collect()
}
