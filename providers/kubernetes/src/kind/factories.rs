//! What makes the providers, by their sources.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use terrane_model::{Diagnostic, ProviderSource};
use terrane_provider::{Provider, ProviderFactory};

use super::observe::observe;
use super::provider::KindProvider;
use super::run::Surroundings;
use crate::docker::{ConnectionSettings, DockerProvider, connect};

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

/// Returns the kubeconfig of a local cluster, as it is reached from this machine.
///
/// # Errors
/// When Docker does not answer, or there is no such cluster, or it is not up.
pub async fn kind_kubeconfig(options: &KindOptions, cluster: &str) -> Result<String, Diagnostic> {
    let summary = "Local cluster";
    let settings =
        ConnectionSettings { environment: options.environment.clone(), ..ConnectionSettings::default() };
    let engine = connect(&settings).await.map_err(|error| error.diagnostic(summary))?;
    let observed = observe(&engine, cluster).await.map_err(|error| error.diagnostic(summary, &[], ""))?;
    let access = observed.and_then(|observed| observed.access);
    access.map(|access| access.text()).ok_or_else(|| {
        let detail = format!(
            "There is no cluster {cluster:?} that is up. The command \"kind get clusters\" lists all."
        );
        Diagnostic::error(summary, detail)
    })
}

fn source(namespace: &str, name: &str) -> ProviderSource {
    ProviderSource {
        host: ProviderSource::DEFAULT_HOST.into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}
