//! Data sources by table, and those that tell about the cluster as a whole.

use std::sync::Arc;

use serde_json::Value as Json;
use terrane_model::{Attribute, Block, Diagnostics, NestedBlock, Nesting, Schema, Str, Type, Value};
use terrane_provider::async_trait;

use crate::objects::any::sources::with;
use crate::objects::cluster::Target;
use crate::objects::context::Context;
use crate::objects::failure::{Doing, explain};
use crate::objects::resource::{self, DataSource};
use crate::objects::table::decode::{self, Lens};
use crate::objects::table::shape::{Shape, Shapes};
use crate::objects::types::Received;
use crate::objects::types::data::{NODE, SourceType};

/// A data source made of a table.
pub(crate) struct TypedSource {
    ty: SourceType,
    shape: Arc<Shape>,
    schema: Schema,
}

impl TypedSource {
    /// Makes a data source of a table.
    pub(crate) fn new(ty: SourceType, is_deprecated: bool, shapes: &mut Shapes) -> Self {
        let shape = shapes.shape(ty.fields);
        let mut attributes = shape.block.attributes().to_vec();
        attributes.push(("id".into(), Attribute::optional_computed(Type::String)));
        let mut block = Block::new(attributes, shape.block.block_types().to_vec());
        block.deprecated = is_deprecated;
        Self { ty, shape, schema: resource::schema(0, block) }
    }
}

#[async_trait]
impl DataSource for TypedSource {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    async fn read(&self, context: &Context, config: &Value) -> Result<Value, Diagnostics> {
        let metadata = config.get("metadata").and_then(Value::as_sequence).and_then(<[Value]>::first);
        let text = |name: &str| {
            let text = metadata.and_then(|metadata| metadata.get(name)).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(ToString::to_string)
        };
        let name = text("name").unwrap_or_default();
        let namespace =
            self.ty.is_namespaced.then(|| text("namespace").unwrap_or_else(|| "default".to_owned()));
        let id = namespace.as_ref().map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}"));
        let cluster = context.cluster().await?;
        let target = Target::new(self.ty.api_version, self.ty.plural, namespace.as_deref());
        let found = cluster.api(target).find(&name).await;
        let what = format!("{} {id}", self.ty.kind);
        let found = found.map_err(|error| Diagnostics::from(explain(&error, Doing::Reading, &what, None)))?;
        // What is not there has no id, and nothing that only the cluster knows: configurations ask for that.
        let Some(object) = found else { return Ok(config.clone()) };
        let mut received =
            Received::new(&object, config, decode::outside(&self.shape, &object, Lens::wide()));
        for argument in self.shape.arguments.iter().filter(|argument| received_nothing(argument)) {
            received.set(&argument.name, argument.null());
        }
        (self.ty.receive)(&mut received);
        received.set("id", id.into());
        Ok(Value::object(received.finish()))
    }
}

fn received_nothing(argument: &crate::objects::table::shape::Argument) -> bool {
    argument.field.place == crate::objects::table::field::Place::Nowhere
}

/// The nodes of the cluster, or those with some labels.
pub(crate) struct Nodes {
    shape: Arc<Shape>,
}

impl Nodes {
    /// Makes the data source.
    pub(crate) fn new(shapes: &mut Shapes) -> Self {
        Self { shape: shapes.shape(NODE) }
    }
}

#[async_trait]
impl DataSource for Nodes {
    fn schema(&self) -> Schema {
        let metadata = Block::new([("labels".into(), Attribute::required(Type::map(Type::String)))], []);
        let metadata =
            NestedBlock { nesting: Nesting::List, block: metadata.into(), min_items: 0, max_items: 1 };
        let nodes = Attribute::computed(Type::list(self.shape.block.implied_type().clone()));
        let id = Attribute::optional_computed(Type::String);
        resource::schema(
            0,
            Block::new([("id".into(), id), ("nodes".into(), nodes)], [("metadata".into(), metadata)]),
        )
    }

