//! The signature under a cluster's public description, by which joining nodes know that it comes from somebody
//! who knows their token: a JWS (RFC 7515) with a detached payload, keyed with the token's secret.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

const BLOCK_BYTES: usize = 64;

/// Signs a description. The result is what the cluster's own signer will write, too.
pub(crate) fn detached_signature(payload: &str, token_id: &str, token_secret: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"HS256","kid":"{token_id}"}}"#));
    let body = BASE64_URL_SAFE_NO_PAD.encode(payload);
    let signature = hmac_sha256(token_secret.as_bytes(), format!("{header}.{body}").as_bytes());
    format!("{header}..{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// RFC 2104, for keys of at most one block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    debug_assert!(key.len() <= BLOCK_BYTES);
    let padded = |byte: u8| {
        let mut block = [byte; BLOCK_BYTES];
        block.iter_mut().zip(key).for_each(|(block, key)| *block ^= key);
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyed_hash_is_that_of_the_rfc() {
        // RFC 4231, test case 2.
        let hash: String = hmac_sha256(b"Jefe", b"what do ya want for nothing?")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hash, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn the_payload_stays_away() {
        let signature = detached_signature("payload", "abcdef", "0123456789abcdef");
        let parts: Vec<&str> = signature.split('.').collect();
        assert_eq!((parts.len(), parts[1]), (3, ""));
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(parts[0]).unwrap(), br#"{"alg":"HS256","kid":"abcdef"}"#);
    }
}
