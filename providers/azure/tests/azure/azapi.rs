//! The resource of any type, against types that have tables and types that have none.

use serde_json::{Value as Json, json};
use terrane_azure_emulator::EmulatorConfig;
use terrane_model::Value;

use crate::lifecycle::Life;
use crate::support::{AZAPI, Object, Stage, replaced, text};

pub(crate) const RESOURCE: &str = "azapi_resource";
const UPDATE: &str = "azapi_update_resource";
const ACTION: &str = "azapi_resource_action";
const GROUPS: &str = "Microsoft.Resources/resourceGroups@2023-07-01";
const CACHES: &str = "Microsoft.Cache/redis@2024-11-01";

async fn stage() -> Stage {
    Stage::with(AZAPI, json!({}), EmulatorConfig::default()).await
}

async fn group(stage: &Stage) -> Object {
    let subscription = stage.data("azapi_client_config", &json!({})).await;
    let parent = subscription.attribute("subscription_resource_id");
    let config = json!({
        "type": GROUPS, "name": "rg", "location": "West Europe", "parent_id": parent.as_str().map(ToString::to_string),
        "response_export_values": dynamic(&json!([])),
    });
    stage.create(RESOURCE, &config).await
}

/// Values without a type of their own are written with one.
pub(crate) fn dynamic(json: &Json) -> Json {
    json!({ "type": type_of(json), "value": json })
}

fn type_of(json: &Json) -> Json {
    match json {
        Json::Null => "dynamic".into(),
        Json::Bool(_) => "bool".into(),
        Json::Number(_) => "number".into(),
        Json::String(_) => "string".into(),
        Json::Array(elements) => json!(["tuple", elements.iter().map(type_of).collect::<Vec<_>>()]),
        Json::Object(entries) => {
            let types: serde_json::Map<String, Json> =
                entries.iter().map(|(name, value)| (name.clone(), type_of(value))).collect();
            json!(["object", types])
        }
    }
}

fn cache(group: &Object, capacity: i64) -> Json {
    json!({
        "type": CACHES, "name": "terrane-any", "parent_id": group.id(), "location": "westeurope",
        "body": dynamic(&json!({"properties": {"sku": {"name": "Standard", "family": "C", "capacity": capacity}}})),
        "response_export_values": dynamic(&json!({"host": "properties.hostName", "sku": "properties.sku"})),
    })
}

#[tokio::test]
async fn objects_of_any_type() {
    let stage = stage().await;
    let group = group(&stage).await;
    let config = cache(&group, 1);
    let changes = json!({"body": cache(&group, 2)["body"], "tags": {"a": "b"}});
    // An import shows all of the body, of which the configuration wrote a part.
    let life = Life {
        untold: &["body", "output", "response_export_values"],
        ..Life::new(RESOURCE, config.clone(), changes)
    };
    let object = life.lead(&stage).await;
    let output = object.state.attribute("output");
    assert_eq!(output.attribute("host"), "terrane-any.redis.cache.windows.net".into());
    assert_eq!(output.attribute("sku").attribute("capacity"), Value::number(2_i64));
    let moved = replaced(&config, &json!({"location": "northeurope"}));
    let plan = stage.plan(RESOURCE, &object.state, &moved).await;
    assert_eq!(plan.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".location"]);
    let wrong = dynamic(&json!({"properties": {"sku": {"name": "Huge", "family": "C", "capacity": 1}}}));
    let plan = stage.plan(RESOURCE, &object.state, &replaced(&config, &json!({ "body": wrong }))).await;
    assert!(text(&plan.diagnostics).starts_with("Unknown word in body: "), "{}", text(&plan.diagnostics));
    let found = json!({"type": CACHES, "resource_id": object.id()});
    let found = stage.data(RESOURCE, &found).await;
    assert_eq!(found.attribute("exists"), true.into());
    let missing = json!({"type": CACHES, "parent_id": group.id(), "name": "none", "ignore_not_found": true});
    assert_eq!(stage.data(RESOURCE, &missing).await.attribute("exists"), false.into());
    let listed = stage.data("azapi_resource_list", &json!({"type": CACHES, "parent_id": group.id()})).await;
    assert_eq!(listed.attribute("output").attribute("value").element_count(), Some(1));
    stage.delete(&object).await;
    assert!(stage.read(&object).await.is_none());
    stage.finish().await;
}

