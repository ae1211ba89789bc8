//! Who may do what: roles and their bindings.

use serde_json::{Map, Value as Json};
use terrane_model::Value;

use super::common::{CLUSTER_RBAC_METADATA, LABEL_SELECTOR, RBAC_METADATA};
use super::{Hooks, ObjectType, Received};
use crate::objects::table::field::{Field, block, blocks, text, text_set, texts};

/// Roles of a namespace.
pub(super) const ROLE: ObjectType = ObjectType {
    name: "kubernetes_role_v1",
    alias: Some("kubernetes_role"),
    fields: &[
        RBAC_METADATA,
        blocks(
            "rule",
            &[
                text_set("api_groups").required(),
                text_set("resource_names"),
                text_set("resources").required(),
                text_set("verbs").required(),
            ],
        )
        .at("rules")
        .required(),
    ],
    ..ObjectType::namespaced("rbac.authorization.k8s.io/v1", "Role", "roles")
};

/// Roles of the cluster.
pub(super) const CLUSTER_ROLE: ObjectType = ObjectType {
    name: "kubernetes_cluster_role_v1",
    alias: Some("kubernetes_cluster_role"),
    fields: &[
        block("aggregation_rule", &[blocks("cluster_role_selectors", LABEL_SELECTOR)]),
        CLUSTER_RBAC_METADATA,
        blocks(
            "rule",
            &[
                texts("api_groups"),
                texts("non_resource_urls").at("nonResourceURLs"),
                texts("resource_names"),
                texts("resources"),
                texts("verbs").required(),
            ],
        )
        .at("rules")
        .or_computed(),
    ],
    ..ObjectType::global("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles")
};

/// Bindings of roles in a namespace.
pub(super) const ROLE_BINDING: ObjectType = ObjectType {
    name: "kubernetes_role_binding_v1",
    alias: Some("kubernetes_role_binding"),
    fields: &[RBAC_METADATA, ROLE_REF, SUBJECT],
    hooks: Hooks { send: send_binding, receive: receive_binding, ..Hooks::NONE },
    ..ObjectType::namespaced("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
};

/// Bindings of roles in the whole cluster.
pub(super) const CLUSTER_ROLE_BINDING: ObjectType = ObjectType {
    name: "kubernetes_cluster_role_binding_v1",
    alias: Some("kubernetes_cluster_role_binding"),
    fields: &[CLUSTER_RBAC_METADATA, ROLE_REF, SUBJECT],
    hooks: Hooks { send: send_binding, receive: receive_binding, ..Hooks::NONE },
    ..ObjectType::global("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings")
};

const ROLE_REF: Field = block(
    "role_ref",
    &[
        text("api_group").required().one_of(&["rbac.authorization.k8s.io"]),
        text("kind").required().one_of(&["Role", "ClusterRole"]),
        text("name").required(),
    ],
)
.required()
.replaces();

const SUBJECT: Field = blocks(
    "subject",
    &[
        text("api_group").or_computed(),
        text("kind").required(),
        text("name").required(),
        text("namespace").or_text("default"),
    ],
)
.at("subjects")
.required();

/// Only service accounts are in a namespace.
fn send_binding(_config: &Value, object: &mut Map<String, Json>) {
    let subjects = object.get_mut("subjects").and_then(Json::as_array_mut);
    for subject in subjects.into_iter().flatten().filter_map(Json::as_object_mut) {
        if subject.get("kind").and_then(Json::as_str) != Some("ServiceAccount") {
            subject.remove("namespace");
        }
    }
}

/// Users and groups are in no namespace, whatever the argument says when it is not written.
fn receive_binding(received: &mut Received<'_>) {
    received.set_in_each("subject", "namespace", |subject| {
        let is_empty =
            subject.get("namespace").and_then(Value::as_str).is_none_or(|namespace| namespace.is_empty());
        is_empty.then(|| Value::from("default"))
    });
}
