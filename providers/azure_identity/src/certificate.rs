//! Signing in with a certificate: the assertion is a token that we sign ourselves (RFC 7523).
//!
//! azure_identity has this only with OpenSSL, so the assertion is made here with ring.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

/// How long an assertion is good for; it is used at once.
const LIFETIME: Duration = Duration::from_secs(600);

/// Why a certificate cannot be used. No text shows anything of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateError {
    /// The bytes are neither PKCS#12 nor PEM.
    #[error("it is neither PKCS#12 (with the given password) nor PEM: {0}")]
    Unreadable(String),
    /// One of both is missing.
    #[error("it does not hold both a certificate and its private key")]
    Incomplete,
    /// Entra ID takes RSA keys only.
    #[error("its key is not an RSA key of at least 2048 bits: {0}")]
    Key(String),
}

/// Signs assertions for one application.
pub(crate) struct SignedAssertion {
    key: Arc<RsaKeyPair>,
    thumbprint: String,
    audience: String,
    client_id: String,
}

impl fmt::Debug for SignedAssertion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SignedAssertion").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl SignedAssertion {
    /// Reads a certificate with its key from PKCS#12 or PEM. `token_url` is the assertion's audience.
    ///
    /// # Errors
    /// When the bytes do not hold a usable pair.
    pub(crate) fn new(
        bytes: &[u8],
        password: &str,
        token_url: String,
        client_id: String,
    ) -> Result<Self, CertificateError> {
        let (certificate, key) =
            if bytes.starts_with(b"-----BEGIN") { read_pem(bytes)? } else { read_pkcs12(bytes, password)? };
        let key = RsaKeyPair::from_pkcs8(&key)
            .or_else(|_| RsaKeyPair::from_der(&key))
            .map_err(|error| CertificateError::Key(error.to_string()))?;
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate));
        Ok(Self { key: Arc::new(key), thumbprint, audience: token_url, client_id })
    }

    fn assertion(&self, now: SystemTime) -> Result<String, ring::error::Unspecified> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let header = serde_json::json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = serde_json::json!({
            "aud": self.audience,
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": now,
            "exp": now + LIFETIME.as_secs(),
        });
        let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[async_trait::async_trait]
impl ClientAssertion for SignedAssertion {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        self.assertion(SystemTime::now()).map_err(|_| {
            azure_core::Error::with_message(
                azure_core::error::ErrorKind::Credential,
                "the certificate's key could not sign",
            )
        })
    }
}

fn read_pem(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), CertificateError> {
    let certificate = CertificateDer::from_pem_slice(bytes).map_err(|_| CertificateError::Incomplete)?;
    let key = PrivateKeyDer::from_pem_slice(bytes).map_err(|_| CertificateError::Incomplete)?;
    Ok((certificate.to_vec(), key.secret_der().to_vec()))
}

fn read_pkcs12(bytes: &[u8], password: &str) -> Result<(Vec<u8>, Vec<u8>), CertificateError> {
    let store = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed)
        .map_err(|error| CertificateError::Unreadable(error.to_string()))?;
    let (_, chain) = store.private_key_chain().ok_or(CertificateError::Incomplete)?;
    let certificate = chain.certs().first().ok_or(CertificateError::Incomplete)?;
    Ok((certificate.as_der().to_vec(), chain.key().as_der().to_vec()))
}
