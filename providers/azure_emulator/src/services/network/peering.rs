//! Peerings of virtual networks. Each side is a resource of its own; they are connected when both exist.

use serde_json::{Value, json};

use super::virtual_network::address_space;
use crate::behaviour::{Behaviour, Draft, Effects};
use crate::body::{at, object_at, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::resource_id::{Key, key_of, parent_key};
use crate::world::{OperationKind, Resource};

pub(in crate::services) struct Peering;

impl Behaviour for Peering {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let Some(remote_id) = draft.text(&["properties", "remoteVirtualNetwork", "id"]).map(str::to_owned)
        else {
            return Err(ArmError::bad_request(
                "MissingRemoteVirtualNetwork",
                format!("Peering {} does not name a remote virtual network.", draft.id),
            ));
        };
        draft.require_reference(&remote_id)?;
        if draft.changes(&["properties", "remoteVirtualNetwork", "id"]) {
            return Err(ArmError::bad_request(
                "ChangingRemoteVirtualNetworkNotAllowed",
                format!("Remote virtual network of peering {} cannot be changed.", draft.id),
            ));
        }
        let local = parent_key(&draft.key).unwrap_or_default().to_owned();
        if *key_of(&remote_id) == *local {
            return Err(ArmError::bad_request(
                "VnetPeeringCannotBeWithItself",
                format!("Virtual network {local} cannot be peered with itself."),
            ));
        }
        let Some(remote) = draft.view.find(&remote_id) else { return Ok(()) };
        if remote.pending.is_some() {
            return Err(ArmError::bad_request(
                "ReferencedResourceNotProvisioned",
                format!(
                    "Cannot proceed with operation because resource {remote_id} used by resource {} is not in Succeeded \
                     state. Resource is in Updating state and the last operation that updated/is updating the resource \
                     is PutVirtualNetworkOperation.",
                    draft.id
                ),
            ));
        }
        let remote_body = remote.body();
        check_overlap(draft, &remote_id, &address_space(&remote_body))?;
        let space = at(&remote_body, &["properties", "addressSpace"]).cloned().unwrap_or_default();
        let is_connected = reverse_of(draft, &remote.key(), &local).is_some();
        draft.set("remoteAddressSpace", space.clone());
        draft.set("remoteVirtualNetworkAddressSpace", space);
        draft.set("peeringState", if is_connected { "Connected" } else { "Initiated" });
        draft.set("peeringSyncLevel", "FullyInSync");
        draft.set_once("resourceGuid", || json!(guid::random()));
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, _kind: OperationKind) {
        let remote = effects.world.get(key).and_then(remote_of);
        connect(effects, key, remote, "Connected");
    }

    fn removed(&self, effects: &mut Effects<'_>, resource: &Resource) {
        connect(effects, &resource.key(), remote_of(resource), "Disconnected");
    }
}

fn check_overlap(draft: &Draft<'_>, remote_id: &str, remote: &[crate::cidr::Cidr]) -> Result<(), ArmError> {
    let local = draft.parent.as_ref().map(address_space).unwrap_or_default();
    let overlaps = local.iter().any(|one| remote.iter().any(|other| one.overlaps(*other)));
    if !overlaps {
        return Ok(());
    }
    let (network, _) = draft.id.rsplit_once("/virtualNetworkPeerings/").unwrap_or((&draft.id, ""));
    Err(ArmError::bad_request(
        "VnetAddressSpacesOverlap",
        format!(
            "Cannot create or update peering {}. Virtual networks {network} and {remote_id} cannot be peered because \
             their address spaces overlap.",
            draft.id
        ),
    ))
}

fn remote_of(peering: &Resource) -> Option<Key> {
    text_at(&peering.body(), &["properties", "remoteVirtualNetwork", "id"]).map(key_of)
}

/// Finds the peering of `remote` that points back to `local`.
fn reverse_of(draft: &Draft<'_>, remote: &str, local: &str) -> Option<Key> {
    let peerings = draft.view.world.children(remote, "virtualNetworkPeerings");
    let found = peerings.into_iter().find(|(_, peering)| remote_of(peering).as_deref() == Some(local));
    found.map(|(key, _)| key.clone())
}

/// Sets the state of a peering's counterpart, and its own if it still exists.
fn connect(effects: &mut Effects<'_>, key: &Key, remote: Option<Key>, state: &str) {
    let (Some(remote), Some(local)) = (remote, parent_key(key).map(str::to_owned)) else { return };
    let peerings = effects.world.children(&remote, "virtualNetworkPeerings");
    let reverse: Vec<Key> = peerings
        .into_iter()
        .filter(|(_, peering)| remote_of(peering).as_deref() == Some(local.as_str()))
        .map(|(key, _)| key.clone())
        .collect();
    let set = |body: &mut crate::behaviour::Object| {
        object_at(body, "properties").insert("peeringState".into(), Value::from(state));
    };
    for other in &reverse {
        effects.edit(other, set);
    }
    if !reverse.is_empty() && state == "Connected" {
        effects.edit(key, set);
    }
}
