//! Failures of requests in the words of messages.

use terrane_model::{AttributePath, Diagnostic};

use super::cluster::ApiError;
use super::cluster::error::{Cause, Meaning, Refusal};
use super::table::locate;
use super::table::shape::Shape;

/// What was to be done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Planning,
    Creating,
    Updating,
    Deleting,
    Reading,
}

impl Doing {
    fn summary(self) -> &'static str {
        match self {
            Self::Planning => "Object not accepted",
            Self::Creating => "Cannot create object",
            Self::Updating => "Cannot update object",
            Self::Deleting => "Cannot delete object",
            Self::Reading => "Cannot read object",
        }
    }
}

/// Explains a failure. With a shape, what the server blames is traced back to the argument that stands for it.
pub(crate) fn explain(error: &ApiError, doing: Doing, object: &str, shape: Option<&Shape>) -> Diagnostic {
    let diagnostic = Diagnostic::error(doing.summary(), detail(error, object));
    let blamed = error.refusal().and_then(|refusal| blamed(refusal, shape?));
    match blamed {
        Some(path) => diagnostic.on_attribute(path),
        None => diagnostic,
    }
}

fn blamed(refusal: &Refusal, shape: &Shape) -> Option<AttributePath> {
    let cause = refusal.causes.first()?;
    let path = locate::argument_path(shape, cause.field.trim_start_matches('.'));
    (!path.is_root()).then_some(path)
}

fn detail(error: &ApiError, object: &str) -> String {
    let message = error.to_string();
    match error.meaning() {
        Meaning::Invalid => format!("The API server does not accept {object}: {}", invalid(error)),
        Meaning::QuotaExceeded => format!(
            "{object} does not fit into its namespace's quota: {message}. Raise the quota, or ask for less."
        ),
        Meaning::Denied => format!("The cluster's rules do not allow {object}: {message}"),
        Meaning::NotPermitted => {
            format!(
                "The credentials do not suffice for {object}: {message}. A role that allows it has to be bound first."
            )
        }
        Meaning::Unauthorized => {
            format!(
                "The server does not accept the credentials ({message}). They may have expired, or be for another cluster."
            )
        }
        Meaning::AlreadyExists => format!("{object} exists already."),
        Meaning::NoNamespace => format!("The namespace of {object} does not exist: {message}."),
        Meaning::NamespaceTerminating => format!("The namespace of {object} is being deleted: {message}."),
        Meaning::WebhookUnreachable => format!(
            "A webhook that has to be asked about {object} does not answer: {message}. Its pods may not be running."
        ),
        _ => format!("{object}: {message}"),
    }
}

/// One line for each thing that is wrong, without what only repeats the object's name.
fn invalid(error: &ApiError) -> String {
    let causes = error.refusal().map(|refusal| refusal.causes.as_slice()).unwrap_or_default();
    let line = |cause: &Cause| format!("\n  - {}: {}", cause.field.trim_start_matches('.'), cause.message);
    match causes {
        [] => error.to_string(),
        causes => causes.iter().map(line).collect(),
    }
}

/// Says that an object is there already, and what can be done about it.
pub(crate) fn already_exists(what: &str, id: &str) -> String {
    format!(
        "{what} exists already, and the state does not know it. To manage it from here on, import it with the id {id:?} \
         (an import block, or the import command); otherwise choose another name or delete it."
    )
}
