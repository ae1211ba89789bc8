//! Several control planes that begin together, instead of one after the other: the members of etcd know each other from
//! the start, so that nobody has to join and to catch up. What comes of it is the cluster that joining makes.
//!
//! kubeadm does on every one of them what it does on a first one, with authorities that the first has made for all.

use std::fmt::Write;

use futures_util::future::try_join_all;
use serde_json::json;

use super::cluster_api::ClusterApi;
use super::config::{ClusterConfig, Role};
use super::error::ClusterError;
use super::join::{ADMIN_CONF_PATH, SharedFiles, shared_authorities};
use super::kubeadm_config::{KUBEADM_CONFIG_PATH, init_skip_phases};
use super::names::NamedNode;
use super::run::{Addresses, ClusterRun};
use crate::docker::Command;

/// The configuration with which control planes begin. It is not the cluster's: whoever joins later finds the members
/// that there are by then.
pub(super) const TOGETHER_CONFIG_PATH: &str = "/kind/kubeadm-together.conf";

/// The port at which members of etcd talk to each other.
const PEER_PORT: u16 = 2380;

/// The kubelet's access to the API server, and where it keeps the certificate and key that it renews.
pub(super) const KUBELET_CONF_PATH: &str = "/etc/kubernetes/kubelet.conf";
const ROTATED_PATH: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/// What kubeadm notes at a node that joins, and for a first one when it stores the cluster's configuration.
const SOCKET_ANNOTATION: &str = "kubeadm.alpha.kubernetes.io/cri-socket";
const SOCKET: &str = "unix:///run/containerd/containerd.sock";

/// Tells whether a cluster's control planes can begin together. What is patched may be different for those that join.
pub(super) fn begin_together(cluster: &ClusterConfig) -> bool {
    let control_planes: Vec<_> =
        cluster.nodes.iter().filter(|node| node.role == Role::ControlPlane).collect();
    control_planes.len() > 1
        && cluster.kubeadm_config_patches.is_empty()
        && control_planes
            .iter()
            .all(|node| node.kubeadm_config_patches.is_empty() && node.image == control_planes[0].image)
}

/// Names the members that etcd begins with, each with the address at which the others reach it.
pub(super) fn etcd_members(cluster: &ClusterConfig, nodes: &[(&NamedNode, &Addresses)]) -> String {
    let member = |(node, addresses): &(&NamedNode, &Addresses)| {
        let address = addresses.of(cluster).first().copied().unwrap_or_default();
        let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        format!("{}=https://{host}:{PEER_PORT}", node.name)
    };
    nodes.iter().map(member).collect::<Vec<_>>().join(",")
}

/// Makes the authorities that all control planes share, in the first one.
pub(super) async fn make_authorities(run: &ClusterRun<'_>, first: &str) -> Result<SharedFiles, ClusterError> {
    let phases = ["ca", "front-proxy-ca", "etcd-ca", "sa"];
    let made = phases.map(|phase| {
        // The keys of service accounts are no certificate, and need nothing of the configuration.
        let config = if phase == "sa" { String::new() } else { format!(" --config={KUBEADM_CONFIG_PATH}") };
        format!("kubeadm init phase certs {phase}{config}")
    });
    run.exec(first, Command::new(["sh", "-c", &made.join(" && ")])).await?;
    shared_authorities(run, first).await
}

/// Begins a control plane that is up. The first one also makes what a cluster has once.
pub(super) async fn begin(run: &ClusterRun<'_>, node: &str, is_first: bool) -> Result<(), ClusterError> {
    let mut skipped = init_skip_phases(run.cluster);
    skipped.extend(["upload-config", "kubelet-finalize"]);
    if !is_first {
        skipped.retain(|phase| !phase.starts_with("addon/"));
        skipped.extend(["bootstrap-token", "addon", "show-join-command"]);
    }
    let mut script = format!(
        "kubeadm init --config={TOGETHER_CONFIG_PATH} --skip-token-print --skip-phases={}",
        skipped.join(",")
    );
    let _ = write!(script, " && {} && {}", rotation_script(), registration_script(node));
    if is_first {
        let _ = write!(script, " && kubeadm init phase upload-config all --config={KUBEADM_CONFIG_PATH}");
    }
    run.report(format!("initialising {node}"));
    // One command: it is finished even when this program is killed in between.
    run.exec(node, Command::new(["sh", "-c", &script])).await?;
    run.report(format!("{node} is initialised"));
    Ok(())
}

