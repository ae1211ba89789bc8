//! Pods: alone, and as templates inside other objects.

use super::common::{LABEL_SELECTOR, METADATA, TEMPLATE_METADATA};
use super::container::{CONTAINER, IMAGE_PULL_SECRETS, SE_LINUX_OPTIONS, SECCOMP_PROFILE};
use super::volume::VOLUME;
use crate::objects::table::field::{
    Codec, Field, block, blocks, flag, text, text_as, text_map, text_set, texts, whole, whole_set,
};
use crate::objects::types::{ObjectType, Wait};

/// Pods alone.
pub(super) const POD: ObjectType = ObjectType {
    name: "kubernetes_pod_v1",
    alias: Some("kubernetes_pod"),
    version: 1,
    fields: &[METADATA, block("spec", SPEC).required().replaces(), texts("target_state").nowhere()],
    timeouts: &[("create", 300), ("delete", 300)],
    wait: Wait::PodRunning,
    updates_in_place: &["image", "active_deadline_seconds"],
    ..ObjectType::namespaced("v1", "Pod", "pods")
};

/// A template of pods that restart for ever.
pub(super) const ALWAYS_TEMPLATE: &[Field] = &[TEMPLATE_METADATA, block("spec", ALWAYS_SPEC).required()];

/// A template of pods.
pub(super) const TEMPLATE: &[Field] = &[TEMPLATE_METADATA, block("spec", SPEC)];

macro_rules! pod_spec {
    ($restart_policy:expr) => {
        &[
            whole("active_deadline_seconds"),
            block("affinity", AFFINITY),
            flag("automount_service_account_token").or_flag(true),
            blocks("container", CONTAINER).at("containers"),
            block("dns_config", DNS_CONFIG),
            text("dns_policy").or_text("ClusterFirst").one_of(&[
                "ClusterFirst",
                "ClusterFirstWithHostNet",
                "Default",
                "None",
            ]),
            flag("enable_service_links").or_flag(true),
            blocks("host_aliases", &[texts("hostnames").required(), text("ip").required()]),
            flag("host_ipc").at("hostIPC").or_flag(false),
            flag("host_network").or_flag(false),
            flag("host_pid").at("hostPID").or_flag(false),
            text("hostname").or_computed(),
            blocks("image_pull_secrets", IMAGE_PULL_SECRETS).or_computed(),
            blocks("init_container", CONTAINER).at("initContainers"),
            text("node_name").or_computed(),
            text_map("node_selector"),
            block("os", &[text("name").required().one_of(&["linux", "windows"])]),
            text("priority_class_name"),
            blocks("readiness_gate", &[text("condition_type").required()]).at("readinessGates").or_computed(),
            $restart_policy,
            text("runtime_class_name"),
            text("scheduler_name").or_computed(),
            block("security_context", SECURITY_CONTEXT).empty_is_none(),
            text("service_account_name").or_computed(),
            flag("share_process_namespace").or_flag(false),
            text("subdomain"),
            whole("termination_grace_period_seconds").or_whole(30),
            blocks("toleration", TOLERATION).at("tolerations"),
            blocks("topology_spread_constraint", TOPOLOGY_SPREAD).at("topologySpreadConstraints"),
            blocks("volume", VOLUME).at("volumes"),
        ]
    };
}

const POLICIES: &[&str] = &["Always", "OnFailure", "Never"];
pub(super) const SPEC: &[Field] = pod_spec!(text("restart_policy").or_text("Always").one_of(POLICIES));
const ALWAYS_SPEC: &[Field] = pod_spec!(text("restart_policy").or_text("Always").one_of(&["Always"]));

/// What a job's pods are made of: they do not restart unless told to.
pub(super) const ONCE_SPEC: &[Field] = pod_spec!(text("restart_policy").or_text("Never").one_of(POLICIES));

const AFFINITY: &[Field] = &[
    block(
        "node_affinity",
        &[
            blocks(
                "preferred_during_scheduling_ignored_during_execution",
                &[block("preference", NODE_SELECTOR_TERM).required(), whole("weight").required()],
            ),
            block(
                "required_during_scheduling_ignored_during_execution",
                &[blocks("node_selector_term", NODE_SELECTOR_TERM).at("nodeSelectorTerms")],
            ),
        ],
    ),
    block("pod_affinity", POD_AFFINITY),
    block("pod_anti_affinity", POD_AFFINITY),
];

/// What selects nodes.
pub(super) const NODE_SELECTOR_TERM: &[Field] = &[
    blocks(
        "match_expressions",
        &[
            text("key"),
            text("operator").one_of(&["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
            text_set("values"),
        ],
    ),
    blocks("match_fields", &[text("key").required(), text("operator").required(), text_set("values")]),
];

const POD_AFFINITY: &[Field] = &[
    blocks(
        "preferred_during_scheduling_ignored_during_execution",
        &[block("pod_affinity_term", POD_AFFINITY_TERM).required(), whole("weight").required()],
    ),
    blocks("required_during_scheduling_ignored_during_execution", POD_AFFINITY_TERM),
];

const POD_AFFINITY_TERM: &[Field] = &[
    blocks("label_selector", LABEL_SELECTOR).as_object(),
    blocks("namespace_selector", LABEL_SELECTOR).as_object(),
    text_set("namespaces"),
    text("topology_key").required(),
];

const DNS_CONFIG: &[Field] = &[
    texts("nameservers"),
    blocks("option", &[text("name").required(), text("value")]).at("options"),
    texts("searches"),
];

const SECURITY_CONTEXT: &[Field] = &[
    text_as("fs_group", Codec::Number),
    text("fs_group_change_policy").one_of(&["Always", "OnRootMismatch"]),
    text_as("run_as_group", Codec::Number),
    flag("run_as_non_root"),
    text_as("run_as_user", Codec::Number),
    block("se_linux_options", SE_LINUX_OPTIONS),
    block("seccomp_profile", SECCOMP_PROFILE),
    whole_set("supplemental_groups"),
    blocks("sysctl", &[text("name").required(), text("value").required()]).at("sysctls"),
    block(
        "windows_options",
        &[
            text("gmsa_credential_spec"),
            text("gmsa_credential_spec_name"),
            flag("host_process").or_flag(false),
            text("run_as_username").at("runAsUserName"),
        ],
    ),
];

const TOLERATION: &[Field] = &[
    text("effect").one_of(&["NoSchedule", "PreferNoSchedule", "NoExecute"]),
    text("key"),
    text("operator").or_text("Equal").one_of(&["Exists", "Equal"]),
    text_as("toleration_seconds", Codec::Number),
    text("value"),
];

const TOPOLOGY_SPREAD: &[Field] = &[
    blocks("label_selector", LABEL_SELECTOR).as_object(),
    text_set("match_label_keys"),
    whole("max_skew").or_whole(1),
    whole("min_domains"),
    text("node_affinity_policy").one_of(&["Honor", "Ignore"]),
    text("node_taints_policy").one_of(&["Honor", "Ignore"]),
    text("topology_key"),
    text("when_unsatisfiable").or_text("DoNotSchedule").one_of(&["DoNotSchedule", "ScheduleAnyway"]),
];
