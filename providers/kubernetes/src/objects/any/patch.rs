//! Parts of objects that somebody else makes: labels, annotations, entries of config maps and secrets.
//!
//! Each kind of part is written under a name of its own, so that neither takes away what the other has written.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json, json};
use terrane_model::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, NestedBlock, Nesting, Schema, Str, Type, Value,
};
use terrane_provider::{
    ApplyRequest, PlanRequest, Private, Progress, ReadRequest, ReadResponse, async_trait,
};

use super::reads::{Reads, read_all};
use super::{AnyIdentity, placed};
use crate::objects::cluster::api::Write;
use crate::objects::cluster::error::Meaning;
use crate::objects::cluster::retry::retry;
use crate::objects::cluster::{ApiError, Cluster, Object, Target};
use crate::objects::context::Context;
use crate::objects::dry_run::holders;
use crate::objects::failure::{Doing, explain};
use crate::objects::ownership::MANAGER;
use crate::objects::resource::{self, Outcome, Planned, Resource};
use crate::objects::table::plan::settle;

/// How long it is waited for an object that something else is about to make.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which part of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Labels,
    Annotations,
    ConfigMapData,
    SecretData,
}

/// A resource type that stands for a part of an object.
pub(crate) struct Patch {
    part: Part,
    schema: Schema,
}

/// One map of an object, and the argument that stands for entries of it.
struct Place {
    argument: &'static str,
    path: Vec<&'static str>,
}

impl Patch {
    /// Makes the resource type.
    pub(crate) fn new(part: Part) -> Self {
        Self { part, schema: resource::schema(0, block(part)) }
    }

    fn is_data(&self) -> bool {
        matches!(self.part, Part::ConfigMapData | Part::SecretData)
    }

    fn identity(&self, values: &Value) -> Option<AnyIdentity> {
        let metadata = values.get("metadata")?.as_sequence()?.first()?;
        let text = |values: &Value, name: &str| {
            Some(values.get(name)?.as_str()?.to_string()).filter(|text| !text.is_empty())
        };
        let (api_version, kind) = match self.part {
            Part::ConfigMapData => ("v1".to_owned(), "ConfigMap".to_owned()),
            Part::SecretData => ("v1".to_owned(), "Secret".to_owned()),
            _ => (text(values, "api_version")?, text(values, "kind")?),
        };
        if metadata.get("namespace").is_some_and(|namespace| !namespace.is_known()) {
            return None;
        }
        Some(AnyIdentity {
            api_version,
            kind,
            namespace: text(metadata, "namespace"),
            name: text(metadata, "name")?,
        })
    }

    fn id(&self, identity: &AnyIdentity) -> String {
        match (self.is_data(), &identity.namespace) {
            (true, Some(namespace)) => format!("{namespace}/{}", identity.name),
            _ => identity.id(),
        }
    }

    /// Returns the maps that entries are written to.
    fn places(&self, kind: &str) -> Vec<Place> {
        let template = match kind {
            "CronJob" => vec!["spec", "jobTemplate", "spec", "template", "metadata", "annotations"],
            _ => vec!["spec", "template", "metadata", "annotations"],
        };
        match self.part {
            Part::Labels => vec![Place { argument: "labels", path: vec!["metadata", "labels"] }],
            Part::Annotations => vec![
                Place { argument: "annotations", path: vec!["metadata", "annotations"] },
                Place { argument: "template_annotations", path: template },
            ],
            _ => vec![Place { argument: "data", path: vec!["data"] }],
        }
    }

    /// Returns in whose name the part is written.
    fn manager(&self, values: &Value) -> String {
        let written =
            values.get("field_manager").and_then(Value::as_str).map_or(MANAGER, |name| name.as_str());
        let suffix = match self.part {
            Part::Labels => "labels",
            Part::Annotations => "annotations",
            _ => "data",
        };
        if written == MANAGER { format!("{MANAGER}-{suffix}") } else { written.to_owned() }
    }

    fn encode(&self, text: &str) -> Json {
        if self.part == Part::SecretData { BASE64.encode(text).into() } else { text.into() }
    }

