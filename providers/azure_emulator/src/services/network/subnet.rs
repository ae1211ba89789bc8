//! Subnets: address ranges, delegations, what may be put in them.

use serde_json::{Value, json};

use super::virtual_network::{address_space, checked_prefix};
use super::{configurations_using, ids_of, reference, references_to, users_of};
use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::{list_at, object_at, text_at};
use crate::cidr::Cidr;
use crate::error::ArmError;
use crate::guid;
use crate::resource_id::{Key, name_of};
use crate::world::Resource;

pub(in crate::services) struct Subnet;

/// Types whose resources take addresses in a subnet.
const OCCUPANTS: &[&str] = &[
    "Microsoft.Network/networkInterfaces",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/loadBalancers",
    "Microsoft.Network/applicationGateways",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ContainerService/managedClusters/agentPools",
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.Cache/redis",
];

/// What a service may do with a subnet that is delegated to it.
const JOIN: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
const ACTION: &str = "Microsoft.Network/virtualNetworks/subnets/action";
const PREPARE: &str = "Microsoft.Network/virtualNetworks/subnets/prepareNetworkPolicies/action";
const UNPREPARE: &str = "Microsoft.Network/virtualNetworks/subnets/unprepareNetworkPolicies/action";
const INTERFACES: &str = "Microsoft.Network/networkinterfaces/*";

impl Behaviour for Subnet {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        check_prefixes(draft)?;
        for name in ["networkSecurityGroup", "routeTable", "natGateway"] {
            if let Some(id) = reference(&draft.body, name) {
                draft.require_reference(id)?;
                // Only the id is kept, whatever else was sent along.
                let id = json!({"id": id});
                draft.set(name, id);
            }
        }
        check_changes(draft)?;
        let (id, location) = (draft.id.clone(), network_location(draft));
        fill_delegations(&id, draft.properties())?;
        fill_service_endpoints(&location, draft.properties());
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let users = users_of(view, &resource.key(), OCCUPANTS);
        if users.is_empty() {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "InUseSubnetCannotBeDeleted",
            format!(
                "Subnet {} is in use by {} and cannot be deleted. In order to delete the subnet, delete all the \
                 resources within the subnet. See aka.ms/deletesubnet.",
                resource.name(),
                ids_of(&users)
            ),
        ))
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, view: View<'_>, resource: &Resource, body: &mut Object) {
        let key = resource.key();
        let configurations = configurations_using(view, &key);
        let endpoints = view.referrers_of_type(&key, "Microsoft.Network/privateEndpoints");
        let delegated = !list_at(body, &["properties", "delegations"]).is_empty();
        let properties = object_at(body, "properties");
        if !configurations.is_empty() {
            properties.insert("ipConfigurations".into(), configurations.into());
        }
        if !endpoints.is_empty() {
            properties.insert("privateEndpoints".into(), references_to(endpoints));
            properties.insert("purpose".into(), json!("PrivateEndpoints"));
        }
        let servers = users_of(view, &key, &["Microsoft.DBforPostgreSQL/flexibleServers"]);
        if delegated && !servers.is_empty() {
            let link = json!({
                "id": format!("{}/serviceAssociationLinks/flexible-server", resource.id),
                "name": "flexible-server",
                "type": "Microsoft.Network/virtualNetworks/subnets/serviceAssociationLinks",
                "properties": {
                    "linkedResourceType": "Microsoft.DBforPostgreSQL/flexibleServers",
                    "provisioningState": "Succeeded",
                    "allowDelete": false,
                    "locations": [],
                },
            });
            properties.insert("serviceAssociationLinks".into(), json!([link]));
        }
    }
}

fn network_location(draft: &Draft<'_>) -> String {
    let location = draft.parent.as_ref().and_then(|parent| text_at(parent, &["location"]));
    location.unwrap_or("westeurope").to_owned()
}

