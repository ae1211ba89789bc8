//! What the tests share: real providers, where they have been built, and a small engine.
//!
//! Providers are looked for in the mirror in `$PROVIDER_CACHE`, by default in the user's cache folder. Tests that
//! need one that is not there say so in one line and pass.

pub(crate) mod engine;

use std::path::PathBuf;
use std::sync::Arc;

use terrane_model::encode_json::value_from_json;
use terrane_model::{Block, Diagnostics, ProviderSource, Str, Value};
use terrane_provider::{ConfigureRequest, Provider, ProviderFactory};
use terrane_provider_plugin::install::{PackageLocation, Platform, find_in_mirror, program_in};
use terrane_provider_plugin::{PluginFactory, PluginOptions};

/// Returns the options for a real provider, or says that it is not there.
#[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
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
    Some(configure(PluginFactory::new(real_provider(name)?)).await)
}

/// Makes a provider and configures it with nothing.
pub(crate) async fn configure(factory: PluginFactory) -> Arc<dyn Provider> {
    let provider = factory.start().expect("starting is put off");
    let schemas = provider.schemas().await.unwrap_or_else(|problems| panic!("{}", show(&problems)));
    let problems = provider
        .configure(ConfigureRequest {
            config: schemas.provider.empty_value(),
            terraform_version: "1.11.4".into(),
            version_constraint: Str::new(),
        })
        .await;
    assert!(problems.is_empty(), "{}", show(&problems));
    provider
}

/// Reads what a block says; what is not there is as when nothing is written.
pub(crate) fn config(block: &Block, json: &str) -> Value {
    let written =
        value_from_json(json, block.implied_type()).expect("the test writes what the schema allows");
    let empty = block.empty_value();
    let entries = written.as_entries().unwrap_or_default().iter();
    Value::object(entries.map(|(name, value)| {
        let is_missing = value.is_null() && block.block_type(name).is_some();
        (name.clone(), if is_missing { empty.attribute(name) } else { value.clone() })
    }))
}

/// Returns messages as text.
pub(crate) fn show(diagnostics: &Diagnostics) -> String {
    let lines = diagnostics.iter().map(|problem| {
        let attribute = problem.attribute.as_ref().map(|path| format!(" at {path}")).unwrap_or_default();
        format!("{:?}{attribute}: {}\n{}", problem.severity, problem.summary, problem.detail)
    });
    lines.collect::<Vec<_>>().join("\n")
}
