//! Other configurations' states, in any backend that there is.

use std::collections::BTreeMap;

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};
use terrane_provider::async_trait;
use terrane_provider_standard::{RemoteOutputs, RemoteStateReader};
use terrane_state::read_state;

use crate::args::ParsedFlags;
use crate::backend::config::value_of;
use crate::backend::find_kind;

/// Reads other configurations' states for `terraform_remote_state`.
pub(super) struct RemoteStates {
    /// Backends take settings from variables too.
    pub(super) environment: BTreeMap<String, String>,
}

#[async_trait]
impl RemoteStateReader for RemoteStates {
    fn validate(&self, backend: &str, config: &Value) -> Diagnostics {
        let invalid = |problem: Diagnostic| {
            Diagnostics::from(Diagnostic { summary: "Invalid backend configuration".to_owned(), ..problem })
        };
        match find_kind(backend) {
            // What is not known yet can still become right.
            Ok(_) if !config.is_wholly_known() => Diagnostics::new(),
            Ok(kind) => {
                let at_config = |problem: Diagnostic| {
                    invalid(problem.on_attribute(AttributePath::root().attribute("config")))
                };
                value_of(config, &kind.schema()).err().map(at_config).unwrap_or_default()
            }
            Err(problem) => invalid(problem.on_attribute(AttributePath::root().attribute("backend"))),
        }
    }

    async fn read_outputs(
        &self,
        backend: &str,
        config: &Value,
        workspace: &str,
    ) -> Result<Option<RemoteOutputs>, Diagnostics> {
        let kind = find_kind(backend)?;
        let config = value_of(config, &kind.schema())?;
        let unreadable = |error: String| {
            Diagnostics::from(Diagnostic::error(
                "Error loading state error",
                format!("The state could not be read: {error}."),
            ))
        };
        let opened = kind.open(&self.environment, &ParsedFlags::default(), &config)?;
        let content = opened.read(workspace).await.map_err(|error| unreadable(error.to_string()))?;
        if content.is_empty() {
            return Ok(None);
        }
        let state = read_state(&content).map_err(|error| unreadable(error.to_string()))?;
        // What a provider answers carries no marks: whoever reads another state has to mark its secrets anew.
        Ok(Some(state.outputs.into_iter().map(|(name, output)| (name, output.value)).collect()))
    }
}
