//! The part of a container registry's data plane that signing in needs: the challenge and the exchange of tokens.

use hyper::Method;
use serde_json::json;

use super::token;
use crate::clock::Timestamp;
use crate::http::{Request, Response};
use crate::settings::Settings;
use crate::table::CATALOG;
use crate::world::World;

/// Answers a request to the registry of a name; `path` is in lower case.
pub(crate) fn answer(
    settings: &Settings,
    world: &World,
    now: Timestamp,
    request: &Request,
    name: &str,
    path: &[&str],
) -> Response {
    let kind = CATALOG.find("Microsoft.ContainerRegistry/registries");
    let exists = kind.is_some_and(|kind| world.indexes().owner_of_name(kind, name).is_some());
    if !exists {
        return refuse(404, "NAME_UNKNOWN", "the registry does not exist");
    }
    let host = format!("{name}.azurecr.io");
    match (path, &request.method) {
        (["v2"], &Method::GET) => challenge(settings, now, request, &host),
        (["oauth2", "exchange"], &Method::POST) => exchange(settings, now, request, &host),
        (["oauth2", "token"], &Method::GET | &Method::POST) => {
            Response::json(200, &json!({"access_token": token::issue(settings, now, &host)}))
        }
        (["v2", "_catalog"] | ["acr", "v1", "_catalog"], &Method::GET) => {
            Response::json(200, &json!({"repositories": []}))
        }
        _ => refuse(404, "NAME_UNKNOWN", "the emulated registry holds no images"),
    }
}

fn refuse(status: u16, code: &str, message: &str) -> Response {
    Response::json(status, &json!({"errors": [{"code": code, "message": message, "detail": null}]}))
}

fn challenge(settings: &Settings, now: Timestamp, request: &Request, host: &str) -> Response {
    let accepts = |audience: &str| audience == host;
    if token::check(settings, now, request, &accepts).is_ok() {
        return Response::json(200, &json!({}));
    }
    refuse(
        401,
        "UNAUTHORIZED",
        "authentication required, visit https://aka.ms/acr/authorization for more information.",
    )
    .with_header("docker-distribution-api-version", "registry/2.0")
    .with_header(
        "www-authenticate",
        format!("Bearer realm=\"https://{host}/oauth2/token\",service=\"{host}\""),
    )
}

/// Turns a token for Azure into one for the registry.
fn exchange(settings: &Settings, now: Timestamp, request: &Request, host: &str) -> Response {
    let form = request.form();
    let sent = form.iter().find(|(key, _)| key == "access_token").map(|(_, value)| value.as_str());
    match sent {
        Some(sent) if token::is_genuine(settings, now, sent) => {
            Response::json(200, &json!({"refresh_token": token::issue(settings, now, host)}))
        }
        _ => refuse(401, "UNAUTHORIZED", "the access token is not valid"),
    }
}
