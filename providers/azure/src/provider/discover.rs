//! What exists in a resource group or a subscription, by the resource types that can manage it.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::Value as Json;
use terrane_model::{Diagnostic, Diagnostics, Str};
use terrane_provider::{Discovered, Discovery, NoProgress};

use crate::client::{ArmError, ArmRequest, Call};
use crate::connection::Connection;
use crate::lifecycle::fetch::linked_ids;
use crate::lifecycle::{Address, Failure};
use crate::provider::AzureProvider;
use crate::provider::azure_provider::TIMEOUT;
use crate::table::body_path::look_up;
use crate::table::{Catalog, Listing, PartTable, ResourceTable};

/// Requests under way at the same time.
const CONCURRENCY: usize = 16;
const RESOURCES_VERSION: &str = "2021-04-01";
const GROUP: &str = "azurerm_resource_group";

/// Children that a service makes by itself or has hundreds of, so that managing all of them is nobody's wish.
const SKIPPED: &[&str] =
    &["azurerm_postgresql_flexible_server_configuration", "azurerm_redis_cache_access_policy"];
/// Databases that every server has.
const OWN_DATABASES: &[&str] = &["postgres", "azure_maintenance", "azure_sys"];
/// How many types are named in a warning.
const NAMED_MAX: usize = 10;

impl AzureProvider {
    /// Finds everything in a resource group or a subscription.
    pub(crate) async fn discover_scope(&self, scope: &str) -> Result<Discovery, Diagnostics> {
        let found = self.search(scope).await;
        found.map_err(|failure| failure.into_diagnostics(&format!("searching {scope}")))
    }

    async fn search(&self, scope: &str) -> Result<Discovery, Failure> {
        let connection = self.connection().await?;
        let call = Call::begin(TIMEOUT, &NoProgress, &self.stop);
        let search = Search { connection, catalog: self.catalog, call: &call };
        let mut found = Found::default();
        for group in search.groups(scope).await? {
            found.add(self.catalog.resources.get(GROUP), &group);
            let items = search.list(format!("{group}/resources"), RESOURCES_VERSION).await?;
            let mut parents: Vec<(&'static ResourceTable, String)> = Vec::new();
            for item in &items {
                let (Some(id), Some(kind)) = (text(item, "id"), text(item, "type")) else { continue };
                if is_made_for_others(item, id) {
                    continue;
                }
                match main_table(self.catalog, kind) {
                    Some(table) => {
                        found.add(Some(table), id);
                        parents.push((table, id.to_owned()));
                    }
                    None if kind.matches('/').count() == 1 => found.note_unknown(kind),
                    None => {}
                }
            }
            let mut looks: Vec<BoxFuture<'_, Inside>> = Vec::new();
            for (table, id) in parents {
                looks.push(search.inside(table, id).boxed());
            }
            let inside: Vec<Inside> = stream::iter(looks).buffered(CONCURRENCY).collect().await;
            for (table, id) in inside.into_iter().flatten() {
                found.add(Some(table), &id);
            }
        }
        Ok(found.into_discovery())
    }
}

/// What is inside of an object.
type Inside = Vec<(&'static ResourceTable, String)>;

struct Search<'a> {
    connection: &'a Connection,
    catalog: &'static Catalog,
    call: &'a Call<'a>,
}

impl Search<'_> {
    /// Returns the paths of the groups in a scope; groups that Azure keeps for a service are left out.
    async fn groups(&self, scope: &str) -> Result<Vec<String>, Failure> {
        let scope = scope.trim_end_matches('/');
        let segments: Vec<&str> = scope.split('/').collect();
        match segments.as_slice() {
            ["", kind, _, groups, _]
                if kind.eq_ignore_ascii_case("subscriptions")
                    && groups.eq_ignore_ascii_case("resourceGroups") =>
            {
                Ok(vec![scope.to_owned()])
            }
            ["", kind, _] if kind.eq_ignore_ascii_case("subscriptions") => {
                let groups = self.list(format!("{scope}/resourcegroups"), RESOURCES_VERSION).await?;
                let own = groups.iter().filter(|group| text(group, "managedBy").is_none_or(str::is_empty));
                Ok(own.filter_map(|group| text(group, "id")).map(str::to_owned).collect())
            }
            _ => {
                let detail = format!(
                    "{scope:?} is neither the id of a resource group, such as /subscriptions/…/resourceGroups/rg, nor that \
                     of a subscription."
                );
                Err(Diagnostic::error("Scope cannot be searched", detail).into())
            }
        }
    }

    async fn list(&self, path: String, api_version: &str) -> Result<Vec<Json>, ArmError> {
        let listed = self.connection.client.list(ArmRequest::get(path, api_version), self.call).await?;
        Ok(listed.unwrap_or_default())
    }