/// Lets the kubelet find the certificate that it renews by itself. kubeadm would restart the kubelet for this at once, and
/// its node would be ready seconds later; the next start is early enough.
pub(super) fn rotation_script() -> String {
    let edits = ["client-certificate", "client-key"]
        .map(|name| format!("-e 's|{name}-data:.*|{name}: {ROTATED_PATH}|'"));
    format!("{{ [ ! -e {ROTATED_PATH} ] || sed -i {} {KUBELET_CONF_PATH}; }}", edits.join(" "))
}

/// Starts a kubelet again that has not found the API server yet: while that was coming up, a try may have hung, and the
/// next ones come seconds apart.
fn registration_script(node: &str) -> String {
    format!(
        "{{ kubectl --kubeconfig={ADMIN_CONF_PATH} get node {node} -o name >/dev/null 2>&1 || systemctl restart kubelet; }}"
    )
}

/// Notes at nodes what joining would have noted.
pub(super) async fn note_sockets(api: &ClusterApi, nodes: &[NamedNode]) -> Result<(), ClusterError> {
    let patch = json!({"metadata": {"annotations": {SOCKET_ANNOTATION: SOCKET}}});
    try_join_all(nodes.iter().map(|node| api.patch_node(&node.name, &patch))).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::config::NodeConfig;
    use super::super::names::named_nodes;
    use super::*;

    fn cluster(control_planes: usize) -> ClusterConfig {
        let value = terrane_model::Value::object([("name", terrane_model::Value::from("demo"))]);
        let mut cluster = ClusterConfig::from_value(&value, None, "image");
        cluster.nodes = vec![NodeConfig::control_plane("image".to_owned()); control_planes];
        cluster
    }

    #[test]
    fn only_several_that_are_alike_begin_together() {
        assert!(!begin_together(&cluster(1)));
        assert!(begin_together(&cluster(3)));
        let mut patched = cluster(3);
        patched.kubeadm_config_patches.push("kind: JoinConfiguration".to_owned());
        assert!(!begin_together(&patched));
        let mut patched = cluster(3);
        patched.nodes[2].kubeadm_config_patches.push("kind: InitConfiguration".to_owned());
        assert!(!begin_together(&patched));
        let mut mixed = cluster(3);
        mixed.nodes[1].image = "other".to_owned();
        assert!(!begin_together(&mixed));
    }

    #[test]
    fn the_kubelet_is_pointed_to_what_it_renews() {
        insta::assert_snapshot!(rotation_script(), @"{ [ ! -e /var/lib/kubelet/pki/kubelet-client-current.pem ] || sed -i -e 's|client-certificate-data:.*|client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem|' -e 's|client-key-data:.*|client-key: /var/lib/kubelet/pki/kubelet-client-current.pem|' /etc/kubernetes/kubelet.conf; }");
    }

    #[test]
    fn members_are_named_with_their_addresses() {
        let mut cluster = cluster(2);
        let nodes = named_nodes(&cluster);
        let addresses =
            [2, 3].map(|last| Addresses { ipv4: format!("172.18.0.{last}"), ipv6: format!("fc00::{last}") });
        let all: Vec<_> = nodes.iter().zip(&addresses).collect();
        assert_eq!(
            etcd_members(&cluster, &all),
            "demo-control-plane=https://172.18.0.2:2380,demo-control-plane2=https://172.18.0.3:2380"
        );
        cluster.networking.ip_family = super::super::config::IpFamily::Ipv6;
        assert!(etcd_members(&cluster, &all).ends_with("demo-control-plane2=https://[fc00::3]:2380"));
    }
}
