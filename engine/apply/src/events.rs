//! What a run tells while it goes on.

use std::time::Duration;

use terrane_model::{ResourceInstanceAddress, Value};
use terrane_plan::ephemeral::EphemeralEvent;
use terrane_plan::{Action, ActionInvocation, ResourceChange};
use terrane_provider::ProgressUpdate;
use terrane_state::DeposedKey;

/// Gets told what happens. Implementations must be quick.
pub trait EventSink: Send + Sync {
    /// Something has happened.
    fn event(&self, event: ApplyEvent<'_>);
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum ApplyEvent<'a> {
    /// The provider is about to be asked to do something to an object.
    Started {
        /// The plan for the object.
        change: &'a ResourceChange,
        /// What is done now; a replacement is a destruction and a creation.
        action: Action,
        /// The object's key when it is not the instance's current one.
        deposed: Option<&'a DeposedKey>,
        /// How long it usually takes.
        expected: Option<Duration>,
    },
    /// An existing object was taken over: planning has found it, and the state has it now.
    Imported {
        /// The plan for the object.
        change: &'a ResourceChange,
    },
    /// Something is done to an ephemeral resource.
    Ephemeral(EphemeralEvent<'a>),
    /// The provider says how it goes.
    Progress {
        /// The object.
        address: &'a ResourceInstanceAddress,
        /// What it says.
        update: ProgressUpdate,
    },
    /// A provisioner of the object begins.
    Provisioning {
        /// The object.
        address: &'a ResourceInstanceAddress,
        /// Which kind of provisioner: `local-exec`.
        provisioner: &'a str,
    },
    /// A provisioner says something.
    ProvisionerOutput {
        /// The object.
        address: &'a ResourceInstanceAddress,
        /// Which kind of provisioner: `local-exec`.
        provisioner: &'a str,
        /// What it says, without secrets; one or more lines.
        text: &'a str,
    },
    /// A provisioner has ended.
    Provisioned {
        /// The object.
        address: &'a ResourceInstanceAddress,
        /// Which kind of provisioner: `local-exec`.
        provisioner: &'a str,
        /// Whether it did not work.
        failed: bool,
    },
    /// An action is about to be invoked.
    ActionStarted {
        /// Which, and why.
        invocation: &'a ActionInvocation,
    },
    /// The provider says something about an action.
    ActionProgress {
        /// Which.
        invocation: &'a ActionInvocation,
        /// What it says, in one or more lines.
        message: &'a str,
    },
    /// An action has ended.
    ActionEnded {
        /// Which.
        invocation: &'a ActionInvocation,
        /// What went wrong; nothing when it worked.
        error: Option<&'a str>,
    },
    /// It is done.
    Finished {
        /// The plan for the object.
        change: &'a ResourceChange,
        /// What was done.
        action: Action,
        /// The object as it is now, with marks; nothing when it is gone.
        value: Option<&'a Value>,
    },
    /// It did not work.
    Failed {
        /// The plan for the object.
        change: &'a ResourceChange,
        /// What was tried.
        action: Action,
    },
}
