//! Asking the server what it would make of an object, while nothing is at stake.

use terrane_model::Diagnostic;

use super::cluster::api::{Applied, Write};
use super::cluster::error::{HeldField, Meaning};
use super::cluster::{ApiError, Cluster, Object, Target};

/// What the server would do with an object.
pub(crate) enum Verdict {
    /// It would take it. Fields that others hold, and that would be taken over, are named.
    Accepted { applied: Box<Applied>, held: Vec<HeldField> },
    /// It would not: the object cannot be changed like this, but could be made anew.
    Immutable { fields: Vec<String> },
    /// It would not.
    Refused(ApiError),
    /// Fields belong to others, and are not to be taken over.
    Conflict(Vec<HeldField>),
    /// It could not be asked, or could not say; not before the apply.
    Open(Open),
}

/// Why it is not known what the server would do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Open {
    /// The namespace is not there, or on its way out.
    NoNamespace,
    /// The kind is not there.
    NoKind,
    /// The credentials may read, but not write.
    NotPermitted,
    /// A webhook that has to be asked does not answer, or cannot be asked without effect.
    Webhook(String),
    /// The server does not answer.
    Unreachable(String),
}

/// Asks what would become of an object.
///
/// With `force`, fields of others are taken over and named; without, they are in the way.
pub(crate) async fn try_out(
    cluster: &Cluster,
    target: &Target,
    name: Option<&str>,
    object: &Object,
    manager: &str,
    force: bool,
) -> Verdict {
    let api = cluster.api(target.clone());
    let write = |force| Write { manager, force, dry_run: true };
    let Some(name) = name else {
        return match api.create(object, write(false)).await {
            Ok(object) => accepted(Applied { object, created: true }, Vec::new()),
            Err(error) => judge(error),
        };
    };
    let mut held = Vec::new();
    let first = match api.apply(name, object, write(false)).await {
        Err(error) if error.meaning() == Meaning::FieldConflict => {
            held = error.refusal().map(|refusal| refusal.held_fields()).unwrap_or_default();
            if !force {
                return Verdict::Conflict(held);
            }
            api.apply(name, object, write(true)).await
        }
        first => first,
    };
    match first {
        Ok(applied) => accepted(applied, held),
        Err(error) if error.meaning() == Meaning::NoNamespace => {
            in_another_namespace(cluster, target, object, manager)
                .await
                .unwrap_or(Verdict::Open(Open::NoNamespace))
        }
        Err(error) => judge(error),
    }
}

fn accepted(applied: Applied, held: Vec<HeldField>) -> Verdict {
    Verdict::Accepted { applied: Box::new(applied), held }
}

fn judge(error: ApiError) -> Verdict {
    let message = error.to_string();
    if let Some(fields) = error.refusal().and_then(|refusal| refusal.immutable_fields()) {
        return Verdict::Immutable { fields };
    }
    match error.meaning() {
        Meaning::NoNamespace | Meaning::NamespaceTerminating => Verdict::Open(Open::NoNamespace),
        Meaning::NotFound => Verdict::Open(Open::NoKind),
        Meaning::NotPermitted => Verdict::Open(Open::NotPermitted),
        Meaning::WebhookUnreachable | Meaning::NoDryRun => Verdict::Open(Open::Webhook(message)),
        Meaning::Busy => Verdict::Open(Open::Unreachable(message)),
        _ => Verdict::Refused(error),
    }
}

/// While the namespace is in the making, the object's form can be looked at in one that is always there, under a
/// name that nothing has. Only what is wrong with the form counts: rules of namespaces differ.
async fn in_another_namespace(
    cluster: &Cluster,
    target: &Target,
    object: &Object,
    manager: &str,
) -> Option<Verdict> {
    let mut probe = object.clone();
    let metadata = probe.get_mut("metadata")?.as_object_mut()?;
    metadata.remove("namespace");
    metadata.remove("name");
    metadata.insert("generateName".to_owned(), "terrane-plan-".into());
    let target = Target { namespace: Some("default".to_owned()), ..target.clone() };
    let error =
        cluster.api(target).create(&probe, Write { manager, force: false, dry_run: true }).await.err()?;
    (error.meaning() == Meaning::Invalid).then_some(Verdict::Refused(error))
}

/// Says in a sentence who holds fields.
pub(crate) fn holders(held: &[HeldField]) -> String {
    let one =
        |held: &HeldField| format!("{} belongs to {}", held.field.trim_start_matches('.'), held.manager);
    let all: Vec<String> = held.iter().map(one).collect();
    all.join("; ")
}

/// Warns that fields of others would be taken over.
pub(crate) fn takeover_warning(object: &str, held: &[HeldField]) -> Diagnostic {
    let detail = format!(
        "Others have set fields of {object} that the configuration sets, too: {}. Applying this plan takes them over. If \
         they are to stay theirs, leave them out of the configuration, or name them in lifecycle.ignore_changes.",
        holders(held)
    );
    Diagnostic::warning("Fields will be taken over", detail)
}
