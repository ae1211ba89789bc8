//! What makes the providers, by their sources.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use terrane_model::ProviderSource;
use terrane_provider::{Provider, ProviderFactory};

use super::provider::KindProvider;
use super::run::Surroundings;
use crate::docker::{ConnectionSettings, DockerProvider};

/// What the providers need from outside.
#[derive(Debug, Clone)]
pub struct KindOptions {
    /// The environment variables: Docker's, kubectl's and kind's own, and those for proxies.
    pub environment: BTreeMap<String, String>,
    /// The folder that relative paths start from, and that kubeconfig files go into.
    pub working_directory: PathBuf,
}

/// Returns what makes `tehcyx/kind` and `kreuzwerker/docker`.
pub fn kind_factories(options: KindOptions) -> Vec<(ProviderSource, Arc<dyn ProviderFactory>)> {
    let KindOptions { environment, working_directory } = options;
    let settings = ConnectionSettings { environment: environment.clone(), ..ConnectionSettings::default() };
    let surroundings = Surroundings { environment, working_directory };
    let kind = move || Ok(Arc::new(KindProvider::start(surroundings.clone())) as Arc<dyn Provider>);
    let docker = move || Ok(Arc::new(DockerProvider::start(settings.clone())) as Arc<dyn Provider>);
    vec![
        (source("tehcyx", "kind"), Arc::new(kind) as Arc<dyn ProviderFactory>),
        (source("kreuzwerker", "docker"), Arc::new(docker) as Arc<dyn ProviderFactory>),
    ]
}

fn source(namespace: &str, name: &str) -> ProviderSource {
    ProviderSource {
        host: ProviderSource::DEFAULT_HOST.into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}
