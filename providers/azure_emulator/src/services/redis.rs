//! Microsoft.Cache/redis: Azure Cache for Redis.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::identity::fill_identity;
use crate::behaviour::{Action, Behaviour, Draft, Object, Outcome, View};
use crate::body::{list_at, object_at, set_default, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::http::Response;
use crate::world::Resource;

pub(super) struct Redis;

/// Family, capacity, greatest number of clients, and megabytes reserved, per size.
const SIZES: &[(&str, u64, &str, &str)] = &[
    ("C", 0, "256", "30"),
    ("C", 1, "1000", "125"),
    ("C", 2, "2000", "299"),
    ("C", 3, "5000", "299"),
    ("C", 4, "10000", "299"),
    ("C", 5, "15000", "299"),
    ("C", 6, "20000", "299"),
    ("P", 1, "7500", "642"),
    ("P", 2, "15000", "1330"),
    ("P", 3, "30000", "2780"),
    ("P", 4, "40000", "5310"),
    ("P", 5, "40000", "12000"),
];

/// Returns a new access key: 32 random bytes in base64, as the service writes keys.
pub(super) fn new_key() -> String {
    let mut bytes = [0; 32];
    guid::fill_random(&mut bytes);
    STANDARD.encode(bytes)
}

impl Behaviour for Redis {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        check_sku(draft)?;
        check_network(draft)?;
        fill_identity(draft)?;
        let host = format!("{}.redis.cache.windows.net", draft.name().to_lowercase());
        draft.set("hostName", host);
        draft.set("port", 6379);
        draft.set("sslPort", 6380);
        draft.set_once("linkedServers", || json!([]));
        let version = draft.text(&["properties", "redisVersion"]).unwrap_or("6.0").to_owned();
        draft.set("redisVersion", if version.starts_with('4') { "4.0.14" } else { "6.0" });
        fill_configuration(draft);
        fill_instances(draft);
        for name in ["primaryKey", "secondaryKey"] {
            set_default(&mut draft.hidden, name, new_key());
        }
        if draft.changes(&["properties", "sku"]) {
            draft.state = Some("Scaling");
            draft.duration = Some(Duration::from_secs(20 * 60));
        }
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        if view.world.children(&resource.key(), "linkedServers").is_empty() {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "CannotDeleteLinkedCache",
            format!("The cache '{}' is linked to another cache; remove the link first.", resource.name()),
        ))
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, _view: View<'_>, _resource: &Resource, body: &mut Object) {
        object_at(body, "properties").insert("accessKeys".into(), Value::Null);
    }

    fn answer_write(&self, resource: &Resource, body: &mut Object) {
        let keys = access_keys(&resource.hidden());
        object_at(body, "properties").insert("accessKeys".into(), keys);
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        let later = |seconds| Outcome::Later {
            code: 202,
            duration: Duration::from_secs(seconds),
            state: "Updating",
            result: None,
        };
        Some(match action.name.as_str() {
            "listkeys" => action
                .resource()
                .map(|cache| Outcome::Done(Response::json(200, &access_keys(&cache.hidden())))),
            "regeneratekey" => regenerate(action),
            "forcereboot" => {
                let answer = json!({"message": format!(
                    "It will take a few minutes to reboot the cache. Started at {}.", action.effects.now.rfc3339()
                )});
                Ok(Outcome::Done(Response::json(200, &answer)))
            }
            "flush" => Ok(later(30)),
            "import" | "export" => Ok(later(120)),
            _ => return None,
        })
    }

    fn name_taken(&self, name: &str, _is_own: bool) -> ArmError {
        ArmError::conflict(
            "NameNotAvailable",
            format!(
                "An error occurred when trying to reserve the DNS name for the cache. This may be a transient error, or \
                 the name '{name}' is used by another cache. Please retry with another name."
            ),
        )
    }
}

fn access_keys(hidden: &Object) -> Value {
    json!({"primaryKey": hidden.get("primaryKey"), "secondaryKey": hidden.get("secondaryKey")})
}

fn regenerate(action: &mut Action<'_, '_>) -> Result<Outcome, ArmError> {
    let name = match text_at(&action.input, &["keyType"]) {
        Some("Primary") => "primaryKey",
        Some("Secondary") => "secondaryKey",
        _ => {
            return Err(bad_request(
                "The value of the parameter 'keyType' is invalid: Primary or Secondary.",
            ));
        }
    };
    let mut hidden = action.resource()?.hidden();
    hidden.insert(name.into(), json!(new_key()));
    let answer = access_keys(&hidden);
    let key = action.key.clone();
    action.effects.world.update(&key, |cache| cache.set_hidden(hidden));
    Ok(Outcome::Done(Response::json(200, &answer)))
}

fn bad_request(text: &str) -> ArmError {
    ArmError::bad_request("BadRequest", text)
}

fn rank(sku: &str) -> Option<usize> {
    ["basic", "standard", "premium"].iter().position(|known| known.eq_ignore_ascii_case(sku))
}

