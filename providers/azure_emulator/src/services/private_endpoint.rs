//! Private endpoints: a network interface, a connection at the target, names in DNS zones.

use serde_json::{Value, json};

use super::network::interface::assign_addresses;
use super::private_dns::{add_endpoint_record, remove_endpoint_record};
use crate::behaviour::{Behaviour, Draft, Effects, Object, View};
use crate::body::{list_at, object_at, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::regions::normalize;
use crate::resource_id::{Key, key_of, name_of};
use crate::table::CATALOG;
use crate::world::{OperationKind, Resource};

/// Resource type, group id, and the fully qualified names that the group's members have. `{name}` and `{region}`
/// stand for the target's.
const GROUPS: &[(&str, &str, &[&str])] = &[
    ("Microsoft.Cache/redis", "redisCache", &["{name}.redis.cache.windows.net"]),
    ("Microsoft.Cache/redisEnterprise", "redisEnterprise", &["{name}.{region}.redis.azure.net"]),
    (
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "postgresqlServer",
        &["{name}.postgres.database.azure.com"],
    ),
    (
        "Microsoft.ContainerRegistry/registries",
        "registry",
        &["{name}.{region}.data.azurecr.io", "{name}.azurecr.io"],
    ),
    ("Microsoft.KeyVault/vaults", "vault", &["{name}.vault.azure.net"]),
    ("Microsoft.Storage/storageAccounts", "blob", &["{name}.blob.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "blob_secondary", &["{name}-secondary.blob.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "file", &["{name}.file.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "queue", &["{name}.queue.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "queue_secondary", &["{name}-secondary.queue.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "table", &["{name}.table.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "table_secondary", &["{name}-secondary.table.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "web", &["{name}.web.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "web_secondary", &["{name}-secondary.web.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "dfs", &["{name}.dfs.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "dfs_secondary", &["{name}-secondary.dfs.core.windows.net"]),
    ("Microsoft.ContainerService/managedClusters", "management", &["{name}.{region}.azmk8s.io"]),
];

const CONNECTION_LISTS: &[&str] = &["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"];

pub(super) struct PrivateEndpoint;

impl Behaviour for PrivateEndpoint {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let subnet = draft.text(&["properties", "subnet", "id"]).unwrap_or_default().to_owned();
        draft.require_reference(&subnet)?;
        draft.set("subnet", json!({"id": subnet}));
        let mut count = 0;
        for list in CONNECTION_LISTS {
            let mut connections = draft.list(&["properties", list]).to_vec();
            for connection in connections.iter_mut().filter_map(Value::as_object_mut) {
                check_connection(draft, connection)?;
                fill_connection(draft, list, connection);
                count += 1;
            }
            draft.set(list, connections);
        }
        if count != 1 {
            return Err(ArmError::bad_request(
                "PrivateEndpointMustHaveOnePrivateLinkServiceConnection",
                format!(
                    "Private endpoint {} must have exactly one private link service connection.",
                    draft.id
                ),
            ));
        }
        for id in draft
            .list(&["properties", "applicationSecurityGroups"])
            .iter()
            .filter_map(|it| it.get("id")?.as_str())
        {
            draft.require_reference(id)?;
        }
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, _kind: OperationKind) {
        let Some(endpoint) = effects.world.get(key).cloned() else { return };
        let has_interface = !list_at(&endpoint.body(), &["properties", "networkInterfaces"]).is_empty();
        if !has_interface {
            attach(effects, &endpoint);
        }
    }

    fn removed(&self, effects: &mut Effects<'_>, resource: &Resource) {
        let body = resource.body();
        for interface in list_at(&body, &["properties", "networkInterfaces"]) {
            if let Some(id) = interface.get("id").and_then(Value::as_str) {
                effects.remove_tree(&key_of(id));
            }
        }
        if let Some(connection) = text_at(&resource.hidden(), &["connection"]) {
            effects.remove_tree(&key_of(connection));
        }
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, view: View<'_>, resource: &Resource, body: &mut Object) {
        // The zones know the names then.
        if !view.world.children(&resource.key(), "privateDnsZoneGroups").is_empty() {
            object_at(body, "properties").insert("customDnsConfigs".into(), json!([]));
        }
    }
}

fn check_connection(draft: &Draft<'_>, connection: &Object) -> Result<(), ArmError> {
    let Some(target_id) = text_at(connection, &["properties", "privateLinkServiceId"]) else {
        return Err(ArmError::bad_request(
            "MissingPrivateLinkServiceId",
            format!("A connection of private endpoint {} does not name its target.", draft.id),
        ));
    };
    draft.require_reference(target_id)?;
    let Some(target) = draft.view.find(target_id) else { return Ok(()) };
    if !target.is_settled() {
        return Err(ArmError::bad_request(
            "RetryableError",
            format!(
                "The target resource {target_id} is being created; a connection to it can be made later."
            ),
        ));
    }
    let type_name = &CATALOG.get(target.kind).name;
    let known: Vec<&str> =
        GROUPS.iter().filter(|(name, ..)| name == type_name).map(|(_, group, _)| *group).collect();
    let groups = list_at(connection, &["properties", "groupIds"]);
    let unknown = groups
        .iter()
        .filter_map(Value::as_str)
        .find(|group| !known.iter().any(|known| known.eq_ignore_ascii_case(group)));
    // Private link services of customers have no groups.
    if type_name == "Microsoft.Network/privateLinkServices" {
        return Ok(());
    }
    if groups.is_empty() || unknown.is_some() {
        return Err(ArmError::bad_request(
            "InvalidGroupId",
            format!(
                "Group id '{}' is not valid for resource {target_id}. Valid group ids are: {}.",
                unknown.unwrap_or_default(),
                known.join(", ")
            ),
        ));
    }
    Ok(())
}

fn fill_connection(draft: &Draft<'_>, list: &str, connection: &mut Object) {
    let name = text_at(connection, &["name"]).unwrap_or_default().to_owned();
    connection.insert("id".into(), json!(format!("{}/{list}/{name}", draft.id)));
    connection.insert("type".into(), json!(format!("Microsoft.Network/privateEndpoints/{list}")));
    connection.insert("etag".into(), json!(format!("W/\"{}\"", guid::derived(&["etag", &draft.id, &name]))));
    let is_manual = list.starts_with("manual");
    let state = match is_manual {
        true => json!({"status": "Pending", "description": "", "actionsRequired": "None"}),
        false => json!({"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"}),
    };
    let properties = object_at(connection, "properties");
    properties.insert("provisioningState".into(), json!("Succeeded"));
    properties.insert("privateLinkServiceConnectionState".into(), state);
}

/// One name that the target is reached by, with its address.
struct Member {
    fqdn: String,
    name: String,
    address: String,
}

/// Makes the interface and the target's side of the connection, and tells the endpoint about them.
fn attach(effects: &mut Effects<'_>, endpoint: &Resource) {
    let body = endpoint.body();
    let connection = CONNECTION_LISTS.iter().flat_map(|list| list_at(&body, &["properties", list])).next();
    let Some(connection) = connection.and_then(Value::as_object) else { return };
    let Some(target) = text_at(connection, &["properties", "privateLinkServiceId"]).map(str::to_owned) else {
        return;
    };
    let group =
        list_at(connection, &["properties", "groupIds"]).first().and_then(Value::as_str).unwrap_or_default();
    let names = member_names(effects.view(), &target, group);
    let (interface, members) = make_interface(effects, endpoint, &body, group, &names);
    let state = crate::body::at(connection, &["properties", "privateLinkServiceConnectionState"]).cloned();
    let connection_id = make_connection(effects, endpoint, &target, group, state.unwrap_or_default());
    let configs: Vec<Value> =
        members.iter().map(|member| json!({"fqdn": member.fqdn, "ipAddresses": [member.address]})).collect();
    let hidden_members: Vec<Value> = members
        .iter()
        .map(|member| json!({"fqdn": member.fqdn, "name": member.name, "address": member.address}))
        .collect();
    effects.world.update(&endpoint.key(), |endpoint| {
        let mut body = endpoint.body();
        let properties = object_at(&mut body, "properties");
        properties.insert("networkInterfaces".into(), json!([{"id": interface}]));
        properties.insert("customDnsConfigs".into(), configs.into());
        endpoint.set_body(body);
        let hidden = json!({"connection": connection_id, "members": hidden_members});
        endpoint.set_hidden(hidden.as_object().cloned().unwrap_or_default());
    });
}

fn member_names(view: View<'_>, target: &str, group: &str) -> Vec<String> {
    let Some(resource) = view.find(target) else { return Vec::new() };
    let type_name = &CATALOG.get(resource.kind).name;
    let region = resource.location().map(|location| normalize(&location)).unwrap_or_default();
    if type_name == "Microsoft.ContainerService/managedClusters" {
        let body = resource.body();
        return text_at(&body, &["properties", "privateFQDN"]).map(str::to_owned).into_iter().collect();
    }
    let found = GROUPS.iter().find(|(name, id, _)| name == type_name && id.eq_ignore_ascii_case(group));
    let patterns = found.map_or(&[][..], |(_, _, patterns)| patterns);
    patterns
        .iter()
        .map(|pattern| {
            pattern.replace("{name}", &resource.name().to_lowercase()).replace("{region}", &region)
        })
        .collect()
}

fn make_interface(
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
    let subnet = text_at(body, &["properties", "subnet", "id"]).unwrap_or_default();
    let wanted = list_at(body, &["properties", "ipConfigurations"]);
    let count = names.len().max(1);
    let mut configurations: Vec<Value> = (0..count)
        .map(|idx| {
            let fqdn = names.get(idx).cloned().unwrap_or_default();
            let member = member_of(group, &fqdn, idx, count);
            let fixed = wanted.iter().find_map(|wanted| fixed_address(wanted, &member, count));
            let (name, method) = match fixed {
                Some((name, _)) => (name, "Static"),
                None => (format!("privateEndpointIpConfig.{}", guid::random()), "Dynamic"),
            };
            json!({
                "id": format!("{id}/ipConfigurations/{name}"),
                "name": name,
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                "properties": {
                    "provisioningState": "Succeeded",
                    "privateIPAddress": fixed_text(wanted, &member, count),
                    "privateIPAllocationMethod": method,
                    "privateIPAddressVersion": "IPv4",
                    "primary": idx == 0,
                    "subnet": {"id": subnet},
                    "privateLinkConnectionProperties":
                        {"groupId": group, "requiredMemberName": member, "fqdns": [fqdn]},
                },
            })
        })
        .collect();
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
    let mut interface = json!({
        "location": text_at(body, &["location"]),
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": guid::random(),
            "ipConfigurations": configurations,
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": [],
                "internalDomainNameSuffix": "emulated.internal.cloudapp.net"},
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
    let interface = interface.as_object().cloned().unwrap_or_default();
    effects.put("Microsoft.Network/networkInterfaces", &id, interface, Object::new());
    (id, members)
}

/// The member that a name belongs to: most groups have one of the group's own name.
fn member_of(group: &str, fqdn: &str, idx: usize, count: usize) -> String {
    match (group, count) {
        ("registry", 2) if idx == 0 => {
            format!("registry_data_{}", fqdn.split('.').nth(1).unwrap_or_default())
        }
        ("vault", _) => "default".to_owned(),
        _ => group.to_owned(),
    }
}

fn fixed_address(wanted: &Value, member: &str, count: usize) -> Option<(String, String)> {
    let wanted = wanted.as_object()?;
    let named = text_at(wanted, &["properties", "memberName"]);
    let fits = named.map_or(count == 1, |named| named == member || count == 1);
    let address = text_at(wanted, &["properties", "privateIPAddress"])?;
    fits.then(|| (text_at(wanted, &["name"]).unwrap_or_default().to_owned(), address.to_owned()))
}

fn fixed_text(wanted: &[Value], member: &str, count: usize) -> Value {
    let found = wanted.iter().find_map(|wanted| fixed_address(wanted, member, count));
    found.map_or(Value::Null, |(_, address)| json!(address))
}

/// Makes the target's record of the connection; returns its id.
fn make_connection(
    effects: &mut Effects<'_>,
    endpoint: &Resource,
    target: &str,
    group: &str,
    state: Value,
) -> Option<String> {
    let resource = effects.view().find(target)?;
    let type_name = format!("{}/privateEndpointConnections", CATALOG.get(resource.kind).name);
    let id = format!("{}/privateEndpointConnections/{}.{}", resource.id, endpoint.name(), guid::random());
    let body = json!({"properties": {
        "provisioningState": "Succeeded",
        "privateEndpoint": {"id": endpoint.id},
        "groupIds": [group],
        "privateLinkServiceConnectionState": state,
    }});
    effects.put(&type_name, &id, body.as_object().cloned().unwrap_or_default(), Object::new());
    Some(id)
}

/// A private endpoint's DNS zone group: writes the endpoint's names into zones.
pub(super) struct ZoneGroup;

impl Behaviour for ZoneGroup {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let parent = crate::resource_id::parent_key(&draft.key).unwrap_or_default();
        let others = draft.view.world.children(parent, "privateDnsZoneGroups");
        if others.iter().any(|(key, _)| **key != draft.key) {
            return Err(ArmError::bad_request(
                "PrivateDnsZoneGroupCountExceeded",
                format!("Private endpoint {parent} can have at most one private DNS zone group."),
            ));
        }
        let endpoint = draft.view.world.get(parent);
        if endpoint.is_some_and(|endpoint| endpoint.pending.is_some()) {
            return Err(ArmError::conflict(
                "AnotherOperationInProgress",
                "Another operation on this or dependent resource is in progress.",
            ));
        }
        let mut configs = draft.list(&["properties", "privateDnsZoneConfigs"]).to_vec();
        if configs.is_empty() || configs.len() > 5 {
            return Err(ArmError::bad_request(
                "InvalidPrivateDnsZoneConfigCount",
                "A private DNS zone group must have one to five zones.",
            ));
        }
        let members = endpoint.map(|endpoint| members_of(&endpoint.hidden())).unwrap_or_default();
        for config in configs.iter_mut().filter_map(Value::as_object_mut) {
            let zone = text_at(config, &["properties", "privateDnsZoneId"]).unwrap_or_default().to_owned();
            draft.require_reference(&zone)?;
            let name = text_at(config, &["name"]).unwrap_or_default().to_owned();
            config.insert("id".into(), json!(format!("{}/privateDnsZoneConfigs/{name}", draft.id)));
            config.insert(
                "type".into(),
                json!("Microsoft.Network/privateEndpoints/privateDnsZoneGroups/privateDnsZoneConfigs"),
            );
            config.insert(
                "etag".into(),
                json!(format!("W/\"{}\"", guid::derived(&["etag", &draft.id, &name]))),
            );
            let records: Vec<Value> = members.iter().map(|member| record_of(&zone, member)).collect();
            let properties = object_at(config, "properties");
            properties.insert("recordSets".into(), records.into());
            properties.insert("provisioningState".into(), json!("Succeeded"));
        }
        draft.set("privateDnsZoneConfigs", configs);
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, _kind: OperationKind) {
        let Some(group) = effects.world.get(key).cloned() else { return };
        // What an earlier version of the group wrote goes first.
        let before = group.hidden();
        for (zone, name, addresses) in records_of(&before) {
            remove_endpoint_record(effects, &zone, &name, &addresses);
        }
        let body = group.body();
        for (zone, name, addresses) in records_of(&body) {
            let zone = effects.view().find(&zone).map_or(zone.clone(), |found| found.id.to_string());
            add_endpoint_record(effects, &zone, &name, &addresses);
        }
        effects.world.update(key, |group| group.set_hidden(body));
    }

    fn removed(&self, effects: &mut Effects<'_>, resource: &Resource) {
        for (zone, name, addresses) in records_of(&resource.hidden()) {
            remove_endpoint_record(effects, &zone, &name, &addresses);
        }
    }
}

fn members_of(hidden: &Object) -> Vec<Member> {
    let members = list_at(hidden, &["members"]).iter().filter_map(|member| {
        let text = |name: &str| member.get(name)?.as_str().map(str::to_owned);
        Some(Member { fqdn: text("fqdn")?, name: text("name")?, address: text("address")? })
    });
    members.collect()
}

/// The record of a member in a zone. The zone `privatelink.X` holds the names below `X`; where the two differ, as with
/// key vaults, the first label is the name.
fn record_of(zone: &str, member: &Member) -> Value {
    let zone_name = name_of(zone);
    let public = zone_name.strip_prefix("privatelink.").unwrap_or(zone_name);
    let inner = member.fqdn.strip_suffix(public).and_then(|rest| rest.strip_suffix('.'));
    let name = inner.or_else(|| member.fqdn.split('.').next()).unwrap_or_default();
    json!({
        "recordType": "A",
        "recordSetName": name,
        "fqdn": format!("{name}.{zone_name}"),
        "ttl": 10,
        "provisioningState": "Succeeded",
        "ipAddresses": [member.address],
    })
}

/// Zone, name and addresses of the records in a group's body.
fn records_of(body: &Object) -> Vec<(String, String, Vec<String>)> {
    let mut records = Vec::new();
    for config in list_at(body, &["properties", "privateDnsZoneConfigs"]).iter().filter_map(Value::as_object)
    {
        let zone = text_at(config, &["properties", "privateDnsZoneId"]).unwrap_or_default();
        for record in list_at(config, &["properties", "recordSets"]).iter().filter_map(Value::as_object) {
            let name = text_at(record, &["recordSetName"]).unwrap_or_default().to_owned();
            let addresses = list_at(record, &["ipAddresses"]).iter();
            let addresses = addresses.filter_map(|address| address.as_str().map(str::to_owned)).collect();
            records.push((zone.to_owned(), name, addresses));
        }
    }
    records
}
