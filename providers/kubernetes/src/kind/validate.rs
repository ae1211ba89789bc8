//! What is wrong with a cluster's configuration by itself. Nothing is said about what is not known yet.

use std::net::IpAddr;

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use super::config::{ClusterConfig, IpFamily, NodeConfig, Role, first_block, text};
use super::duration::parse_duration;
use super::names::is_cluster_name;
use super::patches::merge_toml;
use super::ports::{collide, node_mappings};
use crate::yaml;

/// Host names, and with them container names, have at most 63 bytes, and the longest role takes 23 of them.
const NAME_BYTES_MAX: usize = 40;

const API_VERSION: &str = "kind.x-k8s.io/v1alpha4";

/// Checks a `kind_cluster` block.
pub(super) fn validate_cluster(config: &Value) -> Diagnostics {
    let mut report = Report(Diagnostics::new());
    let root = AttributePath::root();
    if let Some(name) = config.get("name").and_then(Value::as_str) {
        validate_name(name, &root, &mut report);
    }
    let timeouts = config.attribute("timeouts");
    for action in ["create", "delete", "update"] {
        let written = text(&timeouts, action);
        if !written.is_empty() && parse_duration(&written).is_none() {
            let at = root.attribute("timeouts").attribute(action);
            report.error(at, format!("{written:?} is not a duration such as \"90s\" or \"1h30m\"."));
        }
    }
    let block = first_block(config, "kind_config");
    let at = root.attribute("kind_config").position(0);
    for (name, expected) in [("kind", "Cluster"), ("api_version", API_VERSION)] {
        let written = text(&block, name);
        if !written.is_empty() && written != expected {
            report.error(at.attribute(name), format!("{name} has to be {expected:?}, got: {written:?}."));
        }
    }
    validate_gates(&block, &at, &mut report);
    validate_patches(&block, &at, &mut report);
    let networking = first_block(&block, "networking");
    let networking_at = at.attribute("networking").position(0);
    validate_networking(&networking, &networking_at, &mut report);
    validate_nodes(config, &block, &at, &mut report);
    report.0
}

struct Report(Diagnostics);

impl Report {
    fn error(&mut self, at: AttributePath, detail: impl Into<String>) {
        self.0.push(Diagnostic::error("Invalid cluster configuration", detail).on_attribute(at));
    }
}

fn validate_name(name: &str, root: &AttributePath, report: &mut Report) {
    let at = root.attribute("name");
    if !is_cluster_name(name) {
        report.error(
            at,
            format!("{name:?} is not a cluster name: only a-z, 0-9, \".\" and \"-\" are allowed."),
        );
    } else if name.len() > NAME_BYTES_MAX {
        let detail = format!(
            "The name {name:?} is longer than {NAME_BYTES_MAX} characters: the host names of the nodes, which start with \
             it, would be too long."
        );
        report.error(at, detail);
    }
}

fn validate_gates(block: &Value, at: &AttributePath, report: &mut Report) {
    for (gate, on) in super::config::entries(block, "feature_gates") {
        if !on.eq_ignore_ascii_case("true") && !on.eq_ignore_ascii_case("false") {
            let at = at.attribute("feature_gates").key(gate.as_str());
            report.error(at, format!("The feature gate {gate} has to be true or false, got: {on:?}."));
        }
    }
}

fn validate_patches(block: &Value, at: &AttributePath, report: &mut Report) {
    let patches = super::config::texts(block, "containerd_config_patches");
    for (position, patch) in patches.iter().enumerate() {
        if let Err(error) = merge_toml("", std::slice::from_ref(patch)) {
            let at = at.attribute("containerd_config_patches").position(position);
            report.error(at, format!("The patch is not TOML: {error}."));
        }
    }
    validate_kubeadm_patches(block, at, report);
}

fn validate_kubeadm_patches(block: &Value, at: &AttributePath, report: &mut Report) {
    for (position, patch) in super::config::texts(block, "kubeadm_config_patches").iter().enumerate() {
        let problem = match yaml::read_all(patch) {
            Err(error) => Some(format!("The patch is not YAML: {error}.")),
            Ok(documents) if documents.iter().any(|document| document["kind"].as_str().is_none()) => Some(
                "The patch has to name the kind of document that it changes, such as \"kind: KubeletConfiguration\"."
                    .to_owned(),
            ),
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            report.error(at.attribute("kubeadm_config_patches").position(position), problem);
        }
    }
}

