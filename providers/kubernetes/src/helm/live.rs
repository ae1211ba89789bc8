//! The objects of a release as they are in the cluster, beside what the release says they should be.
//!
//! What should be is what the server makes of the rendered objects (a dry run, in Helm's name): defaults and foreign
//! fields never count. Both sides are cut to the fields that Helm holds after the dry run.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::stream::{self, StreamExt};
use serde_json::{Map, Value as Json};

use super::manifest::{self, Rendered};
use crate::objects::cluster::api::Write;
use crate::objects::cluster::error::Meaning;
use crate::objects::cluster::{ApiError, Cluster, Object, Target};

/// So many objects are asked about at once.
const AT_ONCE: usize = 16;

/// Whoever asks what Helm would hold. Nothing is ever written under this name.
const MANAGER: &str = "terrane-helm";

/// Objects by `kind.group/version/namespace/name`, as JSON.
pub(crate) type Shown = BTreeMap<String, String>;

/// What is, and what should be.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) live: Shown,
    pub(crate) expected: Shown,
}

/// Compares the objects of a release with the cluster.
///
/// # Errors
/// When the server gives no answer. Objects that it does not let look at are left out on both sides.
pub(crate) async fn compare(
    cluster: &Cluster,
    objects: &[Rendered],
    namespace: &str,
    secrets: &[String],
) -> Result<Comparison, ApiError> {
    let mut comparison = Comparison::default();
    let questions: Vec<_> = objects.iter().map(|object| compare_one(cluster, object, namespace)).collect();
    let mut answers = stream::iter(questions).buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        let Some((key, live, expected)) = answer? else { continue };
        let show = |json: Json| -> String {
            let shown = json.as_object().map(manifest::shown).unwrap_or_default();
            manifest::without_secrets(shown.to_string(), secrets)
        };
        if let Some(live) = live {
            comparison.live.insert(key.clone(), show(live));
        }
        comparison.expected.insert(key, show(expected));
    }
    Ok(comparison)
}

type Answer = Option<(String, Option<Json>, Json)>;

