//! The data plane of a vault, at `https://{vault}.vault.azure.net`: secrets and keys with versions and soft delete.

use hyper::Method;
use serde_json::{Value, json};

use super::keys;
use super::secret::{add_version, new_attributes};
use crate::behaviour::Object;
use crate::body::{object_at, text_at};
use crate::clock::Timestamp;
use crate::credentials::random_hex;
use crate::error::ArmError;
use crate::front::token;
use crate::http::{Request, Response};
use crate::resource_id::Key;
use crate::settings::Settings;
use crate::table::CATALOG;
use crate::world::World;

/// Answers a request to the vault of a name.
pub(crate) fn answer(
    world: &mut World,
    settings: &Settings,
    now: Timestamp,
    request: &Request,
    vault: &str,
) -> Response {
    let Some(key) = find_vault(world, vault) else {
        return ArmError::new(404, "VaultNotFound", format!("The vault '{vault}' does not exist.")).into();
    };
    let accepts = |audience: &str| audience.contains("vault");
    if let Err(error) = token::check(settings, now, request, &accepts) {
        let challenge = format!(
            "Bearer authorization=\"{}/{}\", resource=\"https://vault.azure.net\"",
            settings.base_url, settings.identity.tenant_id,
        );
        return Response::from(error).with_header("www-authenticate", challenge);
    }
    let plane = Plane { world, base: format!("https://{vault}.vault.azure.net"), key, now, request };
    plane.route().unwrap_or_else(Response::from)
}

fn find_vault(world: &World, name: &str) -> Option<Key> {
    let kind = CATALOG.find("Microsoft.KeyVault/vaults")?;
    world.indexes().owner_of_name(kind, name).cloned()
}

struct Plane<'a> {
    world: &'a mut World,
    base: String,
    key: Key,
    now: Timestamp,
    request: &'a Request,
}

