//! Managed identities: user-assigned ones as resources, system-assigned ones inside other resources.

use serde_json::{Value, json};

use crate::behaviour::{Action, Behaviour, Draft, Outcome};
use crate::body::{object_at, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::http::Response;
use crate::resource_id::parent_key;

pub(super) struct UserAssignedIdentity;

impl Behaviour for UserAssignedIdentity {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let tenant_id = draft.view.settings.identity.tenant_id.clone();
        draft.set("tenantId", tenant_id);
        draft.set_once("principalId", || json!(guid::random()));
        draft.set_once("clientId", || json!(guid::random()));
        Ok(())
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        if action.name != "listassociatedresources" {
            return None;
        }
        let view = action.effects.view();
        let users: Vec<Value> = view
            .world
            .referrers(&action.key)
            .filter_map(|key| view.world.get(key))
            .map(|resource| json!({"id": resource.id, "name": resource.name()}))
            .collect();
        let answer = json!({"totalCount": users.len(), "value": users});
        Some(Ok(Outcome::Done(Response::json(200, &answer))))
    }
}

/// At most this many credentials per identity.
const CREDENTIALS_MAX: usize = 20;

pub(super) struct FederatedCredential;

impl Behaviour for FederatedCredential {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let audiences = draft.list(&["properties", "audiences"]);
        if audiences.len() != 1 {
            return Err(ArmError::bad_request(
                "BadRequest",
                "A federated identity credential must have exactly one audience.",
            ));
        }
        let issuer = draft.text(&["properties", "issuer"]).unwrap_or_default();
        if !issuer.starts_with("https://") {
            return Err(ArmError::bad_request(
                "BadRequest",
                format!("The issuer '{issuer}' is not an https URL."),
            ));
        }
        let parent = parent_key(&draft.key).unwrap_or_default();
        let others = draft.view.world.children(parent, "federatedIdentityCredentials");
        let others: Vec<_> = others.into_iter().filter(|(key, _)| **key != draft.key).collect();
        if others.len() >= CREDENTIALS_MAX {
            return Err(ArmError::bad_request(
                "BadRequest",
                format!("An identity can have at most {CREDENTIALS_MAX} federated identity credentials."),
            ));
        }
        let place = |body: &crate::behaviour::Object| {
            let text = |name: &str| text_at(body, &["properties", name]).unwrap_or_default().to_owned();
            (text("issuer"), text("subject"))
        };
        let own = place(&draft.body);
        if others.iter().any(|(_, other)| place(&other.body()) == own) {
            return Err(ArmError::conflict(
                "Conflict",
                "Issuer and subject combination already exists for this Managed Identity.",
            ));
        }
        Ok(())
    }
}

/// Fills in a resource's `identity`: the principal of a system-assigned identity, which is made once and kept, and
/// what is known of the user-assigned ones.
///
/// # Errors
///
/// `FailedIdentityOperation` if a user-assigned identity does not exist.
pub(super) fn fill_identity(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    let Some(kind) = draft.text(&["identity", "type"]).map(str::to_owned) else { return Ok(()) };
    let view = draft.view;
    let tenant_id = view.settings.identity.tenant_id.clone();
    let before = draft.before(&["identity", "principalId"]).cloned();
    let identity = object_at(&mut draft.body, "identity");
    if kind.contains("SystemAssigned") {
        identity.insert("principalId".into(), before.unwrap_or_else(|| json!(guid::random())));
        identity.insert("tenantId".into(), json!(tenant_id));
    } else {
        identity.remove("principalId");
        identity.remove("tenantId");
    }
    if !kind.contains("UserAssigned") {
        identity.remove("userAssignedIdentities");
        return Ok(());
    }
    let Some(Value::Object(assigned)) = identity.get_mut("userAssignedIdentities") else {
        return Err(ArmError::bad_request(
            "InvalidIdentityValues",
            "The identity values are invalid: user-assigned identities must be named for the type 'UserAssigned'.",
        ));
    };
    for (id, details) in assigned {
        let Some(found) = view.find(id) else {
            return Err(ArmError::bad_request(
                "FailedIdentityOperation",
                format!(
                    "Identity operation for resource '{}' failed with error 'Failed to perform resource identity \
                     operation. Status: 'BadRequest'. Response: 'Resource '{id}' was not found.'.",
                    draft.id
                ),
            ));
        };
        let body = found.body();
        *details = json!({
            "principalId": text_at(&body, &["properties", "principalId"]),
            "clientId": text_at(&body, &["properties", "clientId"]),
        });
    }
    Ok(())
}
