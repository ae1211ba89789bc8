//! Where data lies: persistent volumes, classes of storage, drivers.

use super::common::{CLUSTER_METADATA, NAMED_CLUSTER_METADATA, SECRET_REFERENCE};
use super::volume::{
    AWS_ELASTIC_BLOCK_STORE, AZURE_DISK, AZURE_FILE, FC, FLOCKER, GCE_PERSISTENT_DISK, GLUSTERFS, HOST_PATH,
    ISCSI, LOCAL, NFS, PHOTON_PERSISTENT_DISK, QUOBYTE, RBD, VSPHERE_VOLUME,
};
use super::{ObjectType, Wait};
use crate::objects::table::field::{
    Codec, Field, block, blocks, flag, text, text_map, text_map_as, text_set, texts,
};

/// Persistent volumes.
pub(super) const PERSISTENT_VOLUME: ObjectType = ObjectType {
    name: "kubernetes_persistent_volume_v1",
    alias: Some("kubernetes_persistent_volume"),
    fields: &[NAMED_CLUSTER_METADATA, blocks("spec", VOLUME_SPEC).as_object().required()],
    timeouts: &[("create", 300)],
    wait: Wait::Available,
    ..ObjectType::global("v1", "PersistentVolume", "persistentvolumes")
};

const VOLUME_SPEC: &[Field] = &[
    text_set("access_modes").required(),
    text_map_as("capacity", Codec::Quantity).required(),
    CLAIM_REFERENCE.or_computed(),
    text_set("mount_options"),
    NODE_AFFINITY.or_computed(),
    text("persistent_volume_reclaim_policy").or_text("Retain").one_of(&["Recycle", "Delete", "Retain"]),
    block("persistent_volume_source", SOURCE).around().required(),
    text("storage_class_name"),
    text("volume_mode").or_text("Filesystem").replaces().one_of(&["Block", "Filesystem"]),
];

pub(super) const CLAIM_REFERENCE: Field =
    block("claim_ref", &[text("name").required(), text("namespace").or_text("default")]);

pub(super) const NODE_AFFINITY: Field = block(
    "node_affinity",
    &[block("required", &[blocks("node_selector_term", NODE_TERM).at("nodeSelectorTerms").required()])],
);

const NODE_TERM: &[Field] = &[
    blocks("match_expressions", NODE_EXPRESSION).replaces(),
    blocks("match_fields", NODE_EXPRESSION).replaces(),
];

const NODE_EXPRESSION: &[Field] = &[text("key").required(), text("operator").required(), text_set("values")];

pub(super) const SOURCE: &[Field] = &[
    AWS_ELASTIC_BLOCK_STORE,
    AZURE_DISK,
    AZURE_FILE,
    block(
        "ceph_fs",
        &[
            text_set("monitors").required(),
            text("path"),
            flag("read_only"),
            text("secret_file"),
            block("secret_ref", SECRET_REFERENCE),
            text("user"),
        ],
    )
    .at("cephfs"),
    block("cinder", &[text("fs_type"), flag("read_only"), text("volume_id").at("volumeID").required()]),
    block(
        "csi",
        &[
            block("controller_expand_secret_ref", SECRET_REFERENCE),
            block("controller_publish_secret_ref", SECRET_REFERENCE),
            text("driver").required(),
            text("fs_type"),
            block("node_publish_secret_ref", SECRET_REFERENCE),
            block("node_stage_secret_ref", SECRET_REFERENCE),
            flag("read_only"),
            text_map("volume_attributes"),
            text("volume_handle").required(),
        ],
    ),
    FC,
    block(
        "flex_volume",
        &[
            text("driver").required(),
            text("fs_type"),
            text_map("options"),
            flag("read_only"),
            block("secret_ref", SECRET_REFERENCE),
        ],
    ),
    FLOCKER,
    GCE_PERSISTENT_DISK,
    GLUSTERFS,
    HOST_PATH,
    ISCSI,
    LOCAL,
    NFS,
    PHOTON_PERSISTENT_DISK,
    QUOBYTE,
    RBD,
    VSPHERE_VOLUME,
];

/// Classes of storage.
pub(super) const STORAGE_CLASS: ObjectType = ObjectType {
    name: "kubernetes_storage_class_v1",
    alias: Some("kubernetes_storage_class"),
    fields: &[
        flag("allow_volume_expansion").or_flag(true),
        blocks(
            "allowed_topologies",
            &[blocks("match_label_expressions", &[text("key"), text_set("values")])],
        )
        .at_most(1)
        .replaces(),
        CLUSTER_METADATA,
        text_set("mount_options").replaces(),
        text_map("parameters").replaces(),
        text("reclaim_policy").or_text("Delete").one_of(&["Recycle", "Delete", "Retain"]),
        text("storage_provisioner").at("provisioner").required().replaces(),
        text("volume_binding_mode")
            .or_text("Immediate")
            .replaces()
            .one_of(&["Immediate", "WaitForFirstConsumer"]),
    ],
    ..ObjectType::global("storage.k8s.io/v1", "StorageClass", "storageclasses")
};

/// Drivers of storage.
pub(super) const CSI_DRIVER: ObjectType = ObjectType {
    name: "kubernetes_csi_driver_v1",
    alias: Some("kubernetes_csi_driver"),
    fields: &[
        CLUSTER_METADATA,
        block(
            "spec",
            &[
                flag("attach_required").required().replaces(),
                flag("pod_info_on_mount"),
                texts("volume_lifecycle_modes"),
            ],
        ),
    ],
    ..ObjectType::global("storage.k8s.io/v1", "CSIDriver", "csidrivers")
};
