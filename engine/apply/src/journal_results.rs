//! What becomes of the state when an object was created, updated or not.

use std::sync::Arc;

use futures_util::FutureExt;
use terrane_model::encode_json::write_json;
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_plan::prior_objects::PriorObject;
use terrane_plan::{Action, ResourceChange};
use terrane_state::{Change, Intent, ObjectState, Operation, Outcome, Ticket};

use crate::apply_instance::{Applied, FinalPlan, InstanceWork, Provisioned, locate_all, stored_marks};
use crate::evaluate::about;
use crate::events::ApplyEvent;
use crate::executor::{self, Executor, Step};
use crate::provision::{Prepared, run_provisioners};

impl Executor {
    /// Makes the record of what is about to happen to an object.
    pub(crate) fn intent(&self, work: &InstanceWork, final_plan: &FinalPlan) -> Intent {
        let change = &self.plan.resource_changes[work.position];
        let operation = if work.prior.is_some() { Operation::Update } else { Operation::Create };
        let import_id = match operation {
            Operation::Create => work.provider.id_before_create(&work.type_name, &final_plan.planned),
            _ => None,
        };
        Intent {
            operation,
            address: work.address.clone(),
            deposed: None,
            provider_config: change.provider_config.clone(),
            import_id,
            planned: self.planned_object(work, &final_plan.planned).map(Arc::new),
        }
    }

    /// The planned object as far as it is known.
    fn planned_object(&self, work: &InstanceWork, planned: &Value) -> Option<ObjectState> {
        let known = planned.map_leaves_first(&mut |part| match part {
            Value::Unknown(unknown) => Value::Null(unknown.ty.clone()),
            other => other,
        });
        let mut attributes = String::new();
        write_json(&mut attributes, &known, work.schema.block.implied_type()).ok()?;
        let dependencies = self.resources.get(&work.node).map(|run| Arc::clone(&run.dependencies));
        Some(ObjectState {
            schema_version: work.schema.version,
            attributes: attributes.into(),
            sensitive_attributes: stored_marks(&work.config).into_iter().map(|(path, _)| path).collect(),
            dependencies: dependencies.unwrap_or_else(|| Arc::from([])),
            ..ObjectState::default()
        })
    }

    /// Journals the outcome and gives the instance its value.
    pub(crate) fn complete_apply(&mut self, applied: Applied) -> Step {
        let plan = Arc::clone(&self.plan);
        let Applied { work, ticket, new_state, private, identity, diagnostics } = applied;
        let change = &plan.resource_changes[work.position];
        let action = work.action();
        let failed = diagnostics.has_errors();
        let body = self.body_of(&work);
        self.note(locate_all(diagnostics, &body, work.span, &work.address));
        let object = self.new_object(&work, new_state, private, identity, failed);
        let (steps, problems) = match &object {
            Some(object) if !failed && action == Action::Create => self.creation_steps(&work, object),
            _ => (Vec::new(), Diagnostics::new()),
        };
        // Until its provisioners have run, an object counts as half made.
        let is_half_made = !steps.is_empty() || problems.has_errors();
        let to_store =
            |object: &PriorObject| PriorObject { tainted: object.tainted || is_half_made, ..object.clone() };
        let stored = match object.as_ref().map(|object| to_store(object).to_state(&work.schema)) {
            Some(Ok(stored)) => Some(Arc::new(stored)),
            Some(Err(error)) => {
                let detail = format!("The new state of {} cannot be stored: {error}.", work.address);
                self.diagnostics.push(Diagnostic::error("Invalid object", detail).about(&work.address));
                None
            }
            None => None,
        };
        let recorded = self.record_result(ticket, change, &work, stored.clone(), failed);
        if !recorded {
            return Step::Failed;
        }
        if failed && action == Action::Create && stored.is_none() {
            self.restore_deposed(&work);
        }
        if failed | !self.note(problems) {
            self.events.event(ApplyEvent::Failed { change, action });
            return Step::Failed;
        }
        if let (Some(object), false) = (&object, steps.is_empty()) {
            let (events, cancellation) = (Arc::clone(&self.events), self.cancellation.clone());
            let (object, address) = (object.clone(), work.address.clone());
            let run = run_provisioners(steps, address, events, cancellation).map(move |diagnostics| {
                executor::Outcome::Provisioned(Box::new(Provisioned { work, object, diagnostics }))
            });
            return Step::Waiting(run.boxed());
        }
        let value = object.map_or_else(
            || Value::Null(work.schema.block.implied_type().clone()),
            |o| o.marked(&work.schema),
        );
        self.events.event(ApplyEvent::Finished { change, action, value: Some(&value) });
        self.set_instance_value(work.node, &work.address, value);
        Step::Done
    }

