//! Lives of load balancers and what is in them.

use serde_json::json;

use crate::lifecycle::Life;
use crate::support::{Stage, replaced};

#[tokio::test]
async fn load_balancers_pools_probes_and_rules() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        stage.group("rg").await;
        let plain = |name: &str| json!({"name": name, "resource_group_name": "rg", "location": "westeurope"});
        let address = stage
            .create("azurerm_public_ip", &replaced(&plain("ip"), &json!({"allocation_method": "Static"})))
            .await;
        let frontend = json!({"name": "front", "public_ip_address_id": address.id()});
        let config = replaced(&plain("lb"), &json!({"frontend_ip_configuration": [frontend]}));
        let balancer = Life::new("azurerm_lb", config, json!({"tags": {"a": "b"}})).lead(&stage).await;
        let inside = |name: &str| json!({"name": name, "loadbalancer_id": balancer.id()});
        let network = replaced(&plain("vnet"), &json!({"address_space": ["10.0.0.0/16"]}));
        let network = stage.create("azurerm_virtual_network", &network).await;
        let pool = Life::new("azurerm_lb_backend_address_pool", inside("pool"), json!({})).lead(&stage).await;
        let config = json!({"name": "a", "backend_address_pool_id": pool.id(), "virtual_network_id": network.id(), "ip_address": "10.0.0.4"});
        Life::new("azurerm_lb_backend_address_pool_address", config, json!({"ip_address": "10.0.0.5"}))
            .lead_to_end(&stage)
            .await;
        let probe = replaced(&inside("probe"), &json!({"port": 80}));
        let probe = Life::new("azurerm_lb_probe", probe, json!({"protocol": "Http", "request_path": "/"}))
            .lead(&stage)
            .await;
        let rule = replaced(
            &inside("rule"),
            &json!({
                "frontend_ip_configuration_name": "front", "protocol": "Tcp", "frontend_port": 80, "backend_port": 8080,
                "backend_address_pool_ids": [pool.id()], "probe_id": probe.id(), "disable_outbound_snat": true,
            }),
        );
        Life::new("azurerm_lb_rule", rule, json!({"idle_timeout_in_minutes": 10})).lead_to_end(&stage).await;
        let rule = replaced(
            &inside("out"),
            &json!({
                "frontend_ip_configuration": [{"name": "front"}], "backend_address_pool_id": pool.id(), "protocol": "All",
            }),
        );
        Life::new("azurerm_lb_outbound_rule", rule, json!({"allocated_outbound_ports": 2048}))
            .lead_to_end(&stage)
            .await;
        let rule = replaced(
            &inside("nat"),
            &json!({
                "resource_group_name": "rg", "frontend_ip_configuration_name": "front", "protocol": "Tcp",
                "frontend_port": 2222, "backend_port": 22,
            }),
        );
        Life::new("azurerm_lb_nat_rule", rule, json!({"backend_port": 2022})).lead_to_end(&stage).await;
        let pool = replaced(
            &inside("natpool"),
            &json!({
                "resource_group_name": "rg", "frontend_ip_configuration_name": "front", "protocol": "Tcp",
                "frontend_port_start": 5000, "frontend_port_end": 5010, "backend_port": 22,
            }),
        );
        Life::new("azurerm_lb_nat_pool", pool, json!({"frontend_port_end": 5020})).lead_to_end(&stage).await;
        stage.finish().await;
    }
}
