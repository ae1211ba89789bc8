//! NAT gateways.

use serde_json::{Value, json};

use super::{ids_of, references_to, users_of};
use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::object_at;
use crate::error::ArmError;
use crate::guid;
use crate::world::Resource;

pub(in crate::services) struct NatGateway;

const USERS: &[&str] = &["Microsoft.Network/virtualNetworks/subnets"];

impl Behaviour for NatGateway {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        for list in ["publicIpAddresses", "publicIpPrefixes", "publicIpAddressesV6", "publicIpPrefixesV6"] {
            for id in draft.list(&["properties", list]).iter().filter_map(|item| item.get("id")?.as_str()) {
                draft.require_reference(id)?;
            }
        }
        let timeout = draft.at(&["properties", "idleTimeoutInMinutes"]).and_then(Value::as_u64);
        if timeout.is_some_and(|minutes| !(4..=120).contains(&minutes)) {
            return Err(ArmError::bad_request(
                "InvalidIdleTimeout",
                "The idle timeout of a NAT gateway must be between 4 and 120 minutes.",
            ));
        }
        draft.set_once("resourceGuid", || json!(guid::random()));
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let users = users_of(view, &resource.key(), USERS);
        if users.is_empty() {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "InUseNatGatewayCannotBeDeleted",
            format!("NAT gateway {} is in use by {} and cannot be deleted.", resource.id, ids_of(&users)),
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
