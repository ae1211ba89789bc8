//! Making and changing releases with the `helm` command.

use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json};
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ApplyRequest, Progress, ProgressUpdate};
use tokio::sync::watch;

use super::super::chart::Chart;
use super::super::failure::{self, explain};
use super::super::program::{HelmError, Run};
use super::super::record::Record;
use super::super::render::shared_arguments;
use super::super::values;
use super::crds::{self, UpgradeError};
use super::operation::{Ended, Marker, watch_objects};
use super::rehearse::{Rehearsal, Trouble};
use super::{Identity, Kept, Release, check_driver, checksum, storage};
use crate::objects::cluster::Cluster;
use crate::objects::context::Context;
use crate::objects::duration;
use crate::objects::resource::Outcome;

/// What an action may take where the configuration does not say otherwise.
const USUAL_LIMIT: Duration = Duration::from_secs(1200);

/// How much longer than an operation may take it is waited for.
const GRACE: Duration = Duration::from_secs(10);

/// A release while it is made.
struct Releasing<'a> {
    context: &'a Context,
    cluster: &'a Cluster,
    request: &'a ApplyRequest,
    identity: Identity,
    progress: &'a dyn Progress,
}

/// Returns a number of seconds that the values name.
pub(super) fn seconds(values: &Value, name: &str) -> Option<Duration> {
    let seconds = values.get(name)?.as_number()?.to_i64()?;
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

impl Release {
    pub(super) async fn release(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Outcome {
        let Some(identity) = self.identity(&request.planned_state) else {
            let diagnostic = Diagnostic::error("Invalid plan", "The plan does not name the release.");
            return Outcome::unchanged(request, diagnostic.into());
        };
        context.helm.seen.forget(&identity);
        let cluster = match check_driver(context) {
            Ok(()) => context.cluster().await,
            Err(diagnostics) => Err(diagnostics),
        };
        let cluster = match cluster {
            Ok(cluster) => cluster,
            Err(diagnostics) => return Outcome::unchanged(request, diagnostics),
        };
        let mut kept = Kept::read(&request.planned_private);
        let is_create = request.prior_state.is_null();
        let mut diagnostics = Diagnostics::new();
        if kept.releases || is_create {
            let releasing =
                Releasing { context, cluster: &cluster, request, identity: identity.clone(), progress };
            match releasing.run(kept.is_untried).await {
                Ok(chart) => {
                    if let Err(error) = context.helm.lock_chart(&request.config, &chart) {
                        let detail = format!("The chart is not written down: {error}.");
                        diagnostics.push(Diagnostic::warning("Chart not locked", detail));
                    }
                    kept.chart = chart.fingerprint;
                    let values = values::merged(&request.config);
                    kept.values = values.map(|values| checksum(&values)).unwrap_or_default();
                }
                Err(error) => {
                    kept.chart.clear();
                    kept.values.clear();
                    diagnostics = error;
                }
            }
        }
        (kept.releases, kept.is_untried) = (false, false);
        match self.state_now(context, &cluster, &identity, &request.planned_state, &mut kept).await {
            Ok(Some(state)) => Outcome { state, private: kept.write(), diagnostics },
            Ok(None) if diagnostics.has_errors() => Outcome::unchanged(request, diagnostics),
            Ok(None) => {
                let detail = format!("{} was deleted while it was being made.", identity.describe());
                diagnostics.push(Diagnostic::error("Release is gone", detail));
                Outcome::unchanged(request, diagnostics)
            }
            Err(error) => {
                diagnostics.extend(error);
                Outcome::unchanged(request, diagnostics)
            }
        }
    }

    async fn state_now(
        &self,
        context: &Context,
        cluster: &Cluster,
        identity: &Identity,
        planned: &Value,
        kept: &mut Kept,
    ) -> Result<Option<Value>, Diagnostics> {
        let unread = |error: crate::objects::cluster::ApiError| {
            Diagnostics::from(explain(
                "Cannot read release",
                &identity.describe(),
                &HelmError::Failed(error.to_string()),
            ))
        };
        let found =
            storage(context, cluster).find(&identity.namespace, &identity.name).await.map_err(unread)?;
        let Some((latest, _)) = found else { return Ok(None) };
        let seen = self.look(context, cluster, identity, &latest, planned).await.map_err(unread)?;
        let Some(seen) = seen else { return Ok(None) };
        kept.note(&seen);
        let state = self.shown_state(context, &seen, planned, kept);
        context.helm.seen.set(identity, Some(seen));
        Ok(Some(state))
    }
}

impl Releasing<'_> {
    fn planned(&self) -> &Value {
        &self.request.planned_state
    }

    fn is_set(&self, name: &str) -> bool {
        self.planned().get(name).and_then(Value::as_bool) == Some(true)
    }

    fn summary(&self) -> &'static str {
        if self.request.prior_state.is_null() { "Cannot create release" } else { "Cannot update release" }
    }

    fn failure(&self, error: &HelmError) -> Diagnostics {
        explain(self.summary(), &self.identity.describe(), error).into()
    }

    fn kinds_failure(&self, error: UpgradeError) -> Diagnostics {
        match error {
            UpgradeError::Unread(error) => self.failure(&HelmError::Failed(error)),
            UpgradeError::Refused(error) => self.failure(&HelmError::Failed(error.to_string())),
            UpgradeError::NotReady(diagnostics) => diagnostics,
        }
    }

    /// Releases the chart, after a rehearsal where planning had none; returns it.
    async fn run(&self, is_untried: bool) -> Result<Chart, Diagnostics> {
        let helm = &self.context.helm;
        let chart = helm.chart(&self.request.config).await.map_err(|error| self.failure(&error))?;
        let mut values = values::merged(&self.request.config)?;
        values::set_write_only(&mut values, &self.request.config)?;
        let before = self.make_way().await?;
        let revision = before.as_ref().map_or(1, |record| record.revision + 1);
        if crds::is_wanted(self.planned()) && !self.is_set("skip_crds") {
            let upgraded = crds::upgrade(self.context, self.cluster, &chart, self.progress).await;
            upgraded.map_err(|error| self.kinds_failure(error))?;
        }
        if is_untried {
            self.rehearse(&chart, &values, before.as_ref()).await?;
        }
        let marker = Marker::write(self.context, &self.cluster.server, &self.identity, revision);
        let result = self.call_helm(&chart, &values, before.as_ref(), &marker).await;
        marker.remove();
        match result {
            Ok(()) => Ok(chart),
            Err(diagnostics) => Err(diagnostics),
        }
    }

    /// Asks the server about all objects before the first one is made.
    async fn rehearse(
        &self,
        chart: &Chart,
        values: &Map<String, Json>,
        before: Option<&Record>,
    ) -> Result<(), Diagnostics> {
        self.report("asking the server about the objects");
        let Self { context, cluster, identity, .. } = self;
        let (config, is_upgrade) = (&self.request.config, before.is_some());
        let rehearsal = Rehearsal { context, cluster, config, identity, chart, is_upgrade };
        let rendered = match rehearsal.render(values).await {
            Ok(rendered) => rendered,
            Err(Trouble::Helm(error)) => return Err(self.failure(&error)),
            Err(Trouble::Told(diagnostics)) => return Err(diagnostics),
        };
        let released = before.map_or("", |record| record.manifest.as_str());
        rehearsal.try_objects(&rendered, released).await.map(drop)
    }

    /// Looks at what is there under the name, and takes away what an interrupted run has left.
    async fn make_way(&self) -> Result<Option<Record>, Diagnostics> {
        let storage = storage(self.context, self.cluster);
        let (namespace, name) = (&self.identity.namespace, &self.identity.name);
        let broken =
            |error: crate::objects::cluster::ApiError| self.failure(&HelmError::Failed(error.to_string()));
        let start = Instant::now();
        let patience = seconds(self.planned(), "timeout").unwrap_or(USUAL_LIMIT);
        loop {
            let Some((latest, record)) = storage.find(namespace, name).await.map_err(broken)? else {
                return Ok(None);
            };
            if !record.is_pending() {
                let is_foreign = self.request.prior_state.is_null() && record.is_deployed();
                if is_foreign && !self.is_set("upgrade_install") && !self.is_set("replace") {
                    let detail = crate::objects::failure::already_exists(
                        &self.identity.describe(),
                        &format!("{namespace}/{name}"),
                    );
                    return Err(Diagnostic::error("Release already exists", detail).into());
                }
                return Ok(Some(record));
            }
            let is_abandoned =
                Marker::is_abandoned(self.context, &self.cluster.server, &self.identity, record.revision);
            if is_abandoned || age(&record) > patience {
                self.report("taking over from a run that was interrupted");
                if is_abandoned {
                    Marker::end_orphan(self.context, &self.cluster.server, &self.identity).await;
                }
                storage.forget(namespace, &latest).await.map_err(broken)?;
                continue;
            }
            if self.context.is_stopped() || start.elapsed() > patience + GRACE {
                let detail =
                    format!("another operation is in progress ({}) and does not end", record.info.status);
                return Err(self.failure(&HelmError::Failed(detail)));
            }
            self.report(&format!("waiting for another operation to end ({})", record.info.status));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn call_helm(
        &self,
        chart: &Chart,
        values: &Map<String, Json>,
        before: Option<&Record>,
        marker: &Marker,
    ) -> Result<(), Diagnostics> {
        let program = self.context.helm.program().await.map_err(|error| self.failure(&error))?;
        let (sender, stop) = watch::channel(false);
        let started = |process: u32| marker.note_process(process);
        let run = Run {
            started: Some(&started),
            arguments: self.arguments(chart, program.major, before),
            input: serde_json::to_vec(values).unwrap_or_default(),
            stop: Some(stop),
            folder: Some(self.context.helm.working_folder()),
        };
        self.report(if before.is_some() { "upgrading" } else { "installing" });
        let run = self.context.helm.run(Some(self.cluster), run);
        tokio::pin!(run);
        let waits = ["wait", "wait_for_jobs", "atomic"].iter().any(|name| self.is_set(name));
        let watching = watch_objects(
            self.context,
            self.cluster,
            &self.identity,
            self.limit(),
            waits.then_some(self.progress),
            before.map_or(0, |record| record.revision),
        );
        let (result, ended) = tokio::select! {
            result = &mut run => (result, None),
            ended = watching => {
                sender.send_replace(true);
                (run.await, Some(ended))
            }
        };
        match (result, ended) {
            (Ok(_), _) => Ok(()),
            (Err(error), None) => Err(self.explained(&error, "").await),
            (Err(_), Some(Ended::Stopped)) => Err(self.failure(&HelmError::Interrupted)),
            (Err(_), Some(Ended::TooLate)) => {
                let text = format!("it is not finished after {}", duration::show(self.limit()));
                Err(self.explained(&HelmError::Failed(text), "").await)
            }
            (Err(_), Some(Ended::Hopeless(why))) => Err(self
                .explained(&HelmError::Failed("its objects will not become ready".to_owned()), &why)
                .await),
        }
    }

    /// Explains a failure with what the cluster knows about the release's objects.
    async fn explained(&self, error: &HelmError, noticed: &str) -> Diagnostics {
        let mut diagnostic = explain(self.summary(), &self.identity.describe(), error);
        if !noticed.is_empty() {
            diagnostic.detail.push_str(&format!("\n\n{noticed}"));
        }
        let found =
            storage(self.context, self.cluster).find(&self.identity.namespace, &self.identity.name).await;
        if let Ok(Some((_, record))) = found {
            let objects = failure::objects(&record.manifest);
            let unready = failure::unready(self.cluster, &objects, &self.identity.namespace).await;
            diagnostic.detail.push_str(&unready);
        }
        diagnostic.into()
    }

    /// Returns how long the whole may take.
    fn limit(&self) -> Duration {
        let action = if self.request.prior_state.is_null() { "create" } else { "update" };
        let timeouts = self.planned().get("timeouts");
        let written = timeouts.and_then(|timeouts| timeouts.get(action)).and_then(Value::as_str);
        written.and_then(|text| duration::parse(text)).unwrap_or(USUAL_LIMIT)
    }

    fn arguments(&self, chart: &Chart, major: u32, before: Option<&Record>) -> Vec<String> {
        let planned = self.planned();
        let replaces = before.is_none() && self.is_set("replace");
        let mut arguments: Vec<String> = if replaces {
            vec!["install".to_owned(), "--replace".to_owned()]
        } else {
            vec!["upgrade".to_owned(), "--install".to_owned()]
        };
        arguments.extend([self.identity.name.clone(), chart.path.to_string_lossy().into_owned()]);
        let mut option = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
        option("namespace", self.identity.namespace.clone());
        option("values", "-".to_owned());
        let timeout = seconds(planned, "timeout").unwrap_or(Duration::from_secs(300));
        option("timeout", format!("{}s", timeout.as_secs()));
        if let Some(description) =
            planned.get("description").and_then(Value::as_str).filter(|text| !text.is_empty())
        {
            option("description", description.to_string());
        }
        if !replaces {
            let history =
                planned.get("max_history").and_then(Value::as_number).and_then(terrane_model::Number::to_i64);
            option("history-max", history.unwrap_or(0).to_string());
            // Without either, Helm takes the values of the last revision wherever none are given.
            let reuse = self.is_set("reuse_values") && !self.is_set("reset_values");
            arguments.push(if reuse { "--reuse-values" } else { "--reset-values" }.to_owned());
            // What others have changed of the objects is taken back, as the plan has said.
            if major >= 4 && before.is_some_and(|record| record.apply_method == "ssa") {
                arguments.push("--force-conflicts".to_owned());
            }
            if self.is_set("cleanup_on_fail") {
                arguments.push("--cleanup-on-fail".to_owned());
            }
        }
        let (atomic, force) =
            if major >= 4 { ("--rollback-on-failure", "--force-replace") } else { ("--atomic", "--force") };
        for (name, switch) in [
            ("wait", "--wait"),
            ("wait_for_jobs", "--wait-for-jobs"),
            ("atomic", atomic),
            ("force_update", force),
            ("create_namespace", "--create-namespace"),
            ("disable_webhooks", "--no-hooks"),
            ("render_subchart_notes", "--render-subchart-notes"),
            ("take_ownership", "--take-ownership"),
        ] {
            if self.is_set(name) {
                arguments.push(switch.to_owned());
            }
        }
        arguments.extend(shared_arguments(planned));
        arguments
    }

    fn report(&self, phase: &str) {
        self.progress.report(ProgressUpdate { phase: phase.to_owned(), expected: None });
    }
}

/// Returns how long ago a revision was begun.
fn age(record: &Record) -> Duration {
    let begun = record.info.last_deployed.parse::<jiff::Timestamp>();
    let elapsed = begun.ok().map(|begun| jiff::Timestamp::now().as_second() - begun.as_second());
    Duration::from_secs(elapsed.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default())
}
