//! Public keys as certificates have them (RFC 5280, section 4.1): an algorithm and a string of bits.

use rsa::traits::PublicKeyParts;
use sha1::{Digest, Sha1};

use super::{EcdsaKey, PrivateKey};
use crate::tls::der::{self, Reader, tag};

const RSA_ENCRYPTION: &[u64] = &[1, 2, 840, 113_549, 1, 1, 1];
const EC_PUBLIC_KEY: &[u64] = &[1, 2, 840, 10045, 2, 1];
const ED25519: &[u64] = &[1, 3, 101, 112];

/// What algorithm a key is for, as its identifier says.
pub(super) enum KeyAlgorithm<'a> {
    Rsa,
    /// With the identifier of the curve.
    Ecdsa(&'a [u8]),
    Ed25519,
}

impl<'a> KeyAlgorithm<'a> {
    /// Reads the content of an algorithm identifier.
    pub(super) fn read(mut identifier: Reader<'a>) -> Option<Self> {
        let algorithm = identifier.expect(tag::OBJECT_IDENTIFIER)?;
        let is = |arcs| der::identifier_content(arcs) == algorithm;
        if is(RSA_ENCRYPTION) {
            Some(Self::Rsa)
        } else if is(EC_PUBLIC_KEY) {
            identifier.expect(tag::OBJECT_IDENTIFIER).map(Self::Ecdsa)
        } else {
            is(ED25519).then_some(Self::Ed25519)
        }
    }
}

pub(super) fn ed25519_algorithm() -> Vec<u8> {
    der::sequence([der::object_identifier(ED25519)])
}

pub(super) fn ecdsa_algorithm(key: &EcdsaKey) -> Vec<u8> {
    let curve = der::object_identifier(key.curve.identifier());
    der::sequence([der::object_identifier(EC_PUBLIC_KEY), curve])
}

impl PrivateKey {
    /// Writes the identifier of the key's algorithm.
    pub(super) fn key_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => {
                der::sequence([der::object_identifier(RSA_ENCRYPTION), der::value(tag::NULL, &[])])
            }
            Self::Ecdsa(key) => ecdsa_algorithm(key),
            Self::Ed25519(_) => ed25519_algorithm(),
        }
    }

    /// Writes the public key that belongs to the key.
    pub(in crate::tls) fn public_key_info(&self) -> Vec<u8> {
        let public = match self {
            Self::Rsa(key) => {
                der::sequence([der::integer(&key.n().to_be_bytes()), der::integer(&key.e().to_be_bytes())])
            }
            Self::Ecdsa(key) => key.point.clone(),
            Self::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
        };
        der::sequence([self.key_algorithm(), der::bit_string(&public)])
    }
}

/// Computes the identifier of a public key: SHA-1 of its bits (RFC 5280, section 4.2.1.2). The bits of Ed25519 are
/// taken as a string of octets, as hashicorp/tls does.
pub(in crate::tls) fn subject_key_id(public_key_info: &[u8]) -> Option<Vec<u8>> {
    let mut info = Reader(public_key_info).sequence()?;
    let algorithm = KeyAlgorithm::read(info.sequence()?);
    let (_unused_bits, bits) = info.expect(tag::BIT_STRING)?.split_first()?;
    let octets;
    let hashed = if matches!(algorithm, Some(KeyAlgorithm::Ed25519)) {
        octets = der::value(tag::OCTET_STRING, bits);
        &octets
    } else {
        bits
    };
    Some(Sha1::digest(hashed).to_vec())
}
