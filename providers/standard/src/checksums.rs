//! The checksums that providers publish about contents.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::encodings::hex;

/// All checksums of one content.
pub(crate) struct Checksums {
    pub(crate) md5: String,
    pub(crate) sha1: String,
    pub(crate) sha256: String,
    pub(crate) sha256_base64: String,
    pub(crate) sha512: String,
    pub(crate) sha512_base64: String,
}

impl Checksums {
    /// Computes all checksums.
    pub(crate) fn of(content: &[u8]) -> Self {
        let (sha256, sha512) = (Sha256::digest(content), Sha512::digest(content));
        Self {
            md5: hex(&Md5::digest(content)),
            sha1: sha1_hex(content),
            sha256: hex(&sha256),
            sha256_base64: BASE64_STANDARD.encode(sha256),
            sha512: hex(&sha512),
            sha512_base64: BASE64_STANDARD.encode(sha512),
        }
    }
}

/// Computes the SHA-1 checksum in hexadecimal.
pub(crate) fn sha1_hex(content: &[u8]) -> String {
    hex(&Sha1::digest(content))
}