    async fn read(&self, context: &Context, config: &Value) -> Result<Value, Diagnostics> {
        let metadata = config.get("metadata").and_then(Value::as_sequence).and_then(<[Value]>::first);
        let labels = metadata.and_then(|metadata| metadata.get("labels")).and_then(Value::as_entries);
        let labels = labels.unwrap_or_default().iter();
        let selector: Vec<String> =
            labels.filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?))).collect();
        let selector = selector.join(",");
        let query = [("labelSelector", selector.as_str())];
        let query = if selector.is_empty() { &query[..0] } else { &query[..] };
        let cluster = context.cluster().await?;
        let nodes = cluster.api(Target::new("v1", "nodes", None)).list(query).await;
        let nodes =
            nodes.map_err(|error| Diagnostics::from(explain(&error, Doing::Reading, "The nodes", None)))?;
        let nodes: Vec<Value> =
            nodes.iter().map(|node| decode::inside(&self.shape, node, Lens::wide())).collect();
        let nodes = Value::list(self.shape.block.implied_type().clone(), nodes);
        Ok(with(&with(config, "nodes", &nodes), "id", &format!("nodes/{selector}").into()))
    }
}

/// The names of all namespaces.
pub(crate) struct AllNamespaces;

#[async_trait]
impl DataSource for AllNamespaces {
    fn schema(&self) -> Schema {
        let attributes = [
            ("id".into(), Attribute::optional_computed(Type::String)),
            ("namespaces".into(), Attribute::computed(Type::list(Type::String))),
        ];
        resource::schema(0, Block::new(attributes, []))
    }

    async fn read(&self, context: &Context, config: &Value) -> Result<Value, Diagnostics> {
        let cluster = context.cluster().await?;
        let namespaces = cluster.api(Target::new("v1", "namespaces", None)).list(&[]).await;
        let namespaces = namespaces
            .map_err(|error| Diagnostics::from(explain(&error, Doing::Reading, "The namespaces", None)))?;
        let names = namespaces
            .iter()
            .filter_map(|namespace| namespace.get("metadata")?.get("name")?.as_str().map(Str::from));
        let names = Value::list_of_strings(names);
        Ok(with(&with(config, "namespaces", &names), "id", &"namespaces".into()))
    }
}

/// Which version the server is of.
pub(crate) struct ServerVersion;

const VERSION_PARTS: [(&str, &str); 9] = [
    ("build_date", "buildDate"),
    ("compiler", "compiler"),
    ("git_commit", "gitCommit"),
    ("git_tree_state", "gitTreeState"),
    ("git_version", "gitVersion"),
    ("go_version", "goVersion"),
    ("major", "major"),
    ("minor", "minor"),
    ("platform", "platform"),
];

#[async_trait]
impl DataSource for ServerVersion {
    fn schema(&self) -> Schema {
        let parts =
            VERSION_PARTS.iter().map(|(name, _)| (Str::from(*name), Attribute::computed(Type::String)));
        let others = [
            ("id".into(), Attribute::optional_computed(Type::String)),
            ("version".into(), Attribute::computed(Type::String)),
        ];
        resource::schema(0, Block::new(parts.chain(others), []))
    }

    async fn read(&self, context: &Context, config: &Value) -> Result<Value, Diagnostics> {
        let cluster = context.cluster().await?;
        let version = cluster.get_path("/version", "application/json").await;
        let version = version
            .map_err(|error| Diagnostics::from(explain(&error, Doing::Reading, "The version", None)))?;
        let text = |name: &str| version.get(name).and_then(Json::as_str).unwrap_or_default();
        let read = VERSION_PARTS
            .iter()
            .fold(config.clone(), |state, (name, json)| with(&state, name, &text(json).into()));
        let git_version = text("gitVersion");
        let plain = git_version.trim_start_matches('v');
        Ok(with(&with(&read, "version", &plain.into()), "id", &git_version.into()))
    }
}