    /// Finds what is inside of an object: its children, and the parts of its body that have types of their own.
    async fn inside(
        &self,
        parent: &'static ResourceTable,
        id: String,
    ) -> Vec<(&'static ResourceTable, String)> {
        let id = id.as_str();
        let tables =
            self.catalog.resources.values().filter(|table| !SKIPPED.contains(&table.type_name.as_str()));
        let below = format!("{}/", parent.arm_type);
        let is_child = |table: &&ResourceTable| {
            let rest = table.arm_type.get(..below.len()).filter(|start| start.eq_ignore_ascii_case(&below));
            rest.is_some() && !table.arm_type[below.len()..].contains('/')
        };
        let mut found = Vec::new();
        let mut body = None;
        for table in tables.clone().filter(is_child).filter(|table| table.part.is_none()) {
            let kind = &table.arm_type[below.len()..];
            let children = match &table.listing {
                Listing::Children => self.children(id, kind, table).await,
                Listing::Embedded(place) | Listing::Profiles(place) => {
                    if body.is_none() {
                        body = Some(self.body(id, &parent.api_version).await);
                    }
                    let array =
                        body.as_ref().and_then(|body| look_up(body, &place.steps)).and_then(Json::as_array);
                    let children = array.into_iter().flatten();
                    children.filter(|child| !is_default_pool(table, array, child)).cloned().collect()
                }
                _ => continue,
            };
            for child in children {
                let Some(name) = text(&child, "name") else { continue };
                let name = name.rsplit('/').next().unwrap_or(name);
                if OWN_DATABASES.contains(&name) && kind.eq_ignore_ascii_case("databases") {
                    continue;
                }
                let child_id = format!("{id}/{kind}/{name}");
                found.extend(parts(self.catalog, table, &child_id, &child));
                found.push((table, child_id));
            }
        }
        if tables
            .clone()
            .any(|table| table.part.is_some() && table.arm_type.eq_ignore_ascii_case(&parent.arm_type))
        {
            let body = match body {
                Some(body) => body,
                None => self.body(id, &parent.api_version).await,
            };
            found.extend(parts(self.catalog, parent, id, &body));
        }
        found
    }

    async fn children(&self, id: &str, kind: &str, table: &ResourceTable) -> Vec<Json> {
        match self.list(format!("{id}/{kind}"), &table.api_version).await {
            Ok(children) => children,
            Err(error) => {
                tracing::warn!(%error, id, kind, "could not list children");
                Vec::new()
            }
        }
    }

    async fn body(&self, id: &str, api_version: &str) -> Json {
        let body = self.connection.client.get(id, api_version, self.call).await;
        body.ok().flatten().unwrap_or_default()
    }
}

/// Returns the types that are parts of an object's body, with the ids that they have in it.
fn parts(
    catalog: &'static Catalog,
    whole: &ResourceTable,
    id: &str,
    body: &Json,
) -> Vec<(&'static ResourceTable, String)> {
    let mut found = Vec::new();
    let of_type = |table: &&&'static ResourceTable| table.arm_type.eq_ignore_ascii_case(&whole.arm_type);
    let tables: Vec<&'static ResourceTable> = catalog.resources.values().collect();
    for table in tables.iter().filter(of_type) {
        match &table.part {
            Some(PartTable::Element { array }) => {
                let elements = look_up(body, &array.steps).and_then(Json::as_array).into_iter().flatten();
                let ids = elements.filter_map(|element| text(element, "id")).map(str::to_owned);
                found.extend(ids.map(|id| (*table, id)));
            }
            Some(PartTable::Link { place, argument }) => {
                for linked in linked_ids(body, place) {
                    let fill =
                        |hole: &str| Some(if hole == argument { linked.clone() } else { id.to_owned() });
                    found.extend(table.id.fill(fill).map(|id| (*table, id)));
                }
            }
            None => {}
        }
    }
    found
}

fn text<'j>(json: &'j Json, name: &str) -> Option<&'j str> {
    json.get(name)?.as_str()
}

/// Returns the resource type that stands for a whole object.
fn main_table(catalog: &'static Catalog, arm_type: &str) -> Option<&'static ResourceTable> {
    let spelled = catalog.resources.values().find(|table| table.arm_type.eq_ignore_ascii_case(arm_type))?;
    catalog.main_table(&spelled.arm_type)
}

/// Tells whether Azure has made an object for another one, with which it goes.
fn is_made_for_others(item: &Json, id: &str) -> bool {
    let is_interface = id.to_ascii_lowercase().contains("/networkinterfaces/") && id.contains(".nic.");
    is_interface || text(item, "managedBy").is_some_and(|owner| !owner.is_empty())
}

/// The first pool for Azure's own pods belongs to the cluster's own block.
fn is_default_pool(table: &ResourceTable, pools: Option<&Vec<Json>>, pool: &Json) -> bool {
    let mut pools = pools.into_iter().flatten();
    let first = pools.find(|pool| text(pool, "mode") == Some("System"));
    matches!(table.listing, Listing::Profiles(_)) && first == Some(pool)
}

#[derive(Default)]
struct Found {
    objects: Vec<Discovered>,
    seen: HashSet<(Str, String)>,
    unknown: BTreeMap<String, usize>,
}

impl Found {
    fn add(&mut self, table: Option<&ResourceTable>, id: &str) {
        let Some(table) = table else { return };
        let Ok(address) = Address::from_id(table, id) else {
            tracing::debug!(id, kind = %table.type_name, "no such id");
            return;
        };
        if self.seen.insert((table.type_name.clone(), address.id.to_ascii_lowercase())) {
            let name = address.path.rsplit('/').next().unwrap_or_default().into();
            self.objects.push(Discovered { type_name: table.type_name.clone(), id: address.id.into(), name });
        }
    }

    fn note_unknown(&mut self, kind: &str) {
        *self.unknown.entry(kind.to_owned()).or_default() += 1;
    }

    fn into_discovery(self) -> Discovery {
        let mut diagnostics = Diagnostics::new();
        if !self.unknown.is_empty() {
            let mut kinds: Vec<String> = self
                .unknown
                .iter()
                .map(|(kind, count)| format!("{kind} ({count})"))
                .take(NAMED_MAX)
                .collect();
            if self.unknown.len() > NAMED_MAX {
                kinds.push(format!("and {} more", self.unknown.len() - NAMED_MAX));
            }
            let detail = format!(
                "No resource type of the built-in provider manages {}. azapi_resource can.",
                kinds.join(", ")
            );
            diagnostics.push(Diagnostic::warning("Some objects were left out", detail));
        }
        Discovery { objects: self.objects, diagnostics }
    }
}
