//! Private endpoints: a network interface, a connection at the target, names in DNS zones.

mod groups;
mod interface;
pub(super) mod zone_group;

use serde_json::{Value, json};

use super::network::subnet::free_address;
use crate::behaviour::{Behaviour, Draft, Effects, Object, View};
use crate::body::{list_at, object_at, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::resource_id::{Key, key_of};
use crate::table::CATALOG;
use crate::world::{OperationKind, Resource};
use groups::{GROUPS, member_names};
use interface::make_interface;

const CONNECTION_LISTS: &[&str] = &["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"];

pub(super) struct PrivateEndpoint;

impl Behaviour for PrivateEndpoint {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let subnet = draft.text(&["properties", "subnet", "id"]).unwrap_or_default().to_owned();
        draft.require_reference(&subnet)?;
        let place = draft.view.find(&subnet).filter(|_| draft.is_create());
        if place.is_some_and(|place| free_address(draft.view, place, &[]).is_none()) {
            return Err(ArmError::bad_request(
                "SubnetIsFull",
                format!("Subnet {subnet} does not have enough capacity for 1 IP addresses."),
            ));
        }
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
