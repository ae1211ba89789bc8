//! How far deployments, stateful sets, daemon sets and jobs are.

use serde_json::Value as Json;

use super::{Stage, at, number_at, text_at};
use crate::objects::cluster::Object;

/// Returns how far an object with pods is; objects without are done.
pub(crate) fn stage(kind: &str, object: &Object) -> Stage {
    let is_covered = matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet");
    let observed = number_at(object, &["status", "observedGeneration"]).unwrap_or_default();
    let generation = number_at(object, &["metadata", "generation"]).unwrap_or_default();
    if is_covered && observed < generation {
        return Stage::NotYet("the rollout has not started".to_owned());
    }
    match kind {
        "Deployment" => deployment(object),
        "StatefulSet" => stateful_set(object),
        "DaemonSet" => daemon_set(object),
        "Job" => job_stage(object),
        _ => Stage::Done,
    }
}

fn status(object: &Object, name: &str) -> i64 {
    number_at(object, &["status", name]).unwrap_or_default()
}

fn wanted_replicas(object: &Object) -> i64 {
    number_at(object, &["spec", "replicas"]).unwrap_or(1)
}

/// Returns the first of these that holds as what is missing.
fn first_missing(checks: &[(bool, String)]) -> Stage {
    let missing = checks.iter().find(|(is_missing, _)| *is_missing);
    missing.map_or(Stage::Done, |(_, text)| Stage::NotYet(text.clone()))
}

fn deployment(object: &Object) -> Stage {
    if let Some(condition) = condition(object, "Progressing")
        && condition.get("reason").and_then(Json::as_str) == Some("ProgressDeadlineExceeded")
    {
        let message = condition.get("message").and_then(Json::as_str).unwrap_or("no progress in time");
        return Stage::Hopeless(format!("the deployment has exceeded its progress deadline: {message}"));
    }
    let wanted = wanted_replicas(object);
    let (replicas, updated) = (status(object, "replicas"), status(object, "updatedReplicas"));
    let available = status(object, "availableReplicas");
    first_missing(&[
        (updated < wanted, format!("{updated} of {wanted} new replicas made")),
        (replicas > updated, format!("{} old replicas still running", replicas - updated)),
        (available < updated, format!("{available} of {updated} replicas available")),
    ])
}

fn stateful_set(object: &Object) -> Stage {
    if text_at(object, &["spec", "updateStrategy", "type"]) == "OnDelete" {
        return Stage::Done;
    }
    let wanted = wanted_replicas(object);
    let partition =
        number_at(object, &["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or_default();
    let (ready, updated) = (status(object, "readyReplicas"), status(object, "updatedReplicas"));
    let to_update = (wanted - partition).max(0);
    let same_revision =
        text_at(object, &["status", "updateRevision"]) == text_at(object, &["status", "currentRevision"]);
    first_missing(&[
        (ready < wanted, format!("{ready} of {wanted} replicas ready")),
        (!same_revision && updated < to_update, format!("{updated} of {to_update} replicas updated")),
    ])
}

fn daemon_set(object: &Object) -> Stage {
    if text_at(object, &["spec", "updateStrategy", "type"]) == "OnDelete" {
        return Stage::Done;
    }
    let wanted = status(object, "desiredNumberScheduled");
    let (updated, available) = (status(object, "updatedNumberScheduled"), status(object, "numberAvailable"));
    first_missing(&[
        (updated < wanted, format!("{updated} of {wanted} new pods scheduled")),
        (available < wanted, format!("{available} of {wanted} pods available")),
    ])
}

/// Returns how far a job is.
pub(crate) fn job_stage(object: &Object) -> Stage {
    let holds = |name: &str| {
        condition(object, name)
            .filter(|condition| condition.get("status").and_then(Json::as_str) == Some("True"))
    };
    if holds("Complete").is_some() {
        return Stage::Done;
    }
    if let Some(condition) = holds("Failed") {
        let text = |name: &str| condition.get(name).and_then(Json::as_str).unwrap_or_default();
        return Stage::Hopeless(format!("the job has failed ({}): {}", text("reason"), text("message")));
    }
    let wanted = number_at(object, &["spec", "completions"]).unwrap_or(1);
    let (succeeded, failed) = (status(object, "succeeded"), status(object, "failed"));
    let failures = if failed == 0 { String::new() } else { format!(", {failed} failed") };
    Stage::NotYet(format!("{succeeded} of {wanted} completions{failures}"))
}

/// Returns a condition of the object's status.
pub(crate) fn condition<'o>(object: &'o Object, kind: &str) -> Option<&'o Json> {
    let conditions = at(object, &["status", "conditions"])?.as_array()?;
    conditions.iter().find(|condition| condition.get("type").and_then(Json::as_str) == Some(kind))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: &str, object: Json, expected: &str) {
        let object = crate::objects::cluster::api::into_object(object).unwrap();
        let text = match stage(kind, &object) {
            Stage::Done => "done".to_owned(),
            Stage::NotYet(text) => text,
            Stage::Hopeless(text) => format!("hopeless: {text}"),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn deployments_say_what_is_missing() {
        let object =
            |status: Json| json!({"metadata": {"generation": 2}, "spec": {"replicas": 3}, "status": status});
        check("Deployment", object(json!({"observedGeneration": 1})), "the rollout has not started");
        check(
            "Deployment",
            object(json!({"observedGeneration": 2, "updatedReplicas": 1})),
            "1 of 3 new replicas made",
        );
        let old = json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 4});
        check("Deployment", object(old), "1 old replicas still running");
        let starting =
            json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 1});
        check("Deployment", object(starting), "1 of 3 replicas available");
        let done =
            json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 3});
        check("Deployment", object(done), "done");
        let late = json!({"observedGeneration": 2, "conditions": [
            {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "too late"}]});
        check(
            "Deployment",
            object(late),
            "hopeless: the deployment has exceeded its progress deadline: too late",
        );
    }

    #[test]
    fn sets_say_what_is_missing() {
        let set = |status: Json| json!({"spec": {"replicas": 2}, "status": status});
        check("StatefulSet", set(json!({"readyReplicas": 1})), "1 of 2 replicas ready");
        let mixed =
            json!({"readyReplicas": 2, "updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a"});
        check("StatefulSet", set(mixed), "1 of 2 replicas updated");
        check("StatefulSet", json!({"spec": {"updateStrategy": {"type": "OnDelete"}}}), "done");
        let daemons = json!({"status": {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}});
        check("DaemonSet", daemons, "1 of 2 pods available");
        check("DaemonSet", json!({"status": {"desiredNumberScheduled": 0}}), "done");
    }

    #[test]
    fn jobs_end_well_or_badly() {
        check("Job", json!({"status": {"failed": 1}}), "0 of 1 completions, 1 failed");
        check("Job", json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}}), "done");
        let failed = json!({"status": {"conditions": [
            {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "limit reached"}]}});
        check("Job", failed, "hopeless: the job has failed (BackoffLimitExceeded): limit reached");
    }
}
