//! Destroying objects, and letting go of them.

use std::sync::Arc;

use futures_util::FutureExt;
use terrane_language::evaluate::ObjectScope;
use terrane_model::{Diagnostic, Diagnostics, Schema, Value};
use terrane_plan::prior_objects::PriorObject;
use terrane_plan::{Action, ResourceChange};
use terrane_provider::{ActionKind, ApplyRequest, Effects, Private, Provider};
use terrane_state::{Change, DeposedKey, Intent, JournalError, Operation, Outcome as Ended, Ticket};
use tokio::sync::oneshot;

use crate::apply_instance::ObjectProgress;
use crate::evaluate::about;
use crate::events::ApplyEvent;
use crate::executor::{Executor, Outcome, Step};
use crate::provision::{Prepared, run_provisioners};

/// One object to destroy.
pub(crate) struct DestroyWork {
    position: usize,
    deposed: Option<DeposedKey>,
    provider: Arc<dyn Provider>,
    schema: Schema,
    prior: PriorObject,
    private: Private,
}

/// What came of destroying an object.
pub(crate) struct Destroyed {
    work: DestroyWork,
    ticket: Option<Ticket>,
    /// The object as it is now, without marks; null when it is gone.
    new_state: Value,
    private: Private,
    diagnostics: Diagnostics,
}

impl Executor {
    pub(crate) fn start_destroy(&mut self, position: usize) -> Step {
        let plan = Arc::clone(&self.plan);
        let change = &plan.resource_changes[position];
        let deposed = change.deposed.clone().or_else(|| self.deposed_keys.get(&position).cloned());
        let stored_key = (change.address.clone(), change.deposed.clone());
        // Gone already: nothing is left to do.
        let Some(prior) = self.prior.get(&stored_key).cloned() else { return Step::Done };
        if let Some(step) = self.hold_falling(position) {
            return step;
        }
        let Some(provider) = self.provider_for(change) else { return Step::Failed };
        let source = &change.provider_config.provider;
        let resource_type = &change.address.resource.resource_type;
        let Some(schema) = self.providers.resource_schema(source, resource_type).map(|s| s.schema.clone())
        else {
            return Step::Failed;
        };
        let private = if change.private.is_empty() || change.change.action != Action::Delete {
            prior.private.clone()
        } else {
            change.private.clone()
        };
        let work = DestroyWork { position, deposed, provider, schema, prior, private };
        let expected = work.provider.expected_duration(resource_type, ActionKind::Delete);
        let (action, deposed) = (Action::Delete, work.deposed.as_ref());
        self.events.event(ApplyEvent::Started { change, action, deposed, expected });
        let (steps, problems) = self.farewell_steps(change, &work);
        if problems.has_errors() {
            return self.complete_farewell(work, problems);
        }
        if steps.is_empty() {
            return self.begin_destroy(work);
        }
        let (events, cancellation) = (Arc::clone(&self.events), self.cancellation.clone());
        let run = run_provisioners(steps, change.address.clone(), events, cancellation);
        Step::Waiting(run.map(|problems| Outcome::BeforeDestroy(Box::new(work), problems)).boxed())
    }

    /// Gets ready what is to be run before an object goes. Nothing is run on what is only half made, nor on what was
    /// replaced already.
    fn farewell_steps(&self, change: &ResourceChange, work: &DestroyWork) -> (Vec<Prepared>, Diagnostics) {
        if work.deposed.is_some() || work.prior.tainted {
            return (Vec::new(), Diagnostics::new());
        }
        let tree = &self.configuration.tree;
        let path = change.address.module.path();
        let declared = tree.find(&path).map(|module| tree.module(module));
        let resource = declared.and_then(|module| module.resource(&change.address.resource));
        let removed = self.removals.block(&change.address).map(|(module, position)| {
            let module = tree.module(module);
            (module, &module.removed[position])
        });
        let (blocks, connection, directory) = match (declared, resource, removed) {
            (Some(module), Some((_, resource)), _) => {
                (&resource.provisioners, resource.connection.as_ref(), &module.directory)
            }
            (_, _, Some((module, removed))) => {
                (&removed.provisioners, removed.connection.as_ref(), &module.directory)
            }
            _ => return (Vec::new(), Diagnostics::new()),
        };
        let scope = ObjectScope {
            surroundings: &self.evaluation.surroundings,
            object: work.prior.marked(&work.schema),
            key: change.address.key.clone(),
            module_directory: directory.clone(),
            root_directory: tree.root().directory.clone(),
        };
        self.prepare_provisioners(blocks, true, connection, &scope)
    }

    /// Goes on to destroy an object when what had to run before has run.
    pub(crate) fn complete_farewell(&mut self, work: DestroyWork, problems: Diagnostics) -> Step {
        let plan = Arc::clone(&self.plan);
        let change = &plan.resource_changes[work.position];
        if self.note(problems.into_iter().map(|problem| about(problem, &change.address)).collect()) {
            return self.begin_destroy(work);
        }
        self.events.event(ApplyEvent::Failed { change, action: Action::Delete });
        Step::Failed
    }

