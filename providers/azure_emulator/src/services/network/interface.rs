//! Network interfaces.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::subnet::free_address;
use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::{object_at, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::resource_id::key_of;
use crate::world::Resource;

pub(in crate::services) struct NetworkInterface;

impl Behaviour for NetworkInterface {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let mut configurations = draft.list(&["properties", "ipConfigurations"]).to_vec();
        if configurations.is_empty() {
            return Err(ArmError::bad_request(
                "NetworkInterfaceMustHaveAtLeastOneIpConfiguration",
                format!("Network interface {} must have at least one IP configuration.", draft.id),
            ));
        }
        let prior = draft.prior.as_ref().map(|prior| prior.body.clone()).unwrap_or_default();
        assign_addresses(draft.view, &draft.key, &prior, &mut configurations, "ipConfigurations")?;
        draft.set("ipConfigurations", configurations);
        draft.set_once("resourceGuid", || json!(guid::random()));
        Ok(())
    }

    fn check_delete(&self, _view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let body = resource.body();
        match text_at(&body, &["properties", "privateEndpoint", "id"]) {
            None => Ok(()),
            Some(endpoint) => Err(ArmError::bad_request(
                "NicInUseWithPrivateEndpoint",
                format!(
                    "Network Interface {} is used by an existing private endpoint {endpoint} and cannot be deleted.",
                    resource.id
                ),
            )),
        }
    }
}

/// Gives each configuration that is in a subnet its address: the one it asks for, the one it had, or a free one.
pub(in crate::services) fn assign_addresses(
    view: View<'_>,
    owner: &str,
    prior: &Object,
    configurations: &mut [Value],
    list: &str,
) -> Result<(), ArmError> {
    let mut taken: Vec<IpAddr> = Vec::new();
    for configuration in configurations.iter_mut().filter_map(Value::as_object_mut) {
        let name = text_at(configuration, &["name"]).unwrap_or_default().to_owned();
        let properties = object_at(configuration, "properties");
        let Some(subnet_id) = text_at(properties, &["subnet", "id"]).map(str::to_owned) else { continue };
        let subnet = view.find(&subnet_id).ok_or_else(|| subnet_missing(&subnet_id))?;
        let is_static = text_at(properties, &["privateIPAllocationMethod"]) == Some("Static");
        let wanted = text_at(properties, &["privateIPAddress"]).filter(|_| is_static);
        let before = prior_address(prior, list, &name, &subnet_id);
        let address = match wanted.or(before.as_deref()) {
            Some(text) => {
                let address: Option<IpAddr> = text.parse().ok();
                let address = address.filter(|address| {
                    crate::world::subnet_prefixes(&subnet.body())
                        .iter()
                        .any(|prefix| prefix.contains_address(*address))
                });
                let address = address.ok_or_else(|| not_in_subnet(text, &subnet_id))?;
                check_free(view, &subnet.key(), owner, address)?;
                address
            }
            None => free_address(view, subnet, &taken).ok_or_else(|| subnet_full(subnet))?,
        };
        taken.push(address);
        properties.insert("subnet".into(), json!({"id": subnet_id}));
        properties.insert("privateIPAddress".into(), json!(address.to_string()));
    }
    Ok(())
}

fn prior_address(prior: &Object, list: &str, name: &str, subnet_id: &str) -> Option<String> {
    let elements = crate::body::list_at(prior, &["properties", list]);
    let same = elements.iter().find(|element| element.get("name").and_then(Value::as_str) == Some(name))?;
    let properties = same.get("properties")?.as_object()?;
    let same_subnet =
        text_at(properties, &["subnet", "id"]).is_some_and(|id| key_of(id) == key_of(subnet_id));
    text_at(properties, &["privateIPAddress"]).filter(|_| same_subnet).map(str::to_owned)
}

fn check_free(view: View<'_>, subnet: &str, owner: &str, address: IpAddr) -> Result<(), ArmError> {
    match view.world.indexes().owner_of_address(subnet, address) {
        Some(other) if **other != *owner => Err(ArmError::bad_request(
            "PrivateIPAddressInUse",
            format!("IP address {address} is already allocated to resource {other}."),
        )),
        _ => Ok(()),
    }
}

fn subnet_missing(id: &str) -> ArmError {
    ArmError::bad_request(
        "InvalidResourceReference",
        format!(
            "Resource {id} referenced by an IP configuration was not found. Please make sure that the referenced \
             resource exists, and that both resources are in the same region."
        ),
    )
}

fn not_in_subnet(address: &str, subnet: &str) -> ArmError {
    ArmError::bad_request(
        "PrivateIPAddressNotInSubnet",
        format!(
            "Private static IP address {address} does not belong to the range of subnet prefix of {subnet}."
        ),
    )
}

fn subnet_full(subnet: &Resource) -> ArmError {
    ArmError::bad_request(
        "SubnetIsFull",
        format!(
            "Subnet {} with address prefix does not have enough capacity for IP addresses.",
            subnet.name()
        ),
    )
}
