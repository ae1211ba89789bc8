//! What the tests share: values from JSON, a small engine, values as text.

mod folder;
pub(crate) mod web_server;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use folder::Folder;
use terrane_model::{Diagnostics, ProviderSource, Value};
use terrane_provider::{Provider, ProviderFunctionError, async_trait};
use terrane_provider_standard::{
    RemoteOutputs, RemoteStateReader, StandardOptions, TerraformFunctions, factories,
};
pub(crate) use terrane_provider_testing as engine;
pub(crate) use terrane_provider_testing::{render, written};

/// The providers that stand for others.
pub(crate) const PROVIDERS: &[&str] =
    &["archive", "external", "http", "local", "null", "random", "time", "tls"];

/// Starts the provider with a name, with nothing in the outside world.
pub(crate) fn start(name: &str) -> Arc<dyn Provider> {
    start_all(name, Arc::new(NoRemoteState), BTreeMap::new())
}

/// Starts the provider with a name and a reader of remote states.
pub(crate) fn start_with(name: &str, remote_state: Arc<dyn RemoteStateReader>) -> Arc<dyn Provider> {
    start_all(name, remote_state, BTreeMap::new())
}

/// Starts the provider with a name and environment variables.
pub(crate) fn start_in(name: &str, environment: BTreeMap<String, String>) -> Arc<dyn Provider> {
    start_all(name, Arc::new(NoRemoteState), environment)
}

fn start_all(
    name: &str,
    remote_state: Arc<dyn RemoteStateReader>,
    environment: BTreeMap<String, String>,
) -> Arc<dyn Provider> {
    let functions = TerraformFunctions { encode_tfvars: echo, decode_tfvars: echo, encode_expr: echo };
    let source = ProviderSource::implied(name);
    let factories = factories(StandardOptions { remote_state, functions, environment });
    let (_, factory) =
        factories.into_iter().find(|(candidate, _)| *candidate == source).expect("there is such a provider");
    factory.start().expect("the provider starts")
}

fn echo(arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
    match arguments {
        [argument] => Ok(argument.clone()),
        _ => Err(ProviderFunctionError { argument: None, message: "one argument expected".to_owned() }),
    }
}

struct NoRemoteState;

#[async_trait]
impl RemoteStateReader for NoRemoteState {
    fn validate(&self, _backend: &str, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    async fn read_outputs(
        &self,
        _backend: &str,
        _config: &Value,
        _workspace: &str,
    ) -> Result<Option<RemoteOutputs>, Diagnostics> {
        Ok(None)
    }
}
