//! Rendering a chart with the `helm` command, as it would be released, without releasing it.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value as Json};
use terrane_model::Value;

use super::chart::Chart;
use super::manifest::{self, Rendered};
use super::program::{HelmError, Run};
use super::session::Session;
use crate::objects::cluster::Cluster;

/// How old may be what is known of a cluster's kinds.
const KINDS_AGE: Duration = Duration::from_secs(60);

/// What is to be rendered.
pub(crate) struct Rendering<'a> {
    pub(crate) session: &'a Session,
    pub(crate) chart: &'a Chart,
    /// The arguments of the release.
    pub(crate) config: &'a Value,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) values: &'a Map<String, Json>,
    pub(crate) is_upgrade: bool,
}

impl Rendering<'_> {
    /// Renders for a cluster: charts may look things up there. Parts that are generated anew at every rendering are
    /// marked as such.
    ///
    /// # Errors
    /// When the chart or the values do not fit, or the cluster does not answer.
    pub(crate) async fn for_cluster(&self, cluster: &Cluster) -> Result<Vec<Rendered>, HelmError> {
        let mut arguments = self.arguments();
        arguments.push("--dry-run=server".to_owned());
        let version = cluster.get_path("/version", "application/json").await;
        let version = version.map_err(|error| HelmError::Failed(error.to_string()))?;
        if let Some(version) = version.get("gitVersion").and_then(Json::as_str) {
            arguments.extend(["--kube-version".to_owned(), version.to_owned()]);
        }
        let kinds =
            cluster.discovery(KINDS_AGE).await.map_err(|error| HelmError::Failed(error.to_string()))?;
        arguments.extend(["--api-versions".to_owned(), kinds.api_versions().join(",")]);
        let first = match self.render(Some(cluster), arguments.clone()).await {
            // Helm 4 looks for the kinds of all objects; some may be defined by the time of the release.
            Err(HelmError::Failed(message)) if message.contains("ensure CRDs are installed first") => {
                for argument in arguments.iter_mut().filter(|argument| *argument == "--dry-run=server") {
                    *argument = "--dry-run=client".to_owned();
                }
                self.render(Some(cluster), arguments.clone()).await?
            }
            first => first?,
        };
        let mut first = manifest::read(&first).map_err(HelmError::Failed)?;
        // Only what holds secrets generates anything: certificates, passwords, and checksums of them.
        if self.generates() {
            let second = self.render(Some(cluster), arguments).await?;
            let second = manifest::read(&second).map_err(HelmError::Failed)?;
            manifest::mask_generated(&mut first, &second);
        }
        Ok(first)
    }

    /// Tells whether the chart's templates can give another result every time.
    fn generates(&self) -> bool {
        const FUNCTIONS: [&str; 12] = [
            "rand",
            "uuidv4",
            "genPrivateKey",
            "genCA",
            "genSelfSigned",
            "genSigned",
            "htpasswd",
            "bcrypt",
            "now",
            "ago",
            "encryptAES",
            "derivePassword",
        ];
        // Charts inside charts may be packed; those are taken to generate something.
        super::chart::files(&self.chart.path).is_ok_and(|files| {
            files.iter().any(|(name, bytes)| {
                let text = String::from_utf8_lossy(bytes);
                name.ends_with(".tgz")
                    || name.contains("templates/") && FUNCTIONS.iter().any(|word| text.contains(word))
            })
        })
    }

    /// Returns the arguments that every rendering has.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments =
            vec!["template".to_owned(), self.name.to_owned(), self.chart.path.to_string_lossy().into_owned()];
        arguments.extend(["--namespace".to_owned(), self.namespace.to_owned()]);
        if self.is_upgrade {
            arguments.push("--is-upgrade".to_owned());
        }
        arguments.extend(shared_arguments(self.config));
        // Hooks are no part of a release's manifest.
        arguments.push("--no-hooks".to_owned());
        arguments
    }

    async fn render(
        &self,
        cluster: Option<&Cluster>,
        mut arguments: Vec<String>,
    ) -> Result<String, HelmError> {
        arguments.extend(["--values".to_owned(), "-".to_owned()]);
        let input = serde_json::to_vec(self.values).unwrap_or_default();
        let folder: Option<&Path> = Some(self.session.working_folder());
        self.session.run(cluster, Run { arguments, input, folder, ..Run::default() }).await
    }

    /// Looks for faults in the chart and its values.
    ///
    /// # Errors
    /// When there are some.
    pub(crate) async fn lint(&self) -> Result<(), HelmError> {
        let mut arguments = vec!["lint".to_owned(), self.chart.path.to_string_lossy().into_owned()];
        arguments.extend(["--namespace".to_owned(), self.namespace.to_owned()]);
        self.render(None, arguments).await.map(drop)
    }
}

/// Returns the arguments that rendering and releasing have in common.
pub(crate) fn shared_arguments(config: &Value) -> Vec<String> {
    let is_set = |name: &str| config.get(name).and_then(Value::as_bool) == Some(true);
    let switches = [
        ("skip_crds", "--skip-crds"),
        ("dependency_update", "--dependency-update"),
        ("disable_openapi_validation", "--disable-openapi-validation"),
    ];
    let mut arguments: Vec<String> =
        switches.iter().filter(|(name, _)| is_set(name)).map(|(_, switch)| (*switch).to_owned()).collect();
    if let Some(postrender) = config.get("postrender").filter(|postrender| !postrender.is_null()) {
        let program = postrender.get("binary_path").and_then(Value::as_str).map_or("", |path| path.as_str());
        arguments.extend(["--post-renderer".to_owned(), program.to_owned()]);
        let its = postrender.get("args").and_then(Value::as_sequence).unwrap_or_default();
        for argument in its.iter().filter_map(Value::as_str) {
            arguments.extend(["--post-renderer-args".to_owned(), argument.to_string()]);
        }
    }
    arguments
}
