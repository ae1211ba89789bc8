//! The Azure side of a data platform, from an empty subscription to an empty subscription.

use serde_json::{Value, json};

use crate::support::Cloud;

fn listed(list: &Value) -> Vec<&str> {
    list["value"].as_array().expect("a list").iter().filter_map(|item| item["type"].as_str()).collect()
}

#[tokio::test]
async fn a_platform_is_made_read_and_deleted() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("platform").await;
    let at = |path: &str| format!("{group}/providers/{path}");
    let vnet = at("Microsoft.Network/virtualNetworks/net");

    let nsg = at("Microsoft.Network/networkSecurityGroups/nsg");
    cloud
        .make(&nsg, json!({"location": "westeurope", "properties": {"securityRules": [{"name": "https", "properties": {
            "access": "Allow", "direction": "Inbound", "protocol": "Tcp", "priority": 100,
            "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": "443",
        }}]}}))
        .await;
    let made = cloud
        .make(&vnet, json!({"location": "West Europe", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "aks", "properties": {"addressPrefix": "10.0.0.0/20", "networkSecurityGroup": {"id": nsg}}}],
        }}))
        .await;
    assert_eq!(made["location"], "westeurope");
    assert_eq!(made["properties"]["provisioningState"], "Succeeded");
    assert_eq!(made["properties"]["subnets"][0]["properties"]["privateEndpointNetworkPolicies"], "Disabled");
    cloud
        .make(&format!("{vnet}/subnets/endpoints"), json!({"properties": {"addressPrefix": "10.0.16.0/24"}}))
        .await;
    cloud
        .make(&format!("{vnet}/subnets/postgres"), json!({"properties": {
            "addressPrefixes": ["10.0.17.0/24"],
            "delegations": [{"name": "pg", "properties": {"serviceName": "Microsoft.DBforPostgreSQL/flexibleServers"}}],
        }}))
        .await;
    assert_eq!(
        cloud.get(&vnet).await.expect(200).body["properties"]["subnets"].as_array().map(Vec::len),
        Some(3)
    );

    // Kubernetes.
    let identity = at("Microsoft.ManagedIdentity/userAssignedIdentities/aks-identity");
    let identity_body = cloud.make(&identity, json!({"location": "westeurope"})).await;
    let cluster = at("Microsoft.ContainerService/managedClusters/aks");
    let cluster_body = cloud
        .make(&cluster, json!({
            "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {(identity.clone()): {}}},
            "properties": {
                "dnsPrefix": "platform",
                "kubernetesVersion": "1.33",
                "agentPoolProfiles": [{
                    "name": "system", "mode": "System", "count": 2, "vmSize": "Standard_D4s_v5", "osType": "Linux",
                    "vnetSubnetID": format!("{vnet}/subnets/aks"), "maxPods": 50,
                }],
                "networkProfile": {"networkPlugin": "azure", "serviceCidr": "172.16.0.0/16", "dnsServiceIP": "172.16.0.10"},
            },
        }))
        .await;
    assert_eq!(cluster_body["type"], "Microsoft.ContainerService/ManagedClusters");
    assert!(
        cluster_body["id"].as_str().is_some_and(|id| id.contains("/resourcegroups/")),
        "{}",
        cluster_body["id"]
    );
    assert_eq!(cluster_body["properties"]["currentKubernetesVersion"], "1.33.5");
    assert_eq!(cluster_body["properties"]["networkProfile"]["loadBalancerSku"], "Standard");
    cloud
        .make(&format!("{cluster}/agentPools/work"), json!({"properties": {
            "mode": "User", "count": 3, "vmSize": "Standard_D8s_v5", "vnetSubnetID": format!("{vnet}/subnets/aks"),
        }}))
        .await;
    let pools = cloud.get(&cluster).await.expect(200).body["properties"]["agentPoolProfiles"].clone();
    assert_eq!(pools.as_array().map(Vec::len), Some(2), "{pools}");
    let credentials =
        cloud.post(&format!("{cluster}/listClusterUserCredential"), json!({})).await.expect(200).body;
    assert_eq!(credentials["kubeconfigs"][0]["name"], "clusterUser");
    let kubelet = cluster_body["properties"]["identityProfile"]["kubeletidentity"].clone();
    let kubelet_id = kubelet["resourceId"].as_str().expect("an id");
    let kubelet_body = cloud.get(kubelet_id).await.expect(200).body;
    assert_eq!(kubelet_body["properties"]["principalId"], kubelet["objectId"]);

    // Registry, with the right to pull from it.
    let registry = at("Microsoft.ContainerRegistry/registries/terraneplatform");
    cloud.make(&registry, json!({"location": "westeurope", "sku": {"name": "Basic"}})).await;
    let assignment = format!(
        "{registry}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111"
    );
    let assigned = cloud
        .make(&assignment, json!({"properties": {
            "roleDefinitionId": format!("{}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d", cloud.subscription),
            "principalId": kubelet["objectId"],
        }}))
        .await;
    assert_eq!(assigned["properties"]["scope"], registry);
    assert_eq!(assigned["properties"]["principalType"], "ServicePrincipal");

    // Redis behind a private endpoint.
    let redis = at("Microsoft.Cache/redis/terrane-platform");
    let answer = cloud
        .put(
            &redis,
            json!({"location": "westeurope", "properties": {
                "sku": {"name": "Standard", "family": "C", "capacity": 1}, "publicNetworkAccess": "Disabled",
            }}),
        )
        .await
        .expect(201);
    assert!(answer.body["properties"]["accessKeys"]["primaryKey"].is_string());
    let redis_body = cloud.get(&redis).await.expect(200).body;
    assert_eq!(redis_body["type"], "Microsoft.Cache/Redis");
    assert_eq!(redis_body["properties"]["accessKeys"], Value::Null);
    let zone = at("Microsoft.Network/privateDnsZones/privatelink.redis.cache.windows.net");
    cloud.make(&zone, json!({"location": "global"})).await;
    cloud
        .make(&format!("{zone}/virtualNetworkLinks/net"), json!({
            "location": "global", "properties": {"virtualNetwork": {"id": vnet}, "registrationEnabled": false},
        }))
        .await;
    let endpoint = at("Microsoft.Network/privateEndpoints/redis-endpoint");
    let endpoint_body = cloud
        .make(
            &endpoint,
            json!({"location": "westeurope", "properties": {
                "subnet": {"id": format!("{vnet}/subnets/endpoints")},
                "privateLinkServiceConnections": [{"name": "redis", "properties": {
                    "privateLinkServiceId": redis, "groupIds": ["redisCache"],
                }}],
            }}),
        )
        .await;
    let nic =
        endpoint_body["properties"]["networkInterfaces"][0]["id"].as_str().expect("an interface").to_owned();
    let nic_body = cloud.get(&nic).await.expect(200).body;
    assert_eq!(nic_body["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"], "10.0.16.4");
    cloud
        .make(
            &format!("{endpoint}/privateDnsZoneGroups/default"),
            json!({"properties": {
                "privateDnsZoneConfigs": [{"name": "redis", "properties": {"privateDnsZoneId": zone}}],
            }}),
        )
        .await;
    let record = cloud.get(&format!("{zone}/A/terrane-platform")).await.expect(200).body;
    assert_eq!(record["properties"]["aRecords"], json!([{"ipv4Address": "10.0.16.4"}]));
    let connections =
        cloud.get(&redis).await.expect(200).body["properties"]["privateEndpointConnections"].clone();
    assert_eq!(connections[0]["properties"]["privateLinkServiceConnectionState"]["status"], "Approved");

    // PostgreSQL inside the network.
    let pg_zone = at("Microsoft.Network/privateDnsZones/platform.private.postgres.database.azure.com");
    cloud.make(&pg_zone, json!({"location": "global"})).await;
    let server = at("Microsoft.DBforPostgreSQL/flexibleServers/terrane-platform");
    let pending = cloud
        .put(&server, json!({
            "location": "westeurope",
            "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
            "properties": {
                "version": "16", "administratorLogin": "pgadmin", "administratorLoginPassword": "Passw0rd!",
                "storage": {"storageSizeGB": 32}, "createMode": "Create",
                "network": {
                    "delegatedSubnetResourceId": format!("{vnet}/subnets/postgres"),
                    "privateDnsZoneArmResourceId": pg_zone,
                },
            },
        }))
        .await
        .expect(202);
    assert!(pending.header("azure-asyncoperation").is_some() && pending.header("location").is_some());
    let server_body = cloud.get(&server).await.expect(200).body;
    assert_eq!(server_body["properties"]["state"], "Ready");
    assert_eq!(server_body["properties"]["storage"]["tier"], "P4");
    assert_eq!(server_body["properties"]["network"]["publicNetworkAccess"], "Disabled");
    assert!(server_body["properties"]["administratorLoginPassword"].is_null());
    cloud
        .make(
            &format!("{server}/databases/superset"),
            json!({"properties": {"charset": "UTF8", "collation": "en_US.utf8"}}),
        )
        .await;
    let configuration = format!("{server}/configurations/azure.extensions");
    assert_eq!(cloud.get(&configuration).await.expect(200).body["properties"]["value"], "");
    cloud
        .put(&configuration, json!({"properties": {"value": "UUID-OSSP", "source": "user-override"}}))
        .await
        .expect(202);
    assert_eq!(cloud.get(&configuration).await.expect(200).body["properties"]["value"], "UUID-OSSP");

    // Nothing that is in use can go.
    cloud.delete(&format!("{vnet}/subnets/aks")).await.expect_error(400, "InUseSubnetCannotBeDeleted");
    cloud.delete(&vnet).await.expect_error(400, "InUseSubnetCannotBeDeleted");
    cloud.delete(&nsg).await.expect_error(400, "InUseNetworkSecurityGroupCannotBeDeleted");
    cloud.delete(&zone).await.expect_error(409, "CannotDeleteResource");

    let all = cloud.get(&format!("{}/resources", cloud.subscription)).await.expect(200).body;
    let types = listed(&all);
    assert!(types.contains(&"Microsoft.Network/networkInterfaces"), "{types:?}");
    let _ = identity_body;

    // An endpoint takes its interface, record and connection with it.
    cloud.delete(&endpoint).await.expect(202);
    cloud.get(&nic).await.expect(404);
    cloud.get(&format!("{zone}/A/terrane-platform")).await.expect(404);
    assert!(cloud.get(&redis).await.expect(200).body["properties"]["privateEndpointConnections"].is_null());

    cloud.delete(&group).await.expect(202);
    let left = cloud.get(&format!("{}/resources", cloud.subscription)).await.expect(200).body;
    assert_eq!(listed(&left), [""; 0], "the node resource group goes with its cluster");
    let groups = cloud.get(&format!("{}/resourcegroups", cloud.subscription)).await.expect(200).body;
    assert_eq!(groups["value"], json!([]));
}