fn validate_networking(block: &Value, at: &AttributePath, report: &mut Report) {
    let written = text(block, "ip_family");
    let Some(family) = IpFamily::from_name(&written) else {
        let detail = format!("ip_family has to be one of: ipv4, ipv6, dual; got: {written:?}.");
        report.error(at.attribute("ip_family"), detail);
        return;
    };
    let mode = text(block, "kube_proxy_mode");
    if !matches!(mode.as_str(), "" | "iptables" | "ipvs" | "nftables" | "none") {
        let detail =
            format!("kube_proxy_mode has to be one of: iptables, ipvs, nftables, none; got: {mode:?}.");
        report.error(at.attribute("kube_proxy_mode"), detail);
    }
    let address = text(block, "api_server_address");
    if !address.is_empty() && address.parse::<IpAddr>().is_err() {
        report.error(at.attribute("api_server_address"), format!("{address:?} is not an IP address."));
    }
    validate_port(block, "api_server_port", at, report);
    for name in ["pod_subnet", "service_subnet"] {
        let subnet = text(block, name);
        if !subnet.is_empty()
            && let Some(problem) = subnet_problem(&subnet, family)
        {
            report.error(at.attribute(name), problem);
        }
    }
}

fn subnet_problem(subnets: &str, family: IpFamily) -> Option<String> {
    let mut versions = Vec::new();
    for subnet in subnets.split(',').map(str::trim) {
        let parsed = subnet.split_once('/').and_then(|(address, prefix)| {
            let (address, prefix) = (address.parse::<IpAddr>().ok()?, prefix.parse::<u8>().ok()?);
            (prefix <= if address.is_ipv4() { 32 } else { 128 }).then_some(address)
        });
        match parsed {
            Some(address) => versions.push(address.is_ipv6()),
            None => return Some(format!("{subnet:?} is not an address range such as \"10.244.0.0/16\".")),
        }
    }
    let fits = match (family, versions.as_slice()) {
        (IpFamily::Ipv4, [ipv6]) => !ipv6,
        (IpFamily::Ipv6, [ipv6]) => *ipv6,
        (IpFamily::Dual, [_]) => true,
        (IpFamily::Dual, [one, other]) => one != other,
        _ => false,
    };
    (!fits).then(|| format!("{subnets:?} does not fit the cluster's ip_family."))
}

fn validate_port(block: &Value, name: &str, at: &AttributePath, report: &mut Report) {
    let Some(number) = block.get(name).and_then(Value::as_number) else { return };
    if !number.to_i64().is_some_and(|port| (-1..=65535).contains(&port)) {
        report.error(at.attribute(name), format!("{name} has to be between -1 and 65535, got: {number}."));
    }
}

fn validate_nodes(config: &Value, block: &Value, at: &AttributePath, report: &mut Report) {
    let written = block.get("node").and_then(Value::as_sequence).unwrap_or_default();
    for (position, node) in written.iter().enumerate() {
        validate_node(node, &at.attribute("node").position(position), report);
    }
    if !block.is_wholly_known() {
        return;
    }
    let cluster = ClusterConfig::from_value(config, None, "image");
    if cluster.count(Role::ControlPlane) == 0 {
        report.error(at.attribute("node"), "At least one node has to be a control plane.");
    }
    validate_collisions(&cluster, at, report);
}

fn validate_node(node: &Value, at: &AttributePath, report: &mut Report) {
    let role = text(node, "role");
    if Role::from_name(&role).is_none() {
        let detail = format!("role has to be \"control-plane\" or \"worker\", got: {role:?}.");
        report.error(at.attribute("role"), detail);
    }
    for (position, taint) in super::config::texts(node, "taints").iter().enumerate() {
        let effect = taint.rsplit_once(':').map(|(_, effect)| effect);
        if !matches!(effect, Some("NoSchedule" | "PreferNoSchedule" | "NoExecute")) {
            let detail = format!(
                "{taint:?} is not a taint such as \"key=value:NoSchedule\"; the effect is NoSchedule, PreferNoSchedule or \
                 NoExecute."
            );
            report.error(at.attribute("taints").position(position), detail);
        }
    }
    validate_kubeadm_patches(node, at, report);
    for (position, mount) in super::config::blocks(node, "extra_mounts").iter().enumerate() {
        let at = at.attribute("extra_mounts").position(position);
        for name in ["host_path", "container_path"] {
            if mount.get(name).is_some_and(Value::is_null) {
                report.error(at.clone(), format!("A mount needs a {name}."));
            }
        }
        let propagation = text(mount, "propagation");
        if !matches!(propagation.as_str(), "" | "None" | "HostToContainer" | "Bidirectional") {
            let detail = format!(
                "propagation has to be None, HostToContainer or Bidirectional, got: {propagation:?}."
            );
            report.error(at.attribute("propagation"), detail);
        }
    }
    for (position, port) in super::config::blocks(node, "extra_port_mappings").iter().enumerate() {
        let at = at.attribute("extra_port_mappings").position(position);
        validate_port(port, "container_port", &at, report);
        validate_port(port, "host_port", &at, report);
        let protocol = text(port, "protocol");
        if !matches!(protocol.to_uppercase().as_str(), "" | "TCP" | "UDP" | "SCTP") {
            report.error(
                at.attribute("protocol"),
                format!("protocol has to be TCP, UDP or SCTP, got: {protocol:?}."),
            );
        }
        let address = text(port, "listen_address");
        if !address.is_empty() && address.parse::<IpAddr>().is_err() {
            report.error(at.attribute("listen_address"), format!("{address:?} is not an IP address."));
        }
    }
}

