//! Namespaces, configuration, credentials and identities.

use serde_json::{Map, Value as Json};
use terrane_model::{Number, Str, Type, Value};

use super::common::{CLUSTER_METADATA, METADATA, NAME_ONLY};
use super::{Hooks, ObjectType, Received, Wait};
use crate::objects::table::field::{
    Codec, Field, block, block_set, flag, text, text_map, text_map_as, whole,
};

/// Namespaces.
pub(super) const NAMESPACE: ObjectType = ObjectType {
    name: "kubernetes_namespace_v1",
    alias: Some("kubernetes_namespace"),
    fields: &[CLUSTER_METADATA, flag("wait_for_default_service_account").or_flag(false).nowhere()],
    timeouts: &[("delete", 300)],
    wait: Wait::DefaultServiceAccount,
    ..ObjectType::global("v1", "Namespace", "namespaces")
};

/// Configuration that pods read.
pub(super) const CONFIG_MAP: ObjectType = ObjectType {
    name: "kubernetes_config_map_v1",
    alias: Some("kubernetes_config_map"),
    fields: &[METADATA, text_map("binary_data"), text_map("data"), flag("immutable")],
    hooks: Hooks { replaces: replaces_when_immutable, ..Hooks::NONE },
    ..ObjectType::namespaced("v1", "ConfigMap", "configmaps")
};

/// Secrets. What is in them stands under one name in the object and under four in the language.
pub(super) const SECRET: ObjectType = ObjectType {
    name: "kubernetes_secret_v1",
    alias: Some("kubernetes_secret"),
    fields: &[
        METADATA,
        text_map("binary_data").sensitive().nowhere(),
        text_map("binary_data_wo").write_only().nowhere(),
        whole("binary_data_wo_revision").nowhere(),
        text_map_as("data", Codec::Bytes).or_computed().sensitive().nowhere(),
        text_map("data_wo").write_only().nowhere(),
        whole("data_wo_revision").nowhere(),
        flag("immutable"),
        text("type").or_text("Opaque").replaces(),
        flag("wait_for_service_account_token").or_flag(true).nowhere(),
    ],
    timeouts: &[("create", 60)],
    wait: Wait::ServiceAccountToken,
    hooks: Hooks { send: send_secret, receive: receive_secret, replaces: replaces_when_immutable },
    ..ObjectType::namespaced("v1", "Secret", "secrets")
};

const SERVICE_ACCOUNT_FIELDS: [Field; 4] = [
    flag("automount_service_account_token").or_flag(true),
    text("default_secret_name").computed().deprecated().nowhere(),
    block_set("image_pull_secret", NAME_ONLY).at("imagePullSecrets"),
    block_set("secret", NAME_ONLY).at("secrets"),
];

/// Identities of pods.
pub(super) const SERVICE_ACCOUNT: ObjectType = ObjectType {
    name: "kubernetes_service_account_v1",
    alias: Some("kubernetes_service_account"),
    fields: &[
        METADATA,
        SERVICE_ACCOUNT_FIELDS[0],
        SERVICE_ACCOUNT_FIELDS[1],
        SERVICE_ACCOUNT_FIELDS[2],
        SERVICE_ACCOUNT_FIELDS[3],
    ],
    timeouts: &[("create", 30)],
    hooks: Hooks { receive: receive_service_account, ..Hooks::NONE },
    ..ObjectType::namespaced("v1", "ServiceAccount", "serviceaccounts")
};

/// The identity that every namespace has from the start. It is taken over, never created, and left where it is.
pub(super) const DEFAULT_SERVICE_ACCOUNT: ObjectType = ObjectType {
    name: "kubernetes_default_service_account_v1",
    alias: Some("kubernetes_default_service_account"),
    fields: &[
        block(
            "metadata",
            &[
                text_map("annotations"),
                whole("generation").computed(),
                text_map("labels"),
                text("name").or_text("default").replaces().one_of(&["default"]),
                text("namespace").or_text("default").replaces(),
                text("resource_version").computed(),
                text("uid").computed(),
            ],
        )
        .required(),
        SERVICE_ACCOUNT_FIELDS[0],
        SERVICE_ACCOUNT_FIELDS[1],
        SERVICE_ACCOUNT_FIELDS[2],
        SERVICE_ACCOUNT_FIELDS[3],
    ],
    timeouts: &[("create", 30)],
    exists_already: true,
    hooks: Hooks { receive: receive_service_account, ..Hooks::NONE },
    ..ObjectType::namespaced("v1", "ServiceAccount", "serviceaccounts")
};

