//! The CLI configuration: what a user sets for all working directories, in `~/.terraformrc`.
//!
//! The files are read with the parser of the language. Terraform reads them with an older one that also takes
//! quoted names of arguments; where users write those (`dev_overrides`), they are understood here too. Arguments
//! that nobody knows are passed over, as Terraform does.

mod credentials;
mod decode;
mod installation;
mod locations;
mod patterns;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;
use terrane_model::{Diagnostics, ProviderSource, SourceMap};

pub use credentials::{Credentials, CredentialsHelper, store_token};
pub use installation::{InstallationMethod, PackageLocationKind};
pub use locations::{config_folder, implied_mirror_folders};

use decode::decode_file;

/// The settings of all files and variables together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CliConfig {
    /// Where providers come from, in order of preference; nothing for the usual places.
    pub installation: Option<Vec<InstallationMethod>>,
    /// Folders with programs that stand for providers whatever version is wanted.
    pub dev_overrides: BTreeMap<ProviderSource, PathBuf>,
    /// Where packages are kept for all working directories.
    pub plugin_cache_folder: Option<PathBuf>,
    /// Whether a package of the cache will do although the lock file has only part of its checksums.
    pub cache_may_break_lock_file: bool,
    /// Tokens for services.
    pub credentials: Credentials,
    /// Services by host, in place of what the host itself says.
    pub host_services: BTreeMap<String, BTreeMap<String, Json>>,
}

/// Reads the files and variables of an environment. What cannot be understood is reported, and the rest counts.
pub fn load(environment: &BTreeMap<String, String>) -> (CliConfig, Diagnostics, SourceMap) {
    let mut config = CliConfig::default();
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let mut has_installation = false;
    for path in locations::files(environment, &mut diagnostics) {
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                diagnostics.push(locations::unreadable(&path, &error));
                continue;
            }
        };
        let found = decode_file(&path.display().to_string(), &text, environment, &mut sources);
        diagnostics.extend(found.diagnostics);
        if found.config.installation.is_some() && std::mem::replace(&mut has_installation, true) {
            diagnostics.push(installation::duplicate());
        }
        config.merge(found.config);
    }
    config.apply_environment(environment);
    (config, diagnostics, sources)
}

impl CliConfig {
    /// Adds what another file says; what was said before wins.
    fn merge(&mut self, other: Self) {
        self.installation = self.installation.take().or(other.installation);
        self.plugin_cache_folder = self.plugin_cache_folder.take().or(other.plugin_cache_folder);
        self.cache_may_break_lock_file |= other.cache_may_break_lock_file;
        for (source, folder) in other.dev_overrides {
            self.dev_overrides.entry(source).or_insert(folder);
        }
        for (host, services) in other.host_services {
            self.host_services.entry(host).or_insert(services);
        }
        self.credentials.merge(other.credentials);
    }

    fn apply_environment(&mut self, environment: &BTreeMap<String, String>) {
        let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        if let Some(folder) = variable("TF_PLUGIN_CACHE_DIR") {
            self.plugin_cache_folder = Some(PathBuf::from(folder));
        }
        if let Some(flag) = variable("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE") {
            self.cache_may_break_lock_file = flag != "0";
        }
        self.credentials.apply_environment(environment);
    }
}

#[cfg(test)]
mod tests;
