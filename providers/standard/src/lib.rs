//! Providers without a remote side: terraform, random, null, local, time and the like.
//!
//! Each has the names, arguments, defaults and rules of the provider whose source it stands for, so that
//! configurations and states go back and forth between both. Nothing here knows the engine or a state backend:
//! what a provider needs from outside is handed to [`factories`].

mod archive;
mod blocking;
mod checksums;
mod encodings;
mod external;
mod http;
mod identifiers;
mod keepers;
mod local;
mod moment;
mod null;
mod object;
mod process;
mod random;
mod terraform;
mod time;
mod tls;
mod toolkit;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use terrane_model::ProviderSource;
use terrane_provider::{Provider, ProviderFactory};

use toolkit::{Catalog, StandardProvider};

pub use terraform::{RemoteOutputs, RemoteStateReader, TerraformFunction, TerraformFunctions};

/// The environment variables that the providers may look at.
type Environment = BTreeMap<String, String>;

/// What the providers need from outside.
#[derive(Clone)]
pub struct StandardOptions {
    /// Reads other configurations' states for `terraform_remote_state`.
    pub remote_state: Arc<dyn RemoteStateReader>,
    /// The functions of the built-in provider.
    pub functions: TerraformFunctions,
    /// The environment variables, for proxies, certificate authorities and the user's shell.
    pub environment: BTreeMap<String, String>,
}

/// Returns what makes each provider, by its source.
pub fn factories(options: StandardOptions) -> Vec<(ProviderSource, Arc<dyn ProviderFactory>)> {
    let terraform = terraform::TerraformProvider::new(options.remote_state, options.functions);
    let terraform: Arc<dyn Provider> = Arc::new(terraform);
    let mut factories: Vec<(ProviderSource, Arc<dyn ProviderFactory>)> =
        vec![(ProviderSource::implied("terraform"), Arc::new(move || Ok(terraform.clone())))];
    let environment = Arc::new(options.environment);
    let with_environment = |make_catalog: fn(Arc<Environment>) -> Catalog| {
        let environment = environment.clone();
        factory(move || make_catalog(environment.clone()))
    };
    let named = [
        ("archive", factory(archive::catalog)),
        ("external", with_environment(external::catalog)),
        ("http", with_environment(http::catalog)),
        ("local", factory(local::catalog)),
        ("null", factory(null::catalog)),
        ("random", factory(random::catalog)),
        ("time", factory(time::catalog)),
        ("tls", with_environment(tls::catalog)),
    ];
    factories.extend(named.map(|(name, factory)| (ProviderSource::implied(name), factory)));
    factories
}

/// Makes a factory whose providers share one catalog, made when the first of them starts.
fn factory(make_catalog: impl Fn() -> Catalog + Send + Sync + 'static) -> Arc<dyn ProviderFactory> {
    let catalog = OnceLock::new();
    Arc::new(move || {
        let catalog = catalog.get_or_init(|| Arc::new(make_catalog()));
        let provider: Arc<dyn Provider> = Arc::new(StandardProvider::start(catalog.clone()));
        Ok(provider)
    })
}
