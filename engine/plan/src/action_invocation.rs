//! A planned invocation of an action.

use std::cmp::Ordering;

use terrane_language::config::action::{OnFailure, TriggerEvent};
use terrane_model::{ActionInstanceAddress, ProviderConfigAddress, ResourceInstanceAddress, Value};

use crate::change::Action;

/// An action that a run invokes.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionInvocation {
    /// Which instance of which action.
    pub address: ActionInstanceAddress,
    /// Who carries it out.
    pub provider_config: ProviderConfigAddress,
    /// Why.
    pub cause: InvocationCause,
    /// The configuration, with marks and with unknowns for what is decided at apply. Parts that are never stored are null.
    pub config: Value,
}

/// Why an action is invoked.
#[derive(Debug, Clone, PartialEq)]
pub enum InvocationCause {
    /// An object changes.
    Trigger(TriggerCause),
    /// The user has asked for it.
    Command {
        /// The object that the configuration of the action calls `caller`.
        caller: Option<ResourceInstanceAddress>,
    },
}

/// The change that triggers an action.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerCause {
    /// The object.
    pub resource: ResourceInstanceAddress,
    /// What the action comes before or after.
    pub event: TriggerEvent,
    /// Position of the `action_trigger` block in the resource.
    pub block: usize,
    /// Position of the action in the block's list.
    pub position: usize,
    /// What becomes of the run when the action fails.
    pub on_failure: OnFailure,
}

impl ActionInvocation {
    /// Returns the change that triggers the action; nothing when the user has asked for it.
    pub fn trigger(&self) -> Option<&TriggerCause> {
        match &self.cause {
            InvocationCause::Trigger(trigger) => Some(trigger),
            InvocationCause::Command { .. } => None,
        }
    }

    /// Returns the object that the configuration of the action calls `caller`.
    pub fn caller(&self) -> Option<&ResourceInstanceAddress> {
        match &self.cause {
            InvocationCause::Trigger(trigger) => Some(&trigger.resource),
            InvocationCause::Command { caller } => caller.as_ref(),
        }
    }

    /// Returns how messages name the invocation.
    pub fn describe(&self) -> String {
        match self.caller() {
            Some(caller) => format!("{}, called from {caller}", self.address),
            None => self.address.to_string(),
        }
    }

    /// Compares invocations by the order in which they are shown: what the user has asked for, then by objects.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self.trigger(), other.trigger()) {
            (None, None) => self.address.cmp(&other.address),
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(one), Some(two)) => (&one.resource, one.block).cmp(&(&two.resource, two.block)),
        }
    }
}

/// Tells whether a change causes an event.
pub fn causes(action: Action, event: TriggerEvent) -> bool {
    match event {
        TriggerEvent::BeforeCreate | TriggerEvent::AfterCreate => {
            action == Action::Create || action.is_replace()
        }
        TriggerEvent::BeforeUpdate | TriggerEvent::AfterUpdate => action == Action::Update,
        TriggerEvent::BeforeDestroy | TriggerEvent::AfterDestroy => {
            matches!(action, Action::Delete | Action::DeleteThenCreate | Action::CreateThenDelete)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_cause_events() {
        use TriggerEvent::{AfterCreate, AfterUpdate, BeforeDestroy};
        let events = |action| [AfterCreate, AfterUpdate, BeforeDestroy].map(|event| causes(action, event));
        for (action, expected) in [
            (Action::NoOp, [false, false, false]),
            (Action::Create, [true, false, false]),
            (Action::Update, [false, true, false]),
            (Action::Delete, [false, false, true]),
            (Action::DeleteThenCreate, [true, false, true]),
            (Action::CreateThenForget, [true, false, false]),
            (Action::Forget, [false, false, false]),
        ] {
            assert_eq!(events(action), expected, "{action:?}");
        }
    }
}
