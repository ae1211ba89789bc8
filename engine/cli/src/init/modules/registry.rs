//! The module registry protocol (`modules.v1`).

use reqwest::Url;
use serde::Deserialize;
use terrane_language::config::version_constraint::{Version, VersionConstraints};

use super::fetch::{FetchError, resolve_source};
use super::package_address::PackageAddress;
use crate::cli_config::Credentials;
use crate::init::http_client::{HttpClient, HttpError, join_url};
use crate::init::service_discovery::{DiscoveryError, ServiceDiscovery};

/// Why a registry does not give a module.
#[derive(Debug, thiserror::Error)]
pub(super) enum RegistryError {
    /// The registry cannot be found.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// A request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What it names cannot be got.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The registry does not know the module.
    #[error("module {module:?} cannot be found in the module registry at {host}")]
    NoModule {
        /// The registry.
        host: String,
        /// The module.
        module: String,
    },
    /// An answer is not understood.
    #[error("the answer of the module registry at {host} is not valid: {reason}")]
    Answer {
        /// The registry.
        host: String,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Deserialize)]
struct Listing {
    modules: Vec<ListedModule>,
}

#[derive(Deserialize)]
struct ListedModule {
    #[serde(default)]
    versions: Vec<ListedVersion>,
}

#[derive(Deserialize)]
struct ListedVersion {
    version: String,
}

#[derive(Deserialize)]
struct Location {
    location: String,
}

/// A module of a registry, `namespace/name/provider`.
pub(super) struct RegistryModule<'a> {
    pub(super) host: &'a str,
    pub(super) module: &'a str,
    pub(super) discovery: &'a ServiceDiscovery,
    pub(super) credentials: &'a Credentials,
}

impl RegistryModule<'_> {
    /// Returns all versions.
    pub(super) async fn versions(&self, client: &HttpClient) -> Result<Vec<Version>, RegistryError> {
        let (url, token) = self.address(client, "versions").await?;
        let answer = client.get(&url, token.as_deref()).await?;
        if answer.status == reqwest::StatusCode::NOT_FOUND {
            let (host, module) = (self.host.to_owned(), self.module.to_owned());
            return Err(RegistryError::NoModule { host, module });
        }
        if !answer.status.is_success() {
            return Err(HttpError::Status { url: url.to_string(), status: answer.status }.into());
        }
        let listing: Listing =
            serde_json::from_slice(&answer.body).map_err(|error| self.invalid(&error.to_string()))?;
        let versions = listing.modules.iter().flat_map(|module| &module.versions);
        Ok(versions.filter_map(|entry| Version::parse(&entry.version)).collect())
    }

    /// Returns where a version's package is.
    pub(super) async fn location(
        &self,
        client: &HttpClient,
        version: &Version,
    ) -> Result<PackageAddress, RegistryError> {
        let (url, token) = self.address(client, &format!("{version}/download")).await?;
        let answer = client.get_existing(&url, token.as_deref()).await?;
        let header =
            answer.headers.get("X-Terraform-Get").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = || serde_json::from_slice::<Location>(&answer.body).ok().map(|location| location.location);
        let source = header.filter(|source| !source.is_empty()).or_else(body);
        let source = source.ok_or_else(|| self.invalid("it does not say where the module is"))?;
        Ok(resolve_source(&answer.url, &source)?)
    }

    async fn address(&self, client: &HttpClient, rest: &str) -> Result<(Url, Option<String>), RegistryError> {
        let token = self.credentials.token(self.host);
        let title = "Terraform module registry";
        let base = self.discovery.address(client, token.as_deref(), self.host, "modules.v1", title).await?;
        Ok((join_url(&base, &format!("{}/{rest}", self.module))?, token))
    }

    fn invalid(&self, reason: &str) -> RegistryError {
        RegistryError::Answer { host: self.host.to_owned(), reason: reason.to_owned() }
    }
}

/// Returns the newest version that fulfils the conditions.
pub(super) fn newest<'v>(
    versions: &'v [Version],
    constraints: Option<&VersionConstraints>,
) -> Option<&'v Version> {
    let no_condition = VersionConstraints::default();
    let constraints = constraints.unwrap_or(&no_condition);
    let is_wanted = |version: &&Version| {
        constraints.admits(version) && (!version.is_pre_release() || !constraints.is_empty())
    };
    versions.iter().filter(is_wanted).max()
}
