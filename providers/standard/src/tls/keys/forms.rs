//! Private keys in PEM: PKCS #1 (RFC 8017), SEC 1 (RFC 5915) and PKCS #8 (RFC 5208).

use ed25519_dalek::SigningKey;
use rsa::RsaPrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};

use super::public_key_info::KeyAlgorithm;
use super::{Curve, EcdsaKey, PrivateKey};
use crate::tls::der::{self, Reader, tag};
use crate::tls::pem::{self, label};

/// Reads the first key of a text.
///
/// # Errors
/// With a sentence that names no part of the key.
pub(in crate::tls) fn read(text: &str) -> Result<PrivateKey, String> {
    let block = pem::decode(text).ok_or("There is no PEM block in the text.")?;
    read_block(&block)
}

pub(super) fn read_block(block: &pem::Block<'_>) -> Result<PrivateKey, String> {
    let key = match block.label {
        label::RSA_PRIVATE_KEY => rsa_key(&block.content),
        label::EC_PRIVATE_KEY => sec1_key(&block.content, None),
        label::PRIVATE_KEY => pkcs8_key(&block.content),
        other => return Err(format!("PEM blocks of type {other:?} are no private keys that can be read.")),
    };
    if key.is_none() && block.headers.contains("ENCRYPTED") {
        return Err("The private key is protected with a passphrase.".to_owned());
    }
    key.ok_or_else(|| format!("The content of the PEM block of type {:?} is no private key.", block.label))
}

fn rsa_key(der: &[u8]) -> Option<PrivateKey> {
    RsaPrivateKey::from_pkcs1_der(der).ok().map(|key| PrivateKey::Rsa(Box::new(key)))
}

/// Reads a key whose curve it names itself, unless it is named around it.
fn sec1_key(der: &[u8], curve: Option<Curve>) -> Option<PrivateKey> {
    let mut fields = Reader(der).sequence()?;
    let version = fields.expect(tag::INTEGER)?;
    let secret = fields.expect(tag::OCTET_STRING)?;
    let named = match fields.optional(tag::explicit(0)) {
        Some(parameters) => Curve::identified(Reader(parameters).expect(tag::OBJECT_IDENTIFIER)?),
        None => None,
    };
    if version != [1] {
        return None;
    }
    EcdsaKey::new(curve.or(named)?, secret).map(PrivateKey::Ecdsa)
}

fn pkcs8_key(der: &[u8]) -> Option<PrivateKey> {
    let mut fields = Reader(der).sequence()?;
    let _version = fields.expect(tag::INTEGER)?;
    let algorithm = KeyAlgorithm::read(fields.sequence()?)?;
    let key = fields.expect(tag::OCTET_STRING)?;
    match algorithm {
        KeyAlgorithm::Rsa => rsa_key(key),
        KeyAlgorithm::Ecdsa(curve) => sec1_key(key, Some(Curve::identified(curve)?)),
        KeyAlgorithm::Ed25519 => {
            let seed = Reader(key).expect(tag::OCTET_STRING)?.try_into().ok()?;
            Some(PrivateKey::Ed25519(Box::new(SigningKey::from_bytes(seed))))
        }
    }
}

impl PrivateKey {
    /// Writes the key in the form that its algorithm is known by: PKCS #1, SEC 1, or PKCS #8.
    ///
    /// # Errors
    /// When an RSA key is not of two primes.
    pub(in crate::tls) fn to_pem(&self) -> Result<String, String> {
        match self {
            Self::Rsa(_) => Ok(pem::encode(label::RSA_PRIVATE_KEY, &self.content()?)),
            Self::Ecdsa(key) => {
                let curve = der::object_identifier(key.curve.identifier());
                Ok(pem::encode(label::EC_PRIVATE_KEY, &sec1(key, Some(&curve))))
            }
            Self::Ed25519(_) => self.to_pkcs8_pem(),
        }
    }

    /// Writes the key in PKCS #8.
    ///
    /// # Errors
    /// When an RSA key is not of two primes.
    pub(in crate::tls) fn to_pkcs8_pem(&self) -> Result<String, String> {
        let content = der::value(tag::OCTET_STRING, &self.content()?);
        let fields = der::sequence([der::integer(&[0]), self.key_algorithm(), content]);
        Ok(pem::encode(label::PRIVATE_KEY, &fields))
    }

    /// What PKCS #8 wraps.
    fn content(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => {
                key.to_pkcs1_der().map(|der| der.as_bytes().to_vec()).map_err(|error| error.to_string())
            }
            Self::Ecdsa(key) => Ok(sec1(key, None)),
            Self::Ed25519(key) => Ok(der::value(tag::OCTET_STRING, &key.to_bytes())),
        }
    }
}

fn sec1(key: &EcdsaKey, curve: Option<&[u8]>) -> Vec<u8> {
    let parameters = curve.map(|curve| der::value(tag::explicit(0), curve)).unwrap_or_default();
    let secret = der::value(tag::OCTET_STRING, &key.secret);
    let point = der::value(tag::explicit(1), &der::bit_string(&key.point));
    der::sequence([der::integer(&[1]), secret, parameters, point])
}
