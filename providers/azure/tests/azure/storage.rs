//! Lives of storage accounts and what is in them.

use serde_json::json;

use crate::lifecycle::Life;
use crate::support::{Stage, replaced, text};

const ACCOUNT: &str = "azurerm_storage_account";

fn account(name: &str) -> serde_json::Value {
    json!({
        "name": name, "resource_group_name": "rg", "location": "westeurope", "account_tier": "Standard",
        "account_replication_type": "LRS",
    })
}

#[tokio::test]
async fn accounts() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        stage.group("rg").await;
        let config = replaced(
            &account("terraneplain"),
            &json!({
                "blob_properties": {
                    "versioning_enabled": true, "delete_retention_policy": {"days": 14},
                    "cors_rule": [{
                        "allowed_headers": ["*"], "allowed_methods": ["GET"], "allowed_origins": ["https://a"],
                        "exposed_headers": ["*"], "max_age_in_seconds": 60,
                    }],
                },
            }),
        );
        let changes = json!({
            "account_replication_type": "GRS", "tags": {"a": "b"}, "shared_access_key_enabled": false,
            "blob_properties": {"versioning_enabled": false},
            "network_rules": {"default_action": "Deny", "bypass": ["AzureServices", "Logging"], "ip_rules": ["198.51.100.7"]},
            "share_properties": {"retention_policy": {"days": 3}, "smb": {"versions": ["SMB3.0", "SMB3.1.1"]}},
            "identity": {"type": "SystemAssigned"},
        });
        let object = Life::new(ACCOUNT, config, changes).lead(&stage).await;
        assert_eq!(object.text("primary_blob_endpoint"), "https://terraneplain.blob.core.windows.net/");
        assert_eq!(object.text("primary_file_host"), "terraneplain.file.core.windows.net");
        let connection = object.text("primary_connection_string");
        assert!(connection.contains(&object.text("primary_access_key")), "{connection}");
        let found = stage.data(ACCOUNT, &json!({"name": "terraneplain", "resource_group_name": "rg"})).await;
        assert_eq!(found.attribute("account_replication_type"), "GRS".into());
        assert_eq!(found.attribute("primary_access_key"), object.state.attribute("primary_access_key"));
        stage.delete(&object).await;
        stage.finish().await;
    }
}

#[tokio::test]
async fn containers_shares_queues_and_tables() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        stage.group("rg").await;
        let account = stage.create(ACCOUNT, &account("terraneparts")).await;
        let of = |name: &str, more: serde_json::Value| {
            replaced(&json!({"name": name, "storage_account_id": account.id()}), &more)
        };
        let container = of("state", json!({"metadata": {"a": "b"}}));
        let life = Life::new("azurerm_storage_container", container.clone(), json!({"metadata": {"a": "c"}}));
        let object = life.lead(&stage).await;
        assert_eq!(object.text("url"), "https://terraneparts.blob.core.windows.net/state");
        let found = stage.data("azurerm_storage_container", &of("state", json!({}))).await;
        assert_eq!(found.attribute("id"), object.state.attribute("id"));
        let rights = json!([{"id": "readers", "access_policy": {
            "permissions": "rwl", "start": "2026-01-01T00:00:00Z", "expiry": "2027-01-01T00:00:00Z"}}]);
        let share = of("dags", json!({"quota": 50}));
        let object = Life::new("azurerm_storage_share", share, json!({"quota": 100, "acl": rights}))
            .lead(&stage)
            .await;
        assert_eq!(object.text("url"), "https://terraneparts.file.core.windows.net/dags");
        let queue = of("jobs", json!({}));
        Life::new("azurerm_storage_queue", queue, json!({"metadata": {"a": "b"}})).lead_to_end(&stage).await;
        let table = of("results", json!({}));
        Life::new("azurerm_storage_table", table, json!({"acl": rights})).lead_to_end(&stage).await;
        stage.finish().await;
    }
}

#[tokio::test]
async fn network_rules_apart_from_their_account() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let account = stage.create(ACCOUNT, &account("terranerules")).await;
    let rules =
        json!({"storage_account_id": account.id(), "default_action": "Deny", "ip_rules": ["198.51.100.7"]});
    let object = stage.create("azurerm_storage_account_network_rules", &rules).await;
    assert_eq!(
        stage.plan("azurerm_storage_account_network_rules", &object.state, &rules).await.planned_state,
        object.state
    );
    let wider = replaced(&rules, &json!({"ip_rules": ["198.51.100.7", "203.0.113.0/24"]}));
    let object = stage.update(&object, &wider).await;
    stage.delete(&object).await;
    let left = stage.read(&account).await.expect("the account stays");
    // The account was read before there were rules, so none are left to show.
    assert_eq!(left.state.attribute("network_rules").element_count(), Some(0));
    stage.finish().await;
}

#[tokio::test]
async fn wrong_accounts_are_refused() {
    let stage = Stage::new().await;
    let config = replaced(
        &account("terranewrong"),
        &json!({"account_kind": "Storage", "access_tier": "Hot", "is_hns_enabled": true}),
    );
    let refused = stage.validate(ACCOUNT, &config).await;
    assert_eq!(
        text(&refused),
        "Invalid combination of arguments: Accounts of kind Storage have no access tier. .access_tier\n\
         Invalid combination of arguments: Accounts of kind Storage have no hierarchical namespace. .is_hns_enabled"
    );
    stage.finish().await;
}

#[tokio::test]
async fn accounts_may_be_said_by_name_in_version_4() {
    let stage = Stage::with_version("~> 4.0").await;
    stage.group("rg").await;
    let account = stage.create(ACCOUNT, &account("terranenamed")).await;
    let of = |name: &str, more: serde_json::Value| {
        replaced(&json!({"name": name, "storage_account_name": "terranenamed"}), &more)
    };
    let container = of("state", json!({"metadata": {"a": "a"}}));
    let life = Life::new("azurerm_storage_container", container.clone(), json!({"metadata": {"a": "b"}}));
    let object = life.lead(&stage).await;
    assert_eq!(object.id(), "https://terranenamed.blob.core.windows.net/state");
    let arm_id = format!("{}/blobServices/default/containers/state", account.id());
    assert_eq!(object.text("resource_manager_id"), arm_id);
    let by_id = json!({"name": "state", "storage_account_id": account.id(), "metadata": {"a": "b"}});
    let plan = stage.plan("azurerm_storage_container", &object.state, &by_id).await;
    assert!(plan.requires_replace.is_empty(), "{:?}", plan.requires_replace);
    assert_eq!(stage.update(&object, &by_id).await.id(), arm_id);
    let table = of("results", json!({}));
    let table = stage.create("azurerm_storage_table", &table).await;
    assert_eq!(table.id(), "https://terranenamed.table.core.windows.net/Tables('results')");
    stage.delete(&table).await;
    let elsewhere = json!({"name": "state", "storage_account_name": "terraneother"});
    let error = stage.try_create("azurerm_storage_container", &elsewhere).await.expect_err("no such account");
    assert!(text(&error).starts_with("Storage account not found: "), "{}", text(&error));
    stage.finish().await;
}