/// Endpoints of services without selectors.
pub(super) const ENDPOINTS: ObjectType = ObjectType {
    name: "kubernetes_endpoints_v1",
    alias: Some("kubernetes_endpoints"),
    fields: &[METADATA, SUBSETS],
    ..ObjectType::namespaced("v1", "Endpoints", "endpoints")
};

pub(super) const SUBSETS: Field = block_set("subset", SUBSET).at("subsets");

const SUBSET: &[Field] = &[
    block_set("address", ADDRESS).at("addresses"),
    block_set("not_ready_address", ADDRESS).at("notReadyAddresses"),
    block_set("port", &[text("name"), whole("port").required(), text("protocol").or_text("TCP")]).at("ports"),
];

const ADDRESS: &[Field] = &[text("hostname"), text("ip").required(), text("node_name")];

/// What cannot be changed once the object says so has to be replaced.
fn replaces_when_immutable(prior: &Value) -> &'static [&'static str] {
    match prior.get("immutable").and_then(Value::as_bool) {
        Some(true) => &["binary_data", "data", "immutable"],
        _ => &[],
    }
}

/// Which revision of write-only contents is in force; 0 for none.
fn revision(config: &Value, name: &str) -> i64 {
    config.get(name).and_then(Value::as_number).and_then(Number::to_i64).unwrap_or_default()
}

fn send_secret(config: &Value, object: &mut Map<String, Json>) {
    use base64::Engine;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let text_source = if revision(config, "data_wo_revision") > 0 { "data_wo" } else { "data" };
    let binary_source =
        if revision(config, "binary_data_wo_revision") > 0 { "binary_data_wo" } else { "binary_data" };
    let entries = |source: &str| config.get(source).and_then(Value::as_entries).unwrap_or_default();
    let mut data = Map::new();
    for (key, text) in entries(text_source) {
        data.extend(text.as_str().map(|text| (key.to_string(), Json::String(encode(text)))));
    }
    for (key, text) in entries(binary_source) {
        data.extend(text.as_str().map(|text| (key.to_string(), Json::String(text.to_string()))));
    }
    if !data.is_empty() {
        object.insert("data".to_owned(), Json::Object(data));
    }
}

fn receive_secret(received: &mut Received<'_>) {
    use base64::Engine;
    let prior = received.prior;
    if revision(prior, "data_wo_revision") > 0 || revision(prior, "binary_data_wo_revision") > 0 {
        // Nobody may learn from the state what was written without being stored.
        received.keep(&["data", "binary_data"]);
        return;
    }
    let empty = Map::new();
    let data = received.object.get("data").and_then(Json::as_object).unwrap_or(&empty);
    let is_binary = |key: &str| prior.get("binary_data").and_then(|binary| binary.get(key)).is_some();
    let (mut binary, mut plain) = (Vec::new(), Vec::new());
    for (key, encoded) in data {
        let encoded = encoded.as_str().unwrap_or_default();
        let key = Str::from(key.as_str());
        if is_binary(&key) {
            binary.push((key, Value::from(encoded)));
        } else {
            let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
            plain.push((key, Value::from(String::from_utf8_lossy(&bytes).into_owned())));
        }
    }
    if prior.get("binary_data").is_some_and(|binary| !binary.is_null()) {
        received.set("binary_data", Value::map(Type::String, binary));
    }
    received.set("data", Value::map(Type::String, plain));
}

pub(super) fn receive_service_account(received: &mut Received<'_>) {
    received.set("default_secret_name", Value::from(""));
}
