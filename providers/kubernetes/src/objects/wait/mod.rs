//! Waiting until objects are as they should be: with progress, with an early end where there is no hope, and with
//! the reason in the message.

mod deletion;
pub(crate) mod pods;
pub(crate) mod rollout;
mod simple;

use std::time::{Duration, Instant};

use serde_json::Value as Json;
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{Progress, ProgressUpdate};

use super::cluster::{Cluster, Object, Target};
use super::context::Context;
use super::duration;
use super::failure::{Doing, explain};
use super::types::Wait;

pub(crate) use deletion::{has_finalizers, until_gone};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often it is looked what pods are doing.
const LOOK_CLOSER_EVERY: Duration = Duration::from_secs(2);

/// What is waited for, and for how long.
pub(crate) struct Waiting<'a> {
    pub(crate) context: &'a Context,
    pub(crate) cluster: &'a Cluster,
    pub(crate) target: Target,
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) timeout: Duration,
    pub(crate) progress: &'a dyn Progress,
}

/// How far an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// As it should be.
    Done,
    /// Not yet; the text says what is missing.
    NotYet(String),
    /// It will not be; the text says why.
    Hopeless(String),
}

impl Waiting<'_> {
    /// Names the object in messages.
    pub(crate) fn describe(&self) -> String {
        match &self.target.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }

    fn report(&self, phase: &str) {
        self.progress.report(ProgressUpdate { phase: phase.to_owned(), expected: None });
    }
}

/// Waits until an object of a table's type is as it should be.
///
/// # Errors
/// When it is not in time, or never will be.
pub(crate) async fn until_settled(
    waiting: &Waiting<'_>,
    wait: Wait,
    object: Object,
    values: &Value,
) -> Result<(), Diagnostics> {
    match wait {
        Wait::Nothing => Ok(()),
        Wait::Rollout => until(waiting, object, |object| rollout::stage(waiting.kind, object)).await,
        Wait::Completion => until(waiting, object, rollout::job_stage).await,
        Wait::LoadBalancer if waiting.kind == "Service" && !simple::is_load_balancer(&object) => Ok(()),
        Wait::LoadBalancer => until(waiting, object, simple::load_balancer).await,
        Wait::Bound if simple::waits_for_consumer(waiting.cluster, &object).await => Ok(()),
        Wait::Bound => until(waiting, object, simple::bound).await,
        Wait::Available => until(waiting, object, simple::available).await,
        Wait::ServiceAccountToken if !simple::is_token(&object) => Ok(()),
        Wait::ServiceAccountToken => until(waiting, object, simple::token).await,
        Wait::QuotaInForce => until(waiting, object, simple::quota).await,
        Wait::PodRunning => {
            let targets = simple::target_states(values);
            until(waiting, object, |object| simple::pod_phase(object, &targets)).await
        }
        Wait::DefaultServiceAccount => {
            let target = Target::new("v1", "serviceaccounts", Some(waiting.name));
            let account = Waiting {
                target,
                kind: "ServiceAccount",
                name: "default",
                progress: waiting.progress,
                ..*waiting
            };
            until(&account, Object::new(), simple::exists).await
        }
    }
}

/// Waits until an object is done.
///
/// # Errors
/// When it is not in time, or never will be.
pub(crate) async fn until(
    waiting: &Waiting<'_>,
    object: Object,
    stage_of: impl Fn(&Object) -> Stage,
) -> Result<(), Diagnostics> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut object = object;
    let mut looked_closer = Instant::now();
    let mut troubles = pods::Troubles::default();
    let mut said = String::new();
    loop {
        let missing = match stage_of(&object) {
            Stage::Done => return Ok(()),
            Stage::Hopeless(reason) => {
                return Err(failure(waiting, &object, "will not become ready", &reason).await);
            }
            Stage::NotYet(missing) => missing,
        };
        let mut phase = missing.clone();
        if looked_closer.elapsed() >= LOOK_CLOSER_EVERY || start.elapsed() < pause {
            looked_closer = Instant::now();
            if let Some(trouble) = troubles.look(waiting.cluster, &waiting.target, &object).await {
                if trouble.is_hopeless {
                    return Err(failure(waiting, &object, "will not become ready", &missing).await);
                }
                phase = format!("{missing}; {}", trouble.text);
            }
        }
        if phase != said {
            waiting.report(&phase);
            said = phase;
        }
        if start.elapsed() + pause > waiting.timeout {
            let what = format!("is not ready after {}", duration::show(waiting.timeout));
            return Err(failure(waiting, &object, &what, &missing).await);
        }
        if waiting.context.is_stopped() {
            return Err(interrupted(waiting, &missing));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        object = match waiting.cluster.api(waiting.target.clone()).find(waiting.name).await {
            Ok(object) => object.unwrap_or_default(),
            Err(error) if error.meaning() == super::cluster::error::Meaning::Busy => object,
            Err(error) => return Err(explain(&error, Doing::Reading, &waiting.describe(), None).into()),
        };
    }
}

fn interrupted(waiting: &Waiting<'_>, missing: &str) -> Diagnostics {
    let detail = format!("{} was left while {missing}.", waiting.describe());
    Diagnostic::error("Interrupted", detail).into()
}

/// Gathers what the cluster knows about an object that does not become ready.
async fn failure(waiting: &Waiting<'_>, object: &Object, what: &str, missing: &str) -> Diagnostics {
    let mut detail = format!("{} {what}: {missing}.", waiting.describe());
    for report in pods::reports(waiting.cluster, &waiting.target, object).await {
        detail.push_str("\n\n");
        detail.push_str(&report);
    }
    let warnings =
        pods::warnings(waiting.cluster, waiting.target.namespace.as_deref(), waiting.kind, waiting.name)
            .await;
    if !warnings.is_empty() {
        detail.push_str("\n\nWarnings of the cluster:");
        for warning in warnings {
            detail.push_str(&format!("\n  - {warning}"));
        }
    }
    Diagnostic::error("Object not ready", detail).into()
}

/// Returns a field inside fields.
pub(crate) fn at<'o>(object: &'o Object, path: &[&str]) -> Option<&'o Json> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(*first)?, |json, name| json.get(*name))
}

/// Returns a text inside fields; the empty text when there is none.
pub(crate) fn text_at<'o>(object: &'o Object, path: &[&str]) -> &'o str {
    at(object, path).and_then(Json::as_str).unwrap_or_default()
}

/// Returns a whole number inside fields.
pub(crate) fn number_at(object: &Object, path: &[&str]) -> Option<i64> {
    at(object, path).and_then(Json::as_i64)
}
