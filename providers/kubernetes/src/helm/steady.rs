//! Objects that were found as they should be, by fingerprints: as long as neither the release nor the object changes, the
//! server has not to be asked again what it would make of the object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::objects::any::compare::controlled_fields;
use crate::objects::cluster::{Object, Target};
use crate::objects::many_reads::{Found, Place};

/// Objects by the keys under which states show them.
pub(crate) type Steady = BTreeMap<String, SteadyObject>;

/// An object that was found as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SteadyObject {
    pub(crate) fingerprint: String,
    api_version: String,
    plural: String,
    namespace: Option<String>,
    name: String,
}

impl SteadyObject {
    /// Notes how an object was found.
    pub(crate) fn new(place: &Place, fingerprint: String) -> Self {
        let (target, name) = place;
        Self {
            fingerprint,
            api_version: target.api_version.clone(),
            plural: target.plural.clone(),
            namespace: target.namespace.clone(),
            name: name.clone(),
        }
    }

    /// Returns where the object was found.
    pub(crate) fn place(&self) -> Place {
        let target = Target::new(&self.api_version, &self.plural, self.namespace.as_deref());
        (target, self.name.clone())
    }
}

/// Tells whether all objects are as they were.
pub(crate) fn are_unchanged(steady: &Steady, found: &Found) -> bool {
    steady
        .values()
        .all(|object| found.get(&object.place()).is_some_and(|live| fingerprint(live) == object.fingerprint))
}

/// What the server changes in an object without anybody having asked for it.
const BOOKKEEPING: [&str; 4] = ["resourceVersion", "generation", "managedFields", "selfLink"];

/// Returns the fingerprint of an object: it changes with everything but the status, the server's bookkeeping, and what
/// the cluster's own controllers decide.
pub(crate) fn fingerprint(live: &Object) -> String {
    let mut object = live.clone();
    for theirs in controlled_fields(live) {
        remove(&mut object, theirs);
    }
    // Lists leave out what all their elements share.
    for name in ["status", "apiVersion", "kind"] {
        object.remove(name);
    }
    if let Some(Json::Object(metadata)) = object.get_mut("metadata") {
        metadata.retain(|name, _| !BOOKKEEPING.contains(&name.as_str()));
    }
    let text = Json::Object(object).to_string();
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Removes fields, in the notation of `fieldsV1`, and the maps that are empty without them. Elements of lists stay.
fn remove(object: &mut Map<String, Json>, fields: &Json) {
    for (name, inner) in fields.as_object().into_iter().flatten() {
        let Some(name) = name.strip_prefix("f:") else { continue };
        let is_leaf = inner.as_object().is_none_or(Map::is_empty);
        let is_empty = match object.get_mut(name) {
            Some(Json::Object(map)) if !is_leaf => {
                remove(map, inner);
                map.is_empty()
            }
            Some(_) => is_leaf,
            None => false,
        };
        if is_empty {
            object.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_has_asked_for_makes_no_difference() {
        let object = |more: &Json| -> Object {
            let mut object =
                json!({"metadata": {"name": "a", "resourceVersion": "1"}, "spec": {"replicas": 1}});
            for (path, value) in more.as_object().unwrap() {
                let (parent, name) = path.rsplit_once('/').unwrap();
                object.pointer_mut(parent).unwrap()[name] = value.clone();
            }
            object.as_object().unwrap().clone()
        };
        let first = fingerprint(&object(&json!({})));
        let entry = json!({"manager": "kube-controller-manager", "fieldsV1": {"f:metadata": {"f:annotations": {"f:revision": {}}}}});
        for same in [
            json!({"/metadata/resourceVersion": "2", "/status": {"ready": 1}, "/kind": "Deployment"}),
            json!({"/metadata/annotations": {"revision": "1"}, "/metadata/managedFields": [entry]}),
        ] {
            assert_eq!(fingerprint(&object(&same)), first, "{same}");
        }
        for other in [
            json!({"/spec/replicas": 2}),
            json!({"/metadata/labels": {"a": "b"}}),
            json!({"/metadata/annotations": {"revision": "1", "b": "c"}, "/metadata/managedFields": [entry]}),
        ] {
            assert_ne!(fingerprint(&object(&other)), first, "{other}");
        }
    }
}
