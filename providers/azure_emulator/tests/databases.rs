//! Redis, Managed Redis and PostgreSQL.

use serde_json::{Value, json};

use crate::support::Cloud;

#[tokio::test]
async fn caches_follow_their_sizes() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let cache = format!("{group}/providers/Microsoft.Cache/redis/terrane-cache");
    let body = |name: &str, family: &str, capacity: u32| json!({"location": "westeurope", "properties": {"sku": {"name": name, "family": family, "capacity": capacity}}});
    cloud.put(&cache, body("Standard", "P", 1)).await.expect_error(400, "BadRequest");
    cloud.put(&cache, body("Standard", "C", 7)).await.expect_error(400, "BadRequest");
    let mut sharded = body("Standard", "C", 1);
    sharded["properties"]["shardCount"] = json!(2);
    cloud.put(&cache, sharded).await.expect_error(400, "BadRequest");
    let answer = cloud.put(&cache, body("standard", "C", 1)).await.expect(201);
    let location = answer.header("location").expect("the trap");
    assert!(location.contains("/Microsoft.Cache/Redis/terrane-cache?"), "{location}");
    assert!(
        answer
            .header("azure-asyncoperation")
            .is_some_and(|url| url.contains("/locations/West%20Europe/asyncOperations/"))
    );
    let keys = answer.body["properties"]["accessKeys"].clone();
    let made = cloud.get(&cache).await.expect(200).body;
    assert_eq!(made["location"], "West Europe");
    assert_eq!(made["properties"]["sku"]["name"], "Standard");
    assert_eq!(made["properties"]["redisConfiguration"]["maxclients"], "1000");
    assert_eq!(made["properties"]["sslPort"], 6380);
    assert_eq!(cloud.post(&format!("{cache}/listKeys"), json!({})).await.expect(200).body, keys);
    let new =
        cloud.post(&format!("{cache}/regenerateKey"), json!({"keyType": "Primary"})).await.expect(200).body;
    assert_ne!(new["primaryKey"], keys["primaryKey"]);
    assert_eq!(new["secondaryKey"], keys["secondaryKey"]);
    let patch = json!({"properties": {"redisConfiguration": {"maxmemory-policy": "allkeys-lru"}}});
    cloud.patch(&cache, patch).await.expect(200);
    let patched = cloud.get(&cache).await.expect(200).body;
    assert_eq!(patched["properties"]["redisConfiguration"]["maxmemory-policy"], "allkeys-lru");
    cloud.put(&cache, body("Basic", "C", 1)).await.expect_error(400, "BadRequest");
    cloud.get(&format!("{cache}/patchSchedules/default")).await.expect(404);
    let rule = format!("{cache}/firewallRules/office");
    let made = cloud.make(&rule, json!({"properties": {"startIP": "1.2.3.4", "endIP": "1.2.3.9"}})).await;
    assert_eq!(made["name"], "terrane-cache/office");
    let backwards = json!({"properties": {"startIP": "1.2.3.9", "endIP": "1.2.3.4"}});
    cloud.put(&rule, backwards).await.expect_error(400, "BadRequest");
    // Names are unique everywhere.
    let other = cloud.make_group("other").await;
    let same = format!("{other}/providers/Microsoft.Cache/redis/TERRANE-cache");
    cloud.put(&same, body("Basic", "C", 0)).await.expect_error(409, "NameNotAvailable");
    let check = format!(
        "{}/providers/Microsoft.Cache/CheckNameAvailability?api-version=2024-11-01",
        cloud.subscription
    );
    let question = |name: &str| json!({"name": name, "type": "Microsoft.Cache/Redis"});
    cloud.post(&check, question("terrane-cache")).await.expect_error(409, "NameNotAvailable");
    cloud.post(&check, question("terrane-free")).await.expect(200);
}

