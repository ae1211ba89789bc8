//! Lives of key vaults with what is in them, and of what watches over resources.

use serde_json::{Value as Json, json};
use terrane_azure_emulator::EmulatorConfig;

use crate::lifecycle::Life;
use crate::support::{Object, Stage, replaced, text};

const VAULT: &str = "azurerm_key_vault";
const POLICY: &str = "azurerm_key_vault_access_policy";
const SECRET: &str = "azurerm_key_vault_secret";
const KEY: &str = "azurerm_key_vault_key";
const SETTING: &str = "azurerm_monitor_diagnostic_setting";

fn plain(name: &str, more: &Json) -> Json {
    replaced(&json!({"name": name, "resource_group_name": "rg", "location": "westeurope"}), more)
}

async fn vault_config(stage: &Stage, name: &str) -> Json {
    let client = stage.data("azurerm_client_config", &json!({})).await;
    let tenant = client.attribute("tenant_id").as_str().map(ToString::to_string);
    plain(name, &json!({"tenant_id": tenant, "sku_name": "standard", "rbac_authorization_enabled": false}))
}

#[tokio::test]
async fn vaults_and_their_policies() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        stage.group("rg").await;
        let config = vault_config(&stage, "terrane-vault").await;
        let changes = json!({
            "tags": {"a": "b"}, "enabled_for_deployment": true, "sku_name": "premium",
            "network_acls": {"bypass": "AzureServices", "default_action": "Deny", "ip_rules": ["198.51.100.7"]},
        });
        let vault = Life::new(VAULT, config.clone(), changes).lead(&stage).await;
        assert_eq!(vault.text("vault_uri"), "https://terrane-vault.vault.azure.net/");
        let policy = json!({
            "key_vault_id": vault.id(), "tenant_id": config["tenant_id"],
            "object_id": "11111111-1111-1111-1111-111111111111", "secret_permissions": ["Get", "List"],
        });
        let changes = json!({"secret_permissions": ["Get"], "key_permissions": ["WrapKey", "UnwrapKey"]});
        Life::new(POLICY, policy.clone(), changes).lead(&stage).await;
        let application = json!({"application_id": "22222222-2222-2222-2222-222222222222"});
        let policy = replaced(&policy, &application);
        let object =
            Life::new(POLICY, policy, json!({"secret_permissions": null, "key_permissions": ["Get"]}))
                .lead(&stage)
                .await;
        assert!(object.id().ends_with(
            "/objectId/11111111-1111-1111-1111-111111111111/applicationId/22222222-2222-2222-2222-222222222222"
        ));
        stage.delete(&object).await;
        assert!(stage.read(&object).await.is_none());
        let found = stage.data(VAULT, &json!({"name": "terrane-vault", "resource_group_name": "rg"})).await;
        assert_eq!(found.attribute("access_policy").element_count(), Some(1));
        stage.delete(&vault).await;
        stage.finish().await;
    }
}

/// Deletes a vault in a way that keeps what is left of it.
async fn deleted_vault(stage: &Stage, config: &Json) -> Object {
    let vault = stage.create(VAULT, config).await;
    stage.delete(&vault).await;
    vault
}

#[tokio::test]
async fn deleted_vaults_come_back_or_are_in_the_way() {
    let features = |purge: bool, recover: bool| {
        let vaults =
            json!({"purge_soft_delete_on_destroy": purge, "recover_soft_deleted_key_vaults": recover});
        json!({"features": {"key_vault": vaults}})
    };
    let stage = Stage::with("", features(false, true), EmulatorConfig::default()).await;
    stage.group("rg").await;
    let config = vault_config(&stage, "terrane-kept").await;
    deleted_vault(&stage, &config).await;
    stage.create(VAULT, &config).await;
    let recovered =
        stage.requests().iter().filter(|request| request.ends_with("/vaults/terrane-kept")).count();
    assert!(recovered >= 4, "{:?}", stage.requests());
    stage.finish().await;

    let stage = Stage::with("", features(false, false), EmulatorConfig::default()).await;
    stage.group("rg").await;
    deleted_vault(&stage, &config).await;
    let refused = stage.try_create(VAULT, &config).await.expect_err("the name is taken");
    assert!(text(&refused).starts_with("Name is held by a deleted vault"), "{}", text(&refused));
    stage.finish().await;
}

