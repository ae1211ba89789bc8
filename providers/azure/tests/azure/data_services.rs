//! Lives of caches, databases and registries.

use serde_json::{Value as Json, json};

use crate::lifecycle::Life;
use crate::support::{Stage, replaced, text};

fn plain(name: &str) -> Json {
    json!({"name": name, "resource_group_name": "rg", "location": "westeurope"})
}

fn with(config: Json, more: &Json) -> Json {
    replaced(&config, more)
}

#[tokio::test]
async fn caches() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let config = with(
        plain("terrane-cache"),
        &json!({
            "capacity": 1, "family": "C", "sku_name": "Standard", "public_network_access_enabled": false,
            "redis_configuration": {"maxmemory_policy": "allkeys-lru"},
        }),
    );
    let changes = json!({"capacity": 2, "redis_configuration": {"maxmemory_policy": "allkeys-lfu"}, "tags": {"a": "b"}});
    let cache = Life::new("azurerm_redis_cache", config, changes).lead(&stage).await;
    let connection = cache.text("primary_connection_string");
    assert!(
        connection.contains(&cache.text("primary_access_key")) && connection.contains(":6380,"),
        "{connection}"
    );
    let config = json!({
        "name": "office", "redis_cache_name": "terrane-cache", "resource_group_name": "rg",
        "start_ip": "10.0.0.1", "end_ip": "10.0.0.2",
    });
    Life::new("azurerm_redis_firewall_rule", config, json!({"end_ip": "10.0.0.3"})).lead_to_end(&stage).await;
    let found = stage
        .data("azurerm_redis_cache", &json!({"name": "terrane-cache", "resource_group_name": "rg"}))
        .await;
    assert_eq!(found.attribute("hostname"), cache.state.attribute("hostname"));
    stage.finish().await;
}

#[tokio::test]
async fn premium_caches_with_a_schedule() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let schedule = |hour: i64| json!([{"day_of_week": "Sunday", "start_hour_utc": hour}]);
    let config = with(
        plain("terrane-premium"),
        &json!({
            "capacity": 1, "family": "P", "sku_name": "Premium", "patch_schedule": schedule(2),
        }),
    );
    let cache = Life::new("azurerm_redis_cache", config.clone(), json!({"patch_schedule": schedule(3)}))
        .lead(&stage)
        .await;
    let without = stage.update(&cache, &with(config.clone(), &json!({"patch_schedule": null}))).await;
    assert_eq!(without.state.attribute("patch_schedule").element_count(), Some(0));
    let smaller = with(config, &json!({"sku_name": "Standard", "family": "C"}));
    let plan = stage.plan("azurerm_redis_cache", &without.state, &smaller).await;
    assert_eq!(plan.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".sku_name"]);
    stage.finish().await;
}

#[tokio::test]
async fn new_caches_are_warned_about_and_wrong_ones_refused() {
    let stage = Stage::new().await;
    let config = with(
        plain("terrane-cache"),
        &json!({"capacity": 1, "family": "P", "sku_name": "Standard", "shard_count": 2}),
    );
    let refused = stage.validate("azurerm_redis_cache", &config).await;
    assert_eq!(
        text(&refused),
        "Invalid combination of arguments: Caches of sku_name Standard are of family C, not P. .family\n\
         Invalid combination of arguments: Only Premium caches have shard_count; sku_name is Standard. .shard_count"
    );
    let plan = stage.plan("azurerm_redis_cache", &crate::lifecycle::nothing(), &config).await;
    assert!(plan.diagnostics.iter().any(|diagnostic| diagnostic.detail.contains("azurerm_managed_redis")));
    stage.finish().await;
}

#[tokio::test]
async fn managed_caches() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let config = with(
        plain("terrane-managed"),
        &json!({
            "sku_name": "Balanced_B3",
            "default_database": {"access_keys_authentication_enabled": true, "module": [{"name": "RedisJSON"}], "eviction_policy": "NoEviction"},
        }),
    );
    let database = json!({"access_keys_authentication_enabled": true, "module": [{"name": "RedisJSON"}], "eviction_policy": "NoEviction", "client_protocol": "Plaintext"});
    let changes = json!({"tags": {"a": "b"}, "default_database": database});
    let cache = Life::new("azurerm_managed_redis", config.clone(), changes).lead(&stage).await;
    let database = cache.state.attribute("default_database");
    let database = &database.as_sequence().unwrap_or_default()[0];
    assert!(database.attribute("primary_access_key").as_str().is_some_and(|key| !key.is_empty()));
    assert_eq!(database.attribute("port"), 10000.into());
    let clustered =
        json!({"access_keys_authentication_enabled": true, "clustering_policy": "EnterpriseCluster"});
    let anew = stage.update(&cache, &with(config, &json!({"default_database": clustered}))).await;
    assert!(
        stage
            .requests()
            .iter()
            .any(|request| request.starts_with("DELETE") && request.ends_with("/databases/default"))
    );
    stage.delete(&anew).await;
    stage.finish().await;
}

