//! Which lists answer for many objects.

use std::collections::{BTreeMap, BTreeSet};

use crate::lifecycle::Address;
use crate::table::{Catalog, IdTemplate, Listing, ResourceTable};

/// From this many resource groups on, one list of the whole subscription takes their place.
const GROUPS_MAX: usize = 3;
/// Objects that a page of the list of everything in a group has at most.
const SUMMARY_PAGE: usize = 1000;
/// The version of the list of everything in a group.
const SUMMARY_VERSION: &str = "2021-04-01";

/// An object that is wanted.
pub(crate) struct WantedObject<'a> {
    pub(crate) table: &'a ResourceTable,
    pub(crate) address: &'a Address,
    /// Whether a line in the list of everything in its group says enough of it.
    pub(crate) is_summary_enough: bool,
}

/// A list that may contain objects that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListKey {
    /// Path of the list.
    pub(crate) path: String,
    pub(crate) api_version: String,
}

/// What in the elements of a list is wanted besides themselves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Inside {
    /// Where the wanted objects are.
    pub(crate) place: String,
    /// The last type segment of objects without ids; empty where they have ids.
    pub(crate) kind: String,
}

/// The lists to read, each with what is wanted inside of its elements.
pub(crate) type Lists = BTreeMap<ListKey, BTreeSet<Inside>>;

