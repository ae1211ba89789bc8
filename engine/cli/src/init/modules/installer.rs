//! Installing modules while a configuration is read: each call's module is got when it is needed.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use terrane_language::config::CallSource;
use terrane_language::config::version_constraint::{Version, VersionConstraints};
use terrane_language::modules::source_address::join_path;
use terrane_language::modules::{ModuleResolver, ResolvedModule, SourceAddress};
use terrane_model::{Diagnostic, ModulePath, Str};

use super::fetch::{Fetcher, copy_folder};
use super::manifest::{ManifestEntry, ModuleManifest};
use super::package_address::{PackageAddress, join_folders};
use super::registry::{RegistryError, RegistryModule, newest};
use crate::context::Context;
use crate::init::progress::InitProgress;
use crate::init::service_discovery::ServiceDiscovery;
use crate::session::block_on;

/// What installing modules depends on.
pub struct InstallOptions<'a> {
    /// The surroundings.
    pub context: &'a Context,
    /// Gets told what happens.
    pub progress: &'a InitProgress,
    /// Whether modules that are there are got again.
    pub upgrade: bool,
}

/// Installs modules that are asked for.
pub struct InstallingResolver<'a> {
    options: InstallOptions<'a>,
    folder: PathBuf,
    before: ModuleManifest,
    discovery: ServiceDiscovery,
    state: Mutex<Progress>,
}

struct Progress {
    manifest: ModuleManifest,
    fetcher: Fetcher,
}

impl<'a> InstallingResolver<'a> {
    /// Makes a resolver that knows what was installed before.
    pub fn new(options: InstallOptions<'a>) -> Self {
        let folder = options.context.data_directory().join("modules");
        let before = ModuleManifest::read(&folder);
        let state = Progress {
            manifest: ModuleManifest::default(),
            fetcher: Fetcher::new(&options.context.environment),
        };
        let discovery = ServiceDiscovery::new(options.context.cli_config.host_services.clone());
        Self { options, folder, before, discovery, state: Mutex::new(state) }
    }

    /// Writes down what is installed by now.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_manifest(&self) -> Result<(), Diagnostic> {
        self.state().manifest.write(&self.folder).map_err(|error| {
            let detail = format!("Unable to write the module manifest file: {error}.");
            Diagnostic::error("Failed to update module manifest", detail)
        })
    }

    fn state(&self) -> MutexGuard<'_, Progress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was installed before, if it is still what is asked for.
    fn installed_before(
        &self,
        key: &str,
        source: &str,
        constraints: Option<&VersionConstraints>,
    ) -> Option<ManifestEntry> {
        let entry = self.before.get(key).filter(|entry| !self.options.upgrade && entry.source == source)?;
        let version = entry.version.as_deref().and_then(Version::parse);
        let fits = match (constraints, version) {
            (Some(constraints), Some(version)) => constraints.admits(&version),
            _ => true,
        };
        (fits && Path::new(&entry.directory).is_dir()).then(|| entry.clone())
    }

    fn local(&self, key: &str, path: &str, caller: &str) -> Result<ManifestEntry, Diagnostic> {
        let directory = join_path(caller, path);
        if let Some(package) = self.package_of(caller)
            && !Path::new(&directory).starts_with(&package)
        {
            let detail = format!(
                "Error reading module.{key}: the local path {path:?} leads out of the package of the calling module, which \
                 may be somewhere else next time. Use a source that can be got from anywhere."
            );
            return Err(Diagnostic::error("Local module path escapes module package", detail));
        }
        Ok(ManifestEntry { source: normal_path(path), version: None, directory })
    }

    /// Returns the folder of the package that an installed module belongs to.
    fn package_of(&self, directory: &str) -> Option<PathBuf> {
        let inside = Path::new(directory).strip_prefix(&self.folder).ok()?;
        Some(self.folder.join(inside.components().next()?))
    }

    fn remote(&self, key: &str, text: &str) -> Result<ManifestEntry, Diagnostic> {
        let address = PackageAddress::parse(text).map_err(|error| failed(key, text, &error.to_string()))?;
        let source = address.to_string();
        if let Some(entry) = self.installed_before(key, &source, None) {
            return Ok(entry);
        }
        self.options.progress.log(&format!("Downloading {} for {key}...", address.package()));
        self.fetch(key, &address, source, None)
    }

    fn fetch(
        &self,
        key: &str,
        address: &PackageAddress,
        source: String,
        version: Option<String>,
    ) -> Result<ManifestEntry, Diagnostic> {
        let target = self.folder.join(key);
        let fetched = self.state().fetcher.fetch(address, &target);
        let folder = fetched.map_err(|error| failed(key, &address.to_string(), &error.to_string()))?;
        let directory = join_folders(&target.display().to_string(), &folder);
        Ok(ManifestEntry { source, version, directory })
    }

    fn of_registry(
        &self,
        key: &str,
        (host, module, folder): (&str, &str, &str),
        constraints: Option<&VersionConstraints>,
    ) -> Result<ManifestEntry, Diagnostic> {
        let name = format!("{host}/{module}");
        let source = if folder.is_empty() { name.clone() } else { format!("{name}//{folder}") };
        if let Some(entry) = self.installed_before(key, &source, constraints) {
            return Ok(entry);
        }
        let registry = RegistryModule {
            host,
            module,
            discovery: &self.discovery,
            credentials: &self.options.context.cli_config.credentials,
        };
        let failed = |error: RegistryError| {
            let detail = format!("Failed to retrieve the module {name} for module.{key}: {error}.");
            Diagnostic::error("Error accessing remote module registry", detail)
        };
        let (version, mut address) = {
            let mut state = self.state();
            let client = state.fetcher.client().map_err(|error| failed(error.into()))?;
            let versions = block_on(registry.versions(client)).map_err(failed)?;
            let Some(version) = newest(&versions, constraints) else {
                return Err(no_version(key, &name, constraints, &versions));
            };
            self.options.progress.log(&format!("Downloading {name} {version} for {key}..."));
            (version.clone(), block_on(registry.location(client, version)).map_err(failed)?)
        };
        address.folder = join_folders(&address.folder, folder);
        self.fetch(key, &address, source, Some(version.to_string()))
    }
}

