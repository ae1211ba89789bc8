//! `gavinbunney/kubectl`: objects written as YAML.
//!
//! The state holds checksums of what an object should be and of what it is; drift is a difference between both.

use std::time::Duration;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use terrane_model::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, NestedBlock, Nesting, Schema, Str, Type, Value,
};
use terrane_provider::{
    ApplyRequest, PlanRequest, Private, Progress, ReadRequest, ReadResponse, Ties, async_trait,
};

use super::compare::{Compared, applied_part, as_kept, compare};
use super::documents::{FileDocuments, PathDocuments};
use super::manifest_apply::delete_object;
use super::reads::{Reads, read_all};
use super::wait_block::{Wanted, steps};
use super::{AnyIdentity, placed};
use crate::objects::cluster::api::Write;
use crate::objects::cluster::retry::retry;
use crate::objects::cluster::{ApiError, Cluster, Object};
use crate::objects::context::{Context, ObjectKey};
use crate::objects::dry_run::{Verdict, holders, try_out};
use crate::objects::duration;
use crate::objects::failure::{Doing, explain};
use crate::objects::json_value::from_json;
use crate::objects::provider::Catalog;
use crate::objects::removed_kinds;
use crate::objects::resource::{self, Outcome, Planned, Resource, Written};
use crate::objects::ties;
use crate::objects::typed::open_question;
use crate::objects::wait::{self, Waiting, rollout};
use crate::yaml;

const TIMEOUT: Duration = Duration::from_secs(600);
/// What stands in place of values that are not shown.
const HIDDEN: &str = "(sensitive value)";
/// What is known once an object is there.
const FOUND: [&str; 4] = ["uid", "live_uid", "yaml_incluster", "live_manifest_incluster"];

/// Makes the catalog; the `provider` block is that of `hashicorp/kubernetes` but for two arguments.
pub(crate) fn kubectl_catalog() -> Catalog {
    let kubernetes = crate::objects::kubernetes_catalog().schemas.provider;
    let mut attributes = kubernetes.attributes().to_vec();
    attributes.push(("apply_retry_count".into(), Attribute::optional(Type::Number)));
    attributes.push(("load_config_file".into(), Attribute::optional(Type::Bool)));
    let mut catalog = Catalog::new(Block::new(attributes, kubernetes.block_types().to_vec()));
    catalog.add_resource("kubectl_manifest", YamlManifest::new());
    catalog.add_data_source("kubectl_file_documents", FileDocuments);
    catalog.add_data_source("kubectl_path_documents", PathDocuments);
    catalog
}

/// The resource type.
struct YamlManifest {
    schema: Schema,
}

impl YamlManifest {
    fn new() -> Self {
        let text = || Attribute::optional(Type::String);
        let flag = || Attribute::optional(Type::Bool);
        let texts = || Attribute::optional(Type::list(Type::String));
        let found = || Attribute::computed(Type::String);
        let attributes: Vec<(Str, Attribute)> = vec![
            ("api_version".into(), found()),
            ("apply_only".into(), flag()),
            ("field_manager".into(), text()),
            ("force_conflicts".into(), flag()),
            ("force_new".into(), flag()),
            ("id".into(), Attribute::optional_computed(Type::String)),
            ("ignore_fields".into(), texts()),
            ("kind".into(), found()),
            ("live_manifest_incluster".into(), found().sensitive()),
            ("live_uid".into(), found()),
            ("name".into(), found()),
            ("namespace".into(), found()),
            ("override_namespace".into(), text()),
            ("sensitive_fields".into(), texts()),
            ("server_side_apply".into(), flag()),
            ("uid".into(), found()),
            ("validate_schema".into(), flag()),
            ("wait".into(), flag()),
            ("wait_for_rollout".into(), flag()),
            ("yaml_body".into(), Attribute::required(Type::String).sensitive()),
            ("yaml_body_parsed".into(), found()),
            ("yaml_incluster".into(), found().sensitive()),
        ];
        let timeouts = Block::new([("create".into(), text())], []);
        let timeouts =
            NestedBlock { nesting: Nesting::Single, block: timeouts.into(), min_items: 0, max_items: 0 };
        let blocks = [("timeouts".into(), timeouts), ("wait_for".into(), wait_for())];
        Self { schema: resource::schema(1, Block::new(attributes, blocks)) }
    }
}

