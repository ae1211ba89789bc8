//! `vaults/{vault}/accessPolicies/{add|replace|remove}`: changes the policies inside the vault's body.

use hyper::Method;
use serde_json::{Value, json};

use crate::behaviour::{Behaviour, Effects, Object};
use crate::body::{list_at, object_at, text_at};
use crate::error::ArmError;
use crate::http::{Request, Response};
use crate::resource_id::Key;
use crate::table::CATALOG;
use crate::validation::{Completeness, find_problem};

pub(in crate::services) struct AccessPolicies;

impl Behaviour for AccessPolicies {
    fn compute(
        &self,
        effects: &mut Effects<'_>,
        request: &Request,
        parent: &Key,
        name: Option<&str>,
    ) -> Result<Response, ArmError> {
        let (Some(operation), Method::PUT) = (name.map(str::to_ascii_lowercase), request.method.clone())
        else {
            return Err(ArmError::new(405, "MethodNotAllowed", "Access policies can only be put."));
        };
        if !matches!(operation.as_str(), "add" | "replace" | "remove") {
            return Err(ArmError::bad_request(
                "BadRequest",
                format!("The operation '{operation}' on access policies is none of add, replace, remove."),
            ));
        }
        let sent = request.json_object()?;
        check(request, &sent)?;
        let given: Vec<Value> = list_at(&sent, &["properties", "accessPolicies"]).to_vec();
        let Some(vault) = effects.world.get(parent) else {
            return Err(ArmError::gateway(404, "ResourceNotFound", "The vault was not found."));
        };
        let id = vault.id.to_string();
        let mut policies = list_at(&vault.body(), &["properties", "accessPolicies"]).to_vec();
        match operation.as_str() {
            "replace" => policies = given,
            "add" => given.iter().for_each(|policy| add(&mut policies, policy)),
            _ => policies.retain(|policy| !given.iter().any(|other| is_same_principal(policy, other))),
        }
        let answer = json!({
            "id": format!("{id}/accessPolicies/"),
            "type": "Microsoft.KeyVault/vaults/accessPolicies",
            "properties": {"accessPolicies": policies},
        });
        effects.edit(parent, |body| {
            object_at(body, "properties").insert("accessPolicies".into(), policies.into());
        });
        Ok(Response::json(200, &answer))
    }
}

fn check(request: &Request, sent: &Object) -> Result<(), ArmError> {
    let Some(kind) = CATALOG.find("Microsoft.KeyVault/vaults/accessPolicies") else { return Ok(()) };
    let resource_type = CATALOG.get(kind);
    let version = request.query("api-version").unwrap_or_default();
    match find_problem(&CATALOG, resource_type, version, sent, Completeness::Full) {
        Some(finding) => Err(crate::dialect::body_error(CATALOG.service_of(resource_type).dialect, &finding)),
        None => Ok(()),
    }
}

fn is_same_principal(one: &Value, other: &Value) -> bool {
    let text = |value: &Value, name: &str| {
        value.as_object().and_then(|it| text_at(it, &[name])).unwrap_or_default().to_ascii_lowercase()
    };
    ["tenantId", "objectId", "applicationId"].iter().all(|name| text(one, name) == text(other, name))
}

/// Adds permissions to the principal's policy, or a policy if there is none.
fn add(policies: &mut Vec<Value>, policy: &Value) {
    let Some(existing) = policies.iter_mut().find(|existing| is_same_principal(existing, policy)) else {
        policies.push(policy.clone());
        return;
    };
    for kind in ["keys", "secrets", "certificates", "storage"] {
        let new = policy
            .pointer(&format!("/permissions/{kind}"))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let Some(permissions) = existing.get_mut("permissions").and_then(Value::as_object_mut) else {
            return;
        };
        if new.is_empty() {
            continue;
        }
        if let Value::Array(all) = permissions.entry(kind).or_insert_with(|| json!([])) {
            all.extend(new.into_iter().filter(|permission| !all.contains(permission)).collect::<Vec<_>>());
        }
    }
}
