//! What planning tells while it goes on.

use std::time::Duration;

use terrane_model::{ResourceInstanceAddress, Value};
use terrane_state::DeposedKey;

use crate::ephemeral::EphemeralEvent;

/// Gets told what happens while planning. Implementations must be quick.
pub trait PlanEvents: Send + Sync {
    /// Something has happened.
    fn event(&self, event: PlanEvent<'_>);
}

/// Something that happened while planning.
#[derive(Debug, Clone)]
pub enum PlanEvent<'a> {
    /// The provider is about to be asked how an object is now.
    Refreshing {
        /// The resource instance.
        address: &'a ResourceInstanceAddress,
        /// The object's key when it is not the instance's current one.
        deposed: Option<&'a DeposedKey>,
        /// The object as it was last known, without marks.
        value: &'a Value,
    },
    /// The provider has answered.
    Refreshed {
        /// The resource instance.
        address: &'a ResourceInstanceAddress,
        /// The object's key when it is not the instance's current one.
        deposed: Option<&'a DeposedKey>,
        /// The object as it is now, without marks; null when it is gone.
        value: &'a Value,
    },
    /// A data resource is about to be read.
    Reading {
        /// The resource instance.
        address: &'a ResourceInstanceAddress,
    },
    /// A data resource was read. Nothing says so after an error.
    Read {
        /// The resource instance.
        address: &'a ResourceInstanceAddress,
        /// What was read, without marks.
        value: &'a Value,
        /// How long it took.
        elapsed: Duration,
    },
    /// Something is done to an ephemeral resource.
    Ephemeral(EphemeralEvent<'a>),
    /// The provider is about to be asked for an existing object.
    Importing {
        /// The resource instance.
        address: &'a ResourceInstanceAddress,
        /// The object's import id, or how else it is named.
        id: &'a str,
        /// Whether the user asked for it on the command line.
        by_command: bool,
    },
    /// The provider has found it.
    Imported {
        /// The resource instance.
        address: &'a ResourceInstanceAddress,
        /// The object's import id, or how else it is named.
        id: &'a str,
        /// Whether the user asked for it on the command line.
        by_command: bool,
    },
}

/// Tells nobody.
pub struct NoEvents;

impl PlanEvents for NoEvents {
    fn event(&self, _event: PlanEvent<'_>) {}
}
