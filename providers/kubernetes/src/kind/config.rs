//! A cluster as its configuration describes it, with every default filled in.

use std::collections::BTreeMap;

use terrane_model::{Str, Value};

/// The node image of kind v0.29, for clusters that name none.
pub(crate) const DEFAULT_NODE_IMAGE: &str =
    "kindest/node:v1.33.1@sha256:050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f";

/// The port of the API server inside its node.
pub(crate) const API_SERVER_PORT: u16 = 6443;

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterConfig {
    /// The cluster's name.
    pub(crate) name: String,
    /// Addresses and ports.
    pub(crate) networking: Networking,
    /// The nodes, in the order of the configuration; at least one.
    pub(crate) nodes: Vec<NodeConfig>,
    /// Kubernetes' feature gates.
    pub(crate) feature_gates: BTreeMap<String, bool>,
    /// APIs switched on and off, as `--runtime-config` has them.
    pub(crate) runtime_config: BTreeMap<String, String>,
    /// Patches of every node's kubeadm configuration.
    pub(crate) kubeadm_config_patches: Vec<String>,
    /// Patches of every node's containerd configuration.
    pub(crate) containerd_config_patches: Vec<String>,
}

/// A cluster's addresses and ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Networking {
    pub(crate) ip_family: IpFamily,
    /// Port of this machine for the API server; 0: one that is free, −1: Docker chooses anew at every start.
    pub(crate) api_server_port: i64,
    /// Address of this machine for the API server.
    pub(crate) api_server_address: String,
    /// Addresses of pods: one range, or one for each family separated by a comma.
    pub(crate) pod_subnet: String,
    /// Addresses of services, likewise.
    pub(crate) service_subnet: String,
    /// Whether the pod network is left to others.
    pub(crate) disable_default_cni: bool,
    /// How kube-proxy works: `iptables`, `ipvs`, `nftables` or `none`.
    pub(crate) kube_proxy_mode: String,
    /// Search domains of the nodes; nothing: those of this machine.
    pub(crate) dns_search: Option<Vec<String>>,
}

/// Families of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IpFamily {
    Ipv4,
    Ipv6,
    Dual,
}

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    ControlPlane,
    Worker,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeConfig {
    pub(crate) role: Role,
    /// The image that the node is made from.
    pub(crate) image: String,
    pub(crate) labels: BTreeMap<String, String>,
    /// Taints, each as `key=value:Effect` or `key:Effect`.
    pub(crate) taints: Vec<String>,
    pub(crate) extra_mounts: Vec<ExtraMount>,
    pub(crate) extra_port_mappings: Vec<PortMapping>,
    /// Patches of this node's kubeadm configuration.
    pub(crate) kubeadm_config_patches: Vec<String>,
}

/// A folder or file of this machine in a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExtraMount {
    pub(crate) host_path: String,
    pub(crate) container_path: String,
    pub(crate) read_only: bool,
    pub(crate) selinux_relabel: bool,
    /// `None`, `HostToContainer` or `Bidirectional`.
    pub(crate) propagation: String,
}

/// A port of this machine that leads into a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortMapping {
    pub(crate) container_port: i64,
    /// 0: one that is free, −1: Docker chooses anew at every start.
    pub(crate) host_port: i64,
    /// Empty: all addresses of the cluster's family.
    pub(crate) listen_address: String,
    /// `TCP`, `UDP` or `SCTP`.
    pub(crate) protocol: String,
}

impl Role {
    /// Returns the name that labels, container names and configurations use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Worker => "worker",
        }
    }

    /// Reads a name; empty stands for a control plane.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "" | "control-plane" => Some(Self::ControlPlane),
            "worker" => Some(Self::Worker),
            _ => None,
        }
    }
}

impl IpFamily {
    /// Reads a name; empty stands for IPv4.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "" | "ipv4" => Some(Self::Ipv4),
            "ipv6" => Some(Self::Ipv6),
            "dual" => Some(Self::Dual),
            _ => None,
        }
    }

    /// Returns the address that means all addresses.
    pub(crate) fn any_address(self) -> &'static str {
        if self == Self::Ipv6 { "::" } else { "0.0.0.0" }
    }

    /// Returns the address of this machine that only this machine reaches.
    pub(crate) fn loopback(self) -> &'static str {
        if self == Self::Ipv6 { "::1" } else { "127.0.0.1" }
    }

    /// Tells whether nodes have IPv6 addresses.
    pub(crate) fn has_ipv6(self) -> bool {
        self != Self::Ipv4
    }
}

impl ClusterConfig {
    /// Returns how many nodes have a role.
    pub(crate) fn count(&self, role: Role) -> usize {
        self.nodes.iter().filter(|node| node.role == role).count()
    }

    /// Tells whether a load balancer stands before the control planes.
    pub(crate) fn has_load_balancer(&self) -> bool {
        self.count(Role::ControlPlane) > 1
    }

    /// Returns every image once.
    pub(crate) fn images(&self) -> Vec<&str> {
        let mut images: Vec<&str> = self.nodes.iter().map(|node| node.image.as_str()).collect();
        images.sort_unstable();
        images.dedup();
        images
    }

