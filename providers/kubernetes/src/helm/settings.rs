//! What the `provider` block says about Helm itself, beside the cluster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use terrane_model::Value;

/// How Helm is to be used.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct HelmSettings {
    /// Where releases are remembered: in secrets, or in config maps.
    pub(crate) driver: String,
    pub(crate) plugins_path: Option<PathBuf>,
    pub(crate) registry_config_path: Option<PathBuf>,
    pub(crate) repository_config_path: Option<PathBuf>,
    pub(crate) repository_cache: Option<PathBuf>,
    pub(crate) registries: Vec<Registry>,
    /// Whether states hold what the charts render to.
    pub(crate) keeps_manifests: bool,
    /// The namespace of releases that name none.
    pub(crate) namespace: String,
}

/// A registry with the credentials for it.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Registry {
    pub(crate) url: String,
    pub(crate) username: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("url", &self.url).finish_non_exhaustive()
    }
}

impl HelmSettings {
    /// Reads the arguments of the `provider` block, and environment variables for what is not written there.
    pub(crate) fn read(
        config: &Value,
        environment: &BTreeMap<String, String>,
        working_folder: &Path,
    ) -> Self {
        let text = |name: &str, variable: &str| {
            let written = config.get(name).and_then(Value::as_str).map(ToString::to_string);
            let text = written.filter(|text| !text.is_empty());
            text.or_else(|| environment.get(variable).cloned()).filter(|text| !text.is_empty())
        };
        let path = |name: &str, variable: &str| text(name, variable).map(|path| working_folder.join(path));
        let registries = config.get("registries").and_then(Value::as_sequence).unwrap_or_default();
        let experiment = config.get("experiments").and_then(|experiments| experiments.get("manifest"));
        Self {
            driver: text("helm_driver", "HELM_DRIVER").unwrap_or_else(|| "secret".to_owned()).to_lowercase(),
            plugins_path: path("plugins_path", "HELM_PLUGINS_PATH"),
            registry_config_path: path("registry_config_path", "HELM_REGISTRY_CONFIG_PATH"),
            repository_config_path: path("repository_config_path", "HELM_REPOSITORY_CONFIG_PATH"),
            repository_cache: path("repository_cache", "HELM_REPOSITORY_CACHE"),
            registries: registries.iter().filter_map(registry).collect(),
            keeps_manifests: experiment.and_then(Value::as_bool).unwrap_or(true),
            namespace: text("", "HELM_NAMESPACE").unwrap_or_else(|| "default".to_owned()),
        }
    }

    /// Tells whether releases are remembered in config maps.
    pub(crate) fn uses_config_maps(&self) -> bool {
        self.driver.starts_with("configmap")
    }
}

/// Credentials that are not known yet cannot be used yet.
fn registry(value: &Value) -> Option<Registry> {
    let text = |name: &str| Some(value.get(name)?.as_str()?.to_string());
    Some(Registry { url: text("url")?, username: text("username")?, password: text("password")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_comes_before_the_environment() {
        let environment = BTreeMap::from([
            ("HELM_DRIVER".to_owned(), "ConfigMap".to_owned()),
            ("HELM_REPOSITORY_CACHE".to_owned(), "cache".to_owned()),
            ("HELM_NAMESPACE".to_owned(), "tools".to_owned()),
        ]);
        let experiments = Value::object([("manifest", Value::from(false))]);
        let config = Value::object([("repository_cache", Value::from("mine")), ("experiments", experiments)]);
        let settings = HelmSettings::read(&config, &environment, Path::new("/w"));
        assert!(settings.uses_config_maps() && !settings.keeps_manifests);
        assert_eq!(settings.repository_cache, Some(PathBuf::from("/w/mine")));
        assert_eq!(settings.namespace, "tools");
        assert!(HelmSettings::read(&Value::empty_object(), &BTreeMap::new(), Path::new("")).keeps_manifests);
    }
}
