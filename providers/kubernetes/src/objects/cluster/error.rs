//! What can go wrong with a request, and what it means.

use serde_json::Value as Json;

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum ApiError {
    /// The server has said no.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    /// The server could not be reached, or the connection broke.
    #[error("{server} cannot be reached: {message}")]
    Unreachable { server: String, message: String },
    /// It is not known how to reach the server, or as whom.
    #[error("{0}")]
    Unusable(String),
}

/// The server's answer to what it does not do: a `Status` of the API.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Refusal {
    /// HTTP status code.
    pub(crate) code: u16,
    /// One word of the API: `NotFound`, `Conflict`, `Invalid`.
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) causes: Vec<Cause>,
    pub(crate) retry_after_seconds: Option<u64>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Cause {
    /// One word of the API: `FieldValueInvalid`, `FieldManagerConflict`.
    pub(crate) reason: String,
    pub(crate) message: String,
    /// The field's place in the object; with a leading dot in conflicts.
    pub(crate) field: String,
}

impl Refusal {
    /// Reads an answer. What is no `Status` is the message as a whole.
    pub(crate) fn read(code: u16, body: &[u8]) -> Self {
        let json: Json = serde_json::from_slice(body).unwrap_or(Json::Null);
        let text =
            |json: &Json, name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        if text(&json, "kind") != "Status" {
            let message = String::from_utf8_lossy(body).trim().to_owned();
            let message = if message.is_empty() { format!("status {code}") } else { message };
            return Self { code, message, ..Self::default() };
        }
        let details = json.get("details").unwrap_or(&Json::Null);
        let causes = details.get("causes").and_then(Json::as_array).into_iter().flatten();
        let cause = |cause: &Json| Cause {
            reason: text(cause, "reason"),
            message: text(cause, "message"),
            field: text(cause, "field"),
        };
        Self {
            code,
            reason: text(&json, "reason"),
            message: text(&json, "message"),
            causes: causes.map(cause).collect(),
            retry_after_seconds: details.get("retryAfterSeconds").and_then(Json::as_u64),
        }
    }

    fn says(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.message.contains(part))
    }
}

/// What a refusal means for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The object is not there, or the kind is not.
    NotFound,
    /// The namespace is not there.
    NoNamespace,
    /// The namespace is on its way out.
    NamespaceTerminating,
    /// The object is there already.
    AlreadyExists,
    /// Fields belong to another manager.
    FieldConflict,
    /// Somebody else was faster.
    Outdated,
    /// The object is wrong.
    Invalid,
    /// The credentials are not those of anybody.
    Unauthorized,
    /// Whoever asks may not.
    NotPermitted,
    /// There is no room left.
    QuotaExceeded,
    /// A webhook, or another rule of the cluster, does not want the object.
    Denied,
    /// A webhook that has to be asked does not answer.
    WebhookUnreachable,
    /// A webhook that has to be asked cannot be asked without effect.
    NoDryRun,
    /// The server is busy, starting or stopping.
    Busy,
    /// Anything else.
    Other,
}

impl ApiError {
    /// Returns what the error means.
    pub(crate) fn meaning(&self) -> Meaning {
        match self {
            Self::Refused(refusal) => meaning(refusal),
            Self::Unreachable { .. } => Meaning::Busy,
            Self::Unusable(_) => Meaning::Other,
        }
    }

    /// Tells whether the object that was asked for does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self.meaning(), Meaning::NotFound | Meaning::NoNamespace)
    }

    /// Returns the server's answer.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

fn meaning(refusal: &Refusal) -> Meaning {
    let is_namespace = refusal.message.starts_with("namespaces \"") && refusal.message.contains("not found");
    match refusal.code {
        404 if is_namespace => Meaning::NoNamespace,
        404 => Meaning::NotFound,
        401 => Meaning::Unauthorized,
        403 if refusal.says(&["because it is being terminated"]) => Meaning::NamespaceTerminating,
        403 if refusal.says(&["exceeded quota"]) => Meaning::QuotaExceeded,
        403 if refusal.says(&["is forbidden: User \"", "is attempting to grant RBAC permissions"]) => {
            Meaning::NotPermitted
        }
        _ if refusal.says(&["does not support dry run", "support dry run"]) => Meaning::NoDryRun,
        _ if refusal.says(&["failed calling webhook", "failed to call webhook"]) => {
            Meaning::WebhookUnreachable
        }
        _ if refusal.says(&["denied the request", "ValidatingAdmissionPolicy"]) => Meaning::Denied,
        403 => Meaning::Denied,
        409 if refusal.reason == "AlreadyExists" => Meaning::AlreadyExists,
        409 if refusal.causes.iter().any(|cause| cause.reason == "FieldManagerConflict") => {
            Meaning::FieldConflict
        }
        409 => Meaning::Outdated,
        400 | 422 => Meaning::Invalid,
        429 | 503 | 504 => Meaning::Busy,
        500 if refusal.says(&[
            "etcdserver: leader changed",
            "etcdserver: request timed out",
            "etcdserver: no leader",
        ]) =>
        {
            Meaning::Busy
        }
        _ => Meaning::Other,
    }
}

