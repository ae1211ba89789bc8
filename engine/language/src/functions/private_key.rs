//! RSA private keys as people have them: PEM with PKCS #1, PKCS #8 or OpenSSH's own content.

use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{BoxedUint, RsaPrivateKey};

use super::base64_code;

/// Reads a key.
///
/// # Errors
/// With a sentence that names no part of the key.
pub(super) fn read_rsa_key(pem: &str) -> Result<RsaPrivateKey, String> {
    let (label, headers, der) = pem_block(pem).ok_or("invalid private key: ssh: no key found")?;
    if headers.contains("ENCRYPTED") {
        return Err("invalid private key: ssh: this private key is passphrase protected".to_owned());
    }
    let invalid = |_| "invalid ASN1 data in the given private key".to_owned();
    match label {
        "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(&der).map_err(|_| invalid(())),
        "PRIVATE KEY" => RsaPrivateKey::from_pkcs8_der(&der).map_err(|error| match error {
            rsa::pkcs8::Error::KeyMalformed(_) | rsa::pkcs8::Error::Asn1(_) => invalid(()),
            _ => NOT_RSA.to_owned(),
        }),
        "EC PRIVATE KEY" | "DSA PRIVATE KEY" => Err(NOT_RSA.to_owned()),
        "OPENSSH PRIVATE KEY" => openssh_key(&der),
        label => Err(format!("invalid private key: ssh: unsupported key type {}", super::quote(label))),
    }
}

const NOT_RSA: &str = "invalid private key type: an RSA key is required";

/// Returns label, header lines and content of the first PEM block.
fn pem_block(text: &str) -> Option<(&str, &str, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body = body.trim();
    // Headers, where there are any, end at an empty line.
    let normalized = if body.contains(':') {
        body.split_once("\n\n").or_else(|| body.split_once("\r\n\r\n"))
    } else {
        None
    };
    let (headers, encoded) = normalized.unwrap_or(("", body));
    let encoded: String = encoded.split_whitespace().collect();
    Some((label, headers, base64_code::decode(&encoded).ok()?))
}

/// Reads OpenSSH's format, described in PROTOCOL.key of OpenSSH: lengths are 32 bits, big end first.
fn openssh_key(content: &[u8]) -> Result<RsaPrivateKey, String> {
    const INVALID: &str = "invalid private key: ssh: invalid openssh private key format";
    let mut fields = Fields { rest: content.strip_prefix(b"openssh-key-v1\0").ok_or(INVALID)? };
    let (cipher, _kdf, _kdf_options) = (fields.bytes(), fields.bytes(), fields.bytes());
    if cipher.is_none_or(|cipher| cipher != b"none") {
        return Err("invalid private key: ssh: this private key is passphrase protected".to_owned());
    }
    let _number_of_keys = fields.int();
    let _public_key = fields.bytes();
    let mut private = Fields { rest: fields.bytes().ok_or(INVALID)? };
    let checks = (private.int(), private.int());
    if checks.0.is_none() || checks.0 != checks.1 {
        return Err(INVALID.to_owned());
    }
    if private.bytes().ok_or(INVALID)? != b"ssh-rsa" {
        return Err(NOT_RSA.to_owned());
    }
    let mut number = || private.bytes().map(BoxedUint::from_be_slice_vartime).ok_or(INVALID);
    let (n, e, d, _coefficient, p, q) = (number()?, number()?, number()?, number()?, number()?, number()?);
    RsaPrivateKey::from_components(n, e, d, vec![p, q]).map_err(|_| INVALID.to_owned())
}

struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn int(&mut self) -> Option<u32> {
        let (int, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*int))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.int()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}