fn check_prefixes(draft: &Draft<'_>) -> Result<(), ArmError> {
    let prefixes = prefixes_of(&draft.id, &draft.body)?;
    let from_pool = !list_at(&draft.body, &["properties", "ipamPoolPrefixAllocations"]).is_empty();
    if prefixes.is_empty() && !from_pool {
        return Err(ArmError::bad_request(
            "AddressPrefixStringCannotBeNullOrEmpty",
            format!("Address prefix string for resource {} cannot be null or empty.", draft.id),
        ));
    }
    let network = network_name(draft);
    let space = draft.parent.as_ref().map(address_space).unwrap_or_default();
    for prefix in &prefixes {
        let has_good_size = if prefix.is_ipv4() { prefix.length() <= 29 } else { prefix.length() == 64 };
        if !has_good_size || !(space.is_empty() || space.iter().any(|space| space.contains(*prefix))) {
            return Err(ArmError::bad_request(
                "NetcfgInvalidSubnet",
                format!("Subnet '{}' is not valid in virtual network '{network}'.", draft.name()),
            ));
        }
    }
    if draft.with_parent {
        // The network has compared all subnets that come with it.
        return Ok(());
    }
    let parent = crate::resource_id::parent_key(&draft.key).unwrap_or_default();
    for (owner, other) in draft.view.world.indexes().subnet_prefixes(parent) {
        if *owner != draft.key && prefixes.iter().any(|prefix| prefix.overlaps(*other)) {
            return Err(overlap(draft.name(), &network));
        }
    }
    Ok(())
}

fn network_name(draft: &Draft<'_>) -> String {
    let (network, _) = draft.id.rsplit_once("/subnets/").unwrap_or((&draft.id, ""));
    name_of(network).to_owned()
}

