//! The provider registry protocol (`providers.v1`).

use serde::Deserialize;
use terrane_language::config::version_constraint::Version;
use terrane_model::ProviderSource;
use terrane_provider_plugin::install::Platform;

use super::http_client::join_url;
use super::network_mirror::read_answer;
use super::package_sources::{
    Authentication, AvailableVersions, FoundPackage, PackagePlace, PackageSources, QueryError,
};
use super::signature::is_signed_by;

#[derive(Deserialize)]
struct Versions {
    versions: Option<Vec<VersionEntry>>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct VersionEntry {
    version: String,
    #[serde(default)]
    protocols: Vec<String>,
}

#[derive(Deserialize)]
struct Download {
    filename: String,
    download_url: String,
    shasum: String,
    shasums_url: Option<String>,
    shasums_signature_url: Option<String>,
    #[serde(default)]
    signing_keys: SigningKeys,
}

#[derive(Deserialize, Default)]
struct SigningKeys {
    #[serde(default)]
    gpg_public_keys: Vec<SigningKey>,
}

#[derive(Deserialize)]
struct SigningKey {
    #[serde(default)]
    key_id: String,
    ascii_armor: String,
}

async fn service(sources: &PackageSources<'_>, source: &ProviderSource) -> Result<reqwest::Url, QueryError> {
    let token = sources.token(&source.host);
    let client = &sources.client;
    let title = "Terraform provider registry";
    let found =
        sources.discovery.address(client, token.as_deref(), &source.host, "providers.v1", title).await;
    Ok(found?)
}

/// Returns the versions that a provider's registry has and that can be run; nothing when it does not know it.
pub(super) async fn versions(
    sources: &PackageSources<'_>,
    source: &ProviderSource,
) -> Result<Option<AvailableVersions>, QueryError> {
    let base = service(sources, source).await?;
    let url = join_url(&base, &format!("{}/{}/versions", source.namespace, source.name))?;
    let answer = sources.client.get(&url, sources.token(&source.host).as_deref()).await?;
    let Some(listed) = read_answer::<Versions>(&url, &answer)? else { return Ok(None) };
    let entries = listed.versions.unwrap_or_default();
    let can_run = |entry: &VersionEntry| {
        entry.protocols.is_empty()
            || entry.protocols.iter().any(|protocol| protocol.starts_with("5.") || protocol.starts_with("6."))
    };
    let versions = entries.iter().filter(|entry| can_run(entry));
    Ok(Some(AvailableVersions {
        versions: versions.filter_map(|entry| Version::parse(&entry.version)).collect(),
        warnings: listed.warnings.unwrap_or_default(),
    }))
}

/// Returns a package with checksums that are signed, where the registry has signatures; nothing when the registry
/// does not have it.
pub(super) async fn package(
    sources: &PackageSources<'_>,
    source: &ProviderSource,
    version: &Version,
    platform: &Platform,
) -> Result<Option<FoundPackage>, QueryError> {
    let base = service(sources, source).await?;
    let path =
        format!("{}/{}/{version}/download/{}/{}", source.namespace, source.name, platform.os, platform.arch);
    let url = join_url(&base, &path)?;
    let answer = sources.client.get(&url, sources.token(&source.host).as_deref()).await?;
    let Some(download) = read_answer::<Download>(&url, &answer)? else { return Ok(None) };
    let invalid = |reason: String| QueryError::Answer { url: url.to_string(), reason };
    let is_checksum =
        download.shasum.len() == 64 && download.shasum.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_checksum {
        return Err(invalid(format!("{:?} is no SHA-256 checksum", download.shasum)));
    }
    let hash = format!("zh:{}", download.shasum.to_lowercase());
    let place = PackagePlace::Remote { url: join_url(&answer.url, &download.download_url)?, token: None };
    let (signed_hashes, authentication) = match signed_checksums(sources, &answer.url, &download).await? {
        None => (Vec::new(), Authentication::Checksum),
        Some((list, key_id)) => {
            let entries = read_checksums(&list);
            let own = entries.iter().find(|(name, _)| *name == download.filename);
            if own.is_none_or(|(_, listed)| *listed != hash) {
                let reason = format!(
                    "the list of checksums has another checksum, or none, for {:?}",
                    download.filename
                );
                return Err(invalid(reason));
            }
            (entries.into_iter().map(|(_, hash)| hash).collect(), Authentication::Signed { key_id })
        }
    };
    Ok(Some(FoundPackage { place, hashes: vec![hash], signed_hashes, authentication }))
}

/// Gets the list of checksums, if the registry has signed ones, and the key that has signed it.
async fn signed_checksums(
    sources: &PackageSources<'_>,
    base: &reqwest::Url,
    download: &Download,
) -> Result<Option<(Vec<u8>, String)>, QueryError> {
    let keys = &download.signing_keys.gpg_public_keys;
    let (Some(list), Some(signature)) = (&download.shasums_url, &download.shasums_signature_url) else {
        return Ok(None);
    };
    if keys.is_empty() {
        return Ok(None);
    }
    let list = sources.client.get_existing(&join_url(base, list)?, None).await?.body;
    let signature = sources.client.get_existing(&join_url(base, signature)?, None).await?.body;
    let key = keys.iter().find(|key| is_signed_by(&key.ascii_armor, &signature, &list));
    let key = key.ok_or(QueryError::Signature)?;
    Ok(Some((list, key.key_id.clone())))
}

/// Reads lines of `CHECKSUM  NAME`.
fn read_checksums(list: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(list);
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    let is_checksum = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    lines
        .filter(|(checksum, _)| is_checksum(checksum))
        .map(|(checksum, name)| (name.trim().to_owned(), format!("zh:{}", checksum.to_lowercase())))
        .collect()
}
