//! Ephemeral resources while a plan is carried out: opened again, since nothing of them was kept.

use std::sync::Arc;

use futures_util::FutureExt;
use terrane_language::evaluate::{Evaluator, decode_block};
use terrane_model::{Diagnostics, ResourceInstanceAddress};
use terrane_plan::NodeId;
use terrane_plan::ephemeral::{EphemeralEvents, EphemeralOutcome, EphemeralTask, open};
use terrane_plan::provider_instances::provider_key;

use crate::apply_instance::locate_all;
use crate::evaluate::about;
use crate::events::ApplyEvent;
use crate::executor::{Executor, Outcome, Step};

impl Executor {
    /// Opens all instances of a resource.
    pub(crate) fn open_ephemerals_of(&mut self, node: NodeId) -> Step {
        let Some((module, position)) = self.resource_at(node) else { return Step::Done };
        let tree = Arc::clone(&self.configuration.tree);
        let resource = &tree.module(module).resources[position];
        let binding = self.configuration.provider_configs.binding_of(&tree, module, resource);
        let (Some(binding), Some(run)) = (binding, self.resources.get(&node)) else {
            return Step::Failed;
        };
        let schema = run.schema.clone();
        let mut tasks = Vec::with_capacity(run.order.len());
        let mut problems = Diagnostics::new();
        for address in &run.order {
            let Some(instance) = run.instances.get(address) else { continue };
            let (at, repetition) = (instance.module_instance, &instance.repetition);
            let key = match provider_key(&binding, &self.evaluation, at, repetition) {
                Ok(key) => (binding.config, key),
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            };
            let Some(provider) = self.providers.provider_of(&key, address).cloned() else {
                return Step::Failed;
            };
            let scope = self.evaluation.scope(instance.module_instance, instance.repetition.clone());
            let mut evaluator = Evaluator::new(&scope);
            let config = decode_block(&mut evaluator, &resource.body, &schema.block);
            problems.extend(evaluator.diagnostics.into_iter().map(|problem| about(problem, address)));
            tasks.push(EphemeralTask {
                provider,
                type_name: resource.address.resource_type.clone(),
                schema: schema.clone(),
                config,
                address: address.clone(),
            });
        }
        if !self.note(problems) {
            return Step::Failed;
        }
        let events = Arc::clone(&self.events);
        let events: EphemeralEvents = Arc::new(move |event| events.event(ApplyEvent::Ephemeral(event)));
        let opening = async move {
            let mut outcomes = Vec::with_capacity(tasks.len());
            for task in tasks {
                let address = task.address.clone();
                outcomes.push((address, open(task, &events).await));
            }
            Outcome::Opened(node, outcomes)
        };
        Step::Waiting(opening.boxed())
    }

    /// Gives the instances their values.
    pub(crate) fn complete_opening(
        &mut self,
        node: NodeId,
        outcomes: Vec<(ResourceInstanceAddress, EphemeralOutcome)>,
    ) -> Step {
        let Some((module, position)) = self.resource_at(node) else { return Step::Done };
        let tree = Arc::clone(&self.configuration.tree);
        let resource = &tree.module(module).resources[position];
        let body = Some(resource.body.clone());
        let mut ok = true;
        for (address, outcome) in outcomes {
            self.open_ephemerals.extend(outcome.opened);
            ok &= self.note(locate_all(outcome.diagnostics, &body, resource.span, &address));
            if let Some(value) = outcome.value {
                self.set_instance_value(node, &address, value);
            }
        }
        if ok { Step::Done } else { Step::Failed }
    }

    /// Closes everything that is open, what was opened last first.
    pub(crate) async fn close_ephemerals(&mut self) {
        for opened in std::mem::take(&mut self.open_ephemerals).into_iter().rev() {
            let problems = opened.close().await;
            self.note(problems);
        }
    }
}
