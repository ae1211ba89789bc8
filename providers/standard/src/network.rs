//! Reaching the network: TLS by rustls with ring, proxies and certificate authorities as the environment names
//! them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use reqwest::{NoProxy, Proxy};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme, WantsVerifier,
};

/// The environment variables that the providers may look at.
pub(crate) type Environment = BTreeMap<String, String>;

/// Whose certificates are good.
pub(crate) enum Trust {
    /// Those that a known authority has signed.
    System,
    /// Those that one of these authorities has signed, and these themselves.
    Authorities(Vec<CertificateDer<'static>>),
    /// Everyone's.
    Anyone,
}

/// Begins a TLS configuration with the verifier that fits the trust.
pub(crate) fn tls_config(
    trust: Trust,
    environment: &Environment,
) -> Result<ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = begin(provider.clone())?;
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::System => return Ok(builder.with_root_certificates(system_authorities(environment)?)),
        Trust::Anyone => Arc::new(TrustAnyone(provider)),
        Trust::Authorities(authorities) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(authorities.iter().cloned());
            let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let chain = chain.map_err(|error| format!("no certificate authority can be used: {error}"))?;
            Arc::new(TrustNamed { chain, named: authorities })
        }
    };
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier))
}

fn begin(provider: Arc<CryptoProvider>) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, String> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
}

/// The authorities of `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the system's, which may have none: then nobody is
/// trusted.
fn system_authorities(environment: &Environment) -> Result<RootCertStore, String> {
    let path = |name: &str| environment.get(name).filter(|path| !path.is_empty()).map(Path::new);
    let found = match (path("SSL_CERT_FILE"), path("SSL_CERT_DIR").filter(|path| path.is_dir())) {
        (None, None) => rustls_native_certs::load_native_certs(),
        (file, folder) => rustls_native_certs::load_certs_from_paths(file, folder),
    };
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 && path("SSL_CERT_FILE").is_some() {
        let reason = found.errors.first().map(ToString::to_string).unwrap_or_default();
        return Err(format!("no certificate authority can be read: {reason}"));
    }
    Ok(roots)
}

/// Adds the proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name, in either case.
pub(crate) fn with_environment_proxies(
    builder: reqwest::ClientBuilder,
    environment: &Environment,
) -> Result<reqwest::ClientBuilder, reqwest::Error> {
    let variable = |name: &str| {
        let value = environment.get(name).or_else(|| environment.get(&name.to_ascii_lowercase()));
        value.filter(|value| !value.is_empty())
    };
    let exceptions = variable("NO_PROXY").and_then(|list| NoProxy::from_string(list));
    let mut builder = builder.no_proxy();
    if let Some(url) = variable("HTTPS_PROXY") {
        builder = builder.proxy(Proxy::https(url)?.no_proxy(exceptions.clone()));
    }
    if let Some(url) = variable("HTTP_PROXY") {
        builder = builder.proxy(Proxy::http(url)?.no_proxy(exceptions));
    }
    Ok(builder)
}

/// Looks at signatures, but not at who made the certificate, for what name and for how long.
#[derive(Debug)]
struct TrustAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Follows chains to the named authorities, and takes a server's certificate that is itself named: such as a
/// self-signed one, which no chain leads to.
#[derive(Debug)]
struct TrustNamed {
    chain: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for TrustNamed {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let followed =
            self.chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if followed.is_ok() || !self.named.iter().any(|named| named.as_ref() == end_entity.as_ref()) {
            return followed;
        }
        rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
