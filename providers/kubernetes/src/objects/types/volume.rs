//! Volumes of pods, and the sources that they share with persistent volumes.

use super::claim;
use super::common::{NAME_ONLY, SECRET_REFERENCE};
use super::container::FIELD_REFERENCE;
use crate::objects::table::field::{
    Codec, Field, block, blocks, flag, quantity, text, text_as, text_map, text_set, whole,
};

/// One volume of a pod.
pub(super) const VOLUME: &[Field] = &[
    AWS_ELASTIC_BLOCK_STORE,
    AZURE_DISK,
    AZURE_FILE,
    block("ceph_fs", &[CEPH_MONITORS, text("path"), READ_ONLY, text("secret_file"), SECRET, text("user")])
        .at("cephfs"),
    block("cinder", &[FS_TYPE, READ_ONLY, text("volume_id").at("volumeID").required()]),
    block("config_map", &[DEFAULT_MODE, blocks("items", KEY_TO_PATH), text("name"), flag("optional")]),
    block(
        "csi",
        &[
            text("driver").required(),
            FS_TYPE,
            block("node_publish_secret_ref", NAME_ONLY),
            READ_ONLY,
            text_map("volume_attributes"),
        ],
    ),
    block("downward_api", &[DEFAULT_MODE, blocks("items", DOWNWARD_ITEM)]).at("downwardAPI"),
    block("empty_dir", &[text("medium").or_text("").one_of(MEDIA), quantity("size_limit")]),
    block("ephemeral", &[block("volume_claim_template", CLAIM_TEMPLATE).required()]),
    FC,
    block("flex_volume", &[text("driver").required(), FS_TYPE, text_map("options"), READ_ONLY, SECRET]),
    FLOCKER,
    GCE_PERSISTENT_DISK,
    block("git_repo", &[text("directory"), text("repository"), text("revision")]),
    GLUSTERFS,
    HOST_PATH,
    ISCSI,
    LOCAL,
    text("name"),
    NFS,
    block("persistent_volume_claim", &[text("claim_name"), flag("read_only").or_flag(false)]),
    PHOTON_PERSISTENT_DISK,
    blocks("projected", &[DEFAULT_MODE, blocks("sources", PROJECTION).required()]).as_object(),
    QUOBYTE,
    RBD,
    block("secret", &[DEFAULT_MODE, blocks("items", KEY_TO_PATH), flag("optional"), text("secret_name")]),
    VSPHERE_VOLUME,
];

const MEDIA: &[&str] = &["", "Memory", "HugePages", "HugePages-2Mi", "HugePages-1Gi"];

const FS_TYPE: Field = text("fs_type");
const READ_ONLY: Field = flag("read_only");
const SECRET: Field = block("secret_ref", SECRET_REFERENCE);
const CEPH_MONITORS: Field = text_set("monitors").required();
const DEFAULT_MODE: Field = text_as("default_mode", Codec::Octal).or_text("0644");
const KEY_TO_PATH: &[Field] = &[text("key"), text_as("mode", Codec::Octal), text("path")];

const DOWNWARD_ITEM: &[Field] = &[
    block("field_ref", FIELD_REFERENCE).required(),
    text_as("mode", Codec::Octal),
    text("path").required(),
    RESOURCE_FIELD,
];

const RESOURCE_FIELD: Field = block(
    "resource_field_ref",
    &[text("container_name").required(), quantity("divisor").or_text("1"), text("resource").required()],
);

const CLAIM_TEMPLATE: &[Field] = &[
    block("metadata", &[text_map("annotations"), text_map("labels")]),
    block("spec", claim::SPEC).required(),
];

const PROJECTION: &[Field] = &[
    blocks("config_map", PROJECTED_KEYS).as_object(),
    block(
        "downward_api",
        &[blocks(
            "items",
            &[
                block("field_ref", FIELD_REFERENCE),
                text_as("mode", Codec::Octal),
                text("path").required(),
                RESOURCE_FIELD,
            ],
        )],
    )
    .at("downwardAPI"),
    blocks("secret", PROJECTED_KEYS).as_object(),
    block(
        "service_account_token",
        &[text("audience"), whole("expiration_seconds").or_whole(3600), text("path").required()],
    ),
];

