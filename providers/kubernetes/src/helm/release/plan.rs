//! Planning a release: what the chart renders to beside what is released, and whether a new revision is needed.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};
use terrane_provider::PlanRequest;

use super::super::chart::{self, Chart, Source};
use super::super::failure::explain;
use super::super::live;
use super::super::manifest::{self, Rendered};
use super::super::program::HelmError;
use super::super::record::Record;
use super::super::values;
use super::propose::{DEPLOYED, Draft};
use super::rehearse::{Rehearsal, Trouble};
use super::{Identity, Kept, Release, Seen, check_driver, checksum, crds, state, storage};
use crate::objects::cluster::Cluster;
use crate::objects::cluster::error::Meaning;
use crate::objects::context::Context;
use crate::objects::resource::Planned;

/// Arguments that the objects of a release depend on, beside the chart and the values.
const SHAPING: [&str; 5] = ["postrender", "skip_crds", "set_wo_revision", "disable_webhooks", "upgrade_crds"];

/// The summary of what keeps a release from being planned.
const SUMMARY: &str = "Release cannot be planned";

/// A release while it is planned.
struct Planning<'a> {
    context: &'a Context,
    config: &'a Value,
    draft: Draft,
    identity: Identity,
    kept: Kept,
    /// Whether the state shows the release's objects.
    is_shown: bool,
    warnings: Diagnostics,
}

impl Release {
    pub(super) async fn plan_release(
        &self,
        context: &Context,
        request: &PlanRequest,
    ) -> Result<Planned, Diagnostics> {
        check_driver(context)?;
        let prior = Some(&request.prior_state).filter(|prior| !prior.is_null());
        let mut draft =
            Draft::new(&self.schema.block, &request.config, prior, &context.helm.settings.namespace);
        let planned = |draft: Draft, kept: &Kept, warnings: Diagnostics| {
            let replaces = prior.map(|prior| draft.replaces(prior)).unwrap_or_default();
            Planned { state: draft.finish(), replaces, private: kept.write(), warnings }
        };
        let writes_only = request.config.get("set_wo").is_some_and(|sets| !sets.is_null());
        let mut kept =
            Kept { releases: true, writes_only, is_untried: false, ..Kept::read(&request.prior_private) };
        let is_shown = kept.shows_objects(context, &request.config);
        let text = |name: &str| draft.get(name).and_then(Value::as_str).map(ToString::to_string);
        let (Some(name), Some(namespace)) = (text("name"), text("namespace")) else {
            leave_open(&mut draft, &mut kept, is_shown);
            return Ok(planned(draft, &kept, Diagnostics::new()));
        };
        let is_another = prior.is_some_and(|prior| !draft.replaces(prior).is_empty());
        if !request.config.is_wholly_known() || is_another {
            leave_open(&mut draft, &mut kept, is_shown);
            return Ok(planned(draft, &kept, Diagnostics::new()));
        }
        let identity = Identity { namespace, name };
        let mut planning = Planning {
            context,
            config: &request.config,
            draft,
            identity,
            kept,
            is_shown,
            warnings: Diagnostics::new(),
        };
        match prior {
            None => planning.create().await?,
            Some(prior) => planning.update(prior).await?,
        }
        Ok(planned(planning.draft, &planning.kept, planning.warnings))
    }
}

/// Leaves open what a release decides.
fn leave_open(draft: &mut Draft, kept: &mut Kept, is_shown: bool) {
    kept.is_untried = true;
    draft.set_unknown("metadata");
    show_objects(draft, is_shown, None);
}

/// Sets what states show of a release's objects: what is given, or that it is not known yet, or nothing at all.
fn show_objects(draft: &mut Draft, is_shown: bool, manifest: Option<String>) {
    for name in ["manifest", "resources"] {
        draft.set_unknown(name);
        if !is_shown {
            let ty = draft.get(name).map_or(terrane_model::Type::Dynamic, Value::ty);
            draft.set(name, Value::Null(ty));
        }
    }
    if let Some(manifest) = manifest.filter(|_| is_shown) {
        draft.set("manifest", manifest.into());
    }
}

