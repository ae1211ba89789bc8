//! The provider network mirror protocol: `HOST/NAMESPACE/TYPE/index.json`, `…/VERSION.json`.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use terrane_language::config::version_constraint::Version;
use terrane_model::ProviderSource;
use terrane_provider_plugin::install::Platform;

use super::http_client::{Answer, HttpError, join_url, parse_url};
use super::package_sources::{
    Authentication, AvailableVersions, FoundPackage, PackagePlace, PackageSources, QueryError,
};

#[derive(Deserialize)]
struct Index {
    versions: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Archives {
    archives: BTreeMap<String, Archive>,
}

#[derive(Deserialize)]
struct Archive {
    url: String,
    #[serde(default)]
    hashes: Vec<String>,
}

/// Returns the versions that a mirror has; nothing when it does not know the provider.
pub(super) async fn versions(
    sources: &PackageSources<'_>,
    mirror: &str,
    source: &ProviderSource,
) -> Result<Option<AvailableVersions>, QueryError> {
    let Some((index, _)) = ask::<Index>(sources, mirror, &format!("{source}/index.json")).await? else {
        return Ok(None);
    };
    let versions: BTreeSet<Version> =
        index.versions.keys().filter_map(|version| Version::parse(version)).collect();
    Ok(Some(AvailableVersions { versions, warnings: Vec::new() }))
}

/// Returns a package; nothing when the mirror does not have it.
pub(super) async fn package(
    sources: &PackageSources<'_>,
    mirror: &str,
    source: &ProviderSource,
    version: &Version,
    platform: &Platform,
) -> Result<Option<FoundPackage>, QueryError> {
    let Some((mut answer, base)) =
        ask::<Archives>(sources, mirror, &format!("{source}/{version}.json")).await?
    else {
        return Ok(None);
    };
    let Some(archive) = answer.archives.remove(&platform.to_string()) else { return Ok(None) };
    let url = join_url(&base, &archive.url)?;
    // The token is for the mirror, and for nobody whom it points to.
    let is_same_host =
        url.host_str() == base.host_str() && url.port_or_known_default() == base.port_or_known_default();
    let token = if is_same_host { token_of(sources, &base) } else { None };
    let authentication =
        if archive.hashes.is_empty() { Authentication::None } else { Authentication::Checksum };
    Ok(Some(FoundPackage {
        place: PackagePlace::Remote { url, token },
        hashes: archive.hashes,
        signed_hashes: Vec::new(),
        authentication,
    }))
}

fn token_of(sources: &PackageSources<'_>, url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let name = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    sources.token(&name)
}

async fn ask<T: DeserializeOwned>(
    sources: &PackageSources<'_>,
    mirror: &str,
    path: &str,
) -> Result<Option<(T, Url)>, QueryError> {
    let url = join_url(&parse_url(mirror)?, path)?;
    let token = token_of(sources, &url);
    let answer = sources.client.get(&url, token.as_deref()).await?;
    Ok(read_answer(&url, &answer)?.map(|content| (content, answer.url)))
}

/// Reads an answer's JSON; nothing where there is nothing at the address.
pub(super) fn read_answer<T: DeserializeOwned>(url: &Url, answer: &Answer) -> Result<Option<T>, QueryError> {
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !answer.status.is_success() {
        return Err(HttpError::Status { url: url.to_string(), status: answer.status }.into());
    }
    let content = serde_json::from_slice(&answer.body);
    let content = content.map_err(|error: serde_json::Error| QueryError::Answer {
        url: url.to_string(),
        reason: error.to_string(),
    })?;
    Ok(Some(content))
}
