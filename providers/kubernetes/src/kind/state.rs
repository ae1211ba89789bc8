//! From a cluster as it is to the state of its resource.

use terrane_model::{Block, Value};

use super::config::{ClusterConfig, Role, first_block};
use super::kubeconfig::Access;
use super::names::named_nodes;
use super::network::load_balancer_range;
use super::observe::Observed;
use super::plan::Memory;
use super::schemas::network_type;
use super::values::{text_or_null, with_attributes};
use crate::docker::NetworkFacts;

/// Returns the attributes with which the cluster is reached; nulls where it cannot be.
pub(crate) fn access_attributes(access: Option<&Access>) -> Vec<(&'static str, Value)> {
    let field = |field: fn(&Access) -> &str| text_or_null(access.map(field));
    vec![
        ("client_certificate", field(|access| &access.client_certificate)),
        ("client_key", field(|access| &access.client_key)),
        ("cluster_ca_certificate", field(|access| &access.cluster_ca_certificate)),
        ("endpoint", field(|access| &access.endpoint)),
        ("kubeconfig", access.map_or_else(|| text_or_null(None), |access| Value::from(access.text()))),
    ]
}

/// Returns the network attribute.
pub(crate) fn network_value(network: Option<&NetworkFacts>) -> Value {
    let Some(network) = network else { return Value::Null(network_type()) };
    let cidr = network.ipv4_cidr();
    Value::object([
        ("ipv4_cidr", text_or_null(cidr)),
        ("load_balancer_range", text_or_null(cidr.and_then(load_balancer_range).as_deref())),
        ("name", Value::from(network.name.as_str())),
    ])
}

/// Brings a stored state up to what has been observed. Nodes that are gone leave their place in the list;
/// `memory` keeps which names the others have.
pub(crate) fn refreshed(state: &Value, observed: &Observed, memory: &mut Memory) -> Value {
    let mut attributes = access_attributes(observed.access.as_ref());
    attributes.push(("network", network_value(observed.network.as_ref())));
    attributes.push(("completed", Value::from(observed.is_complete())));
    let kind_config = first_block(state, "kind_config");
    if let Some(nodes) =
        kind_config.get("node").and_then(Value::as_sequence).filter(|nodes| !nodes.is_empty())
    {
        let image = super::config::text(state, "node_image");
        let cluster = ClusterConfig::from_value(state, None, &image);
        let names: Vec<String> = if memory.names.len() == nodes.len() {
            memory.names.clone()
        } else {
            named_nodes(&cluster).into_iter().map(|node| node.name).collect()
        };
        let (mut kept, mut kept_names) = (Vec::new(), Vec::new());
        for (node, name) in nodes.iter().zip(names) {
            if observed.nodes.iter().any(|observed| observed.name == name) {
                kept.push(refreshed_labels(node, &name, observed));
                kept_names.push(name);
            }
        }
        memory.names = kept_names;
        let nodes = Value::list(nodes[0].ty(), kept);
        let block = with_attributes(&kind_config, &[("node", nodes)]);
        attributes.push(("kind_config", Value::list(block.ty(), [block])));
    }
    with_attributes(state, &attributes)
}

/// Labels that somebody has changed or removed show as they are; those that others have added do not count.
fn refreshed_labels(node: &Value, name: &str, observed: &Observed) -> Value {
    let live = observed.registered.iter().flatten().find(|node| node.metadata.name.as_deref() == Some(name));
    let (Some(live), Some(written)) = (live, node.get("labels").and_then(Value::as_entries)) else {
        return node.clone();
    };
    let live = live.metadata.labels.clone().unwrap_or_default();
    let labels = written
        .iter()
        .filter_map(|(key, _)| Some((key.clone(), Value::from(live.get(key.as_str())?.as_str()))));
    let labels = Value::map(terrane_model::Type::String, labels.collect::<Vec<_>>());
    with_attributes(node, &[("labels", labels)])
}

/// Describes a cluster that was made by somebody else: name, image, nodes and what differs from the defaults.
pub(crate) fn imported(
    block: &Block,
    name: &str,
    observed: &Observed,
    nodes: Vec<Value>,
    networking: Vec<Value>,
) -> Value {
    let empty = block.empty_value();
    let first_image =
        observed.nodes.iter().find(|node| node.role == Role::ControlPlane).or(observed.nodes.first());
    let image = first_image.map(|node| node.image.as_str()).unwrap_or_default();
    let kind_config = block.block_type("kind_config").map(|nested| nested.block.clone()).unwrap_or_default();
    let list_of = |name: &str, values: Vec<Value>| {
        let ty = kind_config.block_type(name).map(|nested| nested.block.implied_type().clone());
        Value::list(ty.unwrap_or(terrane_model::Type::Dynamic), values)
    };
    let config = with_attributes(
        &kind_config.empty_value(),
        &[
            ("kind", "Cluster".into()),
            ("api_version", "kind.x-k8s.io/v1alpha4".into()),
            ("node", list_of("node", nodes)),
            ("networking", list_of("networking", networking)),
        ],
    );
    with_attributes(
        &empty,
        &[
            ("name", name.into()),
            ("id", Value::from(format!("{name}-{image}"))),
            ("node_image", image.into()),
            ("kind_config", Value::list(config.ty(), [config])),
        ],
    )
}
