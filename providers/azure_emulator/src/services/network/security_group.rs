//! Network security groups and their rules.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ids_of, references_to, users_of};
use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::{list_at, object_at, text_at};
use crate::cidr::Cidr;
use crate::error::ArmError;
use crate::guid;
use crate::resource_id::parent_key;
use crate::world::Resource;

pub(in crate::services) struct SecurityGroup;

const USERS: &[&str] = &["Microsoft.Network/virtualNetworks/subnets", "Microsoft.Network/networkInterfaces"];

/// Name, description, protocol, source, destination, access, priority and direction of the rules that every group has.
const DEFAULT_RULES: &[(&str, &str, &str, &str, &str, u32, &str)] = &[
    (
        "AllowVnetInBound",
        "Allow inbound traffic from all VMs in VNET",
        "VirtualNetwork",
        "VirtualNetwork",
        "Allow",
        65000,
        "Inbound",
    ),
    (
        "AllowAzureLoadBalancerInBound",
        "Allow inbound traffic from azure load balancer",
        "AzureLoadBalancer",
        "*",
        "Allow",
        65001,
        "Inbound",
    ),
    ("DenyAllInBound", "Deny all inbound traffic", "*", "*", "Deny", 65500, "Inbound"),
    (
        "AllowVnetOutBound",
        "Allow outbound traffic from all VMs to all VMs in VNET",
        "VirtualNetwork",
        "VirtualNetwork",
        "Allow",
        65000,
        "Outbound",
    ),
    (
        "AllowInternetOutBound",
        "Allow outbound traffic from all VMs to Internet",
        "*",
        "Internet",
        "Allow",
        65001,
        "Outbound",
    ),
    ("DenyAllOutBound", "Deny all outbound traffic", "*", "*", "Deny", 65500, "Outbound"),
];

impl Behaviour for SecurityGroup {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let mut seen: BTreeMap<(String, u64), String> = BTreeMap::new();
        for rule in &draft.children {
            if let Some(other) = seen.insert(place_of(&rule.body), rule.name().to_owned()) {
                return Err(conflict(&other, rule.name()));
            }
        }
        draft.set_once("resourceGuid", || json!(guid::random()));
        let rules: Vec<Value> = DEFAULT_RULES.iter().map(|rule| default_rule(&draft.id, rule)).collect();
        draft.set("defaultSecurityRules", rules);
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let users = users_of(view, &resource.key(), USERS);
        if users.is_empty() {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "InUseNetworkSecurityGroupCannotBeDeleted",
            format!(
                "Network security group {} cannot be deleted because it is in use by the following resources: {}. In \
                 order to delete the Network security group, remove the association with the resource(s). To learn how \
                 to do this, see aka.ms/deletensg.",
                resource.id,
                ids_of(&users)
            ),
        ))
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, view: View<'_>, resource: &Resource, body: &mut Object) {
        let key = resource.key();
        for (name, type_name) in [("subnets", USERS[0]), ("networkInterfaces", USERS[1])] {
            let users = view.referrers_of_type(&key, type_name);
            if !users.is_empty() {
                object_at(body, "properties").insert(name.into(), references_to(users));
            }
        }
    }
}

fn default_rule(id: &str, rule: &(&str, &str, &str, &str, &str, u32, &str)) -> Value {
    let (name, description, source, destination, access, priority, direction) = rule;
    json!({
        "id": format!("{id}/defaultSecurityRules/{name}"),
        "name": name,
        "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
        "etag": format!("W/\"{}\"", guid::derived(&["etag", id, name])),
        "properties": {
            "provisioningState": "Succeeded",
            "description": description,
            "protocol": "*",
            "sourcePortRange": "*",
            "destinationPortRange": "*",
            "sourceAddressPrefix": source,
            "destinationAddressPrefix": destination,
            "access": access,
            "priority": priority,
            "direction": direction,
            "sourcePortRanges": [],
            "destinationPortRanges": [],
            "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
        },
    })
}

