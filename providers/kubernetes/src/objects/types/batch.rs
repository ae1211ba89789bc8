//! Work that ends: jobs and cron jobs.

use super::common::{JOB_METADATA, LABEL_SELECTOR, METADATA, TEMPLATE_METADATA};
use super::pod::ONCE_SPEC;
use super::{ObjectType, Wait};
use crate::objects::table::field::{
    Codec, Field, block, blocks, flag, text, text_as, text_map, whole, wholes,
};

/// Jobs.
pub(super) const JOB: ObjectType = ObjectType {
    name: "kubernetes_job_v1",
    alias: Some("kubernetes_job"),
    version: 1,
    fields: &[
        JOB_METADATA,
        block("spec", JOB_SPEC).required(),
        flag("wait_for_completion").or_flag(true).nowhere(),
    ],
    timeouts: &[("create", 60), ("delete", 60), ("update", 60)],
    wait: Wait::Completion,
    ..ObjectType::namespaced("batch/v1", "Job", "jobs")
};

/// Cron jobs.
pub(super) const CRON_JOB: ObjectType = ObjectType {
    name: "kubernetes_cron_job_v1",
    alias: None,
    fields: &[METADATA, block("spec", CRON_JOB_SPEC).required()],
    timeouts: &[("delete", 60)],
    ..ObjectType::namespaced("batch/v1", "CronJob", "cronjobs")
};

/// Cron jobs under the name that they had before their API was stable. That API is gone; the stable one says the
/// same with the same words.
pub(super) const BETA_CRON_JOB: ObjectType = ObjectType {
    name: "kubernetes_cron_job",
    fields: &[METADATA, block("spec", CRON_JOB_SPEC.split_at(CRON_JOB_SPEC.len() - 1).0).required()],
    is_deprecated: true,
    version: 1,
    ..CRON_JOB
};

const TEMPLATE_META: &[Field] = &[
    text_map("annotations"),
    text("generate_name").replaces(),
    whole("generation").computed(),
    text_map("labels"),
    text("name").or_computed().replaces(),
    text("resource_version").computed(),
    text("uid").computed(),
];

const JOB_SPEC: &[Field] = &[
    whole("active_deadline_seconds"),
    whole("backoff_limit").or_whole(6),
    whole("backoff_limit_per_index").replaces(),
    text("completion_mode").or_computed().replaces().one_of(&["Indexed", "NonIndexed"]),
    whole("completions").or_whole(1).replaces(),
    flag("manual_selector"),
    whole("max_failed_indexes"),
    whole("parallelism").or_whole(1),
    block("pod_failure_policy", &[blocks("rule", FAILURE_RULE).at("rules").required()]).replaces(),
    block("selector", LABEL_SELECTOR).or_computed().replaces(),
    block("template", &[block("metadata", TEMPLATE_META).required(), block("spec", ONCE_SPEC)])
        .required()
        .replaces(),
    text_as("ttl_seconds_after_finished", Codec::Number),
];

const FAILURE_RULE: &[Field] = &[
    text("action"),
    block("on_exit_codes", &[text("container_name"), text("operator"), wholes("values").required()]),
    blocks("on_pod_condition", &[text("status").or_text("True"), text("type")]).at("onPodConditions"),
];

const CRON_JOB_SPEC: &[Field] = &[
    text("concurrency_policy").or_text("Allow").one_of(&["Allow", "Forbid", "Replace"]),
    whole("failed_jobs_history_limit").or_whole(1),
    block("job_template", &[TEMPLATE_METADATA, block("spec", JOB_SPEC).required()]).required().mutable(),
    text("schedule").required(),
    whole("starting_deadline_seconds").or_whole(0),
    whole("successful_jobs_history_limit").or_whole(3),
    flag("suspend").or_flag(false),
    // Last: the type under its old name does not have it.
    text("timezone").at("timeZone"),
];
