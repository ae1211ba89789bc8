//! Plans that cannot work, found before anything is made.

use serde_json::{Value as Json, json};
use terrane_model::Value;
use terrane_provider::PlannedResource;

use crate::azapi::{RESOURCE, dynamic};
use crate::support::{AZAPI, Stage, text};

async fn planned(stage: &Stage, address: &str, type_name: &str, config: &Json) -> PlannedResource {
    let plan = stage.plan(type_name, &Value::dynamic_null(), config).await;
    PlannedResource {
        address: address.to_owned(),
        type_name: type_name.into(),
        prior_state: Value::dynamic_null(),
        planned_state: plan.planned_state,
        private: Vec::new(),
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
        private: Vec::new(),
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

#[tokio::test]
async fn policies_are_heeded() {
    let mut stage = Stage::new().await;
    let group = stage.group("rg").await;
    let policies = "/providers/Microsoft.Authorization/policyDefinitions";
    let parameters = json!({"listOfAllowedLocations": {"value": ["westeurope"]}});
    let assignment = json!({"properties": {
        "policyDefinitionId": format!("{policies}/e56962a6-4747-49cd-b67b-bf8b01975c4c"), "parameters": parameters,
    }});
    let config = json!({
        "type": "Microsoft.Authorization/policyAssignments@2023-04-01", "name": "places", "parent_id": group.id(),
        "body": dynamic(&assignment), "response_export_values": dynamic(&json!([])),
    });
    stage.speak(AZAPI).await;
    let assignment = stage.create(RESOURCE, &config).await;
    stage.speak("").await;
    let address = "azurerm_storage_account.a";
    let mut abroad = account("terraneabroad");
    abroad["location"] = json!("North Europe");
    let elsewhere = planned(&stage, address, "azurerm_storage_account", &abroad).await;
    let found = text(&stage.provider.check_plan(vec![elsewhere]).await);
    assert!(
        found.starts_with("Forbidden by policy: azurerm_storage_account.a: Azure would refuse this object"),
        "{found}"
    );
    assert!(found.contains(&assignment.id()), "{found}");
    let here = planned(&stage, address, "azurerm_storage_account", &account("terranehere")).await;
    assert_eq!(text(&stage.provider.check_plan(vec![here]).await), "");
    stage.finish().await;
}