    /// Journals the intent and lets the provider destroy the object once that is on disk.
    fn begin_destroy(&mut self, work: DestroyWork) -> Step {
        let plan = Arc::clone(&self.plan);
        let change = &plan.resource_changes[work.position];
        let resource_type = &change.address.resource.resource_type;
        let mut ticket = None;
        let mut durable = None;
        if work.provider.effects(resource_type) == Effects::Remote {
            let (sender, receiver) = oneshot::channel();
            let intent = Intent {
                operation: Operation::Delete,
                address: change.address.clone(),
                deposed: work.deposed.clone(),
                provider_config: change.provider_config.clone(),
                import_id: None,
                planned: None,
            };
            match self.store.begin(intent, move |result| drop(sender.send(result))) {
                Ok(begun) => ticket = Some(begun),
                Err(error) => {
                    self.note_journal_error(&error);
                    return Step::Failed;
                }
            }
            durable = Some(receiver);
        }
        self.announce_falling(work.position, &work.provider);
        let type_name = resource_type.clone();
        let progress = ObjectProgress::new(&change.address, &self.events);
        let work = destroy(work, type_name, ticket, durable, progress);
        Step::Waiting(work.map(|done| Outcome::Destroyed(Box::new(done))).boxed())
    }

    pub(crate) fn complete_destroy(&mut self, destroyed: Destroyed) -> Step {
        let plan = Arc::clone(&self.plan);
        let Destroyed { work, ticket, new_state, private, diagnostics } = destroyed;
        let change = &plan.resource_changes[work.position];
        let mut failed = diagnostics.has_errors();
        self.note(diagnostics.into_iter().map(|problem| about(problem, &change.address)).collect());
        if !failed && !new_state.is_null() {
            let detail = format!(
                "The provider reported that {} was destroyed, but says that it still exists. This is a bug in the provider.",
                change.address
            );
            self.diagnostics
                .push(Diagnostic::error("Provider returned invalid result object after apply", detail));
            failed = true;
        }
        let remaining = failed.then(|| {
            let value = if new_state.is_null() { work.prior.value.clone() } else { new_state };
            let object = PriorObject { value, private, ..work.prior.clone() };
            object.to_state(&work.schema).ok().map(Arc::new)
        });
        let outcome = match remaining {
            Some(Some(object)) => Change::Set(object),
            Some(None) => Change::Keep,
            None => Change::Remove,
        };
        let is_recorded = self.record_end(ticket, change, &work, outcome, failed);
        self.note_fate(work.position, is_recorded && !failed);
        if !is_recorded {
            return Step::Failed;
        }
        if failed {
            self.events.event(ApplyEvent::Failed { change, action: Action::Delete });
            return Step::Failed;
        }
        self.events.event(ApplyEvent::Finished { change, action: Action::Delete, value: None });
        Step::Done
    }

    fn record_end(
        &mut self,
        ticket: Option<Ticket>,
        change: &ResourceChange,
        work: &DestroyWork,
        outcome: Change,
        failed: bool,
    ) -> bool {
        let result = match (ticket, outcome) {
            (Some(ticket), outcome) => self
                .store
                .end(ticket, if failed { Ended::Failed(outcome) } else { Ended::Succeeded(outcome) }),
            (None, Change::Keep) => Ok(()),
            (None, outcome) => {
                let object = if let Change::Set(object) = outcome { Some(object) } else { None };
                let (address, provider_config) = (change.address.clone(), change.provider_config.clone());
                self.store.change(address, work.deposed.clone(), provider_config, object)
            }
        };
        if let Err(error) = result {
            self.note_journal_error(&error);
            return false;
        }
        true
    }

    /// Takes an object out of the state and leaves it alone otherwise.
    pub(crate) fn forget(&mut self, position: usize) -> Step {
        let plan = Arc::clone(&self.plan);
        let change = &plan.resource_changes[position];
        let deposed = change.deposed.clone().or_else(|| self.deposed_keys.get(&position).cloned());
        let result = self.store.change(change.address.clone(), deposed, change.provider_config.clone(), None);
        match result {
            Ok(()) => Step::Done,
            Err(error) => {
                self.note_journal_error(&error);
                Step::Failed
            }
        }
    }
}

async fn destroy(
    work: DestroyWork,
    type_name: terrane_model::Str,
    ticket: Option<Ticket>,
    durable: Option<oneshot::Receiver<Result<(), JournalError>>>,
    progress: ObjectProgress,
) -> Destroyed {
    if let Some(durable) = durable
        && !matches!(durable.await, Ok(Ok(())))
    {
        let detail = "The object was not touched, since the intent to destroy it could not be recorded.";
        let diagnostics = Diagnostic::error("Failed to record the state", detail).into();
        let (new_state, private) = (work.prior.value.clone(), work.private.clone());
        return Destroyed { work, ticket, new_state, private, diagnostics };
    }
    let nothing = Value::Null(work.schema.block.implied_type().clone());
    let request = ApplyRequest {
        type_name,
        prior_state: work.prior.value.clone(),
        planned_state: nothing.clone(),
        config: nothing,
        planned_private: work.private.clone(),
        provider_meta: Value::dynamic_null(),
        planned_identity: work.prior.identity.clone(),
    };
    let response = work.provider.apply_resource_change(request, &progress).await;
    let (new_state, _) = response.new_state.unmark_deep();
    Destroyed { work, ticket, new_state, private: response.private, diagnostics: response.diagnostics }
}
