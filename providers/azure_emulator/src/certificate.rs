//! The emulator's own certificate authority and its server certificate, made once and kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// Where operating systems keep the certificates that they trust.
const SYSTEM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Names that the server certificate is good for.
const SERVER_NAMES: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "::1",
    "*.vault.azure.net",
    "*.azurecr.io",
    "*.blob.core.windows.net",
    "*.queue.core.windows.net",
    "*.table.core.windows.net",
    "*.file.core.windows.net",
    "*.dfs.core.windows.net",
    "*.web.core.windows.net",
    "*.z6.web.core.windows.net",
    "management.azure.com",
    "login.microsoftonline.com",
    "graph.microsoft.com",
];

/// The files of the certificates.
#[derive(Clone, Debug)]
pub(crate) struct CertificateFiles {
    /// The authority's certificate alone.
    pub(crate) ca: PathBuf,
    /// The system's trusted certificates with ours at the end.
    pub(crate) bundle: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

/// A certificate authority held in memory.
pub(crate) struct Authority {
    pub(crate) certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, both PEM.
pub(crate) struct Issued {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

impl Authority {
    /// Makes an authority with a new key.
    pub(crate) fn generate(name: &str) -> Result<Authority, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = params_of(name, &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let certificate_pem = params.self_signed(&key)?.pem();
        Ok(Authority { certificate_pem, issuer: Issuer::new(params, key) })
    }

    /// Issues a certificate for servers of these names.
    pub(crate) fn issue_server(&self, names: &[&str]) -> Result<Issued, rcgen::Error> {
        let mut params = params_of(names.first().copied().unwrap_or_default(), names)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params)
    }

    /// Issues a client certificate for a user in a group, as Kubernetes reads it.
    pub(crate) fn issue_client(&self, user: &str, group: &str) -> Result<Issued, rcgen::Error> {
        let mut params = params_of(user, &[])?;
        params.distinguished_name.push(DnType::OrganizationName, group);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params)
    }

    fn issue(&self, mut params: CertificateParams) -> Result<Issued, rcgen::Error> {
        let key = KeyPair::generate()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Issued { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }
}

fn params_of(name: &str, names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2054, 1, 1);
    Ok(params)
}

impl CertificateFiles {
    /// Finds the certificates in `directory`, or makes them.
    pub(crate) fn open(directory: &Path) -> io::Result<CertificateFiles> {
        let files = CertificateFiles {
            ca: directory.join("ca.pem"),
            bundle: directory.join("ca-bundle.pem"),
            certificate: directory.join("server.pem"),
            key: directory.join("server-key.pem"),
        };
        // The key is written last: if it is there, so is the rest.
        if !files.key.exists() {
            files.generate()?;
        }
        Ok(files)
    }

    fn generate(&self) -> io::Result<()> {
        let authority = Authority::generate("Azure emulator CA").map_err(io::Error::other)?;
        let server = authority.issue_server(SERVER_NAMES).map_err(io::Error::other)?;
        let system = SYSTEM_BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        fs::write(&self.ca, &authority.certificate_pem)?;
        fs::write(&self.bundle, format!("{system}\n{}", authority.certificate_pem))?;
        fs::write(&self.certificate, &server.certificate_pem)?;
        crate::files::write_private(&self.key, server.key_pem.as_bytes())
    }

    /// Makes the server's TLS configuration: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    pub(crate) fn server_config(&self) -> Result<ServerConfig, String> {
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| error.to_string())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}
