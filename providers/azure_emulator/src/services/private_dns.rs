//! Private DNS zones, their links and records; records of public zones follow the same rules.

use serde_json::{Value, json};

use crate::behaviour::{Action, Behaviour, Draft, Effects, Object, Outcome, View};
use crate::body::{list_at, object_at, set_default, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::http::Response;
use crate::resource_id::{Key, key_of, name_of, parent_key};
use crate::table::CATALOG;
use crate::world::{OperationKind, Resource};

const ZONES: &str = "Microsoft.Network/privateDnsZones";
const LINKS: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";

pub(super) struct PrivateZone;

impl Behaviour for PrivateZone {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        draft.set_once("internalId", || json!(guid::random()));
        draft.set("maxNumberOfRecordSets", 25_000);
        draft.set("maxNumberOfVirtualNetworkLinks", 1000);
        draft.set("maxNumberOfVirtualNetworkLinksWithRegistration", 100);
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, kind: OperationKind) {
        let Some(zone) = effects.world.get(key).map(|zone| zone.id.to_string()) else { return };
        if kind != OperationKind::Create {
            return;
        }
        let body = json!({"properties": {
            "fqdn": format!("{}.", name_of(&zone)),
            "isAutoRegistered": false,
            "ttl": 3600,
            "soaRecord": {
                "email": "azureprivatedns-host.microsoft.com",
                "expireTime": 2_419_200,
                "host": "azureprivatedns.net",
                "minimumTtl": 10,
                "refreshTime": 3600,
                "retryTime": 300,
                "serialNumber": 1,
            },
        }});
        put_record(effects, ZONES, &zone, "SOA", "@", body);
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        if view.world.children(&resource.key(), "virtualNetworkLinks").is_empty() {
            return Ok(());
        }
        Err(ArmError::conflict(
            "CannotDeleteResource",
            format!(
                "Can not delete resource before nested resources are deleted. Resource {} has virtual network links.",
                resource.name()
            ),
        ))
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, view: View<'_>, resource: &Resource, body: &mut Object) {
        let key = resource.key();
        let links = view.world.children(&key, "virtualNetworkLinks");
        let registering = links.iter().filter(|(_, link)| registers(&link.body())).count();
        let records = view.world.below(&key).count() - links.len();
        let properties = object_at(body, "properties");
        properties.insert("numberOfRecordSets".into(), json!(records));
        properties.insert("numberOfVirtualNetworkLinks".into(), json!(links.len()));
        properties.insert("numberOfVirtualNetworkLinksWithRegistration".into(), json!(registering));
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        list_all_records(action)
    }
}

/// `GET {zone}/ALL` and `GET {zone}/recordsets`: records of every type.
pub(super) fn list_all_records(action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
    if !matches!(action.name.as_str(), "all" | "recordsets") || action.request.method != hyper::Method::GET {
        return None;
    }
    let view = action.effects.view();
    let records: Vec<Value> = view
        .world
        .below(&action.key)
        .filter(|(key, _)| !key.contains("/virtualnetworklinks/"))
        .map(|(_, record)| Value::Object(crate::arm::render::render_object(view, record)))
        .collect();
    Some(Ok(Outcome::Done(Response::json(200, &json!({"value": records})))))
}

/// Writes a record set that the service makes by itself.
pub(super) fn put_record(
    effects: &mut Effects<'_>,
    zones: &str,
    zone: &str,
    record_type: &str,
    name: &str,
    body: Value,
) {
    let body = body.as_object().cloned().unwrap_or_default();
    let id = format!("{zone}/{record_type}/{name}");
    effects.put(&format!("{zones}/{record_type}"), &id, body, Object::new());
}

fn registers(link: &Object) -> bool {
    crate::body::at(link, &["properties", "registrationEnabled"]).and_then(Value::as_bool) == Some(true)
}

pub(super) struct Link;