fn check_sku(draft: &Draft<'_>) -> Result<(), ArmError> {
    let text = |name: &str| draft.text(&["properties", "sku", name]).unwrap_or_default();
    let (name, family) = (text("name"), text("family"));
    let capacity = draft.at(&["properties", "sku", "capacity"]).and_then(Value::as_u64).unwrap_or(99);
    let known = rank(name).ok_or_else(|| {
        bad_request(&format!("The value of the parameter 'properties.sku.name' is invalid: {name}."))
    })?;
    let wanted_family = if known == 2 { "P" } else { "C" };
    let is_size = SIZES.iter().any(|(known, size, ..)| *known == family && *size == capacity);
    if family != wanted_family || !is_size {
        return Err(bad_request(&format!(
            "The value of the parameter 'properties.sku' is invalid: {name} does not come in family {family} and \
             capacity {capacity}."
        )));
    }
    let before = draft.before(&["properties", "sku", "name"]).and_then(Value::as_str).and_then(rank);
    if before.is_some_and(|before| before > known) {
        return Err(bad_request("The cache cannot be scaled down to a lower tier."));
    }
    let premium_only = ["shardCount", "subnetId", "staticIP", "replicasPerMaster", "replicasPerPrimary"];
    let used = premium_only.iter().find(|name| draft.at(&["properties", name]).is_some());
    if let (Some(used), true) = (used, known < 2) {
        return Err(bad_request(&format!(
            "The value of the parameter 'properties.{used}' is invalid: it is available in the Premium tier only."
        )));
    }
    Ok(())
}

fn check_network(draft: &Draft<'_>) -> Result<(), ArmError> {
    let Some(subnet) = draft.text(&["properties", "subnetId"]) else { return Ok(()) };
    if draft.view.find(subnet).is_none() {
        return Err(bad_request(&format!(
            "The value of the parameter 'properties.subnetId' is invalid: {subnet} does not exist."
        )));
    }
    if draft.changes(&["properties", "subnetId"]) {
        return Err(bad_request("The subnet of a cache cannot be changed."));
    }
    if !draft.view.world.children(&draft.key, "privateEndpointConnections").is_empty() {
        return Err(bad_request("A cache in a virtual network cannot have private endpoints."));
    }
    Ok(())
}

fn fill_configuration(draft: &mut Draft<'_>) {
    let family = draft.text(&["properties", "sku", "family"]).unwrap_or_default().to_owned();
    let capacity = draft.at(&["properties", "sku", "capacity"]).and_then(Value::as_u64).unwrap_or_default();
    let is_basic = draft.text(&["properties", "sku", "name"]) == Some("Basic");
    let size = SIZES.iter().find(|(known, size, ..)| *known == family && *size == capacity);
    let Some((_, _, clients, reserved)) = size else { return };
    let configuration = object_at(draft.properties(), "redisConfiguration");
    configuration.insert("maxclients".into(), json!(clients));
    if !is_basic {
        set_default(configuration, "maxmemory-reserved", *reserved);
        set_default(configuration, "maxfragmentationmemory-reserved", *reserved);
        set_default(configuration, "maxmemory-delta", *reserved);
    }
    set_default(configuration, "maxmemory-policy", "volatile-lru");
}

fn fill_instances(draft: &mut Draft<'_>) {
    let is_basic = draft.text(&["properties", "sku", "name"]) == Some("Basic");
    let shards = draft.at(&["properties", "shardCount"]).and_then(Value::as_u64).unwrap_or(0);
    let nodes = if is_basic { 1 } else { 2 };
    let instances: Vec<Value> = (0..shards.max(1) * nodes)
        .map(|idx| {
            let mut instance = json!({
                "sslPort": 15000 + idx,
                "nonSslPort": Value::Null,
                "isMaster": idx % nodes == 0,
                "isPrimary": idx % nodes == 0,
            });
            if shards > 0 {
                instance["shardId"] = json!(idx / nodes);
            }
            instance
        })
        .collect();
    draft.set("instances", instances);
}

/// Redis firewall rules: a range of addresses.
pub(super) struct FirewallRule {
    pub(super) names: (&'static str, &'static str),
}

impl Behaviour for FirewallRule {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let address = |name: &str| {
            let text = draft.text(&["properties", name]).unwrap_or_default();
            text.parse::<std::net::Ipv4Addr>().map_err(|_| {
                bad_request(&format!(
                    "The value of the parameter 'properties.{name}' is invalid: {text} is not an address."
                ))
            })
        };
        let (start, end) = (address(self.names.0)?, address(self.names.1)?);
        if u32::from(start) > u32::from(end) {
            return Err(bad_request(&format!("The start {start} of the range is after its end {end}.")));
        }
        Ok(())
    }
}

/// Patch schedules: only `default` exists.
pub(super) struct PatchSchedule;

impl Behaviour for PatchSchedule {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        if draft.name() != "default" {
            return Err(bad_request("The name of a patch schedule must be 'default'."));
        }
        let tier = draft.parent.as_ref().and_then(|parent| text_at(parent, &["properties", "sku", "name"]));
        if tier == Some("Basic") && list_at(&draft.body, &["properties", "scheduleEntries"]).is_empty() {
            return Err(bad_request("A patch schedule must have at least one entry."));
        }
        Ok(())
    }
}
