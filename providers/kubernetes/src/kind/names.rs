//! What the containers of a cluster are called and labelled, so that the kind command finds its way in ours and
//! we in its.

use super::config::{ClusterConfig, NodeConfig, Role};

/// The label that names a container's cluster.
pub(crate) const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";

/// The label that says what a container is for.
pub(crate) const ROLE_LABEL: &str = "io.x-k8s.kind.role";

/// The role of the container in front of several control planes.
pub(crate) const LOAD_BALANCER_ROLE: &str = "external-load-balancer";

/// A node with its name, which is also its container's name, its host name and its name in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedNode {
    pub(crate) name: String,
    pub(crate) config: NodeConfig,
}

/// Names the nodes of a cluster: the first of a role has no number, the second is number 2.
pub(crate) fn named_nodes(cluster: &ClusterConfig) -> Vec<NamedNode> {
    let (mut control_planes, mut workers) = (0, 0);
    let nodes = cluster.nodes.iter().map(|node| {
        let count = match node.role {
            Role::ControlPlane => &mut control_planes,
            Role::Worker => &mut workers,
        };
        *count += 1;
        NamedNode { name: node_name(&cluster.name, node.role.name(), *count), config: node.clone() }
    });
    nodes.collect()
}

/// Returns the name of the container in front of several control planes.
pub(crate) fn load_balancer_name(cluster: &str) -> String {
    node_name(cluster, LOAD_BALANCER_ROLE, 1)
}

/// Returns the name of a cluster's entries in kubeconfig files.
pub(crate) fn context_name(cluster: &str) -> String {
    format!("kind-{cluster}")
}

/// Returns the filter that finds a cluster's containers.
pub(crate) fn cluster_filter(cluster: &str) -> String {
    format!("{CLUSTER_LABEL}={cluster}")
}

/// Tells whether a name can be a cluster's.
pub(crate) fn is_cluster_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
}

fn node_name(cluster: &str, role: &str, number: usize) -> String {
    if number == 1 { format!("{cluster}-{role}") } else { format!("{cluster}-{role}{number}") }
}

/// Returns the place of a node among those of its role, for nodes in the order of their making; the names
/// sort differently from the tenth on.
pub(crate) fn ordinal(name: &str) -> usize {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    name[name.len() - digits..].parse().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use terrane_model::Value;

    use super::*;

    #[test]
    fn nodes_are_numbered_by_role() {
        let node = |role: &str| Value::object([("role", Value::from(role))]);
        let nodes: Vec<Value> = ["control-plane", "worker", "", "worker"].map(node).to_vec();
        let block = Value::object([("node", Value::tuple(nodes))]);
        let value = Value::object([("name", "x".into()), ("kind_config", Value::tuple([block]))]);
        let cluster = ClusterConfig::from_value(&value, None, "image");
        let names: Vec<String> = named_nodes(&cluster).into_iter().map(|node| node.name).collect();
        assert_eq!(names, ["x-control-plane", "x-worker", "x-control-plane2", "x-worker2"]);
        assert_eq!(load_balancer_name("x"), "x-external-load-balancer");
        assert_eq!((ordinal("x-worker"), ordinal("x-worker12")), (1, 12));
    }
}
