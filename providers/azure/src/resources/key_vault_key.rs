//! Keys of key vaults. The vault makes them; what is configured says how, and what may be done with them.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value as Json, json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::attributes::{Attributes, at, text_at};
use crate::client::{ArmError, Method};
use crate::lifecycle::create::already_exists;
use crate::lifecycle::{Address, Change, Draft, Failure, Work};
use crate::mapping::same::is_zero;
use crate::mapping::{Documents, write_object};
use crate::resources::Behaviour;
use crate::resources::key_vault_item::{delete, describe, get, recover, to_vault, url_of};
use crate::resources::public_key::PublicKey;

/// Keys.
pub(crate) struct Key;

#[async_trait]
impl Behaviour for Key {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let Some(key_type) = text_at(config, "key_type") else { return };
        let mut complain = |name: &str, detail: String| {
            let diagnostic = Diagnostic::error("Invalid combination of arguments", detail);
            diagnostics.push(diagnostic.on_attribute(AttributePath::root().attribute(name)));
        };
        if key_type.starts_with("RSA") && config.attribute("key_size").is_null() {
            complain("key_size", format!("Keys of type {key_type} need a key_size."));
        }
        let policy = at(config, "release_policy.0");
        if !policy.is_null() && !key_type.ends_with("-HSM") {
            let detail =
                format!("Only keys in hardware (RSA-HSM, EC-HSM) have a release_policy, not {key_type}.");
            complain("release_policy", detail);
        }
    }

    /// A key that ends once cannot be made to never end.
    fn plan(&self, draft: &mut Draft<'_>) {
        let Some(prior) = draft.prior else { return };
        if !is_zero(&prior.attribute("expiration_date")) && is_zero(&draft.planned.get("expiration_date")) {
            draft.replace_for("expiration_date");
        }
    }

    async fn fetch(&self, work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
        let body = get(work, &url_of(work, &address.path)).await?;
        Ok(body.map(|body| Documents::of(address.path.clone(), body)))
    }

    async fn create(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let exists = self.fetch(work, change.address).await?.is_some();
        if exists && !work.connection.settings.features.overwrites_existing {
            return Err(already_exists(work, &change.address.id).into());
        }
        work.call.report("creating");
        let url = url_of(work, &change.address.path);
        let wanted = wanted(work, change);
        let mut body = body_of(&wanted);
        complete_creation(change.planned, &wanted, &mut body);
        let request = to_vault(work, Method::Post, format!("{url}/create")).with_body(body);
        let body = match work.run_creating(&request).await {
            Ok(finished) => finished.body,
            Err(Failure::Arm(ArmError::Refused(refusal)))
                if refusal.status == 409 && work.connection.settings.features.recover_keys =>
            {
                recover(work, &url).await?;
                get(work, &url).await?.unwrap_or_default()
            }
            Err(failure) => return Err(failure),
        };
        if let Some(rotation) = wanted.named.get("rotation") {
            set_rotation(work, &url, rotation).await?;
        }
        Ok(Documents::of(change.address.path.clone(), body))
    }

    async fn update(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let prior = change.prior.unwrap_or(change.planned);
        let url = url_of(work, &change.address.path);
        let wanted = wanted(work, change);
        let current = get(work, &url).await?.unwrap_or_default();
        let id = current.pointer("/key/kid").and_then(Json::as_str);
        let version = id.and_then(|id| id.rsplit('/').next()).unwrap_or_default();
        work.call.report("updating");
        let request = to_vault(work, Method::Patch, format!("{url}/{version}"));
        let finished = work.run(&request.with_body(body_of(&wanted))).await?;
        if prior.attribute("rotation_policy") != change.planned.attribute("rotation_policy") {
            let none = Json::Null;
            set_rotation(work, &url, wanted.named.get("rotation").unwrap_or(&none)).await?;
        }
        Ok(Documents::of(change.address.path.clone(), finished.body))
    }

    async fn delete(&self, work: &Work<'_>, address: &Address, _state: &Value) -> Result<(), Failure> {
        delete(work, &address.path, work.connection.settings.features.purge_keys).await
    }

    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        let url = url_of(work, &documents.path);
        let rotation = get(work, &format!("{url}/rotationpolicy")).await?;
        documents.named.insert("rotation".into(), rotation.as_ref().map(read_rotation).unwrap_or_default());
        if let Some(policy) = documents.at("release_policy").map(read_release) {
            documents.named.insert("release".into(), policy);
        }
        let modulus = documents.text_at("key.n").and_then(|modulus| URL_SAFE_NO_PAD.decode(modulus).ok());
        if let Some(bytes) = modulus {
            documents.named.insert("size".into(), json!({"bits": bytes.len() * 8}));
        }
        describe(work, documents, known, "key.kid").await
    }

    fn read_attributes(&self, documents: &Documents, _known: Option<&Value>, attributes: &mut Attributes) {
        if let Some(id) = documents.text_at("$own.id") {
            attributes.set("id", id);
        }
        let public = documents.at("key").and_then(PublicKey::of_web_key);
        let text = |text: Option<String>| text.map_or_else(Value::dynamic_null, Value::from);
        attributes.set("public_key_pem", text(public.as_ref().map(PublicKey::to_pem)));
        attributes.set("public_key_openssh", text(public.as_ref().and_then(PublicKey::to_openssh)));
    }
}

