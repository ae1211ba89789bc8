//! Limits, quotas, priorities, disruption budgets and autoscalers.

use super::common::{CLUSTER_METADATA, LABEL_SELECTOR, METADATA};
use super::{Hooks, ObjectType, Wait};
use crate::objects::table::field::{
    Codec, Field, block, blocks, flag, quantity, text, text_as, text_map_as, text_set, whole,
};

/// Limits of single objects in a namespace.
pub(super) const LIMIT_RANGE: ObjectType = ObjectType {
    name: "kubernetes_limit_range_v1",
    alias: Some("kubernetes_limit_range"),
    fields: &[METADATA, block("spec", &[blocks("limit", LIMIT).at("limits")])],
    ..ObjectType::namespaced("v1", "LimitRange", "limitranges")
};

const LIMIT: &[Field] = &[
    text_map_as("default", Codec::Quantity),
    text_map_as("default_request", Codec::Quantity).or_computed(),
    text_map_as("max", Codec::Quantity),
    text_map_as("max_limit_request_ratio", Codec::Quantity),
    text_map_as("min", Codec::Quantity),
    text("type"),
];

/// Limits of a namespace as a whole.
pub(super) const RESOURCE_QUOTA: ObjectType = ObjectType {
    name: "kubernetes_resource_quota_v1",
    alias: Some("kubernetes_resource_quota"),
    fields: &[METADATA, block("spec", QUOTA_SPEC)],
    timeouts: &[("create", 60), ("update", 60)],
    wait: Wait::QuotaInForce,
    ..ObjectType::namespaced("v1", "ResourceQuota", "resourcequotas")
};

const QUOTA_SPEC: &[Field] = &[
    text_map_as("hard", Codec::Quantity),
    block(
        "scope_selector",
        &[blocks(
            "match_expression",
            &[
                text("operator").required().one_of(&["In", "NotIn", "Exists", "DoesNotExist"]),
                text("scope_name").required().one_of(&[
                    "Terminating",
                    "NotTerminating",
                    "BestEffort",
                    "NotBestEffort",
                    "PriorityClass",
                ]),
                text_set("values"),
            ],
        )
        .at("matchExpressions")],
    ),
    text_set("scopes").replaces(),
];

/// Priorities of pods.
pub(super) const PRIORITY_CLASS: ObjectType = ObjectType {
    name: "kubernetes_priority_class_v1",
    alias: Some("kubernetes_priority_class"),
    fields: &[
        text("description").or_text(""),
        flag("global_default").or_flag(false),
        CLUSTER_METADATA,
        text("preemption_policy")
            .or_text("PreemptLowerPriority")
            .replaces()
            .one_of(&["Never", "PreemptLowerPriority"]),
        whole("value").required().replaces(),
    ],
    ..ObjectType::global("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses")
};

/// How many pods may be missing at once.
pub(super) const POD_DISRUPTION_BUDGET: ObjectType = ObjectType {
    name: "kubernetes_pod_disruption_budget_v1",
    alias: None,
    fields: &[METADATA, block("spec", DISRUPTION_SPEC).required().replaces()],
    ..ObjectType::namespaced("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
};

/// The same under the name that it had before its API was stable. That API is gone; the stable one says the same
/// with the same words.
pub(super) const BETA_POD_DISRUPTION_BUDGET: ObjectType =
    ObjectType { name: "kubernetes_pod_disruption_budget", is_deprecated: true, ..POD_DISRUPTION_BUDGET };

const DISRUPTION_SPEC: &[Field] = &[
    text_as("max_unavailable", Codec::NumberOrText),
    text_as("min_available", Codec::NumberOrText),
    block("selector", LABEL_SELECTOR).required(),
];

/// Autoscalers that look at processors alone.
pub(super) const AUTOSCALER_V1: ObjectType = ObjectType {
    name: "kubernetes_horizontal_pod_autoscaler_v1",
    alias: None,
    fields: &[
        METADATA,
        block(
            "spec",
            &[
                MAX_REPLICAS,
                MIN_REPLICAS,
                SCALE_TARGET,
                whole("target_cpu_utilization_percentage").at("targetCPUUtilizationPercentage").or_computed(),
            ],
        )
        .required(),
    ],
    ..ObjectType::namespaced("autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
};

/// Autoscalers.
pub(super) const AUTOSCALER_V2: ObjectType = ObjectType {
    name: "kubernetes_horizontal_pod_autoscaler_v2",
    alias: None,
    fields: &[METADATA, block("spec", AUTOSCALER_SPEC).required()],
    hooks: Hooks { send: super::autoscaling::send, receive: super::autoscaling::receive, ..Hooks::NONE },
    ..ObjectType::namespaced("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
};

/// Autoscalers under the name without a version. Whatever version it once stood for, the present one says it all.
pub(super) const AUTOSCALER: ObjectType =
    ObjectType { name: "kubernetes_horizontal_pod_autoscaler", is_deprecated: true, ..AUTOSCALER_V2 };

/// Autoscalers of a version that is gone; the present one says the same with the same words.
pub(super) const AUTOSCALER_V2_BETA2: ObjectType =
    ObjectType { name: "kubernetes_horizontal_pod_autoscaler_v2beta2", ..AUTOSCALER_V2 };

const MAX_REPLICAS: Field = whole("max_replicas").required();
const MIN_REPLICAS: Field = whole("min_replicas").or_whole(1);
const SCALE_TARGET: Field =
    block("scale_target_ref", &[text("api_version"), text("kind").required(), text("name").required()])
        .required();

const AUTOSCALER_SPEC: &[Field] = &[
    block(
        "behavior",
        &[
            blocks("scale_down", SCALING_RULES).as_object().or_computed(),
            blocks("scale_up", SCALING_RULES).as_object().or_computed(),
        ],
    )
    .or_computed(),
    MAX_REPLICAS,
    blocks("metric", METRIC).at("metrics").or_computed(),
    MIN_REPLICAS,
    SCALE_TARGET,
    whole("target_cpu_utilization_percentage").or_computed().nowhere(),
];

const SCALING_RULES: &[Field] = &[
    blocks(
        "policy",
        &[whole("period_seconds").required(), text("type").required(), whole("value").required()],
    )
    .at("policies")
    .required(),
    text("select_policy"),
    whole("stabilization_window_seconds"),
];

const METRIC: &[Field] = &[
    block("container_resource", &[text("container").required(), text("name").required(), TARGET]),
    block("external", &[METRIC_NAME, TARGET]),
    block(
        "object",
        &[
            block(
                "described_object",
                &[text("api_version").required(), text("kind").required(), text("name").required()],
            )
            .required(),
            METRIC_NAME,
            TARGET,
        ],
    ),
    block("pods", &[METRIC_NAME, TARGET]),
    block("resource", &[text("name").required(), TARGET]),
    text("type").required().one_of(&["ContainerResource", "External", "Object", "Pods", "Resource"]),
];

const METRIC_NAME: Field =
    block("metric", &[text("name").required(), blocks("selector", LABEL_SELECTOR).as_object()]).required();

const TARGET: Field = block(
    "target",
    &[whole("average_utilization"), quantity("average_value"), text("type").required(), quantity("value")],
);
