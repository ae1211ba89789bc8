//! What the pods of an object are doing: why they do not run, and what they said last.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::{at, number_at, text_at};
use crate::objects::cluster::{Cluster, Object, Target};

/// So many pods are reported, and so many lines of each log.
const REPORTED_PODS: usize = 3;
const LOG_LINES: usize = 10;
const REPORTED_WARNINGS: usize = 3;

/// After so many restarts nobody believes that the next one helps.
const HOPELESS_RESTARTS: i64 = 3;

/// How long a trouble that may pass is watched.
const PATIENCE: Duration = Duration::from_secs(60);

/// What keeps a container from running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) text: String,
    pub(crate) is_hopeless: bool,
    /// Whether the container has run and may have said something.
    has_run: bool,
    /// Whether it will be hopeless if it lasts.
    may_pass: bool,
    pod: String,
    container: String,
}

/// Troubles and since when they last.
#[derive(Default)]
pub(crate) struct Troubles {
    since: BTreeMap<String, Instant>,
}

impl Troubles {
    /// Looks at the pods of an object; returns the worst of what keeps them from running.
    pub(crate) async fn look(
        &mut self,
        cluster: &Cluster,
        target: &Target,
        object: &Object,
    ) -> Option<Trouble> {
        let pods = pods_of(cluster, target, object).await;
        let mut troubles: Vec<Trouble> = pods.iter().filter_map(trouble).collect();
        self.since.retain(|text, _| troubles.iter().any(|trouble| trouble.text == *text));
        for trouble in &mut troubles {
            let since = self.since.entry(trouble.text.clone()).or_insert_with(Instant::now);
            trouble.is_hopeless |= trouble.may_pass && since.elapsed() > PATIENCE;
        }
        troubles.into_iter().max_by_key(|trouble| trouble.is_hopeless)
    }
}

/// Returns the pods that belong to what an object is now, not to what it was before.
async fn pods_of(cluster: &Cluster, target: &Target, object: &Object) -> Vec<Object> {
    if text_at(object, &["kind"]) == "Pod" {
        return vec![object.clone()];
    }
    let Some(labels) = at(object, &["spec", "selector", "matchLabels"]).and_then(Json::as_object) else {
        return Vec::new();
    };
    let selector: Vec<String> =
        labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    let selector = selector.join(",");
    let query = [("labelSelector", selector.as_str())];
    let namespace = target.namespace.as_deref();
    let mut pods = cluster.api(Target::new("v1", "pods", namespace)).list(&query).await.unwrap_or_default();
    for pod in &mut pods {
        pod.insert("kind".to_owned(), "Pod".into());
    }
    if let Some((label, value)) = current_revision(cluster, target, object, &query).await {
        pods.retain(|pod| text_at(pod, &["metadata", "labels", label]) == value);
    }
    pods
}

/// Returns the label that pods of the present revision have.
async fn current_revision(
    cluster: &Cluster,
    target: &Target,
    object: &Object,
    query: &[(&str, &str)],
) -> Option<(&'static str, String)> {
    let revision = text_at(object, &["status", "updateRevision"]);
    if !revision.is_empty() {
        return Some(("controller-revision-hash", revision.to_owned()));
    }
    let revision = text_at(object, &["metadata", "annotations", "deployment.kubernetes.io/revision"]);
    if text_at(object, &["kind"]) != "Deployment" || revision.is_empty() {
        return None;
    }
    let namespace = target.namespace.as_deref();
    let sets = cluster.api(Target::new("apps/v1", "replicasets", namespace)).list(query).await.ok()?;
    let current = sets.iter().find(|set| {
        text_at(set, &["metadata", "annotations", "deployment.kubernetes.io/revision"]) == revision
    })?;
    Some(("pod-template-hash", text_at(current, &["metadata", "labels", "pod-template-hash"]).to_owned()))
}

/// Returns what keeps a pod from running.
fn trouble(pod: &Object) -> Option<Trouble> {
    let name = text_at(pod, &["metadata", "name"]);
    let statuses =
        |list: &str| at(pod, &["status", list]).and_then(Json::as_array).cloned().unwrap_or_default();
    let all = statuses("initContainerStatuses").into_iter().chain(statuses("containerStatuses"));
    let of_containers = all.filter_map(|status| container_trouble(name, status.as_object()?)).next();
    of_containers.or_else(|| {
        let condition = super::rollout::condition(pod, "PodScheduled")?;
        let text = |name: &str| condition.get(name).and_then(Json::as_str).unwrap_or_default();
        (text("status") == "False").then(|| Trouble {
            text: format!("pod {name} cannot be scheduled: {}", text("message")),
            is_hopeless: false,
            has_run: false,
            may_pass: false,
            pod: name.to_owned(),
            container: String::new(),
        })
    })
}

