//! Reading many objects in few calls: one list in place of one read per object.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value as Json;

use crate::client::{ArmRequest, Call};
use crate::connection::Connection;
use crate::lifecycle::{Address, Failure};
use crate::table::body_path::look_up;
use crate::table::{Catalog, IdTemplate, Listing, ResourceTable};

/// Requests under way at the same time.
const CONCURRENCY: usize = 16;
/// From this many resource groups on, one list of the whole subscription takes their place.
const GROUPS_MAX: usize = 3;

/// Bodies by the lower-case paths of their objects.
#[derive(Debug, Default)]
pub(crate) struct Bodies(HashMap<String, Json>);

impl Bodies {
    /// Returns the body of an object, if it was in a list.
    pub(crate) fn get(&self, path: &str) -> Option<&Json> {
        self.0.get(&path.to_ascii_lowercase())
    }
}

/// A list that may contain objects that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ListKey {
    /// Path of the list.
    path: String,
    api_version: String,
    /// Where in each element the wanted objects are; empty for the elements themselves.
    inside: String,
}

/// An object that is wanted.
#[derive(Debug, Clone)]
struct Wanted {
    key: ListKey,
}

/// Reads the bodies of many objects with as few lists as that takes. What is in no list is left to single
/// reads; so are lists that fail.
pub(crate) async fn fetch_bodies(
    connection: &Connection,
    catalog: &Catalog,
    wanted: &[(&ResourceTable, &Address)],
    call: &Call<'_>,
) -> Bodies {
    let mut objects: BTreeMap<String, Wanted> = BTreeMap::new();
    for (table, address) in wanted {
        if let Some(key) = list_of(catalog, table, &address.path) {
            objects.entry(address.path.to_ascii_lowercase()).or_insert_with(|| Wanted { key });
        }
    }
    let lists = choose_lists(objects.into_values().collect());
    let fetched = stream::iter(lists.into_iter().map(|key| async move {
        let items = fetch_list(connection, &key, call).await;
        (key, items)
    }))
    .buffer_unordered(CONCURRENCY)
    .collect::<Vec<_>>()
    .await;
    let mut bodies = Bodies::default();
    for (key, items) in fetched {
        match items {
            Ok(items) => collect_bodies(&key, items, &mut bodies),
            Err(error) => tracing::info!(list = key.path, ?error, "list failed, reading objects one by one"),
        }
    }
    bodies
}

async fn fetch_list(connection: &Connection, key: &ListKey, call: &Call<'_>) -> Result<Vec<Json>, Failure> {
    let request = ArmRequest::get(key.path.clone(), &key.api_version);
    Ok(connection.client.list(request, call).await?.unwrap_or_default())
}

/// Elements know their ids; parts of elements that do not get them from their names.
fn collect_bodies(key: &ListKey, items: Vec<Json>, bodies: &mut Bodies) {
    for item in items {
        if key.inside.is_empty() {
            if let Some(id) = item.get("id").and_then(Json::as_str) {
                bodies.0.insert(id.to_ascii_lowercase(), item);
            }
            continue;
        }
        let place = crate::table::BodyPath::parse(&key.inside);
        let parts = place.and_then(|place| look_up(&item, &place.steps).and_then(Json::as_array).cloned());
        for part in parts.into_iter().flatten() {
            if let Some(id) = part.get("id").and_then(Json::as_str) {
                bodies.0.insert(id.to_ascii_lowercase(), part);
            }
        }
        // The containers are whole objects too, and may be wanted themselves.
        if let Some(id) = item.get("id").and_then(Json::as_str) {
            bodies.0.insert(id.to_ascii_lowercase(), item);
        }
    }
}

