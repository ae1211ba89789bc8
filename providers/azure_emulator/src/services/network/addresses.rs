//! Public IP addresses and prefixes.

use serde_json::{Value, json};

use super::{configurations_using, ids_of, references_to, users_of};
use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::object_at;
use crate::error::ArmError;
use crate::guid;
use crate::world::Resource;

pub(in crate::services) struct PublicIpAddress;

const USERS: &[&str] = &[
    "Microsoft.Network/networkInterfaces",
    "Microsoft.Network/loadBalancers",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/applicationGateways",
];

impl Behaviour for PublicIpAddress {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let is_standard = draft.text(&["sku", "name"]).is_none_or(|sku| sku.starts_with("Standard"));
        let method = draft.text(&["properties", "publicIPAllocationMethod"]);
        if is_standard && method == Some("Dynamic") {
            return Err(ArmError::bad_request(
                "StandardSkuPublicIPAddressMustBeStatic",
                format!("Standard sku publicIp {} must have AllocationMethod set to Static.", draft.id),
            ));
        }
        let is_static = is_standard || method == Some("Static");
        crate::body::set_default(
            draft.properties(),
            "publicIPAllocationMethod",
            if is_static { "Static" } else { "Dynamic" },
        );
        for path in [&["sku", "name"][..], &["properties", "publicIPAddressVersion"], &["zones"]] {
            if draft.changes(path) {
                return Err(property_change(&draft.id, path));
            }
        }
        if let Some(id) = draft.text(&["properties", "publicIPPrefix", "id"]) {
            draft.require_reference(id)?;
        }
        if is_static {
            let address = public_address(&draft.id, draft.text(&["properties", "publicIPAddressVersion"]));
            let kept = draft.before(&["properties", "ipAddress"]).cloned();
            draft.set("ipAddress", kept.unwrap_or(address));
        }
        fill_name(draft);
        draft.set_once("resourceGuid", || json!(guid::random()));
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let users = users_of(view, &resource.key(), USERS);
        if users.is_empty() {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "PublicIPAddressCannotBeDeleted",
            format!(
                "Public IP address {} can not be deleted since it is still allocated to resource {}. In order to delete \
                 the public IP, disassociate/detach the Public IP address from the resource. To learn how to do this, \
                 see aka.ms/deletepublicip.",
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
        let gateways = view.referrers_of_type(&key, "Microsoft.Network/natGateways");
        let properties = object_at(body, "properties");
        if let Some(configuration) = configurations_using(view, &key).into_iter().next() {
            properties.insert("ipConfiguration".into(), configuration);
        }
        if let Some(gateway) = gateways.first() {
            properties.insert("natGateway".into(), json!({"id": gateway.id}));
        }
    }
}

/// `PropertyCannotBeChanged`, as Network says it.
pub(super) fn property_change(id: &str, path: &[&str]) -> ArmError {
    let name = path.last().copied().unwrap_or_default();
    ArmError::bad_request(
        "PropertyChangeNotAllowed",
        format!("Property {name} of resource {id} cannot be changed after creation."),
    )
}

/// A public address that belongs to a name: made up, but always the same.
fn public_address(id: &str, version: Option<&str>) -> Value {
    let digits = guid::derived(&["public address", id]);
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap_or(1);
    if version == Some("IPv6") {
        return json!(format!("2603:1020:{}:{}::{:x}", &digits[0..3], &digits[9..12], byte(4)));
    }
    json!(format!("20.{}.{}.{}", 33 + byte(0) % 200, byte(2), 1 + byte(4) % 254))
}

fn fill_name(draft: &mut Draft<'_>) {
    let location = draft.location();
    let label = draft.text(&["properties", "dnsSettings", "domainNameLabel"]).map(str::to_owned);
    if let (Some(label), Some(Value::Object(settings))) = (label, draft.properties().get_mut("dnsSettings")) {
        settings.insert("fqdn".into(), json!(format!("{label}.{location}.cloudapp.azure.com")));
    }
}

pub(in crate::services) struct PublicIpPrefix;

impl Behaviour for PublicIpPrefix {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let is_ipv4 = draft.text(&["properties", "publicIPAddressVersion"]) != Some("IPv6");
        let default = if is_ipv4 { 28 } else { 124 };
        let length = draft.at(&["properties", "prefixLength"]).and_then(Value::as_u64).unwrap_or(default);
        let allowed = if is_ipv4 { 21..=31 } else { 106..=127 };
        if !allowed.contains(&length) {
            return Err(ArmError::bad_request(
                "InvalidPrefixLength",
                format!("Prefix length {length} of public IP prefix {} is not allowed.", draft.id),
            ));
        }
        if draft.changes(&["properties", "prefixLength"]) {
            return Err(property_change(&draft.id, &["prefixLength"]));
        }
        draft.set("prefixLength", length);
        let address = public_address(&draft.id, (!is_ipv4).then_some("IPv6"));
        let text = format!("{}/{length}", address.as_str().unwrap_or_default());
        let prefix = crate::cidr::Cidr::parse(&text).map(|prefix| prefix.canonical().to_string());
        draft.set_once("ipPrefix", || json!(prefix));
        draft.set_once("resourceGuid", || json!(guid::random()));
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let users = users_of(
            view,
            &resource.key(),
            &["Microsoft.Network/publicIPAddresses", "Microsoft.Network/natGateways"],
        );
        if users.is_empty() {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "PublicIpPrefixCannotBeDeleted",
            format!(
                "Public IP prefix {} is in use by {} and cannot be deleted.",
                resource.id,
                ids_of(&users)
            ),
        ))
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, view: View<'_>, resource: &Resource, body: &mut Object) {
        let addresses = view.referrers_of_type(&resource.key(), "Microsoft.Network/publicIPAddresses");
        if !addresses.is_empty() {
            object_at(body, "properties").insert("publicIPAddresses".into(), references_to(addresses));
        }
    }
}
