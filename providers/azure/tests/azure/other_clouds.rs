//! Servers that stand in for Azure Resource Manager and are less than it: without operations, states, ETags, lists or
//! a description of themselves, with other spellings and other status codes.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use terrane_provider_azure::{AzureEndpoint, AzureOptions, AzureProvider};

use crate::support::plain_cloud::{Metadata, PLAIN, Peculiarities, start};
use crate::support::{Object, Stage, replaced};

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";
const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg";

const CLOUDS: &[Peculiarities] = &[
    PLAIN,
    Peculiarities { name: "no description", metadata: Metadata::None, ..PLAIN },
    Peculiarities { name: "list of clouds", metadata: Metadata::List, ..PLAIN },
    Peculiarities { name: "201 and 204", created: 201, deleted: 204, ..PLAIN },
    Peculiarities { name: "202 without operations", created: 202, deleted: 202, ..PLAIN },
    Peculiarities { name: "creates without bodies", created: 204, ..PLAIN },
    Peculiarities { name: "no ids", has_ids: false, ..PLAIN },
    Peculiarities { name: "lower-case ids", lowers_ids: true, ..PLAIN },
    Peculiarities { name: "no lists", has_lists: false, has_plain_errors: true, ..PLAIN },
    Peculiarities { name: "no changes of parts", has_patch: false, ..PLAIN },
    Peculiarities { name: "bare lists", has_bare_lists: true, ..PLAIN },
    Peculiarities { name: "shouted states", state: Some("SUCCEEDED"), ..PLAIN },
];

fn plain(name: &str, more: &Json) -> Json {
    replaced(&json!({"name": name, "resource_group_name": "rg", "location": "West Europe"}), more)
}

/// Objects in the order in which they can be made, each with what is changed about it.
fn platform() -> Vec<(&'static str, Json, Json)> {
    let tags = || json!({"tags": {"a": "b"}});
    let subnet = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/nodes");
    let security = format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg");
    let identity = format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity");
    let in_network = json!({
        "name": "nodes", "resource_group_name": "rg", "virtual_network_name": "net",
        "address_prefixes": ["10.0.1.0/24"],
    });
    let rule = json!({
        "name": "web", "resource_group_name": "rg", "network_security_group_name": "nsg", "priority": 100,
        "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "source_port_range": "*",
        "destination_port_range": "443", "source_address_prefix": "*", "destination_address_prefix": "*",
    });
    let database = json!({
        "sku_name": "GP_Standard_D2s_v3", "version": "16", "administrator_login": "root1",
        "administrator_password": "H@Sh1CoR3!", "storage_mb": 32768,
    });
    let cluster = json!({
        "dns_prefix": "k", "identity": {"type": "UserAssigned", "identity_ids": [identity]},
        "default_node_pool": {"name": "system", "vm_size": "Standard_D2s_v3", "node_count": 2, "vnet_subnet_id": subnet},
        "network_profile": {"network_plugin": "azure"},
    });
    vec![
        ("azurerm_resource_group", json!({"name": "rg", "location": "West Europe"}), tags()),
        ("azurerm_virtual_network", plain("net", &json!({"address_space": ["10.0.0.0/16"]})), tags()),
        ("azurerm_subnet", in_network, json!({"private_endpoint_network_policies": "Enabled"})),
        ("azurerm_network_security_group", plain("nsg", &json!({})), tags()),
        ("azurerm_network_security_rule", rule, json!({"priority": 200})),
        (
            "azurerm_subnet_network_security_group_association",
            json!({"subnet_id": subnet, "network_security_group_id": security}),
            json!({}),
        ),
        ("azurerm_route_table", plain("routes", &json!({})), tags()),
        ("azurerm_public_ip", plain("ip", &json!({"allocation_method": "Static"})), tags()),
        ("azurerm_user_assigned_identity", plain("identity", &json!({})), tags()),
        ("azurerm_private_dns_zone", json!({"name": "a.example", "resource_group_name": "rg"}), tags()),
        (
            "azurerm_storage_account",
            plain("terranefiles", &json!({"account_tier": "Standard", "account_replication_type": "LRS"})),
            tags(),
        ),
        ("azurerm_container_registry", plain("terraneimages", &json!({"sku": "Basic"})), tags()),
        (
            "azurerm_redis_cache",
            plain("cache", &json!({"capacity": 1, "family": "C", "sku_name": "Standard"})),
            tags(),
        ),
        ("azurerm_postgresql_flexible_server", plain("database", &database), tags()),
        ("azurerm_kubernetes_cluster", plain("cluster", &cluster), tags()),
        ("azurerm_log_analytics_workspace", plain("logs", &json!({"retention_in_days": 30})), tags()),
    ]
}

