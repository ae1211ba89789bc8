//! Requests signed with an account's key.
//!
//! The scheme is "Shared Key" of Azure Storage: an HMAC-SHA256 over the request in a canonical form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Request;
use reqwest::header::{HeaderValue, InvalidHeaderValue};

/// Headers that are part of what is signed, in this order; each with an empty line where it is absent.
const SIGNED_HEADERS: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// An account's key.
pub(super) struct SharedKey {
    account: String,
    key: ring::hmac::Key,
}

impl SharedKey {
    /// Takes a key as the portal shows it, in Base64. Nothing when it is not.
    pub(super) fn new(account: &str, key: &str) -> Option<Self> {
        let bytes = STANDARD.decode(key.trim()).ok()?;
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &bytes);
        Some(Self { account: account.to_owned(), key })
    }

    /// Signs a request that has its `x-ms-date` and all other headers.
    pub(super) fn sign(&self, request: &mut Request) -> Result<(), InvalidHeaderValue> {
        let signature = ring::hmac::sign(&self.key, self.canonical(request).as_bytes());
        let value = format!("SharedKey {}:{}", self.account, STANDARD.encode(signature));
        let mut value = HeaderValue::from_str(&value)?;
        value.set_sensitive(true);
        request.headers_mut().insert("authorization", value);
        Ok(())
    }

    fn canonical(&self, request: &Request) -> String {
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let mut text = format!("{}\n", request.method());
        for name in SIGNED_HEADERS {
            let value = header(name);
            // A length of zero is signed as if it were not said.
            if name != "content-length" || value != "0" {
                text.push_str(&value);
            }
            text.push('\n');
        }
        let mut own: Vec<&str> = request
            .headers()
            .keys()
            .map(|name| name.as_str())
            .filter(|name| name.starts_with("x-ms-"))
            .collect();
        own.sort_unstable();
        for name in own {
            text.push_str(&format!("{name}:{}\n", header(name).trim()));
        }
        text.push_str(&format!("/{}{}", self.account, request.url().path()));
        let mut parameters: Vec<(String, String)> = request
            .url()
            .query_pairs()
            .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
            .collect();
        parameters.sort();
        for (name, value) in parameters {
            text.push_str(&format!("\n{name}:{value}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_is_that_of_the_service() {
        let key = SharedKey::new("account", "a2V5").unwrap();
        let client = crate::network_tests::client();
        let request = client
            .put("https://account.blob.core.windows.net/states/prod%20a?comp=metadata&Timeout=3")
            .header("x-ms-version", "2023-11-03")
            .header("x-ms-date", "Sat, 21 Nov 2026 20:00:00 GMT")
            .header("content-length", "0")
            .header("if-none-match", "*");
        let mut request = request.build().unwrap();
        assert_eq!(
            key.canonical(&request),
            "PUT\n\n\n\n\n\n\n\n\n*\n\n\nx-ms-date:Sat, 21 Nov 2026 20:00:00 GMT\nx-ms-version:2023-11-03\n\
             /account/states/prod%20a\ncomp:metadata\ntimeout:3"
        );
        key.sign(&mut request).unwrap();
        let authorization = &request.headers()["authorization"];
        assert!(authorization.is_sensitive());
        assert!(authorization.to_str().unwrap().starts_with("SharedKey account:"));
        assert!(SharedKey::new("account", "no base 64!").is_none());
    }
}
