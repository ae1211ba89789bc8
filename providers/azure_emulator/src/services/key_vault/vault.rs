//! Vaults. A deleted vault keeps its name until it is purged.

use serde_json::{Value, json};

use super::deleted;
use crate::behaviour::{Behaviour, Draft, Effects};
use crate::body::text_at;
use crate::error::ArmError;
use crate::resource_id::Key;
use crate::world::{OperationKind, Resource};

pub(in crate::services) struct Vault;

impl Behaviour for Vault {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let mode = text_at(&draft.sent, &["properties", "createMode"]).unwrap_or("default").to_owned();
        let deleted = deleted::find(draft.view, draft.name());
        if draft.is_create() {
            match (mode.as_str(), deleted) {
                ("recover", Some(deleted)) => recover(draft, deleted)?,
                ("recover", None) => {
                    return Err(ArmError::new(
                        404,
                        "VaultNotFound",
                        format!(
                            "A deleted vault with the name '{}' does not exist in this subscription.",
                            draft.name()
                        ),
                    ));
                }
                (_, Some(_)) => {
                    return Err(ArmError::conflict(
                        "ConflictError",
                        "A vault with the same name already exists in deleted state. You need to either recover or \
                         purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for \
                         more information on soft delete.",
                    ));
                }
                _ => {}
            }
        }
        draft.properties().remove("createMode");
        check_protection(draft)?;
        check_policies(draft)?;
        let uri = format!("https://{}.vault.azure.net/", draft.name().to_lowercase());
        draft.set("vaultUri", uri);
        draft.set("enableSoftDelete", true);
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, kind: OperationKind) {
        let Some(vault) = effects.world.get(key).cloned() else { return };
        if kind == OperationKind::Create {
            deleted::forget(effects, vault.name());
        }
    }

    fn removed(&self, effects: &mut Effects<'_>, resource: &Resource) {
        deleted::remember(effects, resource);
    }

    fn name_taken(&self, name: &str, _is_own: bool) -> ArmError {
        ArmError::conflict(
            "VaultAlreadyExists",
            format!(
                "The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the \
                 name is already taken. If you are sure that the vault name was not taken then it is possible that a \
                 vault with the same name was recently deleted but not purged after being placed in a recoverable state."
            ),
        )
    }
}

/// A recovered vault is what it was; what the request says about it beyond its name does not count.
fn recover(draft: &mut Draft<'_>, deleted: &Resource) -> Result<(), ArmError> {
    let body = deleted.body();
    let place = text_at(&body, &["properties", "location"]).unwrap_or_default();
    if place != draft.location() {
        return Err(ArmError::conflict(
            "ConflictError",
            format!("The deleted vault is in location '{place}' and can be recovered only there."),
        ));
    }
    if let Some(Value::Object(properties)) = deleted.hidden().get("properties") {
        draft.body.insert("properties".into(), Value::Object(properties.clone()));
    }
    if let Some(tags) = deleted.hidden().get("tags") {
        crate::body::set_default(&mut draft.body, "tags", tags.clone());
    }
    draft.hidden = deleted.hidden().get("hidden").and_then(Value::as_object).cloned().unwrap_or_default();
    Ok(())
}

fn check_protection(draft: &Draft<'_>) -> Result<(), ArmError> {
    let path = ["properties", "enablePurgeProtection"];
    let is_off = draft.at(&path) == Some(&json!(false));
    let was_on = draft.before(&path) == Some(&json!(true));
    if is_off {
        let text = if was_on {
            "The property \"enablePurgeProtection\" cannot be set to false. Enabling the purge protection for a vault is \
             an irreversible action."
        } else {
            "The property \"enablePurgeProtection\" cannot be set to false."
        };
        return Err(ArmError::bad_request("BadRequest", text));
    }
    if was_on && draft.at(&path).is_none() {
        return Err(ArmError::bad_request(
            "BadRequest",
            "The property \"enablePurgeProtection\" cannot be removed: it is an irreversible action.",
        ));
    }
    if text_flag(draft, "enableSoftDelete") == Some(false) {
        return Err(ArmError::bad_request(
            "BadRequest",
            "The property \"enableSoftDelete\" cannot be set to false.",
        ));
    }
    let days = draft.at(&["properties", "softDeleteRetentionInDays"]).and_then(Value::as_u64).unwrap_or(90);
    if !(7..=90).contains(&days) {
        return Err(ArmError::bad_request(
            "BadRequest",
            "The property \"softDeleteRetentionInDays\" must be between 7 and 90.",
        ));
    }
    if draft.changes(&["properties", "softDeleteRetentionInDays"]) {
        return Err(ArmError::bad_request(
            "BadRequest",
            "The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.",
        ));
    }
    Ok(())
}

fn text_flag(draft: &Draft<'_>, name: &str) -> Option<bool> {
    crate::body::at(&draft.sent, &["properties", name]).and_then(Value::as_bool)
}

fn check_policies(draft: &Draft<'_>) -> Result<(), ArmError> {
    let uses_roles = draft.at(&["properties", "enableRbacAuthorization"]) == Some(&json!(true));
    let has_policies = draft.at(&["properties", "accessPolicies"]).is_some();
    if !uses_roles && !has_policies {
        return Err(ArmError::bad_request(
            "BadRequest",
            "The parameter accessPolicies is required when role-based access is not enabled.",
        ));
    }
    let policies = draft.list(&["properties", "accessPolicies"]).len();
    if policies > 1024 {
        return Err(ArmError::bad_request("BadRequest", "A vault can have at most 1024 access policies."));
    }
    Ok(())
}
