//! The certificates that servers show, kept for those who want to know them.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;

use crate::settings::{NetworkError, NetworkSettings};
use crate::trust::{Names, Trust, server_verifier};

/// What the last server has shown that a configuration was used with.
#[derive(Debug, Clone, Default)]
pub struct ShownCertificates(Arc<Mutex<Vec<CertificateDer<'static>>>>);

impl ShownCertificates {
    /// Returns the certificates, the server's own first; none before the first handshake.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn keep(&self, end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let chain = chain.map(|certificate| certificate.clone().into_owned()).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = chain;
    }
}

/// Makes a TLS configuration that trusts as is said, and keeps what servers show, whether it is trusted or not.
///
/// # Errors
/// When certificates cannot be read, or those that are given are no authorities.
pub fn recording_tls_config(
    trust: Trust,
    names: Names,
    settings: &NetworkSettings,
) -> Result<(ClientConfig, ShownCertificates), NetworkError> {
    let crypto = Arc::new(ring::default_provider());
    let shown = ShownCertificates::default();
    let verifier = server_verifier(trust, names, settings, Arc::clone(&crypto), Some(shown.clone()))?;
    let builder = ClientConfig::builder_with_provider(crypto).with_safe_default_protocol_versions()?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    // A session that goes on shows nothing.
    config.resumption = Resumption::disabled();
    Ok((config, shown))
}
