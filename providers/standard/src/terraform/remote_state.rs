//! `data.terraform_remote_state`: the outputs of another configuration's state.

use std::sync::Arc;

use terrane_model::{Attribute, AttributePath, Block, Diagnostic, Diagnostics, Schema, Str, Type, Value};
use terrane_provider::async_trait;

use crate::object::with_attributes;

pub(super) const TYPE_NAME: &str = "terraform_remote_state";

/// The name of the workspace that is meant when none is named.
const DEFAULT_WORKSPACE: &str = "default";

/// The outputs of a state's root module, by name.
pub type RemoteOutputs = Vec<(Str, Value)>;

/// Reads states where backends keep them.
#[async_trait]
pub trait RemoteStateReader: Send + Sync {
    /// Checks the type and the configuration of a backend without connecting to it; parts of the
    /// configuration may be unknown, and it is null when none is written. Messages blame a part of the data
    /// source's own configuration: `backend`, or a path below `config`.
    fn validate(&self, backend: &str, config: &Value) -> Diagnostics;

    /// Reads the outputs of a workspace's state; nothing when no state is stored there.
    ///
    /// # Errors
    /// When the backend cannot be reached or the state cannot be read.
    async fn read_outputs(
        &self,
        backend: &str,
        config: &Value,
        workspace: &str,
    ) -> Result<Option<RemoteOutputs>, Diagnostics>;
}

pub(super) fn schema() -> Schema {
    let attributes = [
        (
            "backend",
            Attribute::required(Type::String).describe("The type of the backend, such as `local` or `http`."),
        ),
        (
            "config",
            Attribute::optional(Type::Dynamic)
                .describe("The arguments that a `backend` block for the same place would have."),
        ),
        (
            "defaults",
            Attribute::optional(Type::Dynamic)
                .describe("Outputs to assume where the state has none of that name."),
        ),
        ("outputs", Attribute::computed(Type::Dynamic).describe("The outputs of the state's root module.")),
        (
            "workspace",
            Attribute::optional(Type::String).describe("The workspace, where the backend has several."),
        ),
    ];
    let attributes = attributes.map(|(name, attribute)| (Str::from(name), attribute));
    Schema { version: 0, block: Arc::new(Block::new(attributes, [])) }
}

pub(super) fn validate(reader: &dyn RemoteStateReader, config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let defaults = config.attribute("defaults");
    let is_object = matches!(defaults, Value::Object(_) | Value::Map(_));
    if !defaults.is_null() && defaults.is_known() && !is_object {
        let diagnostic =
            Diagnostic::error("Invalid default values", "Defaults must be given in an object value.");
        diagnostics.push(diagnostic.on_attribute(AttributePath::root().attribute("defaults")));
    }
    if let Some(backend) = config.attribute("backend").as_str() {
        diagnostics.extend(reader.validate(backend, &config.attribute("config")));
    }
    diagnostics
}

/// Returns the data source's value. Outputs of the state win over the defaults.
pub(super) async fn read(reader: &dyn RemoteStateReader, config: &Value) -> (Value, Diagnostics) {
    let backend = config.attribute("backend");
    let workspace = config.attribute("workspace");
    let workspace = workspace.as_str().map_or(DEFAULT_WORKSPACE, Str::as_str);
    let backend = backend.as_str().map_or("", Str::as_str);
    let found = match reader.read_outputs(backend, &config.attribute("config"), workspace).await {
        Ok(found) => found,
        Err(diagnostics) => return (config.clone(), diagnostics),
    };
    let Some(found) = found else {
        let diagnostic = Diagnostic::error(
            "Unable to find remote state",
            "No stored state was found for the given workspace in the given backend.",
        );
        return (config.clone(), diagnostic.into());
    };
    let defaults = config.attribute("defaults");
    let defaults = defaults.as_entries().unwrap_or_default().iter().cloned();
    let outputs = Value::object(defaults.chain(found));
    (with_attributes(config, &[("outputs", outputs)]), Diagnostics::new())
}
