//! Microsoft.Cache/redisEnterprise: Azure Managed Redis, a cluster with one database.

use std::time::Duration;

use serde_json::{Value, json};

use super::identity::fill_identity;
use super::redis::new_key;
use crate::behaviour::{Action, Behaviour, Draft, Object, Outcome, View};
use crate::body::{at, list_at, object_at, set_default, text_at};
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::{Key, key_of, parent_key};
use crate::world::Resource;

pub(super) struct Cluster;

impl Behaviour for Cluster {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        fill_identity(draft)?;
        let sku = draft.text(&["sku", "name"]).unwrap_or_default().to_owned();
        let is_enterprise = sku.starts_with("Enterprise");
        let has_capacity = draft.at(&["sku", "capacity"]).is_some();
        if has_capacity && !is_enterprise {
            return Err(ArmError::bad_request(
                "BadRequest",
                format!("The SKU {sku} has a fixed capacity; the property 'sku.capacity' must not be given."),
            ));
        }
        if is_enterprise {
            set_default(object_at(&mut draft.body, "sku"), "capacity", 2);
        }
        if draft.changes(&["properties", "highAvailability"]) {
            return Err(ArmError::bad_request("BadRequest", "High availability cannot be changed."));
        }
        let host = format!("{}.{}.redis.azure.net", draft.name().to_lowercase(), draft.location());
        draft.set(
            "hostName",
            if is_enterprise {
                host.replace("redis.azure.net", "redisenterprise.cache.azure.net")
            } else {
                host
            },
        );
        draft.set("resourceState", "Running");
        draft.set("redisVersion", "7.4");
        let is_available = draft.text(&["properties", "highAvailability"]) == Some("Enabled");
        draft.set("redundancyMode", if is_available { "ZR" } else { "None" });
        draft.body.insert("kind".into(), json!(if is_enterprise { "v1" } else { "v2" }));
        if draft.changes(&["sku"]) {
            draft.state = Some("Scaling");
        }
        Ok(())
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, _view: View<'_>, resource: &Resource, body: &mut Object) {
        show_state(resource, body);
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        (action.name == "listskusforscaling")
            .then(|| Ok(Outcome::Done(Response::json(200, &json!({"skus": []})))))
    }
}

/// `resourceState` follows `provisioningState`.
fn show_state(resource: &Resource, body: &mut Object) {
    if let Some(pending) = &resource.pending {
        object_at(body, "properties").insert("resourceState".into(), json!(pending.state));
    }
}

pub(super) struct Database;

/// What can be given only when the database is made.
const FIXED: &[&str] = &["clusteringPolicy", "modules", "port"];

impl Behaviour for Database {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        for name in FIXED {
            let path = ["properties", name];
            let is_sent = at(&draft.sent, &path).is_some();
            if is_sent && draft.before(&path).is_some() && draft.changes(&path) && *name != "modules" {
                return Err(ArmError::bad_request(
                    "BadRequest",
                    format!("The property '{name}' cannot be changed."),
                ));
            }
        }
        // Keys have been off by default since this version.
        let is_silent = at(&draft.sent, &["properties", "accessKeysAuthentication"]).is_none();
        if draft.is_create() && is_silent && draft.version.as_str() < "2025-04-01" {
            draft.set("accessKeysAuthentication", "Enabled");
        }
        if let Some(Value::Array(modules)) = draft.properties().get_mut("modules") {
            for module in modules.iter_mut().filter_map(Value::as_object_mut) {
                set_default(module, "args", "");
                module.insert("version".into(), json!("2.8.5"));
            }
        }
        draft.set("resourceState", "Running");
        draft.set("redisVersion", "7.4");
        for name in ["primaryKey", "secondaryKey"] {
            set_default(&mut draft.hidden, name, new_key());
        }
        Ok(())
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, _view: View<'_>, resource: &Resource, body: &mut Object) {
        show_state(resource, body);
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        let later = |result| Outcome::Later {
            code: 202,
            duration: Duration::from_secs(60),
            state: "Updating",
            result,
        };
        Some(match action.name.as_str() {
            "listkeys" => list_keys(action),
            "regeneratekey" => regenerate(action).map(|keys| later(Some(keys))),
            "forcelinktoreplicationgroup" => link(action).map(|()| later(None)),
            "forceunlink" => {
                unlink(action);
                Ok(later(None))
            }
            "flush" | "import" | "export" | "upgradedbredisversion" => Ok(later(None)),
            _ => return None,
        })
    }
}

