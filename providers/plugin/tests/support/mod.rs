//! Real providers, where they have been built.
//!
//! They are looked for in the mirror in `$PROVIDER_CACHE`, by default in the user's cache folder. Tests that
//! need one that is not there say so in one line and pass.

use std::path::PathBuf;
use std::sync::Arc;

use terrane_model::{ProviderSource, Str, Value};
use terrane_provider::{ConfigureRequest, Provider, ProviderFactory};
use terrane_provider_plugin::install::{PackageLocation, Platform, find_in_mirror, program_in};
use terrane_provider_plugin::{PluginFactory, PluginOptions};

/// Returns the options for a real provider, or says that it is not there.
pub(crate) fn real_provider(name: &str) -> Option<PluginOptions> {
    let source = ProviderSource::implied(name);
    let Some(program) = find_program(&source) else {
        eprintln!("skipped: the real provider {name} has not been built");
        return None;
    };
    Some(PluginOptions::new(source.to_string(), program))
}

fn find_program(source: &ProviderSource) -> Option<PathBuf> {
    let cache = std::env::var_os("PROVIDER_CACHE").map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let caches = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home);
        caches.map(|caches| caches.join("terrane-providers"))
    })?;
    let packages = find_in_mirror(&cache.join("mirror"), source).ok()?;
    let mut fitting = packages.into_iter().filter(|package| package.platform == Platform::current());
    match fitting.next_back()?.location {
        PackageLocation::Folder(folder) => program_in(&folder, source).ok(),
        PackageLocation::Archive(_) => None,
    }
}

/// Starts a real provider and configures it with nothing.
pub(crate) async fn configured(name: &str) -> Option<Arc<dyn Provider>> {
    let provider = PluginFactory::new(real_provider(name)?).start().unwrap();
    let schemas = provider.schemas().await.unwrap();
    let problems = provider.configure(configure_request(schemas.provider.empty_value())).await;
    assert!(problems.is_empty(), "{problems:?}");
    Some(provider)
}

/// Returns a request to take a configuration.
pub(crate) fn configure_request(config: Value) -> ConfigureRequest {
    ConfigureRequest { config, terraform_version: "1.11.4".into(), version_constraint: Str::new() }
}

/// Returns an object like another with some attributes replaced.
pub(crate) fn with<N: Into<Str>>(object: &Value, attributes: impl IntoIterator<Item = (N, Value)>) -> Value {
    let kept = object.as_entries().unwrap().iter().cloned();
    let new = attributes.into_iter().map(|(name, value)| (name.into(), value));
    Value::object(kept.chain(new))
}
