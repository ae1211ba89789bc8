//! What can go wrong between here and the Docker engine.

use terrane_model::Diagnostic;

/// A call to the engine that did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DockerError {
    /// The address of the engine cannot be used.
    #[error("the Docker address {address:?} cannot be used: {reason}")]
    Address { address: String, reason: String },
    /// Nothing answers at the address.
    #[error("no Docker engine answers at {address}: {reason}")]
    NoEngine { address: String, reason: String },
    /// The engine refused what it was asked.
    #[error("Docker cannot {action}: {message}")]
    Refused { action: String, status: u16, message: String },
    /// The answer was cut off or not understood.
    #[error("failed to {action}: {source}")]
    Broken { action: String, source: Box<bollard::errors::Error> },
    /// A file on this machine that a call needs.
    #[error("failed to {action}: {source}")]
    File { action: String, source: std::io::Error },
}

impl DockerError {
    /// Tells whether the thing that the call was about does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Tells whether the thing is in the way already: a name taken, an object in use.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { status: 409, .. })
    }

    /// Tells whether the engine cannot be reached at all.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::NoEngine { .. })
    }

    /// Returns what the engine itself said.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Refused { message, .. } => message.clone(),
            other => other.to_string(),
        }
    }

    /// Makes a message for the user.
    pub(crate) fn diagnostic(&self, summary: &str) -> Diagnostic {
        match self {
            Self::Address { address, reason } => Diagnostic::error(
                "Invalid Docker address",
                format!("The address {address:?} cannot be used: {reason}."),
            ),
            Self::NoEngine { address, reason } => Diagnostic::error(
                "Docker is not available",
                format!(
                    "No Docker engine answers at {address}: {reason}.\n\nStart Docker, or name another engine with the \
                     environment variable DOCKER_HOST or DOCKER_CONTEXT."
                ),
            ),
            other => Diagnostic::error(summary, sentence(&other.to_string())),
        }
    }
}

/// Turns an error's fragment into a sentence.
fn sentence(fragment: &str) -> String {
    let mut characters = fragment.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end().trim_end_matches('.'))
}

/// Names what was being done when a call failed.
pub(crate) trait While<T> {
    /// `action` completes "failed to …".
    fn during(self, action: impl FnOnce() -> String) -> Result<T, DockerError>;
}

impl<T> While<T> for Result<T, bollard::errors::Error> {
    fn during(self, action: impl FnOnce() -> String) -> Result<T, DockerError> {
        self.map_err(|error| match error {
            bollard::errors::Error::DockerResponseServerError { status_code, message } => {
                DockerError::Refused {
                    action: action(),
                    status: status_code,
                    message: message.trim().to_owned(),
                }
            }
            bollard::errors::Error::DockerStreamError { error } => {
                DockerError::Refused { action: action(), status: 500, message: error.trim().to_owned() }
            }
            source => DockerError::Broken { action: action(), source: Box::new(source) },
        })
    }
}

impl<T> While<T> for Result<T, std::io::Error> {
    fn during(self, action: impl FnOnce() -> String) -> Result<T, DockerError> {
        self.map_err(|source| DockerError::File { action: action(), source })
    }
}
