//! Detached OpenPGP signatures of checksum lists, as far as registries use them (RFC 4880 and RFC 9580).
//!
//! What is understood: version 4 keys and signatures of binary documents, with RSA and SHA-256, SHA-384 or
//! SHA-512, or with Ed25519. Subkeys count like their key: registries hand out keys by themselves, so that
//! whoever has one could hand out any. Everything else is no signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use ring::signature::{
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

const TAG_SIGNATURE: u8 = 2;
const TAG_PUBLIC_KEY: u8 = 6;
const TAG_PUBLIC_SUBKEY: u8 = 14;
const ALGORITHM_RSA: u8 = 1;
const ALGORITHM_RSA_SIGN: u8 = 3;
const ALGORITHM_EDDSA: u8 = 22;
const ALGORITHM_ED25519: u8 = 27;
const HASH_SHA256: u8 = 8;
const HASH_SHA384: u8 = 9;
const HASH_SHA512: u8 = 10;
const BINARY_DOCUMENT: u8 = 0;
/// The object identifier of Ed25519 in keys of the older form, with its length in front.
const ED25519_CURVE: &[u8] = &[9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

/// Tells whether one of the keys in an armored block has signed a document.
pub fn is_signed_by(armored_key: &str, signature: &[u8], document: &[u8]) -> bool {
    let Some(key_block) = unarmor(armored_key) else { return false };
    let keys: Vec<PublicKey<'_>> = packets(&key_block)
        .into_iter()
        .filter(|(tag, _)| matches!(*tag, TAG_PUBLIC_KEY | TAG_PUBLIC_SUBKEY))
        .filter_map(|(_, body)| PublicKey::parse(body))
        .collect();
    let signatures = packets(signature).into_iter().filter(|(tag, _)| *tag == TAG_SIGNATURE);
    let mut signatures = signatures.filter_map(|(_, body)| Signature::parse(body));
    signatures.any(|signature| keys.iter().any(|key| signature.is_valid(key, document)))
}

/// Returns the bytes of an ASCII-armored block; the checksum at its end protects against nothing here.
fn unarmor(text: &str) -> Option<Vec<u8>> {
    let (_, behind) = text.split_once("-----BEGIN PGP PUBLIC KEY BLOCK-----")?;
    let (block, _) = behind.split_once("-----END PGP PUBLIC KEY BLOCK-----")?;
    let block = block.replace('\r', "");
    // Headers, if any, end at the first empty line.
    let body = block.split_once("\n\n").map_or(block.as_str(), |(_, body)| body);
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('='));
    STANDARD.decode(lines.collect::<String>()).ok()
}

/// Cuts bytes into packets; stops at the first that is not understood.
fn packets(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut packets = Vec::new();
    while let Some((tag, body, rest)) = next_packet(bytes) {
        packets.push((tag, body));
        bytes = rest;
    }
    packets
}

fn next_packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first & 0x80 == 0 {
        return None;
    }
    let (tag, length, rest) = if first & 0x40 != 0 {
        let (length, rest) = new_length(rest)?;
        (first & 0x3f, length, rest)
    } else {
        let size = match first & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => return Some(((first >> 2) & 0x0f, rest, &[])),
        };
        let (length, rest) = rest.split_at_checked(size)?;
        ((first >> 2) & 0x0f, big_endian(length), rest)
    };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((tag, body, rest))
}

/// Reads a length of the newer form; parts of unknown length do not occur in keys and signatures.
fn new_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match *bytes {
        [first @ 0..=191, ref rest @ ..] => Some((usize::from(first), rest)),
        [first @ 192..=223, second, ref rest @ ..] => {
            Some(((usize::from(first) - 192) * 256 + usize::from(second) + 192, rest))
        }
        [255, ref rest @ ..] => {
            let (length, rest) = rest.split_at_checked(4)?;
            Some((big_endian(length), rest))
        }
        _ => None,
    }
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// Reads a number: its length in bits, and its bytes.
fn multiprecision(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (bits, rest) = bytes.split_at_checked(2)?;
    rest.split_at_checked(big_endian(bits).div_ceil(8))
}

enum PublicKey<'a> {
    Rsa { n: &'a [u8], e: &'a [u8] },
    Ed25519(&'a [u8]),
}

