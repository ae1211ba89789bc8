//! Virtual networks, security groups, routes, addresses, gateways, balancers.

use hyper::Method;
use serde_json::{Value, json};

use crate::support::Cloud;

async fn network(cloud: &Cloud, name: &str, prefix: &str) -> String {
    let id = format!("{}/providers/Microsoft.Network/virtualNetworks/{name}", cloud.group("rg"));
    let body =
        json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": [prefix]}}});
    cloud.make(&id, body).await;
    id
}

#[tokio::test]
async fn subnets_must_fit_their_network() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let vnet = network(&cloud, "net", "10.0.0.0/16").await;
    let subnet = |name: &str| format!("{vnet}/subnets/{name}");
    let prefix = |prefix: &str| json!({"properties": {"addressPrefix": prefix}});
    cloud.make(&subnet("a"), prefix("10.0.0.0/24")).await;
    for (body, code) in [
        (prefix("10.1.0.0/24"), "NetcfgInvalidSubnet"),
        (prefix("10.0.0.128/25"), "NetcfgSubnetRangesOverlap"),
        (prefix("10.0.1.0/30"), "NetcfgInvalidSubnet"),
        (prefix("10.0.1.1/24"), "InvalidCIDRNotation"),
        (prefix("10.0.1.0"), "InvalidAddressPrefixFormat"),
        (json!({"properties": {}}), "AddressPrefixStringCannotBeNullOrEmpty"),
        (
            json!({"properties": {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": format!("{vnet}x")}}}),
            "InvalidResourceReference",
        ),
        (
            json!({"properties": {"addressPrefix": "10.0.1.0/24", "delegations": [
                {"name": "d", "properties": {"serviceName": "Nobody"}}]}}),
            "InvalidServiceNameForDelegation",
        ),
    ] {
        cloud.put(&subnet("b"), body).await.expect_error(400, code);
    }
    // The range may change while nothing is in it, also to something that contains the old one.
    cloud.make(&subnet("a"), prefix("10.0.0.0/23")).await;
    let both = json!({"properties": {"addressPrefixes": ["10.0.4.0/24", "fd00::/64"]}});
    cloud.put(&subnet("b"), both).await.expect_error(400, "NetcfgInvalidSubnet");
}

#[tokio::test]
async fn a_put_of_a_network_replaces_its_subnets() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let vnet = network(&cloud, "net", "10.0.0.0/16").await;
    let body = |subnets: Value| {
        json!({"location": "westeurope", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}})
    };
    let one = json!({"name": "one", "properties": {"addressPrefix": "10.0.0.0/24"}});
    let two = json!({"name": "two", "properties": {"addressPrefix": "10.0.1.0/24"}});
    cloud.make(&vnet, body(json!([one, two]))).await;
    let overlapping = json!({"name": "two", "properties": {"addressPrefix": "10.0.0.0/25"}});
    cloud.put(&vnet, body(json!([one, overlapping]))).await.expect_error(400, "NetcfgSubnetRangesOverlap");
    let before = cloud.get(&format!("{vnet}/subnets/one")).await.expect(200).body;
    cloud.make(&vnet, body(json!([one]))).await;
    cloud.get(&format!("{vnet}/subnets/two")).await.expect_error(404, "ResourceNotFound");
    let after = cloud.get(&format!("{vnet}/subnets/one")).await.expect(200).body;
    assert_eq!(before["etag"], after["etag"], "what did not change keeps its ETag");
    // What clients read they may send back, computed values included.
    let read = cloud.get(&vnet).await.expect(200).body;
    let again = cloud.make(&vnet, read.clone()).await;
    assert_eq!(again["properties"]["subnets"][0]["name"], "one");
    assert_eq!(again["properties"]["resourceGuid"], read["properties"]["resourceGuid"]);
    assert_ne!(again["etag"], read["etag"]);
}

