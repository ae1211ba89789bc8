//! Other configurations' states, in any backend that there is.

use std::collections::BTreeMap;

use terrane_model::convert::convert;
use terrane_model::{AttributeKind, AttributePath, Block, Diagnostic, Diagnostics, Value};
use terrane_provider::async_trait;
use terrane_provider_standard::{RemoteOutputs, RemoteStateReader};
use terrane_state::read_state;

use crate::args::ParsedFlags;
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
            Ok(kind) => config_of(config, &kind.schema()).err().map(invalid).unwrap_or_default(),
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
        let config = config_of(config, &kind.schema())?;
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

/// Takes what is written as a value of the backend's schema; what is not written is null.
fn config_of(config: &Value, schema: &Block) -> Result<Value, Diagnostic> {
    let mut entries = Vec::new();
    for (name, attribute) in schema.attributes() {
        let value = match &attribute.kind {
            AttributeKind::Nested(nested) => object_of(config, name, &nested.block)?,
            AttributeKind::Plain(wanted) => {
                let written = config.get(name).cloned().unwrap_or_else(|| Value::Null(wanted.clone()));
                convert(&written, wanted).map_err(|error| {
                    let detail = format!("The argument {:?} cannot be used: {error}.", name.as_str());
                    Diagnostic::error("Invalid backend configuration", detail)
                })?
            }
        };
        entries.push((name.clone(), value));
    }
    for (name, nested) in schema.block_types() {
        entries.push((name.clone(), object_of(config, name, &nested.block)?));
    }
    Ok(Value::object(entries))
}

/// Takes an object inside of another one; backends have at most one of a kind.
fn object_of(config: &Value, name: &str, schema: &Block) -> Result<Value, Diagnostic> {
    match config.get(name).filter(|written| !written.is_null()) {
        Some(written) => config_of(written, schema),
        None => Ok(Value::Null(schema.implied_type().clone())),
    }
}
