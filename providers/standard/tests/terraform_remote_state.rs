//! `data.terraform_remote_state`.

use std::sync::Arc;

use insta::assert_snapshot;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Str, Value};
use terrane_provider::async_trait;
use terrane_provider_standard::{RemoteOutputs, RemoteStateReader};

use crate::support::engine::read_data;
use crate::support::{render, start_with};

/// A backend that keeps one state, in the workspace and at the path that its outputs tell.
struct OneState;

#[async_trait]
impl RemoteStateReader for OneState {
    fn validate(&self, backend: &str, _config: &Value) -> Diagnostics {
        if backend == "local" {
            return Diagnostics::new();
        }
        let detail = format!("There is no backend type named {backend:?}.");
        Diagnostic::error("Invalid backend configuration", detail)
            .on_attribute(AttributePath::root().attribute("backend"))
            .into()
    }

    async fn read_outputs(
        &self,
        backend: &str,
        config: &Value,
        workspace: &str,
    ) -> Result<Option<RemoteOutputs>, Diagnostics> {
        let path = config.attribute("path");
        match path.as_str().map_or("", Str::as_str) {
            "broken" => Err(Diagnostic::error("Error loading state error", "the file is broken").into()),
            "missing" => Ok(None),
            path => Ok(Some(vec![
                ("backend".into(), backend.into()),
                ("path".into(), path.into()),
                ("workspace".into(), workspace.into()),
            ])),
        }
    }
}

async fn read(json: &str) -> String {
    let provider = start_with("terraform", Arc::new(OneState));
    match read_data(provider.as_ref(), "terraform_remote_state", json).await {
        Ok(state) => render::part(&state.attribute("outputs")),
        Err(diagnostics) => render::diagnostics(&diagnostics),
    }
}

#[tokio::test]
async fn outputs_win_over_defaults() {
    let outputs =
        read(r#"{"backend": "local", "config": {"path": "p"}, "defaults": {"path": "default", "more": 1}}"#)
            .await;
    assert_snapshot!(outputs, @r#"{backend = "local", more = 1, path = "p", workspace = "default"}"#);
    let outputs = read(r#"{"backend": "local", "workspace": "stage"}"#).await;
    assert_snapshot!(outputs, @r#"{backend = "local", path = "", workspace = "stage"}"#);
}

#[tokio::test]
async fn mistakes_and_failures_are_told() {
    assert_snapshot!(read(r#"{"backend": "locl", "defaults": "x"}"#).await, @r#"
    error at .defaults: Invalid default values: Defaults must be given in an object value.
    error at .backend: Invalid backend configuration: There is no backend type named "locl".
    "#);
    assert_snapshot!(read(r#"{"backend": "local", "config": {"path": "missing"}}"#).await, @"error: Unable to find remote state: No stored state was found for the given workspace in the given backend.");
    assert_snapshot!(read(r#"{"backend": "local", "config": {"path": "broken"}}"#).await, @"error: Error loading state error: the file is broken");
}