#[tokio::test]
async fn managed_redis_is_a_cluster_with_a_database() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let cluster = format!("{group}/providers/Microsoft.Cache/redisEnterprise/managed");
    let body = json!({"location": "westeurope", "sku": {"name": "Balanced_B1"}, "properties": {"publicNetworkAccess": "Enabled"}});
    let made = cloud.make(&cluster, body.clone()).await;
    assert_eq!(made["properties"]["resourceState"], "Running");
    assert_eq!(made["properties"]["hostName"], "managed.westeurope.redis.azure.net");
    let mut sized = body;
    sized["sku"]["capacity"] = json!(2);
    cloud.put(&cluster, sized).await.expect_error(400, "BadRequest");
    let database = format!("{cluster}/databases/default");
    let made = cloud.make(&database, json!({"properties": {}})).await;
    assert_eq!(made["properties"]["port"], 10000);
    cloud.post(&format!("{database}/listKeys"), json!({})).await.expect_error(400, "BadRequest");
    let patch = json!({"properties": {"accessKeysAuthentication": "Enabled"}});
    cloud.patch(&database, patch).await.expect(202);
    cloud.get(&database).await.expect(200);
    let keys = cloud.post(&format!("{database}/listKeys"), json!({})).await.expect(200).body;
    assert!(keys["primaryKey"].is_string());
    cloud
        .put(&format!("{cluster}/databases/other"), json!({"properties": {}}))
        .await
        .expect_error(400, "InvalidResourceName");
}

fn server_body() -> Value {
    json!({
        "location": "westeurope",
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        "properties": {
            "version": "15", "administratorLogin": "pgadmin", "administratorLoginPassword": "Passw0rd!",
            "storage": {"storageSizeGB": 64},
        },
    })
}

#[tokio::test]
async fn servers_are_checked() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let server = format!("{group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/terrane-pg");
    let changed = |pointer: &str, value: Value| {
        let mut body = server_body();
        *body.pointer_mut(pointer).expect(pointer) = value;
        body
    };
    for (pointer, value, code) in [
        ("/properties/version", json!("9"), "InvalidParameterValue"),
        ("/properties/administratorLogin", json!("azure_superuser"), "InvalidParameterValue"),
        ("/properties/administratorLogin", json!(null), "MissingRequiredParameter"),
        ("/properties/administratorLoginPassword", json!("short"), "PasswordTooShortOrSimple"),
        ("/properties/storage/storageSizeGB", json!(33), "InvalidParameterValue"),
        ("/sku/tier", json!(1), "InvalidParameterValue"),
    ] {
        let answer = cloud.put(&server, changed(pointer, value)).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{pointer}: {}", answer.body);
    }
    cloud.make(&server, server_body()).await;
    cloud
        .put(&server, changed("/properties/version", json!("14")))
        .await
        .expect_error(400, "InvalidParameterValue");
    cloud
        .put(&server, changed("/properties/storage/storageSizeGB", json!(32)))
        .await
        .expect_error(400, "InvalidParameterValue");
    let patch = json!({"properties": {"storage": {"storageSizeGB": 128}}});
    cloud.patch(&server, patch).await.expect(202);
    let grown = cloud.get(&server).await.expect(200).body;
    assert_eq!(
        grown["properties"]["storage"],
        json!({"autoGrow": "Disabled", "iops": 500, "storageSizeGB": 128, "tier": "P10", "type": ""})
    );
    assert_eq!(grown["properties"]["administratorLogin"], "pgadmin");
}

