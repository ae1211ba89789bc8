//! `terraform_data`.

use std::sync::Arc;

use insta::assert_snapshot;
use terrane_model::{AttributePath, Value};
use terrane_provider::{Effects, MoveRequest};

use crate::support::engine::{Action, Instance, ready};
use crate::support::{render, start};

async fn instance() -> Instance {
    Instance::new(start("terraform"), "terraform_data").await
}

#[tokio::test]
async fn output_follows_input_at_apply() {
    let mut instance = instance().await;
    let planned = instance.plan(r#"{"input": {"a": [1, true]}}"#).await;
    assert_snapshot!(render::object(&planned.state), @"
    id = (unknown string)
    input = {a = [1, true]}
    output = (unknown object({a = tuple([number, bool])}))
    ");
    instance.apply(planned).await;
    assert_snapshot!(instance.show().replace(&instance.text("id"), "ID"), @r#"
    id = "ID"
    input = {a = [1, true]}
    output = {a = [1, true]}
    "#);
    let id = instance.text("id");
    assert_eq!(instance.converge(r#"{"input": "b"}"#).await, Action::Update);
    assert_eq!(instance.text("id"), id);
    assert_eq!(instance.get("output"), Value::from("b"));
    assert_eq!(instance.converge("{}").await, Action::Update);
    assert!(instance.get("output").is_null());
    instance.destroy().await;
}

#[tokio::test]
async fn output_is_null_where_input_is() {
    let planned = instance().await.plan("{}").await;
    assert_snapshot!(render::object(&planned.state), @"id = (unknown string)");
}

#[tokio::test]
async fn output_of_an_unknown_input_is_unknown() {
    let mut instance = instance().await;
    let planned = instance.plan(r#"{"input": "(unknown)"}"#).await;
    assert_snapshot!(render::object(&planned.state), @"
    id = (unknown string)
    input = (unknown any)
    output = (unknown any)
    ");
    assert_eq!(instance.converge(r#"{"input": "a"}"#).await, Action::Create);
    let planned = instance.plan(r#"{"input": "(unknown)"}"#).await;
    assert_eq!(planned.action, Action::Update);
    assert_eq!(planned.state.attribute("output"), Value::dynamic());
}

#[tokio::test]
async fn a_change_of_the_trigger_replaces() {
    let mut instance = instance().await;
    assert_eq!(instance.converge(r#"{"triggers_replace": [1]}"#).await, Action::Create);
    let id = instance.text("id");
    let replaced = instance.converge(r#"{"triggers_replace": [2], "input": "x"}"#).await;
    assert_eq!(replaced, Action::Replace(vec![".triggers_replace".to_owned()]));
    assert_ne!(instance.text("id"), id);
    let planned = instance.plan(r#"{"triggers_replace": "(unknown)", "input": "x"}"#).await;
    assert_eq!(planned.action, Action::Replace(vec![".triggers_replace".to_owned()]));
}

#[tokio::test]
async fn what_the_provider_sets_cannot_be_written() {
    let diagnostics = instance().await.validate(r#"{"id": "x", "output": "(unknown)"}"#).await;
    assert_snapshot!(render::diagnostics(&diagnostics), @r#"
    error at .id: "id" attribute is read-only: Remove it from the configuration.
    error at .output: "output" attribute is read-only: Remove it from the configuration.
    "#);
}

#[tokio::test]
async fn import_needs_no_more_than_the_id() {
    let mut instance = instance().await;
    assert!(instance.import("some-id").await.is_empty());
    assert_snapshot!(instance.show(), @r#"id = "some-id""#);
    let planned = instance.plan(r#"{"input": "x"}"#).await;
    assert_eq!(planned.action, Action::Update);
    assert_snapshot!(render::object(&planned.state), @r#"
    id = "some-id"
    input = "x"
    output = (unknown string)
    "#);
}

#[tokio::test]
async fn stored_states_are_read() {
    let mut instance = instance().await;
    let stored = r#"{"id":"i","input":{"value":[1],"type":["tuple",["number"]]},"output":null,"triggers_replace":null}"#;
    assert!(instance.upgrade(0, stored).await.is_empty());
    assert_snapshot!(instance.show(), @r#"
    id = "i"
    input = [1]
    "#);
    let diagnostics = instance.upgrade(0, "{").await;
    assert_eq!(diagnostics.len(), 1);
}

async fn take_over(provider: &str, type_name: &str, json: &str) -> Result<Value, String> {
    let request = MoveRequest {
        source_provider: provider.into(),
        source_type: type_name.into(),
        source_version: 0,
        source_json: json.into(),
        source_private: Vec::new(),
        target_type: "terraform_data".into(),
    };
    let response = start("terraform").move_resource_state(request).await;
    if response.diagnostics.has_errors() {
        return Err(render::diagnostics(&response.diagnostics));
    }
    Ok(response.state)
}

#[tokio::test]
async fn a_null_resource_becomes_terraform_data() {
    let null = "registry.terraform.io/hashicorp/null";
    let mut instance = instance().await;
    let stored = r#"{"id":"7","triggers":{"a":"1"}}"#;
    instance.state = take_over(null, "null_resource", stored).await.unwrap();
    assert_eq!(instance.plan(r#"{"triggers_replace": {"a": "1"}}"#).await.action, Action::None);
    instance.state = take_over(null, "null_resource", r#"{"id":"7","triggers":null}"#).await.unwrap();
    assert_eq!(instance.plan("{}").await.action, Action::None);

    let mut refused = String::new();
    for (provider, type_name, json) in [
        ("example.com/acme/null", "null_resource", stored),
        (null, "null_thing", stored),
        (null, "null_resource", "7"),
    ] {
        refused += &take_over(provider, type_name, json).await.unwrap_err();
    }
    assert_snapshot!(refused, @"
    error: Unsupported source provider for move operation: Only moving from the official hashicorp/null provider to terraform_data is supported.
    error: Unsupported source resource type for move operation: Only moving from the null_resource managed resource to terraform_data is supported.
    error: Failed to decode source state: The state of the null_resource cannot be read: invalid type: integer `7`, expected object at line 1 column 1.
    ");
}

#[test]
fn no_call_waits() {
    let mut instance = ready(instance());
    let planned = ready(instance.plan(r#"{"input": 1}"#));
    ready(instance.apply(planned));
    assert!(ready(instance.refresh()).is_empty());
    assert_eq!(instance.provider.effects("terraform_data"), Effects::None);
    assert!(instance.state.at_path(&AttributePath::root().attribute("id")).is_some());
}

#[tokio::test]
async fn functions_are_those_that_were_handed_in() {
    let provider = start("terraform");
    let schemas = provider.schemas().await.unwrap();
    let names: Vec<_> = schemas.functions.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["decode_tfvars", "encode_expr", "encode_tfvars"]);
    for name in names {
        let result = provider.call_function(name.as_str().into(), vec![Value::from("x")]).await;
        assert_eq!(result, Ok(Value::from("x")));
    }
    let error = provider.call_function("encode_json".into(), Vec::new()).await.unwrap_err();
    assert_eq!(error.message, "there is no function named \"encode_json\"");
    assert_eq!(Arc::strong_count(&schemas), 2);
}
