//! Why a plugin cannot be used, and the message about it.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use terrane_model::{Diagnostic, Diagnostics};

use crate::handshake::HandshakeError;
use crate::schema_from_wire::SchemaError;

/// Why a plugin could not be started or reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The system would not run the program.
    #[error("the program {} cannot be run: {source}", path.display())]
    Spawn {
        /// The program.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It runs but says nothing.
    #[error("it did not say within {} seconds that it is ready", limit.as_secs_f64())]
    Timeout {
        /// How long it had.
        limit: Duration,
    },
    /// It ended before it said anything.
    #[error("it ended before it was ready{}", describe_exit(*status))]
    Exited {
        /// How it ended, where that is known.
        status: Option<ExitStatus>,
    },
    /// It said something else than expected.
    #[error("{0}")]
    Handshake(#[from] HandshakeError),
    /// The client's own certificate could not be made.
    #[error("no certificate for the connection to it could be made: {0}")]
    Certificate(String),
    /// It does not listen where it said, or shows another certificate.
    #[error("the connection to it failed: {0}")]
    Connect(String),
    /// Its schemas are of no use.
    #[error("its schemas cannot be used: {0}")]
    Schema(#[from] SchemaError),
    /// Its schemas are others than those that were kept, and the engine has used these already.
    #[error("its schemas have changed since they were kept; they were kept anew, so run the command again")]
    StaleSchema,
}

/// Returns how a process ended, as the end of a sentence.
pub(crate) fn describe_exit(status: Option<ExitStatus>) -> String {
    status.map_or_else(String::new, |status| format!(" ({status})"))
}

impl StartError {
    /// Returns the message to the user. `last_words` is what the plugin printed; it may be empty.
    pub(crate) fn into_diagnostics(self, provider: &str, last_words: &str) -> Diagnostics {
        let hint = match &self {
            Self::Spawn { source, .. } => spawn_hint(source),
            Self::Exited { .. } if last_words.is_empty() => {
                " The file may be damaged or made for another operating system or processor."
            }
            _ => "",
        };
        let detail =
            format!("The plugin of provider {provider} cannot be used: {self}.{hint}{}", quote(last_words));
        Diagnostic::error("Failed to start provider plugin", detail).into()
    }
}

fn spawn_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => " Run \"terrane init\" to install it.",
        std::io::ErrorKind::PermissionDenied => " Its file has to be executable.",
        _ => " The file may be damaged or made for another operating system or processor.",
    }
}

/// Returns a plugin's last words as a paragraph; nothing when there are none.
pub(crate) fn quote(last_words: &str) -> String {
    if last_words.is_empty() {
        return String::new();
    }
    format!("\n\nThe plugin printed:\n\n  {}", last_words.replace('\n', "\n  "))
}
