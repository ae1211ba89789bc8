//! A private endpoint's DNS zone group: writes the endpoint's names into zones.

use serde_json::{Value, json};

use super::interface::Member;
use crate::behaviour::{Behaviour, Draft, Effects, Object};
use crate::body::{list_at, object_at, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::resource_id::{Key, name_of};
use crate::services::private_dns::{add_endpoint_record, remove_endpoint_record};
use crate::world::{OperationKind, Resource};

pub(in crate::services) struct ZoneGroup;

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
