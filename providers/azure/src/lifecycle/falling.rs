//! Objects that Azure removes with others: what is inside of them, and everything in a resource group.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;
use terrane_provider::PlannedResource;

use crate::client::{ArmRequest, Call};
use crate::connection::Connection;
use crate::lifecycle::Address;
use crate::table::Catalog;

const GROUP: &str = "azurerm_resource_group";
const GROUP_SEGMENTS: usize = 5;
const LIST_VERSION: &str = "2021-04-01";

/// Types that do not go by themselves, or whose deletion is more than their going: locks keep what they are on,
/// vaults and workspaces may be wanted gone for good, links keep both of their ends.
const NEVER: &[&str] = &[
    "azurerm_key_vault",
    "azurerm_key_vault_access_policy",
    "azurerm_key_vault_secret",
    "azurerm_log_analytics_workspace",
    "azurerm_managed_redis_geo_replication",
    "azurerm_management_lock",
    "azurerm_redis_linked_server",
    "azurerm_resource_group",
    "azurerm_resource_provider_registration",
    "azurerm_role_definition",
];

/// Types that go with their group, but keep what they are in from being deleted.
const HOLDS_PARENT: &[&str] =
    &["azurerm_private_dns_zone_virtual_network_link", "azurerm_postgresql_flexible_server_virtual_endpoint"];

/// Lower-case paths of what this run removes: it does not count as what is still in a group.
#[derive(Debug, Default)]
pub(crate) struct Leaving(Mutex<HashSet<String>>);

impl Leaving {
    /// Takes note of an object that is deleted, or goes with another one.
    pub(crate) fn note(&self, path: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_ascii_lowercase());
    }

    /// Returns those of some ids that nobody has said would go, nor what they are in or belong to.
    pub(crate) fn others(&self, ids: &[String]) -> Vec<String> {
        let leaving = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        foreign(ids, &|path| leaving.contains(path))
    }
}

