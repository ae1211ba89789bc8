//! Keys of a vault: made, described, renewed and given up. Nothing can be signed or encrypted with them.
//!
//! Elliptic keys of the usual curves are real ones whose private half is dropped at once; moduli and other points are
//! random numbers of the right size.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Method;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair as _,
};
use serde_json::{Value, json};

use super::secret::new_attributes;
use crate::behaviour::Object;
use crate::body::{at, list_at, object_at, text_at};
use crate::clock::Timestamp;
use crate::credentials::random_hex;
use crate::error::ArmError;
use crate::guid;
use crate::http::{Request, Response};

/// What an answer needs to know besides the keys.
pub(super) struct Vault<'a> {
    pub(super) base: &'a str,
    pub(super) now: Timestamp,
    pub(super) request: &'a Request,
}

type Answer = Result<Response, ArmError>;

impl Vault<'_> {
    /// Answers a request below `/keys` or `/deletedkeys`, and changes the keys as it says.
    pub(super) fn answer(&self, keys: &mut Object) -> Answer {
        let lower = self.request.path.lower();
        let path: Vec<&str> = lower.iter().map(String::as_str).collect();
        match (path.as_slice(), &self.request.method) {
            (["keys"], &Method::GET) => Ok(self.list(keys, false)),
            (["deletedkeys"], &Method::GET) => Ok(self.list(keys, true)),
            (["keys", name, "create"], &Method::POST) => self.create(keys, name),
            (["keys", name, "rotate"], &Method::POST) => self.rotate(keys, name),
            (["keys", name, "rotationpolicy"], &Method::GET) => self.rotation_policy(keys, name),
            (["keys", name, "rotationpolicy"], &Method::PUT) => self.set_rotation_policy(keys, name),
            (["keys", name, "versions"], &Method::GET) => self.versions(keys, name),
            (["keys", name], &Method::GET) => self.get(keys, name, None),
            (["keys", name, version], &Method::GET) => self.get(keys, name, Some(*version)),
            (["keys", name, version], &Method::PATCH) => self.change(keys, name, version),
            (["keys", name], &Method::DELETE) => self.delete(keys, name),
            (["deletedkeys", name], &Method::GET) => {
                Ok(Response::json(200, &self.deleted_bundle(deleted(keys, name)?)?))
            }
            (["deletedkeys", name], &Method::DELETE) => {
                deleted(keys, name)?;
                keys.remove(*name);
                Ok(Response::empty(204))
            }
            (["deletedkeys", name, "recover"], &Method::POST) => {
                deleted(keys, name)?;
                object_at(keys, name).remove("deleted");
                self.get(keys, name, None)
            }
            _ => Err(ArmError::new(404, "NotFound", "The emulated vault makes and describes keys only.")),
        }
    }

    fn list(&self, keys: &Object, is_deleted: bool) -> Response {
        let of_interest = keys
            .values()
            .filter_map(Value::as_object)
            .filter(|key| key.contains_key("deleted") == is_deleted);
        let items: Vec<Value> = of_interest
            .filter_map(|key| {
                let newest = list_at(key, &["versions"]).last()?;
                let name = text_at(key, &["name"])?;
                let kid = format!("{}/keys/{name}", self.base);
                Some(json!({"kid": kid, "attributes": newest.get("attributes"), "tags": newest.get("tags")}))
            })
            .collect();
        Response::json(200, &json!({"value": items, "nextLink": Value::Null}))
    }

    fn create(&self, keys: &mut Object, lower: &str) -> Answer {
        let name = self.request.path.segments()[1].clone();
        let is_good = name.len() <= 127 && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
        if !is_good {
            return Err(bad(format!("The request URI contains an invalid name: {name}")));
        }
        if keys.get(lower).is_some_and(|key| key.get("deleted").is_some()) {
            return Err(ArmError::conflict(
                "Conflict",
                format!(
                    "Key {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this \
                     state, the key can only be recovered or purged."
                ),
            ));
        }
        let sent = self.request.json_object()?;
        let mut material = new_material(&sent)?;
        material.insert("key_ops".into(), operations(&sent)?);
        let key = object_at(keys, lower);
        key.insert("name".into(), json!(name));
        self.push_version(key, material, &sent);
        self.get(keys, lower, None)
    }

    /// Adds a version: its key, and what was said about it.
    fn push_version(&self, key: &mut Object, mut material: Object, sent: &Object) {
        let version = random_hex(16);
        let name = text_at(key, &["name"]).unwrap_or_default();
        material.insert("kid".into(), json!(format!("{}/keys/{name}/{version}", self.base)));
        let entry = json!({
            "version": version,
            "key": material,
            "attributes": new_attributes(sent, self.now),
            "tags": sent.get("tags"),
            "release_policy": sent.get("release_policy"),
        });
        match key.entry("versions").or_insert_with(|| json!([])) {
            Value::Array(versions) => versions.push(entry),
            other => *other = json!([entry]),
        }
    }

    fn rotate(&self, keys: &mut Object, name: &str) -> Answer {
        let newest = list_at(present(keys, name)?, &["versions"]).last().cloned().unwrap_or_default();
        let before = newest.get("key").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut wanted = before.clone();
        let bits = text_at(&before, &["n"]).map(|modulus| modulus.len() * 6 / 64 * 64);
        wanted.insert("key_size".into(), json!(bits));
        let mut material = new_material(&wanted)?;
        material.insert("key_ops".into(), before.get("key_ops").cloned().unwrap_or_default());
        let said = json!({"tags": newest.get("tags")});
        self.push_version(object_at(keys, name), material, said.as_object().unwrap_or(&Object::new()));
        self.get(keys, name, None)
    }

    fn get(&self, keys: &Object, name: &str, version: Option<&str>) -> Answer {
        Ok(Response::json(200, &bundle(present(keys, name)?, version)?))
    }

    fn versions(&self, keys: &Object, name: &str) -> Answer {
        let versions = list_at(present(keys, name)?, &["versions"]).iter();
        let items: Vec<Value> = versions
            .map(|version| {
                let kid = version.pointer("/key/kid");
                json!({"kid": kid, "attributes": version.get("attributes"), "tags": version.get("tags")})
            })
            .collect();
        Ok(Response::json(200, &json!({"value": items, "nextLink": Value::Null})))
    }

    fn change(&self, keys: &mut Object, name: &str, version: &str) -> Answer {
        bundle(present(keys, name)?, Some(version))?;
        let sent = self.request.json_object()?;
        let operations = sent.contains_key("key_ops").then(|| operations(&sent)).transpose()?;
        if let Some(Value::Array(versions)) = object_at(keys, name).get_mut("versions") {
            let found = versions.iter_mut().filter_map(Value::as_object_mut);
            for entry in found.filter(|entry| text_at(entry, &["version"]) == Some(version)) {
                for field in ["tags", "release_policy"] {
                    if let Some(value) = sent.get(field) {
                        entry.insert(field.into(), value.clone());
                    }
                }
                if let Some(operations) = &operations {
                    object_at(entry, "key").insert("key_ops".into(), operations.clone());
                }
                let attributes = object_at(entry, "attributes");
                attributes.extend(
                    at(&sent, &["attributes"]).and_then(Value::as_object).cloned().unwrap_or_default(),
                );
                attributes.insert("updated".into(), json!(self.now.seconds()));
            }
        }
        self.get(keys, name, Some(version))
    }

    fn delete(&self, keys: &mut Object, name: &str) -> Answer {
        present(keys, name)?;
        object_at(keys, name).insert("deleted".into(), json!(self.now.seconds()));
        Ok(Response::json(200, &self.deleted_bundle(deleted(keys, name)?)?))
    }

    fn deleted_bundle(&self, key: &Object) -> Result<Value, ArmError> {
        let mut bundle = bundle(key, None)?;
        let name = text_at(key, &["name"]).unwrap_or_default();
        let when = at(key, &["deleted"]).and_then(Value::as_i64).unwrap_or_default();
        bundle["recoveryId"] = json!(format!("{}/deletedkeys/{name}", self.base));
        bundle["deletedDate"] = json!(when);
        bundle["scheduledPurgeDate"] = json!(when + 90 * 86_400);
        Ok(bundle)
    }

    /// Every key has a policy; one that nobody has set notifies a month before the end.
    fn rotation_policy(&self, keys: &Object, name: &str) -> Answer {
        let key = present(keys, name)?;
        let usual = json!({
            "lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}],
            "attributes": {},
        });
        let mut policy = at(key, &["rotation"]).cloned().unwrap_or(usual);
        let name = text_at(key, &["name"]).unwrap_or_default();
        policy["id"] = json!(format!("{}/keys/{name}/rotationpolicy", self.base));
        Ok(Response::json(200, &policy))
    }

    fn set_rotation_policy(&self, keys: &mut Object, name: &str) -> Answer {
        present(keys, name)?;
        let policy = self.request.json_object()?;
        let has_expiry = at(&policy, &["attributes", "expiryTime"]).is_some_and(Value::is_string);
        let needs_expiry = list_at(&policy, &["lifetimeActions"])
            .iter()
            .any(|action| action.pointer("/trigger/timeBeforeExpiry").is_some_and(Value::is_string));
        if needs_expiry && !has_expiry {
            return Err(
                bad("A trigger before the expiry needs the policy to have an expiryTime.".to_owned()),
            );
        }
        object_at(keys, name).insert("rotation".into(), Value::Object(policy));
        self.rotation_policy(keys, name)
    }
}

