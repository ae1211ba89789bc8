//! The little of Microsoft Graph that infrastructure tools ask: who is this service principal?

use serde_json::{Value, json};

use crate::arm::Filter;
use crate::http::{Request, Response};
use crate::settings::Settings;
use crate::table::CATALOG;
use crate::world::World;

/// Answers a request below `/v1.0` or `/beta`; `path` is in lower case and starts after the version.
pub(crate) fn answer(settings: &Settings, world: &World, request: &Request, path: &[&str]) -> Response {
    match path {
        ["serviceprincipals"] => {
            let all = service_principals(settings, world);
            let filter = request.query("$filter").map(Filter::parse).transpose();
            let Ok(filter) = filter else { return bad_filter() };
            let found: Vec<Value> = all
                .into_iter()
                .filter(|principal| filter.as_ref().is_none_or(|filter| passes(filter, principal)))
                .collect();
            Response::json(200, &json!({"value": found}))
        }
        ["serviceprincipals", id] => {
            let found =
                service_principals(settings, world).into_iter().find(|principal| principal["id"] == *id);
            found.map_or_else(|| not_found(id), |principal| Response::json(200, &principal))
        }
        ["applications"] => Response::json(200, &json!({"value": []})),
        ["users" | "groups"] => Response::json(200, &json!({"value": []})),
        ["me"] => Response::json(
            400,
            &json!({"error": {
                "code": "BadRequest",
                "message": "/me request is only valid with delegated authentication flow.",
            }}),
        ),
        ["directoryobjects", "getbyids"] => {
            let wanted = request.json_object().unwrap_or_default();
            let ids: Vec<&str> = wanted
                .get("ids")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let found: Vec<Value> = service_principals(settings, world)
                .into_iter()
                .filter(|principal| ids.iter().any(|id| principal["id"] == *id))
                .collect();
            Response::json(200, &json!({"value": found}))
        }
        [_, id] => not_found(id),
        _ => not_found("the resource"),
    }
}

fn passes(filter: &Filter, principal: &Value) -> bool {
    let value_of = |name: &str| match name {
        "appid" => principal["appId"].as_str().map(str::to_owned),
        "id" => principal["id"].as_str().map(str::to_owned),
        "displayname" => principal["displayName"].as_str().map(str::to_owned),
        // `servicePrincipalNames/any(c:c eq 'x')` is tokenized into words that name no property.
        _ => None,
    };
    filter.accepts(&value_of, &|_, _| false)
}

/// The emulator's own principal and those of all managed identities.
fn service_principals(settings: &Settings, world: &World) -> Vec<Value> {
    let own =
        principal(&settings.identity.object_id, &settings.identity.client_id, "emulator", "Application");
    let kind = CATALOG.find("Microsoft.ManagedIdentity/userAssignedIdentities");
    let identities = kind.into_iter().flat_map(|kind| world.of_type(kind)).filter_map(|key| {
        let resource = world.get(key)?;
        let body = resource.body();
        let text = |name: &str| crate::body::text_at(&body, &["properties", name]).map(str::to_owned);
        Some(principal(&text("principalId")?, &text("clientId")?, resource.name(), "ManagedIdentity"))
    });
    std::iter::once(own).chain(identities).collect()
}

fn principal(id: &str, app_id: &str, name: &str, kind: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": id,
        "appId": app_id,
        "displayName": name,
        "servicePrincipalType": kind,
        "servicePrincipalNames": [app_id],
        "accountEnabled": true,
    })
}

fn not_found(id: &str) -> Response {
    Response::json(
        404,
        &json!({"error": {
            "code": "Request_ResourceNotFound",
            "message": format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present."),
        }}),
    )
}

fn bad_filter() -> Response {
    Response::json(
        400,
        &json!({"error": {"code": "Request_UnsupportedQuery", "message": "Unsupported Query."}}),
    )
}
