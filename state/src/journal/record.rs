//! What a journal tells: intents before effects, their outcomes, and changes that need no intent.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{ProviderConfigAddress, ResourceInstanceAddress, Str};

use crate::snapshot::{CheckResult, DeposedKey, ObjectState, OutputState};

/// Names an intent within one state's history of journals; later intents have greater ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// What is about to be done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operation {
    Create,
    Update,
    Delete,
}

/// An effect that is about to happen. It is on disk before the provider hears of it.
///
/// The object as it was is in the snapshot, at the same address.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// What is about to be done.
    pub operation: Operation,
    /// The resource instance.
    pub address: ResourceInstanceAddress,
    /// The object's key when it is not the instance's current one.
    pub deposed: Option<DeposedKey>,
    /// The provider configuration through which it is done.
    pub provider_config: ProviderConfigAddress,
    /// The id under which the object can be imported, where it is known before the object exists.
    pub import_id: Option<Str>,
    /// The object as it will be, to create or update it; what is not known yet is null.
    pub planned: Option<Arc<ObjectState>>,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is as it was before; for something that was to be created: it does not exist.
    Keep,
    /// It is this one now.
    Set(Arc<ObjectState>),
    /// It does not exist any more.
    Remove,
}

/// How an intent ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The provider did what it was asked to.
    Succeeded(Change),
    /// The provider reported an error; it may have done part of it.
    Failed(Change),
}

impl Outcome {
    /// Returns what became of the object.
    pub fn change(&self) -> &Change {
        match self {
            Self::Succeeded(change) | Self::Failed(change) => change,
        }
    }

    /// Returns what became of the object.
    pub fn into_change(self) -> Change {
        match self {
            Self::Succeeded(change) | Self::Failed(change) => change,
        }
    }
}

/// One event in the life of a state.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// An effect is about to happen.
    Begun {
        /// Names the intent in the record of its end.
        ticket: Ticket,
        /// The effect.
        intent: Intent,
    },
    /// The effect of an intent has ended.
    Ended {
        /// Which intent.
        ticket: Ticket,
        /// How.
        outcome: Outcome,
    },
    /// An object was found or made different without any effect outside: by a refresh, by a resource that is
    /// nothing but data, by an import.
    Changed {
        /// The resource instance.
        address: ResourceInstanceAddress,
        /// The object's key when it is not the current one.
        deposed: Option<DeposedKey>,
        /// The provider configuration that manages it.
        provider_config: ProviderConfigAddress,
        /// The object; nothing when it is not managed any more.
        object: Option<Arc<ObjectState>>,
    },
    /// The current object makes room for its replacement.
    Deposed {
        /// The resource instance.
        address: ResourceInstanceAddress,
        /// The object's key from now on.
        key: DeposedKey,
    },
    /// A deposed object is the current one again, since no replacement came into being.
    Undeposed {
        /// The resource instance.
        address: ResourceInstanceAddress,
        /// The object's key until now.
        key: DeposedKey,
    },
    /// An instance with all its objects has another address.
    Moved {
        /// The old address.
        from: ResourceInstanceAddress,
        /// The new address.
        to: ResourceInstanceAddress,
    },
    /// These are all outputs of the root module now.
    Outputs(BTreeMap<Str, OutputState>),
    /// These are the results of all checks now.
    CheckResults(Option<Vec<CheckResult>>),
}