/// No two ports of the cluster may be the same one of the machine.
fn validate_collisions(cluster: &ClusterConfig, at: &AttributePath, report: &mut Report) {
    let mut seen = Vec::new();
    let own = |node: &NodeConfig| node_mappings(cluster, node);
    for (position, node) in cluster.nodes.iter().enumerate() {
        for mapping in own(node) {
            if seen.iter().any(|other| collide(other, &mapping)) {
                let detail = format!(
                    "The port {} ({}) of this machine is used twice in this cluster.",
                    mapping.host_port, mapping.protocol
                );
                report.error(at.attribute("node").position(position), detail);
            }
            seen.push(mapping);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use terrane_model::{Type, encode_json};

    use super::*;

    fn check(json: &str) -> String {
        // What is not written is missing here, which reads the same as null.
        let value = encode_json::value_from_json(json, &Type::Dynamic);
        let value = value.unwrap_or_else(|_| natural(&serde_json::from_str(json).unwrap()));
        let mut text = String::new();
        for diagnostic in &validate_cluster(&value) {
            let at = diagnostic.attribute.as_ref().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "{at}: {}", diagnostic.detail);
        }
        text
    }

    fn natural(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::dynamic_null(),
            serde_json::Value::Bool(bool) => Value::from(*bool),
            serde_json::Value::Number(number) => Value::from(number.as_i64().unwrap()),
            serde_json::Value::String(text) => Value::from(text.as_str()),
            serde_json::Value::Array(values) => Value::tuple(values.iter().map(natural).collect::<Vec<_>>()),
            serde_json::Value::Object(map) => {
                Value::object(map.iter().map(|(k, v)| (k.as_str(), natural(v))))
            }
        }
    }

    #[test]
    fn good_configurations_have_no_complaints() {
        assert_eq!(check(r#"{"name": "demo"}"#), "");
        assert_eq!(
            check(
                r#"{"name": "demo-1.x", "timeouts": {"create": "1h"}, "kind_config": [{"kind": "Cluster",
                "api_version": "kind.x-k8s.io/v1alpha4", "feature_gates": {"A": "true"},
                "networking": [{"ip_family": "dual", "pod_subnet": "10.0.0.0/16,fd00::/56", "api_server_port": 6443}],
                "node": [{"role": "control-plane", "extra_port_mappings": [{"container_port": 80, "host_port": 80}]},
                {"role": "worker", "taints": ["a=b:NoSchedule"]}]}]}"#
            ),
            ""
        );
    }

    #[test]
    fn every_mistake_is_named_where_it_is() {
        insta::assert_snapshot!(check(
            r#"{"name": "Demo", "timeouts": {"create": "soon"}, "kind_config": [{"kind": "Config", "api_version": "v1",
            "feature_gates": {"A": "maybe"}, "containerd_config_patches": ["a ="], "kubeadm_config_patches": ["a: 1"],
            "networking": [{"ip_family": "ipv4", "pod_subnet": "fd00::/56", "service_subnet": "10.96.0.0",
            "api_server_port": 70000, "api_server_address": "localhost", "kube_proxy_mode": "ebpf"}],
            "node": [{"role": "master"}, {"role": "worker", "taints": ["a=b"], "kubeadm_config_patches": ["a: ["],
            "extra_mounts": [{"host_path": null, "container_path": "/x", "propagation": "Both"}],
            "extra_port_mappings": [{"container_port": 80, "host_port": -2, "protocol": "ICMP", "listen_address": "x"}]}]}]}"#
        ));
        insta::assert_snapshot!(check(
            r#"{"name": "demo", "kind_config": [{"kind": "Cluster", "api_version": "kind.x-k8s.io/v1alpha4",
            "networking": [{"api_server_port": 8080}],
            "node": [{"role": "control-plane", "extra_port_mappings": [{"container_port": 80, "host_port": 8080}]}]}]}"#
        ));
        insta::assert_snapshot!(check(
            r#"{"name": "a-name-that-is-longer-than-any-host-name-may-be", "kind_config": [{"kind": "Cluster",
            "api_version": "kind.x-k8s.io/v1alpha4", "node": [{"role": "worker"}]}]}"#
        ));
    }
}
