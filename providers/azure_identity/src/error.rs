//! Why there is no way to Azure.

/// Why a cloud cannot be reached, or nobody can sign in to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// There is no token, or no way to get one. No text holds a secret.
    #[error("{0}")]
    Credential(String),
    /// What is written in a block or in the environment does not work.
    #[error("{0}")]
    Settings(String),
    /// A cloud that should describe itself does not answer.
    #[error("no answer from {host}: {reason}")]
    Connection {
        /// Who was asked.
        host: String,
        /// What happened, without the URL.
        reason: String,
    },
}
