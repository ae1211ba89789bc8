//! What comes in and who may talk to whom: ingresses, their classes, network policies, endpoint slices.

use super::common::{CLUSTER_METADATA, LABEL_SELECTOR, METADATA};
use super::{ObjectType, Wait};
use crate::objects::table::field::{Codec, Field, block, blocks, flag, text, text_as, texts, whole};

/// Ingresses.
pub(super) const INGRESS: ObjectType = ObjectType {
    name: "kubernetes_ingress_v1",
    alias: None,
    fields: &[
        METADATA,
        block("spec", INGRESS_SPEC).required(),
        blocks("status", INGRESS_STATUS).as_object().computed(),
        flag("wait_for_load_balancer").nowhere(),
    ],
    timeouts: &[("create", 1200), ("delete", 1200)],
    wait: Wait::LoadBalancer,
    ..ObjectType::namespaced("networking.k8s.io/v1", "Ingress", "ingresses")
};

pub(super) const INGRESS_SPEC: &[Field] = &[
    block("default_backend", BACKEND),
    text("ingress_class_name").or_computed(),
    blocks("rule", &[text("host"), block("http", &[blocks("path", PATH).at("paths").required()])])
        .at("rules"),
    blocks("tls", &[texts("hosts"), text("secret_name")]),
];

const BACKEND: &[Field] = &[
    block("resource", &[text("api_group").required(), text("kind").required(), text("name").required()]),
    block("service", &[text("name").required(), block("port", &[text("name"), whole("number")]).required()]),
];

const PATH: &[Field] = &[
    block("backend", BACKEND),
    text("path"),
    text("path_type").or_text("ImplementationSpecific").one_of(&[
        "ImplementationSpecific",
        "Prefix",
        "Exact",
    ]),
];

pub(super) const INGRESS_STATUS: &[Field] = &[blocks(
    "load_balancer",
    &[blocks("ingress", &[text("hostname").computed(), text("ip").computed()]).computed()],
)
.as_object()
.computed()];

/// Classes of ingresses.
pub(super) const INGRESS_CLASS: ObjectType = ObjectType {
    name: "kubernetes_ingress_class_v1",
    alias: Some("kubernetes_ingress_class"),
    fields: &[
        CLUSTER_METADATA,
        block("spec", &[text("controller"), blocks("parameters", PARAMETERS).as_object()]).required(),
    ],
    ..ObjectType::global("networking.k8s.io/v1", "IngressClass", "ingressclasses")
};

const PARAMETERS: &[Field] = &[
    text("api_group"),
    text("kind").required(),
    text("name").required(),
    text("namespace"),
    text("scope").or_computed().one_of(&["Cluster", "Namespace"]),
];

/// Network policies.
pub(super) const NETWORK_POLICY: ObjectType = ObjectType {
    name: "kubernetes_network_policy_v1",
    alias: Some("kubernetes_network_policy"),
    fields: &[METADATA, block("spec", NETWORK_POLICY_SPEC).required()],
    ..ObjectType::namespaced("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
};

const NETWORK_POLICY_SPEC: &[Field] = &[
    blocks("egress", &[PORTS, blocks("to", PEER)]),
    blocks("ingress", &[blocks("from", PEER), PORTS]),
    block("pod_selector", LABEL_SELECTOR).required(),
    texts("policy_types").required(),
];

const PORTS: Field = blocks(
    "ports",
    &[whole("end_port"), text_as("port", Codec::NumberOrText), text("protocol").or_text("TCP")],
);

const PEER: &[Field] = &[
    block("ip_block", &[text("cidr"), texts("except")]),
    block("namespace_selector", LABEL_SELECTOR),
    block("pod_selector", LABEL_SELECTOR),
];

/// Slices of the endpoints of a service.
pub(super) const ENDPOINT_SLICE: ObjectType = ObjectType {
    name: "kubernetes_endpoint_slice_v1",
    alias: None,
    fields: &[
        text("address_type").required().replaces().one_of(&["IPv4", "IPv6", "FQDN"]),
        blocks("endpoint", ENDPOINT).at("endpoints").at_most(1000).required(),
        METADATA,
        blocks("port", SLICE_PORT).at("ports").at_most(100).required(),
    ],
    ..ObjectType::namespaced("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
};

pub(super) const ENDPOINT: &[Field] = &[
    texts("addresses").required(),
    block("condition", &[flag("ready"), flag("serving"), flag("terminating")]).at("conditions"),
    text("hostname"),
    text("node_name"),
    block(
        "target_ref",
        &[
            text("field_path"),
            text("name").required(),
            text("namespace").or_text("default"),
            text("resource_version"),
            text("uid"),
        ],
    ),
    text("zone"),
];

pub(super) const SLICE_PORT: &[Field] = &[
    text("app_protocol").required(),
    text("name"),
    text_as("port", Codec::NumberOrText).required(),
    text("protocol").or_text("TCP").one_of(&["TCP", "UDP", "SCTP"]),
];
