//! An object as it is in the cluster, beside what it should be.
//!
//! What should be is what the server makes of the object (a dry run, under a name that nothing is ever written in):
//! defaults and foreign fields never count. Both sides are cut to the fields that the writer would hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json};

use super::AnyIdentity;
use crate::objects::cluster::api::Write;
use crate::objects::cluster::error::Meaning;
use crate::objects::cluster::{ApiError, Cluster, Object, Target};

/// Whoever asks what a writer would hold.
const MANAGER: &str = "terrane-compare";

/// One object on both sides.
pub(crate) struct Compared {
    /// Nothing where the object is not there.
    pub(crate) live: Option<Json>,
    /// The whole object, where it is there.
    pub(crate) object: Option<Object>,
    pub(crate) expected: Json,
}

/// Compares an object with the cluster; nothing where the server does not let look at it, or does not have its kind.
///
/// # Errors
/// When the server gives no answer.
pub(crate) async fn compare(
    cluster: &Cluster,
    object: &Object,
    default_namespace: &str,
) -> Result<Option<Compared>, ApiError> {
    compare_with(cluster, object, default_namespace, None).await
}

/// Compares an object with what was found of it in the cluster, if it was looked for: nothing where it is not there.
///
/// # Errors
/// As for [`compare`].
pub(crate) async fn compare_with(
    cluster: &Cluster,
    object: &Object,
    default_namespace: &str,
    found: Option<Option<Object>>,
) -> Result<Option<Compared>, ApiError> {
    let Some(identity) = AnyIdentity::of(object) else { return Ok(None) };
    let Some((target, mut object)) = place(cluster, object, default_namespace).await? else {
        return Ok(None);
    };
    let api = cluster.api(target.clone());
    let live = match found {
        Some(live) => Ok(live),
        None => api.find(&identity.name).await,
    };
    as_kept(&mut object);
    let write = Write { manager: MANAGER, force: true, dry_run: true };
    let applied = match api.apply(&identity.name, &object, write).await {
        Ok(applied) => applied.object,
        Err(error) if is_broken(&error) => return Err(error),
        // What cannot be tried cannot be compared: webhooks, missing rights, kinds that are gone.
        Err(_) => return Ok(None),
    };
    // Objects that are only there have no fields that anybody would hold.
    let mut fields = held_fields(&applied).unwrap_or_else(|| Json::Object(Map::new()));
    if let Ok(Some(live)) = &live {
        // What autoscalers and other controllers decide is theirs, although charts write it, too.
        for theirs in controlled_fields(live) {
            subtract(&mut fields, theirs);
        }
    }
    let expected = with_head(cut_object(&applied, &fields), &identity);
    match live {
        Ok(object) => {
            let live = object.as_ref().map(|live| with_head(cut_object(live, &fields), &identity));
            Ok(Some(Compared { live, object, expected }))
        }
        Err(error) if is_broken(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Returns where an object belongs, and the object with what its place says; nothing where the cluster does not have
/// its kind.
///
/// # Errors
/// When there is no answer, or the answer is no.
pub(crate) async fn place(
    cluster: &Cluster,
    object: &Object,
    default_namespace: &str,
) -> Result<Option<(Target, Object)>, ApiError> {
    let Some(identity) = AnyIdentity::of(object) else { return Ok(None) };
    let Some(kind) = cluster.kind(&identity.api_version, &identity.kind).await? else { return Ok(None) };
    let namespace = kind.is_namespaced.then(|| identity.namespace.as_deref().unwrap_or(default_namespace));
    let target = Target::new(&identity.api_version, &kind.plural, namespace);
    Ok(Some((target.clone(), super::placed(object.clone(), &target))))
}

/// Brings an object as it is written into the form that the server keeps: what is written otherwise has no owner there.
pub(crate) fn as_kept(object: &mut Object) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        // Charts leave empty ones behind, which the server does not keep.
        metadata.retain(|_, value| !value.is_null());
    }
    encode_texts(object);
}

/// Cuts an object to what a manager has applied, but for what controllers decide; nothing where it has applied nothing,
/// or not in the form that the server keeps.
pub(crate) fn applied_part(live: &Object, identity: &AnyIdentity, manager: &str) -> Option<Json> {
    let text =
        |entry: &Json, name: &str| entry.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let is_applied = |entry: &&Json| {
        text(entry, "manager") == manager
            && text(entry, "operation") == "Apply"
            && text(entry, "subresource").is_empty()
    };
    let entries = live.get("metadata")?.get("managedFields")?.as_array()?;
    let mut fields = entries.iter().find(is_applied)?.get("fieldsV1")?.clone();
    if fields.get("f:stringData").is_some() {
        return None;
    }
    for theirs in controlled_fields(live) {
        subtract(&mut fields, theirs);
    }
    Some(with_head(cut_object(live, &fields), identity))
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

/// Returns the fields that the dry run would give to its manager, in the notation of `fieldsV1`.
fn held_fields(object: &Object) -> Option<Json> {
    let entries = object.get("metadata")?.get("managedFields")?.as_array()?;
    let mine = entries.iter().find(|entry| entry.get("manager").and_then(Json::as_str) == Some(MANAGER))?;
    mine.get("fieldsV1").cloned()
}

/// Returns what the cluster's own controllers have set, in the notation of `fieldsV1`.
pub(crate) fn controlled_fields(object: &Object) -> impl Iterator<Item = &Json> {
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
            Some(inner) => {
                subtract(inner, taken);
                // What has nothing left in it would stand for everything in it.
                if inner.as_object().is_some_and(|inner| inner.keys().all(|name| name == ".")) {
                    fields.remove(name);
                }
            }
            None => {}
        }
    }
}

/// Identities are no fields that anybody holds.
fn with_head(json: Json, identity: &AnyIdentity) -> Json {
    let mut object = match json {
        Json::Object(object) => object,
        _ => Map::new(),
    };
    object.insert("apiVersion".to_owned(), identity.api_version.clone().into());
    object.insert("kind".to_owned(), identity.kind.clone().into());
    Json::Object(object)
}

fn cut_object(object: &Object, fields: &Json) -> Json {
    let inner = fields.as_object().into_iter().flatten().filter_map(|(name, inner)| {
        let name = name.strip_prefix("f:")?;
        Some((name.to_owned(), cut(object.get(name)?, inner)))
    });
    Json::Object(inner.collect())
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
        subtract(&mut fields, &json!({"f:spec": {"f:paused": {}}}));
        assert_eq!(fields, json!({}), "an empty set would stand for the whole");
    }
}
