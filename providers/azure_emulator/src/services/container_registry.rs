//! Microsoft.ContainerRegistry: registries.

use std::time::Duration;

use serde_json::{Value, json};

use super::identity::fill_identity;
use crate::behaviour::{Action, Behaviour, Draft, Object, Outcome};
use crate::body::{object_at, set_default, text_at};
use crate::credentials::random_hex;
use crate::error::ArmError;
use crate::http::Response;

pub(super) struct Registry;

/// Properties that only the Premium tier has, with the value that means "not used".
const PREMIUM_ONLY: &[(&[&str], &str)] = &[
    (&["properties", "zoneRedundancy"], "Disabled"),
    (&["properties", "publicNetworkAccess"], "Enabled"),
    (&["properties", "policies", "quarantinePolicy", "status"], "disabled"),
    (&["properties", "policies", "retentionPolicy", "status"], "disabled"),
    (&["properties", "policies", "trustPolicy", "status"], "disabled"),
    (&["properties", "policies", "exportPolicy", "status"], "enabled"),
    (&["properties", "encryption", "status"], "disabled"),
];

impl Behaviour for Registry {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let sku = draft.text(&["sku", "name"]).unwrap_or_default().to_owned();
        let is_premium = sku == "Premium";
        if !["Basic", "Standard", "Premium"].contains(&sku.as_str()) {
            return Err(ArmError::bad_request("InvalidSku", format!("The SKU '{sku}' is not supported.")));
        }
        if !is_premium {
            let used = PREMIUM_ONLY
                .iter()
                .find(|(path, unused)| draft.text(path).is_some_and(|value| value != *unused));
            let has_rules = draft.at(&["properties", "networkRuleSet"]).is_some();
            let has_endpoint = draft.at(&["properties", "dataEndpointEnabled"]) == Some(&json!(true));
            if used.is_some() || has_rules || has_endpoint {
                let name = used.map_or("networkRuleSet", |(path, _)| path[path.len() - 1]);
                return Err(ArmError::bad_request(
                    "SkuFeatureNotSupported",
                    format!(
                        "The feature '{name}' is not supported for the registry's SKU {sku}; Premium is needed."
                    ),
                ));
            }
        }
        if draft.changes(&["properties", "zoneRedundancy"]) {
            return Err(ArmError::bad_request(
                "ZoneRedundancyUpdateNotAllowed",
                "Zone redundancy cannot be changed after the registry is made.",
            ));
        }
        fill_identity(draft)?;
        object_at(&mut draft.body, "sku").insert("tier".into(), json!(sku));
        let host = format!("{}.azurecr.io", draft.name().to_lowercase());
        draft.set("loginServer", host);
        let now = draft.view.now.rfc3339();
        draft.set_once("creationDate", || json!(now));
        draft.set("dataEndpointHostNames", json!([]));
        if draft.at(&["properties", "dataEndpointEnabled"]) == Some(&json!(true)) {
            let endpoint = format!("{}.{}.data.azurecr.io", draft.name().to_lowercase(), draft.location());
            draft.set("dataEndpointHostNames", json!([endpoint]));
        }
        if is_premium {
            let rules = object_at(draft.properties(), "networkRuleSet");
            set_default(rules, "defaultAction", "Allow");
            set_default(rules, "ipRules", json!([]));
        }
        for name in ["password", "password2"] {
            set_default(&mut draft.hidden, name, random_hex(26));
        }
        Ok(())
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        Some(match action.name.as_str() {
            "listcredentials" => list_credentials(action),
            "regeneratecredential" => regenerate(action),
            "listusages" => Ok(done(&json!({"value": [
                {"name": "Size", "limit": 10_737_418_240_u64, "currentValue": 0, "unit": "Bytes"},
                {"name": "Webhooks", "limit": 2, "currentValue": 0, "unit": "Count"},
            ]}))),
            "listpolicies" => Ok(done(&json!({}))),
            "importimage" | "generatecredentials" => {
                let duration = Duration::from_secs(30);
                Ok(Outcome::Later { code: 202, duration, state: "Updating", result: None })
            }
            _ => return None,
        })
    }

    fn name_taken(&self, name: &str, _is_own: bool) -> ArmError {
        ArmError::conflict(
            "AlreadyInUse",
            format!(
                "The registry DNS name {}.azurecr.io is already in use. You can check if the name is already claimed using following API: https://docs.microsoft.com/en-us/rest/api/containerregistry/registries/checknameavailability",
                name.to_lowercase()
            ),
        )
    }
}

fn done(body: &Value) -> Outcome {
    Outcome::Done(Response::json(200, body))
}

/// The admin user's name and two passwords.
fn credentials(name: &str, hidden: &Object) -> Value {
    json!({
        "username": name,
        "passwords": [
            {"name": "password", "value": hidden.get("password")},
            {"name": "password2", "value": hidden.get("password2")},
        ],
    })
}

fn check_admin(body: &Object, name: &str) -> Result<(), ArmError> {
    if crate::body::at(body, &["properties", "adminUserEnabled"]) == Some(&json!(true)) {
        return Ok(());
    }
    Err(ArmError::bad_request(
        "UnAuthorizedForCredentialOperations",
        format!(
            "Cannot perform credential operations for {name} as admin user is disabled. Kindly enable admin user as per docs: https://docs.microsoft.com/en-us/azure/container-registry/container-registry-authentication#admin-account"
        ),
    ))
}

fn list_credentials(action: &Action<'_, '_>) -> Result<Outcome, ArmError> {
    let registry = action.resource()?;
    check_admin(&registry.body(), &registry.id)?;
    Ok(done(&credentials(registry.name(), &registry.hidden())))
}

fn regenerate(action: &mut Action<'_, '_>) -> Result<Outcome, ArmError> {
    let registry = action.resource()?.clone();
    check_admin(&registry.body(), &registry.id)?;
    let name = match text_at(&action.input, &["name"]) {
        Some("password") => "password",
        Some("password2") => "password2",
        _ => {
            return Err(ArmError::bad_request(
                "InvalidPasswordName",
                "The name must be password or password2.",
            ));
        }
    };
    let mut hidden = registry.hidden();
    hidden.insert(name.into(), json!(random_hex(26)));
    let answer = credentials(registry.name(), &hidden);
    let key = action.key.clone();
    action.effects.world.update(&key, |registry| registry.set_hidden(hidden));
    Ok(done(&answer))
}

/// Replications, webhooks and the like: nothing but a state.
pub(super) struct RegistryPart;

impl Behaviour for RegistryPart {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let now = draft.view.now.rfc3339();
        draft.set("provisioningState", "Succeeded");
        draft.set_once("creationDate", || json!(now));
        Ok(())
    }
}
