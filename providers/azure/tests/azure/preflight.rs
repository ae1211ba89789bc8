//! Plans that cannot work, found before anything is made.

use serde_json::{Value as Json, json};
use terrane_model::Value;
use terrane_provider::PlannedResource;

use crate::support::{Stage, text};

async fn planned(stage: &Stage, address: &str, type_name: &str, config: &Json) -> PlannedResource {
    let plan = stage.plan(type_name, &Value::dynamic_null(), config).await;
    PlannedResource {
        address: address.to_owned(),
        type_name: type_name.into(),
        prior_state: Value::dynamic_null(),
        planned_state: plan.planned_state,
    }
}

fn account(name: &str) -> Json {
    json!({
        "name": name, "resource_group_name": "rg", "location": "westeurope", "account_tier": "Standard",
        "account_replication_type": "LRS",
    })
}

#[tokio::test]
async fn names_that_are_taken_are_found() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let owned = stage.create("azurerm_storage_account", &account("terranetaken")).await;
    let other =
        planned(&stage, "azurerm_storage_account.b", "azurerm_storage_account", &account("terranetaken"))
            .await;
    let found = stage.provider.check_plan(vec![other.clone()]).await;
    assert!(
        text(&found)
            .starts_with("Name is taken: azurerm_storage_account.b: The name terranetaken cannot be used: "),
        "{}",
        text(&found)
    );
    let free =
        planned(&stage, "azurerm_storage_account.c", "azurerm_storage_account", &account("terranefree"))
            .await;
    assert_eq!(text(&stage.provider.check_plan(vec![free]).await), "");
    let deleted = PlannedResource {
        address: "azurerm_storage_account.a".to_owned(),
        type_name: "azurerm_storage_account".into(),
        planned_state: Value::Null(owned.state.ty()),
        prior_state: owned.state,
    };
    assert_eq!(text(&stage.provider.check_plan(vec![deleted, other]).await), "");
    stage.finish().await;
}

#[tokio::test]
async fn one_object_has_one_resource() {
    let stage = Stage::new().await;
    let group = json!({"name": "rg", "location": "westeurope"});
    let first = planned(&stage, "azurerm_resource_group.a", "azurerm_resource_group", &group).await;
    let second = planned(&stage, "azurerm_resource_group.b", "azurerm_resource_group", &group).await;
    let found = stage.provider.check_plan(vec![first, second]).await;
    assert!(
        text(&found).starts_with("Two resources for one object: azurerm_resource_group.b: "),
        "{}",
        text(&found)
    );
    stage.finish().await;
}
