//! Lives of the network family.

use serde_json::{Value as Json, json};

use crate::lifecycle::Life;
use crate::support::Stage;

/// Makes a resource group and a network in it.
async fn with_network(stage: &Stage) {
    stage.group("rg").await;
    stage.create("azurerm_virtual_network", &network("vnet", "10.0.0.0/16")).await;
}

fn network(name: &str, range: &str) -> Json {
    json!({"name": name, "resource_group_name": "rg", "location": "westeurope", "address_space": [range]})
}

fn subnet(name: &str, range: &str) -> Json {
    json!({"name": name, "resource_group_name": "rg", "virtual_network_name": "vnet", "address_prefixes": [range]})
}

fn plain(name: &str) -> Json {
    json!({"name": name, "resource_group_name": "rg", "location": "westeurope"})
}

fn with(mut config: Json, more: &Json) -> Json {
    config = crate::support::replaced(&config, more);
    config
}

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
    let config = with(network("vnet", "10.0.0.0/16"), &json!({"dns_servers": ["10.0.0.4"]}));
    let changes = json!({"address_space": ["10.0.0.0/16", "10.1.0.0/16"], "tags": {"a": "b"}});
    Life::new("azurerm_virtual_network", config, changes).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn virtual_networks_with_subnets_inside() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let security_group = stage.create("azurerm_network_security_group", &plain("nsg")).await;
    let inside = |range: &str| json!({"name": "a", "address_prefixes": [range]});
    let guarded =
        json!({"name": "b", "address_prefixes": ["10.0.2.0/24"], "security_group": security_group.id()});
    let config = with(network("vnet", "10.0.0.0/16"), &json!({"subnet": [inside("10.0.1.0/24")]}));
    let changes = json!({"subnet": [inside("10.0.1.0/24"), guarded]});
    let network = Life::new("azurerm_virtual_network", config, changes).lead(&stage).await;
    assert_eq!(network.state.attribute("subnet").element_count(), Some(2));
    stage.finish().await;
}

#[tokio::test]
async fn subnets() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        with_network(&stage).await;
        let endpoints = match version {
            "~> 4.0" => json!({"service_endpoints": ["Microsoft.Storage"]}),
            _ => json!({"service_endpoint": [{"service": "Microsoft.Storage"}]}),
        };
        let delegation = json!({
            "name": "postgres",
            "service_delegation": {
                "name": "Microsoft.DBforPostgreSQL/flexibleServers",
                "actions": ["Microsoft.Network/virtualNetworks/subnets/join/action"],
            },
        });
        let config = with(with(subnet("s", "10.0.1.0/24"), &endpoints), &json!({"delegation": delegation}));
        let changes = json!({"private_endpoint_network_policies": "Enabled", "tags": null, "default_outbound_access_enabled": false});
        Life::new("azurerm_subnet", config, changes).lead_to_end(&stage).await;
        stage.finish().await;
    }
}

#[tokio::test]
async fn subnets_take_a_security_group_that_is_sent_once() {
    let stage = Stage::new().await;
    with_network(&stage).await;
    let group = stage.create("azurerm_network_security_group", &plain("nsg")).await;
    let once = json!({"network_security_group_id_wo": group.id(), "network_security_group_id_wo_version": 1});
    let subnet = stage.create("azurerm_subnet", &with(subnet("s", "10.0.1.0/24"), &once)).await;
    assert_eq!(subnet.text("network_security_group_id"), group.id());
    assert!(subnet.state.attribute("network_security_group_id_wo").is_null());
    stage.finish().await;
}