#[tokio::test]
async fn drift_is_seen_in_what_was_written_only() {
    let stage = stage().await;
    let group = group(&stage).await;
    let config = json!({
        "type": "Microsoft.Network/networkSecurityGroups@2025-01-01", "name": "nsg", "parent_id": group.id(),
        "location": "westeurope", "body": dynamic(&json!({"properties": {"securityRules": []}})),
    });
    let object = stage.create(RESOURCE, &config).await;
    let rule = json!({
        "type": "Microsoft.Network/networkSecurityGroups/securityRules@2025-01-01", "name": "r",
        "parent_id": object.id(),
        "body": dynamic(&json!({"properties": {
            "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourcePortRange": "*",
            "destinationPortRange": "443", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
        }})),
    });
    stage.create(RESOURCE, &rule).await;
    let drifted = stage.read(&object).await.expect("it is there");
    let plan = stage.plan(RESOURCE, &drifted.state, &config).await;
    assert_ne!(plan.planned_state.attribute("body"), drifted.state.attribute("body"), "the rule is drift");
    let shared = replaced(&config, &json!({"ignore_other_items_in_list": ["properties.securityRules"]}));
    let object = stage.update(&drifted, &shared).await;
    let read = stage.read(&object).await.expect("it is there");
    assert_eq!(stage.plan(RESOURCE, &read.state, &shared).await.planned_state, read.state);
    stage.finish().await;
}

#[tokio::test]
async fn objects_of_others_are_changed_in_part() {
    let stage = stage().await;
    let group = group(&stage).await;
    let object = stage.create(RESOURCE, &cache(&group, 1)).await;
    let patch = |value: &str| {
        json!({
            "type": CACHES, "resource_id": object.id(),
            "body": dynamic(&json!({"properties": {"redisConfiguration": {"maxmemory-policy": value}}})),
            "response_export_values": dynamic(&json!(["properties.redisConfiguration.maxmemory-policy"])),
        })
    };
    let changed = stage.create(UPDATE, &patch("allkeys-lru")).await;
    assert_eq!(stage.plan(UPDATE, &changed.state, &patch("allkeys-lru")).await.planned_state, changed.state);
    let again = stage.update(&changed, &patch("allkeys-lfu")).await;
    let policy = again.state.attribute("output").attribute("properties").attribute("redisConfiguration");
    assert_eq!(policy.attribute("maxmemory-policy"), "allkeys-lfu".into());
    stage.delete(&again).await;
    assert!(stage.read(&object).await.is_some(), "it belongs to somebody else");
    let keys = json!({
        "type": CACHES, "resource_id": object.id(), "action": "listKeys",
        "response_export_values": dynamic(&json!([])),
        "sensitive_response_export_values": dynamic(&json!({"key": "primaryKey"})),
    });
    let done = stage.create(ACTION, &keys).await;
    let key = done.state.attribute("sensitive_output").attribute("key");
    assert!(key.as_str().is_some_and(|key| !key.is_empty()));
    assert_eq!(stage.plan(ACTION, &done.state, &keys).await.planned_state, done.state);
    let seen = stage.data(ACTION, &replaced(&keys, &json!({"sensitive_response_export_values": null}))).await;
    assert_eq!(
        seen.attribute("id").as_str().map(ToString::to_string),
        Some(format!("{}/listKeys", object.id()))
    );
    stage.finish().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_anything_is_sent() {
    let stage = stage().await;
    let config = json!({
        "type": "Microsoft.Cache/redis", "name": "x", "parent_id": "/subscriptions/s/resourceGroups/g",
        "body": dynamic(&json!("{\"properties\": {}}")),
        "response_export_values": dynamic(&json!({"n": "length(@)"})),
    });
    let refused = stage.validate(RESOURCE, &config).await;
    assert_eq!(
        text(&refused),
        "Invalid type: \"Microsoft.Cache/redis\" is no type with a version. Types are written as in \
         Microsoft.Network/virtualNetworks@2025-01-01. .type\n\
         Invalid body: body must be an object, not a text with JSON: leave jsonencode out. .body\n\
         Invalid query: \"length(@)\" cannot be read at \"(@)\". Queries are paths such as properties.subnets[*].id; \
         for filters and functions, export the value and use an expression. .response_export_values"
    );
    stage.finish().await;
}