#[tokio::test]
async fn ids_are_found_in_any_casing_and_answered_in_one() {
    let cloud = Cloud::start().await;
    cloud.make_group("Rg").await;
    let vnet = format!("{}/providers/Microsoft.Network/virtualNetworks/Net", cloud.group("Rg"));
    let body = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    cloud.make(&vnet, body).await;
    let found = cloud.get(&vnet.to_lowercase()).await.expect(200).body;
    assert_eq!(found["id"], vnet.as_str());
    let odd = vnet.replace(
        "/providers/Microsoft.Network/virtualNetworks",
        "/providers/microsoft.network/VIRTUALNETWORKS",
    );
    let subnet = json!({"properties": {"addressPrefix": "10.0.0.0/24"}});
    let made = cloud.make(&format!("{odd}/SUBNETS/S"), subnet).await;
    assert_eq!(made["id"], format!("{vnet}/subnets/S"));
}

#[tokio::test]
async fn etags_guard_writes() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let vnet = network(&cloud, "net", "10.0.0.0/16").await;
    let read = cloud.get(&vnet).await.expect(200);
    let tag = read.header("etag").expect("an ETag").to_owned();
    assert_eq!(read.body["etag"], tag.as_str());
    let body = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/15"]}}});
    let put = |tag: String, body: Value| {
        let (cloud, vnet) = (&cloud, &vnet);
        async move { cloud.send_with(Method::PUT, vnet, Some(body), &[("if-match", &tag)]).await }
    };
    put(tag.clone(), body.clone()).await.expect(200);
    put(tag, body.clone()).await.expect_error(412, "PreconditionFailed");
    let exists = cloud.send_with(Method::PUT, &vnet, Some(body), &[("if-none-match", "*")]).await;
    exists.expect_error(412, "PreconditionFailed");
}

#[tokio::test]
async fn patches_of_networks_change_tags_only() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let vnet = network(&cloud, "net", "10.0.0.0/16").await;
    let patched = cloud.patch(&vnet, json!({"tags": {"a": "b"}})).await.expect(200).body;
    assert_eq!(patched["tags"], json!({"a": "b"}));
    assert_eq!(patched["properties"]["addressSpace"]["addressPrefixes"], json!(["10.0.0.0/16"]));
    cloud.patch(&vnet, json!({"properties": {}})).await.expect_error(400, "InvalidRequestContent");
    cloud.patch(&format!("{vnet}/subnets/s"), json!({})).await.expect(405);
    cloud.patch(&format!("{vnet}x"), json!({"tags": {}})).await.expect_error(404, "ResourceNotFound");
}

#[tokio::test]
async fn peerings_connect_from_both_sides() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let (one, two) =
        (network(&cloud, "one", "10.0.0.0/16").await, network(&cloud, "two", "10.1.0.0/16").await);
    let overlapping = network(&cloud, "three", "10.1.128.0/17").await;
    let peering = |from: &str, to: &str| {
        (
            format!("{from}/virtualNetworkPeerings/p"),
            json!({"properties": {"remoteVirtualNetwork": {"id": to}}}),
        )
    };
    let (there, body) = peering(&one, &two);
    assert_eq!(cloud.make(&there, body).await["properties"]["peeringState"], "Initiated");
    let (back, body) = peering(&two, &one);
    assert_eq!(cloud.make(&back, body).await["properties"]["peeringState"], "Connected");
    let first = cloud.get(&there).await.expect(200).body;
    assert_eq!(first["properties"]["peeringState"], "Connected");
    assert_eq!(first["properties"]["remoteAddressSpace"]["addressPrefixes"], json!(["10.1.0.0/16"]));
    let (clash, body) = peering(&two, &overlapping);
    cloud.put(&format!("{clash}2"), body).await.expect_error(400, "VnetAddressSpacesOverlap");
    cloud.delete(&back).await.expect(202);
    assert_eq!(cloud.get(&there).await.expect(200).body["properties"]["peeringState"], "Disconnected");
}