impl ModuleResolver for InstallingResolver<'_> {
    fn resolve(
        &self,
        call: &ModulePath,
        source: &SourceAddress,
        caller_directory: &str,
    ) -> Result<ResolvedModule, Diagnostic> {
        let text = match source {
            SourceAddress::Local(text) | SourceAddress::Remote(text) => text.clone(),
            SourceAddress::Registry { host, module, folder } => format!("{host}/{module}//{folder}"),
        };
        let source = CallSource { text: text.into(), address: source.clone(), version: None };
        self.resolve_call(call, &source, caller_directory)
    }

    fn resolve_call(
        &self,
        call: &ModulePath,
        source: &CallSource,
        caller_directory: &str,
    ) -> Result<ResolvedModule, Diagnostic> {
        let names: Vec<&str> = call.calls().iter().map(Str::as_str).collect();
        let key = names.join(".");
        let entry = match &source.address {
            SourceAddress::Local(path) => self.local(&key, path, caller_directory)?,
            SourceAddress::Remote(text) => self.remote(&key, text)?,
            SourceAddress::Registry { host, module, folder } => {
                self.of_registry(&key, (host, module, folder), source.version.as_ref())?
            }
        };
        if self.options.upgrade || self.before.get(&key) != Some(&entry) {
            self.options.progress.log(&format!("- {key} in {}", entry.directory));
        }
        let resolved = ResolvedModule {
            directory: entry.directory.clone(),
            version: entry.version.as_deref().map(Str::from),
        };
        self.state().manifest.insert(key, entry);
        Ok(resolved)
    }
}

/// Copies a module to the working directory; a module beside it is at `local`.
///
/// # Errors
/// Says why that is not possible.
pub fn fetch_root(
    context: &Context,
    fetcher: &mut Fetcher,
    source: &str,
    local: &Path,
) -> Result<(), String> {
    let here = Path::new(".");
    if !local.as_os_str().is_empty() {
        return copy_folder(local, here).map_err(|error| format!("{}: {error}", local.display()));
    }
    let target = context.data_directory().join("modules").join("root.from-module");
    let address = match SourceAddress::parse(source, None).map_err(|error| error.detail)? {
        SourceAddress::Registry { host, module, folder } => {
            let mut address = newest_in_registry(context, fetcher, &host, &module)?;
            address.folder = join_folders(&address.folder, &folder);
            address
        }
        SourceAddress::Local(text) | SourceAddress::Remote(text) => {
            PackageAddress::parse(&text).map_err(|error| error.to_string())?
        }
    };
    let folder = fetcher.fetch(&address, &target).map_err(|error| error.to_string())?;
    let copied = copy_folder(&target.join(folder), here).and_then(|()| std::fs::remove_dir_all(&target));
    copied.map_err(|error| error.to_string())
}

fn newest_in_registry(
    context: &Context,
    fetcher: &mut Fetcher,
    host: &str,
    module: &str,
) -> Result<PackageAddress, String> {
    let discovery = ServiceDiscovery::new(context.cli_config.host_services.clone());
    let credentials = &context.cli_config.credentials;
    let registry = RegistryModule { host, module, discovery: &discovery, credentials };
    let client = fetcher.client().map_err(|error| error.to_string())?;
    let versions = block_on(registry.versions(client)).map_err(|error| error.to_string())?;
    let version = newest(&versions, None).ok_or("it has no versions")?;
    block_on(registry.location(client, version)).map_err(|error| error.to_string())
}

/// Writes a local path without detours, as Terraform does.
fn normal_path(path: &str) -> String {
    let joined = join_path(".", path);
    if joined.starts_with("..") { joined } else { format!("./{}", joined.trim_start_matches("./")) }
}

fn failed(key: &str, source: &str, reason: &str) -> Diagnostic {
    let detail = format!("Could not download module {key:?} source code from {source:?}: {reason}.");
    Diagnostic::error("Failed to download module", detail)
}

fn no_version(
    key: &str,
    name: &str,
    constraints: Option<&VersionConstraints>,
    versions: &[Version],
) -> Diagnostic {
    let newest_of_all = newest(versions, None);
    match (constraints, newest_of_all) {
        (Some(constraints), Some(newest)) => {
            let detail = format!(
                "There is no available version of module {name:?} (module.{key}) which matches the given version constraint. \
                 The newest available version is {newest}, and the constraint is {:?}.",
                constraints.to_string()
            );
            Diagnostic::error("Unresolvable module version constraint", detail)
        }
        _ => {
            let detail = format!("Module {name:?} (module.{key}) has no versions available on its registry.");
            Diagnostic::error("Module has no versions", detail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_paths_are_kept_without_detours() {
        for (written, kept) in [
            ("./m", "./m"),
            ("./m//sub", "./m/sub"),
            ("../a/../b", "../b"),
            ("./a/../b", "./b"),
            ("./", "./."),
        ] {
            assert_eq!(normal_path(written), kept, "{written}");
        }
    }
}
