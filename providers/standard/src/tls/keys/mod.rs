//! Private keys: made, read, written in their usual forms, and signing.

mod ecdsa;
mod forms;
mod openssh;
mod public_key_info;

use ed25519_dalek::{Signer, SigningKey};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use sha2::{Digest, Sha256};

use super::der;
pub(super) use ecdsa::{Curve, EcdsaKey};
pub(super) use forms::read;
pub(super) use openssh::{SshPublicKey, read_any};
pub(super) use public_key_info::subject_key_id;

/// The algorithms of keys, by the names that configurations use.
pub(super) const ALGORITHMS: &[&str] = &["RSA", "ECDSA", "ED25519"];

/// Fewer bits are refused: such keys have been broken.
const RSA_BITS_MIN: i64 = 1024;
/// More bits take hours.
const RSA_BITS_MAX: i64 = 16_384;

/// A key with which can be signed.
pub(super) enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    Ecdsa(EcdsaKey),
    Ed25519(Box<SigningKey>),
}

/// A signature and what it was made with.
pub(super) struct Signature {
    /// The algorithm's identifier, written.
    pub(super) algorithm: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

impl PrivateKey {
    /// Makes a new key. With many bits this takes seconds.
    ///
    /// # Errors
    /// For an RSA key that is too short to be safe or too long to be made, and for unknown names.
    pub(super) fn generate(algorithm: &str, rsa_bits: i64, curve: &str) -> Result<Self, String> {
        match algorithm {
            "RSA" if rsa_bits < RSA_BITS_MIN => {
                Err(format!("RSA keys of {rsa_bits} bits are insecure; at least {RSA_BITS_MIN} are needed."))
            }
            "RSA" if rsa_bits > RSA_BITS_MAX => {
                Err(format!("RSA keys of {rsa_bits} bits take too long; {RSA_BITS_MAX} are the most."))
            }
            "RSA" => {
                let bits = usize::try_from(rsa_bits).map_err(|error| error.to_string())?;
                let key = RsaPrivateKey::new(&mut rand::rng(), bits).map_err(|error| error.to_string())?;
                Ok(Self::Rsa(Box::new(key)))
            }
            "ECDSA" => {
                let curve = Curve::named(curve).ok_or_else(|| format!("There is no curve {curve:?}."))?;
                Ok(Self::Ecdsa(EcdsaKey::generate(curve)))
            }
            "ED25519" => Ok(Self::Ed25519(Box::new(SigningKey::from_bytes(&rand::random())))),
            other => Err(format!("There is no algorithm {other:?}.")),
        }
    }

    /// Returns the algorithm's name, as configurations write it.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RSA",
            Self::Ecdsa(_) => "ECDSA",
            Self::Ed25519(_) => "ED25519",
        }
    }

    /// Signs a message with the algorithm that goes with the key.
    ///
    /// # Errors
    /// When an RSA key is too short for the signature.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Signature, String> {
        /// How a SHA-256 checksum begins inside of a signature (RFC 8017, section 9.2).
        const SHA256_PREFIX: [u8; 19] = [
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
            0x00, 0x04, 0x20,
        ];
        match self {
            Self::Rsa(key) => {
                let scheme = Pkcs1v15Sign { hash_len: Some(32), prefix: SHA256_PREFIX.into() };
                let signed = key.sign_with_rng(&mut rand::rng(), scheme, &Sha256::digest(message));
                let sha256_with_rsa = der::object_identifier(&[1, 2, 840, 113_549, 1, 1, 11]);
                Ok(Signature {
                    algorithm: der::sequence([sha256_with_rsa, der::value(der::tag::NULL, &[])]),
                    bytes: signed.map_err(|error| error.to_string())?,
                })
            }
            Self::Ecdsa(key) => key.sign(message),
            Self::Ed25519(key) => Ok(Signature {
                algorithm: public_key_info::ed25519_algorithm(),
                bytes: key.sign(message).to_bytes().to_vec(),
            }),
        }
    }
}
