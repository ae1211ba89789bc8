//! The part of Entra ID that programs need: OpenID configuration, instance discovery, tokens.

use hyper::Method;
use serde_json::json;

use super::token;
use crate::clock::Timestamp;
use crate::http::{Request, Response};
use crate::settings::Settings;

/// Answers a request to the authority; `None` if the path is not one of its paths. `path` is in lower case.
pub(crate) fn answer(
    settings: &Settings,
    now: Timestamp,
    request: &Request,
    path: &[&str],
) -> Option<Response> {
    match path {
        ["common" | "organizations", "discovery", "instance"] => Some(instance_discovery(settings, request)),
        [tenant, ".well-known", "openid-configuration"] => Some(configuration(settings, tenant, "")),
        [tenant, "v2.0", ".well-known", "openid-configuration"] => {
            Some(configuration(settings, tenant, "/v2.0"))
        }
        [_, "discovery", "keys"] | [_, "discovery", "v2.0", "keys"] => {
            // Tokens are signed with a secret key, so there are no public ones.
            Some(Response::json(200, &json!({"keys": []})))
        }
        [tenant, "oauth2", "token"] | [tenant, "oauth2", "v2.0", "token"] => {
            Some(issue_token(settings, now, request, tenant))
        }
        _ => None,
    }
}

fn instance_discovery(settings: &Settings, request: &Request) -> Response {
    let host = format!("localhost:{}", settings.port);
    let tenant = request
        .query("authorization_endpoint")
        .and_then(|endpoint| endpoint.split('/').nth(3))
        .unwrap_or("common")
        .to_owned();
    Response::json(
        200,
        &json!({
            "tenant_discovery_endpoint":
                format!("{}/{tenant}/v2.0/.well-known/openid-configuration", settings.base_url),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }),
    )
}

fn configuration(settings: &Settings, tenant: &str, version: &str) -> Response {
    let base = format!("{}/{tenant}", settings.base_url);
    let tenant_id = &settings.identity.tenant_id;
    let issuer = match version {
        "" => format!("https://sts.windows.net/{tenant_id}/"),
        _ => format!("{}/{tenant_id}/v2.0", settings.base_url),
    };
    Response::json(
        200,
        &json!({
            "token_endpoint": format!("{base}/oauth2{version}/token"),
            "authorization_endpoint": format!("{base}/oauth2{version}/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2{version}/devicecode"),
            "end_session_endpoint": format!("{base}/oauth2{version}/logout"),
            "jwks_uri": format!("{base}/discovery{version}/keys"),
            "issuer": issuer,
            "token_endpoint_auth_methods_supported":
                ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "tenant_region_scope": null,
            "cloud_instance_name": format!("localhost:{}", settings.port),
        }),
    )
}

/// `AADSTS…` and the numbers that Entra ID puts beside it.
fn refuse(status: u16, error: &str, number: u32, text: &str, now: Timestamp) -> Response {
    Response::json(
        status,
        &json!({
            "error": error,
            "error_description": format!("AADSTS{number}: {text} Timestamp: {}", now.rfc3339()),
            "error_codes": [number],
            "timestamp": now.rfc3339(),
            "trace_id": crate::guid::random(),
            "correlation_id": crate::guid::random(),
        }),
    )
}

fn issue_token(settings: &Settings, now: Timestamp, request: &Request, tenant: &str) -> Response {
    if request.method != Method::POST {
        return Response::empty(405);
    }
    let identity = &settings.identity;
    if !tenant.eq_ignore_ascii_case(&identity.tenant_id) && crate::guid::is_guid(tenant) {
        return refuse(400, "invalid_request", 90002, &format!("Tenant '{tenant}' not found."), now);
    }
    let form = request.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if field("grant_type") != Some("client_credentials") {
        return refuse(
            400,
            "unsupported_grant_type",
            70003,
            "The app requested an unsupported grant type.",
            now,
        );
    }
    if !field("client_id").is_some_and(|id| id.eq_ignore_ascii_case(&identity.client_id)) {
        let id = field("client_id").unwrap_or_default();
        let text = format!("Application with identifier '{id}' was not found in the directory.");
        return refuse(400, "unauthorized_client", 700_016, &text, now);
    }
    let has_secret = field("client_secret").is_some_and(|secret| secret == identity.client_secret);
    let has_assertion =
        field("client_assertion").is_some_and(|assertion| is_plausible_assertion(assertion, now));
    if !has_secret && !has_assertion {
        return refuse(401, "invalid_client", 7_000_215, "Invalid client secret provided.", now);
    }
    let audience = match (field("scope"), field("resource")) {
        (Some(scope), _) => {
            let first = scope.split_whitespace().next().unwrap_or_default();
            first.strip_suffix("/.default").unwrap_or(first).to_owned()
        }
        (None, Some(resource)) => resource.to_owned(),
        (None, None) => {
            return refuse(400, "invalid_request", 900_144, "The 'scope' parameter is missing.", now);
        }
    };
    Response::json(
        200,
        &json!({
            "token_type": "Bearer",
            "expires_in": token::LIFETIME_SECONDS,
            "ext_expires_in": token::LIFETIME_SECONDS,
            "expires_on": (now.seconds() + token::LIFETIME_SECONDS).to_string(),
            "not_before": now.seconds().to_string(),
            "resource": audience,
            "access_token": token::issue(settings, now, &audience),
        }),
    )
}

/// Whether a client assertion could be genuine. Its signature is not checked: the emulator knows no certificate and
/// no issuer of federated tokens that it could check against.
fn is_plausible_assertion(assertion: &str, now: Timestamp) -> bool {
    let Some(claims) = token::decode_claims(assertion) else { return false };
    let expiry = claims["exp"].as_u64();
    claims["sub"].is_string() && expiry.is_none_or(|expiry| expiry > now.seconds())
}