#[tokio::test]
async fn databases_in_public() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let config = with(
        plain("terrane-postgres"),
        &json!({
            "sku_name": "GP_Standard_D2s_v3", "version": "16", "administrator_login": "root1",
            "administrator_password": "H@Sh1CoR3!", "storage_mb": 65536, "backup_retention_days": 7,
        }),
    );
    let changes = json!({"sku_name": "GP_Standard_D4s_v3", "storage_mb": 131072, "backup_retention_days": 14, "tags": {"a": "b"},
        "maintenance_window": {"day_of_week": 6, "start_hour": 2}});
    let life = Life::new("azurerm_postgresql_flexible_server", config.clone(), changes.clone());
    let server = Life { untold: &["administrator_password"], ..life }.lead(&stage).await;
    let smaller = with(with(config, &changes), &json!({"storage_mb": 32768, "version": "15"}));
    let plan = stage.plan("azurerm_postgresql_flexible_server", &server.state, &smaller).await;
    let mut paths: Vec<String> = plan.requires_replace.iter().map(ToString::to_string).collect();
    paths.sort();
    assert_eq!(paths, [".storage_mb", ".version"]);
    let in_server = |name: &str| json!({"name": name, "server_id": server.id()});
    Life::new("azurerm_postgresql_flexible_server_database", in_server("superset"), json!({}))
        .lead_to_end(&stage)
        .await;
    let setting = with(in_server("max_connections"), &json!({"value": "200"}));
    let setting = stage.create("azurerm_postgresql_flexible_server_configuration", &setting).await;
    let setting = stage.update(&setting, &with(in_server("max_connections"), &json!({"value": "300"}))).await;
    assert_eq!(stage.read(&setting).await.map(|read| read.text("value")).as_deref(), Some("300"));
    stage.delete(&setting).await;
    let rule =
        with(in_server("office"), &json!({"start_ip_address": "10.0.0.1", "end_ip_address": "10.0.0.2"}));
    Life::new(
        "azurerm_postgresql_flexible_server_firewall_rule",
        rule,
        json!({"end_ip_address": "10.0.0.9"}),
    )
    .lead_to_end(&stage)
    .await;
    stage.delete(&server).await;
    stage.finish().await;
}

#[tokio::test]
async fn databases_in_a_network() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let network = with(plain("vnet"), &json!({"address_space": ["10.0.0.0/16"]}));
    let network = stage.create("azurerm_virtual_network", &network).await;
    let subnet = json!({
        "name": "postgres", "resource_group_name": "rg", "virtual_network_name": "vnet", "address_prefixes": ["10.0.2.0/24"],
        "delegation": {"name": "d", "service_delegation": {"name": "Microsoft.DBforPostgreSQL/flexibleServers"}},
    });
    let subnet = stage.create("azurerm_subnet", &subnet).await;
    let zone = json!({"name": "terrane.postgres.database.azure.com", "resource_group_name": "rg"});
    let zone = stage.create("azurerm_private_dns_zone", &zone).await;
    let link = json!({"name": "link", "private_dns_zone_id": zone.id(), "virtual_network_id": network.id()});
    stage.create("azurerm_private_dns_zone_virtual_network_link", &link).await;
    let config = with(
        plain("terrane-private"),
        &json!({
            "sku_name": "B_Standard_B1ms", "version": "16", "administrator_login": "root1", "administrator_password_wo": "H@Sh1CoR3!",
            "administrator_password_wo_version": 1, "storage_mb": 32768, "zone": "1",
            "delegated_subnet_id": subnet.id(), "private_dns_zone_id": zone.id(), "public_network_access_enabled": false,
        }),
    );
    let life = Life::new("azurerm_postgresql_flexible_server", config, json!({"tags": {"a": "b"}}));
    Life { untold: &["administrator_password_wo_version"], ..life }.lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn administrators_of_databases() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let client = stage.data("azurerm_client_config", &json!({})).await;
    let of_client = |name: &str| client.attribute(name).as_str().map(ToString::to_string);
    let server = with(
        plain("terrane-entra"),
        &json!({
            "sku_name": "B_Standard_B1ms", "version": "16", "storage_mb": 32768,
            "authentication": {"active_directory_auth_enabled": true, "password_auth_enabled": false, "tenant_id": of_client("tenant_id")},
        }),
    );
    stage.create("azurerm_postgresql_flexible_server", &server).await;
    let config = json!({
        "server_name": "terrane-entra", "resource_group_name": "rg", "tenant_id": of_client("tenant_id"),
        "object_id": of_client("object_id"), "principal_name": "admins", "principal_type": "Group",
    });
    Life::new("azurerm_postgresql_flexible_server_active_directory_administrator", config, json!({}))
        .lead_to_end(&stage)
        .await;
    stage.finish().await;
}

