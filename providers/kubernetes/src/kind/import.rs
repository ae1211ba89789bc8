//! Describing a cluster that somebody else has made, from what Docker and the nodes' own files say.

use bollard::models::ContainerInspectResponse;
use futures_util::future::try_join_all;
use serde_json::Value as Json;
use terrane_model::{Block, Number, Type, Value};

use super::config::API_SERVER_PORT;
use super::error::ClusterError;
use super::kubeadm_config::KUBEADM_CONFIG_PATH;
use super::observe::{Observed, ObservedNode};
use super::state::imported;
use super::values::{text_or_null, with_attributes};
use crate::docker::Engine;
use crate::yaml;

/// A described cluster.
pub(crate) struct Described {
    pub(crate) state: Value,
    /// The names of the nodes, in the order of the state's blocks.
    pub(crate) names: Vec<String>,
}

/// Describes a cluster, as far as it can be told from outside: patches and the like cannot.
pub(crate) async fn describe(
    engine: &Engine,
    block: &Block,
    name: &str,
    observed: &Observed,
) -> Result<Described, ClusterError> {
    let facts = try_join_all(observed.nodes.iter().map(|node| async {
        let inspected = engine.inspect_container(&node.name).await?;
        let file = engine.read_file(&node.name, KUBEADM_CONFIG_PATH).await?.unwrap_or_default();
        Ok::<_, ClusterError>((
            inspected,
            yaml::read_all(&String::from_utf8_lossy(&file)).unwrap_or_default(),
        ))
    }))
    .await?;
    let nested = |block: &Block, name: &str| {
        block.block_type(name).map(|nested| nested.block.clone()).unwrap_or_default()
    };
    let kind_config = nested(block, "kind_config");
    let node_block = nested(&kind_config, "node");
    let nodes = observed.nodes.iter().zip(&facts);
    let nodes = nodes
        .map(|(node, (inspected, documents))| node_value(&node_block, node, inspected, documents))
        .collect();
    let networking: Vec<Value> = facts
        .first()
        .and_then(|(_, documents)| networking_value(&nested(&kind_config, "networking"), documents, observed))
        .into_iter()
        .collect();
    let names = observed.nodes.iter().map(|node| node.name.clone()).collect();
    Ok(Described { state: imported(block, name, observed, nodes, networking), names })
}

fn node_value(
    block: &Block,
    node: &ObservedNode,
    inspected: &ContainerInspectResponse,
    documents: &[Json],
) -> Value {
    let mut attributes = vec![("role", Value::from(node.role.name())), ("image", node.image.as_str().into())];
    let labels = registration(documents).and_then(|registration| {
        registration.pointer("/kubeletExtraArgs/node-labels").and_then(Json::as_str).map(str::to_owned)
    });
    let labels: Vec<(String, Value)> = labels
        .iter()
        .flat_map(|labels| labels.split(','))
        .filter_map(|label| label.split_once('='))
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
        .collect();
    if !labels.is_empty() {
        attributes.push(("labels", Value::map(Type::String, labels)));
    }
    let list = |name: &str, values: Vec<Value>| {
        let ty = block.block_type(name).map_or(Type::Dynamic, |nested| nested.block.implied_type().clone());
        Value::list(ty, values)
    };
    attributes.push(("extra_mounts", list("extra_mounts", mounts(block, inspected))));
    attributes.push(("extra_port_mappings", list("extra_port_mappings", ports(block, inspected))));
    with_attributes(&block.empty_value(), &attributes)
}

fn registration(documents: &[Json]) -> Option<&Json> {
    documents.iter().find(|document| document["kind"] == "JoinConfiguration")?.get("nodeRegistration")
}

/// Mounts that every node has are no extra ones.
fn mounts(block: &Block, inspected: &ContainerInspectResponse) -> Vec<Value> {
    let Some(empty) = block.block_type("extra_mounts").map(|nested| nested.block.empty_value()) else {
        return Vec::new();
    };
    let binds = inspected.host_config.as_ref().and_then(|host| host.binds.as_deref()).unwrap_or_default();
    let extra =
        binds.iter().filter(|bind| !bind.starts_with("/lib/modules:") && !bind.starts_with("/dev/mapper:"));
    let described = extra.map(|bind| {
        let mut parts = bind.splitn(3, ':');
        let (host, container) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let options: Vec<&str> = parts.next().unwrap_or_default().split(',').collect();
        let mut attributes = vec![("host_path", Value::from(host)), ("container_path", container.into())];
        let flags = [("ro", "read_only"), ("Z", "selinux_relabel")];
        attributes.extend(
            flags.iter().filter(|(o, _)| options.contains(o)).map(|(_, name)| (*name, Value::from(true))),
        );
        let propagations = [("rshared", "Bidirectional"), ("rslave", "HostToContainer")];
        let propagation = propagations.iter().find(|(option, _)| options.contains(option));
        attributes.push(("propagation", text_or_null(propagation.map(|(_, name)| *name))));
        with_attributes(&empty, &attributes)
    });
    described.collect()
}

