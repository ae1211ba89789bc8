//! The objects that a chart renders to: YAML in, objects by key out, and the JSON that states show of them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::yaml;

/// One rendered object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rendered {
    /// The template that it comes from, as Helm notes it: `chart/templates/web.yaml`; empty where it does not.
    pub(crate) source: String,
    pub(crate) object: Map<String, Json>,
}

impl Rendered {
    fn text(&self, path: &[&str]) -> &str {
        let (first, rest) = path.split_first().unwrap_or((&"", &[]));
        let json =
            self.object.get(*first).and_then(|json| rest.iter().try_fold(json, |json, name| json.get(*name)));
        json.and_then(Json::as_str).unwrap_or_default()
    }

    pub(crate) fn api_version(&self) -> &str {
        self.text(&["apiVersion"])
    }

    pub(crate) fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    pub(crate) fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// Returns the namespace that is written; nothing where the release's is meant, or none.
    pub(crate) fn namespace(&self) -> Option<&str> {
        Some(self.text(&["metadata", "namespace"])).filter(|namespace| !namespace.is_empty())
    }

    /// Returns `kind.group`, in small letters.
    pub(crate) fn group_kind(&self) -> String {
        let kind = self.kind().to_lowercase();
        match self.api_version().rsplit_once('/') {
            Some((group, _)) => format!("{kind}.{group}"),
            None => kind,
        }
    }

    /// Returns the key under which the manifest shows the object.
    fn key(&self) -> String {
        let key = format!("{}/{}/{}", self.group_kind(), self.api_version(), self.name());
        self.namespace().map_or_else(|| key.clone(), |namespace| format!("{namespace}/{key}"))
    }
}

/// Reads the objects of a manifest. Documents without a kind are left out.
///
/// # Errors
/// When a document is no YAML; the template is named.
pub(crate) fn read(manifest: &str) -> Result<Vec<Rendered>, String> {
    let mut objects = Vec::new();
    for document in yaml::split(manifest) {
        let source = source(document).to_owned();
        let read = yaml::read(document).map_err(|error| format!("{source}: {error}"))?;
        let Json::Object(object) = read else { continue };
        if object.contains_key("kind") {
            objects.push(Rendered { source, object });
        }
    }
    Ok(objects)
}

/// Returns the template that a document comes from.
pub(crate) fn source(document: &str) -> &str {
    let comment = document.lines().find_map(|line| line.strip_prefix("# Source: "));
    comment.unwrap_or_default().trim()
}

/// Writes objects as the `manifest` of a state: JSON by key. What secrets hold is shown as a checksum, and so are
/// texts that may not be shown wherever they stand.
pub(crate) fn to_json(objects: &[Rendered], secrets: &[String]) -> String {
    let by_key: BTreeMap<String, Json> =
        objects.iter().map(|object| (object.key(), shown(&object.object))).collect();
    let text = serde_json::to_string(&by_key).unwrap_or_default();
    without_secrets(text, secrets)
}

/// Returns an object without what a secret holds.
pub(crate) fn shown(object: &Map<String, Json>) -> Json {
    let mut object = object.clone();
    if object.get("kind").and_then(Json::as_str) == Some("Secret") {
        for field in ["data", "stringData"] {
            let Some(Json::Object(data)) = object.get_mut(field) else { continue };
            for value in data.values_mut() {
                let text = value.as_str().unwrap_or_default();
                let bytes = BASE64.decode(text).ok().filter(|_| field == "data");
                *value = checksum(&bytes.unwrap_or_else(|| text.as_bytes().to_vec())).into();
            }
        }
    }
    Json::Object(object)
}

/// Replaces texts that may not be shown by their checksums.
pub(crate) fn without_secrets(mut text: String, secrets: &[String]) -> String {
    for secret in secrets {
        // Inside JSON the text stands as JSON writes it.
        let quoted = Json::String(secret.clone()).to_string();
        let inside = &quoted[1..quoted.len() - 1];
        if text.contains(inside) {
            text = text.replace(inside, &checksum(secret.as_bytes()));
        }
    }
    text
}

fn checksum(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("(sensitive value {digits})")
}

/// What stands in a plan for a part that is another one at every rendering.
pub(crate) const GENERATED: &str = "(generated when applied)";

