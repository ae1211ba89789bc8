//! Reading many objects in few calls: one list in place of one read per object.

use std::collections::{BTreeSet, HashMap};

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Map, Value as Json};

use crate::client::{ArmRequest, Call};
use crate::connection::Connection;
use crate::lifecycle::Failure;
use crate::lifecycle::listing::{Inside, ListKey, WantedObject, choose_lists};
use crate::table::body_path::look_up;
use crate::table::{BodyPath, Catalog};

/// Requests under way at the same time.
const CONCURRENCY: usize = 16;

/// What lists have said of objects, by the lower-case paths of these.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    whole: HashMap<String, Listed>,
    summaries: HashMap<String, Json>,
}

#[derive(Debug)]
struct Listed {
    api_version: String,
    body: Json,
}

impl Bodies {
    /// Returns the body of an object, if it was in a list.
    pub(crate) fn get(&self, path: &str) -> Option<&Json> {
        self.whole.get(&path.to_ascii_lowercase()).map(|listed| &listed.body)
    }

    /// Returns the body of an object as a version of its interface has it, if it was in a list.
    pub(crate) fn of_version(&self, path: &str, api_version: &str) -> Option<&Json> {
        let listed = self.whole.get(&path.to_ascii_lowercase())?;
        (listed.api_version == api_version).then_some(&listed.body)
    }

    /// Returns what the list of everything in its group says of an object.
    pub(crate) fn summary(&self, path: &str) -> Option<&Json> {
        self.summaries.get(&path.to_ascii_lowercase())
    }

    /// Returns the ids of everything in a group, if they were listed.
    pub(crate) fn ids_in_group(&self, group: &str) -> Option<Vec<String>> {
        let below = format!("{}/", group.to_ascii_lowercase());
        let ids: Vec<String> = self.summaries.keys().filter(|id| id.starts_with(&below)).cloned().collect();
        (!ids.is_empty()).then_some(ids)
    }

    fn insert(&mut self, id: &str, body: Json, key: &ListKey) {
        let api_version = key.api_version.clone();
        self.whole.insert(id.to_ascii_lowercase(), Listed { api_version, body });
    }

    /// Elements know their ids; parts of elements that do not get them from their names.
    fn collect(&mut self, key: &ListKey, inside: &BTreeSet<Inside>, items: Vec<Json>) {
        let is_summary = key.path.ends_with("/resources");
        for item in items {
            let Some(id) = item.get("id").and_then(Json::as_str).map(str::to_owned) else { continue };
            if is_summary {
                self.summaries.insert(id.to_ascii_lowercase(), item);
                continue;
            }
            for Inside { place, kind } in inside {
                let place = BodyPath::parse(place);
                let parts = place.and_then(|place| look_up(&item, &place.steps).and_then(Json::as_array));
                for part in parts.into_iter().flatten() {
                    let part = if kind.is_empty() { Some(part.clone()) } else { profile(&id, kind, part) };
                    let part_id = part.as_ref().and_then(|part| part.get("id")).and_then(Json::as_str);
                    if let Some((part_id, part)) = part_id.map(str::to_owned).zip(part) {
                        self.insert(&part_id, part, key);
                    }
                }
            }
            // The containers are whole objects too, and may be wanted themselves.
            self.insert(&id, item, key);
        }
    }
}

/// Gives an element without an id the form of an object.
fn profile(container: &str, kind: &str, element: &Json) -> Option<Json> {
    let name = element.get("name")?.as_str()?;
    let mut properties = element.as_object()?.clone();
    properties.remove("name");
    let mut object = Map::new();
    object.insert("id".to_owned(), format!("{container}/{kind}/{name}").into());
    object.insert("name".to_owned(), name.into());
    object.insert("properties".to_owned(), properties.into());
    Some(object.into())
}

/// Reads the bodies of many objects with as few lists as that takes. What is in no list is left to single
/// reads; so are lists that fail.
pub(crate) async fn fetch_bodies(
    connection: &Connection,
    catalog: &Catalog,
    wanted: &[WantedObject<'_>],
    call: &Call<'_>,
) -> Bodies {
    let lists = choose_lists(catalog, wanted);
    let fetched = stream::iter(lists.into_iter().map(|(key, inside)| async move {
        let items = fetch_list(connection, &key, call).await;
        (key, inside, items)
    }))
    .buffer_unordered(CONCURRENCY)
    .collect::<Vec<_>>()
    .await;
    let mut bodies = Bodies::default();
    for (key, inside, items) in fetched {
        match items {
            Ok(items) => bodies.collect(&key, &inside, items),
            Err(error) => tracing::info!(list = key.path, ?error, "list failed, reading objects one by one"),
        }
    }
    bodies
}

async fn fetch_list(connection: &Connection, key: &ListKey, call: &Call<'_>) -> Result<Vec<Json>, Failure> {
    let request = ArmRequest::get(key.path.clone(), &key.api_version);
    Ok(connection.client.list(request, call).await?.unwrap_or_default())
}