    fn decode(&self, json: &Json) -> String {
        let text = json.as_str().unwrap_or_default();
        if self.part != Part::SecretData {
            return text.to_owned();
        }
        BASE64.decode(text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Returns an object that has nothing but its head and the entries.
    fn object(&self, identity: &AnyIdentity, values: &Value) -> Object {
        let mut object = json!({
            "apiVersion": identity.api_version, "kind": identity.kind, "metadata": {"name": identity.name},
        });
        for place in self.places(&identity.kind) {
            let entries = values.get(place.argument).and_then(Value::as_entries).unwrap_or_default();
            let entries =
                entries.iter().filter_map(|(key, text)| Some((key.to_string(), self.encode(text.as_str()?))));
            let entries: Map<String, Json> = entries.collect();
            if entries.is_empty() {
                continue;
            }
            let inner = place.path.iter().fold(&mut object, |json, name| &mut json[*name]);
            *inner = Json::Object(entries);
        }
        crate::objects::cluster::api::into_object(object).unwrap_or_default()
    }

    /// Returns the state of a part: the entries that are written under its name, and those that were seen before.
    fn state(&self, identity: &AnyIdentity, object: &Object, before: &Value) -> Value {
        let manager = self.manager(before);
        let places = self.places(&identity.kind);
        let attributes = self.schema.block.implied_type().clone();
        let names = before.as_entries().unwrap_or_default();
        let values = names.iter().map(|(name, value)| {
            let value = match places.iter().find(|place| place.argument == name.as_str()) {
                Some(place) => self.entries(place, object, &manager, value),
                None if name == "id" => self.id(identity).into(),
                None => value.clone(),
            };
            (name.clone(), value)
        });
        let state = Value::object(values.collect::<Vec<_>>());
        debug_assert_eq!(state.ty(), attributes, "parts keep their types");
        state
    }

    fn entries(&self, place: &Place, object: &Object, manager: &str, before: &Value) -> Value {
        let live = at(object, &place.path).and_then(Json::as_object).cloned().unwrap_or_default();
        let managed = managed_keys(object, &place.path, manager);
        let is_shown = |key: &str| before.get(key).is_some() || managed.iter().any(|managed| managed == key);
        let shown: Vec<(Str, Value)> = live
            .iter()
            .filter(|(key, _)| is_shown(key))
            .map(|(key, json)| (Str::from(key.as_str()), self.decode(json).into()))
            .collect();
        if shown.is_empty() && before.is_null() {
            Value::Null(before.ty())
        } else {
            Value::map(Type::String, shown)
        }
    }

    async fn send(
        &self,
        cluster: &Cluster,
        target: &Target,
        identity: &AnyIdentity,
        values: &Value,
        dry_run: bool,
    ) -> Result<Object, ApiError> {
        let object = placed(self.object(identity, values), target);
        let force = values.get("force").and_then(Value::as_bool).unwrap_or(false);
        let write = Write { manager: &self.manager(values), force, dry_run };
        Ok(cluster.api(target.clone()).apply(&identity.name, &object, write).await?.object)
    }

    fn failure(&self, error: &ApiError, doing: Doing, identity: &AnyIdentity) -> Diagnostics {
        if error.meaning() == Meaning::FieldConflict {
            let held = error.refusal().map(|refusal| refusal.held_fields()).unwrap_or_default();
            let detail = format!(
                "Others have set what the configuration sets in {}, too: {}. Set force to take it over.",
                identity.describe(),
                holders(&held)
            );
            return Diagnostic::error("Field manager conflict", detail).into();
        }
        explain(error, doing, &identity.describe(), None).into()
    }

    async fn write(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Result<Value, Diagnostics> {
        let identity = self.identity(&request.planned_state);
        let identity = identity
            .ok_or_else(|| Diagnostic::error("Invalid plan", "The plan does not name the object."))?;
        let doing = if request.prior_state.is_null() { Doing::Creating } else { Doing::Updating };
        let failed = |error: ApiError| self.failure(&error, doing, &identity);
        let cluster = context.cluster().await?;
        let target = identity.awaited_target(context, &cluster, progress).await.map_err(failed)?;
        await_object(&cluster, &target, &identity).await.map_err(failed)?;
        let sent =
            retry(progress, || self.send(&cluster, &target, &identity, &request.planned_state, false)).await;
        let object = sent.map_err(failed)?;
        let object = self.remove_rest(&cluster, &target, &identity, request, object).await.map_err(failed)?;
        Ok(self.state(&identity, &object, &request.planned_state))
    }

    /// Removes entries that are not wanted any more and that were written under the name that the configuration gives,
    /// by another program.
    async fn remove_rest(
        &self,
        cluster: &Cluster,
        target: &Target,
        identity: &AnyIdentity,
        request: &ApplyRequest,
        object: Object,
    ) -> Result<Object, ApiError> {
        let mut operations = Vec::new();
        for place in self.places(&identity.kind) {
            let entries = |values: &Value| -> Vec<String> {
                let entries = values.get(place.argument).and_then(Value::as_entries).unwrap_or_default();
                entries.iter().map(|(key, _)| key.to_string()).collect()
            };
            let wanted = entries(&request.planned_state);
            let theirs = managed_keys(&object, &place.path, MANAGER);
            let live = at(&object, &place.path).and_then(Json::as_object);
            for key in entries(&request.prior_state) {
                let is_left = live.is_some_and(|live| live.contains_key(&key)) && theirs.contains(&key);
                if is_left && !wanted.contains(&key) {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    operations
                        .push(json!({"op": "remove", "path": format!("/{}/{key}", place.path.join("/"))}));
                }
            }
        }
        if operations.is_empty() {
            return Ok(object);
        }
        cluster.api(target.clone()).patch(&identity.name, &Json::Array(operations), MANAGER).await
    }

    async fn remove(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Result<(), Diagnostics> {
        let Some(identity) = self.identity(&request.prior_state) else { return Ok(()) };
        let failed = |error: ApiError| self.failure(&error, Doing::Deleting, &identity);
        let cluster = context.cluster().await?;
        let Some(target) = identity.target(&cluster).await.map_err(failed)? else { return Ok(()) };
        if cluster.api(target.clone()).find(&identity.name).await.map_err(failed)?.is_none() {
            return Ok(());
        }
        let mut nothing: Vec<(Str, Value)> = request.prior_state.as_entries().unwrap_or_default().to_vec();
        let places = self.places(&identity.kind);
        for (name, value) in &mut nothing {
            if places.iter().any(|place| place.argument == name.as_str()) {
                *value = Value::Null(value.ty());
            }
        }
        let nothing = Value::object(nothing);
        let sent = retry(progress, || self.send(&cluster, &target, &identity, &nothing, false)).await;
        let object = sent.map_err(failed)?;
        let request = ApplyRequest { planned_state: nothing.clone(), ..request.clone() };
        self.remove_rest(&cluster, &target, &identity, &request, object).await.map_err(failed).map(drop)
    }
}

#[async_trait]
impl Reads for Patch {
    fn identity_of(&self, state: &Value) -> Option<AnyIdentity> {
        self.identity(state)
    }

    async fn state_of(
        &self,
        _cluster: &Cluster,
        identity: &AnyIdentity,
        live: &Object,
        before: &Value,
    ) -> Result<Value, Diagnostics> {
        Ok(self.state(identity, live, before))
    }
}

fn block(part: Part) -> Block {
    let text = || Attribute::optional(Type::String);
    let texts = || Type::map(Type::String);
    let metadata =
        Block::new([("name".into(), Attribute::required(Type::String)), ("namespace".into(), text())], []);
    let metadata = NestedBlock { nesting: Nesting::List, block: metadata.into(), min_items: 1, max_items: 1 };
    let mut attributes: Vec<(Str, Attribute)> = vec![
        ("field_manager".into(), text()),
        ("force".into(), Attribute::optional(Type::Bool)),
        ("id".into(), Attribute::optional_computed(Type::String)),
    ];
    let head = || ["api_version", "kind"].map(|name| (Str::from(name), Attribute::required(Type::String)));
    match part {
        Part::Labels => {
            attributes.extend(head());
            attributes.push(("labels".into(), Attribute::required(texts())));
        }
        Part::Annotations => {
            attributes.extend(head());
            attributes.push(("annotations".into(), Attribute::optional(texts())));
            attributes.push(("template_annotations".into(), Attribute::optional(texts())));
        }
        _ => attributes.push(("data".into(), Attribute::required(texts()))),
    }
    Block::new(attributes, [("metadata".into(), metadata)])
}

fn at<'o>(object: &'o Object, path: &[&str]) -> Option<&'o Json> {
    crate::objects::wait::at(object, path)
}

/// Returns the keys of a map that belong to a manager.
fn managed_keys(object: &Object, path: &[&str], manager: &str) -> Vec<String> {
    let entries = at(object, &["metadata", "managedFields"]).and_then(Json::as_array);
    let mine = entries
        .into_iter()
        .flatten()
        .filter(|entry| entry.get("manager").and_then(Json::as_str) == Some(manager));
    let maps = mine.filter_map(|entry| {
        let fields = entry.get("fieldsV1")?;
        path.iter().try_fold(fields, |fields, name| fields.get(format!("f:{name}")))?.as_object()
    });
    maps.flat_map(|map| map.keys().filter_map(|key| key.strip_prefix("f:").map(ToOwned::to_owned))).collect()
}

/// Waits a moment for an object: whoever makes it may not be done.
async fn await_object(cluster: &Cluster, target: &Target, identity: &AnyIdentity) -> Result<(), ApiError> {
    let start = std::time::Instant::now();
    while cluster.api(target.clone()).find(&identity.name).await?.is_none() {
        if start.elapsed() > PATIENCE {
            return Err(ApiError::Unusable(
                "It does not exist; something else has to make it before.".to_owned(),
            ));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

#[async_trait]
impl Resource for Patch {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    async fn plan(&self, context: &Context, request: &PlanRequest) -> Result<Planned, Diagnostics> {
        let prior = Some(&request.prior_state).filter(|prior| !prior.is_null());
        let values = request.config.as_entries().unwrap_or_default().iter().map(|(name, value)| {
            let kept = || prior.and_then(|prior| prior.get(name)).cloned();
            let value = match name.as_str() {
                "id" => kept().unwrap_or_else(|| Value::unknown(Type::String)),
                "field_manager" if value.is_null() => MANAGER.into(),
                "metadata" if self.is_data() => with_namespace(value),
                _ => value.clone(),
            };
            (name.clone(), value)
        });
        let state = Value::object(values.collect::<Vec<_>>());
        // Terraform writes empty texts for what is not written.
        let state = prior.map_or_else(|| state.clone(), |prior| settle(&state, prior));
        let root = AttributePath::root();
        let metadata = root.attribute("metadata").position(0);
        let paths = [
            root.attribute("api_version"),
            root.attribute("kind"),
            metadata.attribute("name"),
            metadata.attribute("namespace"),
        ];
        let differs =
            |path: &AttributePath| prior.is_some_and(|prior| prior.at_path(path) != state.at_path(path));
        let replaces: Vec<AttributePath> = paths.into_iter().filter(differs).collect();
        if Some(&state) != prior && request.config.is_wholly_known() && replaces.is_empty() {
            self.try_out(context, &state).await?;
        }
        let private = request.prior_private.clone();
        Ok(Planned { state, replaces, private, warnings: Diagnostics::new() })
    }

    async fn apply(&self, context: &Context, request: &ApplyRequest, progress: &dyn Progress) -> Outcome {
        let done = if request.planned_state.is_null() {
            self.remove(context, request, progress).await.map(|()| request.planned_state.clone())
        } else {
            self.write(context, request, progress).await
        };
        Outcome::of(request, done)
    }

    async fn read(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        read_all(self, context, requests).await
    }

    async fn import(&self, _context: &Context, _id: &str) -> Result<(Value, Private), Diagnostics> {
        let detail =
            "Parts of objects cannot be imported: creating the resource takes over what is there already.";
        Err(Diagnostic::error("Import not supported", detail).into())
    }
}

impl Patch {
    /// Asks the server about a part while nothing is at stake. An object that is not there yet is looked for later.
    async fn try_out(&self, context: &Context, state: &Value) -> Result<(), Diagnostics> {
        let Some(identity) = self.identity(state) else { return Ok(()) };
        let Some(cluster) = context.cluster_if_known().await? else { return Ok(()) };
        let Ok(Some(target)) = identity.target(&cluster).await else { return Ok(()) };
        if !matches!(cluster.api(target.clone()).find(&identity.name).await, Ok(Some(_))) {
            return Ok(());
        }
        match self.send(&cluster, &target, &identity, state, true).await {
            Err(error)
                if matches!(error.meaning(), Meaning::FieldConflict | Meaning::Invalid | Meaning::Denied) =>
            {
                Err(self.failure(&error, Doing::Planning, &identity))
            }
            _ => Ok(()),
        }
    }
}

/// Fills in the namespace that is meant where none is written.
fn with_namespace(metadata: &Value) -> Value {
    metadata.map_leaves_first(&mut |value| match value.as_entries() {
        Some(entries) if value.get("namespace").is_some_and(Value::is_null) => {
            let filled = entries.iter().map(|(name, value)| {
                (name.clone(), if name == "namespace" { "default".into() } else { value.clone() })
            });
            Value::object(filled.collect::<Vec<_>>())
        }
        _ => value,
    })
}