fn provider_for(base: &str) -> AzureProvider {
    let text = str::to_owned;
    AzureProvider::new(AzureOptions {
        endpoint: Some(AzureEndpoint {
            url: text(base),
            ca_file: String::new(),
            tenant_id: text("00000000-0000-0000-0000-000000000001"),
            client_id: text("nobody"),
            client_secret: text("nothing"),
            subscription_id: text(SUBSCRIPTION),
            proxy: String::new(),
        }),
        environment: HashMap::new(),
        version_constraint: String::new(),
    })
}

#[tokio::test]
async fn lesser_clouds_are_good_enough() {
    let mut findings = Vec::new();
    for how in CLOUDS {
        let base = start(*how).await;
        let stage = Stage::around(provider_for(&base)).await;
        let mut made: Vec<Object> = Vec::new();
        for (type_name, config, changes) in platform() {
            let what = format!("{}: {type_name}", how.name);
            match lead(&stage, type_name, &config, &changes).await {
                Ok(object) => made.push(object),
                Err(error) => findings.push(format!("{what}: {error}")),
            }
        }
        for object in made.iter().rev() {
            if let Err(error) = stage.try_delete(object).await {
                let error = crate::support::text(&error);
                findings.push(format!("{}: {}: delete: {error}", how.name, object.type_name));
            } else if stage.read(object).await.is_some() {
                findings.push(format!("{}: {}: not gone", how.name, object.type_name));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// Creates an object, looks that it stays as it is, finds it by its id, and changes it.
async fn lead(stage: &Stage, type_name: &str, config: &Json, changes: &Json) -> Result<Object, String> {
    let made = stage.try_create(type_name, config).await;
    let made = made.map_err(|error| format!("create: {}", crate::support::text(&error)))?;
    unchanged(stage, &made, config, "after create").await?;
    let imported = stage.import(type_name, &made.id()).await.ok_or("it cannot be imported")?;
    if imported.id() != made.id() {
        return Err(format!("imported as {}, not {}", imported.id(), made.id()));
    }
    let config = replaced(config, changes);
    if *changes == json!({}) {
        return Ok(made);
    }
    let changed = stage.change(type_name, &made.state, &config).await;
    let state = changed.map_err(|error| format!("update: {}", crate::support::text(&error)))?;
    let changed = Object { type_name: type_name.to_owned(), state };
    unchanged(stage, &changed, &config, "after update").await?;
    Ok(changed)
}

async fn unchanged(stage: &Stage, object: &Object, config: &Json, when: &str) -> Result<(), String> {
    let read = stage.read(object).await.ok_or(format!("gone {when}"))?;
    let differing = crate::lifecycle::changed_attributes(&object.state, &read.state);
    if !differing.is_empty() {
        return Err(format!("reads otherwise {when}: {differing:?}"));
    }
    let plan = stage.plan(&object.type_name, &read.state, config).await;
    let differing = crate::lifecycle::changed_attributes(&read.state, &plan.planned_state);
    if !differing.is_empty() || !plan.requires_replace.is_empty() {
        return Err(format!("changes {when}: {differing:?} {:?}", plan.requires_replace));
    }
    Ok(())
}
