//! Providers without a remote side: terraform, random, null, local, time and the like.
//!
//! Each has the names, arguments, defaults and rules of the provider whose source it stands for, so that
//! configurations and states go back and forth between both. Nothing here knows the engine or a state backend:
//! what a provider needs from outside is handed to [`factories`].

mod identifiers;
mod object;
mod terraform;

use std::sync::Arc;

use terrane_model::ProviderSource;
use terrane_provider::{Provider, ProviderFactory};

pub use terraform::{RemoteOutputs, RemoteStateReader, TerraformFunction, TerraformFunctions};

/// What the providers need from outside.
#[derive(Clone)]
pub struct StandardOptions {
    /// Reads other configurations' states for `terraform_remote_state`.
    pub remote_state: Arc<dyn RemoteStateReader>,
    /// The functions of the built-in provider.
    pub functions: TerraformFunctions,
}

/// Returns what makes each provider, by its source.
pub fn factories(options: StandardOptions) -> Vec<(ProviderSource, Arc<dyn ProviderFactory>)> {
    let terraform = terraform::TerraformProvider::new(options.remote_state, options.functions);
    vec![(ProviderSource::implied("terraform"), shared(Arc::new(terraform)))]
}

/// Makes a factory for a provider without a configuration: every configuration can share one.
fn shared(provider: Arc<dyn Provider>) -> Arc<dyn ProviderFactory> {
    Arc::new(move || Ok(provider.clone()))
}