/// What must be unique among the rules of a group.
fn place_of(body: &Object) -> (String, u64) {
    let direction = text_at(body, &["properties", "direction"]).unwrap_or_default().to_ascii_lowercase();
    let priority =
        crate::body::at(body, &["properties", "priority"]).and_then(Value::as_u64).unwrap_or_default();
    (direction, priority)
}

fn conflict(one: &str, other: &str) -> ArmError {
    ArmError::bad_request(
        "SecurityRuleConflict",
        format!(
            "Security rule {other} conflicts with rule {one}. Rules cannot have the same Priority and Direction."
        ),
    )
}

pub(in crate::services) struct SecurityRule;

impl Behaviour for SecurityRule {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        drop_empty(&mut draft.body);
        check_ports(&draft.body)?;
        check_addresses(&draft.body)?;
        if draft.with_parent {
            return Ok(());
        }
        let place = place_of(&draft.body);
        let parent = parent_key(&draft.key).unwrap_or_default();
        for (key, rule) in draft.view.world.children(parent, "securityRules") {
            if *key != draft.key && place_of(&rule.body()) == place {
                return Err(conflict(rule.name(), draft.name()));
            }
        }
        Ok(())
    }
}

/// Clients that send a list may send an empty text beside it.
fn drop_empty(body: &mut Object) {
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        for (one, many) in PAIRS {
            let has_many =
                properties.get(*many).and_then(Value::as_array).is_some_and(|many| !many.is_empty());
            if has_many && properties.get(*one).and_then(Value::as_str) == Some("") {
                properties.remove(*one);
            }
        }
    }
}

/// What a rule names once or in a list.
const PAIRS: &[(&str, &str)] = &[
    ("sourcePortRange", "sourcePortRanges"),
    ("destinationPortRange", "destinationPortRanges"),
    ("sourceAddressPrefix", "sourceAddressPrefixes"),
    ("destinationAddressPrefix", "destinationAddressPrefixes"),
];

fn texts<'b>(body: &'b Object, one: &str, many: &str) -> Vec<&'b str> {
    let many = list_at(body, &["properties", many]).iter().filter_map(Value::as_str);
    // The Azure SDK for Go sends an empty text beside the list.
    text_at(body, &["properties", one]).into_iter().chain(many).filter(|text| !text.is_empty()).collect()
}

fn check_ports(body: &Object) -> Result<(), ArmError> {
    let sources = texts(body, "sourcePortRange", "sourcePortRanges");
    let destinations = texts(body, "destinationPortRange", "destinationPortRanges");
    for range in sources.into_iter().chain(destinations) {
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        let bounds = (low.parse::<u16>(), high.parse::<u16>());
        if range != "*" && !matches!(bounds, (Ok(low), Ok(high)) if low <= high) {
            return Err(ArmError::bad_request(
                "SecurityRuleInvalidPortRange",
                format!(
                    "Security rule has invalid Port range. Value provided: {range}. Value should be an integer OR \
                     integer range with '-' delimiter. Valid range 0-65535."
                ),
            ));
        }
    }
    Ok(())
}

fn check_addresses(body: &Object) -> Result<(), ArmError> {
    let sources = texts(body, "sourceAddressPrefix", "sourceAddressPrefixes");
    let destinations = texts(body, "destinationAddressPrefix", "destinationAddressPrefixes");
    for prefix in sources.into_iter().chain(destinations) {
        // Everything that starts with a letter and is no IPv6 address is taken for a service tag.
        let is_tag = prefix == "*"
            || (prefix.starts_with(|first: char| first.is_ascii_alphabetic()) && !prefix.contains(':'));
        let is_range = prefix.split_once('-').is_some_and(|(low, high)| {
            low.parse::<std::net::IpAddr>().is_ok() && high.parse::<std::net::IpAddr>().is_ok()
        });
        if !is_tag && !is_range && Cidr::parse(prefix).is_none() {
            return Err(ArmError::bad_request(
                "SecurityRuleInvalidAddressPrefix",
                format!("Security rule has invalid Address prefix. Value provided: {prefix}"),
            ));
        }
    }
    Ok(())
}
