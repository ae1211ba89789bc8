//! What extends the API: webhooks, API services, runtime classes.

use super::ObjectType;
use super::common::{CLUSTER_METADATA, LABEL_SELECTOR};
use crate::objects::table::field::{Codec, Field, block, blocks, flag, text, text_as, texts, whole};

/// Webhooks that refuse objects.
pub(super) const VALIDATING_WEBHOOKS: ObjectType = ObjectType {
    name: "kubernetes_validating_webhook_configuration_v1",
    alias: Some("kubernetes_validating_webhook_configuration"),
    fields: &[CLUSTER_METADATA, blocks("webhook", VALIDATING_WEBHOOK).at("webhooks").required()],
    ..ObjectType::global(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
    )
};

/// Webhooks that change objects.
pub(super) const MUTATING_WEBHOOKS: ObjectType = ObjectType {
    name: "kubernetes_mutating_webhook_configuration_v1",
    alias: Some("kubernetes_mutating_webhook_configuration"),
    fields: &[CLUSTER_METADATA, blocks("webhook", MUTATING_WEBHOOK).at("webhooks").required()],
    ..ObjectType::global(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
    )
};

macro_rules! webhook {
    ($($more:expr,)*) => {
        &[
            texts("admission_review_versions"),
            block("client_config", CLIENT_CONFIG).required(),
            text("failure_policy").or_text("Fail").one_of(&["Fail", "Ignore"]),
            text("match_policy").or_text("Equivalent").one_of(&["Equivalent", "Exact"]),
            text("name").required(),
            block("namespace_selector", LABEL_SELECTOR).empty_is_none(),
            block("object_selector", LABEL_SELECTOR).empty_is_none(),
            $($more,)*
            blocks("rule", RULE).at("rules"),
            text("side_effects").one_of(&["Unknown", "None", "Some", "NoneOnDryRun"]),
            whole("timeout_seconds").or_whole(10),
        ]
    };
}

const VALIDATING_WEBHOOK: &[Field] = webhook!();
pub(super) const MUTATING_WEBHOOK: &[Field] =
    webhook!(text("reinvocation_policy").or_text("Never").one_of(&["Never", "IfNeeded"]),);

const CLIENT_CONFIG: &[Field] = &[
    text_as("ca_bundle", Codec::Bytes),
    block(
        "service",
        &[text("name").required(), text("namespace").required(), text("path"), whole("port").or_whole(443)],
    ),
    text("url"),
];

const RULE: &[Field] = &[
    texts("api_groups").required(),
    texts("api_versions").required(),
    texts("operations").required(),
    texts("resources").required(),
    text("scope").or_text("*"),
];

/// APIs that other servers serve.
pub(super) const API_SERVICE: ObjectType = ObjectType {
    name: "kubernetes_api_service_v1",
    alias: Some("kubernetes_api_service"),
    fields: &[
        CLUSTER_METADATA,
        block(
            "spec",
            &[
                text_as("ca_bundle", Codec::Bytes),
                text("group").required(),
                whole("group_priority_minimum").required(),
                flag("insecure_skip_tls_verify").at("insecureSkipTLSVerify").or_flag(false),
                block(
                    "service",
                    &[text("name").required(), text("namespace").required(), whole("port").or_whole(443)],
                )
                .replaces(),
                text("version").required(),
                whole("version_priority").required(),
            ],
        )
        .required(),
    ],
    ..ObjectType::global("apiregistration.k8s.io/v1", "APIService", "apiservices")
};

/// Classes of container runtimes.
pub(super) const RUNTIME_CLASS: ObjectType = ObjectType {
    name: "kubernetes_runtime_class_v1",
    alias: None,
    fields: &[text("handler").required().replaces(), CLUSTER_METADATA],
    ..ObjectType::global("node.k8s.io/v1", "RuntimeClass", "runtimeclasses")
};