fn keys_of(hidden: &Object) -> Value {
    json!({"primaryKey": hidden.get("primaryKey"), "secondaryKey": hidden.get("secondaryKey")})
}

fn list_keys(action: &Action<'_, '_>) -> Result<Outcome, ArmError> {
    let database = action.resource()?;
    if text_at(&database.body(), &["properties", "accessKeysAuthentication"]) == Some("Disabled") {
        let cluster = parent_key(&action.key).unwrap_or_default();
        return Err(ArmError::bad_request(
            "BadRequest",
            format!(
                "Access keys authentication is disabled for the database of {cluster}; its keys cannot be listed."
            ),
        ));
    }
    Ok(Outcome::Done(Response::json(200, &keys_of(&database.hidden()))))
}

fn regenerate(action: &mut Action<'_, '_>) -> Result<Value, ArmError> {
    let name = match text_at(&action.input, &["keyType"]) {
        Some("Secondary") => "secondaryKey",
        _ => "primaryKey",
    };
    let mut hidden = action.resource()?.hidden();
    hidden.insert(name.into(), json!(new_key()));
    let keys = keys_of(&hidden);
    let key = action.key.clone();
    action.effects.world.update(&key, |database| database.set_hidden(hidden));
    Ok(keys)
}

/// The ids in a list of the input: of objects with ids, or plain.
fn ids_in(input: &Object, path: &[&str]) -> Vec<String> {
    let items = list_at(input, path).iter();
    items.filter_map(|item| Some(item.get("id").unwrap_or(item).as_str()?.to_owned())).collect()
}

/// Makes one replication group of all databases that are named, this one among them.
fn link(action: &mut Action<'_, '_>) -> Result<(), ArmError> {
    let ids = ids_in(&action.input, &["geoReplication", "linkedDatabases"]);
    let group = at(&action.input, &["geoReplication", "groupNickname"]).cloned().unwrap_or_default();
    if let Some(id) = ids.iter().find(|id| action.effects.view().find(id).is_none()) {
        let message = format!("The database {id} does not exist.");
        return Err(ArmError::bad_request("LinkedDatabaseNotFound", message));
    }
    let linked: Vec<Value> = ids.iter().map(|id| json!({"id": id, "state": "Linked"})).collect();
    for id in &ids {
        action.effects.edit(&key_of(id), |body| {
            let geo = json!({"groupNickname": group, "linkedDatabases": linked});
            object_at(body, "properties").insert("geoReplication".into(), geo);
        });
    }
    Ok(())
}

/// Takes databases out of the replication group of this one.
fn unlink(action: &mut Action<'_, '_>) {
    let gone: Vec<Key> = ids_in(&action.input, &["ids"]).iter().map(|id| key_of(id)).collect();
    let database = action.effects.world.get(&action.key).map(Resource::body).unwrap_or_default();
    let path = ["properties", "geoReplication", "linkedDatabases"];
    let all: Vec<Key> = ids_in(&database, &path).iter().map(|id| key_of(id)).collect();
    for key in all {
        let is_gone = gone.contains(&key);
        action.effects.edit(&key, |body| {
            let geo = object_at(object_at(body, "properties"), "geoReplication");
            if let Some(Value::Array(linked)) = geo.get_mut("linkedDatabases") {
                linked.retain(|link| {
                    let link = key_of(link.get("id").and_then(Value::as_str).unwrap_or_default());
                    if is_gone { link == key } else { !gone.contains(&link) }
                });
            }
        });
    }
}
