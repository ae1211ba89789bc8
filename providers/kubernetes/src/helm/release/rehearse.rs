//! Rendering a release and asking the server about its objects before anything is released: while planning, or, where
//! the cluster or the values are not known by then, right before the release.

use serde_json::{Map, Value as Json};
use terrane_model::{Diagnostic, Diagnostics, Value};

use super::super::chart::Chart;
use super::super::manifest::{self, Rendered};
use super::super::program::HelmError;
use super::super::render::Rendering;
use super::super::values;
use super::{Identity, trial};
use crate::objects::cluster::Cluster;
use crate::objects::context::Context;
use crate::objects::removed_kinds;

/// What is to be tried.
pub(super) struct Rehearsal<'a> {
    pub(super) context: &'a Context,
    pub(super) cluster: &'a Cluster,
    /// The arguments of the release.
    pub(super) config: &'a Value,
    pub(super) identity: &'a Identity,
    pub(super) chart: &'a Chart,
    pub(super) is_upgrade: bool,
}

/// Why a release would fail.
pub(super) enum Trouble {
    Helm(HelmError),
    Told(Diagnostics),
}

impl From<Diagnostics> for Trouble {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Told(diagnostics)
    }
}

impl Rehearsal<'_> {
    /// Renders the chart with values, those that are only ever written among them.
    ///
    /// # Errors
    /// When the chart or the values do not fit, or the cluster lacks versions of kinds that it once had.
    pub(super) async fn render(&self, values: &Map<String, Json>) -> Result<Vec<Rendered>, Trouble> {
        let mut values = values.clone();
        values::set_write_only(&mut values, self.config).map_err(Diagnostics::from)?;
        let Self { config, chart, is_upgrade, .. } = *self;
        let (session, name, namespace) = (&self.context.helm, &self.identity.name, &self.identity.namespace);
        let rendering = Rendering { session, chart, config, name, namespace, values: &values, is_upgrade };
        if config.get("lint").and_then(Value::as_bool) == Some(true) {
            rendering.lint().await.map_err(Trouble::Helm)?;
        }
        let rendered = rendering.for_cluster(self.cluster).await.map_err(Trouble::Helm)?;
        self.check_kinds(&rendered).await?;
        Ok(rendered)
    }

    /// Asks the server about the objects that are not as they were released; returns warnings.
    ///
    /// # Errors
    /// When the server would not take some of them.
    pub(super) async fn try_objects(
        &self,
        rendered: &[Rendered],
        released: &str,
    ) -> Result<Diagnostics, Diagnostics> {
        // What cannot be read differs from everything.
        let released = manifest::read(released).unwrap_or_default();
        let Self { context, cluster, identity, config, .. } = *self;
        trial::try_objects(context, cluster, identity, config, rendered, &released).await
    }

    /// Refuses objects of versions that the cluster does not have any more.
    async fn check_kinds(&self, rendered: &[Rendered]) -> Result<(), Trouble> {
        let kinds = self.cluster.discovery(std::time::Duration::MAX).await;
        let kinds = kinds.map_err(|error| Trouble::Helm(HelmError::Failed(error.to_string())))?;
        let mut diagnostics = Diagnostics::new();
        for object in rendered {
            let objection = removed_kinds::objection(&kinds, object.api_version(), object.kind());
            if let Some(objection) = objection {
                let name = format!("{}/{}", self.identity.namespace, self.identity.name);
                let detail = format!("In the release {name}, {} renders to {objection}", object.source);
                diagnostics.push(Diagnostic::error("Kind not served any more", detail));
            }
        }
        if diagnostics.has_errors() { Err(diagnostics.into()) } else { Ok(()) }
    }
}