#[tokio::test]
async fn security_rules_keep_apart() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let nsg = format!("{group}/providers/Microsoft.Network/networkSecurityGroups/nsg");
    let made = cloud.make(&nsg, json!({"location": "westeurope"})).await;
    assert_eq!(made["properties"]["defaultSecurityRules"].as_array().map(Vec::len), Some(6));
    let rule = |priority: u32, ports: &str| {
        json!({"properties": {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "priority": priority,
            "sourceAddressPrefix": "Internet", "sourcePortRange": "*", "destinationAddressPrefix": "10.0.0.0/8",
            "destinationPortRange": ports}})
    };
    let path = |name: &str| format!("{nsg}/securityRules/{name}");
    cloud.make(&path("a"), rule(100, "80-90")).await;
    cloud.put(&path("b"), rule(100, "443")).await.expect_error(400, "SecurityRuleConflict");
    cloud.put(&path("b"), rule(99, "443")).await.expect_error(400, "SecurityRuleInvalidPriority");
    cloud.put(&path("b"), rule(200, "443-80")).await.expect_error(400, "SecurityRuleInvalidPortRange");
    let mut bad = rule(200, "443");
    bad["properties"]["sourceAddressPrefix"] = json!("10.0.0.0/64");
    cloud.put(&path("b"), bad).await.expect_error(400, "SecurityRuleInvalidAddressPrefix");
    cloud.make(&path("b"), rule(200, "443")).await;
    // The whole group counts as one write.
    let read = cloud.get(&nsg).await.expect(200).body;
    let mut changed = read.clone();
    changed["properties"]["securityRules"][1]["properties"]["priority"] = json!(100);
    cloud.put(&nsg, changed).await.expect_error(400, "SecurityRuleConflict");
    cloud.put(&nsg, read).await.expect(200);
    let missing = json!({"properties": {"access": "Allow", "direction": "Inbound", "priority": 300}});
    let error = cloud.put(&path("c"), missing).await.expect_error(400, "InvalidRequestFormat").body;
    assert_eq!(error["error"]["details"][0]["code"], "InvalidJson");
}

