//! Asking the server about the objects of a release before anything is released: what it would not take ends the plan
//! instead of the release.

use futures_util::stream::{self, StreamExt};
use terrane_model::{Diagnostic, Diagnostics, Value};

use super::super::live;
use super::super::manifest::{self, Rendered};
use super::Identity;
use crate::objects::any::compare::as_kept;
use crate::objects::cluster::error::Meaning;
use crate::objects::cluster::{ApiError, Cluster};
use crate::objects::context::Context;
use crate::objects::dry_run::{Open, Verdict, try_out};
use crate::objects::failure::{Doing, explain};
use crate::objects::open_question;

/// So many objects are asked about at once.
const AT_ONCE: usize = 16;
/// In whose name Helm writes.
const MANAGER: &str = "helm";

/// What is wrong with an object.
enum Objection {
    Refused(ApiError),
    Immutable(Vec<String>),
    Open(Open),
}

/// Asks the server about what a release would write. Objects that are as they were `released` are not asked about:
/// Helm leaves them alone. Neither are those with parts that are generated anew every time.
///
/// # Errors
/// When the server would not take some of the objects.
pub(super) async fn try_objects(
    context: &Context,
    cluster: &Cluster,
    identity: &Identity,
    config: &Value,
    rendered: &[Rendered],
    released: &[Rendered],
) -> Result<Diagnostics, Diagnostics> {
    let is_lenient = config.get("disable_openapi_validation").and_then(Value::as_bool) == Some(true);
    let asked: Vec<_> = manifest::changed(rendered, released)
        .into_iter()
        .filter(|object| !manifest::is_generated(object))
        .map(|object| objection(cluster, object, &identity.namespace, is_lenient))
        .collect();
    let mut answers = stream::iter(asked).buffered(AT_ONCE);
    let (mut errors, mut warnings) = (Diagnostics::new(), Diagnostics::new());
    while let Some(answer) = answers.next().await {
        match answer {
            None => {}
            Some((_, Objection::Open(open))) => warnings.extend(open_question(context, &open)),
            Some((object, objection)) => errors.push(told(identity, object, &objection)),
        }
    }
    if errors.has_errors() { Err(errors) } else { Ok(warnings) }
}

async fn objection<'r>(
    cluster: &Cluster,
    rendered: &'r Rendered,
    namespace: &str,
    is_lenient: bool,
) -> Option<(&'r Rendered, Objection)> {
    let (target, mut object) = live::place(cluster, rendered, namespace).await.ok()??;
    as_kept(&mut object);
    let name = rendered.name();
    let objection = match try_out(cluster, &target, Some(name), &object, MANAGER, true).await {
        Verdict::Accepted { .. } | Verdict::Conflict(_) | Verdict::Open(Open::NoNamespace | Open::NoKind) => {
            return None;
        }
        Verdict::Immutable { fields } => Objection::Immutable(fields),
        Verdict::Open(open) => Objection::Open(open),
        Verdict::Refused(error) => match error.meaning() {
            Meaning::Denied | Meaning::QuotaExceeded => Objection::Refused(error),
            // Helm merges with what is there in another way, and may get along with it.
            Meaning::Invalid if !is_lenient => match cluster.api(target).find(name).await {
                Ok(None) => Objection::Refused(error),
                _ => return None,
            },
            _ => return None,
        },
    };
    Some((rendered, objection))
}

fn told(identity: &Identity, rendered: &Rendered, objection: &Objection) -> Diagnostic {
    let what = format!("{} {}", rendered.kind(), rendered.name());
    let mut diagnostic = match objection {
        Objection::Refused(error) => explain(error, Doing::Planning, &what, None),
        Objection::Immutable(fields) => {
            let detail = format!(
                "{what} is there, and cannot be changed like this: {} cannot be changed. Delete it first, or give it \
                 another name.",
                fields.join(", ")
            );
            Diagnostic::error("Object cannot be changed", detail)
        }
        Objection::Open(_) => Diagnostic::warning("Plan not checked by the server", what),
    };
    let source = if rendered.source.is_empty() { "a template" } else { rendered.source.as_str() };
    let release = format!("{}/{}", identity.namespace, identity.name);
    diagnostic.detail = format!("In the release {release}, from {source}: {}", diagnostic.detail);
    diagnostic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_asked_about() {
        let read = |text: &str| manifest::read(text).expect("it is YAML");
        let rendered = read(
            "kind: A\napiVersion: v1\nmetadata: {name: a}\n---\nkind: A\napiVersion: v1\nmetadata: {name: b}\nx: 1\n",
        );
        let released = read(
            "kind: A\napiVersion: v1\nmetadata: {name: a}\n---\nkind: A\napiVersion: v1\nmetadata: {name: b}\n",
        );
        let names = |objects: Vec<&Rendered>| -> Vec<String> {
            objects.iter().map(|object| object.name().to_owned()).collect()
        };
        assert_eq!(names(manifest::changed(&rendered, &released)), ["b"]);
        assert_eq!(names(manifest::changed(&rendered, &[])), ["a", "b"]);
        let mut masked = rendered.clone();
        masked[0].object.insert("data".to_owned(), serde_json::json!({"p": [manifest::GENERATED]}));
        assert!(manifest::is_generated(&masked[0]) && !manifest::is_generated(&masked[1]));
        let told = told(
            &Identity { namespace: "n".to_owned(), name: "web".to_owned() },
            &rendered[0],
            &Objection::Immutable(vec!["spec.selector".to_owned()]),
        );
        assert!(
            told.detail.starts_with("In the release n/web, from a template: A a is there"),
            "{}",
            told.detail
        );
    }
}
