//! What keeps pods running: deployments, stateful sets and daemon sets.

use super::claim;
use super::common::{LABEL_SELECTOR, METADATA};
use super::pod::{ALWAYS_TEMPLATE, TEMPLATE};
use super::{ObjectType, Wait};
use crate::objects::table::field::{Codec, Field, block, blocks, flag, text, text_as, whole};

const TIMEOUTS: &[(&str, u64)] = &[("create", 600), ("delete", 600), ("update", 600)];
const WAIT_FOR_ROLLOUT: Field = flag("wait_for_rollout").or_flag(true).nowhere();
const MIN_READY_SECONDS: Field = whole("min_ready_seconds").or_whole(0);
const REPLICAS: Field = text_as("replicas", Codec::Number).or_computed();

/// Deployments.
pub(super) const DEPLOYMENT: ObjectType = ObjectType {
    name: "kubernetes_deployment_v1",
    alias: Some("kubernetes_deployment"),
    version: 1,
    fields: &[METADATA, block("spec", DEPLOYMENT_SPEC).required(), WAIT_FOR_ROLLOUT],
    timeouts: TIMEOUTS,
    wait: Wait::Rollout,
    ..ObjectType::namespaced("apps/v1", "Deployment", "deployments")
};

const DEPLOYMENT_SPEC: &[Field] = &[
    MIN_READY_SECONDS,
    flag("paused").or_flag(false),
    whole("progress_deadline_seconds").or_whole(600),
    REPLICAS,
    whole("revision_history_limit").or_whole(10),
    block("selector", LABEL_SELECTOR).replaces(),
    block(
        "strategy",
        &[
            block(
                "rolling_update",
                &[
                    text_as("max_surge", Codec::NumberOrText).or_text("25%"),
                    text_as("max_unavailable", Codec::NumberOrText).or_text("25%"),
                ],
            )
            .or_computed(),
            text("type").or_text("RollingUpdate").one_of(&["RollingUpdate", "Recreate"]),
        ],
    )
    .or_computed(),
    block("template", ALWAYS_TEMPLATE).required().mutable(),
];

/// Stateful sets.
pub(super) const STATEFUL_SET: ObjectType = ObjectType {
    name: "kubernetes_stateful_set_v1",
    alias: Some("kubernetes_stateful_set"),
    version: 1,
    fields: &[METADATA, block("spec", STATEFUL_SET_SPEC).required(), WAIT_FOR_ROLLOUT],
    timeouts: &[("create", 600), ("delete", 600), ("read", 600), ("update", 600)],
    wait: Wait::Rollout,
    ..ObjectType::namespaced("apps/v1", "StatefulSet", "statefulsets")
};

const STATEFUL_SET_SPEC: &[Field] = &[
    MIN_READY_SECONDS,
    blocks(
        "persistent_volume_claim_retention_policy",
        &[
            text("when_deleted").or_text("Retain").one_of(&["Retain", "Delete"]),
            text("when_scaled").or_text("Retain").one_of(&["Retain", "Delete"]),
        ],
    )
    .as_object()
    .or_computed(),
    text("pod_management_policy").or_computed().replaces().one_of(&["OrderedReady", "Parallel"]),
    REPLICAS,
    whole("revision_history_limit").or_computed().replaces(),
    block("selector", LABEL_SELECTOR).required().replaces(),
    text("service_name").required().replaces(),
    block("template", TEMPLATE).required().mutable(),
    blocks(
        "update_strategy",
        &[
            blocks("rolling_update", &[whole("partition").or_whole(0)]).as_object(),
            text("type").or_text("RollingUpdate").one_of(&["RollingUpdate", "OnDelete"]),
        ],
    )
    .as_object(),
    blocks("volume_claim_template", &[METADATA, block("spec", claim::SPEC).required()])
        .at("volumeClaimTemplates")
        .replaces(),
];

/// Daemon sets.
pub(super) const DAEMON_SET: ObjectType = ObjectType {
    name: "kubernetes_daemon_set_v1",
    alias: Some("kubernetes_daemonset"),
    version: 1,
    fields: &[METADATA, block("spec", DAEMON_SET_SPEC).required(), WAIT_FOR_ROLLOUT],
    timeouts: TIMEOUTS,
    wait: Wait::Rollout,
    ..ObjectType::namespaced("apps/v1", "DaemonSet", "daemonsets")
};

const DAEMON_SET_SPEC: &[Field] = &[
    MIN_READY_SECONDS,
    whole("revision_history_limit").or_whole(10),
    block("selector", LABEL_SELECTOR).replaces(),
    block(
        "strategy",
        &[
            block(
                "rolling_update",
                &[
                    text_as("max_surge", Codec::NumberOrText).or_text("0"),
                    text_as("max_unavailable", Codec::NumberOrText).or_text("1"),
                ],
            )
            .or_computed(),
            text("type").or_text("RollingUpdate").one_of(&["RollingUpdate", "OnDelete"]),
        ],
    )
    .at("updateStrategy")
    .or_computed(),
    block("template", TEMPLATE).required().mutable(),
];