/// Returns the block that says what is waited for: fields and conditions.
fn wait_for() -> NestedBlock {
    let text = |name: &str| (Str::from(name), Attribute::required(Type::String));
    let value_type = ("value_type".into(), Attribute::optional(Type::String));
    let blocks = |block: Block, max_items: usize| NestedBlock {
        nesting: Nesting::List,
        block: block.into(),
        min_items: 0,
        max_items,
    };
    let field = Block::new([text("key"), text("value"), value_type], []);
    let condition = Block::new([text("type"), text("status")], []);
    blocks(
        Block::new([], [("condition".into(), blocks(condition, 0)), ("field".into(), blocks(field, 0))]),
        1,
    )
}

pub(super) fn text(values: &Value, name: &str) -> Option<String> {
    values.get(name).and_then(Value::as_str).map(ToString::to_string).filter(|text| !text.is_empty())
}

fn is_set(values: &Value, name: &str, default: bool) -> bool {
    values.get(name).and_then(Value::as_bool).unwrap_or(default)
}

fn texts(values: &Value, name: &str) -> Vec<String> {
    let elements = values.get(name).and_then(Value::as_sequence).unwrap_or_default();
    elements.iter().filter_map(|element| Some(element.as_str()?.to_string())).collect()
}

/// Returns how long it is waited for an object.
fn timeout(config: &Value) -> Duration {
    let written = config.get("timeouts").and_then(|timeouts| timeouts.get("create")).and_then(Value::as_str);
    written.and_then(|text| duration::parse(text)).unwrap_or(TIMEOUT)
}

