//! Secrets as Resource Manager sees them: written with their value, answered without it.
//!
//! The value and its versions are in the hidden part of the vault, where the data plane finds them too.

use serde_json::{Value, json};

use crate::behaviour::{Behaviour, Draft, Effects, Object};
use crate::body::text_at;
use crate::clock::Timestamp;
use crate::credentials::random_hex;
use crate::error::ArmError;
use crate::resource_id::{Key, parent_key};
use crate::world::OperationKind;

pub(in crate::services) struct Secret;

impl Behaviour for Secret {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let value = text_at(&draft.sent, &["properties", "value"]).map(str::to_owned);
        let version = match &value {
            Some(_) => random_hex(16),
            None => draft
                .hidden
                .get("version")
                .and_then(Value::as_str)
                .map_or_else(|| random_hex(16), str::to_owned),
        };
        if let Some(value) = value {
            draft.hidden.insert("value".into(), json!(value));
        }
        draft.hidden.insert("version".into(), json!(version));
        let vault = draft.parent.as_ref().and_then(|vault| text_at(vault, &["properties", "vaultUri"]));
        let uri = format!("{}secrets/{}", vault.unwrap_or_default(), draft.name());
        draft.set("secretUri", uri.clone());
        draft.set("secretUriWithVersion", format!("{uri}/{version}"));
        if let Some(location) = draft.parent.as_ref().and_then(|vault| vault.get("location")).cloned() {
            draft.body.insert("location".into(), location);
        }
        let now = draft.view.now.seconds();
        let attributes = crate::body::object_at(draft.properties(), "attributes");
        crate::body::set_default(attributes, "enabled", true);
        crate::body::set_default(attributes, "created", now);
        attributes.insert("updated".into(), json!(now));
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, _kind: OperationKind) {
        let Some(secret) = effects.world.get(key).cloned() else { return };
        let Some(vault) = parent_key(key).map(str::to_owned) else { return };
        let (body, hidden) = (secret.body(), secret.hidden());
        let entry = json!({
            "version": hidden.get("version"),
            "value": hidden.get("value"),
            "contentType": body.get("properties").and_then(|it| it.get("contentType")),
            "attributes": body.get("properties").and_then(|it| it.get("attributes")),
            "tags": body.get("tags"),
        });
        let name = secret.name().to_owned();
        effects.world.update(&vault, |vault| {
            let mut hidden = vault.hidden();
            add_version(&mut hidden, &name, entry);
            vault.set_hidden(hidden);
        });
    }
}

/// Appends a version of a secret to a vault's hidden part.
pub(super) fn add_version(hidden: &mut Object, name: &str, entry: Value) {
    let secrets = crate::body::object_at(hidden, "secrets");
    let key = name.to_ascii_lowercase();
    let secret = crate::body::object_at(secrets, &key);
    secret.insert("name".into(), json!(name));
    let versions = secret.entry("versions").or_insert_with(|| json!([]));
    if let Value::Array(versions) = versions {
        let version = entry.get("version").cloned();
        versions.retain(|existing| existing.get("version").cloned() != version);
        versions.push(entry);
    }
}

/// The attributes of a new version.
pub(super) fn new_attributes(sent: &Object, now: Timestamp) -> Value {
    let mut attributes = sent.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
    crate::body::set_default(&mut attributes, "enabled", true);
    attributes.insert("created".into(), json!(now.seconds()));
    attributes.insert("updated".into(), json!(now.seconds()));
    attributes.insert("recoveryLevel".into(), json!("Recoverable+Purgeable"));
    attributes.insert("recoverableDays".into(), json!(90));
    Value::Object(attributes)
}