const PROJECTED_KEYS: &[Field] = &[blocks("items", KEY_TO_PATH), text("name"), flag("optional")];

/// A disk of AWS.
pub(super) const AWS_ELASTIC_BLOCK_STORE: Field = block(
    "aws_elastic_block_store",
    &[FS_TYPE, whole("partition"), READ_ONLY, text("volume_id").at("volumeID").required()],
)
.at("awsElasticBlockStore");

/// A disk of Azure.
pub(super) const AZURE_DISK: Field = block(
    "azure_disk",
    &[
        text("caching_mode").required(),
        text("data_disk_uri").at("diskURI").required(),
        text("disk_name").required(),
        FS_TYPE,
        text("kind").or_computed(),
        flag("read_only").or_flag(false),
    ],
);

/// A file share of Azure.
pub(super) const AZURE_FILE: Field = block(
    "azure_file",
    &[
        READ_ONLY,
        text("secret_name").required(),
        text("secret_namespace").replaces(),
        text("share_name").required(),
    ],
);

/// A disk on a Fibre Channel.
pub(super) const FC: Field = block(
    "fc",
    &[FS_TYPE, whole("lun").required(), READ_ONLY, text_set("target_ww_ns").at("targetWWNs").required()],
);

/// A volume of Flocker.
pub(super) const FLOCKER: Field =
    block("flocker", &[text("dataset_name"), text("dataset_uuid").at("datasetUUID")]);

/// A disk of Google's cloud.
pub(super) const GCE_PERSISTENT_DISK: Field =
    block("gce_persistent_disk", &[FS_TYPE, whole("partition"), text("pd_name").required(), READ_ONLY]);

/// A volume of GlusterFS.
pub(super) const GLUSTERFS: Field = block(
    "glusterfs",
    &[text("endpoints_name").at("endpoints").required(), text("path").required(), READ_ONLY],
);

/// A file or folder of the node.
pub(super) const HOST_PATH: Field = block(
    "host_path",
    &[
        text("path"),
        text("type").one_of(&[
            "",
            "DirectoryOrCreate",
            "Directory",
            "FileOrCreate",
            "File",
            "Socket",
            "CharDevice",
            "BlockDevice",
        ]),
    ],
);

/// A disk on iSCSI.
pub(super) const ISCSI: Field = block(
    "iscsi",
    &[
        FS_TYPE,
        text("iqn").required(),
        text("iscsi_interface").or_text("default"),
        whole("lun"),
        READ_ONLY,
        text("target_portal").required(),
    ],
);

/// A disk or folder of one node.
pub(super) const LOCAL: Field = block("local", &[text("path")]);

/// A network file system.
pub(super) const NFS: Field = block("nfs", &[text("path").required(), READ_ONLY, text("server").required()]);

/// A disk of Photon.
pub(super) const PHOTON_PERSISTENT_DISK: Field =
    block("photon_persistent_disk", &[FS_TYPE, text("pd_id").at("pdID").required()]);

/// A volume of Quobyte.
pub(super) const QUOBYTE: Field = block(
    "quobyte",
    &[text("group"), READ_ONLY, text("registry").required(), text("user"), text("volume").required()],
);

/// A block device of Ceph.
pub(super) const RBD: Field = block(
    "rbd",
    &[
        text_set("ceph_monitors").at("monitors").required(),
        FS_TYPE,
        text("keyring").or_computed(),
        text("rados_user").at("user").or_text("admin"),
        text("rbd_image").at("image").required(),
        text("rbd_pool").at("pool").or_text("rbd"),
        flag("read_only").or_flag(false),
        SECRET,
    ],
);

/// A disk of vSphere.
pub(super) const VSPHERE_VOLUME: Field = block("vsphere_volume", &[FS_TYPE, text("volume_path").required()]);
