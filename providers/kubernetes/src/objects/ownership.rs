//! Whose the fields of an object are, as `metadata.managedFields` says.
//!
//! Objects that Terraform has made belong to other entries of that list than those that are applied by the
//! server. To let a field go, every entry that holds it has to; so such entries are merged into ours first.

use serde_json::{Map, Value as Json, json};

use super::cluster::Object;

/// In whose name objects are applied, unless told otherwise: the name that Terraform uses, so that both can
/// take turns.
pub(crate) const MANAGER: &str = "Terraform";

/// Names under which Terraform's provider writes without applying.
const RELATIVES: [&str; 3] = ["HashiCorp", "Terraform", "terraform-provider-kubernetes"];

fn entries(object: &Object) -> &[Json] {
    let entries =
        object.get("metadata").and_then(|metadata| metadata.get("managedFields")).and_then(Json::as_array);
    entries.map_or(&[], Vec::as_slice)
}

fn text<'e>(entry: &'e Json, name: &str) -> &'e str {
    entry.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn is_subresource(entry: &Json) -> bool {
    !text(entry, "subresource").is_empty()
}

fn is_ours(entry: &Json, manager: &str) -> bool {
    let name = text(entry, "manager");
    !is_subresource(entry) && (name == manager || RELATIVES.contains(&name))
}

/// Returns the fields that belong to a manager or to Terraform, in the notation of `fieldsV1`; nothing where no
/// field does.
pub(crate) fn owned_fields(object: &Object, manager: &str) -> Option<Json> {
    let ours = entries(object).iter().filter(|entry| is_ours(entry, manager));
    ours.filter_map(|entry| entry.get("fieldsV1")).fold(None, |all, fields| {
        Some(match all {
            None => fields.clone(),
            Some(all) => union(all, fields),
        })
    })
}

fn union(mut all: Json, more: &Json) -> Json {
    if let (Json::Object(all), Json::Object(more)) = (&mut all, more) {
        for (key, fields) in more {
            let joined = match all.remove(key) {
                None => fields.clone(),
                Some(known) => union(known, fields),
            };
            all.insert(key.clone(), joined);
        }
    }
    all
}

/// Which entries are merged into ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takeover {
    /// Those of Terraform.
    Relatives,
    /// Those of everybody but the cluster's own controllers: the object was imported.
    Everybody,
}

/// Returns the operations (JSON Patch) after which the entries of others belong to a manager's applied fields;
/// nothing where there are none.
pub(crate) fn takeover(object: &Object, manager: &str, whose: Takeover) -> Option<Json> {
    let is_taken = |entry: &Json| {
        let is_applied_by_us = text(entry, "manager") == manager && text(entry, "operation") == "Apply";
        let is_wanted = match whose {
            Takeover::Relatives => is_ours(entry, manager),
            Takeover::Everybody => !is_subresource(entry) && !is_controller(text(entry, "manager")),
        };
        is_wanted && !is_applied_by_us
    };
    let (taken, kept): (Vec<&Json>, Vec<&Json>) = entries(object).iter().partition(|entry| is_taken(entry));
    let first = taken.first()?;
    let is_ours = |entry: &&Json| {
        text(entry, "manager") == manager && text(entry, "operation") == "Apply" && !is_subresource(entry)
    };
    let mut ours = kept.iter().copied().find(is_ours).cloned().unwrap_or_else(|| {
        let mut entry = (*first).clone();
        entry["manager"] = manager.into();
        entry["operation"] = "Apply".into();
        entry["fieldsV1"] = Json::Object(Map::new());
        entry
    });
    let fields = ours.get("fieldsV1").cloned().unwrap_or_default();
    ours["fieldsV1"] = taken.iter().filter_map(|entry| entry.get("fieldsV1")).fold(fields, union);
    let mut merged: Vec<Json> = kept.into_iter().filter(|entry| !is_ours(entry)).cloned().collect();
    merged.push(ours);
    let version = object.get("metadata").and_then(|metadata| metadata.get("resourceVersion"))?;
    Some(json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": "/metadata/managedFields", "value": merged},
    ]))
}

fn is_controller(manager: &str) -> bool {
    manager.starts_with("kube-")
        || manager.ends_with("-controller")
        || manager.ends_with("-controller-manager")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(managed: &Json) -> Object {
        let object = json!({"metadata": {"resourceVersion": "1", "managedFields": managed}});
        super::super::cluster::api::into_object(object).unwrap()
    }

    #[test]
    fn fields_of_terraform_are_ours() {
        let object = object(&json!([
            {"manager": "HashiCorp", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}},
            {"manager": "Terraform", "operation": "Apply", "fieldsV1": {"f:data": {"f:b": {}}}},
            {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:c": {}}}},
            {"manager": "Terraform", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
        ]));
        let owned = owned_fields(&object, MANAGER).unwrap();
        assert_eq!(owned, json!({"f:data": {"f:a": {}, "f:b": {}}}));
    }

    #[test]
    fn a_takeover_leaves_one_entry_of_ours() {
        let managed = json!([
            {"manager": "HashiCorp", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}},
            {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:c": {}}}},
            {"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": {"f:x": {}}},
        ]);
        let patch = takeover(&object(&managed), MANAGER, Takeover::Relatives).unwrap();
        let merged = patch[1]["value"].as_array().unwrap();
        assert_eq!(merged.len(), 3);
        assert_eq!(merged[2]["operation"], "Apply");
        assert_eq!(merged[2]["fieldsV1"], json!({"f:data": {"f:a": {}}}));
        let patch = takeover(&object(&managed), MANAGER, Takeover::Everybody).unwrap();
        let merged = patch[1]["value"].as_array().unwrap();
        assert_eq!(merged.len(), 2);
        assert_eq!(merged[1]["fieldsV1"], json!({"f:data": {"f:a": {}, "f:c": {}}}));
        let nothing = json!([{"manager": "Terraform", "operation": "Apply", "fieldsV1": {"f:data": {}}}]);
        assert_eq!(takeover(&object(&nothing), MANAGER, Takeover::Relatives), None);
    }
}
