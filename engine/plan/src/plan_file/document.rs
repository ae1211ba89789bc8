//! The document inside of a plan file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::actions::InvocationDocument;

/// A plan file's content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanDocument {
    pub(super) terrane_version: String,
    pub(super) workspace: String,
    pub(super) mode: PlanModeDocument,
    pub(super) timestamp: String,
    pub(super) errored: bool,
    pub(super) files: BTreeMap<String, String>,
    pub(super) modules: BTreeMap<String, (String, Option<String>)>,
    pub(super) given: BTreeMap<String, ValueDocument>,
    pub(super) variables: BTreeMap<String, ValueDocument>,
    pub(super) ephemeral_variables: Vec<String>,
    pub(super) targets: Vec<String>,
    pub(super) excludes: Vec<String>,
    pub(super) force_replace: Vec<String>,
    pub(super) previous_state: String,
    pub(super) prior_state: String,
    pub(super) resource_changes: Vec<ResourceChangeDocument>,
    pub(super) resource_drift: Vec<ResourceChangeDocument>,
    pub(super) output_changes: BTreeMap<String, OutputChangeDocument>,
    /// A state that holds nothing but the results.
    pub(super) checks: String,
    pub(super) relevant_attributes: Vec<(String, Vec<StepDocument>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) falling: Vec<(usize, usize)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) applied_after: Vec<(usize, usize)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) destroyed_after: Vec<(usize, usize)>,
    pub(super) action_invocations: Vec<InvocationDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) invoke: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum PlanModeDocument {
    Normal,
    Destroy,
    RefreshOnly,
}

/// A value: Base64 of MessagePack with its type, and the paths of its sensitive parts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueDocument {
    pub(super) value: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sensitive: Vec<Vec<StepDocument>>,
}

/// A step of a path.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum StepDocument {
    #[serde(rename = "a")]
    Attribute(String),
    #[serde(rename = "i")]
    Position(usize),
    #[serde(rename = "k")]
    Key(String),
    #[serde(rename = "e")]
    Element(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeDocument {
    pub(super) action: String,
    pub(super) before: ValueDocument,
    pub(super) after: ValueDocument,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceChangeDocument {
    pub(super) address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) previous_address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deposed: Option<String>,
    pub(super) provider_config: String,
    pub(super) change: ChangeDocument,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) required_replace: Vec<Vec<StepDocument>>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) private: String,
    pub(super) schema_version: i64,
    #[serde(default)]
    pub(super) create_before_destroy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) importing: Option<ImportDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) generated_config: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<ValueDocument>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ImportDocument {
    Id(String),
    Identity(ValueDocument),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputChangeDocument {
    pub(super) change: ChangeDocument,
    pub(super) sensitive: bool,
}