/// A field that another manager holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldField {
    /// The place in the object: `.spec.replicas`.
    pub(crate) field: String,
    /// Who holds it, in the server's words: `"kubectl" with subresource "scale" using apps/v1`.
    pub(crate) manager: String,
}

impl Refusal {
    /// Returns the fields that others hold, of a conflict.
    pub(crate) fn held_fields(&self) -> Vec<HeldField> {
        let conflicts = self.causes.iter().filter(|cause| cause.reason == "FieldManagerConflict");
        let held = conflicts.map(|cause| HeldField {
            field: cause.field.clone(),
            manager: cause.message.strip_prefix("conflict with ").unwrap_or(&cause.message).to_owned(),
        });
        held.collect()
    }

    /// Returns the fields that cannot be changed in an object that exists, where that is all that is wrong.
    pub(crate) fn immutable_fields(&self) -> Option<Vec<String>> {
        const WORDS: [&str; 6] = [
            "immutable",
            "may not change once set",
            "cannot change",
            "may not be changed in an update",
            "updates to ",
            "pod updates may not change fields",
        ];
        let is_immutable = |message: &str| WORDS.iter().any(|word| message.contains(word));
        if self.code != 422 || !self.causes.iter().any(|cause| is_immutable(&cause.message)) {
            return None;
        }
        let fields = self.causes.iter().filter(|cause| is_immutable(&cause.message));
        Some(fields.map(|cause| cause.field.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: u16, reason: &str, message: &str) -> ApiError {
        let (reason, message) = (reason.to_owned(), message.to_owned());
        ApiError::Refused(Box::new(Refusal { code, reason, message, ..Refusal::default() }))
    }

    #[test]
    fn refusals_mean_what_the_server_says() {
        for (code, reason, message, meaning) in [
            (404, "NotFound", "namespaces \"x\" not found", Meaning::NoNamespace),
            (404, "NotFound", "configmaps \"x\" not found", Meaning::NotFound),
            (404, "", "404 page not found", Meaning::NotFound),
            (
                403,
                "Forbidden",
                "configmaps \"a\" is forbidden: unable to create new content in namespace n because it is being terminated",
                Meaning::NamespaceTerminating,
            ),
            (403, "Forbidden", "pods \"a\" is forbidden: exceeded quota: q", Meaning::QuotaExceeded),
            (403, "Forbidden", "pods is forbidden: User \"u\" cannot create", Meaning::NotPermitted),
            (403, "Forbidden", "pods \"a\" is forbidden: violates PodSecurity", Meaning::Denied),
            (400, "BadRequest", "admission webhook \"w\" denied the request: no", Meaning::Denied),
            (
                500,
                "InternalError",
                "Internal error occurred: failed calling webhook \"w\": connection refused",
                Meaning::WebhookUnreachable,
            ),
            (409, "AlreadyExists", "configmaps \"x\" already exists", Meaning::AlreadyExists),
            (409, "Conflict", "the object has been modified", Meaning::Outdated),
            (422, "Invalid", "spec is wrong", Meaning::Invalid),
            (500, "", "etcdserver: leader changed", Meaning::Busy),
            (500, "", "boom", Meaning::Other),
        ] {
            assert_eq!(refusal(code, reason, message).meaning(), meaning, "{message}");
        }
    }

    #[test]
    fn conflicts_name_fields_and_managers() {
        let body = br#"{"kind":"Status","code":409,"reason":"Conflict","message":"Apply failed","details":{"causes":[
            {"reason":"FieldManagerConflict","message":"conflict with \"kubectl\" using apps/v1","field":".spec.replicas"}]}}"#;
        let refusal = Refusal::read(409, body);
        let held = refusal.held_fields();
        assert_eq!(held[0].field, ".spec.replicas");
        assert_eq!(held[0].manager, "\"kubectl\" using apps/v1");
        assert_eq!(ApiError::Refused(Box::new(refusal)).meaning(), Meaning::FieldConflict);
    }

    #[test]
    fn what_is_no_status_is_a_message() {
        assert_eq!(Refusal::read(404, b"404 page not found\n").message, "404 page not found");
        assert_eq!(Refusal::read(502, b"").message, "status 502");
    }
}