/// Marks the parts of objects that differ between two renderings of the same.
pub(crate) fn mask_generated(first: &mut [Rendered], second: &[Rendered]) {
    let by_key: BTreeMap<String, &Rendered> = second.iter().map(|object| (object.key(), object)).collect();
    for object in first {
        if let Some(other) = by_key.get(&object.key()) {
            for (name, value) in &mut object.object {
                mask(value, other.object.get(name));
            }
        }
    }
}

fn mask(value: &mut Json, other: Option<&Json>) {
    match (value, other) {
        (Json::Object(map), Some(Json::Object(other))) => {
            for (name, value) in map {
                mask(value, other.get(name));
            }
        }
        (Json::Array(list), Some(Json::Array(other))) if list.len() == other.len() => {
            for (value, other) in list.iter_mut().zip(other) {
                mask(value, Some(other));
            }
        }
        (value, other) if other == Some(&*value) => {}
        (value, _) => *value = GENERATED.into(),
    }
}

/// Returns the objects that are not rendered as they were released.
pub(crate) fn changed<'r>(rendered: &'r [Rendered], released: &[Rendered]) -> Vec<&'r Rendered> {
    let before: BTreeMap<String, &Rendered> = released.iter().map(|object| (object.key(), object)).collect();
    let is_new =
        |object: &&Rendered| before.get(&object.key()).is_none_or(|before| before.object != object.object);
    rendered.iter().filter(is_new).collect()
}

/// Tells whether a part of an object is generated anew at every rendering.
pub(crate) fn is_generated(object: &Rendered) -> bool {
    fn has_mask(json: &Json) -> bool {
        match json {
            Json::String(text) => text == GENERATED,
            Json::Array(list) => list.iter().any(has_mask),
            Json::Object(map) => map.values().any(has_mask),
            _ => false,
        }
    }
    object.object.values().any(has_mask)
}

/// Tells whether what is rendered is what was released, but for parts that are generated anew every time.
pub(crate) fn is_released(rendered: &[Rendered], released: &[Rendered]) -> bool {
    let by_key = |objects: &[Rendered]| -> BTreeMap<String, Json> {
        objects.iter().map(|object| (object.key(), Json::Object(object.object.clone()))).collect()
    };
    let (rendered, released) = (by_key(rendered), by_key(released));
    rendered.len() == released.len()
        && rendered
            .iter()
            .all(|(key, object)| released.get(key).is_some_and(|released| covers(object, released)))
}

fn covers(rendered: &Json, released: &Json) -> bool {
    match (rendered, released) {
        (Json::String(text), _) if text == GENERATED => true,
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| covers(value, other)))
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| covers(a, b)),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "---\n# Source: c/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: hunter2\n  \
                            n: |\n    ---x\n---\n# Source: c/templates/s.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: ns\n\
                            data:\n  p: aHVudGVyMg==\n---\n# only a comment\n---\n";

    #[test]
    fn objects_are_read_with_their_sources() {
        let objects = read(MANIFEST).unwrap();
        let keys: Vec<String> = objects.iter().map(Rendered::key).collect();
        assert_eq!(keys, ["configmap/v1/a", "ns/secret/v1/s"]);
        assert_eq!(objects[0].source, "c/templates/a.yaml");
        assert!(read("# Source: c/templates/b.yaml\na: [").unwrap_err().starts_with("c/templates/b.yaml: "));
    }

    #[test]
    fn secrets_are_never_shown() {
        let text = to_json(&read(MANIFEST).unwrap(), &["hunter2".to_owned()]);
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
        assert_eq!(text.matches("(sensitive value f52fbd32b2b3b86f)").count(), 2, "{text}");
    }

    #[test]
    fn what_differs_at_every_rendering_is_marked() {
        let mut first =
            read("kind: Secret\napiVersion: v1\nmetadata: {name: a}\ndata: {x: a, y: b}\n").unwrap();
        let second = read("kind: Secret\napiVersion: v1\nmetadata: {name: a}\ndata: {x: a, y: c}\n").unwrap();
        mask_generated(&mut first, &second);
        assert_eq!(first[0].object["data"]["x"], "a");
        assert_eq!(first[0].object["data"]["y"], GENERATED);
        assert!(is_released(&first, &second));
        let other = read("kind: Secret\napiVersion: v1\nmetadata: {name: a}\ndata: {x: z, y: c}\n").unwrap();
        assert!(!is_released(&first, &other));
        assert!(!is_released(&first, &[]));
    }
}
