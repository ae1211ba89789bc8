//! Other configurations' states.

use std::path::PathBuf;

use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::async_trait;
use terrane_provider_standard::{RemoteOutputs, RemoteStateReader};
use terrane_state::{LocalBackend, LocalOptions, StateBackend, read_state};

/// Reads other configurations' states for `terraform_remote_state`.
pub(super) struct LocalStates;

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
