//! The certificates by which a plugin and its client know each other.
//!
//! Both are made for one process and never stored: the client's goes to the plugin through its environment, the
//! plugin's comes back with its handshake, and each side accepts exactly the other's. Go's plugins make theirs
//! on the curve P-521, which ring cannot verify; that one algorithm comes from another library.

use std::sync::Arc;

use p521::ecdsa::signature::Verifier;
use p521::ecdsa::{DerSignature, VerifyingKey};
use p521::pkcs8::DecodePublicKey;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// The client's certificate and key.
pub(crate) struct ClientIdentity {
    pub(crate) certificate_pem: String,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl ClientIdentity {
    /// Makes a certificate and its key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(crate) fn generate() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(["localhost".to_owned()])?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.self_signed(&key)?;
        Ok(Self { certificate_pem: certificate.pem(), certificate: certificate.der().clone(), key })
    }

    /// Returns the settings for talking to the one server with this certificate.
    ///
    /// # Errors
    /// When the key does not fit the certificate.
    pub(crate) fn client_config(&self, server: CertificateDer<'static>) -> Result<ClientConfig, Error> {
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = PinnedCertificate { server, crypto: Arc::clone(&crypto) };
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der());
        let mut config = ClientConfig::builder_with_provider(crypto)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(vec![self.certificate.clone()], key.into())?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

/// Accepts one certificate and no other.
#[derive(Debug)]
struct PinnedCertificate {
    server: CertificateDer<'static>,
    crypto: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.server {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signed.scheme == SignatureScheme::ECDSA_NISTP521_SHA512 {
            return verify_p521(message, certificate, signed);
        }
        verify_tls12_signature(message, certificate, signed, &self.crypto.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signed.scheme == SignatureScheme::ECDSA_NISTP521_SHA512 {
            return verify_p521(message, certificate, signed);
        }
        verify_tls13_signature(message, certificate, signed, &self.crypto.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.crypto.signature_verification_algorithms.supported_schemes();
        schemes.push(SignatureScheme::ECDSA_NISTP521_SHA512);
        schemes
    }
}

fn verify_p521(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let bad_signature = || Error::from(CertificateError::BadSignature);
    let public_key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
    let key = VerifyingKey::from_public_key_der(&public_key).map_err(|_| bad_signature())?;
    let signature = DerSignature::try_from(signed.signature()).map_err(|_| bad_signature())?;
    key.verify(message, &signature).map_err(|_| bad_signature())?;
    Ok(HandshakeSignatureValid::assertion())
}