#[tokio::test]
async fn registries() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        stage.group("rg").await;
        let config = with(plain("terraneregistry"), &json!({"sku": "Basic", "admin_enabled": true}));
        let changes = json!({"sku": "Standard", "admin_enabled": false, "anonymous_pull_enabled": true, "tags": {"a": "b"}});
        Life::new("azurerm_container_registry", config, changes).lead_to_end(&stage).await;
        stage.finish().await;
    }
}

#[tokio::test]
async fn premium_registries_and_their_replicas() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let replica = |location: &str| json!({"location": location, "global_endpoint_routing_enabled": true});
    let config = with(
        plain("terranepremium"),
        &json!({
            "sku": "Premium", "retention_policy_in_days": 10, "georeplications": [replica("North Europe")],
            "network_rule_set": [{"default_action": "Deny", "ip_rule": [{"action": "Allow", "ip_range": "10.0.0.0/24"}]}],
        }),
    );
    let changes = json!({"georeplications": [replica("northeurope"), replica("eastus")], "retention_policy_in_days": null});
    let registry = Life::new("azurerm_container_registry", config, changes).lead(&stage).await;
    assert_eq!(registry.state.attribute("georeplications").element_count(), Some(2));
    stage.finish().await;
}

#[tokio::test]
async fn private_endpoints_and_their_zones() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let network = with(plain("vnet"), &json!({"address_space": ["10.0.0.0/16"]}));
    stage.create("azurerm_virtual_network", &network).await;
    let subnet = json!({"name": "s", "resource_group_name": "rg", "virtual_network_name": "vnet", "address_prefixes": ["10.0.1.0/24"]});
    let subnet = stage.create("azurerm_subnet", &subnet).await;
    let registry = with(plain("terraneregistry"), &json!({"sku": "Premium"}));
    let registry = stage.create("azurerm_container_registry", &registry).await;
    let zone = json!({"name": "privatelink.azurecr.io", "resource_group_name": "rg"});
    let zone = stage.create("azurerm_private_dns_zone", &zone).await;
    let config = with(
        plain("endpoint"),
        &json!({
            "subnet_id": subnet.id(),
            "private_service_connection": {
                "name": "connection", "is_manual_connection": false, "private_connection_resource_id": registry.id(),
                "subresource_names": ["registry"],
            },
            "private_dns_zone_group": {"name": "default", "private_dns_zone_ids": [zone.id()]},
        }),
    );
    let endpoint =
        Life::new("azurerm_private_endpoint", config.clone(), json!({"tags": {"a": "b"}})).lead(&stage).await;
    let connection = endpoint.state.attribute("private_service_connection");
    let address = connection.as_sequence().unwrap_or_default()[0].attribute("private_ip_address");
    assert!(address.as_str().is_some_and(|address| address.starts_with("10.0.1.")), "{address:?}");
    assert_eq!(endpoint.state.attribute("private_dns_zone_configs").element_count(), Some(1));
    let alone = stage.update(&endpoint, &with(config, &json!({"private_dns_zone_group": null}))).await;
    assert_eq!(alone.state.attribute("private_dns_zone_group").element_count(), Some(0));
    let connections = stage
        .data(
            "azurerm_private_endpoint_connection",
            &json!({"name": "endpoint", "resource_group_name": "rg"}),
        )
        .await;
    let status = connections.attribute("private_service_connection").as_sequence().unwrap_or_default()[0]
        .attribute("status");
    assert_eq!(status, "Approved".into());
    stage.delete(&alone).await;
    stage.finish().await;
}
