//! Requests signed as Amazon's services want them: Signature Version 4.
//!
//! Source: "Authenticating Requests (AWS Signature Version 4)" in the reference of Amazon S3's API.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Request;
use reqwest::header::{HeaderValue, InvalidHeaderValue};
use ring::hmac::{HMAC_SHA256, Key, Tag, sign as hmac};
use sha2::{Digest, Sha256};

use super::credentials::Keys;

/// What is never encoded.
pub(super) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Headers that proxies and clients change on the way.
const UNSIGNED: &[&str] = &["authorization", "content-length", "expect", "user-agent"];

/// Signs a request whose address is encoded as the service sees it. All headers that it has are signed.
///
/// # Errors
/// When a key holds characters that no header may.
pub(super) fn sign(
    request: &mut Request,
    body: &[u8],
    keys: &Keys,
    (region, service): (&str, &str),
    now: Timestamp,
) -> Result<(), InvalidHeaderValue> {
    let body_hash = hex(&Sha256::digest(body));
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let host = host(request);
    let headers = request.headers_mut();
    headers.insert("host", HeaderValue::from_str(&host)?);
    headers.insert("x-amz-date", HeaderValue::from_str(&time)?);
    headers.insert("x-amz-content-sha256", HeaderValue::from_str(&body_hash)?);
    if let Some(token) = &keys.session_token {
        let mut token = HeaderValue::from_str(token)?;
        token.set_sensitive(true);
        headers.insert("x-amz-security-token", token);
    }
    let (canonical, signed_headers) = canonical(request, &body_hash);
    let scope = format!("{}/{region}/{service}/aws4_request", &time[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let signature = hex(step(&signing_key(keys, &scope), &text).as_ref());
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed_headers}, Signature={signature}",
        keys.access_key
    );
    let mut authorization = HeaderValue::from_str(&authorization)?;
    authorization.set_sensitive(true);
    request.headers_mut().insert("authorization", authorization);
    Ok(())
}

/// Returns the canonical form of a request, and the names of the headers in it.
fn canonical(request: &Request, body_hash: &str) -> (String, String) {
    let mut headers: Vec<(&str, String)> = request
        .headers()
        .iter()
        .filter(|(name, _)| !UNSIGNED.contains(&name.as_str()))
        .map(|(name, value)| {
            let words = value.to_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>();
            (name.as_str(), words.join(" "))
        })
        .collect();
    headers.sort();
    let mut query: Vec<(String, String)> =
        request.url().query_pairs().map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let (method, path) = (request.method(), request.url().path());
    (format!("{method}\n{path}\n{}\n{lines}\n{names}\n{body_hash}", query.join("&")), names)
}

fn host(request: &Request) -> String {
    let url = request.url();
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Derives the key for one day, region and service.
fn signing_key(keys: &Keys, scope: &str) -> Vec<u8> {
    let first = format!("AWS4{}", keys.secret_key).into_bytes();
    scope.split('/').fold(first, |key, part| step(&key, part).as_ref().to_vec())
}

fn step(key: &[u8], text: &str) -> Tag {
    hmac(&Key::new(HMAC_SHA256, key), text.as_bytes())
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Writes bytes as small hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the service's documentation: an object's range, a bucket's lifecycle, a list, an upload.
    #[test]
    fn the_documented_requests_get_the_documented_signatures() {
        let keys = Keys {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let now: Timestamp = "2013-05-24T00:00:00Z".parse().unwrap();
        let base = "https://examplebucket.s3.amazonaws.com";
        let client = crate::network_tests::client();
        let put = client
            .put(format!("{base}/test%24file.text"))
            .header("date", "Fri, 24 May 2013 00:00:00 GMT")
            .header("x-amz-storage-class", "REDUCED_REDUNDANCY");
        for (request, body, signature) in [
            (
                client.get(format!("{base}/test.txt")).header("range", "bytes=0-9"),
                "",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                client.get(format!("{base}/?lifecycle")),
                "",
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                client.get(format!("{base}/?max-keys=2&prefix=J")),
                "",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
            (
                put,
                "Welcome to Amazon S3.",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
        ] {
            let mut request = request.build().unwrap();
            sign(&mut request, body.as_bytes(), &keys, ("us-east-1", "s3"), now).unwrap();
            let authorization = request.headers()["authorization"].to_str().unwrap();
            assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization}");
        }
    }
}