#[tokio::test]
async fn security_groups_and_rules() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let rule = |name: &str, priority: i64| {
        json!({
            "name": name, "priority": priority, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
            "source_port_range": "*", "destination_port_range": "443", "source_address_prefix": "*",
            "destination_address_prefix": "*",
        })
    };
    let config = with(plain("inline"), &json!({"security_rule": [rule("a", 100)]}));
    let changes = json!({"security_rule": [rule("a", 110), rule("b", 120)]});
    Life::new("azurerm_network_security_group", config, changes).lead_to_end(&stage).await;
    stage.create("azurerm_network_security_group", &plain("nsg")).await;
    let config =
        with(rule("web", 200), &json!({"resource_group_name": "rg", "network_security_group_name": "nsg"}));
    let changes = json!({
        "destination_port_range": null, "destination_port_ranges": ["80", "443"], "description": "web",
    });
    Life::new("azurerm_network_security_rule", config, changes).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn routes_and_their_tables() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let route = json!({"name": "r", "address_prefix": "10.9.0.0/16", "next_hop_type": "VnetLocal"});
    let config = with(plain("inline"), &json!({"route": [route]}));
    let changes = json!({"bgp_route_propagation_enabled": false, "route": []});
    Life::new("azurerm_route_table", config, changes).lead_to_end(&stage).await;
    stage.create("azurerm_route_table", &plain("table")).await;
    let config = with(route, &json!({"resource_group_name": "rg", "route_table_name": "table"}));
    let changes = json!({"next_hop_type": "VirtualAppliance", "next_hop_in_ip_address": "10.0.0.9"});
    Life::new("azurerm_route", config, changes).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn associations_of_subnets() {
    let stage = Stage::new().await;
    with_network(&stage).await;
    let subnet = stage.create("azurerm_subnet", &subnet("s", "10.0.1.0/24")).await;
    let security = stage.create("azurerm_network_security_group", &plain("target")).await;
    let routes = stage.create("azurerm_route_table", &plain("target")).await;
    let gateway = stage.create("azurerm_nat_gateway", &plain("target")).await;
    let of_subnet = |argument: &str, id: String| json!({"subnet_id": subnet.id(), argument: id});
    let security = of_subnet("network_security_group_id", security.id());
    let routes = of_subnet("route_table_id", routes.id());
    let gateway = of_subnet("nat_gateway_id", gateway.id());
    let none = json!({});
    let associations = [
        Life::new("azurerm_subnet_network_security_group_association", security, none.clone())
            .lead(&stage)
            .await,
        Life::new("azurerm_subnet_route_table_association", routes, none.clone()).lead(&stage).await,
        Life::new("azurerm_subnet_nat_gateway_association", gateway, none).lead(&stage).await,
    ];
    for association in &associations {
        stage.delete(association).await;
        assert!(stage.read(association).await.is_none());
    }
    assert!(stage.read(&subnet).await.is_some());
    stage.finish().await;
}

#[tokio::test]
async fn addresses_prefixes_and_nat_gateways() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let address =
        with(plain("ip"), &json!({"allocation_method": "Static", "domain_name_label": "terrane-test"}));
    let changes = json!({"idle_timeout_in_minutes": 10, "tags": {"a": "b"}});
    Life::new("azurerm_public_ip", address.clone(), changes).lead_to_end(&stage).await;
    let prefix = with(plain("prefix"), &json!({"prefix_length": 31}));
    Life::new("azurerm_public_ip_prefix", prefix.clone(), json!({"tags": {"a": "b"}}))
        .lead_to_end(&stage)
        .await;
    let gateway = with(plain("nat"), &json!({"zones": ["1"]}));
    let changes = json!({"idle_timeout_in_minutes": 10});
    let gateway = Life::new("azurerm_nat_gateway", gateway, changes).lead(&stage).await;
    let address = stage
        .create(
            "azurerm_public_ip",
            &with(plain("ip"), &json!({"allocation_method": "Static", "zones": ["1"]})),
        )
        .await;
    let config = json!({"nat_gateway_id": gateway.id(), "public_ip_address_id": address.id()});
    Life::new("azurerm_nat_gateway_public_ip_association", config, json!({})).lead_to_end(&stage).await;
    let prefix = stage.create("azurerm_public_ip_prefix", &with(prefix, &json!({"zones": ["1"]}))).await;
    let config = json!({"nat_gateway_id": gateway.id(), "public_ip_prefix_id": prefix.id()});
    Life::new("azurerm_nat_gateway_public_ip_prefix_association", config, json!({}))
        .lead_to_end(&stage)
        .await;
    stage.finish().await;
}