impl<'a> PublicKey<'a> {
    fn parse(body: &'a [u8]) -> Option<Self> {
        // Version, time of creation, algorithm.
        let [4, _, _, _, _, algorithm, material @ ..] = body else { return None };
        match *algorithm {
            ALGORITHM_RSA | ALGORITHM_RSA_SIGN => {
                let (n, rest) = multiprecision(material)?;
                let (e, _) = multiprecision(rest)?;
                Some(Self::Rsa { n, e })
            }
            ALGORITHM_EDDSA => {
                let (point, _) = multiprecision(material.strip_prefix(ED25519_CURVE)?)?;
                Some(Self::Ed25519(point.strip_prefix(&[0x40])?))
            }
            ALGORITHM_ED25519 => Some(Self::Ed25519(material.get(..32)?)),
            _ => None,
        }
    }
}

struct Signature<'a> {
    algorithm: u8,
    hash: u8,
    /// From the version to the end of the hashed part.
    hashed: &'a [u8],
    material: &'a [u8],
}

impl<'a> Signature<'a> {
    fn parse(body: &'a [u8]) -> Option<Self> {
        let [4, BINARY_DOCUMENT, algorithm, hash, high, low, rest @ ..] = body else { return None };
        let hashed_end = 6 + big_endian(&[*high, *low]);
        let (_, rest) = rest.split_at_checked(hashed_end - 6)?;
        let (unhashed_length, rest) = rest.split_at_checked(2)?;
        let (_, rest) = rest.split_at_checked(big_endian(unhashed_length))?;
        // Two bytes of the hash, for a quick look.
        let (_, material) = rest.split_at_checked(2)?;
        Some(Self { algorithm: *algorithm, hash: *hash, hashed: body.get(..hashed_end)?, material })
    }

    fn is_valid(&self, key: &PublicKey<'_>, document: &[u8]) -> bool {
        let mut message = document.to_vec();
        message.extend_from_slice(self.hashed);
        message.extend_from_slice(&[4, 0xff]);
        message.extend_from_slice(&(self.hashed.len() as u32).to_be_bytes());
        match (key, self.algorithm) {
            (PublicKey::Rsa { n, e }, ALGORITHM_RSA | ALGORITHM_RSA_SIGN) => {
                self.is_valid_rsa(n, e, &message)
            }
            (PublicKey::Ed25519(key), ALGORITHM_EDDSA | ALGORITHM_ED25519) => {
                self.is_valid_ed25519(key, &message)
            }
            _ => false,
        }
    }

    fn is_valid_rsa(&self, n: &[u8], e: &[u8], message: &[u8]) -> bool {
        let Some((number, _)) = multiprecision(self.material) else { return false };
        // The number has no leading zeros, the signature as many as the key is long.
        let mut signature = vec![0; n.len().saturating_sub(number.len())];
        signature.extend_from_slice(number);
        let parameters = match self.hash {
            HASH_SHA256 => &RSA_PKCS1_2048_8192_SHA256,
            HASH_SHA384 => &RSA_PKCS1_2048_8192_SHA384,
            HASH_SHA512 => &RSA_PKCS1_2048_8192_SHA512,
            _ => return false,
        };
        RsaPublicKeyComponents { n, e }.verify(parameters, message, &signature).is_ok()
    }

    fn is_valid_ed25519(&self, key: &[u8], message: &[u8]) -> bool {
        let signature = if self.algorithm == ALGORITHM_ED25519 {
            self.material.get(..64).map(<[u8]>::to_vec)
        } else {
            padded_pair(self.material)
        };
        let algorithm = match self.hash {
            HASH_SHA256 => &digest::SHA256,
            HASH_SHA384 => &digest::SHA384,
            HASH_SHA512 => &digest::SHA512,
            _ => return false,
        };
        let hash = digest::digest(algorithm, message);
        signature.is_some_and(|signature| {
            UnparsedPublicKey::new(&ED25519, key).verify(hash.as_ref(), &signature).is_ok()
        })
    }
}

/// Returns two numbers of 32 bytes each, one behind the other.
fn padded_pair(material: &[u8]) -> Option<Vec<u8>> {
    let (r, rest) = multiprecision(material)?;
    let (s, _) = multiprecision(rest)?;
    let mut signature = vec![0; 64];
    signature.get_mut(32_usize.checked_sub(r.len())?..32)?.copy_from_slice(r);
    signature.get_mut(64_usize.checked_sub(s.len())?..64)?.copy_from_slice(s);
    Some(signature)
}

#[cfg(test)]
mod tests;
