//! Who may use a storage account: holders of its keys, of a signature that it gave out, and signed-in principals.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};

use super::{Plane, Service, refuse};
use crate::error::ArmError;
use crate::front::token;
use crate::guid;
use crate::http::{Request, Response};

impl Plane<'_> {
    pub(super) fn authorize(&self) -> Result<(), ArmError> {
        if let Some(signature) = self.request.query("sig") {
            return self.check_given_out(signature);
        }
        let Some(header) = self.request.header("authorization") else {
            return Err(ArmError::new(
                401,
                "NoAuthenticationInformation",
                "Server failed to authenticate the request. Please refer to the information in the www-authenticate \
                 header.",
            ));
        };
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        match scheme {
            "SharedKey" | "SharedKeyLite" => self.check_shared_key(rest, scheme == "SharedKeyLite"),
            _ => {
                let accepts = |audience: &str| {
                    audience.contains("storage.azure.com") || audience.contains(".core.windows.net")
                };
                let refused = token::check(self.settings, self.now, self.request, &accepts);
                refused.map_err(|error| ArmError::new(401, "InvalidAuthenticationInfo", error.message))
            }
        }
    }

    /// Answers a request that lacks authorization.
    pub(super) fn challenge(&self, error: &ArmError) -> Response {
        let challenge = format!(
            "Bearer authorization_uri={}/{}/oauth2/authorize resource_id=https://storage.azure.com",
            self.settings.base_url, self.settings.identity.tenant_id
        );
        let response = refuse(self.request, Some(self.service), error);
        if error.status == 401 { response.with_header("www-authenticate", challenge) } else { response }
    }

    /// Signatures are not computed: the one that the Resource Manager gives out for the account is good.
    fn check_given_out(&self, signature: &str) -> Result<(), ArmError> {
        if signature == guid::derived(&["sas", &self.key]) { Ok(()) } else { Err(not_authenticated()) }
    }

    fn check_shared_key(&self, credential: &str, is_lite: bool) -> Result<(), ArmError> {
        let account = self.world.get(&self.key).ok_or_else(not_authenticated)?;
        if crate::body::at(&account.body(), &["properties", "allowSharedKeyAccess"]) == Some(&json!(false)) {
            return Err(ArmError::new(
                403,
                "KeyBasedAuthenticationNotPermitted",
                "Key based authentication is not permitted on this storage account.",
            ));
        }
        let (name, signature) = credential.split_once(':').ok_or_else(not_authenticated)?;
        let signature = STANDARD.decode(signature).map_err(|_| not_authenticated())?;
        let text = string_to_sign(self.request, self.service, &self.account, is_lite);
        let hidden = account.hidden();
        let is_signed = ["key1", "key2"].iter().any(|key| {
            let key = hidden.get(*key).and_then(Value::as_str).and_then(|key| STANDARD.decode(key).ok());
            key.is_some_and(|key| {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
                hmac::verify(&key, text.as_bytes(), &signature).is_ok()
            })
        });
        if is_signed && name == self.account { Ok(()) } else { Err(not_authenticated()) }
    }
}

fn not_authenticated() -> ArmError {
    ArmError::new(
        403,
        "AuthenticationFailed",
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly \
         including the signature.",
    )
}

/// What a client signs with the account's key; see "Authorize with Shared Key" in the documentation of storage.
fn string_to_sign(request: &Request, service: Service, account: &str, is_lite: bool) -> String {
    let header = |name: &str| request.header(name).unwrap_or_default();
    let resource = canonical_resource(request, account, is_lite || service == Service::Table);
    // A date in Microsoft's own header takes the other one's place.
    let has_own_date = request.headers.contains_key("x-ms-date");
    match (service, is_lite) {
        (Service::Table, true) => {
            format!("{}\n{resource}", if has_own_date { header("x-ms-date") } else { header("date") })
        }
        (Service::Table, false) => {
            let date = if has_own_date { header("x-ms-date") } else { header("date") };
            let parts = [request.method.as_str(), header("content-md5"), header("content-type"), date];
            format!("{}\n{resource}", parts.join("\n"))
        }
        (_, true) => {
            let date = if has_own_date { "" } else { header("date") };
            let parts = [request.method.as_str(), header("content-md5"), header("content-type"), date];
            format!("{}\n{}{resource}", parts.join("\n"), canonical_headers(request))
        }
        (_, false) => {
            let length = header("content-length");
            let parts = [
                request.method.as_str(),
                header("content-encoding"),
                header("content-language"),
                if length == "0" { "" } else { length },
                header("content-md5"),
                header("content-type"),
                if has_own_date { "" } else { header("date") },
                header("if-modified-since"),
                header("if-match"),
                header("if-none-match"),
                header("if-unmodified-since"),
                header("range"),
            ];
            format!("{}\n{}{resource}", parts.join("\n"), canonical_headers(request))
        }
    }
}

fn canonical_headers(request: &Request) -> String {
    let mut headers: Vec<(&str, &str)> = request
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-ms-"))
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default().trim()))
        .collect();
    headers.sort_unstable();
    headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect()
}

/// The account, the path, and the query: all of it, or in the short form `comp` alone.
fn canonical_resource(request: &Request, account: &str, is_short: bool) -> String {
    let mut resource = format!("/{account}{}", request.raw_path);
    if is_short {
        if let Some(component) = request.query("comp") {
            resource.push_str(&format!("?comp={component}"));
        }
        return resource;
    }
    let mut pairs: Vec<(String, &str)> =
        request.query_pairs().iter().map(|(name, value)| (name.to_lowercase(), value.as_str())).collect();
    pairs.sort_unstable();
    let mut last = None;
    for (name, value) in &pairs {
        if last == Some(name) {
            resource.push_str(&format!(",{value}"));
        } else {
            resource.push_str(&format!("\n{name}:{value}"));
        }
        last = Some(name);
    }
    resource
}