/// The API server's port is no extra one.
fn ports(block: &Block, inspected: &ContainerInspectResponse) -> Vec<Value> {
    let Some(empty) = block.block_type("extra_port_mappings").map(|nested| nested.block.empty_value()) else {
        return Vec::new();
    };
    let bindings = inspected.host_config.as_ref().and_then(|host| host.port_bindings.as_ref());
    let mut described: Vec<(i64, Value)> = Vec::new();
    for (port, bindings) in bindings.into_iter().flatten().collect::<std::collections::BTreeMap<_, _>>() {
        let Some((number, protocol)) = port.split_once('/') else { continue };
        let Ok(number) = number.parse::<i64>() else { continue };
        if number == i64::from(API_SERVER_PORT) {
            continue;
        }
        for binding in bindings.iter().flatten() {
            let host_port: i64 =
                binding.host_port.as_deref().and_then(|port| port.parse().ok()).unwrap_or(-1);
            let address =
                binding.host_ip.as_deref().filter(|address| !matches!(*address, "0.0.0.0" | "::" | ""));
            let value = with_attributes(
                &empty,
                &[
                    ("container_port", Value::number(Number::from(number))),
                    ("host_port", Value::number(Number::from(host_port))),
                    ("listen_address", text_or_null(address)),
                    (
                        "protocol",
                        Some(protocol)
                            .filter(|p| *p != "tcp")
                            .map_or(text_or_null(None), |p| p.to_uppercase().into()),
                    ),
                ],
            );
            described.push((number, value));
        }
    }
    described.sort_by_key(|(number, _)| *number);
    described.into_iter().map(|(_, value)| value).collect()
}

/// Returns a block with what differs from the defaults; nothing where nothing does.
fn networking_value(block: &Block, documents: &[Json], observed: &Observed) -> Option<Value> {
    let document = |kind: &str| documents.iter().find(|document| document["kind"] == kind);
    let cluster = document("ClusterConfiguration")?;
    let subnet = |name: &str| {
        cluster.pointer(&format!("/networking/{name}")).and_then(Json::as_str).unwrap_or_default()
    };
    let (pods, services) = (subnet("podSubnet"), subnet("serviceSubnet"));
    let family = match (pods.contains(','), pods.contains(':')) {
        (true, _) => "dual",
        (false, true) => "ipv6",
        (false, false) => "ipv4",
    };
    let family_value = Value::object([("ip_family", Value::from(family))]);
    let defaults = super::config::ClusterConfig::from_value(
        &Value::object([(
            "kind_config",
            Value::tuple([Value::object([("networking", Value::tuple([family_value]))])]),
        )]),
        None,
        "",
    )
    .networking;
    let mode = document("KubeProxyConfiguration")
        .map_or("none", |proxy| proxy["mode"].as_str().unwrap_or("iptables"));
    let address = observed.access.as_ref().and_then(|access| {
        let host = access.endpoint.strip_prefix("https://")?.rsplit_once(':')?.0;
        Some(host.trim_matches(['[', ']']).to_owned())
    });
    let differing = [
        ("ip_family", family, "ipv4"),
        ("pod_subnet", pods, &defaults.pod_subnet),
        ("service_subnet", services, &defaults.service_subnet),
        ("kube_proxy_mode", mode, &defaults.kube_proxy_mode),
        (
            "api_server_address",
            address.as_deref().unwrap_or(&defaults.api_server_address),
            &defaults.api_server_address,
        ),
    ];
    let attributes: Vec<(&str, Value)> = differing
        .into_iter()
        .filter(|(_, found, default)| found != default)
        .map(|(name, found, _)| (name, Value::from(found)))
        .collect();
    (!attributes.is_empty()).then(|| with_attributes(&block.empty_value(), &attributes))
}
