//! Virtual networks: their address space.

use serde_json::{Value, json};

use super::subnet;
use crate::behaviour::{Behaviour, Draft, View};
use crate::body::list_at;
use crate::cidr::Cidr;
use crate::error::ArmError;
use crate::guid;
use crate::world::Resource;

pub(in crate::services) struct VirtualNetwork;

impl Behaviour for VirtualNetwork {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let prefixes = list_at(&draft.body, &["properties", "addressSpace", "addressPrefixes"]);
        let has_pools =
            !list_at(&draft.body, &["properties", "addressSpace", "ipamPoolPrefixAllocations"]).is_empty();
        if prefixes.is_empty() && !has_pools {
            return Err(ArmError::bad_request(
                "InvalidRequestFormat",
                format!("Virtual network {} must have at least one address prefix.", draft.id),
            ));
        }
        let mut parsed: Vec<Cidr> = Vec::new();
        for prefix in prefixes.iter().filter_map(Value::as_str) {
            let prefix = checked_prefix(&draft.id, prefix)?;
            if let Some(other) = parsed.iter().find(|other| other.overlaps(prefix)) {
                return Err(ArmError::bad_request(
                    "NetcfgVirtualNetworkAddressSpaceOverlaps",
                    format!(
                        "Address prefixes {other} and {prefix} of virtual network '{}' overlap.",
                        draft.name()
                    ),
                ));
            }
            parsed.push(prefix);
        }
        subnet::check_siblings(draft)?;
        draft.set_once("resourceGuid", || json!(guid::random()));
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let subnets = view.world.children(&resource.key(), "subnets");
        subnets.into_iter().try_for_each(|(_, subnet)| subnet::Subnet.check_delete(view, subnet))
    }
}

/// Parses a prefix that must be in CIDR notation with no host bits set.
pub(in crate::services) fn checked_prefix(id: &str, text: &str) -> Result<Cidr, ArmError> {
    let Some(prefix) = Cidr::parse(text).filter(|_| text.contains('/')) else {
        return Err(ArmError::bad_request(
            "InvalidAddressPrefixFormat",
            format!(
                "Address prefix {text} of resource {id} is not formatted correctly. It should follow CIDR notation, for \
                 example 10.0.0.0/24."
            ),
        ));
    };
    if !prefix.is_canonical() {
        return Err(ArmError::bad_request(
            "InvalidCIDRNotation",
            format!(
                "The address prefix {text} in resource {id} has an invalid CIDR notation. For the given prefix length, \
                 the address prefix should be {}.",
                prefix.canonical()
            ),
        ));
    }
    Ok(prefix)
}

/// Returns the address prefixes of a virtual network's body.
pub(in crate::services) fn address_space(body: &crate::behaviour::Object) -> Vec<Cidr> {
    let prefixes = list_at(body, &["properties", "addressSpace", "addressPrefixes"]);
    prefixes.iter().filter_map(Value::as_str).filter_map(Cidr::parse).collect()
}
