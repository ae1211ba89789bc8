//! Lives of load balancers and what is in them.

use serde_json::json;

use crate::lifecycle::Life;
use crate::support::{Stage, replaced, text};

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

#[tokio::test]
async fn application_gateways() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        stage.group("rg").await;
        let plain = |name: &str, more: serde_json::Value| {
            replaced(&json!({"name": name, "resource_group_name": "rg", "location": "westeurope"}), &more)
        };
        let space = json!({"address_space": ["10.0.0.0/16"]});
        stage.create("azurerm_virtual_network", &plain("net", space)).await;
        let subnet = json!({
            "name": "gateway", "resource_group_name": "rg", "virtual_network_name": "net",
            "address_prefixes": ["10.0.1.0/24"],
        });
        let subnet = stage.create("azurerm_subnet", &subnet).await;
        let address = plain("ip", json!({"allocation_method": "Static", "sku": "Standard"}));
        let address = stage.create("azurerm_public_ip", &address).await;
        let probe = json!({
            "name": "health", "protocol": "Http", "interval": 30, "timeout": 30, "unhealthy_threshold": 3,
            "host": "superset.example", "path": "/health", "match": {"status_code": ["200-399"]},
        });
        let settings = json!({
            "name": "http", "port": 8088, "protocol": "Http", "cookie_based_affinity": "Disabled", "probe_name": "health",
        });
        let config = plain(
            "gateway",
            json!({
                "sku": {"name": "Standard_v2", "tier": "Standard_v2"},
                "autoscale_configuration": {"min_capacity": 0, "max_capacity": 3},
                "gateway_ip_configuration": [{"name": "gateway", "subnet_id": subnet.id()}],
                "frontend_ip_configuration": [{"name": "public", "public_ip_address_id": address.id()}],
                "frontend_port": [{"name": "http", "port": 80}, {"name": "other", "port": 8080}],
                "backend_address_pool": [{"name": "nodes", "ip_addresses": ["10.0.2.4"], "fqdns": ["node.example"]}],
                "backend_http_settings": [settings], "probe": [probe],
                "http_listener": [{
                    "name": "http", "frontend_ip_configuration_name": "public", "frontend_port_name": "http",
                    "protocol": "Http",
                }],
                "request_routing_rule": [{
                    "name": "all", "rule_type": "Basic", "http_listener_name": "http", "priority": 100,
                    "backend_address_pool_name": "nodes", "backend_http_settings_name": "http",
                    "rewrite_rule_set_name": "headers",
                }],
                "rewrite_rule_set": [{"name": "headers", "rewrite_rule": [{
                    "name": "hsts", "rule_sequence": 1,
                    "condition": [{"variable": "var_request_uri", "pattern": ".*"}],
                    "response_header_configuration": [{"header_name": "X-Frame-Options", "header_value": "DENY"}],
                }]}],
            }),
        );
        let http2 = if version == "~> 4.0" { "enable_http2" } else { "http2_enabled" };
        let changes = json!({
            "tags": {"a": "b"}, http2: true,
            "backend_address_pool": [{"name": "nodes", "ip_addresses": ["10.0.2.4", "10.0.2.5"]}],
            "autoscale_configuration": {"min_capacity": 1, "max_capacity": 5},
        });
        let gateway = Life::new("azurerm_application_gateway", config.clone(), changes).lead(&stage).await;
        let wrong = replaced(
            &config,
            &json!({"backend_http_settings": [replaced(&settings, &json!({"probe_name": "missing"}))]}),
        );
        let refused = stage.validate("azurerm_application_gateway", &wrong).await;
        assert_eq!(
            text(&refused),
            "Part does not exist: backend_http_settings.probe_name is \"missing\", but there is no probe of that name; \
             there are health. .backend_http_settings"
        );
        stage.delete(&gateway).await;
        stage.finish().await;
    }
}
