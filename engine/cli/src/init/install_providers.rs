//! Choosing versions of providers and installing their packages.
//!
//! Versions come from the lock file, or else are the newest that fulfil all conditions. A package is installed
//! when it has one of the checksums that the lock file holds for it, if it holds any: trust is given once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use terrane_language::config::version_constraint::{Version, VersionConstraints};
use terrane_model::{Diagnostic, Diagnostics, ProviderSource};
use terrane_provider_plugin::install::{
    PackageLocation, Platform, hash_package, matches_any_hash, package_folder, unpack,
};

use super::dependency_lock_file::{DependencyLocks, ProviderLock};
use super::installed_packages::{installed_package, providers_folder};
use super::modules::copy_folder;
use super::package_sources::{Authentication, FoundPackage, PackagePlace, PackageSources, QueryError};
use super::progress::InitProgress;
use super::provider_requirements::ProviderRequirements;
use crate::context::Context;
use crate::session::block_on;

/// What installing providers depends on.
pub struct ProviderInstaller<'a> {
    /// The surroundings.
    pub context: &'a Context,
    /// Gets told what happens.
    pub progress: &'a InitProgress,
    /// Where packages come from.
    pub sources: &'a PackageSources<'a>,
    /// Providers that need no package.
    pub built_in: &'a BTreeSet<ProviderSource>,
    /// Providers that somebody else looks after: they run already or are under development.
    pub unmanaged: &'a BTreeSet<ProviderSource>,
    /// Whether versions are chosen anew although the lock file has some.
    pub upgrade: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Installed {
    /// What the lock file is to say.
    pub locks: DependencyLocks,
    /// Providers of which only checksums for this platform are known.
    pub incomplete: Vec<ProviderSource>,
    /// What places for packages want users to know, by provider.
    pub warnings: BTreeMap<ProviderSource, Vec<String>>,
    /// Whether a package is signed by a key that only its registry vouches for.
    pub has_signatures: bool,
}

const CHECKSUM_HELP: &str =
    "https://developer.hashicorp.com/terraform/language/files/dependency-lock#checksum-verification";