fn bad(message: String) -> ArmError {
    ArmError::bad_request("BadParameter", message)
}

fn present<'k>(keys: &'k Object, name: &str) -> Result<&'k Object, ArmError> {
    let key = keys.get(name).and_then(Value::as_object).filter(|key| !key.contains_key("deleted"));
    key.ok_or_else(|| {
        let message = format!("A key with (name/id) {name} was not found in this key vault.");
        ArmError::new(404, "KeyNotFound", message)
    })
}

fn deleted<'k>(keys: &'k Object, name: &str) -> Result<&'k Object, ArmError> {
    let key = keys.get(name).and_then(Value::as_object).filter(|key| key.contains_key("deleted"));
    key.ok_or_else(|| ArmError::new(404, "KeyNotFound", format!("Deleted Key not found: {name}")))
}

fn bundle(key: &Object, version: Option<&str>) -> Result<Value, ArmError> {
    let versions = list_at(key, &["versions"]);
    let is_wanted = |entry: &&Value| entry.get("version").and_then(Value::as_str) == version;
    let found = if version.is_some() { versions.iter().find(is_wanted) } else { versions.last() };
    let name = text_at(key, &["name"]).unwrap_or_default();
    let missing =
        || ArmError::new(404, "KeyNotFound", format!("The version of the key {name} was not found."));
    let mut bundle = found.cloned().ok_or_else(missing)?;
    if let Some(bundle) = bundle.as_object_mut() {
        bundle.remove("version");
        bundle.retain(|_, value| !value.is_null());
    }
    Ok(bundle)
}

