//! What becomes of a cluster when its configuration changes: which changes Kubernetes permits in place, and
//! which need a new cluster. Pure; nothing here talks to Docker.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use terrane_model::{AttributePath, Value};
use terrane_provider::{PlanRequest, Private};

use super::config::{
    ClusterConfig, DEFAULT_NODE_IMAGE, NodeConfig, Role, boolean, first_block, text, written_image,
};
use super::names::{NamedNode, named_nodes};
use super::values::with_attributes;

/// What the provider keeps beside a cluster's state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// Whether the cluster was imported, so that parts of its configuration are not known.
    pub(crate) imported: bool,
    /// Whether `node_image` was written, and thus is every node's image.
    pub(crate) image_was_written: Option<bool>,
    /// The names of the nodes in the state's order, where some of the first have gone.
    pub(crate) names: Vec<String>,
}

impl Memory {
    /// Reads what was kept; what cannot be read counts as nothing.
    pub(crate) fn from_private(private: &Private) -> Self {
        serde_json::from_slice(private).unwrap_or_default()
    }

    /// Writes what is to be kept.
    pub(crate) fn to_private(&self) -> Private {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A cluster as the state has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prior {
    pub(crate) config: ClusterConfig,
    /// The nodes by the names that they really have.
    pub(crate) nodes: BTreeMap<String, NodeConfig>,
    pub(crate) imported: bool,
}

impl Prior {
    /// Reads the state.
    pub(crate) fn new(state: &Value, memory: &Memory, image_is_written: bool) -> Self {
        let image = text(state, "node_image");
        let overrides = memory.image_was_written.unwrap_or(image_is_written);
        let config = ClusterConfig::from_value(state, overrides.then_some(&image), &image);
        let names: Vec<String> = named_nodes(&config).into_iter().map(|node| node.name).collect();
        let names = if memory.names.len() == names.len() { memory.names.clone() } else { names };
        let nodes = names.into_iter().zip(config.nodes.iter().cloned()).collect();
        Self { config, nodes, imported: memory.imported }
    }
}

/// The cluster that a plan describes.
pub(crate) fn desired(planned: &Value, config: &Value) -> ClusterConfig {
    ClusterConfig::from_value(planned, written_image(config), &text(planned, "node_image"))
}

/// What has to be done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NodeChange {
    /// Nothing.
    Keep,
    /// Its labels or taints change.
    Relabel,
    /// Its container is made anew.
    Recreate,
}

/// Compares a node with what it shall be.
pub(crate) fn node_change(prior: &NodeConfig, desired: &NodeConfig, imported: bool) -> NodeChange {
    let mut prior = prior.clone();
    if imported {
        prior.kubeadm_config_patches.clone_from(&desired.kubeadm_config_patches);
    }
    if prior == *desired {
        return NodeChange::Keep;
    }
    prior.labels.clone_from(&desired.labels);
    prior.taints.clone_from(&desired.taints);
    if prior == *desired { NodeChange::Relabel } else { NodeChange::Recreate }
}

/// A planned cluster.
pub(crate) struct PlannedCluster {
    pub(crate) state: Value,
    pub(crate) replace: Vec<AttributePath>,
    pub(crate) memory: Memory,
}

/// Plans a cluster that is created or changed.
pub(crate) fn plan_cluster(request: &PlanRequest, working_directory: &Path) -> PlannedCluster {
    let config = &request.config;
    let mut planned = request.proposed_new_state.clone();
    let is_create = request.prior_state.is_null();
    let image_is_written = config.get("node_image").is_some_and(|image| !image.is_null());
    let mut set = |name: &str, value: Value| planned = with_attributes(&planned, &[(name, value)]);
    let is_open = |name: &str| config.get(name).is_none_or(Value::is_null);
    let name = config.attribute("name");
    if is_open("node_image") && (is_create || text(&request.prior_state, "node_image").is_empty()) {
        set("node_image", Value::from(DEFAULT_NODE_IMAGE));
    }
    let path = text(&request.prior_state, "kubeconfig_path");
    if is_open("kubeconfig_path") && path.is_empty() {
        set(
            "kubeconfig_path",
            match name.as_str() {
                Some(name) => {
                    Value::from(working_directory.join(format!("{name}-config")).display().to_string())
                }
                None => Value::unknown_not_null(terrane_model::Type::String),
            },
        );
    }
    let memory = Memory::from_private(&request.prior_private);
    let replace = if is_create {
        Vec::new()
    } else {
        let prior = Prior::new(&request.prior_state, &memory, image_is_written);
        replacements(request, &prior, &planned)
    };
    let state = decide_computed(request, &planned);
    let changes = is_create || state != request.prior_state;
    // The memory is that of what will have been applied.
    let memory = if changes {
        Memory { imported: false, image_was_written: Some(image_is_written), names: memory.names }
    } else {
        memory
    };
    PlannedCluster { state, replace, memory }
}

/// Fills in what the provider decides: known where it can be known.
fn decide_computed(request: &PlanRequest, planned: &Value) -> Value {
    let prior = &request.prior_state;
    let written_id = request.config.get("id").filter(|id| !id.is_null());
    let unchanged = |name: &str| !prior.is_null() && prior.attribute(name) == planned.attribute(name);
    let mut planned = planned.clone();
    let mut set = |name: &str, value: Value| planned = with_attributes(&planned, &[(name, value)]);
    if written_id.is_none() && (prior.is_null() || prior.attribute("id").is_null()) {
        let (name, image) = (request.config.attribute("name"), planned_image(request));
        set(
            "id",
            match (name.as_str(), image.as_str()) {
                (Some(name), Some(image)) => Value::from(format!("{name}-{image}")),
                _ => Value::unknown_not_null(terrane_model::Type::String),
            },
        );
    }
    set("completed", Value::from(true));
    let networking = first_block(&first_block(&request.config, "kind_config"), "networking");
    let docker_chooses =
        networking.get("api_server_port").and_then(Value::as_number).and_then(|port| port.to_i64())
            == Some(-1);
    let repairs = !prior.is_null() && !boolean(prior, "completed");
    let moves = docker_chooses && repairs;
    for name in
        ["client_certificate", "client_key", "cluster_ca_certificate", "endpoint", "kubeconfig", "network"]
    {
        let ty = request.proposed_new_state.attribute(name).ty();
        let moved = moves && matches!(name, "endpoint" | "kubeconfig");
        if prior.is_null() || prior.attribute(name).is_null() || moved {
            set(name, Value::unknown_not_null(ty));
        } else if !unchanged(name) {
            set(name, prior.attribute(name));
        }
    }
    if prior.is_null()
        && let Some(endpoint) = known_endpoint(&request.config)
    {
        set("endpoint", Value::from(endpoint));
    }
    planned
}

fn planned_image(request: &PlanRequest) -> Value {
    match request.config.get("node_image") {
        Some(image) if !image.is_null() => image.clone(),
        _ => Value::from(DEFAULT_NODE_IMAGE),
    }
}

/// Returns the API server's URL where its port is fixed, so that it is known before the cluster is there.
fn known_endpoint(config: &Value) -> Option<String> {
    if !config.attribute("kind_config").is_wholly_known() {
        return None;
    }
    let networking = ClusterConfig::from_value(config, None, "").networking;
    let port = u16::try_from(networking.api_server_port).ok().filter(|port| *port > 0)?;
    let address = networking.api_server_address;
    Some(if address.contains(':') {
        format!("https://[{address}]:{port}")
    } else {
        format!("https://{address}:{port}")
    })
}

/// Returns the parts whose change Kubernetes does not permit in a running cluster.
fn replacements(request: &PlanRequest, prior: &Prior, planned: &Value) -> Vec<AttributePath> {
    let root = AttributePath::root();
    let mut paths = Vec::new();
    if prior.config.name != text(planned, "name") {
        paths.push(root.attribute("name"));
    }
    let block = root.attribute("kind_config").position(0);
    let desired = desired(planned, &request.config);
    let written = first_block(planned, "kind_config");
    let is_unknown = |name: &str| written.get(name).is_some_and(|part| !part.is_wholly_known());
    let (mut old, new) = (prior.config.clone(), &desired);
    if prior.imported {
        forget_unreadable(&mut old, new);
    }
    let changes = [
        ("networking", old.networking != new.networking),
        ("feature_gates", old.feature_gates != new.feature_gates),
        ("runtime_config", old.runtime_config != new.runtime_config),
        ("kubeadm_config_patches", old.kubeadm_config_patches != new.kubeadm_config_patches),
        ("containerd_config_patches", old.containerd_config_patches != new.containerd_config_patches),
    ];
    let changed: Vec<&str> = changes
        .iter()
        .filter(|(name, changed)| *changed || is_unknown(name))
        .map(|(name, _)| *name)
        .collect();
    paths.extend(changed.iter().map(|name| block.attribute(*name)));
    if nodes_need_new_cluster(prior, &desired) {
        paths.push(block.attribute("node"));
        paths.push(root.attribute("node_image"));
    }
    if !paths.is_empty() {
        // A block that comes or goes changes as a whole.
        paths.push(root.attribute("kind_config"));
    }
    paths
}

/// What an import cannot read counts as what it shall be.
fn forget_unreadable(old: &mut ClusterConfig, new: &ClusterConfig) {
    old.networking.disable_default_cni = new.networking.disable_default_cni;
    old.networking.dns_search.clone_from(&new.networking.dns_search);
    if new.networking.api_server_port <= 0 {
        old.networking.api_server_port = new.networking.api_server_port;
    }
    old.kubeadm_config_patches.clone_from(&new.kubeadm_config_patches);
    old.containerd_config_patches.clone_from(&new.containerd_config_patches);
}

/// Control planes come and go only behind a load balancer, and never all of them.
fn nodes_need_new_cluster(prior: &Prior, desired: &ClusterConfig) -> bool {
    let is_control_plane = |node: &&NodeConfig| node.role == Role::ControlPlane;
    let before = prior.nodes.values().filter(is_control_plane).count();
    let after = desired.count(Role::ControlPlane);
    if (before > 1) != (after > 1) || before == 0 {
        return true;
    }
    let named: Vec<NamedNode> = named_nodes(desired);
    let mut kept = 0;
    for node in named.iter().filter(|node| node.config.role == Role::ControlPlane) {
        let Some(old) = prior.nodes.get(&node.name) else { continue };
        let change = node_change(old, &node.config, prior.imported);
        if change == NodeChange::Recreate && (after == 1 || old.image != node.config.image) {
            return true;
        }
        kept += usize::from(change != NodeChange::Recreate);
    }
    kept == 0
}
