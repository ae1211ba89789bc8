//! Waiting until objects are gone, and saying who keeps them.

use std::time::Instant;

use serde_json::Value as Json;
use terrane_model::{Diagnostic, Diagnostics};

use super::{FIRST_PAUSE, LONGEST_PAUSE, Waiting, at, text_at};
use crate::objects::cluster::Object;
use crate::objects::cluster::error::Meaning;
use crate::objects::duration;
use crate::objects::failure::{Doing, explain};

/// Tells whether somebody has to let go of an object before it is gone.
pub(crate) fn has_finalizers(object: &Object) -> bool {
    !finalizers(object).is_empty()
}

fn finalizers(object: &Object) -> Vec<&str> {
    let list = |path: &[&str]| {
        at(object, path)
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect::<Vec<_>>()
    };
    let mut all = list(&["metadata", "finalizers"]);
    if text_at(object, &["kind"]) == "Namespace" {
        all.extend(list(&["spec", "finalizers"]));
    }
    all
}

/// Waits until an object is gone, or another has its name.
///
/// # Errors
/// When it is not gone in time; with the names of those who hold it.
pub(crate) async fn until_gone(waiting: &Waiting<'_>, uid: Option<&str>) -> Result<(), Diagnostics> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE / 4;
    let mut said = String::new();
    loop {
        let object = match waiting.cluster.api(waiting.target.clone()).find(waiting.name).await {
            Ok(None) => return Ok(()),
            Ok(Some(object)) => object,
            Err(error) if error.meaning() == Meaning::Busy && start.elapsed() < waiting.timeout => {
                tokio::time::sleep(LONGEST_PAUSE).await;
                continue;
            }
            Err(error) => return Err(explain(&error, Doing::Deleting, &waiting.describe(), None).into()),
        };
        if uid.is_some_and(|uid| text_at(&object, &["metadata", "uid"]) != uid) {
            return Ok(());
        }
        let phase = phase(&object);
        if phase != said {
            waiting.report(&phase);
            said = phase;
        }
        if start.elapsed() + pause > waiting.timeout {
            return Err(stuck(waiting, &object));
        }
        if waiting.context.is_stopped() {
            return Err(super::interrupted(waiting, "it was being deleted"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

fn phase(object: &Object) -> String {
    let finalizers = finalizers(object);
    if finalizers.is_empty() {
        "waiting until it is gone".to_owned()
    } else {
        format!("waiting for finalizers ({})", finalizers.join(", "))
    }
}

fn stuck(waiting: &Waiting<'_>, object: &Object) -> Diagnostics {
    let mut detail = format!(
        "{} is not gone {} after it was deleted.",
        waiting.describe(),
        duration::show(waiting.timeout)
    );
    let finalizers = finalizers(object);
    if !finalizers.is_empty() {
        detail.push_str(&format!(
            " It is held by the finalizers {}: whoever has set them has to remove them once its own work is done. If \
             that controller is gone for good, remove them by hand.",
            finalizers.join(", ")
        ));
    }
    for line in remaining_content(object) {
        detail.push_str(&format!("\n  - {line}"));
    }
    Diagnostic::error("Object cannot be deleted", detail).into()
}

/// Returns what a namespace says about what is still in it.
fn remaining_content(object: &Object) -> Vec<&str> {
    let conditions = at(object, &["status", "conditions"]).and_then(Json::as_array).into_iter().flatten();
    let holds = |condition: &&Json| condition.get("status").and_then(Json::as_str) == Some("True");
    conditions.filter(holds).filter_map(|condition| condition.get("message")?.as_str()).collect()
}
