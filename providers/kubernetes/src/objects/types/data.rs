//! What data sources read: the same objects, with nothing to write but which one is meant.

use serde_json::{Map, Value as Json};
use terrane_model::{Str, Type, Value};

use super::common::LABEL_SELECTOR;
use super::{Received, admission, core, networking, pod, service, storage};
use crate::objects::table::field::{
    Codec, Field, block, blocks, flag, text, text_map, text_map_as, text_set, texts, whole,
};

/// A data source that reads one object by its name.
#[derive(Clone, Copy)]
pub(crate) struct SourceType {
    /// The data source's name in the language.
    pub(crate) name: &'static str,
    /// The name that it had before versions were part of names, which earns a warning today.
    pub(crate) alias: Option<&'static str>,
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    /// The name in paths of the API.
    pub(crate) plural: &'static str,
    pub(crate) is_namespaced: bool,
    pub(crate) fields: &'static [Field],
    /// Finishes the values that were read.
    pub(crate) receive: fn(&mut Received<'_>),
}

const fn source(api_version: &'static str, kind: &'static str, plural: &'static str) -> SourceType {
    SourceType {
        name: "",
        alias: None,
        api_version,
        kind,
        plural,
        is_namespaced: true,
        fields: &[],
        receive: |_| {},
    }
}

const ANNOTATIONS: Field = text_map("annotations");
const GENERATION: Field = whole("generation").computed();
const LABELS: Field = text_map("labels");
const NAME: Field = text("name").or_computed();
const NAMESPACE: Field = text("namespace").or_text("default");
const RESOURCE_VERSION: Field = text("resource_version").computed();
const UID: Field = text("uid").computed();

const METADATA: Field =
    block("metadata", &[ANNOTATIONS, GENERATION, LABELS, NAME, NAMESPACE, RESOURCE_VERSION, UID]).required();
const GENERATED_METADATA: Field = block(
    "metadata",
    &[ANNOTATIONS, text("generate_name"), GENERATION, LABELS, NAME, NAMESPACE, RESOURCE_VERSION, UID],
)
.required();
const CLUSTER_METADATA: Field =
    block("metadata", &[ANNOTATIONS, GENERATION, LABELS, NAME, RESOURCE_VERSION, UID]).required();

/// All of them.
pub(crate) const SOURCES: &[SourceType] = &[
    SourceType {
        name: "kubernetes_config_map_v1",
        alias: Some("kubernetes_config_map"),
        fields: &[
            METADATA,
            text_map("binary_data").computed(),
            text_map("data").computed(),
            flag("immutable"),
        ],
        ..source("v1", "ConfigMap", "configmaps")
    },
    SourceType {
        name: "kubernetes_endpoint_slice_v1",
        fields: &[
            GENERATED_METADATA,
            text("address_type").computed(),
            blocks("endpoint", networking::ENDPOINT).at("endpoints").computed(),
            blocks("port", networking::SLICE_PORT).at("ports").computed(),
        ],
        ..source("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
    },
    SourceType {
        name: "kubernetes_endpoints_v1",
        fields: &[GENERATED_METADATA, core::SUBSETS],
        ..source("v1", "Endpoints", "endpoints")
    },
    SourceType {
        name: "kubernetes_ingress_v1",
        fields: &[
            METADATA,
            blocks("spec", networking::INGRESS_SPEC).as_object().computed(),
            blocks("status", networking::INGRESS_STATUS).as_object().computed(),
        ],
        ..source("networking.k8s.io/v1", "Ingress", "ingresses")
    },
    SourceType {
        name: "kubernetes_mutating_webhook_configuration_v1",
        is_namespaced: false,
        fields: &[CLUSTER_METADATA, blocks("webhook", admission::MUTATING_WEBHOOK).at("webhooks").computed()],
        ..source(
            "admissionregistration.k8s.io/v1",
            "MutatingWebhookConfiguration",
            "mutatingwebhookconfigurations",
        )
    },
    SourceType {
        name: "kubernetes_namespace_v1",
        alias: Some("kubernetes_namespace"),
        is_namespaced: false,
        fields: &[CLUSTER_METADATA, blocks("spec", &[texts("finalizers")]).as_object().computed()],
        ..source("v1", "Namespace", "namespaces")
    },
    SourceType {
        name: "kubernetes_persistent_volume_v1",
        is_namespaced: false,
        fields: &[CLUSTER_METADATA, blocks("spec", VOLUME).as_object()],
        ..source("v1", "PersistentVolume", "persistentvolumes")
    },
    SourceType {
        name: "kubernetes_persistent_volume_claim_v1",
        alias: Some("kubernetes_persistent_volume_claim"),
        fields: &[GENERATED_METADATA, blocks("spec", CLAIM).as_object()],
        ..source("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
    },
    SourceType {
        name: "kubernetes_pod_v1",
        alias: Some("kubernetes_pod"),
        fields: &[
            GENERATED_METADATA,
            blocks("spec", pod::SPEC).as_object().computed(),
            text("status").computed().nowhere(),
        ],
        receive: |received| {
            let phase = received.object.pointer_of(&["status", "phase"]).and_then(Json::as_str);
            received.set("status", phase.unwrap_or_default().into());
        },
        ..source("v1", "Pod", "pods")
    },
    SourceType {
        name: "kubernetes_secret_v1",
        alias: Some("kubernetes_secret"),
        fields: &[
            GENERATED_METADATA,
            text_map("binary_data").sensitive().nowhere(),
            text_map_as("data", Codec::Bytes).computed().sensitive(),
            flag("immutable").computed(),
            text("type").computed(),
        ],
        receive: receive_secret,
        ..source("v1", "Secret", "secrets")
    },
    SourceType {
        name: "kubernetes_service_v1",
        alias: Some("kubernetes_service"),
        fields: &[
            METADATA,
            blocks("spec", service::SPEC).as_object().computed(),
            blocks("status", service::STATUS).as_object().computed(),
        ],
        ..source("v1", "Service", "services")
    },
    SourceType {
        name: "kubernetes_service_account_v1",
        alias: Some("kubernetes_service_account"),
        fields: &[
            METADATA,
            flag("automount_service_account_token").computed(),
            text("default_secret_name").computed().deprecated().nowhere(),
            blocks("image_pull_secret", super::common::NAME_ONLY).at("imagePullSecrets").computed(),
            blocks("secret", super::common::NAME_ONLY).at("secrets").computed(),
        ],
        receive: core::receive_service_account,
        ..source("v1", "ServiceAccount", "serviceaccounts")
    },
    SourceType {
        name: "kubernetes_storage_class_v1",
        alias: Some("kubernetes_storage_class"),
        is_namespaced: false,
        fields: &[
            flag("allow_volume_expansion").or_computed(),
            blocks(
                "allowed_topologies",
                &[blocks("match_label_expressions", &[text("key"), text_set("values")])],
            )
            .at_most(1),
            CLUSTER_METADATA,
            text_set("mount_options").or_computed(),
            text_map("parameters").or_computed(),
            text("reclaim_policy").or_computed(),
            text("storage_provisioner").at("provisioner").computed(),
            text("volume_binding_mode").or_computed(),
        ],
        ..source("storage.k8s.io/v1", "StorageClass", "storageclasses")
    },
];

/// What can be claimed.
const VOLUME: &[Field] = &[
    text_set("access_modes").required(),
    text_map_as("capacity", Codec::Quantity).required(),
    storage::CLAIM_REFERENCE,
    text_set("mount_options"),
    storage::NODE_AFFINITY,
    text("persistent_volume_reclaim_policy"),
    block("persistent_volume_source", storage::SOURCE).around().required(),
    text("storage_class_name"),
    text("volume_mode"),
];

/// What is claimed.
const CLAIM: &[Field] = &[
    text_set("access_modes").computed(),
    blocks("resources", &[text_map("limits"), text_map("requests")]).as_object().computed(),
    blocks("selector", LABEL_SELECTOR).as_object(),
    text("storage_class_name").or_computed(),
    text("volume_mode").or_computed(),
    text("volume_name").or_computed(),
];

/// The keys that are asked for in base64 are shown so, beside all others.
fn receive_secret(received: &mut Received<'_>) {
    let empty = Map::new();
    let data = received.object.get("data").and_then(Json::as_object).unwrap_or(&empty);
    let asked = received.prior.get("binary_data").and_then(Value::as_entries).unwrap_or_default();
    let shown: Vec<(Str, Value)> = asked
        .iter()
        .filter_map(|(key, _)| Some((key.clone(), data.get(key.as_str())?.as_str()?.into())))
        .collect();
    let is_asked = received.prior.get("binary_data").is_some_and(|binary| !binary.is_null());
    let value = if is_asked { Value::map(Type::String, shown) } else { Value::Null(Type::map(Type::String)) };
    received.set("binary_data", value);
}

/// What is read of a node.
pub(crate) const NODE: &[Field] = &[
    blocks("metadata", &[ANNOTATIONS, GENERATION, LABELS, NAME, RESOURCE_VERSION, UID]).as_object(),
    blocks(
        "spec",
        &[
            text("pod_cidr").at("podCIDR"),
            texts("pod_cidrs").at("podCIDRs"),
            text("provider_id").at("providerID"),
            blocks("taints", &[text("effect"), text("key"), text("value")]),
            flag("unschedulable"),
        ],
    )
    .as_object(),
    blocks(
        "status",
        &[
            blocks("addresses", &[text("address"), text("type")]),
            text_map("allocatable"),
            text_map("capacity"),
            blocks(
                "conditions",
                &[
                    text("last_heartbeat_time"),
                    text("last_transition_time"),
                    text("message"),
                    text("reason"),
                    text("status"),
                    text("type"),
                ],
            ),
            blocks("node_info", NODE_INFO).as_object(),
        ],
    )
    .as_object(),
];

const NODE_INFO: &[Field] = &[
    text("architecture"),
    text("boot_id").at("bootID"),
    text("container_runtime_version"),
    text("kernel_version"),
    text("kube_proxy_version"),
    text("kubelet_version"),
    text("machine_id").at("machineID"),
    text("operating_system"),
    text("os_image"),
    text("system_uuid").at("systemUUID"),
];
