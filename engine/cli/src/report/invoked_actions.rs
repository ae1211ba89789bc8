//! How many actions a run has invoked.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts actions as they end.
#[derive(Debug, Default)]
pub(super) struct InvokedActions {
    invoked: AtomicUsize,
    failed: AtomicUsize,
}

impl InvokedActions {
    /// Counts one.
    pub(super) fn add(&self, failed: bool) {
        self.invoked.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(usize::from(failed), Ordering::Relaxed);
    }

    /// Returns how many were invoked, and how many of them have failed.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.invoked.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    /// Writes the counts behind those of objects; nothing where there were no actions.
    pub(super) fn text(&self) -> String {
        match self.counts() {
            (0, _) => String::new(),
            (invoked, 0) => format!(" Actions: {invoked} invoked."),
            (invoked, failed) => format!(" Actions: {invoked} invoked, {failed} failed."),
        }
    }
}
