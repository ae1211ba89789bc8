//! From an object to the values of its state.

use serde_json::{Map, Value as Json};
use terrane_model::{Str, Value};

use super::TypedObject;
use crate::objects::cluster::Object;
use crate::objects::context::Context;
use crate::objects::ownership::{self, MANAGER};
use crate::objects::table::decode::{self, Lens};
use crate::objects::table::field::Place;
use crate::objects::table::plan::settle;
use crate::objects::types::Received;

/// What is kept with the state of an object that was imported and not changed since.
pub(super) const IMPORTED: &[u8] = br#"{"imported":true}"#;

/// Tells whether an object was imported and not changed since.
pub(super) fn is_imported(private: &[u8]) -> bool {
    serde_json::from_slice::<Json>(private).is_ok_and(|json| json.get("imported") == Some(&Json::Bool(true)))
}

impl TypedObject {
    /// Returns the state of an object. `before` is what was last seen, or planned.
    pub(super) fn state_of(&self, context: &Context, object: &Object, before: &Value) -> Value {
        let shown = without_hidden_keys(context, object, before);
        let owned = ownership::owned_fields(object, MANAGER);
        let is_new_to_us = before.get("metadata").and_then(Value::element_count) == Some(0);
        let lens = match &owned {
            Some(owned) if !is_new_to_us => Lens::limited(owned, before),
            _ => Lens::wide(),
        };
        let mut received = Received::new(&shown, before, decode::outside(&self.shape, &shown, lens));
        for argument in self.shape.arguments.iter().filter(|argument| argument.field.place == Place::Nowhere)
        {
            let kept = before.get(&argument.name).filter(|value| value.is_known() && !value.is_null());
            let preset = || argument.field.preset.value().unwrap_or_else(|| argument.null());
            let value = if argument.field.write_only {
                argument.null()
            } else {
                kept.cloned().unwrap_or_else(preset)
            };
            received.set(&argument.name, value);
        }
        (self.ty.hooks.receive)(&mut received);
        received.set("id", Value::from(id_of(object)));
        if let Some(timeouts) = self.schema.block.block_type("timeouts") {
            let kept = before.get("timeouts").cloned();
            received.set("timeouts", kept.unwrap_or_else(|| timeouts.empty_value()));
        }
        let read = settle(&Value::object(received.finish()), before);
        if without_resource_version(&read) == without_resource_version(before) {
            before.clone()
        } else {
            read
        }
    }
}

/// The version counts every change, also of what nobody here looks at. Alone it is no news.
fn without_resource_version(state: &Value) -> Value {
    let Some(entries) = state.as_entries() else { return state.clone() };
    let strip = |value: &Value| {
        let Value::List(list) = value else { return value.clone() };
        let elements = list.elements().iter().map(|element| {
            let entries = element.as_entries().unwrap_or_default();
            Value::object(entries.iter().filter(|(name, _)| name != "resource_version").cloned())
        });
        Value::tuple(elements.collect::<Vec<_>>())
    };
    let stripped = entries
        .iter()
        .map(|(name, value)| (name.clone(), if name == "metadata" { strip(value) } else { value.clone() }));
    Value::object(stripped.collect::<Vec<_>>())
}

fn metadata_text<'o>(object: &'o Object, name: &str) -> &'o str {
    let metadata = object.get("metadata").and_then(Json::as_object);
    metadata.and_then(|metadata| metadata.get(name)).and_then(Json::as_str).unwrap_or_default()
}

/// Returns the id of an object: its name, behind its namespace where it has one.
fn id_of(object: &Object) -> String {
    let (namespace, name) = (metadata_text(object, "namespace"), metadata_text(object, "name"));
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// Leaves out labels and annotations that the cluster keeps for itself, or that the provider is told to ignore,
/// unless they were seen before.
fn without_hidden_keys(context: &Context, object: &Object, before: &Value) -> Object {
    let mut shown = object.clone();
    let Some(Json::Object(metadata)) = shown.get_mut("metadata") else { return shown };
    let before = before.get("metadata").and_then(Value::as_sequence).and_then(<[Value]>::first);
    for (name, ignored) in
        [("labels", &context.ignored_labels), ("annotations", &context.ignored_annotations)]
    {
        let Some(Json::Object(keys)) = metadata.get_mut(name) else { continue };
        let was_seen = |key: &str| before.and_then(|before| before.get(name)?.get(key)).is_some();
        let is_hidden = |key: &str| {
            is_internal(key) || is_generated(key) || ignored.iter().any(|pattern| pattern.is_match(key))
        };
        let kept: Map<String, Json> =
            std::mem::take(keys).into_iter().filter(|(key, _)| was_seen(key) || !is_hidden(key)).collect();
        *keys = kept;
    }
    shown
}

/// Tells whether a key is one that the controller of jobs puts on them.
fn is_generated(key: &str) -> bool {
    matches!(key, "controller-uid" | "job-name")
}

/// Tells whether the cluster keeps a key for itself. Two domains are meant for users though they look alike.
fn is_internal(key: &str) -> bool {
    let domain: Str = key.split_once('/').map_or(key, |(domain, _)| domain).into();
    let is_for_users = matches!(domain.as_str(), "app.kubernetes.io" | "service.beta.kubernetes.io");
    !is_for_users && domain.ends_with("kubernetes.io")
        || key.contains("deprecated.daemonset.template.generation")
}
