//! Whose certificates are good, from the strictest to none at all.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};

use crate::settings::{NetworkError, NetworkSettings};
use crate::shown::ShownCertificates;

/// Whose certificates are good.
pub enum Trust {
    /// Those that a known authority has signed.
    System,
    /// Those that one of these authorities has signed, and these themselves.
    Authorities(Vec<CertificateDer<'static>>),
    /// Everyone's, for any name and time; the handshake itself is still checked.
    Anyone,
}

/// Whether a certificate has to be for the server that shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// It has to name the server.
    Checked,
    /// It may name any server.
    Ignored,
}

/// Begins a TLS configuration that trusts as is said; what the system knows comes from `settings`.
///
/// # Errors
/// When certificates cannot be read, or those that are given are no authorities.
pub fn tls_config(
    trust: Trust,
    names: Names,
    settings: &NetworkSettings,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, NetworkError> {
    let crypto = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&crypto)).with_safe_default_protocol_versions()?;
    if matches!(trust, Trust::System) && names == Names::Checked {
        return Ok(builder.with_root_certificates(settings.authorities()?));
    }
    let verifier = server_verifier(trust, names, settings, crypto, None)?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier))
}

/// Makes what judges the certificates of servers, and keeps them where somebody wants to know them.
pub(crate) fn server_verifier(
    trust: Trust,
    names: Names,
    settings: &NetworkSettings,
    crypto: Arc<CryptoProvider>,
    shown: Option<ShownCertificates>,
) -> Result<Arc<dyn ServerCertVerifier>, NetworkError> {
    let follow = |roots: RootCertStore| {
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&crypto)).build()
    };
    let (chain, named) = match trust {
        Trust::System => (Some(follow(settings.authorities()?)?), Vec::new()),
        Trust::Authorities(authorities) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(authorities.iter().cloned());
            (Some(follow(roots)?), authorities)
        }
        Trust::Anyone => (None, Vec::new()),
    };
    Ok(Arc::new(Verifier { chain, named, names, crypto, shown }))
}

/// Judges the certificates of servers.
#[derive(Debug)]
struct Verifier {
    /// Follows chains to authorities; absent where everyone is trusted.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Servers' certificates that are good themselves, such as self-signed ones, which no chain leads to.
    named: Vec<CertificateDer<'static>>,
    names: Names,
    crypto: Arc<CryptoProvider>,
    /// Gets what a server shows before it is judged.
    shown: Option<ShownCertificates>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(shown) = &self.shown {
            shown.keep(end_entity, intermediates);
        }
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // Names are looked at last, when all else is in order.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.names == Names::Ignored => Ok(ServerCertVerified::assertion()),
            Err(_) if self.named.iter().any(|named| named.as_ref() == end_entity.as_ref()) => {
                if self.names == Names::Checked {
                    rustls::client::verify_server_name(
                        &ParsedCertificate::try_from(end_entity)?,
                        server_name,
                    )?;
                }
                Ok(ServerCertVerified::assertion())
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.crypto.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.crypto.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}
