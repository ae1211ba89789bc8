//! `helm_release`: a release through its life.

mod apply;
mod crds;
mod delete;
mod operation;
mod plan;
mod propose;
mod refresh;
mod rehearse;
mod state;
mod ties;
mod trial;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use terrane_model::{Diagnostic, Diagnostics, Schema, Str, Value};
use terrane_provider::{
    ApplyRequest, PlanRequest, Private, Progress, ReadRequest, ReadResponse, Ties, async_trait,
};

use super::chart_kinds::ChartKinds;
use super::live::{Before, Comparison};
use super::record::Record;
use super::steady::Steady;
use super::storage::{Latest, ReleaseKey, Storage};
use super::{schema, values};
use crate::objects::cluster::Cluster;
use crate::objects::context::{Context, ObjectKey};
use crate::objects::resource::{self, Outcome, Planned, Resource};

/// The resource type.
pub(crate) struct Release {
    schema: Schema,
}

/// Which release is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Identity {
    /// Names the release in messages.
    pub(super) fn describe(&self) -> String {
        format!("The release {}/{}", self.namespace, self.name)
    }

    fn key(&self) -> ReleaseKey {
        (self.namespace.clone(), self.name.clone())
    }
}

/// What is kept with the state of a release.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// The fingerprint of the chart that was released.
    pub(super) chart: String,
    /// Whether what is planned needs a new revision; otherwise only the state changes.
    pub(super) releases: bool,
    /// Whether the server could not be asked about what is planned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_untried: bool,
    /// Whether some values are only ever written: what is made of them cannot be shown then.
    pub(super) writes_only: bool,
    /// Which record the fingerprints belong to.
    pub(super) record: String,
    /// The objects that were as they should be.
    pub(super) steady: Steady,
    /// Whether these were all.
    pub(super) is_quiet: bool,
    /// Checksum of the values that were released.
    pub(super) values: String,
    /// The kinds that the chart defines and uses.
    #[serde(skip_serializing_if = "ChartKinds::is_empty")]
    pub(super) kinds: ChartKinds,
    /// Whether the chart does something when the release is uninstalled, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) has_farewell: Option<bool>,
}

impl Kept {
    fn read(private: &[u8]) -> Self {
        serde_json::from_slice(private).unwrap_or_default()
    }

    /// Tells whether the state shows the release's objects.
    fn shows_objects(&self, context: &Context, values: &Value) -> bool {
        let revision = values.get("set_wo_revision").is_some_and(|revision| !revision.is_null());
        context.helm.settings.keeps_manifests && !self.writes_only && !revision
    }

    /// Returns what was known of the objects of a record, whose state shows them or not.
    fn before<'b>(&'b self, latest: &Latest, shown: Option<&'b Value>) -> Before<'b> {
        static NOTHING: Steady = Steady::new();
        let steady = if self.record == latest.id() { &self.steady } else { &NOTHING };
        Before { steady, shown }
    }

    /// Keeps what was seen of the objects.
    fn note(&mut self, seen: &Seen) {
        if let Some(record) = &seen.record {
            self.has_farewell = Some(record.has_farewell());
        }
        if let Some(comparison) = &seen.comparison {
            self.record = seen.latest.id();
            self.steady.clone_from(&comparison.steady);
            self.is_quiet = comparison.is_quiet();
        }
    }

    fn write(&self) -> Private {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// What was last seen of a release.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) latest: Latest,
    /// Nothing where neither it nor any object has changed since the state was written.
    pub(crate) record: Option<Arc<Record>>,
    /// The objects beside what they should be, where states show them.
    pub(crate) comparison: Option<Arc<Comparison>>,
}

/// Returns a checksum of values.
fn checksum(values: &Map<String, Json>) -> String {
    let text = Json::Object(values.clone()).to_string();
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was last seen of all releases, for those who plan what others have read.
#[derive(Default)]
pub(crate) struct SeenReleases(Mutex<BTreeMap<ReleaseKey, Option<Seen>>>);

impl SeenReleases {
    fn get(&self, identity: &Identity) -> Option<Option<Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&identity.key()).cloned()
    }