#[tokio::test]
async fn what_is_in_use_stays() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let at = |path: &str| format!("{group}/providers/Microsoft.Network/{path}");
    let (address, gateway) = (at("publicIPAddresses/ip"), at("natGateways/nat"));
    let (table, vnet) = (at("routeTables/rt"), network(&cloud, "net", "10.0.0.0/16").await);
    let made = cloud
        .make(
            &address,
            json!({"location": "westeurope", "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static"}}),
        )
        .await;
    assert!(made["properties"]["ipAddress"].as_str().is_some_and(|ip| ip.starts_with("20.")), "{made}");
    cloud
        .make(
            &gateway,
            json!({"location": "westeurope", "sku": {"name": "Standard"},
        "properties": {"publicIpAddresses": [{"id": address}]}}),
        )
        .await;
    cloud
        .make(
            &table,
            json!({"location": "westeurope", "properties": {"routes": [{"name": "r", "properties": {
        "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}}]}}),
        )
        .await;
    cloud
        .make(
            &format!("{vnet}/subnets/s"),
            json!({"properties": {"addressPrefix": "10.0.0.0/24",
        "natGateway": {"id": gateway}, "routeTable": {"id": table}}}),
        )
        .await;
    assert_eq!(
        cloud.get(&address).await.expect(200).body["properties"]["natGateway"]["id"],
        gateway.as_str()
    );
    assert_eq!(
        cloud.get(&gateway).await.expect(200).body["properties"]["subnets"][0]["id"],
        format!("{vnet}/subnets/s")
    );
    cloud.delete(&address).await.expect_error(400, "PublicIPAddressCannotBeDeleted");
    cloud.delete(&gateway).await.expect_error(400, "InUseNatGatewayCannotBeDeleted");
    cloud.delete(&table).await.expect_error(400, "InUseRouteTableCannotBeDeleted");
    let dynamic = json!({"location": "westeurope", "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Dynamic"}});
    cloud
        .put(&at("publicIPAddresses/other"), dynamic)
        .await
        .expect_error(400, "StandardSkuPublicIPAddressMustBeStatic");
    let bad_route = json!({"properties": {"addressPrefix": "10.0.0.0/8", "nextHopType": "VirtualAppliance"}});
    cloud.put(&format!("{table}/routes/x"), bad_route).await.expect_error(400, "InvalidNextHopIpAddress");
    cloud.delete(&vnet).await.expect(202);
    for id in [&gateway, &address, &table] {
        cloud.delete(id).await.expect(202);
        cloud.get(id).await.expect_error(404, "ResourceNotFound");
        cloud.delete(id).await.expect(204);
    }
}

#[tokio::test]
async fn balancers_are_documents_with_parts() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let at = |path: &str| format!("{group}/providers/Microsoft.Network/{path}");
    let vnet = network(&cloud, "net", "10.0.0.0/16").await;
    cloud.make(&format!("{vnet}/subnets/s"), json!({"properties": {"addressPrefix": "10.0.0.0/24"}})).await;
    let lb = at("loadBalancers/lb");
    let body = json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [{"name": "f", "properties": {"subnet": {"id": format!("{vnet}/subnets/s")}}}],
        "probes": [{"name": "p", "properties": {"protocol": "Tcp", "port": 80}}],
        "backendAddressPools": [{"name": "b"}],
        "loadBalancingRules": [{"name": "r", "properties": {"protocol": "Tcp", "frontendPort": 80, "backendPort": 80,
            "frontendIPConfiguration": {"id": format!("{lb}/frontendIPConfigurations/f")},
            "backendAddressPools": [{"id": format!("{lb}/backendAddressPools/b")}],
            "probe": {"id": format!("{lb}/probes/p")}}}],
    }});
    let made = cloud.make(&lb, body.clone()).await;
    let front = &made["properties"]["frontendIPConfigurations"][0];
    assert_eq!(front["properties"]["privateIPAddress"], "10.0.0.4");
    assert_eq!(front["properties"]["loadBalancingRules"][0]["id"], format!("{lb}/loadBalancingRules/r"));
    assert_eq!(made["properties"]["loadBalancingRules"][0]["properties"]["idleTimeoutInMinutes"], 4);
    let probe = cloud.get(&format!("{lb}/probes/p")).await.expect(200).body;
    assert_eq!(probe["properties"]["intervalInSeconds"], 15);
    cloud.make(&format!("{lb}/backendAddressPools/c"), json!({"properties": {}})).await;
    let pools = cloud.get(&format!("{lb}/backendAddressPools")).await.expect(200).body;
    assert_eq!(pools["value"].as_array().map(Vec::len), Some(2));
    cloud.delete(&format!("{lb}/backendAddressPools/c")).await.expect(202);
    cloud.get(&format!("{lb}/backendAddressPools/c")).await.expect(404);
    cloud.delete(&format!("{lb}/backendAddressPools/b")).await.expect_error(400, "InvalidResourceReference");
    let mut dangling = body.clone();
    dangling["properties"]["loadBalancingRules"][0]["properties"]["probe"]["id"] =
        json!(format!("{lb}/probes/nope"));
    cloud.put(&lb, dangling).await.expect_error(400, "InvalidResourceReference");
    let mut twice = body;
    twice["properties"]["probes"] = json!([
        {"name": "p", "properties": {"protocol": "Tcp", "port": 80}}, {"name": "P", "properties": {"protocol": "Tcp", "port": 81}}]);
    cloud.put(&lb, twice).await.expect_error(400, "InvalidRequestFormat");
}

