//! Claims of storage, alone and as templates inside other objects.

use super::common::METADATA;
use crate::objects::table::field::{Codec, Field, block, flag, text, text_map_as, text_set};
use crate::objects::types::common::LABEL_SELECTOR;
use crate::objects::types::{ObjectType, Wait};

/// Claims of storage.
pub(super) const PERSISTENT_VOLUME_CLAIM: ObjectType = ObjectType {
    name: "kubernetes_persistent_volume_claim_v1",
    alias: Some("kubernetes_persistent_volume_claim"),
    fields: &[METADATA, block("spec", SPEC).required(), flag("wait_until_bound").or_flag(true).nowhere()],
    timeouts: &[("create", 300)],
    wait: Wait::Bound,
    ..ObjectType::namespaced("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
};

/// What is claimed.
pub(super) const SPEC: &[Field] = &[
    text_set("access_modes").required().replaces(),
    block(
        "resources",
        &[text_map_as("limits", Codec::Quantity).replaces(), text_map_as("requests", Codec::Quantity)],
    )
    .required(),
    block("selector", LABEL_SELECTOR).replaces(),
    text("storage_class_name").or_computed().replaces(),
    text("volume_mode").or_computed().replaces().one_of(&["Block", "Filesystem"]),
    text("volume_name").or_computed().replaces(),
];
