//! Bearer tokens: JSON web tokens signed with the emulator's own key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::credentials::{Identity, random_hex};
use crate::error::ArmError;
use crate::http::{Request, Response};
use crate::settings::Settings;

/// Tokens live as long as Entra's usually do.
pub(crate) const LIFETIME_SECONDS: u64 = 3599;

/// Audiences under which Azure Resource Manager is known.
const MANAGEMENT_AUDIENCES: &[&str] = &[
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://management.usgovcloudapi.net",
    "https://management.chinacloudapi.cn",
];

/// Issues a token for an audience.
pub(crate) fn issue(settings: &Settings, now: Timestamp, audience: &str) -> String {
    let identity = &settings.identity;
    let claims = json!({
        "aud": audience,
        "iss": format!("https://sts.windows.net/{}/", identity.tenant_id),
        "iat": now.seconds(),
        "nbf": now.seconds(),
        "exp": now.seconds() + LIFETIME_SECONDS,
        "appid": identity.client_id,
        "appidacr": "1",
        "idp": format!("https://sts.windows.net/{}/", identity.tenant_id),
        "idtyp": "app",
        "oid": identity.object_id,
        "sub": identity.object_id,
        "tid": identity.tenant_id,
        "uti": random_hex(11),
        "ver": "1.0",
    });
    sign(identity, &claims)
}

fn sign(identity: &Identity, claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "HS256", "kid": "emulator"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let content = format!("{}.{}", part(&header), part(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &identity.signing_key), content.as_bytes());
    format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Returns the claims of a token that this emulator signed.
fn verified_claims(identity: &Identity, token: &str) -> Option<Value> {
    let (content, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &identity.signing_key);
    hmac::verify(&key, content.as_bytes(), &signature).ok()?;
    decode_claims(token)
}

/// Returns whether a token is one of this emulator's and has not expired.
pub(crate) fn is_genuine(settings: &Settings, now: Timestamp, token: &str) -> bool {
    let claims = verified_claims(&settings.identity, token);
    claims.and_then(|claims| claims["exp"].as_u64()).is_some_and(|expiry| expiry > now.seconds())
}

/// Returns the claims of any token, unchecked.
pub(crate) fn decode_claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

/// Checks the bearer token of a request to the Resource Manager.
pub(crate) fn check_management(
    settings: &Settings,
    now: Timestamp,
    request: &Request,
) -> Result<(), Response> {
    let accepts = |audience: &str| {
        let bare = audience.trim_end_matches('/');
        bare == settings.base_url || MANAGEMENT_AUDIENCES.contains(&bare)
    };
    check(settings, now, request, &accepts).map_err(|error| refuse(settings, &error))
}

/// Checks the bearer token of a request for an audience that `accepts` approves of.
pub(crate) fn check(
    settings: &Settings,
    now: Timestamp,
    request: &Request,
    accepts: &dyn Fn(&str) -> bool,
) -> Result<(), ArmError> {
    let invalid = |message: &str| ArmError::gateway(401, "InvalidAuthenticationToken", message);
    let Some(header) = request.header("authorization") else {
        return Err(ArmError::gateway(
            401,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        ));
    };
    let token = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else {
        return Err(ArmError::gateway(
            401,
            "AuthenticationFailedInvalidHeader",
            "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        ));
    };
    let Some(claims) = verified_claims(&settings.identity, token.trim()) else {
        return Err(invalid("The access token is invalid."));
    };
    let expiry = claims["exp"].as_u64().unwrap_or(0);
    if expiry <= now.seconds() {
        return Err(ArmError::gateway(
            401,
            "ExpiredAuthenticationToken",
            format!(
                "The access token expiry UTC time '{}' is earlier than current UTC time '{}'.",
                Timestamp(expiry * 1000).rfc3339(),
                now.rfc3339()
            ),
        ));
    }
    let audience = claims["aud"].as_str().unwrap_or_default();
    if !accepts(audience) {
        return Err(ArmError::gateway(
            401,
            "InvalidAuthenticationTokenAudience",
            format!(
                "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly \
                 match with one of the allowed audiences '{}','https://management.core.windows.net/',\
                 'https://management.azure.com/'.",
                settings.base_url
            ),
        ));
    }
    Ok(())
}

fn refuse(settings: &Settings, error: &ArmError) -> Response {
    let challenge = format!(
        "Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\", error_description=\"{}\"",
        settings.base_url, settings.identity.tenant_id, error.message
    );
    Response::from(error.clone()).with_header("www-authenticate", challenge)
}
