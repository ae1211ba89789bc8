//! The network interface of a private endpoint.

use serde_json::{Value, json};

use super::groups::member_of;
use crate::behaviour::{Effects, Object};
use crate::body::{list_at, text_at};
use crate::guid;
use crate::resource_id::key_of;
use crate::services::network::interface::assign_addresses;
use crate::world::Resource;

/// One name that the target is reached by, with its address.
pub(super) struct Member {
    pub(super) fqdn: String,
    pub(super) name: String,
    pub(super) address: String,
}

/// Makes the interface; returns its id and the members that it has addresses for.
pub(super) fn make_interface(
    effects: &mut Effects<'_>,
    endpoint: &Resource,
    body: &Object,
    group: &str,
    names: &[String],
) -> (String, Vec<Member>) {
    let custom = text_at(body, &["properties", "customNetworkInterfaceName"]).filter(|name| !name.is_empty());
    let name = custom.map_or_else(|| format!("{}.nic.{}", endpoint.name(), guid::random()), str::to_owned);
    let (scope, _) = endpoint.id.rsplit_once("/privateEndpoints/").unwrap_or((&endpoint.id, ""));
    let id = format!("{scope}/networkInterfaces/{name}");
    let mut configurations = configurations(&id, body, group, names);
    // A full subnet or a taken address leaves the interface without one; the checks before make that unlikely.
    let key = key_of(&id);
    let _ = assign_addresses(effects.view(), &key, &Object::new(), &mut configurations, "ipConfigurations");
    let members = configurations.iter().zip(names).filter_map(|(configuration, fqdn)| {
        let properties = configuration.get("properties")?.as_object()?;
        Some(Member {
            fqdn: fqdn.clone(),
            name: text_at(properties, &["privateLinkConnectionProperties", "requiredMemberName"])?.to_owned(),
            address: text_at(properties, &["privateIPAddress"])?.to_owned(),
        })
    });
    let members: Vec<Member> = members.collect();
    let interface = interface_body(endpoint, body, configurations);
    effects.put("Microsoft.Network/networkInterfaces", &id, interface, Object::new());
    (id, members)
}

/// One IP configuration per member, with the addresses that the endpoint asks for.
fn configurations(id: &str, body: &Object, group: &str, names: &[String]) -> Vec<Value> {
    let subnet = text_at(body, &["properties", "subnet", "id"]).unwrap_or_default();
    let wanted = list_at(body, &["properties", "ipConfigurations"]);
    let count = names.len().max(1);
    (0..count)
        .map(|idx| {
            let fqdn = names.get(idx).cloned().unwrap_or_default();
            let member = member_of(group, &fqdn, idx, count);
            let fixed = wanted.iter().find_map(|wanted| fixed_address(wanted, &member, count));
            let (name, address, method) = match fixed {
                Some((name, address)) => (name, json!(address), "Static"),
                None => (format!("privateEndpointIpConfig.{}", guid::random()), Value::Null, "Dynamic"),
            };
            json!({
                "id": format!("{id}/ipConfigurations/{name}"),
                "name": name,
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                "properties": {
                    "provisioningState": "Succeeded",
                    "privateIPAddress": address,
                    "privateIPAllocationMethod": method,
                    "privateIPAddressVersion": "IPv4",
                    "primary": idx == 0,
                    "subnet": {"id": subnet},
                    "privateLinkConnectionProperties":
                        {"groupId": group, "requiredMemberName": member, "fqdns": [fqdn]},
                },
            })
        })
        .collect()
}

/// Name and address of a fixed configuration, if it is meant for a member.
fn fixed_address(wanted: &Value, member: &str, count: usize) -> Option<(String, String)> {
    let wanted = wanted.as_object()?;
    let named = text_at(wanted, &["properties", "memberName"]);
    let fits = named.map_or(count == 1, |named| named == member || count == 1);
    let address = text_at(wanted, &["properties", "privateIPAddress"])?;
    fits.then(|| (text_at(wanted, &["name"]).unwrap_or_default().to_owned(), address.to_owned()))
}

fn interface_body(endpoint: &Resource, body: &Object, configurations: Vec<Value>) -> Object {
    let mut interface = json!({
        "location": text_at(body, &["location"]),
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": guid::random(),
            "ipConfigurations": configurations,
            "dnsSettings": {
                "dnsServers": [],
                "appliedDnsServers": [],
                "internalDomainNameSuffix": "emulated.internal.cloudapp.net",
            },
            "enableAcceleratedNetworking": false,
            "enableIPForwarding": false,
            "disableTcpStateTracking": false,
            "privateEndpoint": {"id": endpoint.id},
            "nicType": "Standard",
            "auxiliaryMode": "None",
            "auxiliarySku": "None",
            "macAddress": "",
            "vnetEncryptionSupported": false,
            "hostedWorkloads": [],
            "tapConfigurations": [],
        },
    });
    if let (Some(tags), Some(object)) = (body.get("tags"), interface.as_object_mut()) {
        object.insert("tags".into(), tags.clone());
    }
    interface.as_object().cloned().unwrap_or_default()
}
