//! Lives of the network family.

use serde_json::json;

use crate::lifecycle::Life;
use crate::support::Stage;

#[tokio::test]
async fn resource_groups() {
    let stage = Stage::new().await;
    let config = json!({"name": "rg", "location": "West Europe", "tags": {"a": "1"}});
    Life::new("azurerm_resource_group", config, json!({"tags": {"a": "2"}})).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn virtual_networks() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let config = json!({
        "name": "vnet", "resource_group_name": "rg", "location": "westeurope",
        "address_space": ["10.0.0.0/16"], "dns_servers": ["10.0.0.4"],
    });
    let changes = json!({"address_space": ["10.0.0.0/16", "10.1.0.0/16"], "tags": {"a": "b"}});
    Life::new("azurerm_virtual_network", config, changes).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn subnets() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let network = json!({
        "name": "vnet", "resource_group_name": "rg", "location": "westeurope", "address_space": ["10.0.0.0/16"],
    });
    stage.create("azurerm_virtual_network", &network).await;
    let config = json!({
        "name": "s", "resource_group_name": "rg", "virtual_network_name": "vnet",
        "address_prefixes": ["10.0.1.0/24"],
        "service_endpoint": [{"service": "Microsoft.Storage"}],
        "delegation": {
            "name": "postgres",
            "service_delegation": {"name": "Microsoft.DBforPostgreSQL/flexibleServers"},
        },
    });
    let changes = json!({"private_endpoint_network_policies": "Enabled", "service_endpoint": []});
    Life::new("azurerm_subnet", config, changes).lead_to_end(&stage).await;
    stage.finish().await;
}