impl Planning<'_> {
    fn failure(&self, error: &HelmError) -> Diagnostics {
        explain(SUMMARY, &self.identity.describe(), error).into()
    }

    async fn create(&mut self) -> Result<(), Diagnostics> {
        let chart = self.chart().await?;
        self.note_kinds(&chart)?;
        let values = self.values()?;
        self.set_version(&chart)?;
        leave_open(&mut self.draft, &mut self.kept, self.is_shown);
        let Some(cluster) = self.context.cluster_if_known().await? else { return Ok(()) };
        let found = match storage(self.context, &cluster)
            .find(&self.identity.namespace, &self.identity.name)
            .await
        {
            Ok(found) => found,
            Err(error) if error.meaning() == Meaning::Busy => {
                let detail = format!(
                    "{error}. The release was planned without asking the server; it is checked when it is applied."
                );
                self.warnings.extend(self.context.warn_once("Plan not checked by the server", detail));
                return Ok(());
            }
            Err(error) => return Err(self.failure(&HelmError::Failed(error.to_string()))),
        };
        let may_take_over = ["upgrade_install", "replace"].iter().any(|name| self.is_set(name));
        self.note_existing(found.as_ref().is_some_and(|(_, record)| record.is_deployed()) && !may_take_over);
        let released = found.map(|(_, record)| record.manifest).unwrap_or_default();
        let rendered = self.render(&cluster, &chart, &values, false).await?;
        self.try_objects(&cluster, &chart, &rendered, &released).await?;
        self.needs_kinds(&cluster, &chart, false).await?;
        let shown = manifest::to_json(&rendered, &values::secrets(self.config));
        show_objects(&mut self.draft, self.is_shown, Some(shown));
        Ok(())
    }

    async fn update(&mut self, prior: &Value) -> Result<(), Diagnostics> {
        let values = self.values()?;
        let seen = self.seen().await?;
        let Some((cluster, seen)) = seen else {
            // The cluster is not known yet, or the release is gone since it was read.
            if !self.draft.differences(prior).is_empty() {
                leave_open(&mut self.draft, &mut self.kept, self.is_shown);
            }
            return Ok(());
        };
        let Some(record) = self.record(&cluster, &seen, prior, &values).await? else {
            self.keep(prior);
            return Ok(());
        };
        let released = record.config.clone().unwrap_or_default();
        let has_values = values::are_in_force(&values, &released, self.config).map_err(Diagnostics::from)?;
        let has_values = has_values
            || self.is_set("reuse_values")
                && self.same(prior, &["values", "set", "set_list", "set_sensitive"]);
        let is_shaped = self.same(prior, &SHAPING) && record.is_deployed() && has_values;
        let source = Source::read(self.config, self.context.helm.working_folder());
        let same_place = self.same(prior, &["chart", "repository", "devel"])
            || prior.get("status").is_some_and(Value::is_null);
        let mut changed = None;
        if source.is_pinned() && same_place && self.names_released_version(&record.chart.metadata.version) {
            // The version can only ever mean the chart that is released: no need to fetch it.
            if !is_shaped {
                let chart = self.chart().await?;
                changed = Some((self.render(&cluster, &chart, &values, true).await?, chart));
            }
        } else {
            let chart = self.chart().await?;
            self.set_version(&chart)?;
            let same_version = chart::same_version(&chart.metadata.version, &record.chart.metadata.version);
            let is_same = same_place && same_version && chart.metadata.name == record.chart.metadata.name;
            if !is_shaped || !is_same || self.kept.chart != chart.fingerprint {
                let rendered = self.render(&cluster, &chart, &values, true).await?;
                let is_released = manifest::read(&record.manifest)
                    .is_ok_and(|released| manifest::is_released(&rendered, &released));
                self.kept.chart.clone_from(&chart.fingerprint);
                let needs_kinds = self.needs_kinds(&cluster, &chart, true).await?;
                if needs_kinds || !(is_shaped && same_version && is_released) {
                    changed = Some((rendered, chart));
                }
            }
        }
        match changed {
            Some((rendered, chart)) => {
                self.note_kinds(&chart)?;
                self.try_objects(&cluster, &chart, &rendered, &record.manifest).await?;
                self.draft.set(
                    "metadata",
                    state::planned_metadata(prior, self.config, Some(&chart.metadata), &values),
                );
                let shown = manifest::to_json(&rendered, &values::secrets(self.config));
                show_objects(&mut self.draft, self.is_shown, Some(shown));
            }
            None => self.plan_repair(&cluster, &record, &seen, prior, &values).await?,
        }
        Ok(())
    }

    /// Returns what Helm remembers of the release; nothing where nothing has changed since the state was written, and
    /// nothing is to change.
    async fn record(
        &mut self,
        cluster: &Cluster,
        seen: &Seen,
        prior: &Value,
        values: &Map<String, Json>,
    ) -> Result<Option<Arc<Record>>, Diagnostics> {
        if let Some(record) = &seen.record {
            return Ok(Some(Arc::clone(record)));
        }
        let is_same = self.same(prior, &SHAPING)
            && self.same(prior, &["chart", "repository", "devel"])
            && prior.get("status").and_then(Value::as_str).is_some_and(|status| status == DEPLOYED)
            && !self.is_set("reuse_values")
            && self.kept.values == checksum(values);
        if is_same {
            let metadata = prior.get("metadata");
            let released = metadata.and_then(|metadata| metadata.get("version")?.as_str());
            let is_pinned = Source::read(self.config, self.context.helm.working_folder()).is_pinned();
            if is_pinned && released.is_some_and(|released| self.names_released_version(released)) {
                return Ok(None);
            }
            let chart = self.chart().await?;
            self.set_version(&chart)?;
            if chart.fingerprint == self.kept.chart {
                return Ok(None);
            }
        }
        let record = storage(self.context, cluster).read(&self.identity.namespace, &seen.latest).await;
        let record = record.map_err(|error| self.failure(&HelmError::Failed(error.to_string())))?;
        Ok(Some(Arc::new(record)))
    }

    /// Plans a release of which nothing changes.
    fn keep(&mut self, prior: &Value) {
        self.kept.releases = false;
        for name in ["manifest", "resources"] {
            if let Some(shown) = prior.get(name) {
                self.draft.set(name, shown.clone());
            }
        }
    }

    /// Plans a release that is as configured: a new revision only where its objects are not as released.
    async fn plan_repair(
        &mut self,
        cluster: &Cluster,
        record: &Record,
        seen: &Seen,
        prior: &Value,
        values: &Map<String, Json>,
    ) -> Result<(), Diagnostics> {
        self.kept.releases = false;
        if !self.context.helm.settings.keeps_manifests {
            show_objects(&mut self.draft, false, None);
            return Ok(());
        }
        let secrets = values::secrets(self.config);
        let objects =
            manifest::read(&record.manifest).map_err(|error| self.failure(&HelmError::Failed(error)))?;
        let comparison = match &seen.comparison {
            Some(comparison) => Arc::clone(comparison),
            None => {
                let before = self.kept.before(&seen.latest, prior.get("resources"));
                let namespace = &self.identity.namespace;
                let compared = live::compare(cluster, &objects, namespace, &secrets, before, None).await;
                Arc::new(compared.map_err(|error| self.failure(&HelmError::Failed(error.to_string())))?)
            }
        };
        show_objects(&mut self.draft, self.is_shown, Some(manifest::to_json(&objects, &secrets)));
        if self.is_shown {
            self.draft.set("resources", state::resources(&comparison.expected));
        }
        if comparison.live != comparison.expected {
            self.kept.releases = true;
            self.draft.set("metadata", state::planned_metadata(prior, self.config, None, values));
        }
        Ok(())
    }

    fn is_set(&self, name: &str) -> bool {
        self.draft.get(name).and_then(Value::as_bool) == Some(true)
    }

    fn same(&self, prior: &Value, names: &[&str]) -> bool {
        names.iter().all(|name| prior.get(name) == self.draft.get(name))
    }

    fn names_released_version(&self, released: &str) -> bool {
        let written = self.config.get("version").and_then(Value::as_str);
        written.is_some_and(|written| chart::same_version(written, released))
    }

    fn values(&self) -> Result<Map<String, Json>, Diagnostics> {
        Ok(values::merged(self.config)?)
    }

    async fn chart(&self) -> Result<Chart, Diagnostics> {
        self.context.helm.chart(self.config).await.map_err(|error| self.failure(&error))
    }

    /// Notes which kinds a chart that is to be released defines and uses.
    fn note_kinds(&mut self, chart: &Chart) -> Result<(), Diagnostics> {
        let skips_definitions = self.is_set("skip_crds");
        let kinds =
            chart.kinds(skips_definitions).map_err(|error| self.failure(&HelmError::Failed(error)))?;
        self.kept.kinds = kinds;
        Ok(())
    }

    /// Sets the version to the chart's, unless one is written that means it.
    fn set_version(&mut self, chart: &Chart) -> Result<(), Diagnostics> {
        let version = &chart.metadata.version;
        let Some(written) = self.config.get("version").and_then(Value::as_str) else {
            self.draft.set("version", version.as_str().into());
            return Ok(());
        };
        if !chart::is_exact(written) || chart::same_version(written, version) {
            return Ok(());
        }
        let detail = format!(
            "The configuration asks for version {:?}, and the chart is of version {version:?}. Write that, or leave the \
             version out.",
            written.as_str()
        );
        let path = AttributePath::root().attribute("version");
        Err(Diagnostic::error("Planned version is different from configured version", detail)
            .on_attribute(path)
            .into())
    }

    async fn render(
        &self,
        cluster: &Cluster,
        chart: &Chart,
        values: &Map<String, Json>,
        is_upgrade: bool,
    ) -> Result<Vec<Rendered>, Diagnostics> {
        let rendered = self.rehearsal(cluster, chart, is_upgrade).render(values).await;
        rendered.map_err(|trouble| match trouble {
            Trouble::Helm(error) => self.failure(&error),
            Trouble::Told(diagnostics) => diagnostics,
        })
    }

    fn rehearsal<'r>(&'r self, cluster: &'r Cluster, chart: &'r Chart, is_upgrade: bool) -> Rehearsal<'r> {
        let Self { context, config, identity, .. } = self;
        Rehearsal { context, cluster, config, identity, chart, is_upgrade }
    }

    /// Tells whether definitions of the chart are to be brought to their present form; warns of those that are not.
    async fn needs_kinds(
        &mut self,
        cluster: &Cluster,
        chart: &Chart,
        is_upgrade: bool,
    ) -> Result<bool, Diagnostics> {
        if self.is_set("skip_crds") {
            return Ok(false);
        }
        let outdated = crds::outdated(cluster, chart, is_upgrade).await;
        let outdated = outdated.map_err(|error| self.failure(&HelmError::Failed(error)))?;
        if outdated.is_empty() || crds::is_wanted(self.config) {
            return Ok(!outdated.is_empty());
        }
        let detail = format!(
            "The chart of {} has other definitions than the cluster of: {}. Helm does not change them. Set upgrade_crds to \
             have them changed with the release, or skip_crds if somebody else looks after them.",
            self.identity.describe().to_lowercase(),
            crds::names(&outdated)
        );
        self.warnings.push(Diagnostic::warning("Kinds of a chart are not upgraded", detail));
        Ok(false)
    }

    /// Asks the server about the objects that are not as they were released.
    async fn try_objects(
        &mut self,
        cluster: &Cluster,
        chart: &Chart,
        rendered: &[Rendered],
        released: &str,
    ) -> Result<(), Diagnostics> {
        let warnings = self.rehearsal(cluster, chart, false).try_objects(rendered, released).await?;
        self.warnings.extend(warnings);
        self.kept.is_untried = false;
        Ok(())
    }

    /// Notes whether a release is in the way of this one, for those who look at the plan as a whole.
    fn note_existing(&self, is_in_the_way: bool) {
        let key = crate::objects::context::ObjectKey {
            kind: "releases.helm".to_owned(),
            namespace: self.identity.namespace.clone(),
            name: self.identity.name.clone(),
        };
        let mut notes = self.context.notes();
        if is_in_the_way {
            notes.existing.insert(key, self.identity.describe());
        } else {
            notes.existing.remove(&key);
        }
    }

    /// Returns the cluster and what the refresh has seen of the release, or what is there now.
    async fn seen(&self) -> Result<Option<(Arc<Cluster>, Seen)>, Diagnostics> {
        let Some(cluster) = self.context.cluster_if_known().await? else { return Ok(None) };
        if let Some(seen) = self.context.helm.seen.get(&self.identity) {
            return Ok(seen.map(|seen| (cluster, seen)));
        }
        let found = storage(self.context, &cluster).find(&self.identity.namespace, &self.identity.name).await;
        let found = found.map_err(|error| self.failure(&HelmError::Failed(error.to_string())))?;
        let seen =
            found.map(|(latest, record)| Seen { latest, record: Some(Arc::new(record)), comparison: None });
        self.context.helm.seen.set(&self.identity, seen.clone());
        Ok(seen.map(|seen| (cluster, seen)))
    }
}
