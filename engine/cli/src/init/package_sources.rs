//! Where provider packages come from: registries, mirrors, folders, each for the providers it is set for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use reqwest::Url;
use terrane_language::config::version_constraint::Version;
use terrane_model::ProviderSource;
use terrane_provider_plugin::install::{
    PackageError, PackageLocation, Platform, find_in_mirror, sources_in_mirror,
};

use super::http_client::{HttpClient, HttpError};
use super::service_discovery::{DiscoveryError, ServiceDiscovery};
use super::{network_mirror, registry_client};
use crate::cli_config::{CliConfig, InstallationMethod, PackageLocationKind, implied_mirror_folders};

/// The places for packages in order of preference, and what is needed to ask them.
pub struct PackageSources<'c> {
    methods: Vec<InstallationMethod>,
    config: &'c CliConfig,
    /// Asks hosts.
    pub client: HttpClient,
    /// Finds hosts' services.
    pub discovery: ServiceDiscovery,
}

/// A package that can be had.
#[derive(Debug, Clone)]
pub struct FoundPackage {
    /// Where it is.
    pub place: PackagePlace,
    /// Checksums of which it must have one; none where nobody says any.
    pub hashes: Vec<String>,
    /// Checksums of this version's packages for all platforms that somebody has signed for.
    pub signed_hashes: Vec<String>,
    /// Who vouches for it.
    pub authentication: Authentication,
}

/// Where a package is.
#[derive(Debug, Clone)]
pub enum PackagePlace {
    /// On this machine.
    Local(PackageLocation),
    /// An archive on a server, with the token that it wants.
    Remote {
        /// The address.
        url: Url,
        /// For the server, if it wants one.
        token: Option<String>,
    },
}

/// Who vouches for a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// Nobody.
    None,
    /// Its place has a checksum for it.
    Checksum,
    /// A key that its registry names has signed the checksums.
    Signed {
        /// The key.
        key_id: String,
    },
}

/// What a place says of a provider's versions.
#[derive(Debug, Clone, Default)]
pub struct AvailableVersions {
    /// The versions.
    pub versions: BTreeSet<Version>,
    /// What the place wants users to know.
    pub warnings: Vec<String>,
}

/// Why a place does not have what is asked for.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// No place has the provider.
    #[error("{0}")]
    NoProvider(String),
    /// No place has the version for the platform.
    #[error("provider {source_address} {version} is not available for {platform}")]
    NoPackage {
        /// The provider.
        source_address: ProviderSource,
        /// The version.
        version: Version,
        /// The platform.
        platform: Platform,
    },
    /// A host cannot be used.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// A request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A folder cannot be read.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// An answer is not understood.
    #[error("the answer of {url} is not valid: {reason}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The checksums that a registry speaks of are not signed by its keys.
    #[error("authentication signature from unknown issuer, or not valid")]
    Signature,
}

impl<'c> PackageSources<'c> {
    /// Takes the methods of the CLI configuration; without any, folders that hold packages, and registries for
    /// everything else.
    ///
    /// # Errors
    /// When requests cannot be made at all.
    pub fn configured(
        config: &'c CliConfig,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, QueryError> {
        let methods = config.installation.clone().unwrap_or_else(|| implied_methods(environment));
        Self::with_methods(methods, config, environment)
    }

    /// Takes only folders.
    ///
    /// # Errors
    /// As [`Self::configured`].
    pub fn only_folders(
        folders: &[PathBuf],
        config: &'c CliConfig,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, QueryError> {
        Self::with_methods(folders.iter().map(|folder| mirror(folder)).collect(), config, environment)
    }

    /// Takes only one place.
    ///
    /// # Errors
    /// As [`Self::configured`].
    pub fn only(
        location: PackageLocationKind,
        config: &'c CliConfig,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, QueryError> {
        Self::with_methods(vec![InstallationMethod::all_but(location, [])], config, environment)
    }

    fn with_methods(
        methods: Vec<InstallationMethod>,
        config: &'c CliConfig,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, QueryError> {
        let discovery = ServiceDiscovery::new(config.host_services.clone());
        Ok(Self { methods, config, client: HttpClient::new(environment)?, discovery })
    }

    /// Returns the token for a host.
    pub fn token(&self, host: &str) -> Option<String> {
        self.config.credentials.token(host)
    }

