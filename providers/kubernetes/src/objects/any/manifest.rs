//! `kubernetes_manifest`: an object of any kind, written as it is.

use terrane_model::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, NestedBlock, Nesting, ObjectType, Schema, Str,
    Type, Value,
};
use terrane_provider::{
    ApplyRequest, PlanRequest, Private, Progress, ReadRequest, ReadResponse, Ties, async_trait,
};

use super::AnyIdentity;
use super::manifest_apply::with_object;
use super::reads::{Reads, read_all};
use super::wait_block::Wanted;
use crate::objects::cluster::{Cluster, Object};
use crate::objects::context::{Context, ObjectKey};
use crate::objects::json_value::to_json;
use crate::objects::ownership::MANAGER;
use crate::objects::resource::{self, Outcome, Planned, Resource, Written};
use crate::objects::ties;

/// The resource type.
pub(crate) struct Manifest {
    schema: Schema,
}

/// In whose name an object is written, and whether fields of others are taken over.
pub(super) struct Manager {
    pub(super) name: String,
    pub(super) force: bool,
}

impl Manifest {
    /// Makes the resource type.
    pub(crate) fn new() -> Self {
        Self { schema: resource::schema(1, block()) }
    }
}

fn block() -> Block {
    let text = || Attribute::optional(Type::String);
    let blocks = |block: Block, max_items: usize| NestedBlock {
        nesting: Nesting::List,
        block: block.into(),
        min_items: 0,
        max_items,
    };
    let fields = || Type::map(Type::String);
    let wait_for = Type::Object(ObjectType::new([(Str::from("fields"), fields())]).into());
    let wait_for = Attribute {
        deprecated: Some("The wait block says the same.".into()),
        ..Attribute::optional(wait_for)
    };
    let condition = Block::new([("status".into(), text()), ("type".into(), text())], []);
    let wait = Block::new(
        [
            ("fields".into(), Attribute::optional(fields())),
            ("rollout".into(), Attribute::optional(Type::Bool)),
        ],
        [("condition".into(), blocks(condition, 0))],
    );
    let manager = Block::new(
        [("force_conflicts".into(), Attribute::optional(Type::Bool)), ("name".into(), text())],
        [],
    );
    let timeouts = Block::new(["create", "delete", "update"].map(|name| (Str::from(name), text())), []);
    Block::new(
        [
            ("computed_fields".into(), Attribute::optional(Type::list(Type::String))),
            ("manifest".into(), Attribute::required(Type::Dynamic)),
            ("object".into(), Attribute::optional_computed(Type::Dynamic)),
            ("wait_for".into(), wait_for),
        ],
        [
            ("field_manager".into(), blocks(manager, 1)),
            ("timeouts".into(), blocks(timeouts, 1)),
            ("wait".into(), blocks(wait, 1)),
        ],
    )
}

/// Returns the object that a configuration, or a state, stands for.
pub(super) fn object_of(values: &Value) -> Option<Object> {
    let manifest = values.get("manifest").filter(|manifest| manifest.is_wholly_known())?;
    crate::objects::cluster::api::into_object(to_json(manifest))
}

/// Returns which object the values mean; the object itself says so where the manifest does not.
pub(super) fn identity(values: &Value) -> Option<AnyIdentity> {
    let from = |name: &str| {
        let value = values.get(name).filter(|value| value.is_known() && !value.is_null())?;
        let head = Value::object(["apiVersion", "kind"].map(|name| (name, value.attribute(name))));
        let metadata = value.get("metadata")?;
        let metadata = ["name", "namespace"].map(|name| (name, metadata.attribute(name)));
        if metadata.iter().any(|(_, value)| !value.is_known()) || !head.is_wholly_known() {
            return None;
        }
        let mut object = crate::objects::cluster::api::into_object(to_json(&head))?;
        object.insert("metadata".to_owned(), to_json(&Value::object(metadata)));
        AnyIdentity::of(&object)
    };
    from("manifest").or_else(|| from("object"))
}

/// Returns in whose name an object is written.
pub(super) fn manager(values: &Value) -> Manager {
    let block = values.get("field_manager").and_then(Value::as_sequence).and_then(<[Value]>::first);
    let name = block.and_then(|block| block.get("name")).and_then(Value::as_str);
    let force = block.and_then(|block| block.get("force_conflicts")).and_then(Value::as_bool);
    Manager { name: name.map_or(MANAGER, |name| name.as_str()).to_owned(), force: force.unwrap_or(false) }
}