/// Chooses the lists to read. What is in none is left to single reads.
pub(crate) fn choose_lists(catalog: &Catalog, wanted: &[WantedObject<'_>]) -> Lists {
    let mut places: BTreeMap<String, (ListKey, Option<Inside>, bool)> = BTreeMap::new();
    for object in wanted {
        let Some((key, inside)) = list_of(catalog, object.table, &object.address.path) else { continue };
        let path = object.address.path.to_ascii_lowercase();
        let entry = places.entry(path).or_insert((key, inside, object.is_summary_enough));
        // An object may be wanted as a whole and for its summary.
        entry.2 &= object.is_summary_enough;
    }
    let mut groups: BTreeMap<ListKey, List> = BTreeMap::new();
    for (key, inside, is_summary_enough) in places.into_values() {
        let list = groups.entry(key).or_default();
        list.count += 1;
        list.needs_bodies |= !is_summary_enough;
        list.inside.extend(inside);
    }
    let summaries = choose_summaries(&groups);
    groups.retain(|key, list| {
        list.count > 1 && (list.needs_bodies || !group_of_list(key).is_some_and(|it| summaries.contains(it)))
    });
    let mut chosen: Lists = groups.into_iter().map(|(key, list)| (key, list.inside)).collect();
    join_groups(&mut chosen);
    chosen.extend(summaries.into_iter().map(|group| {
        let key = ListKey { path: format!("{group}/resources"), api_version: SUMMARY_VERSION.to_owned() };
        (key, BTreeSet::new())
    }));
    chosen
}

#[derive(Default)]
struct List {
    count: usize,
    /// Whether any of its objects is needed with its properties.
    needs_bodies: bool,
    inside: BTreeSet<Inside>,
}

/// Chooses the groups whose list of everything saves calls: it stands for lists or reads of several types.
fn choose_summaries(lists: &BTreeMap<ListKey, List>) -> BTreeSet<String> {
    let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (key, list) in lists {
        let Some(group) = group_of_list(key) else { continue };
        let (saved, objects) = groups.entry(group).or_default();
        *saved += usize::from(!list.needs_bodies);
        *objects += list.count;
    }
    groups.retain(|_, (saved, objects)| *saved > 1 + *objects / SUMMARY_PAGE);
    groups.into_keys().map(str::to_owned).collect()
}

/// Returns the path of the resource group that a list is of, if it is of one.
fn group_of_list(key: &ListKey) -> Option<&str> {
    let (group, provider) = key.path.split_once("/providers/")?;
    (group.contains("/resourceGroups/") && provider.matches('/').count() == 1).then_some(group)
}

/// Takes the subscription's list in place of those of many groups.
fn join_groups(chosen: &mut Lists) {
    let mut by_subscription: BTreeMap<ListKey, Vec<ListKey>> = BTreeMap::new();
    for key in chosen.keys() {
        if let Some(path) = subscription_list(&key.path) {
            let whole = ListKey { path, api_version: key.api_version.clone() };
            by_subscription.entry(whole).or_default().push(key.clone());
        }
    }
    for (whole, parts) in by_subscription {
        if parts.len() > GROUPS_MAX {
            let inside = parts.iter().filter_map(|part| chosen.remove(part)).flatten().collect();
            chosen.insert(whole, inside);
        }
    }
}

/// Turns the list of a resource group into that of its subscription.
fn subscription_list(path: &str) -> Option<String> {
    let (subscription, rest) = path.split_once("/resourceGroups/")?;
    let (_, provider) = rest.split_once("/providers/")?;
    // Lists of children have no counterpart.
    (provider.matches('/').count() == 1).then(|| format!("{subscription}/providers/{provider}"))
}

/// Returns the list that an object is in, if its type has one, and where in its elements.
fn list_of(catalog: &Catalog, table: &ResourceTable, path: &str) -> Option<(ListKey, Option<Inside>)> {
    // What has another address than a path is in no list.
    if !path.starts_with('/') {
        return None;
    }
    let table = if table.part.is_some() { catalog.main_table(&table.arm_type)? } else { table };
    let key = |path: String| ListKey { path, api_version: table.api_version.clone().into() };
    match &table.listing {
        Listing::None => None,
        Listing::Group | Listing::Children => {
            let (list, _) = path.rsplit_once('/')?;
            Some((key(list.to_owned()), None))
        }
        Listing::Scopes => {
            let (container, kind) = path.rsplit_once("/providers/")?;
            let (kind, _) = kind.rsplit_once('/')?;
            let mut segments = container.split('/');
            // An empty segment, the subscription's two, and the group's two.
            let group: Vec<&str> = segments.by_ref().take(5).collect();
            let is_group = group.get(3).is_some_and(|word| word.eq_ignore_ascii_case("resourceGroups"));
            let scope = if is_group && group.len() == 5 { group.join("/") } else { container.to_owned() };
            Some((key(format!("{scope}/providers/{kind}")), None))
        }
        Listing::Embedded(place) | Listing::Profiles(place) => {
            let parent = IdTemplate::parent_of(path)?;
            let (list, _) = parent.rsplit_once('/')?;
            let kind = match &table.listing {
                Listing::Profiles(_) => table.arm_type.rsplit_once('/')?.1.to_owned(),
                _ => String::new(),
            };
            Some((key(list.to_owned()), Some(Inside { place: place.to_string(), kind })))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Generation;

    const GROUP: &str = "/subscriptions/s/resourceGroups/g";

    fn chosen(objects: &[(&str, String)]) -> Vec<String> {
        let catalog = Catalog::of(Generation::V5);
        let addresses: Vec<(&ResourceTable, Address)> = objects
            .iter()
            .map(|(kind, id)| {
                let table = &catalog.resources[*kind];
                (table, Address::from_id(table, id).unwrap())
            })
            .collect();
        let wanted: Vec<WantedObject<'_>> = addresses
            .iter()
            .map(|(table, address)| WantedObject {
                table,
                address,
                is_summary_enough: table.summary.is_some(),
            })
            .collect();
        let lists = choose_lists(catalog, &wanted);
        let text = |(key, inside): (ListKey, BTreeSet<Inside>)| {
            let inside: Vec<String> = inside.into_iter().map(|it| format!(" {}", it.place)).collect();
            format!("{}{}", key.path.replace(GROUP, ""), inside.concat())
        };
        lists.into_iter().map(text).collect()
    }

    fn in_group(kind: &str, name: &str) -> String {
        format!("{GROUP}/providers/{kind}/{name}")
    }

    #[test]
    fn a_list_is_worth_it_from_two_objects_on() {
        let account =
            |name: &str| ("azurerm_storage_account", in_group("Microsoft.Storage/storageAccounts", name));
        assert_eq!(chosen(&[account("a")]), Vec::<String>::new());
        assert_eq!(chosen(&[account("a"), account("b")]), ["/providers/Microsoft.Storage/storageAccounts"]);
    }

    #[test]
    fn what_is_embedded_comes_with_the_list_of_its_containers() {
        let network = in_group("Microsoft.Network/virtualNetworks", "v");
        let objects = [
            ("azurerm_subnet", format!("{network}/subnets/a")),
            ("azurerm_virtual_network_peering", format!("{network}/virtualNetworkPeerings/p")),
            ("azurerm_virtual_network", network),
        ];
        let list = "/providers/Microsoft.Network/virtualNetworks properties.subnets properties.virtualNetworkPeerings";
        assert_eq!(chosen(&objects), [list]);
    }

    #[test]
    fn the_list_of_everything_stands_for_several_types() {
        let identity = in_group("Microsoft.ManagedIdentity/userAssignedIdentities", "i");
        let zone = in_group("Microsoft.Network/privateDnsZones", "z.example");
        let identity = ("azurerm_user_assigned_identity", identity);
        let zone = ("azurerm_private_dns_zone", zone);
        assert_eq!(chosen(&[identity.clone(), zone]), ["/resources"]);
        assert_eq!(chosen(&[identity]), Vec::<String>::new());
    }

    #[test]
    fn many_groups_are_read_with_their_subscription() {
        let path = |group: u8, name: &str| {
            format!(
                "/subscriptions/s/resourceGroups/g{group}/providers/Microsoft.Storage/storageAccounts/{name}"
            )
        };
        let objects: Vec<(&str, String)> = (0..5)
            .flat_map(|group| ["a", "b"].map(|name| ("azurerm_storage_account", path(group, name))))
            .collect();
        assert_eq!(chosen(&objects), ["/subscriptions/s/providers/Microsoft.Storage/storageAccounts"]);
    }
}
