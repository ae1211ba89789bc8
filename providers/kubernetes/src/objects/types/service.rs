//! Services.

use serde_json::{Map, Value as Json};
use terrane_model::Value;

use super::common::METADATA;
use super::{Hooks, ObjectType, Received, Wait};
use crate::objects::table::field::{
    Codec, Field, block, blocks, flag, text, text_as, text_map, text_set, texts, whole,
};

/// Services.
pub(super) const SERVICE: ObjectType = ObjectType {
    name: "kubernetes_service_v1",
    alias: Some("kubernetes_service"),
    version: 1,
    fields: &[
        METADATA,
        block("spec", SPEC).required(),
        blocks("status", STATUS).as_object().computed(),
        flag("wait_for_load_balancer").or_flag(true).nowhere(),
    ],
    timeouts: &[("create", 600)],
    wait: Wait::LoadBalancer,
    hooks: Hooks { send, receive, ..Hooks::NONE },
    ..ObjectType::namespaced("v1", "Service", "services")
};

pub(super) const SPEC: &[Field] = &[
    flag("allocate_load_balancer_node_ports").or_flag(true),
    text("cluster_ip").at("clusterIP").or_computed().replaces(),
    texts("cluster_ips").at("clusterIPs").or_computed().replaces(),
    text_set("external_ips").at("externalIPs"),
    text("external_name"),
    text("external_traffic_policy").or_computed().one_of(&["Local", "Cluster"]),
    whole("health_check_node_port").or_computed().replaces(),
    text("internal_traffic_policy").or_computed().one_of(&["Cluster", "Local"]),
    texts("ip_families").or_computed(),
    text("ip_family_policy").or_computed().one_of(&["SingleStack", "PreferDualStack", "RequireDualStack"]),
    text("load_balancer_class").replaces(),
    text("load_balancer_ip").at("loadBalancerIP"),
    text_set("load_balancer_source_ranges"),
    blocks("port", PORT).at("ports"),
    flag("publish_not_ready_addresses").or_flag(false),
    text_map("selector"),
    text("session_affinity").or_text("None").one_of(&["ClientIP", "None"]),
    block(
        "session_affinity_config",
        &[block("client_ip", &[whole("timeout_seconds").or_computed()]).at("clientIP").or_computed()],
    )
    .or_computed(),
    text("type").or_text("ClusterIP").one_of(&["ClusterIP", "ExternalName", "NodePort", "LoadBalancer"]),
];

const PORT: &[Field] = &[
    text("app_protocol"),
    text("name"),
    whole("node_port").or_computed(),
    whole("port").required(),
    text("protocol").or_text("TCP").one_of(&["TCP", "UDP", "SCTP"]),
    text_as("target_port", Codec::NumberOrText).or_computed(),
];

pub(super) const STATUS: &[Field] = &[blocks(
    "load_balancer",
    &[blocks("ingress", &[text("hostname").computed(), text("ip").computed(), text("ip_mode").computed()])
        .computed()],
)
.as_object()
.computed()];

/// The API takes this argument for load balancers alone.
fn send(_config: &Value, object: &mut Map<String, Json>) {
    let Some(Json::Object(spec)) = object.get_mut("spec") else { return };
    if spec.get("type").and_then(Json::as_str) != Some("LoadBalancer") {
        spec.remove("allocateLoadBalancerNodePorts");
    }
}

fn receive(received: &mut Received<'_>) {
    let allocates = received.object.get("spec").and_then(|spec| spec.get("allocateLoadBalancerNodePorts"));
    if allocates.is_none() {
        received.set_in("spec", "allocate_load_balancer_node_ports", Value::Bool(true));
    }
}
