//! Lives of identities, roles and locks.

use serde_json::json;

use crate::lifecycle::Life;
use crate::support::Stage;

#[tokio::test]
async fn identities_and_their_credentials() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        stage.group("rg").await;
        let config = json!({"name": "identity", "resource_group_name": "rg", "location": "westeurope"});
        let identity = Life::new("azurerm_user_assigned_identity", config, json!({"tags": {"a": "b"}}))
            .lead(&stage)
            .await;
        assert!(!identity.text("principal_id").is_empty());
        let parent = if version == "~> 4.0" { "parent_id" } else { "user_assigned_identity_id" };
        let config = json!({
            "name": "credential", parent: identity.id(), "issuer": "https://oidc.example.com",
            "subject": "system:serviceaccount:superset:superset", "audience": ["api://AzureADTokenExchange"],
        });
        Life::new("azurerm_federated_identity_credential", config, json!({"subject": "other"}))
            .lead_to_end(&stage)
            .await;
        let found = stage
            .data("azurerm_user_assigned_identity", &json!({"name": "identity", "resource_group_name": "rg"}))
            .await;
        assert_eq!(found.attribute("client_id"), identity.state.attribute("client_id"));
        stage.finish().await;
    }
}

#[tokio::test]
async fn role_assignments() {
    for (version, changes) in [("~> 4.0", json!({})), ("~> 5.0", json!({"description": "changed"}))] {
        let stage = Stage::with_version(version).await;
        let group = stage.group("rg").await;
        let identity = json!({"name": "identity", "resource_group_name": "rg", "location": "westeurope"});
        let identity = stage.create("azurerm_user_assigned_identity", &identity).await;
        let config = json!({
            "scope": group.id(), "principal_id": identity.text("principal_id"), "role_definition_name": "Reader",
            "description": "may look",
        });
        let assignment = Life::new("azurerm_role_assignment", config.clone(), changes).lead(&stage).await;
        assert_eq!(assignment.text("principal_type"), "ServicePrincipal");
        assert!(assignment.text("role_definition_id").starts_with("/subscriptions/"));
        stage.delete(&assignment).await;
        assert!(stage.read(&assignment).await.is_none());
        let by_id = crate::support::replaced(
            &config,
            &json!({
                "role_definition_name": null, "role_definition_id": assignment.text("role_definition_id"),
            }),
        );
        Life::new("azurerm_role_assignment", by_id, json!({})).lead_to_end(&stage).await;
        stage.finish().await;
    }
}

#[tokio::test]
async fn role_definitions() {
    let stage = Stage::new().await;
    let group = stage.group("rg").await;
    let scope = group.id().split("/resourceGroups/").next().unwrap_or_default().to_owned();
    let config = json!({
        "name": "Starter", "scope": scope,
        "permissions": [{"actions": ["Microsoft.Compute/virtualMachines/start/action"], "not_actions": []}],
    });
    let life = Life::new("azurerm_role_definition", config, json!({"description": "starts"}));
    let role = Life { is_replaced_for_name: false, ..life }.lead(&stage).await;
    let found = stage.data("azurerm_role_definition", &json!({"name": "Starter", "scope": scope})).await;
    assert_eq!(found.attribute("role_definition_id"), role.state.attribute("role_definition_id"));
    stage.delete(&role).await;
    stage.finish().await;
}

#[tokio::test]
async fn who_and_where_we_are() {
    let stage = Stage::new().await;
    let client = stage.data("azurerm_client_config", &json!({})).await;
    let subscription = stage.data("azurerm_subscription", &json!({})).await;
    assert_eq!(client.attribute("subscription_id"), subscription.attribute("subscription_id"));
    assert_eq!(client.attribute("tenant_id"), subscription.attribute("tenant_id"));
    let location = stage.data("azurerm_location", &json!({"location": "West Europe"})).await;
    assert_eq!(location.attribute("display_name"), "West Europe".into());
    stage.finish().await;
}

#[tokio::test]
async fn locks() {
    let stage = Stage::new().await;
    let group = stage.group("rg").await;
    let config =
        json!({"name": "keep", "scope": group.id(), "lock_level": "CanNotDelete", "notes": "in use"});
    Life::new("azurerm_management_lock", config, json!({})).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn registrations() {
    let stage = Stage::new().await;
    let registration =
        stage.create("azurerm_resource_provider_registration", &json!({"name": "Microsoft.Cache"})).await;
    assert!(stage.read(&registration).await.is_some());
    stage.delete(&registration).await;
    stage.finish().await;
}
