//! One request, from a configuration.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use terrane_model::{Diagnostics, Value, with_causes};
use terrane_network::{Names, NetworkSettings, Trust, tls_config};

use crate::Environment;
use crate::object::Fields;
use crate::toolkit::failure;

/// No connection takes longer than this, even where an answer may.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// What is sent.
pub(super) struct Request {
    pub(super) client: Client,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<String>,
    pub(super) timeout: Option<Duration>,
}

impl Request {
    pub(super) fn new(config: &Value, environment: &Arc<Environment>) -> Result<Self, Diagnostics> {
        let error = |detail: String| failure("Error creating request", detail);
        let text = config.text("url").unwrap_or("");
        let url = Url::parse(text).map_err(|cause| error(format!("{text:?} is no URL: {cause}.")))?;
        let method = config.text("method").unwrap_or("GET");
        let timeout = config.integer("request_timeout_ms").filter(|timeout| *timeout > 0);
        Ok(Self {
            client: client(config, environment)?,
            method: Method::from_bytes(method.as_bytes()).map_err(|cause| error(cause.to_string()))?,
            url,
            headers: headers(config).map_err(error)?,
            body: config.text("request_body").map(str::to_owned),
            timeout: timeout.map(|timeout| Duration::from_millis(timeout.unsigned_abs())),
        })
    }

    /// Sends it once.
    pub(super) async fn send(&self) -> Result<reqwest::Response, reqwest::Error> {
        let mut request =
            self.client.request(self.method.clone(), self.url.clone()).headers(self.headers.clone());
        if let Some(timeout) = self.timeout {
            request = request.timeout(timeout);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        request.send().await
    }
}

fn headers(config: &Value) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let written = config.get("request_headers").and_then(Value::as_entries).unwrap_or_default();
    for (name, value) in written {
        let text = value.as_str().map_or("", |text| text.as_str());
        let name: HeaderName =
            name.parse().map_err(|_| format!("{name:?} cannot be the name of a header."))?;
        let value = HeaderValue::from_str(text)
            .map_err(|_| format!("The value of the header {name} cannot be sent."))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn client(config: &Value, environment: &Arc<Environment>) -> Result<Client, Diagnostics> {
    let error = |detail: String| failure("Error configuring TLS client", detail);
    let trust = if config.boolean("insecure") == Some(true) {
        Trust::Anyone
    } else if let Some(pem) = config.text("ca_cert_pem") {
        Trust::Authorities(authorities(pem).map_err(error)?)
    } else {
        Trust::System
    };
    let settings = NetworkSettings::from_environment(|name| environment.get(name));
    let tls = tls_config(trust, Names::Checked, &settings).map_err(|cause| error(cause.to_string()))?;
    let tls = match (config.text("client_cert_pem"), config.text("client_key_pem")) {
        (Some(certificates), Some(key)) => {
            let identity = client_identity(certificates, key).and_then(|(chain, key)| {
                tls.with_client_auth_cert(chain, key).map_err(|cause| cause.to_string())
            });
            identity.map_err(|cause| {
                let detail = format!("The client certificate and its key cannot be used: {cause}");
                failure("Error creating x509 key pair", detail)
            })?
        }
        _ => tls.with_no_client_auth(),
    };
    let builder = Client::builder()
        .user_agent("terrane")
        .connect_timeout(CONNECT_TIMEOUT)
        .tls_backend_preconfigured(tls);
    let built = settings.with_proxies(builder).and_then(reqwest::ClientBuilder::build);
    built.map_err(|cause| failure("Error configuring http transport", with_causes(&cause)))
}

fn authorities(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok).collect();
    if certificates.is_empty() {
        return Err(
            "ca_cert_pem holds no certificate. Only PEM encoded certificates are supported.".to_owned()
        );
    }
    Ok(certificates)
}

fn client_identity(
    certificates: &str,
    key: &str,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates.as_bytes()).collect();
    let chain = chain.map_err(|error| format!("client_cert_pem: {error}"))?;
    let key =
        PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| format!("client_key_pem: {error}"))?;
    Ok((chain, key))
}