/// Checks what can be known of a manifest without the server.
fn check(manifest: &Value, diagnostics: &mut Diagnostics) {
    let root = AttributePath::root().attribute("manifest");
    if !manifest.is_known() {
        return;
    }
    if manifest.is_null() || manifest.as_entries().is_none() {
        let detail = "The manifest of an object has to be an object.";
        diagnostics.push(Diagnostic::error("Invalid manifest", detail).on_attribute(root));
        return;
    }
    for name in ["apiVersion", "kind", "metadata"] {
        if manifest.get(name).is_none_or(Value::is_null) {
            let detail = format!("The manifest says nothing about {name}.");
            diagnostics.push(Diagnostic::error("Incomplete manifest", detail).on_attribute(root.clone()));
        }
    }
    if manifest.get("status").is_some_and(|status| !status.is_null()) {
        let detail = "The status of an object is written by the cluster and has no place in a manifest.";
        diagnostics
            .push(Diagnostic::error("Invalid manifest", detail).on_attribute(root.attribute("status")));
    }
    let metadata = manifest.get("metadata").filter(|metadata| metadata.is_known() && !metadata.is_null());
    if let Some(metadata) = metadata
        && metadata.get("name").is_none_or(Value::is_null)
    {
        let detail = "The manifest has to name the object: names that the server makes (generateName) cannot be found again.";
        diagnostics
            .push(Diagnostic::error("Incomplete manifest", detail).on_attribute(root.attribute("metadata")));
    }
}

#[async_trait]
impl Reads for Manifest {
    fn identity_of(&self, state: &Value) -> Option<AnyIdentity> {
        identity(state)
    }

    async fn state_of(
        &self,
        _cluster: &Cluster,
        identity: &AnyIdentity,
        live: &Object,
        before: &Value,
    ) -> Result<Value, Diagnostics> {
        let mut object = live.clone();
        // Lists leave out what all elements share.
        object.insert("apiVersion".to_owned(), identity.api_version.clone().into());
        object.insert("kind".to_owned(), identity.kind.clone().into());
        Ok(with_object(before, object))
    }
}

#[async_trait]
impl Resource for Manifest {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        if let Some(manifest) = config.get("manifest") {
            check(manifest, &mut diagnostics);
        }
        if config.get("wait").is_some_and(Value::is_wholly_known)
            && let Err(errors) = Wanted::read(config)
        {
            diagnostics.extend(errors);
        }
        diagnostics
    }

    async fn plan(&self, context: &Context, request: &PlanRequest) -> Result<Planned, Diagnostics> {
        self.plan_object(context, request).await
    }

    async fn apply(&self, context: &Context, request: &ApplyRequest, progress: &dyn Progress) -> Outcome {
        if request.planned_state.is_null() {
            self.delete(context, request, progress).await
        } else {
            self.write(context, request, progress).await
        }
    }

    async fn read(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        read_all(self, context, requests).await
    }

    async fn import(&self, _context: &Context, id: &str) -> Result<(Value, Private), Diagnostics> {
        let identity = AnyIdentity::parse(id)?;
        let mut metadata = vec![("name", Value::from(identity.name.as_str()))];
        metadata
            .extend(identity.namespace.as_ref().map(|namespace| ("namespace", namespace.as_str().into())));
        let head = Value::object([
            ("apiVersion", identity.api_version.as_str().into()),
            ("kind", identity.kind.as_str().into()),
            ("metadata", Value::object(metadata)),
        ]);
        let empty = self.schema.block.empty_value();
        let attributes =
            empty.as_entries().unwrap_or_default().iter().map(|(name, value)| {
                (name.clone(), if name == "object" { head.clone() } else { value.clone() })
            });
        Ok((Value::object(attributes.collect::<Vec<_>>()), super::manifest_apply::IMPORTED.to_vec()))
    }

    fn id_before_create(&self, planned: &Value) -> Option<Str> {
        identity(planned).map(|identity| identity.id().into())
    }

    fn written(&self, values: &Value) -> Option<Written> {
        let object = values.get("manifest").filter(|value| value.is_known() && !value.is_null())?.clone();
        Some(Written { object, argument: "manifest", refuses_unknown: true })
    }

    fn ties(&self, values: &Value, _private: &[u8]) -> Ties {
        let Some(identity) = identity(values) else { return Ties::default() };
        let known = ["manifest", "object"].into_iter().find_map(|name| {
            values.get(name).filter(|value| !value.is_null() && value.is_wholly_known()).map(to_json)
        });
        let object = known.and_then(crate::objects::cluster::api::into_object);
        ties::of_object(&identity, object.as_ref())
    }

    fn key(&self, values: &Value) -> Option<ObjectKey> {
        identity(values).map(|identity| identity.key())
    }
}
