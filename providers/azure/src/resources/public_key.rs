//! Public keys as vaults write them (JSON Web Key, RFC 7517), as PEM (RFC 5280, RFC 7468) and as OpenSSH reads them
//! (RFC 4253, RFC 5656).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value as Json;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// Modulus and exponent, big-endian.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// A point, both coordinates filled up to the size of the curve.
    Elliptic { curve: &'static Curve, point: Vec<u8> },
}

/// A curve with its names and sizes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Curve {
    web_name: &'static str,
    ssh_name: &'static str,
    /// Object identifier, as DER content.
    identifier: &'static [u8],
    coordinate_bytes: usize,
}

const CURVES: &[Curve] = &[
    Curve {
        web_name: "P-256",
        ssh_name: "nistp256",
        identifier: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        coordinate_bytes: 32,
    },
    Curve {
        web_name: "P-384",
        ssh_name: "nistp384",
        identifier: &[0x2b, 0x81, 0x04, 0x00, 0x22],
        coordinate_bytes: 48,
    },
    Curve {
        web_name: "P-521",
        ssh_name: "nistp521",
        identifier: &[0x2b, 0x81, 0x04, 0x00, 0x23],
        coordinate_bytes: 66,
    },
];

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ELLIPTIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Lines of PEM have this many characters.
const PEM_LINE: usize = 64;

impl PublicKey {
    /// Reads a JSON Web Key; nothing when it is of a kind that has none of the other forms.
    pub(super) fn of_web_key(key: &Json) -> Option<Self> {
        let bytes = |name: &str| {
            let text = key.get(name)?.as_str()?;
            URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
        };
        if key.get("kty")?.as_str()?.starts_with("RSA") {
            return Some(Self::Rsa { modulus: bytes("n")?, exponent: bytes("e")? });
        }
        let name = key.get("crv")?.as_str()?;
        let curve = CURVES.iter().find(|curve| curve.web_name == name)?;
        // 4: both coordinates follow, uncompressed.
        let mut point = vec![4];
        for coordinate in [bytes("x")?, bytes("y")?] {
            let missing = curve.coordinate_bytes.checked_sub(coordinate.len())?;
            point.extend(std::iter::repeat_n(0, missing));
            point.extend(coordinate);
        }
        Some(Self::Elliptic { curve, point })
    }

    /// Writes the key as PEM, with a line end behind it.
    pub(super) fn to_pem(&self) -> String {
        let text = STANDARD.encode(self.to_der());
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for line in text.as_bytes().chunks(PEM_LINE) {
            pem.extend(line.iter().map(|byte| char::from(*byte)));
            pem.push('\n');
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        pem
    }

    /// Writes the key as a line of `authorized_keys`; nothing where OpenSSH knows no such keys.
    pub(super) fn to_openssh(&self) -> Option<String> {
        let (name, parts) = match self {
            Self::Rsa { modulus, exponent } => {
                ("ssh-rsa".to_owned(), vec![positive(exponent), positive(modulus)])
            }
            Self::Elliptic { curve, point } => {
                let parts = vec![curve.ssh_name.as_bytes().to_vec(), point.clone()];
                (format!("ecdsa-sha2-{}", curve.ssh_name), parts)
            }
        };
        let mut blob = Vec::new();
        for part in std::iter::once(name.as_bytes()).chain(parts.iter().map(Vec::as_slice)) {
            blob.extend(u32::try_from(part.len()).ok()?.to_be_bytes());
            blob.extend(part);
        }
        Some(format!("{name} {}\n", STANDARD.encode(blob)))
    }

    /// Writes the key as `SubjectPublicKeyInfo`.
    fn to_der(&self) -> Vec<u8> {
        let (algorithm, key) = match self {
            Self::Rsa { modulus, exponent } => {
                let numbers = [der(INTEGER, &positive(modulus)), der(INTEGER, &positive(exponent))].concat();
                let algorithm = [der(IDENTIFIER, RSA_ENCRYPTION), der(NULL, &[])].concat();
                (algorithm, der(SEQUENCE, &numbers))
            }
            Self::Elliptic { curve, point } => {
                let algorithm = [der(IDENTIFIER, ELLIPTIC_KEY), der(IDENTIFIER, curve.identifier)].concat();
                (algorithm, point.clone())
            }
        };
        // No bits of the last byte are unused.
        let bits = [vec![0], key].concat();
        der(SEQUENCE, &[der(SEQUENCE, &algorithm), der(BIT_STRING, &bits)].concat())
    }
}

/// Writes a number so that its first bit does not make it negative.
fn positive(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = &bytes[start..];
    let needs_zero = digits.first().is_none_or(|first| *first >= 0x80);
    let mut number = if needs_zero { vec![0] } else { Vec::new() };
    number.extend(digits);
    number
}

/// Writes an element with its length.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    let length = content.len().to_be_bytes();
    let start = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let digits = &length[start..];
    if content.len() >= 0x80 {
        element.push(0x80 | digits.len() as u8);
    }
    element.extend(digits);
    element.extend(content);
    element
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MODULUS: &str = "w0kmweiwq4mYAk6mpyQj9L6O4x1JThBrkAZwi-DeUyZe3x1EAThggy009V7Xb6t8rN8nz2OzruqJ67_jDr4sWOeK\
        EnutDW9FC-v-jcV07yNpjAstWM_rrj7Pj0eLEWBd9ezqcjPy5R6QbR5yDL2P8ShCdB8aVFc9EmAyUwJ2Hvs";

