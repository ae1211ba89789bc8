//! Errors of backends, without addresses that may hold secrets.

use terrane_state::{BackendError, LockError};

/// Returns a backend's own reason.
pub(crate) fn remote(reason: impl Into<String>) -> BackendError {
    BackendError::Remote(reason.into())
}

/// Returns the reason of a lock that cannot be reached.
pub(crate) fn unreachable(error: impl std::fmt::Display) -> LockError {
    LockError::Backend(error.to_string())
}

/// Returns an error with its causes, each said once.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}
