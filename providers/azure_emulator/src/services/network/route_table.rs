//! Route tables and their routes.

use serde_json::json;

use super::virtual_network::checked_prefix;
use super::{ids_of, references_to, users_of};
use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::object_at;
use crate::error::ArmError;
use crate::guid;
use crate::world::Resource;

pub(in crate::services) struct RouteTable;

const USERS: &[&str] = &["Microsoft.Network/virtualNetworks/subnets"];

impl Behaviour for RouteTable {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        draft.set_once("resourceGuid", || json!(guid::random()));
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let users = users_of(view, &resource.key(), USERS);
        if users.is_empty() {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "InUseRouteTableCannotBeDeleted",
            format!("Route table {} is in use by {} and cannot be deleted.", resource.name(), ids_of(&users)),
        ))
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, view: View<'_>, resource: &Resource, body: &mut Object) {
        let users = users_of(view, &resource.key(), USERS);
        if !users.is_empty() {
            object_at(body, "properties").insert("subnets".into(), references_to(users));
        }
    }
}

pub(in crate::services) struct Route;

impl Behaviour for Route {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        if let Some(prefix) = draft.text(&["properties", "addressPrefix"])
            && !prefix.starts_with(|first: char| first.is_ascii_alphabetic())
        {
            checked_prefix(&draft.id, prefix)?;
        }
        let needs_address = draft.text(&["properties", "nextHopType"]) == Some("VirtualAppliance");
        let address = draft.text(&["properties", "nextHopIpAddress"]);
        let is_address = address.is_some_and(|address| address.parse::<std::net::IpAddr>().is_ok());
        if needs_address && !is_address {
            return Err(ArmError::bad_request(
                "InvalidNextHopIpAddress",
                format!(
                    "Route {} with next hop type VirtualAppliance must have a valid nextHopIpAddress.",
                    draft.name()
                ),
            ));
        }
        if !needs_address && address.is_some_and(|address| !address.is_empty()) {
            return Err(ArmError::bad_request(
                "NextHopIpAddressNotAllowed",
                format!(
                    "Route {} can have a nextHopIpAddress only with next hop type VirtualAppliance.",
                    draft.name()
                ),
            ));
        }
        draft.set("hasBgpOverride", false);
        Ok(())
    }
}
