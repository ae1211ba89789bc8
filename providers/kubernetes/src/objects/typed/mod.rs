//! Resource types by table, through their lives.

mod apply;
mod check;
mod delete;
pub(crate) mod once;
mod read;
mod refresh;
pub(crate) mod source;

use std::sync::Arc;

use serde_json::Value as Json;
use terrane_model::{
    Attribute, AttributePath, Block, Diagnostics, NestedBlock, Nesting, Schema, Str, Type, Value,
};
use terrane_provider::{
    ApplyRequest, PlanRequest, Private, Progress, ReadRequest, ReadResponse, Ties, async_trait,
};

use super::cluster::{Object, Target};
use super::context::{Context, ObjectKey};
use super::resource::{Outcome, Planned, Resource, schema};
use super::table::shape::{Shape, Shapes};
use super::table::{encode, plan, validate};
use super::ties::{self, Facts};
use super::types::ObjectType;

pub(crate) use apply::exists;
pub(crate) use check::open_question;

/// A resource type made of a table.
pub(crate) struct TypedObject {
    ty: ObjectType,
    shape: Arc<Shape>,
    schema: Schema,
}

/// Which object is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl Identity {
    fn id(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl TypedObject {
    /// Makes a resource type of a table.
    pub(crate) fn new(ty: ObjectType, shapes: &mut Shapes) -> Self {
        let shape = shapes.shape(ty.fields);
        let mut attributes = shape.block.attributes().to_vec();
        attributes.push(("id".into(), Attribute::optional_computed(Type::String)));
        let mut blocks = shape.block.block_types().to_vec();
        if !ty.timeouts.is_empty() {
            blocks.push(("timeouts".into(), timeouts_block(ty.timeouts)));
        }
        let mut block = Block::new(attributes, blocks);
        block.deprecated = ty.is_deprecated;
        Self { ty, shape, schema: schema(ty.version, block) }
    }

    fn target(&self, identity: &Identity) -> Target {
        Target::new(self.ty.api_version, self.ty.plural, identity.namespace.as_deref())
    }

    /// Names an object in messages.
    fn describe(&self, identity: &Identity) -> String {
        format!("{} {}", self.ty.kind, identity.id())
    }

    /// Returns which object the values mean; nothing where the server chooses the name, or it is not known yet.
    fn identity(&self, values: &Value) -> Option<Identity> {
        let metadata = values.get("metadata")?.as_sequence()?.first()?;
        let preset = if self.ty.exists_already { "default" } else { "" };
        let name = match metadata.get("name") {
            Some(name) if !name.is_known() => return None,
            name => name.and_then(Value::as_str).map_or(preset, Str::as_str).to_owned(),
        };
        let namespace = match metadata.get("namespace") {
            Some(namespace) if !namespace.is_known() => return None,
            namespace if self.ty.is_namespaced => {
                let written = namespace.and_then(Value::as_str).map_or("", Str::as_str);
                Some(if written.is_empty() { "default".to_owned() } else { written.to_owned() })
            }
            _ => None,
        };
        (!name.is_empty()).then_some(Identity { namespace, name })
    }

    /// Returns which object a stored state means: its id says so.
    fn stored_identity(&self, state: &Value) -> Option<Identity> {
        let id = state.get("id").and_then(Value::as_str)?;
        self.parse_id(id).or_else(|| self.identity(state))
    }

    fn parse_id(&self, id: &str) -> Option<Identity> {
        match (self.ty.is_namespaced, id.split_once('/')) {
            (true, Some((namespace, name)))
                if !namespace.is_empty() && !name.is_empty() && !name.contains('/') =>
            {
                Some(Identity { namespace: Some(namespace.to_owned()), name: name.to_owned() })
            }
            (false, None) if !id.is_empty() => Some(Identity { namespace: None, name: id.to_owned() }),
            _ => None,
        }
    }

    /// Returns the object that a configuration stands for.
    fn object(&self, config: &Value) -> Object {
        let mut object = encode::object(&self.shape, config);
        object.insert("apiVersion".to_owned(), self.ty.api_version.into());
        object.insert("kind".to_owned(), self.ty.kind.into());
        if let (true, Some(Json::Object(metadata))) = (self.ty.is_namespaced, object.get_mut("metadata")) {
            metadata.entry("namespace").or_insert_with(|| "default".into());
        }
        if let (true, Some(Json::Object(metadata))) = (self.ty.exists_already, object.get_mut("metadata")) {
            metadata.insert("name".to_owned(), "default".into());
        }
        (self.ty.hooks.send)(config, &mut object);
        object
    }

    fn plan_values(&self, request: &PlanRequest) -> (Vec<(Str, Value)>, Vec<AttributePath>) {
        let prior = Some(&request.prior_state).filter(|prior| !prior.is_null());
        let mut replaced = Vec::new();
        let root = AttributePath::root();
        let mut planned = plan::plan(&self.shape, &request.config, prior, &root, &mut replaced);
        let unknown_id = Value::unknown(Type::String);
        let id = prior.and_then(|prior| prior.get("id")).cloned().unwrap_or(unknown_id);
        planned.push(("id".into(), id));
        if let Some(timeouts) = request.config.get("timeouts").filter(|_| !self.ty.timeouts.is_empty()) {
            planned.push(("timeouts".into(), timeouts.clone()));
        }
        if let Some(prior) = prior {
            let differs = |name: &str| {
                let planned = planned.iter().find(|(candidate, _)| candidate == name);
                planned.is_some_and(|(_, planned)| prior.get(name) != Some(planned))
            };
            let names = (self.ty.hooks.replaces)(prior).iter().filter(|name| differs(name));
            replaced.extend(names.map(|name| root.attribute(*name)));
        }
        if !self.ty.updates_in_place.is_empty() {
            let is_kept = |path: &AttributePath| {
                let text = path.to_string();
                self.ty.updates_in_place.iter().any(|name| text.ends_with(&format!(".{name}")))
            };
            replaced.retain(|path| !is_kept(path));
        }
        (planned, replaced)
    }
}

fn timeouts_block(timeouts: &[(&str, u64)]) -> NestedBlock {
    let attributes = timeouts.iter().map(|(name, _)| (Str::from(*name), Attribute::optional(Type::String)));
    let block = Arc::new(Block::new(attributes, []));
    NestedBlock { nesting: Nesting::Single, block, min_items: 0, max_items: 0 }
}

#[async_trait]
impl Resource for TypedObject {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        validate::validate(&self.shape, config, &AttributePath::root(), &mut diagnostics);
        diagnostics
    }

    async fn plan(&self, context: &Context, request: &PlanRequest) -> Result<Planned, Diagnostics> {
        let (values, mut replaces) = self.plan_values(request);
        let state = Value::object(values);
        let mut warnings = Diagnostics::new();
        if state != request.prior_state {
            let checked = self.check_with_server(context, request, &state).await?;
            replaces.extend(checked.replaces);
            warnings = checked.warnings;
        }
        Ok(Planned { state, replaces, private: request.prior_private.clone(), warnings })
    }

    async fn apply(&self, context: &Context, request: &ApplyRequest, progress: &dyn Progress) -> Outcome {
        if request.planned_state.is_null() {
            self.delete(context, request, progress).await
        } else if request.prior_state.is_null() {
            self.create(context, request, progress).await
        } else {
            self.update(context, request, progress).await
        }
    }

    async fn read(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        self.refresh(context, requests).await
    }

    async fn import(&self, _context: &Context, id: &str) -> Result<(Value, Private), Diagnostics> {
        let wanted = if self.ty.is_namespaced { "NAMESPACE/NAME" } else { "NAME" };
        if self.parse_id(id).is_none() {
            let detail = format!("{id:?} is no id of a {}: {wanted} is expected.", self.ty.kind);
            return Err(terrane_model::Diagnostic::error("Invalid import id", detail).into());
        }
        let empty = self.schema.block.empty_value();
        let attributes = empty.as_entries().unwrap_or_default().iter().map(|(name, value)| {
            let value = if name == "id" { Value::from(id) } else { value.clone() };
            (name.clone(), value)
        });
        Ok((Value::object(attributes.collect::<Vec<_>>()), read::IMPORTED.to_vec()))
    }

    fn id_before_create(&self, planned: &Value) -> Option<Str> {
        self.identity(planned).map(|identity| identity.id().into())
    }

    fn ties(&self, values: &Value, _private: &[u8]) -> Ties {
        let first = |value: &Value, name: &str| value.get(name)?.as_sequence()?.first().cloned();
        let text = |value: Option<&Value>, name: &str| Some(value?.get(name)?.as_str()?.to_string());
        let (metadata, spec) = (first(values, "metadata"), first(values, "spec"));
        let name = text(metadata.as_ref(), "name").unwrap_or_default();
        let is_known = metadata.as_ref().is_some_and(|it| it.get("namespace").is_none_or(Value::is_known));
        let namespace = text(metadata.as_ref(), "namespace").unwrap_or_else(|| "default".to_owned());
        let claims = spec.as_ref().and_then(|spec| first(spec, "persistent_volume_claim_retention_policy"));
        Facts {
            group: ties::group(self.ty.api_version),
            kind: self.ty.kind,
            namespace: Some(namespace.as_str()).filter(|_| self.ty.is_namespaced && is_known),
            name: &name,
            service_type: text(spec.as_ref(), "type").as_deref(),
            drops_claims: text(claims.as_ref(), "when_deleted").as_deref() == Some("Delete"),
            has_finalizers: false,
        }
        .ties()
    }

    fn key(&self, values: &Value) -> Option<ObjectKey> {
        let identity = self.identity(values).or_else(|| self.stored_identity(values))?;
        Some(ObjectKey {
            kind: format!("{}.{}", self.ty.plural, self.ty.api_version),
            namespace: identity.namespace.unwrap_or_default(),
            name: identity.name,
        })
    }
}
