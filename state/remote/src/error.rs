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
