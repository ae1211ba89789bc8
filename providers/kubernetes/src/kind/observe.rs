//! A cluster as it is: its containers, and what its API server says about them.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;

use super::cluster_api::ClusterApi;
use super::config::Role;
use super::create::{access, published_in};
use super::error::ClusterError;
use super::join::ADMIN_CONF_PATH;
use super::kubeadm_config::CONTROL_PLANE_TAINT;
use super::kubeconfig::Access;
use super::names::{LOAD_BALANCER_ROLE, ROLE_LABEL, cluster_filter, ordinal};
use crate::docker::{ContainerFacts, Engine, NetworkFacts};

/// How often, and with which pauses, an API server is asked that should be there.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// A cluster as it is.
#[derive(Debug)]
pub(crate) struct Observed {
    /// The nodes' containers: control planes, then workers, each in the order of their making.
    pub(crate) nodes: Vec<ObservedNode>,
    /// The container in front of several control planes.
    pub(crate) load_balancer: Option<ContainerFacts>,
    /// Access, once the first control plane has been initialised.
    pub(crate) access: Option<Access>,
    /// The network that the containers are in.
    pub(crate) network: Option<NetworkFacts>,
    /// The nodes that have joined; nothing when the API server does not answer.
    pub(crate) registered: Option<Vec<Node>>,
    /// Whether pod network and storage class have been installed; the class comes last.
    pub(crate) has_addons: bool,
}

/// A node's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObservedNode {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) image: String,
    pub(crate) running: bool,
}

impl Observed {
    /// Returns the container at which all nodes reach the API server.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        let first = self
            .nodes
            .iter()
            .filter(|node| node.role == Role::ControlPlane)
            .map(|node| node.name.as_str())
            .min();
        self.load_balancer.as_ref().map(|container| container.name.as_str()).or(first)
    }

    /// Tells whether a node has joined.
    pub(crate) fn is_registered(&self, name: &str) -> bool {
        self.registered.iter().flatten().any(|node| node.metadata.name.as_deref() == Some(name))
    }

    /// Tells whether everything that belongs to the cluster is there and at work.
    pub(crate) fn is_complete(&self) -> bool {
        let control_planes = self.nodes.iter().filter(|node| node.role == Role::ControlPlane).count();
        let single_is_open = self.nodes.len() != 1 || !self.registered.iter().flatten().any(is_closed);
        self.nodes.iter().all(|node| node.running && self.is_registered(&node.name))
            && self.load_balancer.as_ref().map_or(control_planes == 1, |container| container.running)
            && self.has_addons
            && single_is_open
    }
}

fn is_closed(node: &Node) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    taints.into_iter().flatten().any(|taint| taint.key == CONTROL_PLANE_TAINT)
}

/// Lists a cluster's nodes and its load balancer.
pub(crate) async fn list_cluster(
    engine: &Engine,
    cluster: &str,
) -> Result<(Vec<ObservedNode>, Option<ContainerFacts>), ClusterError> {
    let mut nodes = Vec::new();
    let mut load_balancer = None;
    for container in engine.list_containers(Some(&cluster_filter(cluster))).await? {
        match container.labels.get(ROLE_LABEL).map(String::as_str) {
            Some(LOAD_BALANCER_ROLE) => load_balancer = Some(container),
            Some(role) => {
                let Some(role) = Role::from_name(role) else { continue };
                let ContainerFacts { name, image, running, .. } = container;
                nodes.push(ObservedNode { name, role, image, running });
            }
            None => {}
        }
    }
    nodes.sort_by(|a, b| (a.role, ordinal(&a.name), &a.name).cmp(&(b.role, ordinal(&b.name), &b.name)));
    Ok((nodes, load_balancer))
}

/// Looks at a cluster; nothing when it has no container.
///
/// A removal that somebody has asked for, perhaps a run that was killed, may still be under way: what is listed may be gone
/// a moment later.
pub(crate) async fn observe(engine: &Engine, cluster: &str) -> Result<Option<Observed>, ClusterError> {
    for _ in 1..ATTEMPTS {
        match look(engine, cluster).await {
            Err(ClusterError::Docker(error)) if error.is_not_found() => tokio::time::sleep(PAUSE).await,
            observed => return observed,
        }
    }
    look(engine, cluster).await
}

async fn look(engine: &Engine, cluster: &str) -> Result<Option<Observed>, ClusterError> {
    let (nodes, load_balancer) = list_cluster(engine, cluster).await?;
    if nodes.is_empty() && load_balancer.is_none() {
        return Ok(None);
    }
    let mut observed =
        Observed { nodes, load_balancer, access: None, network: None, registered: None, has_addons: false };
    let Some(entrance) = observed.endpoint() else { return Ok(Some(observed)) };
    let inspected = engine.inspect_container(entrance).await?;
    let url = published_in(&inspected);
    let network = inspected.host_config.and_then(|host| host.network_mode);
    if let Some(network) = network {
        observed.network = engine.network_facts(&network).await?;
    }
    if let (Some(url), Some(admin_conf)) = (url, read_admin_conf(engine, &observed).await?) {
        let access = access(&admin_conf, cluster, &url)?;
        let api = ClusterApi::connect(&access).await?;
        let everything_runs = observed.nodes.iter().all(|node| node.running)
            && observed.load_balancer.as_ref().is_none_or(|container| container.running);
        (observed.registered, observed.has_addons) =
            ask(&api, if everything_runs { ATTEMPTS } else { 1 }).await;
        // An API server that runs and knows no node has not been initialised to the end.
        let initialised = observed.registered.as_ref().map_or(!everything_runs, |nodes| !nodes.is_empty());
        observed.access = initialised.then_some(access);
    }
    Ok(Some(observed))
}

/// Any control plane has the file; containers that do not run can be read too.
async fn read_admin_conf(engine: &Engine, observed: &Observed) -> Result<Option<String>, ClusterError> {
    for node in observed.nodes.iter().filter(|node| node.role == Role::ControlPlane) {
        if let Some(content) =
            engine.read_file(&node.name, ADMIN_CONF_PATH).await?.filter(|file| !file.is_empty())
        {
            return Ok(Some(String::from_utf8_lossy(&content).into_owned()));
        }
    }
    Ok(None)
}

/// Asks an API server for its nodes, which may take a moment after a start of the machine.
async fn ask(api: &ClusterApi, attempts: u32) -> (Option<Vec<Node>>, bool) {
    for attempt in 0..attempts {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        if let (Ok(nodes), Ok(has_addons)) = tokio::join!(api.nodes(), api.has_storage_class()) {
            return (Some(nodes), has_addons);
        }
    }
    (None, false)
}
