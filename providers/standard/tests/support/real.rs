//! The providers that these stand for, where they have been built.

use std::path::PathBuf;
use std::sync::Arc;

use terrane_model::{ProviderSource, Str};
use terrane_provider::{ConfigureRequest, Provider, ProviderFactory};
use terrane_provider_plugin::install::{PackageLocation, Platform, find_in_mirror, program_in};
use terrane_provider_plugin::{PluginFactory, PluginOptions};

/// Starts a real provider and configures it with nothing, or says that it is not there.
pub(crate) async fn real_provider(name: &str) -> Option<Arc<dyn Provider>> {
    let source = ProviderSource::implied(name);
    let Some(program) = program(&source) else {
        println!("skipped: the real provider {name} has not been built");
        return None;
    };
    let factory = PluginFactory::new(PluginOptions::new(source.to_string(), program));
    let provider = factory.start().expect("starting is put off");
    let schemas = provider.schemas().await.expect("the provider runs");
    let request = ConfigureRequest {
        config: schemas.provider.empty_value(),
        terraform_version: "1.11.4".into(),
        version_constraint: Str::new(),
    };
    assert!(provider.configure(request).await.is_empty());
    Some(provider)
}

/// Looks in the mirror in `$PROVIDER_CACHE`, by default in the user's cache folder.
fn program(source: &ProviderSource) -> Option<PathBuf> {
    let folder = |variable| std::env::var_os(variable).map(PathBuf::from);
    let caches = || folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    let cache =
        folder("PROVIDER_CACHE").or_else(|| caches().map(|caches| caches.join("terrane-providers")))?;
    let packages = find_in_mirror(&cache.join("mirror"), source).ok()?;
    let fitting = packages.into_iter().rfind(|package| package.platform == Platform::current())?;
    match fitting.location {
        PackageLocation::Folder(folder) => program_in(&folder, source).ok(),
        PackageLocation::Archive(_) => None,
    }
}