    /// Reads a resource's value. What is unknown reads as if it were not written.
    ///
    /// `override_image` is the image that the configuration wants for every node, `default_image` the one for
    /// nodes that name none.
    pub(crate) fn from_value(value: &Value, override_image: Option<&str>, default_image: &str) -> Self {
        let name = text(value, "name");
        let kind_config = first_block(value, "kind_config");
        let networking = first_block(&kind_config, "networking");
        let image_of = |node: &Value| match override_image {
            Some(image) => image.to_owned(),
            None => Some(text(node, "image"))
                .filter(|image| !image.is_empty())
                .unwrap_or(default_image.to_owned()),
        };
        let mut nodes: Vec<NodeConfig> = blocks(&kind_config, "node")
            .iter()
            .map(|node| NodeConfig::from_value(node, image_of(node)))
            .collect();
        if nodes.is_empty() {
            nodes.push(NodeConfig::control_plane(image_of(&Value::empty_object())));
        }
        let gates = entries(&kind_config, "feature_gates");
        let runtime_config = entries(&kind_config, "runtime_config");
        Self {
            name,
            networking: Networking::from_value(&networking),
            nodes,
            feature_gates: gates
                .into_iter()
                .map(|(name, on)| (name, on.eq_ignore_ascii_case("true")))
                .collect(),
            // Names of APIs contain slashes, which names in HCL cannot.
            runtime_config: runtime_config
                .into_iter()
                .map(|(name, on)| (name.replace('_', "/"), on))
                .collect(),
            kubeadm_config_patches: texts(&kind_config, "kubeadm_config_patches"),
            containerd_config_patches: texts(&kind_config, "containerd_config_patches"),
        }
    }
}

impl Networking {
    fn from_value(value: &Value) -> Self {
        let ip_family = IpFamily::from_name(&text(value, "ip_family")).unwrap_or(IpFamily::Ipv4);
        let or = |name: &str, default: &str| {
            let written = text(value, name);
            if written.is_empty() { default.to_owned() } else { written }
        };
        let (pods, services) = match ip_family {
            IpFamily::Ipv4 => ("10.244.0.0/16", "10.96.0.0/16"),
            IpFamily::Ipv6 => ("fd00:10:244::/56", "fd00:10:96::/112"),
            IpFamily::Dual => ("10.244.0.0/16,fd00:10:244::/56", "10.96.0.0/16,fd00:10:96::/112"),
        };
        let has_search = value.get("dns_search").is_some_and(|search| search.is_known() && !search.is_null());
        Self {
            ip_family,
            api_server_port: integer(value, "api_server_port"),
            api_server_address: or("api_server_address", ip_family.loopback()),
            pod_subnet: or("pod_subnet", pods),
            service_subnet: or("service_subnet", services),
            disable_default_cni: boolean(value, "disable_default_cni"),
            kube_proxy_mode: or("kube_proxy_mode", "iptables"),
            dns_search: has_search.then(|| texts(value, "dns_search")),
        }
    }
}

impl NodeConfig {
    /// A control plane with nothing special about it.
    pub(crate) fn control_plane(image: String) -> Self {
        Self {
            role: Role::ControlPlane,
            image,
            labels: BTreeMap::new(),
            taints: Vec::new(),
            extra_mounts: Vec::new(),
            extra_port_mappings: Vec::new(),
            kubeadm_config_patches: Vec::new(),
        }
    }

    fn from_value(value: &Value, image: String) -> Self {
        let mounts = blocks(value, "extra_mounts").into_iter();
        let ports = blocks(value, "extra_port_mappings").into_iter();
        Self {
            role: Role::from_name(&text(value, "role")).unwrap_or(Role::ControlPlane),
            image,
            labels: entries(value, "labels"),
            taints: texts(value, "taints"),
            extra_mounts: mounts.map(|mount| ExtraMount::from_value(&mount)).collect(),
            extra_port_mappings: ports.map(|port| PortMapping::from_value(&port)).collect(),
            kubeadm_config_patches: texts(value, "kubeadm_config_patches"),
        }
    }
}

impl ExtraMount {
    fn from_value(value: &Value) -> Self {
        let propagation = text(value, "propagation");
        Self {
            host_path: text(value, "host_path"),
            container_path: text(value, "container_path"),
            read_only: boolean(value, "read_only"),
            selinux_relabel: boolean(value, "selinux_relabel"),
            propagation: if propagation.is_empty() { "None".to_owned() } else { propagation },
        }
    }
}

impl PortMapping {
    fn from_value(value: &Value) -> Self {
        let protocol = text(value, "protocol").to_uppercase();
        Self {
            container_port: integer(value, "container_port"),
            host_port: integer(value, "host_port"),
            listen_address: text(value, "listen_address"),
            protocol: if protocol.is_empty() { "TCP".to_owned() } else { protocol },
        }
    }
}

/// Returns a text attribute; empty where there is none.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).map(ToString::to_string).unwrap_or_default()
}

/// Returns a truth value; false where there is none.
pub(crate) fn boolean(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn integer(value: &Value, name: &str) -> i64 {
    value.get(name).and_then(Value::as_number).and_then(|number| number.to_i64()).unwrap_or(0)
}

/// Returns the texts of a list.
pub(crate) fn texts(value: &Value, name: &str) -> Vec<String> {
    let elements = value.get(name).and_then(Value::as_sequence).unwrap_or_default();
    elements.iter().filter_map(|element| element.as_str().map(ToString::to_string)).collect()
}

/// Returns the texts of a map.
pub(crate) fn entries(value: &Value, name: &str) -> BTreeMap<String, String> {
    let entries = value.get(name).and_then(Value::as_entries).unwrap_or_default();
    entries.iter().filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_string()))).collect()
}

/// Returns the blocks of a type.
pub(crate) fn blocks(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_sequence).unwrap_or_default().to_vec()
}

/// Returns the only block of a type; an object without attributes where there is none.
pub(crate) fn first_block(value: &Value, name: &str) -> Value {
    blocks(value, name).into_iter().next().unwrap_or_else(Value::empty_object)
}

/// Returns the image that a configuration wants for every node.
pub(crate) fn written_image(config: &Value) -> Option<&str> {
    config.get("node_image").and_then(Value::as_str).map(Str::as_str).filter(|image| !image.is_empty())
}