/// Writes all arguments of a key.
fn wanted(work: &Work<'_>, change: &Change<'_>) -> Documents {
    let mut documents = Documents::empty("");
    write_object(&work.table.arguments, change.planned, &mut documents);
    documents
}

/// Makes the body of a key, as far as creating and changing it have it in common.
fn body_of(wanted: &Documents) -> Json {
    let none = || json!({});
    let mut body = json!({
        "key_ops": wanted.at("key.key_ops"),
        "attributes": wanted.at("attributes").cloned().unwrap_or_else(none),
        "tags": wanted.at("tags").cloned().unwrap_or_else(none),
    });
    body["attributes"]["enabled"] = true.into();
    body
}

/// Adds what is said only when a key is made.
fn complete_creation(planned: &Value, wanted: &Documents, body: &mut Json) {
    let key_type = text_at(planned, "key_type").unwrap_or_default();
    body["kty"] = key_type.as_str().into();
    if key_type.starts_with("RSA") {
        body["key_size"] = wanted.at("$size.bits").cloned().unwrap_or_default();
    } else {
        body["crv"] = text_at(planned, "curve").as_deref().unwrap_or("P-256").into();
    }
    if let Some(text) = wanted.text_at("$release.json") {
        let is_immutable = wanted.at("$release.immutable") == Some(&Json::Bool(true));
        body["release_policy"] = json!({"data": STANDARD.encode(text), "immutable": is_immutable});
        // A key that nobody may take out has nothing to release.
        body["attributes"]["exportable"] = true.into();
    }
}

/// Turns the arguments of a rotation policy into what the vault wants: a list of what to do when.
fn written_rotation(rotation: &Json) -> Json {
    let mut actions = Vec::new();
    if let Some(time) = rotation.get("notify") {
        actions.push(json!({"trigger": {"timeBeforeExpiry": time}, "action": {"type": "Notify"}}));
    }
    if let Some(Json::Object(trigger)) = rotation.get("automatic") {
        actions.push(json!({"trigger": trigger, "action": {"type": "Rotate"}}));
    }
    let mut policy = json!({"lifetimeActions": actions});
    if let Some(time) = rotation.get("expire") {
        policy["attributes"] = json!({"expiryTime": time});
    }
    policy
}

/// The way back. Every key has a policy that notifies a month before the end: without an end it says nothing.
fn read_rotation(policy: &Json) -> Json {
    let mut rotation = Map::new();
    let expiry = policy.pointer("/attributes/expiryTime").filter(|time| time.is_string());
    if let Some(time) = expiry {
        rotation.insert("expire".into(), time.clone());
    }
    for action in policy.get("lifetimeActions").and_then(Json::as_array).into_iter().flatten() {
        let kind = action.pointer("/action/type").and_then(Json::as_str).unwrap_or_default();
        let trigger = action.get("trigger").cloned().unwrap_or_default();
        if kind.eq_ignore_ascii_case("rotate") {
            rotation.insert("automatic".into(), trigger);
        } else if let Some(time) = trigger.get("timeBeforeExpiry").filter(|_| expiry.is_some()) {
            rotation.insert("notify".into(), time.clone());
        }
    }
    rotation.into()
}

fn read_release(policy: &Json) -> Json {
    let data = policy.get("data").and_then(Json::as_str).unwrap_or_default();
    let text = URL_SAFE_NO_PAD.decode(data.trim_end_matches('=')).or_else(|_| STANDARD.decode(data));
    let text = text.ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    json!({"json": text, "immutable": policy.get("immutable").and_then(Json::as_bool).unwrap_or_default()})
}

async fn set_rotation(work: &Work<'_>, url: &str, rotation: &Json) -> Result<(), Failure> {
    let request = to_vault(work, Method::Put, format!("{url}/rotationpolicy"));
    work.run(&request.with_body(written_rotation(rotation))).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_policies_go_both_ways() {
        for rotation in [
            json!({"expire": "P90D", "notify": "P29D"}),
            json!({"expire": "P90D", "notify": "P29D", "automatic": {"timeBeforeExpiry": "P30D"}}),
            json!({"automatic": {"timeAfterCreate": "P60D"}}),
            json!({}),
        ] {
            assert_eq!(read_rotation(&written_rotation(&rotation)), rotation);
        }
        let usual = json!({
            "lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}],
        });
        assert_eq!(read_rotation(&usual), json!({}));
    }
}
