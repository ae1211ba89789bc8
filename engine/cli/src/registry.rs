//! Which providers there are: the built-in ones, and what they need from here.

use std::path::PathBuf;
use std::sync::Arc;

use terrane_language::functions::{FunctionError, tfvars};
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ProviderFunctionError, ProviderRegistry, async_trait};
use terrane_provider_standard::{RemoteOutputs, RemoteStateReader, StandardOptions, TerraformFunctions};
use terrane_state::{LocalBackend, LocalOptions, StateBackend, read_state};

use crate::context::Context;

/// Makes the registry of a run.
pub fn registry(context: &Context) -> ProviderRegistry {
    let mut registry = ProviderRegistry::new();
    let options = StandardOptions {
        remote_state: Arc::new(LocalStates),
        functions: TerraformFunctions {
            encode_tfvars: |arguments| tfvars::encode_tfvars(arguments).map_err(function_error),
            decode_tfvars: |arguments| tfvars::decode_tfvars(arguments).map_err(function_error),
            encode_expr: |arguments| tfvars::encode_expr(arguments).map_err(function_error),
        },
        environment: context.environment.clone(),
    };
    for (source, factory) in terrane_provider_standard::factories(options) {
        registry.insert(source, factory);
    }
    registry
}

fn function_error(error: FunctionError) -> ProviderFunctionError {
    ProviderFunctionError { argument: error.argument, message: error.message }
}

/// Reads other configurations' states for `terraform_remote_state`.
struct LocalStates;

#[async_trait]
impl RemoteStateReader for LocalStates {
    fn validate(&self, backend: &str, _config: &Value) -> Diagnostics {
        if backend == "local" {
            return Diagnostics::new();
        }
        let detail = format!("There is no backend type named {backend:?}.");
        Diagnostic::error("Invalid backend configuration", detail).into()
    }

    async fn read_outputs(
        &self,
        _backend: &str,
        config: &Value,
        workspace: &str,
    ) -> Result<Option<RemoteOutputs>, Diagnostics> {
        let mut options = LocalOptions::default();
        let text =
            |name: &str| config.get(name).and_then(Value::as_str).map(|text| PathBuf::from(text.as_str()));
        if let Some(path) = text("path") {
            options.path = path;
        }
        if let Some(folder) = text("workspace_dir") {
            options.workspace_folder = folder;
        }
        let unreadable = |error: String| {
            Diagnostics::from(Diagnostic::error(
                "Error loading state error",
                format!("The state could not be read: {error}."),
            ))
        };
        let content = LocalBackend::new(options)
            .read(workspace)
            .await
            .map_err(|error| unreadable(error.to_string()))?;
        if content.is_empty() {
            return Ok(None);
        }
        let state = read_state(&content).map_err(|error| unreadable(error.to_string()))?;
        // What a provider answers carries no marks: whoever reads another state has to mark its secrets anew.
        Ok(Some(state.outputs.into_iter().map(|(name, output)| (name, output.value)).collect()))
    }
}