#[tokio::test]
async fn secrets() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let vault = vault_config(&stage, "terrane-secrets").await;
    let vault = stage.create(VAULT, &vault).await;
    let config = json!({
        "name": "password", "key_vault_id": vault.id(), "value": "first", "content_type": "text/plain",
        "expiration_date": "2030-01-01T00:00:00Z",
    });
    let life = Life::new(SECRET, config.clone(), json!({"tags": {"a": "b"}, "content_type": null}));
    let object = life.lead(&stage).await;
    assert!(object.id().starts_with("https://terrane-secrets.vault.azure.net/secrets/password/"));
    assert_eq!(object.text("resource_versionless_id"), format!("{}/secrets/password", vault.id()));
    let second = replaced(&config, &json!({"value": "second"}));
    let updated = stage.update(&object, &second).await;
    assert_ne!(updated.id(), object.id(), "another value is another version");
    let data = stage.data(SECRET, &json!({"name": "password", "key_vault_id": vault.id()})).await;
    assert_eq!(data.attribute("value"), "second".into());
    let old = json!({"name": "password", "key_vault_id": vault.id(), "version": object.text("version")});
    assert_eq!(stage.data(SECRET, &old).await.attribute("value"), "first".into());
    stage.delete(&updated).await;
    assert!(stage.read(&updated).await.is_none());
    let unseen = json!({
        "name": "unseen", "key_vault_id": vault.id(), "value_wo": "never stored", "value_wo_version": 1,
    });
    let object = stage.create(SECRET, &unseen).await;
    assert!(!format!("{:?}", object.state).contains("never stored"));
    assert_eq!(stage.plan(SECRET, &object.state, &unseen).await.planned_state, object.state);
    stage.finish().await;
}

#[tokio::test]
async fn keys() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let vault = vault_config(&stage, "terrane-keys").await;
    let vault = stage.create(VAULT, &vault).await;
    let config = json!({
        "name": "disks", "key_vault_id": vault.id(), "key_type": "RSA", "key_size": 2048,
        "key_opts": ["decrypt", "encrypt", "wrapKey", "unwrapKey"], "not_before_date": "2026-01-01T00:00:00Z",
        "rotation_policy": {"expire_after": "P90D", "notify_before_expiry": "P29D"},
    });
    let rotation = json!({
        "expire_after": "P120D", "notify_before_expiry": "P29D", "automatic": {"time_before_expiry": "P30D"},
    });
    let changes = json!({"key_opts": ["wrapKey"], "tags": {"a": "b"}, "rotation_policy": rotation});
    let key = Life::new(KEY, config.clone(), changes).lead(&stage).await;
    assert!(key.id().starts_with("https://terrane-keys.vault.azure.net/keys/disks/"));
    assert!(key.text("public_key_pem").starts_with("-----BEGIN PUBLIC KEY-----\n"));
    assert!(key.text("public_key_openssh").starts_with("ssh-rsa "));
    let without = stage.update(&key, &replaced(&config, &json!({"rotation_policy": null}))).await;
    assert_eq!(without.state.attribute("rotation_policy").element_count(), Some(0));
    let elliptic = json!({
        "name": "tokens", "key_vault_id": vault.id(), "key_type": "EC", "curve": "P-384",
        "key_opts": ["sign", "verify"], "expiration_date": "2030-01-01T00:00:00Z",
    });
    let life = Life::new(KEY, elliptic.clone(), json!({"expiration_date": "2031-01-01T00:00:00Z"}));
    let key = life.lead(&stage).await;
    assert!(key.text("public_key_openssh").starts_with("ecdsa-sha2-nistp384 "));
    let endless = replaced(&elliptic, &json!({"expiration_date": null}));
    let plan = stage.plan(KEY, &key.state, &endless).await;
    assert_eq!(plan.requires_replace.len(), 1, "{:?}", plan.requires_replace);
    let sizeless = stage.validate(KEY, &replaced(&config, &json!({"key_size": null}))).await;
    assert!(text(&sizeless).contains("need a key_size"), "{}", text(&sizeless));
    stage.finish().await;
}

#[tokio::test]
async fn workspaces_components_and_settings() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        stage.group("rg").await;
        let config = plain("logs", &json!({"retention_in_days": 30}));
        let changes = json!({"retention_in_days": 60, "daily_quota_gb": 5, "tags": {"a": "b"}});
        let workspace = Life::new("azurerm_log_analytics_workspace", config, changes).lead(&stage).await;
        assert!(!workspace.text("primary_shared_key").is_empty());
        let config = plain("watch", &json!({"application_type": "web", "workspace_id": workspace.id()}));
        let mut changes =
            json!({"sampling_percentage": 50, "retention_in_days": 120, "daily_data_cap_in_gb": 10});
        if version == "~> 4.0" {
            changes["disable_ip_masking"] = true.into();
        } else {
            changes["ip_masking_enabled"] = false.into();
        }
        let component = Life::new("azurerm_application_insights", config, changes).lead(&stage).await;
        assert!(component.text("connection_string").starts_with("InstrumentationKey="));
        let setting = json!({
            "name": "all", "target_resource_id": component.id(), "log_analytics_workspace_id": workspace.id(),
            "enabled_log": [{"category_group": "allLogs"}],
        });
        let metric = if version == "~> 4.0" { "metric" } else { "enabled_metric" };
        let changes =
            json!({metric: [{"category": "AllMetrics"}], "enabled_log": [{"category_group": "audit"}]});
        let life = Life::new(SETTING, setting, changes);
        life.lead_to_end(&stage).await;
        let names = |name: &str| json!({"name": name, "resource_group_name": "rg"});
        let found = stage.data("azurerm_log_analytics_workspace", &names("logs")).await;
        assert_eq!(found.attribute("workspace_id"), workspace.state.attribute("workspace_id"));
        let found = stage.data("azurerm_application_insights", &names("watch")).await;
        assert_eq!(found.attribute("app_id"), component.state.attribute("app_id"));
        stage.finish().await;
    }
}