impl ProviderInstaller<'_> {
    /// Chooses and installs what is required.
    ///
    /// # Errors
    /// With everything that did not work out; packages that did are installed all the same.
    pub fn install(
        &self,
        requirements: &ProviderRequirements,
        previous: &DependencyLocks,
    ) -> Result<Installed, Diagnostics> {
        let mut installed = Installed { locks: previous.clone(), ..Installed::default() };
        installed.locks.retain(|source| requirements.contains_key(source));
        let mut problems = Diagnostics::new();
        let mut chosen = Vec::new();
        for (source, constraints) in requirements {
            if self.built_in.contains(source) || source.is_builtin() {
                self.say_built_in(source);
                continue;
            }
            if self.unmanaged.contains(source) {
                continue;
            }
            match self.choose(source, constraints, previous, &mut installed) {
                Ok(version) => chosen.push((source, constraints, version)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.has_errors() {
            return Err(problems);
        }
        for (source, constraints, version) in chosen {
            if let Err(problem) = self.install_one(source, constraints, &version, previous, &mut installed) {
                problems.push(problem);
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(installed) }
    }

    fn say_built_in(&self, source: &ProviderSource) {
        let name = source.for_display();
        let product = if source.is_builtin() { "Terraform" } else { "Terrane" };
        let text = format!("{name} is built in to {product}");
        self.progress.log_both(&format!("- {text}"), &text);
    }

    fn choose(
        &self,
        source: &ProviderSource,
        constraints: &VersionConstraints,
        previous: &DependencyLocks,
        installed: &mut Installed,
    ) -> Result<Version, Diagnostic> {
        let name = source.for_display();
        if let Some(lock) = previous.provider(source).filter(|_| !self.upgrade) {
            self.progress.log_both(
                &format!("- Reusing previous version of {name} from the dependency lock file"),
                &format!("{name}: Reusing previous version from the dependency lock file"),
            );
            if constraints.admits(&lock.version) {
                return Ok(lock.version.clone());
            }
            let reason = format!(
                "locked provider {source} {} does not match configured version constraint {}; must use terrane init -upgrade \
                 to allow selection of new versions",
                lock.version,
                constraints.canonical()
            );
            return Err(query_failed(source, &reason));
        }
        self.newest(source, constraints, installed)
    }

    fn newest(
        &self,
        source: &ProviderSource,
        constraints: &VersionConstraints,
        installed: &mut Installed,
    ) -> Result<Version, Diagnostic> {
        let (name, canonical) = (source.for_display(), constraints.canonical());
        if constraints.is_empty() {
            self.progress.log_both(
                &format!("- Finding latest version of {name}..."),
                &format!("{name}: Finding latest version..."),
            );
        } else {
            self.progress.log_both(
                &format!("- Finding {name} versions matching {canonical:?}..."),
                &format!("Finding matching versions for provider: {name}, version_constraint: {canonical:?}"),
            );
        }
        let available = block_on(self.sources.available_versions(source))
            .map_err(|error| query_failed(source, &error.to_string()))?;
        if !available.warnings.is_empty() {
            installed.warnings.insert(source.clone(), available.warnings);
        }
        let is_wanted = |version: &&Version| {
            constraints.admits(version) && (!version.is_pre_release() || !constraints.is_empty())
        };
        available.versions.iter().filter(is_wanted).max().cloned().ok_or_else(|| {
            let reason = if constraints.is_empty() {
                "no available releases match the given constraints".to_owned()
            } else {
                format!("no available releases match the given constraints {canonical}")
            };
            query_failed(source, &reason)
        })
    }

    fn install_one(
        &self,
        source: &ProviderSource,
        constraints: &VersionConstraints,
        version: &Version,
        previous: &DependencyLocks,
        installed: &mut Installed,
    ) -> Result<(), Diagnostic> {
        let platform = Platform::current();
        let lock = previous.provider(source).filter(|lock| lock.version == *version);
        let known = lock.map(|lock| lock.hashes.clone()).unwrap_or_default();
        let shown = format!("{} v{version}", source.for_display());
        let package = installed_package(self.context, source, version, &platform);
        if package.is_ok_and(|package| package.check(&known).is_ok()) {
            self.progress.log_both(
                &format!("- Using previously-installed {shown}"),
                &format!("{shown}: Using previously-installed provider version"),
            );
            return Ok(());
        }
        let new = self.fetch(source, version, &platform, &known, &shown).map_err(|reason| {
            let detail = format!("Error while installing {shown}: {reason}.");
            Diagnostic::error("Failed to install provider", detail)
        })?;
        installed.has_signatures |= new.is_signed;
        let local = BTreeSet::from([new.local_hash]);
        if new.signed_hashes.is_empty() && known.len() <= local.len() {
            installed.incomplete.push(source.clone());
        }
        let hashes: BTreeSet<String> = known.into_iter().chain(local).chain(new.signed_hashes).collect();
        if let Ok(package) = installed_package(self.context, source, version, &platform) {
            package.remember(&hashes);
        }
        let lock = ProviderLock { version: version.clone(), constraints: constraints.clone(), hashes };
        installed.locks.insert(source.clone(), lock);
        Ok(())
    }

    fn fetch(
        &self,
        source: &ProviderSource,
        version: &Version,
        platform: &Platform,
        known: &BTreeSet<String>,
        shown: &str,
    ) -> Result<NewPackage, String> {
        let text = version.to_string();
        let target = package_folder(&providers_folder(self.context), source, &text, platform);
        let cached = self.context.cli_config.plugin_cache_folder.as_ref();
        let cached = cached.map(|folder| package_folder(folder, source, &text, platform));
        if let Some(cached) = &cached
            && let Some(local_hash) = self.usable_in_cache(cached, known)
        {
            self.progress.log_both(
                &format!("- Using {shown} from the shared cache directory"),
                &format!("{shown}: Using from the shared cache directory"),
            );
            link(cached, &target)?;
            return Ok(NewPackage { local_hash, signed_hashes: Vec::new(), is_signed: false });
        }
        self.progress.log_both(
            &format!("- Installing {shown}..."),
            &format!("Installing provider version: {shown}..."),
        );
        let found =
            block_on(self.sources.package(source, version, platform)).map_err(|error| match error {
                QueryError::NoPackage { .. } if !known.is_empty() => {
                    format!("the previously-selected version {version} is no longer available")
                }
                error => error.to_string(),
            })?;
        let name = format!("{source} {version}");
        match &cached {
            Some(cached) => {
                self.place(&found, cached, known, &name)?;
                link(cached, &target)?;
            }
            None => self.place(&found, &target, known, &name)?,
        }
        let local_hash = hash_package(&PackageLocation::Folder(target)).map_err(|error| error.to_string())?;
        let (authentication, is_signed) = match &found.authentication {
            Authentication::None => ("unauthenticated".to_owned(), false),
            Authentication::Checksum => ("verified checksum".to_owned(), false),
            Authentication::Signed { key_id } => (format!("self-signed, key ID {key_id}"), true),
        };
        self.progress.log_both(
            &format!("- Installed {shown} ({authentication})"),
            &format!("Installed provider version: {shown} ({authentication})"),
        );
        Ok(NewPackage { local_hash, signed_hashes: found.signed_hashes, is_signed })
    }

    /// Returns the hash of a package in the shared cache that may be used. Without a checksum of the lock file,
    /// the lock file would get only this platform's: then the package is got once more, unless the user said
    /// that this does not matter.
    fn usable_in_cache(&self, folder: &Path, known: &BTreeSet<String>) -> Option<String> {
        let package = PackageLocation::Folder(folder.to_owned());
        let hash = folder.is_dir().then(|| hash_package(&package).ok()).flatten()?;
        let may_break = self.context.cli_config.cache_may_break_lock_file && known.is_empty();
        (known.contains(&hash) || may_break).then_some(hash)
    }

    fn place(
        &self,
        found: &FoundPackage,
        target: &Path,
        known: &BTreeSet<String>,
        name: &str,
    ) -> Result<(), String> {
        match &found.place {
            PackagePlace::Local(location) => {
                check(location, &found.hashes, known, &format!("the local package for {name}"))?;
                place_local(location, target)
            }
            PackagePlace::Remote { url, token } => {
                let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
                let download = self.sources.client.download(url, token.as_deref(), file.path());
                block_on(download).map_err(|error| error.to_string())?;
                let location = PackageLocation::Archive(file.path().to_owned());
                check(
                    &location,
                    &found.hashes,
                    known,
                    &format!("the package for {name} from {}", host_of(url)),
                )?;
                unpack(file.path(), target).map_err(|error| error.to_string())
            }
        }
    }
}

/// A package that was just installed.
struct NewPackage {
    local_hash: String,
    signed_hashes: Vec<String>,
    is_signed: bool,
}

fn host_of(url: &reqwest::Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn query_failed(source: &ProviderSource, reason: &str) -> Diagnostic {
    let name = source.for_display();
    let mut detail =
        format!("Could not retrieve the list of available versions for provider {name}: {reason}");
    if !reason.contains("search locations") {
        detail.push_str(&format!(
            "\n\nTo see which modules are currently depending on {name} and what versions are specified, run the following \
             command:\n    terrane providers"
        ));
    }
    Diagnostic::error("Failed to query available provider packages", detail)
}

/// Checks a package against what its place says of it, and against the lock file.
fn check(
    package: &PackageLocation,
    stated: &[String],
    known: &BTreeSet<String>,
    name: &str,
) -> Result<(), String> {
    let fits = |hashes: &mut dyn Iterator<Item = &str>| {
        matches_any_hash(package, hashes).map_err(|error| error.to_string())
    };
    if !stated.is_empty() && !fits(&mut stated.iter().map(String::as_str))? {
        return Err(format!("{name} does not have the checksum that its place states for it"));
    }
    if !known.is_empty() && !fits(&mut known.iter().map(String::as_str))? {
        return Err(format!(
            "{name} doesn't match any of the checksums previously recorded in the dependency lock file (this might be because \
             the available checksums are for packages targeting different platforms); for more information: {CHECKSUM_HELP}"
        ));
    }
    Ok(())
}

fn place_local(location: &PackageLocation, target: &Path) -> Result<(), String> {
    match location {
        PackageLocation::Archive(archive) => unpack(archive, target).map_err(|error| error.to_string()),
        PackageLocation::Folder(folder) => link(folder, target),
    }
}

/// Makes a folder appear in another place: by a link, or where there are none by a copy.
fn link(folder: &Path, target: &Path) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", target.display());
    let folder: PathBuf = folder.canonicalize().map_err(fail)?;
    if target.canonicalize().is_ok_and(|present| present == folder) {
        return Ok(());
    }
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(fail)?;
    }
    if target.is_symlink() {
        std::fs::remove_file(target).map_err(fail)?;
    } else if target.exists() {
        std::fs::remove_dir_all(target).map_err(fail)?;
    }
    #[cfg(unix)]
    if std::os::unix::fs::symlink(&folder, target).is_ok() {
        return Ok(());
    }
    copy_folder(&folder, target).map_err(fail)
}
