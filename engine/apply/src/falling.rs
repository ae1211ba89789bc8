//! Objects that go with others: they are not touched, and leave the state when the other one is gone.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_model::Value;
use terrane_plan::Action;
use terrane_provider::{PlannedResource, Provider};

use crate::events::ApplyEvent;
use crate::executor::{Executor, Step};

/// What has become of the objects that others go with, by positions of changes.
#[derive(Debug, Default)]
pub(crate) struct Falling {
    /// Objects whose turn has come.
    waiting: FxHashMap<usize, Vec<usize>>,
    /// Whether the other object is gone, where that is known.
    is_gone: FxHashMap<usize, bool>,
}

impl Executor {
    /// Lets an object wait for the one that it goes with; nothing when it goes by itself.
    pub(crate) fn hold_falling(&mut self, position: usize) -> Option<Step> {
        let root = *self.plan.falling.get(&position)?;
        Some(match self.falling.is_gone.get(&root) {
            None => {
                self.falling.waiting.entry(root).or_default().push(position);
                Step::Done
            }
            Some(true) => self.remove_fallen(position),
            Some(false) => Step::Failed,
        })
    }

    /// Tells a provider what goes with an object that is about to be destroyed.
    pub(crate) fn announce_falling(&self, position: usize, provider: &Arc<dyn Provider>) {
        let Some(waiting) = self.falling.waiting.get(&position) else { return };
        let fallen: Vec<PlannedResource> = waiting
            .iter()
            .map(|position| {
                let change = &self.plan.resource_changes[*position];
                PlannedResource {
                    address: change.address.to_string(),
                    type_name: change.address.resource.resource_type.clone(),
                    prior_state: change.change.before.split_marks().0,
                    planned_state: Value::Null(change.change.before.ty()),
                    private: change.private.clone(),
                }
            })
            .collect();
        provider.expect_fallen(&fallen);
    }

    /// Takes note of how the destruction of an object ended. What was to go with it has gone, or stays in the state.
    pub(crate) fn note_fate(&mut self, position: usize, is_gone: bool) {
        let waiting = self.falling.waiting.remove(&position).unwrap_or_default();
        self.falling.is_gone.insert(position, is_gone);
        if is_gone {
            for fallen in waiting {
                self.remove_fallen(fallen);
            }
        }
    }

    fn remove_fallen(&mut self, position: usize) -> Step {
        let plan = Arc::clone(&self.plan);
        let change = &plan.resource_changes[position];
        let action = Action::Delete;
        self.events.event(ApplyEvent::Started { change, action, deposed: None, expected: None });
        let removed = self.store.change(change.address.clone(), None, change.provider_config.clone(), None);
        if let Err(error) = removed {
            self.note_journal_error(&error);
            self.events.event(ApplyEvent::Failed { change, action });
            return Step::Failed;
        }
        self.events.event(ApplyEvent::Finished { change, action, value: None });
        Step::Done
    }
}