#[tokio::test]
async fn gateways_check_their_inner_references() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let at = |path: &str| format!("{group}/providers/Microsoft.Network/{path}");
    let vnet = network(&cloud, "net", "10.0.0.0/16").await;
    let subnet = format!("{vnet}/subnets/gw");
    cloud.make(&subnet, json!({"properties": {"addressPrefix": "10.0.0.0/24"}})).await;
    let address = at("publicIPAddresses/ip");
    cloud
        .make(
            &address,
            json!({"location": "westeurope", "properties": {"publicIPAllocationMethod": "Static"}}),
        )
        .await;
    let gateway = at("applicationGateways/agw");
    let body = |port: &str| {
        json!({"location": "westeurope", "properties": {
            "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
            "gatewayIPConfigurations": [{"name": "g", "properties": {"subnet": {"id": subnet}}}],
            "frontendIPConfigurations": [{"name": "f", "properties": {"publicIPAddress": {"id": address}}}],
            "frontendPorts": [{"name": "http", "properties": {"port": 80}}],
            "backendAddressPools": [{"name": "b"}],
            "backendHttpSettingsCollection": [{"name": "s", "properties": {"port": 80, "protocol": "Http"}}],
            "httpListeners": [{"name": "l", "properties": {
                "frontendIPConfiguration": {"id": format!("{gateway}/frontendIPConfigurations/f")},
                "frontendPort": {"id": format!("{gateway}/frontendPorts/{port}")}, "protocol": "Http"}}],
            "requestRoutingRules": [{"name": "r", "properties": {"ruleType": "Basic", "priority": 10,
                "httpListener": {"id": format!("{gateway}/httpListeners/l")},
                "backendAddressPool": {"id": format!("{gateway}/backendAddressPools/b")},
                "backendHttpSettings": {"id": format!("{gateway}/backendHttpSettingsCollection/s")}}}],
        }})
    };
    cloud.put(&gateway, body("https")).await.expect_error(400, "InvalidResourceReference");
    let made = cloud.make(&gateway, body("http")).await;
    assert_eq!(made["properties"]["operationalState"], "Running");
    assert_eq!(made["properties"]["httpListeners"][0]["id"], format!("{gateway}/httpListeners/l"));
    cloud.delete(&subnet).await.expect_error(400, "InUseSubnetCannotBeDeleted");
    cloud.post(&format!("{gateway}/stop"), json!({})).await.expect(202);
    assert_eq!(cloud.get(&gateway).await.expect(200).body["properties"]["operationalState"], "Stopped");
}

#[tokio::test]
async fn interfaces_take_addresses_in_order() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let vnet = network(&cloud, "net", "10.0.0.0/16").await;
    let subnet = format!("{vnet}/subnets/s");
    cloud.make(&subnet, json!({"properties": {"addressPrefix": "10.0.0.0/29"}})).await;
    let path = |name: &str| format!("{group}/providers/Microsoft.Network/networkInterfaces/{name}");
    let body = |fixed: Option<&str>| {
        let mut properties = json!({"subnet": {"id": subnet}});
        if let Some(address) = fixed {
            properties["privateIPAllocationMethod"] = json!("Static");
            properties["privateIPAddress"] = json!(address);
        }
        json!({"location": "westeurope", "properties": {"ipConfigurations": [{"name": "c", "properties": properties}]}})
    };
    let address =
        |body: &Value| body["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"].clone();
    assert_eq!(address(&cloud.make(&path("a"), body(Some("10.0.0.5"))).await), "10.0.0.5");
    assert_eq!(address(&cloud.make(&path("b"), body(None)).await), "10.0.0.6");
    cloud.put(&path("c"), body(Some("10.0.0.5"))).await.expect_error(400, "PrivateIPAddressInUse");
    cloud.put(&path("c"), body(Some("10.0.1.5"))).await.expect_error(400, "PrivateIPAddressNotInSubnet");
    assert_eq!(address(&cloud.make(&path("c"), body(None)).await), "10.0.0.4");
    cloud.put(&path("d"), body(None)).await.expect_error(400, "SubnetIsFull");
    cloud.delete(&path("a")).await.expect(202);
    assert_eq!(address(&cloud.make(&path("d"), body(None)).await), "10.0.0.5");
    assert_eq!(address(&cloud.make(&path("b"), body(None)).await), "10.0.0.6", "an update keeps the address");
}
