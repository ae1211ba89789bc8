//! `providers lock` and `providers mirror`: packages for any platform, for the lock file or for a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use terrane_language::config::version_constraint::{Version, VersionConstraints};
use terrane_model::{Diagnostic, Diagnostics, ProviderSource};
use terrane_provider_plugin::install::{
    PackageLocation, Platform, hash_archive, hash_package, matches_any_hash,
};

use super::dependency_lock_file::{DependencyLocks, ProviderLock};
use super::package_sources::{Authentication, FoundPackage, PackagePlace, PackageSources};
use super::provider_requirements::ProviderRequirements;
use super::whole_file::write_whole;
use crate::session::block_on;
use crate::terminal::Terminal;

/// What both commands depend on.
pub struct PackageWork<'a> {
    /// Where packages come from.
    pub sources: &'a PackageSources<'a>,
    /// For which platforms.
    pub platforms: Vec<Platform>,
    /// Gets told what happens.
    pub terminal: &'a Terminal,
}

impl PackageWork<'_> {
    /// Adds the checksums of providers' packages to a lock file's content.
    ///
    /// # Errors
    /// With everything that did not work out.
    pub fn lock(
        &self,
        requirements: &ProviderRequirements,
        locks: &DependencyLocks,
    ) -> Result<DependencyLocks, Diagnostics> {
        let mut updated = locks.clone();
        let mut problems = Diagnostics::new();
        for (source, constraints) in requirements {
            if let Err(reason) = self.lock_one(source, constraints, &mut updated) {
                let detail = format!("Error while locking {}: {reason}.", source.for_display());
                problems.push(Diagnostic::error("Could not retrieve providers for locking", detail));
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(updated) }
    }

    fn lock_one(
        &self,
        source: &ProviderSource,
        constraints: &VersionConstraints,
        locks: &mut DependencyLocks,
    ) -> Result<(), String> {
        let (version, _) = self.choose(source, constraints, locks)?;
        let name = source.for_display();
        for platform in &self.platforms {
            self.terminal.line(&format!("- Fetching {name} {version} for {platform}..."));
            let known = locks.provider(source).filter(|lock| lock.version == version);
            let known = known.map(|lock| lock.hashes.clone()).unwrap_or_default();
            let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
            let (found, location) = self.get(source, &version, platform, file.path())?;
            let authentication = authentication_text(&found.authentication);
            self.terminal.line(&format!("- Retrieved {name} {version} for {platform} ({authentication})"));
            let mut hashes = known.clone();
            hashes.insert(hash_package(&location).map_err(|error| error.to_string())?);
            hashes.extend(found.signed_hashes);
            let what = if known.is_empty() {
                "This was a new provider and the checksums for this platform are now tracked in the lock file"
            } else if hashes == known {
                "All checksums for this platform were already tracked in the lock file"
            } else {
                "Additional checksums for this platform are now tracked in the lock file"
            };
            self.terminal.line(&format!("- Obtained {name} checksums for {platform}; {what}"));
            let constraints = constraints.clone();
            locks.insert(source.clone(), ProviderLock { version: version.clone(), constraints, hashes });
        }
        Ok(())
    }

    /// Puts packages into a folder, in the layout of mirrors, with the files that a server needs.
    ///
    /// # Errors
    /// With everything that did not work out.
    pub fn mirror(
        &self,
        requirements: &ProviderRequirements,
        locks: &DependencyLocks,
        folder: &Path,
    ) -> Result<(), Diagnostics> {
        let mut problems = Diagnostics::new();
        for (source, constraints) in requirements {
            self.terminal.line(&format!("- Mirroring {}...", source.for_display()));
            if let Err(reason) = self.mirror_one(source, constraints, locks, folder) {
                let detail = format!("Error while mirroring {}: {reason}.", source.for_display());
                problems.push(Diagnostic::error("Could not mirror provider", detail));
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(()) }
    }

    fn mirror_one(
        &self,
        source: &ProviderSource,
        constraints: &VersionConstraints,
        locks: &DependencyLocks,
        folder: &Path,
    ) -> Result<(), String> {
        let (version, why) = self.choose(source, constraints, locks)?;
        self.terminal.line(&format!("  - Selected v{version} {why}"));
        let folder = folder.join(source.to_string());
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let known = locks.provider(source).filter(|lock| lock.version == version);
        for platform in &self.platforms {
            self.terminal.line(&format!("  - Downloading package for {platform}..."));
            let file = tempfile::NamedTempFile::new_in(&folder).map_err(|error| error.to_string())?;
            let (found, location) = self.get(source, &version, platform, file.path())?;
            let PackageLocation::Archive(archive) = &location else {
                return Err("its package is a folder, and mirrors are made of archives".to_owned());
            };
            if let Some(lock) = known
                && platform == &Platform::current()
                && !fits(&location, &lock.hashes)?
            {
                return Err("its package has none of the checksums of the dependency lock file".to_owned());
            }
            let target = folder.join(format!("terraform-provider-{}_{version}_{platform}.zip", source.name));
            let content = std::fs::read(archive).map_err(|error| error.to_string())?;
            write_whole(&target, &content).map_err(|error| format!("{}: {error}", target.display()))?;
            let authentication = authentication_text(&found.authentication);
            self.terminal.line(&format!("  - Package authenticated: {authentication}"));
        }
        write_index(&folder, source)
    }

    /// Returns the version of the lock file, or else the newest that fulfils the conditions.
    fn choose(
        &self,
        source: &ProviderSource,
        constraints: &VersionConstraints,
        locks: &DependencyLocks,
    ) -> Result<(Version, String), String> {
        if let Some(lock) = locks.provider(source).filter(|lock| constraints.admits(&lock.version)) {
            return Ok((lock.version.clone(), "to match dependency lock file".to_owned()));
        }
        let available =
            block_on(self.sources.available_versions(source)).map_err(|error| error.to_string())?;
        let is_wanted = |version: &&Version| {
            constraints.admits(version) && (!version.is_pre_release() || !constraints.is_empty())
        };
        let newest = available.versions.iter().filter(is_wanted).max().cloned();
        let why = if constraints.is_empty() {
            "with no constraints".to_owned()
        } else {
            format!("to meet constraints {}", constraints.canonical())
        };
        let version =
            newest.ok_or_else(|| format!("no available releases match {:?}", constraints.canonical()))?;
        Ok((version, why))
    }

    /// Gets a package; one from a server comes into the file.
    fn get(
        &self,
        source: &ProviderSource,
        version: &Version,
        platform: &Platform,
        file: &Path,
    ) -> Result<(FoundPackage, PackageLocation), String> {
        let package = self.sources.package(source, version, platform);
        let found = block_on(package).map_err(|error| error.to_string())?;
        let location = match &found.place {
            PackagePlace::Local(location) => location.clone(),
            PackagePlace::Remote { url, token } => {
                let download = self.sources.client.download(url, token.as_deref(), file);
                block_on(download).map_err(|error| error.to_string())?;
                PackageLocation::Archive(file.to_owned())
            }
        };
        let stated: BTreeSet<String> = found.hashes.iter().cloned().collect();
        if !stated.is_empty() && !fits(&location, &stated)? {
            return Err("its package does not have the checksum that its place states for it".to_owned());
        }
        Ok((found, location))
    }
}

fn fits(location: &PackageLocation, hashes: &BTreeSet<String>) -> Result<bool, String> {
    matches_any_hash(location, hashes.iter().map(String::as_str)).map_err(|error| error.to_string())
}

fn authentication_text(authentication: &Authentication) -> String {
    match authentication {
        Authentication::None => "unauthenticated".to_owned(),
        Authentication::Checksum => "verified checksum".to_owned(),
        Authentication::Signed { key_id } => format!("self-signed, key ID {key_id}"),
    }
}

/// Writes `index.json` and `VERSION.json` of all archives in a provider's folder.
fn write_index(folder: &Path, source: &ProviderSource) -> Result<(), String> {
    let prefix = format!("terraform-provider-{}_", source.name);
    let mut versions: BTreeMap<String, BTreeMap<String, Json>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path: PathBuf = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default().to_owned();
        let parts = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".zip"));
        let Some((version, platform)) = parts.and_then(|rest| rest.split_once('_')) else { continue };
        let location = PackageLocation::Archive(path.clone());
        let content_hash = hash_package(&location).map_err(|error| error.to_string())?;
        let archive_hash = hash_archive(&path).map_err(|error| error.to_string())?;
        let archive = json!({ "hashes": [content_hash, archive_hash], "url": name });
        versions.entry(version.to_owned()).or_default().insert(platform.to_owned(), archive);
    }
    let write = |name: String, content: Json| {
        let text = serde_json::to_string_pretty(&content).unwrap_or_default();
        write_whole(&folder.join(&name), text.as_bytes()).map_err(|error| format!("{name}: {error}"))
    };
    let names: BTreeMap<&String, Json> = versions.keys().map(|version| (version, json!({}))).collect();
    write("index.json".to_owned(), json!({ "versions": names }))?;
    versions
        .iter()
        .try_for_each(|(version, archives)| write(format!("{version}.json"), json!({ "archives": archives })))
}
