//! The certificates that servers show, kept for those who want to know them.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

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
    let judge = server_verifier(trust, names, settings, Arc::clone(&crypto))?;
    let shown = ShownCertificates::default();
    let recorder = Arc::new(Recorder { judge, shown: shown.clone() });
    let builder = ClientConfig::builder_with_provider(crypto).with_safe_default_protocol_versions()?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(recorder).with_no_client_auth();
    // A session that goes on shows nothing.
    config.resumption = Resumption::disabled();
    Ok((config, shown))
}

/// Keeps what it sees before another judges it.
#[derive(Debug)]
struct Recorder {
    judge: Arc<dyn ServerCertVerifier>,
    shown: ShownCertificates,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let chain = chain.map(|certificate| certificate.clone().into_owned()).collect();
        *self.shown.0.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        self.judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
