//! Data sources that read objects of any kind: `kubernetes_resource`, `kubernetes_resources`.

use serde_json::Value as Json;
use terrane_model::{
    Attribute, Block, Diagnostic, Diagnostics, NestedBlock, Nesting, Schema, Str, Type, Value,
};
use terrane_provider::async_trait;

use super::AnyIdentity;
use crate::objects::context::Context;
use crate::objects::failure::{Doing, explain};
use crate::objects::json_value::from_json;
use crate::objects::resource::{self, DataSource};

/// One object.
pub(crate) struct OneObject;

/// All objects of a kind that selectors choose.
pub(crate) struct ManyObjects;

fn head() -> [(Str, Attribute); 2] {
    ["api_version", "kind"].map(|name| (name.into(), Attribute::required(Type::String)))
}

fn text(values: &Value, name: &str) -> Option<String> {
    values.get(name).and_then(Value::as_str).map(ToString::to_string).filter(|text| !text.is_empty())
}

/// Returns a configuration with one more value.
pub(crate) fn with(config: &Value, name: &str, value: &Value) -> Value {
    let entries = config.as_entries().unwrap_or_default().iter();
    let replaced =
        entries.map(|(key, old)| (key.clone(), if key == name { value.clone() } else { old.clone() }));
    Value::object(replaced.collect::<Vec<_>>())
}

#[async_trait]
impl DataSource for OneObject {
    fn schema(&self) -> Schema {
        let metadata = Block::new(
            [
                ("name".into(), Attribute::required(Type::String)),
                ("namespace".into(), Attribute::optional(Type::String)),
            ],
            [],
        );
        let metadata =
            NestedBlock { nesting: Nesting::List, block: metadata.into(), min_items: 1, max_items: 1 };
        let object = ("object".into(), Attribute::optional_computed(Type::Dynamic));
        let attributes = head().into_iter().chain([object]);
        resource::schema(1, Block::new(attributes, [("metadata".into(), metadata)]))
    }

    async fn read(&self, context: &Context, config: &Value) -> Result<Value, Diagnostics> {
        let metadata = config.get("metadata").and_then(Value::as_sequence).and_then(<[Value]>::first);
        let identity = AnyIdentity {
            api_version: text(config, "api_version").unwrap_or_default(),
            kind: text(config, "kind").unwrap_or_default(),
            namespace: metadata.and_then(|metadata| text(metadata, "namespace")),
            name: metadata.and_then(|metadata| text(metadata, "name")).unwrap_or_default(),
        };
        let cluster = context.cluster().await?;
        let failed = |error| Diagnostics::from(explain(&error, Doing::Reading, &identity.describe(), None));
        let Some(target) = identity.target(&cluster).await.map_err(failed)? else {
            return Err(Diagnostic::error("Kind not known", identity.unknown_kind()).into());
        };
        let object = cluster.api(target).get(&identity.name).await.map_err(failed)?;
        Ok(with(config, "object", &from_json(&without_history(Json::Object(object)))))
    }
}

#[async_trait]
impl DataSource for ManyObjects {
    fn schema(&self) -> Schema {
        let texts = ["field_selector", "label_selector", "namespace"];
        let texts = texts.map(|name| (Str::from(name), Attribute::optional(Type::String)));
        let others = [
            ("limit".into(), Attribute::optional(Type::Number)),
            ("objects".into(), Attribute::optional_computed(Type::Dynamic)),
        ];
        resource::schema(1, Block::new(head().into_iter().chain(texts).chain(others), []))
    }

    async fn read(&self, context: &Context, config: &Value) -> Result<Value, Diagnostics> {
        let (api_version, kind) =
            (text(config, "api_version").unwrap_or_default(), text(config, "kind").unwrap_or_default());
        let cluster = context.cluster().await?;
        let what = format!("The objects of the kind {kind}");
        let failed = |error| Diagnostics::from(explain(&error, Doing::Reading, &what, None));
        let Some(known) = cluster.kind(&api_version, &kind).await.map_err(failed)? else {
            let detail = format!("The cluster has no kind {kind} of {api_version}.");
            return Err(Diagnostic::error("Kind not known", detail).into());
        };
        let namespace = text(config, "namespace").filter(|_| known.is_namespaced);
        let limit = config.get("limit").and_then(Value::as_number).map(ToString::to_string);
        let parameters = [
            ("labelSelector", text(config, "label_selector")),
            ("fieldSelector", text(config, "field_selector")),
            ("limit", limit),
        ];
        let query: Vec<(&str, &str)> =
            parameters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
        let target = crate::objects::cluster::Target::new(&api_version, &known.plural, namespace.as_deref());
        let objects = cluster.api(target).list(&query).await.map_err(failed)?;
        let objects = objects.into_iter().map(|mut object| {
            // Lists leave out what all elements share.
            object.insert("apiVersion".to_owned(), api_version.clone().into());
            object.insert("kind".to_owned(), kind.clone().into());
            from_json(&without_history(Json::Object(object)))
        });
        Ok(with(config, "objects", &Value::tuple(objects.collect::<Vec<_>>())))
    }
}

/// Leaves out who has written what.
fn without_history(mut object: Json) -> Json {
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}