    fn set(&self, identity: &Identity, seen: Option<Seen>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(identity.key(), seen);
    }

    fn forget(&self, identity: &Identity) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&identity.key());
    }
}

impl Release {
    /// Makes the resource type.
    pub(crate) fn new() -> Self {
        Self { schema: resource::schema(2, schema::release_block()) }
    }

    /// Returns which release the values mean; nothing while it is not known.
    fn identity(&self, values: &Value) -> Option<Identity> {
        let text = |name: &str| Some(values.get(name)?.as_str()?.to_string());
        let namespace = text("namespace").filter(|namespace| !namespace.is_empty())?;
        Some(Identity { namespace, name: text("name")? })
    }
}

/// Returns the place where a provider's releases are remembered.
fn storage<'c>(context: &Context, cluster: &'c Cluster) -> Storage<'c> {
    Storage { cluster, in_config_maps: context.helm.settings.uses_config_maps() }
}

fn check_driver(context: &Context) -> Result<(), Diagnostics> {
    let driver = &context.helm.settings.driver;
    if matches!(driver.as_str(), "secret" | "secrets" | "configmap" | "configmaps") {
        return Ok(());
    }
    let detail = format!(
        "Releases cannot be remembered in {driver:?}: helm_driver has to be \"secret\" or \"configmap\", which the cluster keeps."
    );
    Err(Diagnostic::error("Storage driver not supported", detail).into())
}

#[async_trait]
impl Resource for Release {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let name = config.get("name").and_then(Value::as_str);
        if let Some(name) = name.filter(|name| name.is_empty() || name.chars().count() > 53) {
            let path = terrane_model::AttributePath::root().attribute("name");
            let detail = format!("{name:?} is no name for a release: it has to have 1 to 53 characters.");
            diagnostics.push(Diagnostic::error("Invalid name of a release", detail).on_attribute(path));
        }
        if config.is_wholly_known()
            && let Err(error) = values::merged(config)
        {
            diagnostics.push(error);
        }
        diagnostics
    }

    async fn plan(&self, context: &Context, request: &PlanRequest) -> Result<Planned, Diagnostics> {
        self.plan_release(context, request).await
    }

    async fn apply(&self, context: &Context, request: &ApplyRequest, progress: &dyn Progress) -> Outcome {
        if request.planned_state.is_null() {
            self.uninstall(context, request, progress).await
        } else {
            self.release(context, request, progress).await
        }
    }

    async fn read(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        self.refresh(context, requests).await
    }

    async fn import(&self, _context: &Context, id: &str) -> Result<(Value, Private), Diagnostics> {
        let parts = id
            .split_once('/')
            .filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty() && !name.contains('/'));
        let Some((namespace, name)) = parts else {
            let detail = format!("{id:?} is no id of a release: NAMESPACE/NAME is expected.");
            return Err(Diagnostic::error("Invalid import id", detail).into());
        };
        let empty = self.schema.block.empty_value();
        let attributes = empty.as_entries().unwrap_or_default().iter().map(|(attribute, value)| {
            let value = match attribute.as_str() {
                "id" | "name" => name.into(),
                "namespace" => namespace.into(),
                _ => value.clone(),
            };
            (attribute.clone(), value)
        });
        Ok((Value::object(attributes.collect::<Vec<_>>()), Private::new()))
    }

    fn upgrade(&self, version: i64, json: &str) -> Result<Value, Diagnostics> {
        let json = if version < 2 { state::from_lists(json) } else { json.to_owned() };
        crate::objects::stored_state::read(&json, &self.schema.block)
    }

    fn id_before_create(&self, planned: &Value) -> Option<Str> {
        self.identity(planned).map(|identity| format!("{}/{}", identity.namespace, identity.name).into())
    }

    fn ties(&self, values: &Value, private: &[u8]) -> Ties {
        ties::of_release(values, &Kept::read(private))
    }

    fn key(&self, values: &Value) -> Option<ObjectKey> {
        let identity = self.identity(values)?;
        Some(ObjectKey {
            kind: "releases.helm".to_owned(),
            namespace: identity.namespace,
            name: identity.name,
        })
    }
}
