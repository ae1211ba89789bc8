//! Keys in the forms of OpenSSH: its private keys (PROTOCOL.key of OpenSSH) and the lines of `authorized_keys`
//! (RFC 4253, section 6.6; RFC 5656; RFC 8709). Lengths are 32 bits, the big end first.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use ed25519_dalek::SigningKey;
use md5::Md5;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, RsaPrivateKey};
use sha2::{Digest, Sha256};

use super::{Curve, EcdsaKey, PrivateKey, forms};
use crate::tls::pem::{self, label};

const MAGIC: &[u8] = b"openssh-key-v1\0";
/// What the private part is filled up to when nothing encrypts it.
const BLOCK_LENGTH: usize = 8;

/// The public half of a key that SSH knows.
pub(in crate::tls) struct SshPublicKey {
    algorithm: String,
    blob: Vec<u8>,
}

impl SshPublicKey {
    /// Writes a line of `authorized_keys`.
    pub(in crate::tls) fn line(&self) -> String {
        format!("{} {}\n", self.algorithm, BASE64_STANDARD.encode(&self.blob))
    }

    /// Writes the MD5 checksum in pairs of digits.
    pub(in crate::tls) fn fingerprint_md5(&self) -> String {
        let pairs: Vec<String> = Md5::digest(&self.blob).iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(":")
    }

    /// Writes the SHA-256 checksum in base64.
    pub(in crate::tls) fn fingerprint_sha256(&self) -> String {
        format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }
}

impl PrivateKey {
    /// Returns the public half as SSH has it; nothing for P-224, which SSH does not know.
    pub(in crate::tls) fn ssh_public_key(&self) -> Option<SshPublicKey> {
        let algorithm = self.ssh_algorithm()?;
        let mut blob = Writer::default();
        blob.text(algorithm.as_bytes());
        match self {
            Self::Rsa(key) => {
                blob.number(&key.e().to_be_bytes());
                blob.number(&key.n().to_be_bytes());
            }
            Self::Ecdsa(key) => {
                blob.text(key.curve.ssh_name()?.as_bytes());
                blob.text(&key.point);
            }
            Self::Ed25519(key) => blob.text(key.verifying_key().as_bytes()),
        }
        Some(SshPublicKey { algorithm, blob: blob.0 })
    }

    /// Writes OpenSSH's form, without a passphrase; nothing for P-224.
    pub(in crate::tls) fn to_openssh_pem(&self) -> Option<String> {
        let public = self.ssh_public_key()?;
        let mut content = Writer(MAGIC.to_vec());
        for none in ["none", "none", ""] {
            content.text(none.as_bytes());
        }
        content.int(1);
        content.text(&public.blob);
        content.text(&self.openssh_private_part(&public.algorithm)?);
        Some(pem::encode(label::OPENSSH_PRIVATE_KEY, &content.0))
    }

    fn openssh_private_part(&self, algorithm: &str) -> Option<Vec<u8>> {
        let mut part = Writer::default();
        let check: u32 = rand::random();
        part.int(check);
        part.int(check);
        part.text(algorithm.as_bytes());
        match self {
            Self::Rsa(key) => {
                let [p, q] = key.primes() else { return None };
                let coefficient = key.crt_coefficient()?;
                for number in [key.n().as_ref(), key.e(), key.d(), &coefficient, p, q] {
                    part.number(&number.to_be_bytes());
                }
            }
            Self::Ecdsa(key) => {
                part.text(key.curve.ssh_name()?.as_bytes());
                part.text(&key.point);
                part.number(&key.secret);
            }
            Self::Ed25519(key) => {
                part.text(key.verifying_key().as_bytes());
                part.text(&key.to_keypair_bytes());
            }
        }
        let comment = b"";
        part.text(comment);
        let padding = part.0.len().next_multiple_of(BLOCK_LENGTH) - part.0.len();
        part.0.extend((1..=padding).filter_map(|number| u8::try_from(number).ok()));
        Some(part.0)
    }

    fn ssh_algorithm(&self) -> Option<String> {
        match self {
            Self::Rsa(_) => Some("ssh-rsa".to_owned()),
            Self::Ecdsa(key) => key.curve.ssh_name().map(|curve| format!("ecdsa-sha2-{curve}")),
            Self::Ed25519(_) => Some("ssh-ed25519".to_owned()),
        }
    }
}

/// Reads the first key of a text in any form that OpenSSH reads.
///
/// # Errors
/// With a sentence that names no part of the key.
pub(in crate::tls) fn read_any(text: &str) -> Result<PrivateKey, String> {
    let block = pem::decode(text).ok_or("There is no PEM block in the text.")?;
    if block.label != label::OPENSSH_PRIVATE_KEY {
        return forms::read_block(&block);
    }
    let mut fields = Reader(block.content.strip_prefix(MAGIC).ok_or(NO_KEY)?);
    if fields.text().ok_or(NO_KEY)? != b"none" {
        return Err("The private key is protected with a passphrase.".to_owned());
    }
    private_part(&mut fields).ok_or_else(|| NO_KEY.to_owned())
}

const NO_KEY: &str = "The content of the PEM block is no OpenSSH private key.";

fn private_part(fields: &mut Reader<'_>) -> Option<PrivateKey> {
    let (_key_derivation, _options) = (fields.text()?, fields.text()?);
    let count = fields.int()?;
    let _public = fields.text()?;
    let mut part = Reader(fields.text()?);
    let checks = (part.int()?, part.int()?);
    if count != 1 || checks.0 != checks.1 {
        return None;
    }
    match part.text()? {
        b"ssh-rsa" => rsa_key(&mut part),
        b"ssh-ed25519" => {
            let _public = part.text()?;
            let pair = part.text()?.try_into().ok()?;
            Some(PrivateKey::Ed25519(Box::new(SigningKey::from_keypair_bytes(pair).ok()?)))
        }
        _ => {
            let curve = Curve::named_by_ssh(part.text()?)?;
            let _point = part.text()?;
            EcdsaKey::new(curve, part.text()?).map(PrivateKey::Ecdsa)
        }
    }
}

fn rsa_key(part: &mut Reader<'_>) -> Option<PrivateKey> {
    let mut number = || {
        let bytes = part.text()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(BoxedUint::from_be_slice_vartime(&bytes[zeros..]))
    };
    let (n, e, d, _coefficient, p, q) = (number()?, number()?, number()?, number()?, number()?, number()?);
    let key = RsaPrivateKey::from_components(n, e, d, vec![p, q]).ok()?;
    Some(PrivateKey::Rsa(Box::new(key)))
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn int(&mut self, number: u32) {
        self.0.extend(number.to_be_bytes());
    }

    fn text(&mut self, bytes: &[u8]) {
        self.int(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.0.extend(bytes);
    }

    /// Writes a number that is not negative.
    fn number(&mut self, big_endian: &[u8]) {
        let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
        let digits = &big_endian[zeros..];
        let padding: &[u8] = if digits.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
        self.text(&[padding, digits].concat());
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn int(&mut self) -> Option<u32> {
        let (int, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*int))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.int()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}
