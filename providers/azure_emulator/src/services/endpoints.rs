//! Questions to services that are about no resource: names, versions, quotas, deleted things.

use hyper::Method;
use serde_json::{Value, json};

use super::container_service::versions;
use super::postgresql::capabilities;
use super::{insights, key_vault, policy, quotas, resource_graph};
use crate::arm::Context;
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::{ProviderPart, key_of, scope_id};
use crate::table::{CATALOG, Unique};

type Answer = Option<Result<Response, ArmError>>;

/// Answers such a question; `None` if it is none that is known.
pub(super) fn answer(context: &mut Context<'_>, part: ProviderPart<'_>) -> Answer {
    let namespace = part.namespace.to_ascii_lowercase();
    let rest: Vec<String> = part.rest.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let (location, rest) = match rest.as_slice() {
        ["locations", location, rest @ ..] => (Some(*location), rest),
        rest => (None, rest),
    };
    let scope = scope_id(part.scope);
    match namespace.as_str() {
        "microsoft.keyvault" => {
            key_vault::deleted::answer(context, location, rest).or_else(|| names(context, part, rest))
        }
        "microsoft.operationalinsights" if rest == ["deletedworkspaces"] => {
            Some(Ok(insights::deleted_workspaces(context, &key_of(&scope))))
        }
        "microsoft.resourcegraph" if rest == ["resources"] => Some(resource_graph::answer(context)),
        "microsoft.containerservice" => quotas::answer(context, &namespace, location, rest)
            .or_else(|| clusters(context, &scope, location, rest)),
        "microsoft.dbforpostgresql" => servers(context, rest).or_else(|| names(context, part, rest)),
        "microsoft.authorization" => authorization(context, rest),
        "microsoft.network" | "microsoft.compute" | "microsoft.storage" => {
            quotas::answer(context, &namespace, location, rest).or_else(|| names(context, part, rest))
        }
        "microsoft.policyinsights" if rest == ["checkpolicyrestrictions"] => {
            policy::check_restrictions(context, &scope)
        }
        "microsoft.insights" if rest == ["diagnosticsettings"] => empty_list(context),
        "microsoft.management" if rest == ["managementgroups"] => empty_list(context),
        _ => names(context, part, rest),
    }
}

fn empty_list(context: &Context<'_>) -> Answer {
    (context.request.method == Method::GET).then(|| Ok(Response::json(200, &json!({"value": []}))))
}

/// `checkNameAvailability`, wherever a service has it.
fn names(context: &Context<'_>, part: ProviderPart<'_>, rest: &[&str]) -> Answer {
    if rest != ["checknameavailability"] || context.request.method != Method::POST {
        return None;
    }
    Some(check_name(context, part.namespace))
}

fn check_name(context: &Context<'_>, namespace: &str) -> Result<Response, ArmError> {
    let sent = context.request.json_object()?;
    let name = sent.get("name").and_then(Value::as_str).unwrap_or_default();
    let wanted = sent.get("type").and_then(Value::as_str).unwrap_or_default();
    let kind = CATALOG.indexes().find(|index| {
        let resource_type = CATALOG.get(*index);
        let is_wanted = wanted.is_empty() || resource_type.name.eq_ignore_ascii_case(wanted);
        let in_namespace =
            resource_type.name.split('/').next().is_some_and(|it| it.eq_ignore_ascii_case(namespace));
        resource_type.unique == Unique::Global && in_namespace && is_wanted
    });
    let Some(kind) = kind else {
        return Err(ArmError::bad_request("BadRequest", format!("The type '{wanted}' has no global names.")));
    };
    let resource_type = CATALOG.get(kind);
    let is_valid = crate::dialect::is_valid_name(resource_type, name);
    let is_deleted =
        resource_type.name == "Microsoft.KeyVault/vaults" && key_vault::deleted::exists(context.view(), name);
    let is_taken = context.world.indexes().owner_of_name(kind, name).is_some() || is_deleted;
    if namespace.eq_ignore_ascii_case("Microsoft.Cache") {
        // Redis answers with a status instead of a document.
        return if is_valid && !is_taken {
            Ok(Response::empty(200))
        } else {
            Err(ArmError::conflict("NameNotAvailable", format!("The name '{name}' is not available.")))
        };
    }
    let reason = match (is_valid, is_taken) {
        (false, _) => Some(("Invalid", format!("The name '{name}' is not valid."))),
        (true, true) => Some(("AlreadyExists", format!("The name '{name}' is already in use."))),
        (true, false) => None,
    };
    let mut answer = json!({"nameAvailable": reason.is_none(), "name": name, "type": resource_type.name});
    if let Some((reason, message)) = reason {
        answer["reason"] = json!(reason);
        answer["message"] = json!(message);
    } else {
        answer["message"] = json!("");
    }
    Ok(Response::json(200, &answer))
}

fn clusters(context: &Context<'_>, scope: &str, location: Option<&str>, rest: &[&str]) -> Answer {
    let location = location?;
    let id = format!("{scope}/providers/Microsoft.ContainerService/locations/{location}");
    let body = match (rest, &context.request.method) {
        (["kubernetesversions"], &Method::GET) => versions::list_versions(),
        (["orchestrators"], &Method::GET) => versions::list_orchestrators(&format!("{id}/orchestrators")),
        (["osoptions", "default"], &Method::GET) => json!({
            "id": format!("{id}/osOptions/default"),
            "name": "default",
            "type": "Microsoft.ContainerService/locations/osOptions",
            "properties": {"osOptionPropertyList": [{"enableFipsImage": true, "os-type": "linux"}]},
        }),
        _ => return None,
    };
    Some(Ok(Response::json(200, &body)))
}

fn servers(context: &Context<'_>, rest: &[&str]) -> Answer {
    let asks = rest == ["capabilities"] && context.request.method == Method::GET;
    asks.then(|| Ok(Response::json(200, &capabilities::capabilities())))
}

fn authorization(context: &Context<'_>, rest: &[&str]) -> Answer {
    if context.request.method != Method::GET {
        return None;
    }
    let body = match rest {
        ["permissions"] => {
            json!({"value": [{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]})
        }
        ["denyassignments" | "policyexemptions"] => {
            json!({"value": []})
        }
        _ => return None,
    };
    Some(Ok(Response::json(200, &body)))
}
