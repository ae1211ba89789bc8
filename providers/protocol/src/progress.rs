//! How a provider tells what it is doing while a call runs.

use std::time::Duration;

/// Gets told what a running call does. Implementations must be quick and must not block.
pub trait Progress: Send + Sync {
    /// The call has entered a phase.
    fn report(&self, update: ProgressUpdate);
}

/// One message about a running call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressUpdate {
    /// What is going on, as a short phrase without secrets: `waiting for provisioning (Creating)`.
    pub phase: String,
    /// How long the whole call usually takes.
    pub expected: Option<Duration>,
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn report(&self, _update: ProgressUpdate) {}
}