impl Behaviour for Link {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let Some(network) = draft.text(&["properties", "virtualNetwork", "id"]).map(str::to_owned) else {
            return Err(ArmError::bad_request(
                "BadRequest",
                "The virtual network link must name a virtual network.",
            ));
        };
        if draft.view.find(&network).is_none() {
            return Err(ArmError::bad_request(
                "BadRequest",
                format!(
                    "The virtual network '{network}' referenced by the virtual network link does not exist."
                ),
            ));
        }
        if draft.changes(&["properties", "virtualNetwork", "id"]) {
            return Err(ArmError::conflict("Conflict", "The virtual network of a link cannot be changed."));
        }
        check_other_links(draft, &network)?;
        draft.set("virtualNetworkLinkState", "Completed");
        Ok(())
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, _view: View<'_>, resource: &Resource, body: &mut Object) {
        if resource.pending.is_some() {
            object_at(body, "properties").insert("virtualNetworkLinkState".into(), json!("InProgress"));
        }
    }
}

/// A network has at most one link to a zone, one link with registration, and one zone of a name.
fn check_other_links(draft: &Draft<'_>, network: &str) -> Result<(), ArmError> {
    let zone_of = |key: &str| parent_key(key).map(|zone| (zone.to_owned(), name_of(zone).to_owned()));
    let (zone, zone_name) = zone_of(&draft.key).unwrap_or_default();
    for other in draft.view.referrers_of_type(&key_of(network), LINKS) {
        let other_key = other.key();
        if *other_key == *draft.key {
            continue;
        }
        let (other_zone, other_name) = zone_of(&other_key).unwrap_or_default();
        if other_zone == zone {
            return Err(ArmError::conflict(
                "Conflict",
                format!(
                    "The virtual network '{network}' is already linked to the zone by '{}'.",
                    other.name()
                ),
            ));
        }
        if other_name == zone_name {
            return Err(ArmError::conflict(
                "Conflict",
                format!(
                    "A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to \
                     link virtual network with '{zone_name}' and '{other_name}' zones."
                ),
            ));
        }
        if registers(&draft.body) && registers(&other.body()) {
            return Err(ArmError::conflict(
                "Conflict",
                format!(
                    "A virtual network can be linked with registration to one private DNS zone only; '{network}' is \
                     linked to '{other_name}' already."
                ),
            ));
        }
    }
    Ok(())
}

/// Record sets of private zones (`ttl`, `aRecords`) and of public ones (`TTL`, `ARecords`).
pub(super) struct RecordSet {
    pub(super) is_public: bool,
}

/// Record type, its property in private zones and in public ones.
const RECORD_PROPERTIES: &[(&str, &str, &str)] = &[
    ("A", "aRecords", "ARecords"),
    ("AAAA", "aaaaRecords", "AAAARecords"),
    ("CAA", "caaRecords", "caaRecords"),
    ("CNAME", "cnameRecord", "CNAMERecord"),
    ("MX", "mxRecords", "MXRecords"),
    ("NS", "nsRecords", "NSRecords"),
    ("PTR", "ptrRecords", "PTRRecords"),
    ("SOA", "soaRecord", "SOARecord"),
    ("SRV", "srvRecords", "SRVRecords"),
    ("TXT", "txtRecords", "TXTRecords"),
];

impl Behaviour for RecordSet {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let record_type = draft.resource_type.last_segment();
        let properties = RECORD_PROPERTIES.iter().find(|(name, ..)| *name == record_type);
        let property =
            properties.map_or("", |(_, private, public)| if self.is_public { public } else { private });
        let zone = parent_key(&draft.key).unwrap_or_default().to_owned();
        check_content(draft, property)?;
        check_alias(draft, &zone, record_type)?;
        if record_type == "SOA" && draft.is_create() {
            return Err(ArmError::bad_request("BadRequest", "A record set of type 'SOA' cannot be created."));
        }
        let zone_name = draft.id.rsplit('/').nth(2).unwrap_or_default().to_owned();
        let name = draft.name().to_owned();
        let fqdn = if name == "@" { format!("{zone_name}.") } else { format!("{name}.{zone_name}.") };
        draft.set("fqdn", fqdn);
        set_default(draft.properties(), if self.is_public { "TTL" } else { "ttl" }, 3600);
        if self.is_public {
            draft.set("provisioningState", "Succeeded");
            set_default(draft.properties(), "targetResource", json!({}));
        } else {
            draft.set("isAutoRegistered", false);
        }
        Ok(())
    }

    fn check_delete(&self, _view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let record_type = CATALOG.get(resource.kind).last_segment();
        let is_fixed = resource.name() == "@" && matches!(record_type, "SOA" | "NS");
        if !is_fixed {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "BadRequest",
            format!("The record set of type '{record_type}' at the zone's apex cannot be deleted."),
        ))
    }
}

