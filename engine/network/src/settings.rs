//! What the environment says about reaching the network, and HTTP clients that follow it.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, NoProxy, Proxy};
use rustls::RootCertStore;

use crate::trust::{Names, Trust, tls_config};

/// No single answer of an API takes longer than this, not even a deployment's first one.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Proxies and certificate authorities that the environment names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    proxy_http: Option<String>,
    proxy_https: Option<String>,
    no_proxy: Option<String>,
    certificate_file: Option<PathBuf>,
    certificate_dir: Option<PathBuf>,
}

/// Why there is no way to the network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A file of certificates gives none.
    #[error("no certificate authority could be read from {}: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// Certificates cannot be followed to any authority.
    #[error("no certificate authority can be used: {0}")]
    Authorities(#[from] rustls::client::VerifierBuilderError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// A proxy's address is no URL, or the client cannot be built.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

impl NetworkSettings {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` (either case), `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    pub fn from_environment<'a>(variable: impl Fn(&str) -> Option<&'a String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let either_case = |name: &str| set(name).or_else(|| set(&name.to_ascii_lowercase())).cloned();
        Self {
            proxy_http: either_case("HTTP_PROXY"),
            proxy_https: either_case("HTTPS_PROXY"),
            no_proxy: either_case("NO_PROXY"),
            certificate_file: set("SSL_CERT_FILE").map(PathBuf::from),
            certificate_dir: set("SSL_CERT_DIR").map(PathBuf::from),
        }
    }

    /// Makes a client for an API: it gives up after a time, and follows no redirection.
    ///
    /// # Errors
    /// When certificates cannot be read or a proxy's address is no URL.
    pub fn api_client(&self) -> Result<Client, NetworkError> {
        let builder = self
            .client_builder()?
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        Ok(builder.build()?)
    }

    /// Begins a client that trusts the environment's authorities and goes through its proxies.
    ///
    /// # Errors
    /// When certificates cannot be read or a proxy's address is no URL.
    pub fn client_builder(&self) -> Result<ClientBuilder, NetworkError> {
        let tls = tls_config(Trust::System, Names::Checked, self)?.with_no_client_auth();
        Ok(self.with_proxies(Client::builder().tls_backend_preconfigured(tls))?)
    }

    /// Adds the proxies to a client.
    ///
    /// # Errors
    /// When a proxy's address is no URL.
    pub fn with_proxies(&self, builder: ClientBuilder) -> reqwest::Result<ClientBuilder> {
        let exceptions = self.no_proxy.as_deref().and_then(NoProxy::from_string);
        let mut builder = builder.no_proxy();
        if let Some(url) = &self.proxy_https {
            builder = builder.proxy(Proxy::https(url)?.no_proxy(exceptions.clone()));
        }
        if let Some(url) = &self.proxy_http {
            builder = builder.proxy(Proxy::http(url)?.no_proxy(exceptions));
        }
        Ok(builder)
    }

    /// Returns the certificate authorities of the file and folder named in the environment, else the system's,
    /// which may have none: then nobody is trusted.
    pub(crate) fn authorities(&self) -> Result<RootCertStore, NetworkError> {
        // A folder that does not exist is the normal case of SSL_CERT_DIR set in an image.
        let dir = self.certificate_dir.as_deref().filter(|dir| dir.is_dir());
        let found = match (self.certificate_file.as_deref(), dir) {
            (None, None) => rustls_native_certs::load_native_certs(),
            (file, dir) => rustls_native_certs::load_certs_from_paths(file, dir),
        };
        let mut roots = RootCertStore::empty();
        // Of a system's authorities, some are always such as nobody can read.
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0
            && let Some(path) = &self.certificate_file
        {
            let reason = found.errors.first().map_or("it holds none".to_owned(), ToString::to_string);
            return Err(NetworkError::Certificates { path: path.clone(), reason });
        }
        Ok(roots)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn settings(entries: &[(&str, &str)]) -> NetworkSettings {
        let environment: HashMap<String, String> =
            entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        NetworkSettings::from_environment(|name| environment.get(name))
    }

    #[test]
    fn proxies_and_authorities_come_from_the_environment() {
        let settings = settings(&[
            ("https_proxy", "http://proxy:3128"),
            ("NO_PROXY", "localhost"),
            ("SSL_CERT_FILE", ""),
        ]);
        assert_eq!(settings.proxy_https.as_deref(), Some("http://proxy:3128"));
        assert_eq!(settings.certificate_file, None);
        assert!(settings.api_client().is_ok());
    }

    #[test]
    fn a_file_without_certificates_is_named_in_the_error() {
        let settings = settings(&[("SSL_CERT_FILE", "/nowhere/ca.pem")]);
        let error = settings.api_client().unwrap_err().to_string();
        assert!(error.contains("/nowhere/ca.pem"), "{error}");
    }

    #[test]
    fn a_folder_that_is_not_there_leaves_the_systems_authorities() {
        assert!(settings(&[("SSL_CERT_DIR", "/nowhere/certs")]).api_client().is_ok());
    }

    #[test]
    fn a_proxy_without_an_address_is_refused() {
        assert!(matches!(settings(&[("HTTP_PROXY", "::")]).client_builder(), Err(NetworkError::Client(_))));
    }
}