fn container_trouble(pod: &str, status: &Object) -> Option<Trouble> {
    let reason = text_at(status, &["state", "waiting", "reason"]);
    let message = text_at(status, &["state", "waiting", "message"]);
    let container = text_at(status, &["name"]);
    let restarts = number_at(status, &["restartCount"]).unwrap_or_default();
    let is_final = |message: &str| {
        const WORDS: [&str; 6] =
            ["not found", "manifest unknown", "unauthorized", "denied", "forbidden", "no such host"];
        let message = message.to_ascii_lowercase();
        WORDS.iter().any(|word| message.contains(word))
    };
    let (is_hopeless, may_pass) = match reason {
        "InvalidImageName" | "ErrImageNeverPull" => (true, false),
        "ImagePullBackOff" => (is_final(message), true),
        "CrashLoopBackOff" => (restarts >= HOPELESS_RESTARTS, false),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" | "ErrImagePull" => {
            (false, true)
        }
        _ => return None,
    };
    let has_run = restarts > 0 || at(status, &["lastState", "terminated"]).is_some();
    let mut text = format!("container {container} of pod {pod} is waiting: {reason}");
    if reason == "CrashLoopBackOff" {
        let exit = number_at(status, &["lastState", "terminated", "exitCode"]);
        let why = text_at(status, &["lastState", "terminated", "reason"]);
        let exit = exit.map(|code| format!(", last exit code {code}")).unwrap_or_default();
        let why = if why.is_empty() || why == "Error" { String::new() } else { format!(" ({why})") };
        text.push_str(&format!(" after {restarts} restarts{exit}{why}"));
    } else if !message.is_empty() {
        text.push_str(&format!(": {message}"));
    }
    Some(Trouble {
        text,
        is_hopeless,
        has_run,
        may_pass,
        pod: pod.to_owned(),
        container: container.to_owned(),
    })
}

/// Reports on the pods of an object that are in trouble or have failed, with the last lines of their logs.
pub(crate) async fn reports(cluster: &Cluster, target: &Target, object: &Object) -> Vec<String> {
    let mut reports = Vec::new();
    for pod in pods_of(cluster, target, object).await {
        let Some(trouble) = trouble(&pod).or_else(|| failed_pod(&pod)) else { continue };
        let mut report = format!("{}.", capitalised(&trouble.text));
        if let Some(log) = last_words(cluster, target, &trouble).await {
            report.push_str(&format!("\nThe last lines of its log:\n{log}"));
        }
        reports.push(report);
        if reports.len() == REPORTED_PODS {
            break;
        }
    }
    reports
}

/// A pod that was not restarted has failed for good.
fn failed_pod(pod: &Object) -> Option<Trouble> {
    if text_at(pod, &["status", "phase"]) != "Failed" {
        return None;
    }
    let name = text_at(pod, &["metadata", "name"]);
    let statuses = at(pod, &["status", "containerStatuses"]).and_then(Json::as_array).into_iter().flatten();
    let failed = statuses.filter_map(Json::as_object).find_map(|status| {
        let code = number_at(status, &["state", "terminated", "exitCode"]).filter(|code| *code != 0)?;
        Some((text_at(status, &["name"]).to_owned(), code))
    });
    let (container, text) = match failed {
        Some((container, code)) => {
            let text = format!("container {container} of pod {name} has ended with exit code {code}");
            (container, text)
        }
        None => {
            let why = text_at(pod, &["status", "reason"]);
            let message = text_at(pod, &["status", "message"]);
            (String::new(), format!("pod {name} has failed: {why} {message}"))
        }
    };
    let has_run = !container.is_empty();
    Some(Trouble { text, is_hopeless: true, has_run, may_pass: false, pod: name.to_owned(), container })
}

async fn last_words(cluster: &Cluster, target: &Target, trouble: &Trouble) -> Option<String> {
    if !trouble.has_run {
        return None;
    }
    let api = cluster.api(Target::new("v1", "pods", target.namespace.as_deref()));
    let mut log = api.log_tail(&trouble.pod, &trouble.container, LOG_LINES, false).await.unwrap_or_default();
    if log.trim().is_empty() {
        log = api.log_tail(&trouble.pod, &trouble.container, LOG_LINES, true).await.unwrap_or_default();
    }
    let lines: Vec<String> = log.trim_end().lines().map(|line| format!("  {line}")).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Returns the latest warnings of the cluster about an object.
pub(crate) async fn warnings(
    cluster: &Cluster,
    namespace: Option<&str>,
    kind: &str,
    name: &str,
) -> Vec<String> {
    let selector = format!("involvedObject.kind={kind},involvedObject.name={name},type=Warning");
    let events = cluster.api(Target::new("v1", "events", Some(namespace.unwrap_or("default"))));
    let mut events = events.list(&[("fieldSelector", selector.as_str())]).await.unwrap_or_default();
    events.sort_by(|a, b| text_at(a, &["lastTimestamp"]).cmp(text_at(b, &["lastTimestamp"])));
    let line = |event: &Object| format!("{}: {}", text_at(event, &["reason"]), text_at(event, &["message"]));
    let mut lines: Vec<String> = events.iter().rev().map(line).collect();
    lines.dedup();
    lines.truncate(REPORTED_WARNINGS);
    lines
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