fn check_content(draft: &Draft<'_>, property: &str) -> Result<(), ArmError> {
    let has_target = draft.text(&["properties", "targetResource", "id"]).is_some();
    let content = draft.at(&["properties", property]);
    let is_empty = content.is_none_or(|content| content.as_array().is_some_and(Vec::is_empty));
    if is_empty && !has_target && !property.is_empty() {
        return Err(ArmError::bad_request(
            "BadRequest",
            format!("The record set '{}' must have at least one record in '{property}'.", draft.name()),
        ));
    }
    for record in draft.list(&["properties", property]) {
        for (name, is_v4) in [("ipv4Address", true), ("ipv6Address", false)] {
            let Some(text) = record.get(name).and_then(Value::as_str) else { continue };
            let is_good = text.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_ipv4() == is_v4);
            if !is_good {
                return Err(ArmError::bad_request(
                    "BadRequest",
                    format!(
                        "The value '{text}' of '{name}' in record set '{}' is not a valid address.",
                        draft.name()
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// A CNAME stands alone.
fn check_alias(draft: &Draft<'_>, zone: &str, record_type: &str) -> Result<(), ArmError> {
    let name = draft.name().to_ascii_lowercase();
    let has =
        |other: &str| draft.view.world.contains(&format!("{zone}/{}/{name}", other.to_ascii_lowercase()));
    let clashes = if record_type == "CNAME" {
        name == "@" || RECORD_PROPERTIES.iter().any(|(other, ..)| *other != "CNAME" && has(other))
    } else {
        has("CNAME")
    };
    if !clashes {
        return Ok(());
    }
    Err(ArmError::bad_request(
        "BadRequest",
        format!(
            "The record set '{name}' could not be created because a CNAME record must be the only record of its name."
        ),
    ))
}

/// Adds addresses to an A record that a private endpoint keeps; returns the record's name.
pub(super) fn add_endpoint_record(effects: &mut Effects<'_>, zone: &str, name: &str, addresses: &[String]) {
    let key = key_of(&format!("{zone}/A/{name}"));
    let before = effects.world.get(&key).map(Resource::body).unwrap_or_default();
    let mut all: Vec<String> = addresses_of(&before);
    all.extend(addresses.iter().filter(|address| !all.contains(address)).cloned().collect::<Vec<_>>());
    let records: Vec<Value> = all.iter().map(|address| json!({"ipv4Address": address})).collect();
    let body = json!({"properties": {
        "fqdn": format!("{name}.{}.", name_of(zone)),
        "isAutoRegistered": false,
        "ttl": 10,
        "metadata": {"creator": "created by private endpoint"},
        "aRecords": records,
    }});
    put_record(effects, ZONES, zone, "A", name, body);
}

/// Takes addresses out of an A record; a record without addresses goes.
pub(super) fn remove_endpoint_record(
    effects: &mut Effects<'_>,
    zone: &str,
    name: &str,
    addresses: &[String],
) {
    let key = key_of(&format!("{zone}/A/{name}"));
    let Some(record) = effects.world.get(&key) else { return };
    let mut left = addresses_of(&record.body());
    left.retain(|address| !addresses.contains(address));
    if left.is_empty() {
        effects.remove_tree(&key);
        return;
    }
    let records: Vec<Value> = left.iter().map(|address| json!({"ipv4Address": address})).collect();
    effects.edit(&key, |body| {
        object_at(body, "properties").insert("aRecords".into(), records.into());
    });
}

fn addresses_of(record: &Object) -> Vec<String> {
    let records = list_at(record, &["properties", "aRecords"]).iter();
    records.filter_map(|record| text_at(record.as_object()?, &["ipv4Address"]).map(str::to_owned)).collect()
}
