//! Which services a host offers: `https://HOST/.well-known/terraform.json`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use reqwest::{StatusCode, Url};
use serde_json::Value as Json;

use super::http_client::{HttpClient, HttpError, join_url, parse_url};

/// Finds services, and asks each host once.
pub struct ServiceDiscovery {
    /// What the user set in place of what a host says.
    configured: BTreeMap<String, BTreeMap<String, Json>>,
    found: Mutex<BTreeMap<String, Services>>,
}

/// What a host offers.
#[derive(Debug, Clone)]
struct Services {
    /// What the services' addresses are relative to.
    base: Url,
    by_name: BTreeMap<String, Json>,
}

/// Why a service cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// The host does not answer.
    #[error("could not connect to {host}: {source}")]
    Host {
        /// The host.
        host: String,
        /// Why.
        source: HttpError,
    },
    /// The host says something that is not understood.
    #[error("could not connect to {host}: the discovery document is invalid: {reason}")]
    Document {
        /// The host.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// The host has no such service.
    #[error("host {host} does not offer a {service}")]
    NoService {
        /// The host.
        host: String,
        /// What the service is for.
        service: String,
    },
}

impl ServiceDiscovery {
    /// Takes what the CLI configuration says of hosts.
    pub fn new(configured: BTreeMap<String, BTreeMap<String, Json>>) -> Self {
        Self { configured, found: Mutex::default() }
    }

    /// Returns the address of a service, such as `providers.v1`, which messages call by `title`. It ends with a slash.
    ///
    /// # Errors
    /// When the host cannot be asked or has no such service.
    pub async fn address(
        &self,
        client: &HttpClient,
        token: Option<&str>,
        host: &str,
        service: &str,
        title: &str,
    ) -> Result<Url, DiscoveryError> {
        let (base, entry) = self.entry(client, token, host, service).await?;
        let no_service = || DiscoveryError::NoService { host: host.to_owned(), service: title.to_owned() };
        let text = entry.as_ref().and_then(Json::as_str).ok_or_else(no_service)?;
        let mut url = join_url(&base, text)
            .map_err(|error| DiscoveryError::Document { host: host.to_owned(), reason: error.to_string() })?;
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(url)
    }

    /// Returns what a host says of a service, and what addresses in it are relative to.
    ///
    /// # Errors
    /// When the host cannot be asked.
    pub async fn entry(
        &self,
        client: &HttpClient,
        token: Option<&str>,
        host: &str,
        service: &str,
    ) -> Result<(Url, Option<Json>), DiscoveryError> {
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        let services = match known {
            Some(services) => services,
            None => {
                let services = self.ask(client, token, host).await?;
                let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
                found.insert(host.to_owned(), services.clone());
                services
            }
        };
        Ok((services.base, services.by_name.get(service).cloned()))
    }

    async fn ask(
        &self,
        client: &HttpClient,
        token: Option<&str>,
        host: &str,
    ) -> Result<Services, DiscoveryError> {
        let host_error = |source| DiscoveryError::Host { host: host.to_owned(), source };
        let base = parse_url(&format!("https://{host}/.well-known/terraform.json")).map_err(host_error)?;
        if let Some(services) = self.configured.get(host) {
            return Ok(Services { base, by_name: services.clone() });
        }
        let answer = client.get(&base, token).await.map_err(host_error)?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Services { base: answer.url, by_name: BTreeMap::new() });
        }
        if !answer.status.is_success() {
            return Err(host_error(HttpError::Status { url: base.to_string(), status: answer.status }));
        }
        let by_name = serde_json::from_slice(&answer.body)
            .map_err(|error| DiscoveryError::Document { host: host.to_owned(), reason: error.to_string() })?;
        Ok(Services { base: answer.url, by_name })
    }
}
