//! Deleted vaults: kept with their content until they are purged or recovered.
//!
//! A deleted vault is a resource of a type of its own, at the subscription, below its location.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::arm::Context;
use crate::behaviour::{Effects, Object, View};
use crate::body::{at, text_at};
use crate::error::ArmError;
use crate::http::Response;
use crate::regions::normalize;
use crate::resource_id::Key;
use crate::table::CATALOG;
use crate::world::Resource;

const TYPE: &str = "Microsoft.KeyVault/locations/deletedVaults";

/// Finds the deleted vault of a name.
pub(super) fn find<'v>(view: View<'v>, name: &str) -> Option<&'v Resource> {
    let kind = CATALOG.find(TYPE)?;
    view.world
        .of_type(kind)
        .filter_map(|key| view.world.get(key))
        .find(|vault| vault.name().eq_ignore_ascii_case(name))
}

/// Returns whether a deleted vault holds a name.
pub(in crate::services) fn exists(view: View<'_>, name: &str) -> bool {
    find(view, name).is_some()
}

/// Keeps a vault that was just deleted.
pub(super) fn remember(effects: &mut Effects<'_>, vault: &Resource) {
    let body = vault.body();
    let location = text_at(&body, &["location"]).map(normalize).unwrap_or_default();
    let days = at(&body, &["properties", "softDeleteRetentionInDays"]).and_then(Value::as_u64).unwrap_or(90);
    let deleted = json!({"properties": {
        "vaultId": vault.id,
        "location": location,
        "tags": body.get("tags").cloned().unwrap_or_else(|| json!({})),
        "deletionDate": effects.now.rfc3339(),
        "scheduledPurgeDate": effects.now.after(Duration::from_secs(days * 86_400)).rfc3339(),
        "purgeProtectionEnabled": at(&body, &["properties", "enablePurgeProtection"]) == Some(&json!(true)),
    }});
    let hidden = json!({
        "properties": body.get("properties"),
        "tags": body.get("tags"),
        "hidden": vault.hidden(),
    });
    let subscription = crate::resource_id::containers_of(&vault.id).0.unwrap_or_default();
    let id = format!(
        "/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{}",
        vault.name()
    );
    let as_object = |value: Value| value.as_object().cloned().unwrap_or_default();
    effects.put(TYPE, &id, as_object(deleted), as_object(hidden));
}

/// Drops a deleted vault: it was recovered or purged.
pub(super) fn forget(effects: &mut Effects<'_>, name: &str) {
    if let Some(key) = find(effects.view(), name).map(Resource::key) {
        effects.world.remove(&key);
    }
}

/// Answers `deletedVaults` at the subscription and below `locations/{location}`; `rest` is in lower case and starts
/// with `deletedvaults`.
pub(in crate::services) fn answer(
    context: &mut Context<'_>,
    location: Option<&str>,
    rest: &[&str],
) -> Option<Result<Response, ArmError>> {
    match (rest, &context.request.method) {
        (["deletedvaults"], &Method::GET) => Some(Ok(list(context))),
        (["deletedvaults", name], &Method::GET) => Some(get(context, location, name)),
        (["deletedvaults", name, "purge"], &Method::POST) => Some(purge(context, name)),
        _ => None,
    }
}

fn rendered(vault: &Resource) -> Value {
    let mut body: Object = vault.body();
    body.insert("id".into(), json!(vault.id));
    body.insert("name".into(), json!(vault.name()));
    body.insert("type".into(), json!("Microsoft.KeyVault/deletedVaults"));
    Value::Object(body)
}

fn list(context: &Context<'_>) -> Response {
    let kind = CATALOG.find(TYPE);
    let keys: Vec<&Key> = kind.into_iter().flat_map(|kind| context.world.of_type(kind)).collect();
    let items = keys.into_iter().filter_map(|key| Some((key.to_string(), rendered(context.world.get(key)?))));
    crate::arm::page_of(context, items.collect::<Vec<_>>())
}

fn not_found(name: &str) -> ArmError {
    ArmError::new(
        404,
        "DeletedVaultNotFound",
        format!("The specified deleted vault '{name}' does not exist."),
    )
}

fn get(context: &Context<'_>, location: Option<&str>, name: &str) -> Result<Response, ArmError> {
    let vault = find(context.view(), name).ok_or_else(|| not_found(name))?;
    let place = text_at(&vault.body(), &["properties", "location"]).unwrap_or_default().to_owned();
    if location.is_some_and(|location| normalize(location) != place) {
        return Err(not_found(name));
    }
    Ok(Response::json(200, &rendered(vault)))
}

fn purge(context: &mut Context<'_>, name: &str) -> Result<Response, ArmError> {
    let vault = find(context.view(), name).ok_or_else(|| not_found(name))?;
    if at(&vault.body(), &["properties", "purgeProtectionEnabled"]) == Some(&json!(true)) {
        return Err(ArmError::bad_request(
            "MethodNotAllowed",
            "Operation \"DeletedVaultPurge\" is not allowed because purge protection is enabled for this vault. Key Vault \
             service will automatically purge it after the retention period has passed.",
        ));
    }
    let (key, kind) = (vault.key(), vault.kind);
    let start = crate::arm::operations::Start {
        kind: crate::world::OperationKind::Delete,
        target: key.clone(),
        resource_type: kind,
        domain: key,
        duration: Duration::from_secs(20),
        state: "Purging",
        result: None,
    };
    let operation = crate::arm::operations::start(context, start);
    let verb = crate::table::Verb {
        code: 202,
        style: crate::table::Style::Location,
        duration: Duration::ZERO,
        state: String::new(),
    };
    let version = context.version();
    Ok(crate::arm::operations::with_headers(context, Response::empty(202), &operation, &verb, version))
}