impl Plane<'_> {
    fn route(mut self) -> Result<Response, ArmError> {
        let lower = self.request.path.lower();
        let path: Vec<&str> = lower.iter().map(String::as_str).collect();
        match (path.as_slice(), &self.request.method) {
            ([], _) => Ok(Response::json(200, &json!({"value": []}))),
            (["certificates", "contacts"], &Method::GET) => {
                Err(ArmError::new(404, "ContactsNotFound", "Contacts not found"))
            }
            (["certificates"], &Method::GET) => Ok(Response::json(200, &json!({"value": []}))),
            (["keys" | "deletedkeys", ..], _) => self.answer_keys(),
            (["secrets"], &Method::GET) => Ok(self.list(false)),
            (["deletedsecrets"], &Method::GET) => Ok(self.list(true)),
            (["secrets", _], &Method::PUT) => self.set(),
            (["secrets", name, "versions"], &Method::GET) => self.versions(name),
            (["secrets", name] | ["secrets", name, _], &Method::GET) => self.get(name, path.get(2).copied()),
            (["secrets", name, version], &Method::PATCH) => self.change(name, version),
            (["secrets", name], &Method::DELETE) => self.delete(name),
            (["deletedsecrets", name], &Method::GET) => self.get_deleted(name),
            (["deletedsecrets", name], &Method::DELETE) => self.purge(name),
            (["deletedsecrets", name, "recover"], &Method::POST) => self.recover(name),
            _ => Err(ArmError::new(404, "NotFound", "The emulated vault has secrets and keys only.")),
        }
    }

    /// Keys are kept beside the secrets.
    fn answer_keys(&mut self) -> Result<Response, ArmError> {
        let mut hidden = self.hidden();
        let vault = keys::Vault { base: &self.base, now: self.now, request: self.request };
        let response = vault.answer(object_at(&mut hidden, "keys"))?;
        if self.request.method != Method::GET {
            self.store(hidden);
        }
        Ok(response)
    }

    fn hidden(&self) -> Object {
        self.world.get(&self.key).map(crate::world::Resource::hidden).unwrap_or_default()
    }

    fn store(&mut self, hidden: Object) {
        self.world.update(&self.key, |vault| vault.set_hidden(hidden));
    }

    fn secret(&self, name: &str) -> Result<Object, ArmError> {
        let hidden = self.hidden();
        let secret = crate::body::at(&hidden, &["secrets", name]).and_then(Value::as_object).cloned();
        secret.filter(|secret| !secret.contains_key("deleted")).ok_or_else(|| {
            ArmError::new(
                404,
                "SecretNotFound",
                format!("A secret with (name/id) {name} was not found in this key vault."),
            )
        })
    }

    fn bundle(&self, secret: &Object, version: Option<&str>, with_value: bool) -> Result<Value, ArmError> {
        let name = text_at(secret, &["name"]).unwrap_or_default();
        let versions = crate::body::list_at(secret, &["versions"]);
        let found = match version {
            None => versions.last(),
            Some(version) => {
                versions.iter().find(|it| it.get("version").and_then(Value::as_str) == Some(version))
            }
        };
        let found = found.ok_or_else(|| {
            ArmError::new(404, "SecretNotFound", format!("The version of the secret {name} was not found."))
        })?;
        let version = found.get("version").and_then(Value::as_str).unwrap_or_default();
        let id = if with_value {
            format!("{}/secrets/{name}/{version}", self.base)
        } else {
            format!("{}/secrets/{name}", self.base)
        };
        let mut bundle = json!({
            "id": id,
            "attributes": found.get("attributes"),
            "tags": found.get("tags").filter(|tags| !tags.is_null()).cloned().unwrap_or_else(|| json!({})),
        });
        if let Some(content_type) = found.get("contentType").filter(|it| !it.is_null()) {
            bundle["contentType"] = content_type.clone();
        }
        if with_value {
            bundle["value"] = found.get("value").cloned().unwrap_or_default();
        }
        Ok(bundle)
    }

    fn list(&self, deleted: bool) -> Response {
        let hidden = self.hidden();
        let secrets = hidden.get("secrets").and_then(Value::as_object);
        let items: Vec<Value> = secrets
            .into_iter()
            .flat_map(|secrets| secrets.values())
            .filter_map(Value::as_object)
            .filter(|secret| secret.contains_key("deleted") == deleted)
            .filter_map(|secret| self.bundle(secret, None, false).ok())
            .collect();
        Response::json(200, &json!({"value": items, "nextLink": Value::Null}))
    }

    fn versions(&self, name: &str) -> Result<Response, ArmError> {
        let secret = self.secret(name)?;
        let versions = crate::body::list_at(&secret, &["versions"]).iter();
        let items: Vec<Value> = versions
            .filter_map(|version| {
                let mut bundle = self.bundle(&secret, version.get("version")?.as_str(), true).ok()?;
                bundle.as_object_mut()?.remove("value");
                Some(bundle)
            })
            .collect();
        Ok(Response::json(200, &json!({"value": items, "nextLink": Value::Null})))
    }

    fn get(&self, name: &str, version: Option<&str>) -> Result<Response, ArmError> {
        let secret = self.secret(name)?;
        Ok(Response::json(200, &self.bundle(&secret, version, true)?))
    }

    fn set(&mut self) -> Result<Response, ArmError> {
        let name = self.request.path.segments()[1].clone();
        let lower = name.to_ascii_lowercase();
        let is_good =
            (1..=127).contains(&name.len()) && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
        if !is_good {
            return Err(ArmError::bad_request(
                "BadParameter",
                format!("The request URI contains an invalid name: {name}"),
            ));
        }
        let mut hidden = self.hidden();
        if crate::body::at(&hidden, &["secrets", &lower, "deleted"]).is_some() {
            return Err(ArmError::conflict(
                "Conflict",
                format!(
                    "Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in \
                     this state, the secret can only be recovered or purged."
                ),
            ));
        }
        let sent = self.request.json_object()?;
        let Some(value) = text_at(&sent, &["value"]) else {
            return Err(ArmError::bad_request("BadParameter", "Property value is required."));
        };
        let entry = json!({
            "version": random_hex(16),
            "value": value,
            "contentType": sent.get("contentType"),
            "attributes": new_attributes(&sent, self.now),
            "tags": sent.get("tags"),
        });
        add_version(&mut hidden, &name, entry);
        self.store(hidden);
        self.get(&lower, None)
    }

    fn change(&mut self, name: &str, version: &str) -> Result<Response, ArmError> {
        self.get(name, Some(version))?;
        let sent = self.request.json_object()?;
        let now = self.now.seconds();
        let mut hidden = self.hidden();
        let secret = object_at(object_at(&mut hidden, "secrets"), name);
        if let Some(Value::Array(versions)) = secret.get_mut("versions") {
            let found =
                versions.iter_mut().find(|it| it.get("version").and_then(Value::as_str) == Some(version));
            if let Some(entry) = found.and_then(Value::as_object_mut) {
                for field in ["contentType", "tags"] {
                    if let Some(value) = sent.get(field) {
                        entry.insert(field.into(), value.clone());
                    }
                }
                let attributes = object_at(entry, "attributes");
                attributes
                    .extend(sent.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default());
                attributes.insert("updated".into(), json!(now));
            }
        }
        self.store(hidden);
        self.get(name, Some(version))
    }

    fn delete(&mut self, name: &str) -> Result<Response, ArmError> {
        let secret = self.secret(name)?;
        let mut bundle = self.bundle(&secret, None, true)?;
        let mut hidden = self.hidden();
        let now = self.now.seconds();
        object_at(object_at(&mut hidden, "secrets"), name).insert("deleted".into(), json!(now));
        self.store(hidden);
        bundle["recoveryId"] = json!(format!("{}/deletedsecrets/{name}", self.base));
        bundle["deletedDate"] = json!(now);
        bundle["scheduledPurgeDate"] = json!(now + 90 * 86_400);
        Ok(Response::json(200, &bundle))
    }

    fn deleted(&self, name: &str) -> Result<Object, ArmError> {
        let hidden = self.hidden();
        let secret = crate::body::at(&hidden, &["secrets", name]).and_then(Value::as_object).cloned();
        secret
            .filter(|secret| secret.contains_key("deleted"))
            .ok_or_else(|| ArmError::new(404, "SecretNotFound", format!("Deleted Secret not found: {name}")))
    }

    fn get_deleted(&self, name: &str) -> Result<Response, ArmError> {
        let secret = self.deleted(name)?;
        let mut bundle = self.bundle(&secret, None, true)?;
        bundle["recoveryId"] = json!(format!("{}/deletedsecrets/{name}", self.base));
        bundle["deletedDate"] = secret.get("deleted").cloned().unwrap_or_default();
        Ok(Response::json(200, &bundle))
    }

    fn purge(&mut self, name: &str) -> Result<Response, ArmError> {
        self.deleted(name)?;
        let mut hidden = self.hidden();
        object_at(&mut hidden, "secrets").remove(name);
        self.store(hidden);
        Ok(Response::empty(204))
    }

    fn recover(&mut self, name: &str) -> Result<Response, ArmError> {
        self.deleted(name)?;
        let mut hidden = self.hidden();
        object_at(object_at(&mut hidden, "secrets"), name).remove("deleted");
        self.store(hidden);
        self.get(name, None)
    }
}