const OPERATIONS: &[&str] =
    &["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey", "import", "export", "deriveKey"];

/// Reads what may be done with a key: everything that its kind is good for, unless something else is said.
fn operations(sent: &Object) -> Result<Value, ArmError> {
    let wanted = list_at(sent, &["key_ops"]);
    if let Some(other) = wanted.iter().find(|word| !OPERATIONS.iter().any(|known| *word == known)) {
        return Err(bad(format!("key_ops has an unknown operation: {other}")));
    }
    if !wanted.is_empty() {
        return Ok(json!(wanted));
    }
    let is_elliptic = text_at(sent, &["kty"]).is_some_and(|kind| kind.starts_with("EC"));
    Ok(if is_elliptic { json!(["sign", "verify"]) } else { json!(OPERATIONS[..6]) })
}

/// Makes a key as a client wants it; returns its public half.
fn new_material(sent: &Object) -> Result<Object, ArmError> {
    let kind = text_at(sent, &["kty"]).ok_or_else(|| bad("Property kty is required.".to_owned()))?;
    let mut material = Object::new();
    material.insert("kty".into(), json!(kind));
    match kind {
        "RSA" | "RSA-HSM" => {
            let bits = at(sent, &["key_size"]).and_then(Value::as_u64).unwrap_or(2048);
            if !matches!(bits, 2048 | 3072 | 4096) {
                return Err(bad(format!("{bits} is no valid key_size; 2048, 3072 and 4096 are.")));
            }
            let mut modulus = random_bytes(bits as usize / 8);
            modulus[0] |= 0x80;
            if let Some(last) = modulus.last_mut() {
                *last |= 1;
            }
            material.insert("n".into(), json!(URL_SAFE_NO_PAD.encode(modulus)));
            material.insert("e".into(), json!("AQAB"));
        }
        "EC" | "EC-HSM" => {
            let curve = text_at(sent, &["crv"]).unwrap_or("P-256");
            let (x, y) = new_point(curve)?;
            material.insert("crv".into(), json!(curve));
            material.insert("x".into(), json!(URL_SAFE_NO_PAD.encode(x)));
            material.insert("y".into(), json!(URL_SAFE_NO_PAD.encode(y)));
        }
        _ => return Err(bad(format!("The key type {kind} is not supported."))),
    }
    Ok(material)
}

fn new_point(curve: &str) -> Result<(Vec<u8>, Vec<u8>), ArmError> {
    let random = || ArmError::new(500, "InternalServerError", "No key could be made.");
    let real = |algorithm: &'static EcdsaSigningAlgorithm| {
        let generator = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &generator).map_err(|_| random())?;
        let pair =
            EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &generator).map_err(|_| random())?;
        // The first byte says that both coordinates follow.
        let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
        Ok((x.to_vec(), y.to_vec()))
    };
    match curve {
        "P-256" => real(&ECDSA_P256_SHA256_ASN1_SIGNING),
        "P-384" => real(&ECDSA_P384_SHA384_ASN1_SIGNING),
        "P-256K" => Ok((random_bytes(32), random_bytes(32))),
        "P-521" => Ok((random_bytes(65), random_bytes(65))),
        _ => Err(bad(format!("The curve {curve} is not supported."))),
    }
}

fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    guid::fill_random(&mut bytes);
    bytes
}
