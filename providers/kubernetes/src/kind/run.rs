//! A cluster while something is done to it: what every step needs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use terrane_provider::{Progress, ProgressUpdate};
use tokio::time::timeout;

use super::config::{ClusterConfig, IpFamily, Role};
use super::container_config::{ContainerContext, node_container};
use super::error::ClusterError;
use super::kubeadm_config::{KUBEADM_CONFIG_PATH, NodeFacts, enlist_config, kubeadm_config};
use super::names::{NamedNode, load_balancer_name, named_nodes};
use super::patches::merge_toml;
use super::ports::{HeldPorts, Publication, node_mappings};
use super::together::TOGETHER_CONFIG_PATH;
use super::version::Version;
use crate::docker::{ArchiveEntry, Command, Engine, EngineFacts, NetworkFacts, Output, plain_lines};

/// The longest that a node may take to come up.
const BOOT_PATIENCE: Duration = Duration::from_secs(180);

/// How many lines of a failed command's output are shown.
const OUTPUT_LINES: usize = 25;

/// Where containerd's configuration lies in a node.
const CONTAINERD_CONFIG_PATH: &str = "/etc/containerd/config.toml";

/// The addresses of a node in the cluster's network; empty where it has none of a family.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    pub(crate) ipv4: String,
    pub(crate) ipv6: String,
}

impl Addresses {
    /// Returns the addresses that a cluster uses, the one of its first family first.
    pub(crate) fn of(&self, cluster: &ClusterConfig) -> Vec<&str> {
        let services_start_with_ipv6 =
            cluster.networking.service_subnet.split(',').next().is_some_and(|subnet| subnet.contains(':'));
        match cluster.networking.ip_family {
            IpFamily::Ipv4 => vec![&self.ipv4],
            IpFamily::Ipv6 => vec![&self.ipv6],
            IpFamily::Dual if services_start_with_ipv6 => vec![&self.ipv6, &self.ipv4],
            IpFamily::Dual => vec![&self.ipv4, &self.ipv6],
        }
    }
}

/// What the surroundings decide.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// The environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// Relative paths start here.
    pub(crate) working_directory: PathBuf,
}

/// A cluster while something is done to it.
pub(crate) struct ClusterRun<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) engine_facts: EngineFacts,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) cluster: &'a ClusterConfig,
    pub(crate) network: NetworkFacts,
    /// The container that all nodes reach the API server at.
    pub(crate) endpoint: String,
    pub(crate) progress: &'a dyn Progress,
    /// How long the whole run usually takes.
    pub(crate) expected: Duration,
}