/// Returns the ids that are neither known nor inside of anything known, nor made by Azure for anything known.
fn foreign(ids: &[String], is_known: &dyn Fn(&str) -> bool) -> Vec<String> {
    let is_ours = |id: &&String| {
        let id = id.to_ascii_lowercase();
        let mut path = id.as_str();
        while path.matches('/').count() >= GROUP_SEGMENTS {
            if is_known(path) {
                return true;
            }
            path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        // The interface of a private endpoint carries its name.
        let interface = id.split_once("/networkinterfaces/");
        let endpoint = interface.and_then(|(scope, name)| Some((scope, name.split_once(".nic.")?.0)));
        endpoint.is_some_and(|(scope, name)| is_known(&format!("{scope}/privateendpoints/{name}")))
    };
    ids.iter().filter(|id| !is_ours(id)).cloned().collect()
}

/// Returns where a removed object is.
pub(crate) fn address_of(catalog: &Catalog, object: &PlannedResource) -> Option<Address> {
    let table = catalog.resources.get(&object.type_name)?;
    let id = object.prior_state.attribute("id");
    Address::from_id(table, id.as_str()?).ok()
}

/// Tells for each removed object with which of the others it goes: its group, or what it is in.
pub(crate) async fn find_falling(
    connection: &Connection,
    catalog: &Catalog,
    removed: &[PlannedResource],
    call: &Call<'_>,
) -> Vec<Vec<usize>> {
    let paths: Vec<Option<String>> = removed
        .iter()
        .map(|object| address_of(catalog, object).map(|address| address.path.to_ascii_lowercase()))
        .collect();
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for (position, (object, path)) in removed.iter().zip(&paths).enumerate() {
        let is_whole = catalog.resources.get(&object.type_name).is_some_and(|table| table.part.is_none());
        if let Some(path) = path.as_deref().filter(|_| is_whole) {
            owners.insert(path, position);
        }
    }
    let known: HashSet<&str> = paths.iter().flatten().map(String::as_str).collect();
    let mut groups: HashMap<&str, usize> = HashMap::new();
    for (position, object) in removed.iter().enumerate().filter(|(_, object)| object.type_name == GROUP) {
        if let Some(path) = paths[position].as_deref()
            && is_all_ours(connection, path, &known, call).await
        {
            tracing::debug!(address = object.address, "everything in the group goes with it");
            groups.insert(path, position);
        }
    }
    let with = |(position, object): (usize, &PlannedResource)| {
        let path = paths[position].as_deref().filter(|path| path.starts_with('/'));
        let Some(path) = path.filter(|_| !NEVER.contains(&object.type_name.as_str())) else {
            return Vec::new();
        };
        let group = group_path(path).and_then(|group| groups.get(group)).copied();
        let parent = parent_of(path, &owners)
            .filter(|parent| *parent != position && !HOLDS_PARENT.contains(&object.type_name.as_str()));
        group.into_iter().chain(parent).collect()
    };
    removed.iter().enumerate().map(with).collect()
}

/// Returns the path of the group that a path is in.
fn group_path(path: &str) -> Option<&str> {
    let end = path.match_indices('/').nth(GROUP_SEGMENTS - 1)?.0;
    path[..end].contains("/resourcegroups/").then(|| &path[..end])
}

/// Finds the object that a path is inside of, or a part of. What is attached to an object from outside is neither.
fn parent_of(path: &str, owners: &HashMap<&str, usize>) -> Option<usize> {
    let attached = path.rfind("/providers/").unwrap_or(0);
    let mut inside = path;
    loop {
        if let Some(owner) = owners.get(inside).filter(|_| inside.len() > attached) {
            // A part has the path of the object that it is in.
            return Some(*owner);
        }
        inside = inside.rsplit_once('/')?.0;
        if inside.len() <= attached {
            return None;
        }
    }
}

/// Tells whether a group holds nothing but what is removed. A group that cannot be listed may hold anything.
async fn is_all_ours(connection: &Connection, group: &str, known: &HashSet<&str>, call: &Call<'_>) -> bool {
    let ids = match connection.recent.ids_in_group(group) {
        Some(ids) => ids,
        None => match list_group(connection, group, call).await {
            Ok(ids) => ids,
            Err(error) => {
                tracing::info!(%error, group, "could not list a group");
                return false;
            }
        },
    };
    foreign(&ids, &|path| known.contains(path)).is_empty()
}

/// Lists the ids of everything in a group.
pub(crate) async fn list_group(
    connection: &Connection,
    group: &str,
    call: &Call<'_>,
) -> Result<Vec<String>, crate::client::ArmError> {
    let request = ArmRequest::get(format!("{group}/resources"), LIST_VERSION);
    let items = connection.client.list(request, call).await?.unwrap_or_default();
    let id = |item: &Json| item.get("id").and_then(Json::as_str).map(str::to_owned);
    Ok(items.iter().filter_map(id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP_PATH: &str = "/subscriptions/s/resourcegroups/g";

    #[test]
    fn what_is_in_or_made_for_known_objects_is_known() {
        let id = |rest: &str| format!("{GROUP_PATH}/providers/microsoft.network/{rest}");
        let known = [id("privateendpoints/pe"), id("virtualnetworks/v")];
        let is_known = |path: &str| known.iter().any(|known| known == path);
        let ids = [
            id("virtualNetworks/V"),
            id("virtualnetworks/v/subnets/a"),
            id("networkinterfaces/pe.nic.0a1b"),
            id("networkinterfaces/other"),
            id("virtualnetworks/w"),
        ];
        assert_eq!(foreign(&ids, &is_known), [ids[3].clone(), ids[4].clone()]);
    }

    #[test]
    fn parents_are_found_from_inside_and_from_parts() {
        let network = format!("{GROUP_PATH}/providers/microsoft.network/virtualnetworks/v");
        let subnet = format!("{network}/subnets/s");
        let owners = HashMap::from([(network.as_str(), 0), (subnet.as_str(), 1)]);
        assert_eq!(parent_of(&format!("{network}/subnets/t"), &owners), Some(0));
        assert_eq!(parent_of(&subnet, &owners), Some(1));
        let attached = format!("{subnet}/providers/microsoft.authorization/roleassignments/r");
        assert_eq!(parent_of(&attached, &owners), None);
        assert_eq!(group_path(&subnet), Some(GROUP_PATH));
        assert_eq!(group_path("/subscriptions/s/providers/microsoft.x/y/z"), None);
    }
}
