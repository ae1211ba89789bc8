//! Microsoft.Network: virtual networks, security groups, addresses, gateways, interfaces.

pub(super) mod addresses;
pub(super) mod gateway;
pub(super) mod interface;
pub(super) mod peering;
pub(super) mod route_table;
pub(super) mod security_group;
pub(super) mod subnet;
pub(super) mod virtual_network;

use serde_json::{Value, json};

use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::text_at;
use crate::error::ArmError;
use crate::guid;
use crate::table::CATALOG;
use crate::world::Resource;

/// Types of which only the common parts are special: a `resourceGuid`.
pub(super) struct PlainNetwork;

impl Behaviour for PlainNetwork {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        draft.set_once("resourceGuid", || json!(guid::random()));
        Ok(())
    }
}

/// Returns the ids of the resources of these types that name `key`.
pub(super) fn users_of<'v>(view: View<'v>, key: &str, types: &[&str]) -> Vec<&'v Resource> {
    let kinds: Vec<_> = types.iter().filter_map(|name| CATALOG.find(name)).collect();
    let referrers = view.world.referrers(key).filter_map(|key| view.world.get(key));
    referrers.filter(|resource| kinds.contains(&resource.kind)).collect()
}

/// Returns `[{"id": …}]`.
pub(super) fn references_to<'r>(resources: impl IntoIterator<Item = &'r Resource>) -> Value {
    resources.into_iter().map(|resource| json!({"id": resource.id})).collect()
}

/// Joins ids for a message.
pub(super) fn ids_of(resources: &[&Resource]) -> String {
    resources.iter().map(|resource| &*resource.id).collect::<Vec<_>>().join(", ")
}

/// Reads `{"id": …}` at a path below `properties`.
pub(super) fn reference<'b>(body: &'b Object, name: &str) -> Option<&'b str> {
    text_at(body, &["properties", name, "id"])
}

/// Returns the IP configurations that use `key` (a subnet or a public IP address), as references: interfaces', load
/// balancers' and gateways'.
pub(super) fn configurations_using(view: View<'_>, key: &str) -> Vec<Value> {
    const HOLDERS: &[(&str, &str)] = &[
        ("Microsoft.Network/networkInterfaces", "ipConfigurations"),
        ("Microsoft.Network/loadBalancers", "frontendIPConfigurations"),
        ("Microsoft.Network/applicationGateways", "frontendIPConfigurations"),
        ("Microsoft.Network/applicationGateways", "gatewayIPConfigurations"),
    ];
    let mut found = Vec::new();
    for (type_name, list) in HOLDERS {
        for resource in view.referrers_of_type(key, type_name) {
            let body = resource.body();
            for element in crate::body::list_at(&body, &["properties", list]) {
                let Some(properties) = element.get("properties").and_then(Value::as_object) else { continue };
                let uses = ["subnet", "publicIPAddress"].iter().any(|name| {
                    text_at(properties, &[name, "id"])
                        .is_some_and(|id| *crate::resource_id::key_of(id) == *key)
                });
                if let (true, Some(name)) = (uses, element.get("name").and_then(Value::as_str)) {
                    found.push(json!({"id": format!("{}/{list}/{name}", resource.id)}));
                }
            }
        }
    }
    found
}