#[tokio::test]
async fn addresses_are_found_by_what_they_are() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    for name in ["web-1", "web-2", "nat"] {
        let label = if name == "web-1" { json!("terrane-web") } else { Json::Null };
        let config = with(
            plain(name),
            &json!({"allocation_method": "Static", "domain_name_label": label, "zones": ["1"]}),
        );
        stage.create("azurerm_public_ip", &config).await;
    }
    let gateway =
        stage.create("azurerm_nat_gateway", &with(plain("gateway"), &json!({"zones": ["1"]}))).await;
    let nat = stage.data("azurerm_public_ip", &json!({"name": "nat", "resource_group_name": "rg"})).await;
    let association = json!({
        "nat_gateway_id": gateway.id(), "public_ip_address_id": nat.attribute("id").as_str().map(ToString::to_string),
    });
    stage.create("azurerm_nat_gateway_public_ip_association", &association).await;
    for (more, names) in [
        (json!({}), vec!["nat", "web-1", "web-2"]),
        (json!({"name_prefix": "web"}), vec!["web-1", "web-2"]),
        (json!({"attachment_status": "Attached"}), vec!["nat"]),
        (json!({"attachment_status": "Unattached", "allocation_type": "Static"}), vec!["web-1", "web-2"]),
        (json!({"allocation_type": "Dynamic"}), vec![]),
    ] {
        let found =
            stage.data("azurerm_public_ips", &with(json!({"resource_group_name": "rg"}), &more)).await;
        let found = found.attribute("public_ips");
        let found = found.as_sequence().unwrap_or_default();
        let mut found: Vec<String> = found
            .iter()
            .map(|address| address.attribute("name").as_str().map(ToString::to_string).unwrap_or_default())
            .collect();
        found.sort();
        assert_eq!(found, names, "{more}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn peerings() {
    let stage = Stage::new().await;
    with_network(&stage).await;
    let remote = stage.create("azurerm_virtual_network", &network("remote", "10.1.0.0/16")).await;
    let config = json!({
        "name": "p", "resource_group_name": "rg", "virtual_network_name": "vnet",
        "remote_virtual_network_id": remote.id(),
    });
    Life::new("azurerm_virtual_network_peering", config, json!({"allow_forwarded_traffic": true}))
        .lead_to_end(&stage)
        .await;
    stage.finish().await;
}

#[tokio::test]
async fn interfaces() {
    let stage = Stage::new().await;
    with_network(&stage).await;
    let subnet = stage.create("azurerm_subnet", &subnet("s", "10.0.1.0/24")).await;
    let configuration =
        json!({"name": "main", "subnet_id": subnet.id(), "private_ip_address_allocation": "Dynamic"});
    let config = with(plain("nic"), &json!({"ip_configuration": [configuration]}));
    Life::new(
        "azurerm_network_interface",
        config,
        json!({"ip_forwarding_enabled": true, "dns_servers": ["10.0.0.4"]}),
    )
    .lead_to_end(&stage)
    .await;
    stage.finish().await;
}

#[tokio::test]
async fn private_zones_links_and_records() {
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        with_network(&stage).await;
        let network = stage
            .data("azurerm_virtual_network", &json!({"name": "vnet", "resource_group_name": "rg"}))
            .await;
        let config = json!({"name": "private.example.com", "resource_group_name": "rg"});
        let zone =
            Life::new("azurerm_private_dns_zone", config, json!({"tags": {"a": "b"}})).lead(&stage).await;
        let (in_zone, of_record) = match version {
            "~> 4.0" => (
                json!({"private_dns_zone_name": "private.example.com", "resource_group_name": "rg"}),
                json!({"zone_name": "private.example.com", "resource_group_name": "rg"}),
            ),
            _ => (json!({"private_dns_zone_id": zone.id()}), json!({"private_dns_zone_id": zone.id()})),
        };
        let id = network.attribute("id");
        let link =
            with(in_zone, &json!({"name": "link", "virtual_network_id": id.as_str().map(|id| id.as_str())}));
        Life::new(
            "azurerm_private_dns_zone_virtual_network_link",
            link,
            json!({"registration_enabled": true}),
        )
        .lead_to_end(&stage)
        .await;
        let record = with(of_record.clone(), &json!({"name": "a", "ttl": 300, "records": ["10.0.0.4"]}));
        Life::new(
            "azurerm_private_dns_a_record",
            record,
            json!({"records": ["10.0.0.4", "10.0.0.5"], "ttl": 60}),
        )
        .lead_to_end(&stage)
        .await;
        let record =
            with(of_record, &json!({"name": "c", "ttl": 300, "record": "example.com", "tags": {"a": "b"}}));
        Life::new("azurerm_private_dns_cname_record", record, json!({"record": "www.example.com"}))
            .lead_to_end(&stage)
            .await;
        let found = stage.data("azurerm_private_dns_zone", &json!({"name": "private.example.com"})).await;
        assert_eq!(found.attribute("id"), zone.state.attribute("id"));
        stage.finish().await;
    }
}

#[tokio::test]
async fn private_zones_with_an_authority_of_their_own() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let authority = json!({"email": "hostmaster.example.com", "minimum_ttl": 20});
    let config = json!({"name": "private.example.com", "resource_group_name": "rg", "soa_record": authority});
    Life::new("azurerm_private_dns_zone", config, json!({"tags": {"a": "b"}})).lead_to_end(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn public_zones_and_records() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let config = json!({"name": "example.com", "resource_group_name": "rg"});
    Life::new("azurerm_dns_zone", config, json!({"tags": {"a": "b"}})).lead(&stage).await;
    let in_zone = json!({"zone_name": "example.com", "resource_group_name": "rg", "ttl": 300});
    let record = with(in_zone.clone(), &json!({"name": "a", "records": ["10.0.0.4"]}));
    Life::new("azurerm_dns_a_record", record, json!({"records": ["10.0.0.5"], "tags": {"a": "b"}}))
        .lead_to_end(&stage)
        .await;
    let record = with(in_zone, &json!({"name": "c", "record": "example.org"}));
    Life::new("azurerm_dns_cname_record", record, json!({"ttl": 60})).lead_to_end(&stage).await;
    stage.finish().await;
}
