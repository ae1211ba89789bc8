//! Blocks that many types share: metadata, selectors, references.

use terrane_model::Value;

use crate::objects::names;
use crate::objects::table::field::{Field, block, blocks, text, text_map, text_set, whole};

const ANNOTATIONS: Field = text_map("annotations").checked(annotations);
const LABELS: Field = text_map("labels").checked(labels);
const NAME: Field = text("name").or_computed().replaces();
const GENERATE_NAME: Field = text("generate_name").replaces();
const GENERATION: Field = whole("generation").computed();
const RESOURCE_VERSION: Field = text("resource_version").computed();
const UID: Field = text("uid").computed();

/// Metadata of an object in a namespace.
pub(super) const METADATA: Field = block(
    "metadata",
    &[
        ANNOTATIONS,
        GENERATE_NAME,
        GENERATION,
        LABELS,
        NAME.checked(name),
        text("namespace").or_text("default").replaces(),
        RESOURCE_VERSION,
        UID,
    ],
)
.required();

/// Metadata of an object in a namespace whose name may hold what paths may hold.
pub(super) const RBAC_METADATA: Field = block(
    "metadata",
    &[
        ANNOTATIONS,
        GENERATE_NAME,
        GENERATION,
        LABELS,
        NAME,
        text("namespace").or_text("default").replaces(),
        RESOURCE_VERSION,
        UID,
    ],
)
.required();

/// Metadata of a job, whose labels the cluster adds to.
pub(super) const JOB_METADATA: Field = block(
    "metadata",
    &[
        ANNOTATIONS,
        GENERATE_NAME,
        GENERATION,
        text_map("labels").or_computed().checked(labels),
        NAME.checked(name),
        text("namespace").or_text("default").replaces(),
        RESOURCE_VERSION,
        UID,
    ],
)
.required();

/// Metadata of an object that belongs to the cluster as a whole.
pub(super) const CLUSTER_METADATA: Field = block(
    "metadata",
    &[ANNOTATIONS, GENERATE_NAME, GENERATION, LABELS, NAME.checked(name), RESOURCE_VERSION, UID],
)
.required();

/// Metadata of an object that belongs to the cluster as a whole and whose name may hold what paths may hold.
pub(super) const CLUSTER_RBAC_METADATA: Field =
    block("metadata", &[ANNOTATIONS, GENERATE_NAME, GENERATION, LABELS, NAME, RESOURCE_VERSION, UID])
        .required();

/// Metadata of an object that belongs to the cluster as a whole and whose name the server cannot make.
pub(super) const NAMED_CLUSTER_METADATA: Field =
    block("metadata", &[ANNOTATIONS, GENERATION, LABELS, NAME.checked(name), RESOURCE_VERSION, UID])
        .required();

/// Metadata of a template inside an object.
pub(super) const TEMPLATE_METADATA: Field = block(
    "metadata",
    &[
        ANNOTATIONS,
        GENERATE_NAME,
        GENERATION,
        LABELS,
        NAME.checked(name),
        text("namespace").replaces(),
        RESOURCE_VERSION,
        UID,
    ],
)
.required();

/// What selects objects by their labels.
pub(super) const LABEL_SELECTOR: &[Field] = &[
    blocks("match_expressions", &[text("key"), text("operator"), text_set("values")]),
    text_map("match_labels"),
];

/// Where an object refers to another by name alone.
pub(super) const NAME_ONLY: &[Field] = &[text("name")];

/// Where an object refers to another by a name that must be there.
pub(super) const REQUIRED_NAME: &[Field] = &[text("name").required()];

/// Where an object refers to a secret of any namespace.
pub(super) const SECRET_REFERENCE: &[Field] = &[text("name"), text("namespace").or_computed()];

fn name(value: &Value) -> Option<String> {
    names::objection_to_name(value.as_str()?)
}

fn labels(value: &Value) -> Option<String> {
    value.as_entries()?.iter().find_map(|(key, text)| {
        names::objection_to_key(key).or_else(|| names::objection_to_label_value(key, text.as_str()?))
    })
}

fn annotations(value: &Value) -> Option<String> {
    value.as_entries()?.iter().find_map(|(key, _)| names::objection_to_key(key))
}