    /// Returns the versions that all places for a provider have together.
    ///
    /// # Errors
    /// When no place has the provider, or one cannot be asked.
    pub async fn available_versions(&self, source: &ProviderSource) -> Result<AvailableVersions, QueryError> {
        let mut all = AvailableVersions::default();
        let mut is_known = false;
        for method in self.methods_for(source) {
            let found = match &method.location {
                PackageLocationKind::Direct => registry_client::versions(self, source).await?,
                PackageLocationKind::FilesystemMirror(folder) => versions_in(folder, source)?,
                PackageLocationKind::NetworkMirror(url) => {
                    network_mirror::versions(self, url, source).await?
                }
            };
            if let Some(found) = found {
                is_known = true;
                all.versions.extend(found.versions);
                all.warnings.extend(found.warnings);
            }
        }
        if is_known { Ok(all) } else { Err(QueryError::NoProvider(self.not_found(source))) }
    }

    /// Returns a package from the first place that has it.
    ///
    /// # Errors
    /// When no place has it, or one cannot be asked.
    pub async fn package(
        &self,
        source: &ProviderSource,
        version: &Version,
        platform: &Platform,
    ) -> Result<FoundPackage, QueryError> {
        for method in self.methods_for(source) {
            let found = match &method.location {
                PackageLocationKind::Direct => {
                    registry_client::package(self, source, version, platform).await?
                }
                PackageLocationKind::FilesystemMirror(folder) => {
                    package_in(folder, source, version, platform)?
                }
                PackageLocationKind::NetworkMirror(url) => {
                    network_mirror::package(self, url, source, version, platform).await?
                }
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
        let (source_address, version, platform) = (source.clone(), version.clone(), platform.clone());
        Err(QueryError::NoPackage { source_address, version, platform })
    }

    fn methods_for(&self, source: &ProviderSource) -> impl Iterator<Item = &InstallationMethod> {
        self.methods.iter().filter(move |method| method.is_for(source))
    }

    fn not_found(&self, source: &ProviderSource) -> String {
        let places: Vec<&PackageLocationKind> =
            self.methods_for(source).map(|method| &method.location).collect();
        match places[..] {
            [] => format!(
                "provider {source} is not covered by any installation method of the CLI configuration"
            ),
            [PackageLocationKind::Direct] => {
                format!("provider registry {} does not have a provider named {source}", source.host)
            }
            _ => {
                let list = places.iter().map(|place| match place {
                    PackageLocationKind::Direct => format!("  - provider registry {}", source.host),
                    PackageLocationKind::FilesystemMirror(folder) => format!("  - {}", folder.display()),
                    PackageLocationKind::NetworkMirror(url) => format!("  - {url}"),
                });
                let list: Vec<String> = list.collect();
                format!(
                    "provider {source} was not found in any of the search locations\n\n{}",
                    list.join("\n")
                )
            }
        }
    }
}

fn mirror(folder: &Path) -> InstallationMethod {
    InstallationMethod::all_but(PackageLocationKind::FilesystemMirror(folder.to_owned()), [])
}

/// Folders that exist are mirrors, and what they have is not looked for in registries.
fn implied_methods(environment: &BTreeMap<String, String>) -> Vec<InstallationMethod> {
    let folders = implied_mirror_folders(environment);
    let folders: Vec<PathBuf> = folders.into_iter().filter(|folder| folder.is_dir()).collect();
    // A folder that cannot be read is reported when a package is looked for in it.
    let local = folders.iter().flat_map(|folder| sources_in_mirror(folder).unwrap_or_default());
    let direct = InstallationMethod::all_but(PackageLocationKind::Direct, local);
    folders.iter().map(|folder| mirror(folder)).chain([direct]).collect()
}

fn versions_in(folder: &Path, source: &ProviderSource) -> Result<Option<AvailableVersions>, QueryError> {
    let found = find_in_mirror(folder, source)?;
    let versions: BTreeSet<Version> =
        found.iter().filter_map(|package| Version::parse(&package.version)).collect();
    Ok((!versions.is_empty()).then_some(AvailableVersions { versions, warnings: Vec::new() }))
}

fn package_in(
    folder: &Path,
    source: &ProviderSource,
    version: &Version,
    platform: &Platform,
) -> Result<Option<FoundPackage>, QueryError> {
    let wanted = version.to_string();
    let mut found = find_in_mirror(folder, source)?.into_iter();
    let found = found.find(|package| package.version == wanted && package.platform == *platform);
    Ok(found.map(|package| FoundPackage {
        place: PackagePlace::Local(package.location),
        hashes: Vec::new(),
        signed_hashes: Vec::new(),
        authentication: Authentication::None,
    }))
}