impl ClusterRun<'_> {
    /// Tells what is going on.
    pub(crate) fn report(&self, phase: impl Into<String>) {
        self.progress.report(ProgressUpdate { phase: phase.into(), expected: Some(self.expected) });
    }

    /// Runs a command in a node, which has to succeed.
    pub(crate) async fn exec(&self, node: &str, command: Command) -> Result<Output, ClusterError> {
        let line = command.line();
        let output = self.engine.exec(node, command).await?;
        if output.is_success() {
            return Ok(output);
        }
        Err(ClusterError::Command {
            node: node.to_owned(),
            command: line,
            status: output.status,
            output: plain_lines(&String::from_utf8_lossy(&output.all), OUTPUT_LINES),
        })
    }

    /// Makes a node's container without starting it, with containerd's patches in it. Returns its ports.
    pub(crate) async fn make_node(&self, node: &NamedNode) -> Result<Vec<Publication>, ClusterError> {
        let mut held = HeldPorts::default();
        let mappings = node_mappings(self.cluster, &node.config);
        let family = self.cluster.networking.ip_family;
        let published: Result<Vec<Publication>, _> =
            mappings.iter().map(|mapping| held.publish(mapping, family)).collect();
        let publications = published.map_err(|error| {
            ClusterError::Invalid(format!("a port of {} cannot be published: {error}", node.name))
        })?;
        let names = self.container_names();
        let body = node_container(&self.container_context(&names), node, &publications);
        self.engine.create_container(&node.name, body).await?;
        if !self.cluster.containerd_config_patches.is_empty() {
            self.patch_containerd(&node.name).await?;
        }
        Ok(publications)
    }

    /// Returns what all containers share.
    pub(crate) fn container_context<'b>(&'b self, names: &'b [String]) -> ContainerContext<'b> {
        ContainerContext {
            cluster: self.cluster,
            engine: &self.engine_facts,
            network: &self.network.name,
            subnets: &self.network.subnets,
            names,
            environment: &self.surroundings.environment,
            working_directory: &self.surroundings.working_directory,
        }
    }

    /// Returns the names of all containers of the cluster.
    pub(crate) fn container_names(&self) -> Vec<String> {
        let mut names: Vec<String> = named_nodes(self.cluster).into_iter().map(|node| node.name).collect();
        if self.cluster.has_load_balancer() {
            names.push(load_balancer_name(&self.cluster.name));
        }
        names
    }

    /// Nothing has read the file before the first start, so that nothing has to be started anew.
    async fn patch_containerd(&self, node: &str) -> Result<(), ClusterError> {
        let config = self.engine.read_file(node, CONTAINERD_CONFIG_PATH).await?.unwrap_or_default();
        let patched = merge_toml(&String::from_utf8_lossy(&config), &self.cluster.containerd_config_patches)
            .map_err(|error| {
                ClusterError::Invalid(format!("containerd's configuration cannot be patched: {error}"))
            })?;
        Ok(self.engine.upload(node, &[ArchiveEntry::public(CONTAINERD_CONFIG_PATH, patched)]).await?)
    }

    /// Reads the Kubernetes version in a node's image out of its container.
    pub(crate) async fn version_of(&self, node: &str) -> Result<Version, ClusterError> {
        let text = self.engine.read_file(node, "/kind/version").await?.unwrap_or_default();
        Version::parse(&String::from_utf8_lossy(&text)).ok_or_else(|| ClusterError::Node {
            node: node.to_owned(),
            reason: "has no Kubernetes version in /kind/version: its image is not a node image".to_owned(),
        })
    }

    /// Starts a node's container and writes its configuration.
    pub(crate) async fn start_node(&self, node: &NamedNode, version: &Version) -> Result<(), ClusterError> {
        let addresses = self.start_container(node).await?;
        self.write_config(node, version, &addresses, None).await
    }

    /// Starts a node's container; returns the addresses that it has got.
    pub(crate) async fn start_container(&self, node: &NamedNode) -> Result<Addresses, ClusterError> {
        self.engine.start_container(&node.name).await?;
        let inspected = self.engine.inspect_container(&node.name).await?;
        let settings = inspected.network_settings.unwrap_or_default();
        let endpoint = settings.networks.unwrap_or_default().remove(&self.network.name).unwrap_or_default();
        let address = |address: Option<String>| address.unwrap_or_default();
        let (ipv4, ipv6) = (address(endpoint.ip_address), address(endpoint.global_ipv6_address));
        if ipv4.is_empty() && ipv6.is_empty() {
            let reason = format!("has no address in the network {}", self.network.name);
            return Err(ClusterError::Node { node: node.name.clone(), reason });
        }
        Ok(Addresses { ipv4, ipv6 })
    }

    /// Writes a node's configuration; for control planes that begin together, also the one with etcd's members.
    pub(crate) async fn write_config(
        &self,
        node: &NamedNode,
        version: &Version,
        addresses: &Addresses,
        etcd_members: Option<&str>,
    ) -> Result<(), ClusterError> {
        let config = |etcd_members: Option<&str>| {
            let facts = NodeFacts { etcd_members, ..self.node_facts(node, version, addresses) };
            kubeadm_config(self.cluster, &facts).map_err(unpatchable)
        };
        let mut files = vec![ArchiveEntry::private(KUBEADM_CONFIG_PATH, config(None)?)];
        if etcd_members.is_some() {
            files.push(ArchiveEntry::private(TOGETHER_CONFIG_PATH, config(etcd_members)?));
        }
        Ok(self.engine.upload(&node.name, &files).await?)
    }

    /// Writes the configuration with which a worker becomes a node without joining, if that is possible.
    pub(crate) fn enlist_config(
        &self,
        node: &NamedNode,
        version: &Version,
        addresses: &Addresses,
        first: &NamedNode,
    ) -> Result<Option<String>, ClusterError> {
        enlist_config(self.cluster, &self.node_facts(node, version, addresses), first).map_err(unpatchable)
    }

    fn node_facts<'b>(
        &'b self,
        node: &'b NamedNode,
        version: &'b Version,
        addresses: &'b Addresses,
    ) -> NodeFacts<'b> {
        NodeFacts {
            node,
            version,
            addresses,
            endpoint: &self.endpoint,
            rootless: self.engine_facts.rootless,
            etcd_members: None,
        }
    }

    /// Waits until a node has come up.
    pub(crate) async fn wait_up(&self, node: &str) -> Result<(), ClusterError> {
        let died = |reason: &str| ClusterError::Node { node: node.to_owned(), reason: reason.to_owned() };
        match timeout(BOOT_PATIENCE, self.engine.follow_log(node, is_up)).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(died("stopped before it was up")),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(died(&format!("was not up after {} s", BOOT_PATIENCE.as_secs()))),
        }
    }

    /// Returns the cluster's nodes with a role, in the order in which their names sort.
    pub(crate) fn nodes_with_role(&self, role: Role) -> Vec<NamedNode> {
        let mut nodes = named_nodes(self.cluster);
        nodes.retain(|node| node.config.role == role);
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        nodes
    }
}

fn unpatchable(reason: String) -> ClusterError {
    ClusterError::Invalid(format!("kubeadm's configuration cannot be patched: {reason}"))
}

/// Tells whether a line of a node's log says that the node is up: that systemd has reached its target, or, as
/// kind's images on cgroup v1 say early, that it will.
fn is_up(line: &str) -> bool {
    line.contains("detected cgroup v1")
        || line.split_once("Reached target").is_some_and(|(_, target)| target.contains("Multi-User System"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_up_when_systemd_says_so() {
        assert!(is_up(
            "[\u{1b}[0;32m  OK  \u{1b}[0m] Reached target \u{1b}[0;1;39mmulti-user.target\u{1b}[0m - Multi-User System."
        ));
        assert!(is_up("INFO: detected cgroup v1"));
        assert!(!is_up("[  OK  ] Reached target Basic System."));
    }
}
