//! Public and private DNS.

use serde_json::json;

use crate::support::Cloud;

#[tokio::test]
async fn private_zones_hold_records_and_links() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let at = |path: &str| format!("{group}/providers/Microsoft.Network/{path}");
    let vnet = at("virtualNetworks/net");
    cloud.make(&vnet, json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}})).await;
    let zone = at("privateDnsZones/example.internal");
    let regional = json!({"location": "westeurope"});
    cloud.put(&zone, regional).await.expect_error(400, "LocationNotAvailableForResourceType");
    cloud
        .put(&at("privateDnsZones/single"), json!({"location": "global"}))
        .await
        .expect_error(400, "InvalidResourceName");
    let pending = cloud.put(&zone, json!({"location": "global"})).await.expect(202);
    assert!(pending.header("location").is_some_and(|url| url.contains("/privateDnsOperationResults/")));
    let soa = cloud.get(&format!("{zone}/SOA/@")).await.expect(200).body;
    assert_eq!(soa["properties"]["fqdn"], "example.internal.");
    cloud.delete(&format!("{zone}/SOA/@")).await.expect_error(400, "BadRequest");

    let record = format!("{zone}/A/www");
    let body = json!({"properties": {"ttl": 300, "aRecords": [{"ipv4Address": "10.0.0.4"}]}});
    let made = cloud.put(&record, body.clone()).await.expect(201).body;
    assert_eq!(made["properties"]["fqdn"], "www.example.internal.");
    assert_eq!(made["type"], "Microsoft.Network/privateDnsZones/A");
    cloud.put(&record, body).await.expect(200);
    let bad = json!({"properties": {"ttl": 300, "aRecords": [{"ipv4Address": "10.0.0.400"}]}});
    cloud.put(&record, bad).await.expect_error(400, "BadRequest");
    cloud.put(&record, json!({"properties": {"ttl": 300}})).await.expect_error(400, "BadRequest");
    let alias = json!({"properties": {"ttl": 300, "cnameRecord": {"cname": "x.example"}}});
    cloud.put(&format!("{zone}/CNAME/www"), alias).await.expect_error(400, "BadRequest");
    let patched = cloud.patch(&record, json!({"properties": {"ttl": 60}})).await.expect(200).body;
    assert_eq!(patched["properties"]["aRecords"][0]["ipv4Address"], "10.0.0.4");
    let all = cloud.get(&format!("{zone}/ALL")).await.expect(200).body;
    assert_eq!(all["value"].as_array().map(Vec::len), Some(2));
    assert_eq!(cloud.get(&zone).await.expect(200).body["properties"]["numberOfRecordSets"], 2);

    let link = |zone: &str, name: &str| format!("{zone}/virtualNetworkLinks/{name}");
    let body = |registers: bool| json!({"location": "global", "properties": {"virtualNetwork": {"id": vnet}, "registrationEnabled": registers}});
    let made = cloud.make(&link(&zone, "one"), body(true)).await;
    assert_eq!(made["properties"]["virtualNetworkLinkState"], "Completed");
    cloud.put(&link(&zone, "two"), body(false)).await.expect_error(409, "Conflict");
    let other = at("privateDnsZones/other.internal");
    cloud.make(&other, json!({"location": "global"})).await;
    cloud.put(&link(&other, "one"), body(true)).await.expect_error(409, "Conflict");
    cloud.make(&link(&other, "one"), body(false)).await;
    cloud.delete(&zone).await.expect_error(409, "CannotDeleteResource");
    cloud.delete(&link(&zone, "one")).await.expect(202);
    cloud.delete(&zone).await.expect(202);
    cloud.get(&record).await.expect(404);
}

#[tokio::test]
async fn public_zones_come_with_servers() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let zone = format!("{group}/providers/Microsoft.Network/dnsZones/example.com");
    let made = cloud.put(&zone, json!({"location": "global"})).await.expect(201).body;
    assert_eq!(made["properties"]["nameServers"].as_array().map(Vec::len), Some(4));
    assert_eq!(cloud.get(&zone).await.expect(200).body["properties"]["numberOfRecordSets"], 2);
    let servers = cloud.get(&format!("{zone}/NS/@")).await.expect(200).body;
    assert_eq!(servers["properties"]["NSRecords"][0]["nsdname"], made["properties"]["nameServers"][0]);
    let text = json!({"properties": {"TTL": 60, "TXTRecords": [{"value": ["a b"]}]}});
    cloud.put(&format!("{zone}/TXT/x"), text).await.expect(201);
    cloud.delete(&format!("{zone}/TXT/x")).await.expect(200);
    cloud.delete(&format!("{zone}/TXT/x")).await.expect(204);
    cloud.delete(&zone).await.expect(202);
    cloud.get(&zone).await.expect(404);
}

#[tokio::test]
async fn endpoints_are_checked_against_their_targets() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let at = |path: &str| format!("{group}/providers/{path}");
    let vnet = at("Microsoft.Network/virtualNetworks/net");
    cloud
        .make(
            &vnet,
            json!({"location": "westeurope", "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}),
        )
        .await;
    let registry = at("Microsoft.ContainerRegistry/registries/terraneendpoint");
    cloud.make(&registry, json!({"location": "westeurope", "sku": {"name": "Premium"}})).await;
    let path = at("Microsoft.Network/privateEndpoints/pe");
    let body = |target: &str, groups: serde_json::Value| {
        json!({"location": "westeurope", "properties": {"subnet": {"id": format!("{vnet}/subnets/s")},
            "privateLinkServiceConnections": [{"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": groups}}]}})
    };
    cloud.put(&path, body(&registry, json!(["redisCache"]))).await.expect_error(400, "InvalidGroupId");
    cloud
        .put(&path, body(&format!("{registry}x"), json!(["registry"])))
        .await
        .expect_error(400, "InvalidResourceReference");
    let made = cloud.make(&path, body(&registry, json!(["registry"]))).await;
    let configs = made["properties"]["customDnsConfigs"].as_array().cloned().unwrap_or_default();
    let names: Vec<_> = configs.iter().filter_map(|config| config["fqdn"].as_str()).collect();
    assert_eq!(names, ["terraneendpoint.westeurope.data.azurecr.io", "terraneendpoint.azurecr.io"]);
    let zone = at("Microsoft.Network/privateDnsZones/privatelink.azurecr.io");
    cloud.make(&zone, json!({"location": "global"})).await;
    let zones = json!({"properties": {"privateDnsZoneConfigs": [{"name": "acr", "properties": {"privateDnsZoneId": zone}}]}});
    cloud.make(&format!("{path}/privateDnsZoneGroups/default"), zones.clone()).await;
    cloud
        .put(&format!("{path}/privateDnsZoneGroups/second"), zones)
        .await
        .expect_error(400, "PrivateDnsZoneGroupCountExceeded");
    cloud.get(&format!("{zone}/A/terraneendpoint.westeurope.data")).await.expect(200);
    assert_eq!(cloud.get(&path).await.expect(200).body["properties"]["customDnsConfigs"], json!([]));
    cloud.delete(&format!("{path}/privateDnsZoneGroups/default")).await.expect(202);
    cloud.get(&format!("{zone}/A/terraneendpoint")).await.expect(404);
    cloud.delete(&registry).await.expect(202);
    cloud.delete(&path).await.expect(202);
    let left = cloud.get(&format!("{group}/resources")).await.expect(200).body;
    assert_eq!(
        left["value"].as_array().map(Vec::len),
        Some(2),
        "only the network and the zone are left: {left}"
    );
}