fn prefixes_of(id: &str, body: &Object) -> Result<Vec<Cidr>, ArmError> {
    let many = list_at(body, &["properties", "addressPrefixes"]).iter().filter_map(Value::as_str);
    let one = text_at(body, &["properties", "addressPrefix"]);
    let mut prefixes: Vec<Cidr> = Vec::new();
    for text in one.into_iter().chain(many) {
        let prefix = checked_prefix(id, text)?;
        if !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    Ok(prefixes)
}

fn overlap(subnet: &str, network: &str) -> ArmError {
    ArmError::bad_request(
        "NetcfgSubnetRangesOverlap",
        format!(
            "Subnet '{subnet}' is not valid because its IP address range overlaps with that of an existing subnet in \
             virtual network '{network}'."
        ),
    )
}

/// Compares the ranges of subnets that are written together with their network, in one sorted pass.
pub(super) fn check_siblings(network: &Draft<'_>) -> Result<(), ArmError> {
    let mut ranges: Vec<(Cidr, &Draft<'_>)> = Vec::new();
    for child in network.children.iter().filter(|child| child.resource_type.last_segment() == "subnets") {
        ranges.extend(prefixes_of(&child.id, &child.body)?.into_iter().map(|prefix| (prefix, child)));
    }
    ranges.sort_by_key(|(prefix, _)| (prefix.address_at(0), prefix.length()));
    for pair in ranges.windows(2) {
        let [(first, one), (second, other)] = pair else { continue };
        if first.overlaps(*second) && one.key != other.key {
            return Err(overlap(other.name(), network.name()));
        }
    }
    Ok(())
}

/// What is in use may not be taken away.
fn check_changes(draft: &Draft<'_>) -> Result<(), ArmError> {
    let Some(prior) = &draft.prior else { return Ok(()) };
    let users = users_of(draft.view, &draft.key, OCCUPANTS);
    if users.is_empty() {
        return Ok(());
    }
    let kept = prefixes_of(&draft.id, &draft.body)?;
    for before in crate::world::subnet_prefixes(&prior.body) {
        if !kept.iter().any(|prefix| prefix.contains(before)) {
            return Err(ArmError::bad_request(
                "InUsePrefixCannotBeDeleted",
                format!(
                    "IpPrefix {before} on Subnet {} has active allocations and cannot be deleted.",
                    draft.name()
                ),
            ));
        }
    }
    let services = |body: &Object| -> Vec<String> {
        let delegations = list_at(body, &["properties", "delegations"]).iter();
        delegations
            .filter_map(|it| it.pointer("/properties/serviceName")?.as_str().map(str::to_owned))
            .collect()
    };
    let after = services(&draft.body);
    let delegated_users = users.iter().any(|user| is_injected(user));
    if delegated_users && services(&prior.body).iter().any(|service| !after.contains(service)) {
        return Err(ArmError::bad_request(
            "SubnetMissingRequiredDelegation",
            format!(
                "Subnet {} requires any of the following delegation(s) [Microsoft.DBforPostgreSQL/flexibleServers] to \
                 reference service association link {}/serviceAssociationLinks/flexible-server.",
                draft.id, draft.id
            ),
        ));
    }
    Ok(())
}

fn is_injected(resource: &Resource) -> bool {
    crate::table::CATALOG.get(resource.kind).name == "Microsoft.DBforPostgreSQL/flexibleServers"
}

/// Gives delegations their ids, states and the actions that the service needs.
fn fill_delegations(id: &str, properties: &mut Object) -> Result<(), ArmError> {
    let Some(Value::Array(delegations)) = properties.get_mut("delegations") else { return Ok(()) };
    for delegation in delegations.iter_mut().filter_map(Value::as_object_mut) {
        let name = text_at(delegation, &["name"]).unwrap_or_default().to_owned();
        let service = text_at(delegation, &["properties", "serviceName"]).unwrap_or_default().to_owned();
        let Some(actions) = actions_of(&service) else {
            return Err(ArmError::bad_request(
                "InvalidServiceNameForDelegation",
                format!("Service name {service} in delegation {name} of subnet {id} is not known."),
            ));
        };
        delegation.insert("id".into(), json!(format!("{id}/delegations/{name}")));
        delegation.insert("type".into(), json!("Microsoft.Network/virtualNetworks/subnets/delegations"));
        delegation.insert("etag".into(), json!(format!("W/\"{}\"", guid::derived(&[id, &name, &service]))));
        let inner = object_at(delegation, "properties");
        inner.insert("actions".into(), json!(actions));
        inner.insert("provisioningState".into(), json!("Succeeded"));
    }
    Ok(())
}

/// The actions of a service that takes delegated subnets; `None` if the name does not look like a service.
fn actions_of(service: &str) -> Option<&'static [&'static str]> {
    let lower = service.to_ascii_lowercase();
    match lower.as_str() {
        "microsoft.web/serverfarms" | "microsoft.containerinstance/containergroups" => Some(&[ACTION]),
        "microsoft.netapp/volumes" => Some(&[INTERFACES, JOIN]),
        "microsoft.databricks/workspaces" => Some(&[JOIN, PREPARE, UNPREPARE]),
        "microsoft.sql/managedinstances" => Some(&[JOIN, PREPARE, UNPREPARE]),
        _ => lower.strip_prefix("microsoft.").filter(|rest| rest.contains('/')).map(|_| &[JOIN][..]),
    }
}

fn fill_service_endpoints(location: &str, properties: &mut Object) {
    let Some(Value::Array(endpoints)) = properties.get_mut("serviceEndpoints") else { return };
    for endpoint in endpoints.iter_mut().filter_map(Value::as_object_mut) {
        endpoint.insert("provisioningState".into(), json!("Succeeded"));
        let service = text_at(endpoint, &["service"]).unwrap_or_default();
        // Global services list every region, the others their own.
        let everywhere = matches!(
            service,
            "Microsoft.AzureCosmosDB" | "Microsoft.KeyVault" | "Microsoft.ContainerRegistry"
        );
        let locations = if everywhere { json!(["*"]) } else { json!([location]) };
        crate::body::set_default(endpoint, "locations", locations);
    }
}

/// Returns the next free address of a subnet; the first four and the last are the platform's.
pub(in crate::services) fn free_address(
    view: View<'_>,
    subnet: &Resource,
    taken: &[std::net::IpAddr],
) -> Option<std::net::IpAddr> {
    let key: Key = subnet.key();
    let indexes = view.world.indexes();
    let prefix = *crate::world::subnet_prefixes(&subnet.body()).iter().find(|prefix| prefix.is_ipv4())?;
    let usable = 4..prefix.size().saturating_sub(1);
    // Addresses are handed out in order, so the search starts near the first gap.
    let in_use = indexes.addresses_in_use(&key) as u128;
    let starts = [4 + in_use, 4];
    starts.into_iter().find_map(|start| {
        (start..usable.end)
            .take(4096)
            .map(|offset| prefix.address_at(offset))
            .find(|address| indexes.owner_of_address(&key, *address).is_none() && !taken.contains(address))
    })
}
