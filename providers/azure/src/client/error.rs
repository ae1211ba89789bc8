//! What can go wrong between us and Azure Resource Manager.

use std::time::Duration;

use serde_json::Value as Json;
use terrane_azure_identity::IdentityError;

use crate::client::request::{Method, ResponseHeaders};

/// A failed exchange.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ArmError {
    /// The service answered with an error.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The service accepted the request, and the operation failed later.
    #[error("the operation failed: {0}")]
    OperationFailed(Box<Refusal>),
    /// No answer came.
    #[error("no answer from {host}: {reason}")]
    Connection {
        /// Who was asked.
        host: String,
        /// What happened, without the URL.
        reason: String,
    },
    /// The time that the user allows for the action is over.
    #[error("not finished after {}", humane(*after))]
    TimedOut {
        /// What was waited for.
        waiting_for: String,
        /// How long.
        after: Duration,
    },
    /// The user asked to stop.
    #[error("stopped on request while {0}")]
    Stopped(String),
    /// There is no token.
    #[error("{0}")]
    Credential(String),
    /// The answer is not what the protocol allows.
    #[error("unexpected answer to {method} {path}: {reason}", method = method.as_str())]
    Unexpected {
        /// What was asked.
        method: Method,
        /// Of whom.
        path: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// Settings of the provider do not work.
    #[error("{0}")]
    Settings(String),
}

impl From<IdentityError> for ArmError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Credential(reason) => Self::Credential(reason),
            IdentityError::Settings(reason) => Self::Settings(reason),
            IdentityError::Connection { host, reason } => Self::Connection { host, reason },
        }
    }
}

/// An error that the service reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What was asked.
    pub(crate) method: Method,
    /// Of whom.
    pub(crate) path: String,
    /// HTTP status; 0 for an operation that failed later.
    pub(crate) status: u16,
    /// Azure's code, such as `SubnetNotFound`.
    pub(crate) code: String,
    /// Azure's text.
    pub(crate) message: String,
    /// Codes and texts of the causes.
    pub(crate) details: Vec<(String, String)>,
    /// Headers of the answer.
    pub(crate) headers: ResponseHeaders,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.status != 0 {
            write!(formatter, "{} {} was answered {}", self.method.as_str(), self.path, self.status)?;
        }
        write!(formatter, " {}: {}", self.code, self.message)
    }
}

impl Refusal {
    /// Reads the body of an error: `{"error": {...}}`, or the flat form that some services use.
    pub(crate) fn from_answer(
        method: Method,
        path: &str,
        status: u16,
        body: &Json,
        headers: ResponseHeaders,
    ) -> Self {
        let error = match body.get("error") {
            Some(error) if error.is_object() => error,
            _ => body,
        };
        let text = |value: &Json, name: &str| {
            value.get(name).and_then(Json::as_str).map(str::trim).unwrap_or_default().to_owned()
        };
        let mut details = Vec::new();
        collect_details(error, &mut details, 0);
        let code = match text(error, "code") {
            code if code.is_empty() => text(error, "subcode"),
            code => code,
        };
        Self {
            method,
            path: path.to_owned(),
            status,
            code: if code.is_empty() { default_code(status).to_owned() } else { code },
            message: text(error, "message"),
            details,
            headers,
        }
    }

    /// Tells whether the code, or that of a cause, is this one.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code)
            || self.details.iter().any(|(detail, _)| detail.eq_ignore_ascii_case(code))
    }

    /// Tells whether a text stands in the message or in that of a cause.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.message.contains(text) || self.details.iter().any(|(_, message)| message.contains(text))
    }
}

/// Causes may be nested; three levels are more than anyone reads.
const DETAIL_LEVELS: usize = 3;

fn collect_details(error: &Json, details: &mut Vec<(String, String)>, level: usize) {
    let causes = error.get("details").and_then(Json::as_array).into_iter().flatten();
    for cause in causes {
        let text = |name: &str| cause.get(name).and_then(Json::as_str).unwrap_or_default().trim().to_owned();
        details.push((text("code"), text("message")));
        if level < DETAIL_LEVELS {
            collect_details(cause, details, level + 1);
        }
    }
}

fn default_code(status: u16) -> &'static str {
    match status {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        412 => "PreconditionFailed",
        429 => "TooManyRequests",
        500..=599 => "ServerError",
        _ => "Error",
    }
}

impl ArmError {
    /// Returns the service's own error, when it is one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::OperationFailed(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Tells whether the object, its parent or its resource group does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 404)
    }

    /// Tells whether the server does not know what was asked of it; Azure itself never says so of what we ask.
    pub(crate) fn is_unsupported(&self) -> bool {
        matches!(self, Self::Refused(refusal) if matches!(refusal.status, 405 | 501))
    }

    /// Tells whether the service answered with this code.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.refusal().is_some_and(|refusal| refusal.has_code(code))
    }
}

/// Writes a duration as people do: `45s`, `3m20s`, `1h0m0s`.
pub(crate) fn humane(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &Json) -> Refusal {
        Refusal::from_answer(Method::Put, "/subscriptions/s", status, body, ResponseHeaders::default())
    }

    #[test]
    fn errors_are_read_wrapped_flat_and_empty() {
        let wrapped = serde_json::json!({"error": {"code": "A", "message": "m", "details": [
            {"code": "B", "message": "n", "details": [{"code": "C", "message": "o"}]}
        ]}});
        let wrapped = refusal(400, &wrapped);
        assert_eq!((wrapped.code.as_str(), wrapped.message.as_str()), ("A", "m"));
        assert!(wrapped.has_code("c") && wrapped.mentions("n") && !wrapped.has_code("D"));
        let flat = refusal(409, &serde_json::json!({"code": "OperationNotAllowed", "message": "busy"}));
        assert_eq!(flat.code, "OperationNotAllowed");
        assert_eq!(refusal(502, &Json::Null).code, "ServerError");
    }

    #[test]
    fn durations_are_written_with_their_largest_unit_first() {
        assert_eq!(humane(Duration::from_secs(45)), "45s");
        assert_eq!(humane(Duration::from_secs(200)), "3m20s");
        assert_eq!(humane(Duration::from_secs(3600)), "1h0m0s");
    }
}
