//! Merge patches of configurations (RFC 7386): of kubeadm's documents and of containerd's file.

use serde_json::Value as Json;

use crate::yaml;

/// Applies a merge patch: null removes, objects merge, everything else replaces.
pub(crate) fn merge(target: &mut Json, patch: &Json) {
    let Json::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Json::Object(serde_json::Map::new());
    }
    if let Json::Object(target) = target {
        for (name, change) in changes {
            if change.is_null() {
                target.remove(name);
            } else {
                merge(target.entry(name.clone()).or_insert(Json::Null), change);
            }
        }
    }
}

/// Applies patches in YAML, each to those documents whose kind it names, and whose version, if it names one.
/// A patch for a document that is not there has no effect.
///
/// # Errors
/// When a patch is not YAML or names no kind.
pub(crate) fn merge_documents(documents: &mut [Json], patches: &[String]) -> Result<(), String> {
    for patch in patches {
        for patch in yaml::read_all(patch)? {
            let kind = patch.get("kind").and_then(Json::as_str);
            let kind = kind.ok_or("a patch of kubeadm's configuration has to name a kind")?.to_owned();
            let version =
                patch.get("apiVersion").and_then(Json::as_str).filter(|version| !version.is_empty());
            for document in documents.iter_mut() {
                let has = |name: &str, value: &str| document.get(name).and_then(Json::as_str) == Some(value);
                if has("kind", &kind) && version.is_none_or(|version| has("apiVersion", version)) {
                    let mut patch = patch.clone();
                    // Patches may match by a name; the documents have none.
                    if let Json::Object(patch) = &mut patch {
                        patch.remove("metadata");
                    }
                    merge(document, &patch);
                }
            }
        }
    }
    Ok(())
}

/// Applies merge patches in TOML to a TOML document.
///
/// # Errors
/// When one of them is not TOML.
pub(crate) fn merge_toml(document: &str, patches: &[String]) -> Result<String, String> {
    let read = |text: &str| toml::from_str::<Json>(text).map_err(|error| error.message().to_owned());
    let mut merged = read(document)?;
    for patch in patches {
        merge(&mut merged, &read(patch)?);
    }
    toml::to_string(&merged).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merging_follows_the_rfc() {
        // The examples of RFC 7386, appendix A.
        let table = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (mut target, patch, expected) in table {
            merge(&mut target, &patch);
            assert_eq!(target, expected, "{patch}");
        }
    }

    #[test]
    fn patches_find_their_documents() {
        let mut documents = [
            json!({"kind": "A", "apiVersion": "v1", "x": 1}),
            json!({"kind": "A", "apiVersion": "v2", "x": 1}),
            json!({"kind": "B", "apiVersion": "v1", "x": 1}),
        ];
        let patches =
            ["kind: A\napiVersion: v2\nx: 2\n---\nkind: B\nmetadata: {name: config}\nx: 3", "kind: C\nx: 4"];
        merge_documents(&mut documents, &patches.map(str::to_owned)).unwrap();
        assert_eq!(documents.map(|document| document["x"].clone()), [json!(1), json!(2), json!(3)]);
        assert!(merge_documents(&mut [], &["x: 1".to_owned()]).is_err());
    }

    #[test]
    fn containerd_is_patched_in_toml() {
        let document = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"pause\"\n";
        let patch =
            "[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n";
        insta::assert_snapshot!(merge_toml(document, &[patch.to_owned()]).unwrap(), @r#"
        version = 2

        [plugins."io.containerd.grpc.v1.cri"]
        sandbox_image = "pause"

        [plugins."io.containerd.grpc.v1.cri".registry]
        config_path = "/etc/containerd/certs.d"
        "#);
        assert!(merge_toml("a =", &[]).is_err());
    }
}
