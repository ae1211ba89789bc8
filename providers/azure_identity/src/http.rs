//! The HTTP client under everything: TLS by rustls with ring, proxies and certificate authorities as the
//! environment names them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{NoProxy, Proxy};
use rustls::{ClientConfig, RootCertStore};

/// No single answer takes longer than this, not even a deployment's first one.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// What the environment says about reaching the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpSettings {
    proxy_http: Option<String>,
    proxy_https: Option<String>,
    no_proxy: Option<String>,
    certificate_file: Option<PathBuf>,
    certificate_dir: Option<PathBuf>,
}

/// Why there can be no HTTP client.
#[derive(Debug, thiserror::Error)]
pub enum HttpSetupError {
    /// A file of certificates gives none.
    #[error("no certificate authority could be read from {}: {reason}", path.display())]
    Certificates {
        /// File or folder.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// A proxy's address is no URL, or the client cannot be built.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

impl HttpSettings {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` (either case), `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    pub fn from_environment(environment: &HashMap<String, String>) -> Self {
        let either_case = |name: &str| {
            let value = environment.get(name).or_else(|| environment.get(&name.to_ascii_lowercase()));
            value.filter(|value| !value.is_empty()).cloned()
        };
        let path = |name: &str| environment.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self {
            proxy_http: either_case("HTTP_PROXY"),
            proxy_https: either_case("HTTPS_PROXY"),
            no_proxy: either_case("NO_PROXY"),
            certificate_file: path("SSL_CERT_FILE"),
            certificate_dir: path("SSL_CERT_DIR"),
        }
    }

    /// Makes the client.
    ///
    /// # Errors
    /// When certificates cannot be read or a proxy's address is no URL.
    pub fn build(&self) -> Result<reqwest::Client, HttpSetupError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots()?)
            .with_no_client_auth();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        let exceptions = self.no_proxy.as_deref().and_then(NoProxy::from_string);
        if let Some(url) = &self.proxy_https {
            builder = builder.proxy(Proxy::https(url)?.no_proxy(exceptions.clone()));
        }
        if let Some(url) = &self.proxy_http {
            builder = builder.proxy(Proxy::http(url)?.no_proxy(exceptions));
        }
        Ok(builder.build()?)
    }

    /// Returns the certificate authorities to trust: those of the file and folder named in the environment,
    /// else the system's.
    fn roots(&self) -> Result<RootCertStore, HttpSetupError> {
        let found = match (&self.certificate_file, &self.certificate_dir) {
            (None, None) => rustls_native_certs::load_native_certs(),
            (file, dir) => {
                // A folder that does not exist is the normal case of SSL_CERT_DIR set in an image.
                let dir = dir.as_deref().filter(|dir| dir.is_dir());
                rustls_native_certs::load_certs_from_paths(file.as_deref(), dir)
            }
        };
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        let named = self.certificate_file.as_deref().or(self.certificate_dir.as_deref());
        if added == 0
            && let Some(path) = named
        {
            let reason = found.errors.first().map_or("it holds none".to_owned(), ToString::to_string);
            return Err(HttpSetupError::Certificates { path: Path::to_path_buf(path), reason });
        }
        Ok(roots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(entries: &[(&str, &str)]) -> HashMap<String, String> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn proxies_and_authorities_come_from_the_environment() {
        let settings = HttpSettings::from_environment(&environment(&[
            ("https_proxy", "http://proxy:3128"),
            ("NO_PROXY", "localhost"),
            ("SSL_CERT_FILE", ""),
        ]));
        assert_eq!(settings.proxy_https.as_deref(), Some("http://proxy:3128"));
        assert_eq!(settings.certificate_file, None);
        assert!(settings.build().is_ok());
    }

    #[test]
    fn a_file_without_certificates_is_named_in_the_error() {
        let settings = HttpSettings::from_environment(&environment(&[("SSL_CERT_FILE", "/nowhere/ca.pem")]));
        let error = settings.build().unwrap_err().to_string();
        assert!(error.contains("/nowhere/ca.pem"), "{error}");
    }
}