    const RSA_TEXT: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDDSSbB6LCriZgCTqanJCP0vo7j
HUlOEGuQBnCL4N5TJl7fHUQBOGCDLTT1Xtdvq3ys3yfPY7Ou6onrv+MOvixY54oS
e60Nb0UL6/6NxXTvI2mMCy1Yz+uuPs+PR4sRYF317OpyM/LlHpBtHnIMvY/xKEJ0
HxpUVz0SYDJTAnYe+wIDAQAB
-----END PUBLIC KEY-----
ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDDSSbB6LCriZgCTqanJCP0vo7jHUlOEGuQBnCL4N5TJl7fHUQBOGCDLTT1Xtdvq3ys3yfPY7Ou6\
onrv+MOvixY54oSe60Nb0UL6/6NxXTvI2mMCy1Yz+uuPs+PR4sRYF317OpyM/LlHpBtHnIMvY/xKEJ0HxpUVz0SYDJTAnYe+w==
";

    const ELLIPTIC_TEXT: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3yFSganRuGpMl76QVgbmbZmZU84n
5LgaKerxEzHS/J5hTx3VMRepeplF11Lh9KuDk4cxzr0V+QNcvZzrvji9Lg==
-----END PUBLIC KEY-----
ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBN8hUoGp0bhqTJe+kFYG5m2ZmVPOJ+S4Ginq8RMx0\
vyeYU8d1TEXqXqZRddS4fSrg5OHMc69FfkDXL2c6744vS4=
";

    // The expected texts were made with `openssl` and `ssh-keygen -i -m PKCS8`.
    #[test]
    fn keys_are_written_as_other_programs_write_them() {
        let rsa = json!({"kty": "RSA", "e": "AQAB", "n": MODULUS});
        assert_eq!(written(&rsa), RSA_TEXT);
        let (x, y) =
            ("3yFSganRuGpMl76QVgbmbZmZU84n5LgaKerxEzHS_J4", "YU8d1TEXqXqZRddS4fSrg5OHMc69FfkDXL2c6744vS4");
        assert_eq!(written(&json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})), ELLIPTIC_TEXT);
        let other = json!({"kty": "EC", "crv": "P-256K", "x": x, "y": y});
        assert_eq!(PublicKey::of_web_key(&other), None, "neither form is usual for this curve");
    }

    fn written(key: &Json) -> String {
        let key = PublicKey::of_web_key(key).expect("a key");
        format!("{}{}", key.to_pem(), key.to_openssh().unwrap_or_default())
    }
}