/// Takes lists that answer for two objects or more, and the subscription's list in place of many groups'.
fn choose_lists(objects: Vec<Wanted>) -> BTreeSet<ListKey> {
    let mut counts: BTreeMap<(String, String), (usize, BTreeSet<ListKey>)> = BTreeMap::new();
    for object in objects {
        let entry = counts.entry((object.key.path.clone(), object.key.api_version.clone())).or_default();
        entry.0 += 1;
        entry.1.insert(object.key);
    }
    // One list may serve a type and what is embedded in it: the richer reading of it includes the other.
    let mut chosen: BTreeSet<ListKey> = counts
        .into_values()
        .filter(|(count, _)| *count > 1)
        .flat_map(|(_, keys)| keys.into_iter().next_back())
        .collect();
    let mut by_subscription: BTreeMap<ListKey, Vec<ListKey>> = BTreeMap::new();
    for key in &chosen {
        if let Some(path) = subscription_list(&key.path) {
            by_subscription.entry(ListKey { path, ..key.clone() }).or_default().push(key.clone());
        }
    }
    for (whole, parts) in by_subscription {
        if parts.len() > GROUPS_MAX {
            chosen.retain(|key| !parts.contains(key));
            chosen.insert(whole);
        }
    }
    chosen
}

/// Turns the list of a resource group into that of its subscription.
fn subscription_list(path: &str) -> Option<String> {
    let (subscription, rest) = path.split_once("/resourceGroups/")?;
    let (_, provider) = rest.split_once("/providers/")?;
    // Lists of children have no counterpart.
    (provider.matches('/').count() == 1).then(|| format!("{subscription}/providers/{provider}"))
}

/// Returns the list that an object is in, if its type has one.
fn list_of(catalog: &Catalog, table: &ResourceTable, path: &str) -> Option<ListKey> {
    // What has another address than a path is in no list.
    if !path.starts_with('/') {
        return None;
    }
    let table = if table.part.is_some() { catalog.main_table(&table.arm_type)? } else { table };
    let key = |path: String, inside: String| ListKey {
        path,
        api_version: table.api_version.clone().into(),
        inside,
    };
    match &table.listing {
        Listing::None => None,
        Listing::Group => {
            let (container, _) = path.rsplit_once('/')?;
            Some(key(container.to_owned(), String::new()))
        }
        Listing::Scopes => {
            let (container, kind) = path.rsplit_once("/providers/")?;
            let (kind, _) = kind.rsplit_once('/')?;
            let mut segments = container.split('/');
            // An empty segment, the subscription's two, and the group's two.
            let group: Vec<&str> = segments.by_ref().take(5).collect();
            let is_group = group.get(3).is_some_and(|word| word.eq_ignore_ascii_case("resourceGroups"));
            let scope = if is_group && group.len() == 5 { group.join("/") } else { container.to_owned() };
            Some(key(format!("{scope}/providers/{kind}"), String::new()))
        }
        Listing::Children => {
            let (list, _) = path.rsplit_once('/')?;
            Some(key(list.to_owned(), String::new()))
        }
        Listing::Embedded(place) => {
            let parent = IdTemplate::parent_of(path)?;
            let (list, _) = parent.rsplit_once('/')?;
            Some(key(list.to_owned(), place.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(list: &str, inside: &str) -> Wanted {
        let key = ListKey { path: list.to_owned(), api_version: "1".to_owned(), inside: inside.to_owned() };
        Wanted { key }
    }

    fn chosen(objects: Vec<Wanted>) -> Vec<String> {
        choose_lists(objects).into_iter().map(|key| format!("{} {}", key.path, key.inside)).collect()
    }

    #[test]
    fn a_list_is_worth_it_from_two_objects_on() {
        assert_eq!(chosen(vec![wanted("/a", "")]), Vec::<String>::new());
        assert_eq!(chosen(vec![wanted("/a", ""), wanted("/a", "")]), ["/a "]);
    }

    #[test]
    fn what_is_embedded_comes_with_the_list_of_its_containers() {
        let objects = vec![wanted("/v", ""), wanted("/v", "properties.subnets")];
        assert_eq!(chosen(objects), ["/v properties.subnets"]);
    }

    #[test]
    fn many_groups_are_read_with_their_subscription() {
        let objects = (0..5).flat_map(|group| {
            let list = format!("/subscriptions/s/resourceGroups/g{group}/providers/N/t");
            [wanted(&list, ""), wanted(&list, "")]
        });
        assert_eq!(chosen(objects.collect()), ["/subscriptions/s/providers/N/t "]);
    }
}
