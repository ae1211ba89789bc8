//! Lives of what belongs to caches and databases: links between them, rules of access, virtual endpoints.

use serde_json::{Value as Json, json};

use crate::lifecycle::Life;
use crate::support::{Object, Stage, replaced};

const PERSON: &str = "11111111-1111-1111-1111-111111111111";

fn plain(name: &str, location: &str) -> Json {
    json!({"name": name, "resource_group_name": "rg", "location": location})
}

async fn premium_cache(stage: &Stage, name: &str, location: &str) -> Object {
    let size = json!({"capacity": 1, "family": "P", "sku_name": "Premium"});
    stage.create("azurerm_redis_cache", &replaced(&plain(name, location), &size)).await
}

#[tokio::test]
async fn links_between_caches() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    premium_cache(&stage, "terrane-first", "westeurope").await;
    let second = premium_cache(&stage, "terrane-second", "northeurope").await;
    let config = json!({
        "target_redis_cache_name": "terrane-first", "resource_group_name": "rg",
        "linked_redis_cache_id": second.id(), "linked_redis_cache_location": "northeurope",
        "server_role": "Secondary",
    });
    Life::new("azurerm_redis_linked_server", config, json!({})).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn who_may_do_what_in_a_cache() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let cache = premium_cache(&stage, "terrane-guarded", "westeurope").await;
    let policy = json!({"name": "readers", "redis_cache_id": cache.id(), "permissions": "+@read ~*"});
    let changes = json!({"permissions": "+@read +@connection ~app:*"});
    Life::new("azurerm_redis_cache_access_policy", policy.clone(), changes).lead_to_end(&stage).await;
    stage.create("azurerm_redis_cache_access_policy", &policy).await;
    for policy in ["Data Contributor", "readers"] {
        let assignment = json!({
            "name": "somebody", "redis_cache_id": cache.id(), "access_policy_name": policy, "object_id": PERSON,
            "object_id_alias": "Somebody",
        });
        Life::new("azurerm_redis_cache_access_policy_assignment", assignment, json!({}))
            .lead_to_end(&stage)
            .await;
    }
    let wrong = json!({
        "name": "nobody", "redis_cache_id": cache.id(), "access_policy_name": "writers", "object_id": PERSON,
        "object_id_alias": "Nobody",
    });
    let refused = stage.try_create("azurerm_redis_cache_access_policy_assignment", &wrong).await;
    assert!(refused.is_err(), "there is no such policy");
    stage.finish().await;
}

async fn managed_cache(stage: &Stage, name: &str, location: &str) -> Object {
    let database = json!({"geo_replication_group_name": "all", "clustering_policy": "EnterpriseCluster"});
    let more = json!({"sku_name": "Balanced_B3", "default_database": database});
    stage.create("azurerm_managed_redis", &replaced(&plain(name, location), &more)).await
}

#[tokio::test]
async fn managed_caches_together() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let first = managed_cache(&stage, "terrane-one", "westeurope").await;
    let second = managed_cache(&stage, "terrane-two", "northeurope").await;
    let third = managed_cache(&stage, "terrane-three", "francecentral").await;
    let assignment = json!({"managed_redis_id": first.id(), "object_id": PERSON});
    Life::new("azurerm_managed_redis_access_policy_assignment", assignment, json!({}))
        .lead_to_end(&stage)
        .await;
    let config = json!({"managed_redis_id": first.id(), "linked_managed_redis_ids": [second.id()]});
    let changes = json!({"linked_managed_redis_ids": [second.id(), third.id()]});
    Life::new("azurerm_managed_redis_geo_replication", config, changes).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn enterprise_caches() {
    let stage = Stage::with_version("~> 4.0").await;
    stage.group("rg").await;
    let config =
        replaced(&plain("terrane-enterprise", "westeurope"), &json!({"sku_name": "Enterprise_E10-2"}));
    let cluster =
        Life::new("azurerm_redis_enterprise_cluster", config, json!({"tags": {"a": "b"}})).lead(&stage).await;
    let database = json!({"cluster_id": cluster.id(), "eviction_policy": "NoEviction"});
    Life::new("azurerm_redis_enterprise_database", database, json!({})).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn virtual_endpoints_of_servers() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let source = replaced(
        &plain("terrane-source", "westeurope"),
        &json!({
            "sku_name": "GP_Standard_D2s_v3", "version": "16", "administrator_login": "root1",
            "administrator_password": "H@Sh1CoR3!", "storage_mb": 32768,
        }),
    );
    let source = stage.create("azurerm_postgresql_flexible_server", &source).await;
    let replica = |name: &str| {
        let more = json!({
            "create_mode": "Replica", "source_server_id": source.id(), "version": "16", "storage_mb": 32768,
        });
        replaced(&plain(name, "northeurope"), &more)
    };
    let first = stage.create("azurerm_postgresql_flexible_server", &replica("terrane-replica")).await;
    let config = json!({
        "name": "front", "source_server_id": source.id(), "replica_server_id": first.id(), "type": "ReadWrite",
    });
    Life::new("azurerm_postgresql_flexible_server_virtual_endpoint", config, json!({}))
        .lead_to_end(&stage)
        .await;
    stage.finish().await;
}
