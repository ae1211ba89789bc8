//! `hashicorp/null`.

use insta::assert_snapshot;
use terrane_provider::Effects;

use crate::support::engine::{Action, Instance, read_data};
use crate::support::{render, start};

#[tokio::test]
async fn triggers_replace() {
    let mut instance = Instance::new(start("null"), "null_resource").await;
    let planned = instance.plan(r#"{"triggers": {"a": "(unknown)"}}"#).await;
    assert_snapshot!(render::object(&planned.state), @"
    id = (unknown string)
    triggers = {a = (unknown string)}
    ");
    assert_eq!(instance.converge(r#"{"triggers": {"a": "1"}}"#).await, Action::Create);
    let id = instance.text("id");
    assert!(id.parse::<i64>().is_ok(), "{id}");
    assert_eq!(instance.converge(r#"{"triggers": {"a": "1", "b": null}}"#).await, Action::Update);
    assert_eq!(instance.text("id"), id);
    let replaced = Action::Replace(vec![".triggers".to_owned()]);
    assert_eq!(instance.converge(r#"{"triggers": {"a": "2"}}"#).await, replaced);
    assert_eq!(instance.plan(r#"{"triggers": {"a": "(unknown)"}}"#).await.action, replaced);
    assert_eq!(instance.converge("{}").await, replaced);
    assert_snapshot!(render::diagnostics(&instance.import("1").await), @"error: Resource Import Not Implemented: This resource does not support import. Please contact the provider developer for additional information.");
    instance.destroy().await;
    assert_eq!(instance.provider.effects("null_resource"), Effects::None);
}

#[tokio::test]
async fn the_data_source_returns_its_inputs() {
    let provider = start("null");
    let state = read_data(provider.as_ref(), "null_data_source", r#"{"inputs": {"a": "1"}}"#).await.unwrap();
    let random = state.attribute("random").as_str().unwrap().to_string();
    assert_snapshot!(render::object(&state).replace(&random, "RANDOM"), @r#"
    has_computed_default = "default"
    id = "static"
    inputs = {a = "1"}
    outputs = {a = "1"}
    random = "RANDOM"
    "#);
    let state =
        read_data(provider.as_ref(), "null_data_source", r#"{"has_computed_default": "x"}"#).await.unwrap();
    assert!(state.attribute("outputs").is_null());
}