#[tokio::test]
async fn servers_in_networks_need_a_delegated_subnet_and_a_zone() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let at = |path: &str| format!("{group}/providers/Microsoft.Network/{path}");
    let vnet = at("virtualNetworks/net");
    let delegation =
        json!([{"name": "d", "properties": {"serviceName": "Microsoft.DBforPostgreSQL/flexibleServers"}}]);
    cloud
        .make(
            &vnet,
            json!({"location": "westeurope", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [
                {"name": "plain", "properties": {"addressPrefix": "10.0.0.0/24"}},
                {"name": "pg", "properties": {"addressPrefix": "10.0.1.0/24", "delegations": delegation}},
            ]}}),
        )
        .await;
    for zone in ["a.postgres.database.azure.com", "terrane-vnet.postgres.database.azure.com", "x.example.com"]
    {
        cloud.make(&at(&format!("privateDnsZones/{zone}")), json!({"location": "global"})).await;
    }
    let server = format!("{group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/terrane-vnet");
    let body = |subnet: &str, zone: Option<&str>| {
        let mut body = server_body();
        body["properties"]["network"] =
            json!({"delegatedSubnetResourceId": format!("{vnet}/subnets/{subnet}")});
        if let Some(zone) = zone {
            body["properties"]["network"]["privateDnsZoneArmResourceId"] =
                json!(at(&format!("privateDnsZones/{zone}")));
        }
        body
    };
    let good = Some("a.postgres.database.azure.com");
    cloud.put(&server, body("plain", good)).await.expect_error(400, "SubnetMissingRequiredDelegation");
    cloud.put(&server, body("none", good)).await.expect_error(400, "InvalidParameterValue");
    cloud.put(&server, body("pg", None)).await.expect_error(400, "MissingRequiredParameter");
    cloud.put(&server, body("pg", Some("x.example.com"))).await.expect_error(400, "InvalidParameterValue");
    let own = Some("terrane-vnet.postgres.database.azure.com");
    cloud.put(&server, body("pg", own)).await.expect_error(400, "InvalidParameterValue");
    let mut open = body("pg", good);
    open["properties"]["network"]["publicNetworkAccess"] = json!("Enabled");
    cloud.put(&server, open).await.expect_error(400, "InvalidParameterValue");
    cloud.make(&server, body("pg", good)).await;
    let subnet = format!("{vnet}/subnets/pg");
    assert!(cloud.get(&subnet).await.expect(200).body["properties"]["serviceAssociationLinks"].is_array());
    let undelegated = json!({"properties": {"addressPrefix": "10.0.1.0/24"}});
    cloud.put(&subnet, undelegated).await.expect_error(400, "SubnetMissingRequiredDelegation");
    cloud.delete(&subnet).await.expect_error(400, "InUseSubnetCannotBeDeleted");
}

#[tokio::test]
async fn parts_of_servers_are_written_one_by_one() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let server = format!("{group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/terrane-pg");
    cloud.make(&server, server_body()).await;
    let databases = cloud.get(&format!("{server}/databases")).await.expect(200).body;
    assert_eq!(databases["value"].as_array().map(Vec::len), Some(3));
    let database = format!("{server}/databases/app");
    cloud.make(&database, json!({"properties": {"charset": "UTF8", "collation": "en_US.utf8"}})).await;
    let other = json!({"properties": {"charset": "LATIN1", "collation": "C"}});
    cloud.put(&database, other).await.expect_error(400, "InvalidParameterValue");
    cloud.delete(&format!("{server}/databases/postgres")).await.expect_error(400, "OperationNotAllowed");
    let all = cloud.get(&format!("{server}/configurations")).await.expect(200).body;
    assert!(all["value"].as_array().is_some_and(|all| all.len() > 100));
    let setting = format!("{server}/configurations/max_connections");
    cloud
        .patch(&setting, json!({"properties": {"value": "7"}}))
        .await
        .expect_error(400, "ServerParameterInvalidValue");
    cloud
        .patch(&setting, json!({"properties": {"value": "200", "source": "user-override"}}))
        .await
        .expect(202);
    let changed = cloud.get(&setting).await.expect(200).body;
    assert_eq!(changed["properties"]["value"], "200");
    assert_eq!(changed["properties"]["isConfigPendingRestart"], true);
    cloud.post(&format!("{server}/restart"), json!({})).await.expect(202);
    assert_eq!(cloud.get(&setting).await.expect(200).body["properties"]["isConfigPendingRestart"], false);
    cloud.get(&format!("{server}/configurations/no_such_setting")).await.expect(404);
    let rule = format!("{server}/firewallRules/office");
    cloud.make(&rule, json!({"properties": {"startIpAddress": "1.2.3.4", "endIpAddress": "1.2.3.4"}})).await;
    let administrator = format!("{server}/administrators/11111111-1111-1111-1111-111111111111");
    let body = json!({"properties": {"principalName": "me", "principalType": "User"}});
    assert_eq!(cloud.put(&administrator, body.clone()).await.status, 400, "Entra authentication is off");
    cloud
        .patch(&server, json!({"properties": {"authConfig": {"activeDirectoryAuth": "Enabled"}}}))
        .await
        .expect(202);
    let made = cloud.make(&administrator, body).await;
    assert_eq!(made["properties"]["objectId"], "11111111-1111-1111-1111-111111111111");
}