/// Reads the object of a body; nothing while it is not known.
fn object_of(values: &Value) -> Result<Option<Object>, Diagnostics> {
    let Some(body) = values.get("yaml_body").and_then(Value::as_str) else { return Ok(None) };
    let failed = |detail: String| {
        let path = AttributePath::root().attribute("yaml_body");
        Diagnostics::from(Diagnostic::error("Invalid manifest", detail).on_attribute(path))
    };
    // Lines behind the first of a message quote the body.
    let first_line = |error: String| error.lines().next().unwrap_or_default().to_owned();
    let documents = yaml::read_all(body)
        .map_err(|error| failed(format!("The body is no YAML: {}.", first_line(error))))?;
    let mut object = match documents.as_slice() {
        [Json::Object(object)] => object.clone(),
        [_] => return Err(failed("The body has to be an object.".to_owned())),
        several => return Err(failed(format!("The body has {} documents; one is expected.", several.len()))),
    };
    if let (Some(namespace), Some(Json::Object(metadata))) =
        (text(values, "override_namespace"), object.get_mut("metadata"))
    {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    if AnyIdentity::of(&object).is_none() {
        return Err(failed("The body has to say apiVersion, kind and metadata.name.".to_owned()));
    }
    Ok(Some(object))
}

/// Returns which object a state means.
fn identity(values: &Value) -> Option<AnyIdentity> {
    let (api_version, kind, name) =
        (text(values, "api_version")?, text(values, "kind")?, text(values, "name")?);
    Some(AnyIdentity { api_version, kind, namespace: text(values, "namespace"), name })
}

/// Writes an object for people, without what may not be shown.
fn shown(object: &Object, sensitive: &[String]) -> String {
    let mut object = Json::Object(object.clone());
    let secret = ["data".to_owned(), "stringData".to_owned()];
    let is_secret = object.get("kind").and_then(Json::as_str) == Some("Secret");
    let paths =
        sensitive.iter().chain(if is_secret && sensitive.is_empty() { secret.iter() } else { [].iter() });
    for path in paths {
        let steps = steps(path);
        let found = steps.iter().try_fold(&mut object, |json, step| match json {
            Json::Array(list) => list.get_mut(step.parse::<usize>().ok()?),
            json => json.get_mut(step),
        });
        if let Some(value) = found {
            *value = HIDDEN.into();
        }
    }
    yaml::write(&object)
}

/// Returns a checksum of an object but for fields that do not count.
fn checksum(json: &Json, ignored: &[String]) -> String {
    let mut json = json.clone();
    for path in ignored {
        let steps = steps(path);
        let Some((last, parents)) = steps.split_last() else { continue };
        let parent = parents.iter().try_fold(&mut json, |json, step| json.get_mut(step));
        if let Some(Json::Object(map)) = parent {
            map.remove(last);
        }
    }
    Sha256::digest(json.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn with_all(values: &Value, all: &[(&str, Value)]) -> Value {
    let replaced = values.as_entries().unwrap_or_default().iter().map(|(name, value)| {
        let new = all.iter().find(|(candidate, _)| *candidate == name.as_str());
        (name.clone(), new.map_or_else(|| value.clone(), |(_, new)| new.clone()))
    });
    Value::object(replaced.collect::<Vec<_>>())
}

impl YamlManifest {
    fn head(&self, config: &Value, object: &Object, prior: Option<&Value>) -> Value {
        let Some(identity) = AnyIdentity::of(object) else { return config.clone() };
        let kept = |name: &str| {
            let kept = prior.and_then(|prior| prior.get(name)).cloned();
            kept.unwrap_or_else(|| Value::unknown(Type::String))
        };
        let mut all = vec![
            ("api_version", identity.api_version.as_str().into()),
            ("kind", identity.kind.as_str().into()),
            ("name", identity.name.as_str().into()),
            ("namespace", identity.namespace.as_deref().map_or(Value::Null(Type::String), Into::into)),
            ("yaml_body_parsed", shown(object, &texts(config, "sensitive_fields")).into()),
            ("id", kept("id")),
        ];
        all.extend(FOUND.map(|name| (name, kept(name))));
        with_all(config, &all)
    }

    async fn plan_object(
        &self,
        context: &Context,
        request: &PlanRequest,
        object: &Object,
        warnings: &mut Diagnostics,
    ) -> Result<Value, Diagnostics> {
        let prior = Some(&request.prior_state).filter(|prior| !prior.is_null());
        let planned = self.head(&request.config, object, prior);
        if prior.is_some_and(|prior| *prior == planned && is_undisturbed(prior)) {
            return Ok(planned);
        }
        let (Some(identity), Some(cluster)) = (AnyIdentity::of(object), context.cluster_if_known().await?)
        else {
            return Ok(planned);
        };
        let what = identity.describe();
        let Some(target) =
            identity.target(&cluster).await.map_err(|error| explain(&error, Doing::Planning, &what, None))?
        else {
            if let Ok(kinds) = cluster.discovery(Duration::MAX).await
                && let Some(objection) =
                    removed_kinds::objection(&kinds, &identity.api_version, &identity.kind)
            {
                let detail = format!("The manifest is for {objection}");
                return Err(Diagnostic::error("Kind not served any more", detail).into());
            }
            return Ok(planned);
        };
        let mut object = placed(object.clone(), &target);
        as_kept(&mut object);
        let (manager, force) = manager(&request.config);
        match try_out(&cluster, &target, Some(&identity.name), &object, &manager, force).await {
            Verdict::Accepted { .. } => {}
            Verdict::Immutable { .. } if prior.is_none() => {}
            Verdict::Immutable { .. } => return Ok(with_all(&planned, &unknown_found())),
            Verdict::Conflict(held) => {
                let detail = format!(
                    "Others have set fields of {what} that the manifest sets, too: {}. Set force_conflicts to take them over.",
                    holders(&held)
                );
                return Err(Diagnostic::error("Field manager conflict", detail).into());
            }
            Verdict::Refused(error) => return Err(explain(&error, Doing::Planning, &what, None).into()),
            Verdict::Open(open) => {
                warnings.extend(open_question(context, &open));
                return Ok(planned);
            }
        }
        let Some(prior) = prior else { return Ok(planned) };
        let compared = compare(&cluster, &object, "default").await;
        let compared = compared.map_err(|error| explain(&error, Doing::Planning, &what, None))?;
        let Some(compared) = compared else { return Ok(planned) };
        let expected = checksum(&compared.expected, &texts(&request.config, "ignore_fields"));
        let all = [
            ("yaml_incluster", expected.as_str().into()),
            ("live_manifest_incluster", expected.as_str().into()),
        ];
        Ok(with_all(&planned, &[&all[..], &[("live_uid", prior.attribute("live_uid"))]].concat()))
    }

    async fn write(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Result<Value, Diagnostics> {
        let object = object_of(&request.config)?;
        let identity = object.as_ref().and_then(AnyIdentity::of);
        let (Some(object), Some(identity)) = (object, identity) else {
            return Err(Diagnostic::error("Invalid plan", "The plan does not name the object.").into());
        };
        let doing = if request.prior_state.is_null() { Doing::Creating } else { Doing::Updating };
        let what = identity.describe();
        let failed = |error: ApiError| Diagnostics::from(explain(&error, doing, &what, None));
        let cluster = context.cluster().await?;
        let target = identity.awaited_target(context, &cluster, progress).await.map_err(failed)?;
        let written = object.clone();
        let mut object = placed(object, &target);
        as_kept(&mut object);
        let (manager, force) = manager(&request.config);
        let write = Write { manager: &manager, force, dry_run: false };
        let api = cluster.api(target.clone());
        let applied =
            retry(progress, || api.apply(&identity.name, &object, write)).await.map_err(failed)?.object;
        let kind = identity.kind.as_str();
        if is_set(&request.config, "wait_for_rollout", true)
            && matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet")
        {
            let name = identity.name.as_str();
            let (target, timeout) = (target.clone(), timeout(&request.config));
            let waiting = Waiting { context, cluster: &cluster, target, kind, name, timeout, progress };
            wait::until(&waiting, applied.clone(), |object| rollout::stage(kind, object)).await?;
        }
        let wanted = Wanted::of_yaml(&request.config)?;
        if !matches!(wanted, Wanted::Nothing) {
            let (target, name) = (target.clone(), identity.name.as_str());
            let timeout = timeout(&request.config);
            let waiting = Waiting { context, cluster: &cluster, target, kind, name, timeout, progress };
            wait::until(&waiting, applied.clone(), |object| wanted.stage(kind, object)).await?;
        }
        let uid = wait::text_at(&applied, &["metadata", "uid"]).to_owned();
        let ignored = texts(&request.config, "ignore_fields");
        let planned = self.head(&request.config, &written, None);
        let compared = compare(&cluster, &object, "default").await.map_err(failed)?;
        let mut all = vec![
            ("id", identity.id().into()),
            ("uid", uid.as_str().into()),
            ("live_uid", uid.as_str().into()),
        ];
        let (expected, live) = compared.map_or_else(Default::default, |compared| {
            let live = live_checksum(&compared, &identity, &request.config, &ignored);
            (checksum(&compared.expected, &ignored), live)
        });
        all.push(("yaml_incluster", expected.into()));
        all.push(("live_manifest_incluster", live.into()));
        Ok(with_all(
            &with_all(&planned, &all),
            &[("namespace", request.planned_state.attribute("namespace"))],
        ))
    }
}

#[async_trait]
impl Reads for YamlManifest {
    fn identity_of(&self, state: &Value) -> Option<AnyIdentity> {
        identity(state)
    }

    async fn state_of(
        &self,
        cluster: &Cluster,
        identity: &AnyIdentity,
        live: &Object,
        before: &Value,
    ) -> Result<Value, Diagnostics> {
        let uid = wait::text_at(live, &["metadata", "uid"]).to_owned();
        // An imported object knows no body yet.
        let Ok(Some(object)) = object_of(before) else {
            let all = [("uid", uid.as_str().into()), ("live_uid", uid.as_str().into())];
            return Ok(with_all(before, &all));
        };
        let ignored = texts(before, "ignore_fields");
        let part = match applied_part(live, identity, &manager(before).0) {
            Some(part) => Some(part),
            // Somebody else has written it, or in another way: the server has to say what would be ours.
            None => match compare(cluster, &object, "default").await {
                Ok(Some(compared)) => compared.live,
                Ok(None) => return Ok(before.clone()),
                Err(error) => {
                    return Err(explain(&error, Doing::Reading, &identity.describe(), None).into());
                }
            },
        };
        let live = part.map_or_else(String::new, |part| checksum(&part, &ignored));
        Ok(with_all(before, &[("live_manifest_incluster", live.into()), ("live_uid", uid.into())]))
    }
}

/// Returns a checksum of an object as it is; the empty text where it is not there.
fn live_checksum(compared: &Compared, identity: &AnyIdentity, config: &Value, ignored: &[String]) -> String {
    let part = compared.object.as_ref().and_then(|object| applied_part(object, identity, &manager(config).0));
    part.as_ref().or(compared.live.as_ref()).map_or_else(String::new, |part| checksum(part, ignored))
}

/// Tells whether an object was last seen as it should be.
fn is_undisturbed(state: &Value) -> bool {
    let checksum = text(state, "live_manifest_incluster");
    checksum.is_some() && checksum == text(state, "yaml_incluster")
}

fn unknown_found() -> Vec<(&'static str, Value)> {
    FOUND.map(|name| (name, Value::unknown(Type::String))).to_vec()
}

/// Returns in whose name an object is written, and whether fields of others are taken over: always, unless the
/// configuration asks for the server to say so.
fn manager(config: &Value) -> (String, bool) {
    let name = text(config, "field_manager").unwrap_or_else(|| "kubectl".to_owned());
    let asks_first = is_set(config, "server_side_apply", false) && !is_set(config, "force_conflicts", false);
    (name, !asks_first)
}

#[async_trait]
impl Resource for YamlManifest {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut diagnostics = object_of(config).err().unwrap_or_default();
        if config.get("wait_for").is_some_and(Value::is_wholly_known) {
            diagnostics.extend(Wanted::of_yaml(config).err().unwrap_or_default());
        }
        diagnostics
    }

    async fn plan(&self, context: &Context, request: &PlanRequest) -> Result<Planned, Diagnostics> {
        let private = request.prior_private.clone();
        let mut warnings = Diagnostics::new();
        let Some(object) = object_of(&request.config)? else {
            let mut open = unknown_found();
            open.extend(
                ["api_version", "id", "kind", "name", "namespace", "yaml_body_parsed"]
                    .map(|name| (name, Value::unknown(Type::String))),
            );
            let state = with_all(&request.config, &open);
            return Ok(Planned { state, replaces: Vec::new(), private, warnings });
        };
        let state = self.plan_object(context, request, &object, &mut warnings).await?;
        let prior = Some(&request.prior_state).filter(|prior| !prior.is_null());
        let is_new = is_set(&request.config, "force_new", false);
        let named =
            ["api_version", "kind", "name", "namespace"].into_iter().chain(is_new.then_some("yaml_body"));
        let mut replaces: Vec<AttributePath> = named
            .filter(|name| prior.is_some_and(|prior| prior.get(name) != state.get(name)))
            .map(|name| AttributePath::root().attribute(name))
            .collect();
        // What cannot be changed has to be made anew.
        if prior.is_some() && state.get("uid").is_some_and(|uid| !uid.is_known()) {
            replaces.push(AttributePath::root().attribute("uid"));
        }
        Ok(Planned { state, replaces, private, warnings })
    }

    async fn apply(&self, context: &Context, request: &ApplyRequest, progress: &dyn Progress) -> Outcome {
        let done = if request.planned_state.is_null() {
            match identity(&request.prior_state) {
                Some(identity) if !is_set(&request.prior_state, "apply_only", false) => {
                    match context.cluster().await {
                        Ok(cluster) => delete_object(context, &cluster, &identity, TIMEOUT, progress).await,
                        Err(diagnostics) => Err(diagnostics),
                    }
                }
                _ => Ok(()),
            }
            .map(|()| request.planned_state.clone())
        } else {
            self.write(context, request, progress).await
        };
        Outcome::of(request, done)
    }

    async fn read(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        read_all(self, context, requests).await
    }

    async fn import(&self, _context: &Context, id: &str) -> Result<(Value, Private), Diagnostics> {
        let parts: Vec<&str> = id.split("//").collect();
        let (api_version, kind, name, namespace) = match parts.as_slice() {
            [api_version, kind, name] => (*api_version, *kind, *name, None),
            [api_version, kind, name, namespace] => (*api_version, *kind, *name, Some(*namespace)),
            _ => {
                let detail =
                    format!("{id:?} is no id of an object: VERSION//KIND//NAME//NAMESPACE is expected.");
                return Err(Diagnostic::error("Invalid import id", detail).into());
            }
        };
        let empty = self.schema.block.empty_value();
        let all = [
            ("api_version", api_version.into()),
            ("id", id.into()),
            ("kind", kind.into()),
            ("name", name.into()),
            ("namespace", namespace.map_or(Value::Null(Type::String), Into::into)),
        ];
        Ok((with_all(&empty, &all), Private::new()))
    }

    fn written(&self, values: &Value) -> Option<Written> {
        let object = from_json(&Json::Object(object_of(values).ok().flatten()?));
        let refuses_unknown = is_set(values, "server_side_apply", false);
        Some(Written { object, argument: "yaml_body", refuses_unknown })
    }

    fn ties(&self, values: &Value, _private: &[u8]) -> Ties {
        let object = object_of(values).ok().flatten();
        let written = object.as_ref().and_then(AnyIdentity::of);
        let identity = written.or_else(|| identity(values));
        identity.map(|identity| ties::of_object(&identity, object.as_ref())).unwrap_or_default()
    }

    fn key(&self, values: &Value) -> Option<ObjectKey> {
        identity(values).map(|identity| identity.key())
    }
}