    /// Gets ready what is to be run on a new object.
    fn creation_steps(&self, work: &InstanceWork, object: &PriorObject) -> (Vec<Prepared>, Diagnostics) {
        let nothing = (Vec::new(), Diagnostics::new());
        let Some((module, position)) = self.resource_at(work.node) else { return nothing };
        let resource = &self.configuration.tree.module(module).resources[position];
        if resource.provisioners.is_empty() {
            return nothing;
        }
        let run = self.resources.get(&work.node).and_then(|run| run.instances.get(&work.address));
        let Some(instance) = run else { return nothing };
        let scope = self
            .evaluation
            .scope(instance.module_instance, instance.repetition.clone())
            .with_self(object.marked(&work.schema));
        let (steps, problems) =
            self.prepare_provisioners(&resource.provisioners, false, resource.connection.as_ref(), &scope);
        (steps, problems.into_iter().map(|problem| about(problem, &work.address)).collect())
    }

    /// Enters a new object as wholly made, unless its provisioners have failed.
    pub(crate) fn complete_provisioning(&mut self, provisioned: Provisioned) -> Step {
        let plan = Arc::clone(&self.plan);
        let Provisioned { work, object, diagnostics } = provisioned;
        let change = &plan.resource_changes[work.position];
        let action = work.action();
        if !self.note(diagnostics) {
            self.events.event(ApplyEvent::Failed { change, action });
            return Step::Failed;
        }
        if let Ok(stored) = object.to_state(&work.schema) {
            let provider_config = change.provider_config.clone();
            let result =
                self.store.change(work.address.clone(), None, provider_config, Some(Arc::new(stored)));
            if let Err(error) = result {
                self.note_journal_error(&error);
                return Step::Failed;
            }
        }
        let value = object.marked(&work.schema);
        self.events.event(ApplyEvent::Finished { change, action, value: Some(&value) });
        self.set_instance_value(work.node, &work.address, value);
        Step::Done
    }

    fn new_object(
        &self,
        work: &InstanceWork,
        new_state: Value,
        private: Vec<u8>,
        identity: Option<Value>,
        failed: bool,
    ) -> Option<PriorObject> {
        if new_state.is_null() {
            return None;
        }
        let from_schema = work.schema.block.sensitive_paths(&new_state);
        let marks = stored_marks(&work.config);
        let sensitive = marks.into_iter().map(|(path, _)| path);
        let sensitive =
            sensitive.filter(|path| !from_schema.iter().any(|(other, _)| other == path)).collect();
        let dependencies = self.resources.get(&work.node).map(|run| Arc::clone(&run.dependencies));
        let prior_tainted = work.prior.as_ref().is_some_and(|prior| prior.tainted);
        Some(PriorObject {
            value: new_state,
            sensitive,
            private,
            // What was not made completely is made anew next time; a failed update leaves the object usable.
            tainted: failed && work.prior.is_none() || prior_tainted,
            dependencies: dependencies.unwrap_or_else(|| Arc::from([])),
            create_before_destroy: self.configuration.dependencies.creates_before_destroy(work.node),
            schema_version: work.schema.version,
            identity: identity.or_else(|| work.prior.as_ref().and_then(|prior| prior.identity.clone())),
        })
    }

    fn record_result(
        &mut self,
        ticket: Option<Ticket>,
        change: &ResourceChange,
        work: &InstanceWork,
        stored: Option<Arc<ObjectState>>,
        failed: bool,
    ) -> bool {
        let result = match ticket {
            Some(ticket) => {
                let outcome = match (stored, work.prior.is_some()) {
                    (Some(object), _) => Change::Set(object),
                    // A failed update that says nothing of the object has not removed it.
                    (None, true) if failed => Change::Keep,
                    (None, true) => Change::Remove,
                    (None, false) => Change::Keep,
                };
                self.store
                    .end(ticket, if failed { Outcome::Failed(outcome) } else { Outcome::Succeeded(outcome) })
            }
            None if failed && stored.is_none() => Ok(()),
            None => self.store.change(work.address.clone(), None, change.provider_config.clone(), stored),
        };
        match result {
            Ok(()) => true,
            Err(error) => {
                self.note_journal_error(&error);
                false
            }
        }
    }

    /// Where no replacement came into being, the old object is the current one again.
    fn restore_deposed(&mut self, work: &InstanceWork) {
        if let Some(key) = self.deposed_keys.remove(&work.position)
            && let Err(error) = self.store.undepose(work.address.clone(), key)
        {
            self.note_journal_error(&error);
        }
    }
}