async fn compare_one(cluster: &Cluster, rendered: &Rendered, namespace: &str) -> Result<Answer, ApiError> {
    let Some((target, mut object)) = place(cluster, rendered, namespace).await? else { return Ok(None) };
    let api = cluster.api(target.clone());
    let key = key(rendered, target.namespace.as_deref());
    let live = api.find(rendered.name()).await;
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        // Charts leave empty ones behind, which the server does not keep.
        metadata.retain(|_, value| !value.is_null());
    }
    encode_texts(&mut object);
    let write = Write { manager: MANAGER, force: true, dry_run: true };
    let applied = match api.apply(rendered.name(), &object, write).await {
        Ok(applied) => applied.object,
        Err(error) if is_broken(&error) => return Err(error),
        // What cannot be tried cannot be compared: webhooks, missing rights, kinds that are gone.
        Err(_) => return Ok(None),
    };
    let Some(mut fields) = held_fields(&applied) else { return Ok(None) };
    if let Ok(Some(live)) = &live {
        // What autoscalers and other controllers decide is theirs, although charts write it, too.
        for theirs in controlled_fields(live) {
            subtract(&mut fields, theirs);
        }
    }
    let expected = cut(&Json::Object(applied), &fields);
    match live {
        Ok(live) => {
            let live = live.map(|live| cut(&Json::Object(live), &fields));
            Ok(Some((key, live.map(|live| with_head(live, rendered)), with_head(expected, rendered))))
        }
        Err(error) if is_broken(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Secrets may be written as text, but are kept in base64.
fn encode_texts(object: &mut Object) {
    if object.get("kind").and_then(Json::as_str) != Some("Secret") {
        return;
    }
    let Some(Json::Object(texts)) = object.remove("stringData") else { return };
    let data = object.entry("data").or_insert_with(|| Json::Object(Map::new()));
    if !data.is_object() {
        *data = Json::Object(Map::new());
    }
    for (name, text) in texts {
        data[name] = BASE64.encode(text.as_str().unwrap_or_default()).into();
    }
}

fn is_broken(error: &ApiError) -> bool {
    matches!(error.meaning(), Meaning::Busy | Meaning::Unauthorized)
}

/// Returns where an object belongs, and the object with what its place says; nothing where the cluster does not have
/// its kind.
pub(crate) async fn place(
    cluster: &Cluster,
    rendered: &Rendered,
    namespace: &str,
) -> Result<Option<(Target, Object)>, ApiError> {
    let Some(kind) = cluster.kind(rendered.api_version(), rendered.kind()).await? else { return Ok(None) };
    let namespace = kind.is_namespaced.then(|| rendered.namespace().unwrap_or(namespace));
    let mut object = rendered.object.clone();
    if let (Some(namespace), Some(Json::Object(metadata))) = (namespace, object.get_mut("metadata")) {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    Ok(Some((Target::new(rendered.api_version(), &kind.plural, namespace), object)))
}

fn key(rendered: &Rendered, namespace: Option<&str>) -> String {
    let version = rendered.api_version().rsplit('/').next().unwrap_or_default();
    format!("{}/{version}/{}/{}", rendered.group_kind(), namespace.unwrap_or_default(), rendered.name())
}

/// Returns the fields that the dry run would give to its manager, in the notation of `fieldsV1`.
fn held_fields(object: &Object) -> Option<Json> {
    let entries = object.get("metadata")?.get("managedFields")?.as_array()?;
    let mine = entries.iter().find(|entry| entry.get("manager").and_then(Json::as_str) == Some(MANAGER))?;
    mine.get("fieldsV1").cloned()
}

fn controlled_fields(object: &Object) -> impl Iterator<Item = &Json> {
    let entries =
        object.get("metadata").and_then(|metadata| metadata.get("managedFields")).and_then(Json::as_array);
    let is_controller = |entry: &&Json| {
        entry.get("manager").and_then(Json::as_str).is_some_and(|manager| manager.starts_with("kube-"))
    };
    entries.into_iter().flatten().filter(is_controller).filter_map(|entry| entry.get("fieldsV1"))
}

/// Takes fields away from others.
fn subtract(fields: &mut Json, taken: &Json) {
    let (Json::Object(fields), Json::Object(taken)) = (fields, taken) else { return };
    for (name, taken) in taken.iter().filter(|(name, _)| *name != ".") {
        let is_leaf = taken.as_object().is_none_or(Map::is_empty);
        match fields.get_mut(name) {
            Some(_) if is_leaf => drop(fields.remove(name)),
            Some(inner) => subtract(inner, taken),
            None => {}
        }
    }
}

/// Identities are no fields that anybody holds.
fn with_head(json: Json, rendered: &Rendered) -> Json {
    let mut object = match json {
        Json::Object(object) => object,
        _ => Map::new(),
    };
    object.insert("apiVersion".to_owned(), rendered.api_version().into());
    object.insert("kind".to_owned(), rendered.kind().into());
    Json::Object(object)
}

/// Cuts a value to some fields. Elements of lists are found by their keys or by their values.
pub(crate) fn cut(value: &Json, fields: &Json) -> Json {
    let inner: Vec<(&str, &Json)> = fields
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != ".")
        .map(|(name, inner)| (name.as_str(), inner))
        .collect();
    if fields.as_object().is_none_or(Map::is_empty) {
        return value.clone();
    }
    match value {
        Json::Object(map) => {
            let kept = inner.iter().filter_map(|(name, inner)| {
                let name = name.strip_prefix("f:")?;
                Some((name.to_owned(), cut(map.get(name)?, inner)))
            });
            Json::Object(kept.collect())
        }
        Json::Array(list) => {
            let kept = inner.iter().filter_map(|(name, inner)| Some(cut(element(list, name)?, inner)));
            Json::Array(kept.collect())
        }
        other => other.clone(),
    }
}

fn element<'j>(list: &'j [Json], name: &str) -> Option<&'j Json> {
    if let Some(keys) = name.strip_prefix("k:") {
        let keys: Map<String, Json> = serde_json::from_str(keys).ok()?;
        return list.iter().find(|element| keys.iter().all(|(key, value)| element.get(key) == Some(value)));
    }
    if let Some(value) = name.strip_prefix("v:") {
        let value: Json = serde_json::from_str(value).ok()?;
        return list.iter().find(|element| **element == value);
    }
    list.get(name.strip_prefix("i:")?.parse::<usize>().ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_cut_to_fields() {
        let object = json!({"spec": {"replicas": 2, "foreign": 1, "ports": [{"port": 80, "name": "a", "nodePort": 3}, {"port": 81}]},
                            "metadata": {"labels": {"a": "b", "c": "d"}, "finalizers": ["x", "y"]}});
        let fields = json!({"f:spec": {"f:replicas": {}, "f:ports": {"k:{\"port\":80}": {".": {}, "f:port": {}, "f:name": {}}}},
                            "f:metadata": {"f:labels": {".": {}, "f:a": {}}, "f:finalizers": {"v:\"y\"": {}}}});
        let expected = json!({"spec": {"replicas": 2, "ports": [{"port": 80, "name": "a"}]},
                              "metadata": {"labels": {"a": "b"}, "finalizers": ["y"]}});
        assert_eq!(cut(&object, &fields), expected);
        assert_eq!(cut(&json!({"a": {"b": 1}}), &json!({"f:a": {".": {}}})), json!({"a": {}}));
    }

    #[test]
    fn what_controllers_decide_does_not_count() {
        let mut fields = json!({"f:spec": {"f:replicas": {}, "f:paused": {}}});
        subtract(&mut fields, &json!({"f:spec": {"f:replicas": {}}, "f:status": {"f:x": {}}}));
        assert_eq!(fields, json!({"f:spec": {"f:paused": {}}}));
    }
}
