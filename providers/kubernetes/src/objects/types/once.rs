//! What is asked of the cluster once, and kept.

use super::common::{CLUSTER_METADATA, RBAC_METADATA};
use crate::objects::table::field::{Codec, Field, block, flag, text, text_as, text_set, texts, whole};

/// Tokens of service accounts.
pub(crate) const TOKEN_FIELDS: &[Field] = &[
    RBAC_METADATA,
    block(
        "spec",
        &[
            texts("audiences").or_computed().replaces(),
            block(
                "bound_object_ref",
                &[
                    text("api_version").replaces(),
                    text("kind").replaces(),
                    text("name").replaces(),
                    text("uid").replaces(),
                ],
            )
            .replaces(),
            whole("expiration_seconds").or_computed().replaces(),
        ],
    )
    .replaces(),
    text("token").computed().sensitive().nowhere(),
];

/// Signatures under certificates.
pub(crate) const CERTIFICATE_FIELDS: &[Field] = &[
    CLUSTER_METADATA,
    flag("auto_approve").or_flag(true).nowhere().replaces(),
    text("certificate").computed().nowhere(),
    block(
        "spec",
        &[
            whole("expiration_seconds").replaces(),
            text_as("request", Codec::Bytes).required().replaces(),
            text("signer_name").required().replaces(),
            text_set("usages").replaces(),
        ],
    )
    .required()
    .replaces(),
];
