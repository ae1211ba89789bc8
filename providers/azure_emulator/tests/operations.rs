//! Operations that take time, conflicts, faults and throttling.

use std::path::PathBuf;

use serde_json::{Value, json};
use terrane_azure_emulator::{Emulator, EmulatorConfig, EmulatorError, Throttling};

use crate::support::{Answer, Cloud};

fn slow() -> EmulatorConfig {
    EmulatorConfig { operation_time: 1.0, ..EmulatorConfig::default() }
}

/// The path of an operation's URL in a header.
fn path_of(cloud: &Cloud, answer: &Answer, header: &str) -> String {
    let url = answer.header(header).unwrap_or_else(|| panic!("no {header}: {:?}", answer.headers));
    url.strip_prefix(cloud.emulator.url()).expect("the emulator's own URL").to_owned()
}

fn network() -> Value {
    json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}})
}

#[tokio::test]
async fn operations_run_and_succeed() {
    let cloud = Cloud::start_with(slow()).await;
    let group = cloud.make_group("rg").await;
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/net");
    let answer = cloud.put(&vnet, network()).await.expect(201);
    assert_eq!(answer.body["properties"]["provisioningState"], "Updating");
    assert!(answer.header("retry-after").is_none(), "Network gives no hint");
    let status = path_of(&cloud, &answer, "azure-asyncoperation");
    assert!(status.len() > 2000, "operation URLs are long");
    assert_eq!(cloud.get(&status).await.expect(200).body["status"], "InProgress");
    assert_eq!(cloud.get(&vnet).await.expect(200).body["properties"]["provisioningState"], "Updating");
    cloud.advance(10);
    let done = cloud.get(&status).await.expect(200).body;
    assert_eq!((&done["status"], done["endTime"].is_string()), (&json!("Succeeded"), true));
    assert_eq!(cloud.get(&vnet).await.expect(200).body["properties"]["provisioningState"], "Succeeded");

    let answer = cloud.delete(&vnet).await.expect(202);
    let result = path_of(&cloud, &answer, "location");
    cloud.get(&result).await.expect(202);
    assert_eq!(cloud.get(&vnet).await.expect(200).body["properties"]["provisioningState"], "Deleting");
    cloud.advance(10);
    cloud.get(&result).await.expect(204);
    cloud.get(&vnet).await.expect(404);
    let gone = result.replace('?', "0?");
    assert!(matches!(cloud.get(&gone).await.status, 404));
}

#[tokio::test]
async fn operations_have_the_styles_of_their_services() {
    let cloud = Cloud::start_with(slow()).await;
    let group = cloud.make_group("rg").await;
    let cluster = format!("{group}/providers/Microsoft.ContainerService/managedClusters/aks");
    let answer = cloud
        .put(&cluster, json!({"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": {
            "dnsPrefix": "aks", "agentPoolProfiles": [{"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}]}}))
        .await
        .expect(201);
    assert!(path_of(&cloud, &answer, "azure-asyncoperation").ends_with("api-version=2016-03-30"));
    let pool = format!("{cluster}/agentPools/more");
    let body = json!({"properties": {"mode": "User", "count": 1, "vmSize": "Standard_D4s_v5"}});
    cloud.put(&pool, body.clone()).await.expect_error(409, "OperationNotAllowed");
    cloud.advance(400);
    cloud.put(&pool, body.clone()).await.expect(201);
    cloud.put(&format!("{cluster}/agentPools/another"), body).await.expect(201);
    cloud.patch(&cluster, json!({"tags": {}})).await.expect_error(409, "OperationNotAllowed");
    cloud.advance(400);
    let answer = cloud.delete(&cluster).await.expect(202);
    assert!(answer.header("azure-asyncoperation").is_some() && answer.header("location").is_some());
    let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/terraneslow");
    let answer = cloud
        .put(
            &account,
            json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}),
        )
        .await
        .expect(202);
    assert_eq!((answer.body.clone(), answer.header("retry-after")), (Value::Null, Some("17")));
    let result = path_of(&cloud, &answer, "location");
    cloud.get(&result).await.expect(202);
    cloud.advance(30);
    assert_eq!(cloud.get(&result).await.expect(200).body["name"], "terraneslow");
}

#[tokio::test]
async fn writes_on_one_network_exclude_each_other() {
    let cloud = Cloud::start_with(slow()).await;
    let group = cloud.make_group("rg").await;
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/net");
    cloud.put(&vnet, network()).await.expect(201);
    let subnet = |number: u32| {
        (
            format!("{vnet}/subnets/s{number}"),
            json!({"properties": {"addressPrefix": format!("10.0.{number}.0/24")}}),
        )
    };
    let (path, body) = subnet(0);
    cloud.put(&path, body.clone()).await.expect_error(409, "AnotherOperationInProgress");
    cloud.advance(10);
    cloud.put(&path, body).await.expect(201);
    let (other, body) = subnet(1);
    let refused = cloud.put(&other, body.clone()).await.expect_error(409, "AnotherOperationInProgress");
    assert!(refused.body["error"]["message"].as_str().is_some_and(|text| text.contains("/operations/")));
    cloud.put(&vnet, network()).await.expect_error(409, "AnotherOperationInProgress");
    cloud.advance(10);
    cloud.put(&other, body).await.expect(201);
}

#[tokio::test]
async fn groups_take_their_members_along() {
    let cloud = Cloud::start_with(slow()).await;
    let group = cloud.make_group("rg").await;
    let identity = format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity");
    cloud.make(&identity, json!({"location": "westeurope"})).await;
    let answer = cloud.delete(&group).await.expect(202);
    assert_eq!(answer.header("retry-after"), Some("15"));
    assert_eq!(cloud.get(&group).await.expect(200).body["properties"]["provisioningState"], "Deleting");
    cloud
        .put(&identity, json!({"location": "westeurope"}))
        .await
        .expect_error(409, "ResourceGroupBeingDeleted");
    cloud.advance(60);
    cloud.get(&path_of(&cloud, &answer, "location")).await.expect(200);
    cloud.get(&identity).await.expect_error(404, "ResourceGroupNotFound");
}

fn fault_file(name: &str, rules: &Value) -> PathBuf {
    let path = std::env::temp_dir().join(format!("emulator-faults-{name}-{}.json", std::process::id()));
    std::fs::write(&path, json!({"seed": 1, "rules": rules}).to_string())
        .expect("the temporary directory is writable");
    path
}

#[tokio::test]
async fn faults_happen_on_demand() {
    let log = std::env::temp_dir().join(format!("emulator-requests-{}.jsonl", std::process::id()));
    let rules = json!([
        {"type": "Microsoft.Network/*", "method": "PUT", "count": 1, "status": 429, "retry_after": 7},
        {"path": "/drop-before$", "count": 1, "drop": "before"},
        {"path": "/drop-after$", "count": 1, "drop": "after"},
        {"type": "Microsoft.Cache/redis", "method": "PUT", "count": 1, "fail_operation": {"code": "OutOfStock", "message": "no"}},
    ]);
    let file = fault_file("happen", &rules);
    let config = EmulatorConfig {
        faults: Some(file.clone()),
        request_log: Some(log.clone()),
        ..EmulatorConfig::default()
    };
    let cloud = Cloud::start_with(config).await;
    let group = cloud.make_group("rg").await;
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/net");
    let refused = cloud.put(&vnet, network()).await.expect_error(429, "TooManyRequests");
    assert_eq!(refused.header("retry-after"), Some("7"));
    cloud.put(&vnet, network()).await.expect(201);
    let identity =
        |name: &str| format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}");
    let body = json!({"location": "westeurope"}).to_string();
    for (name, is_there) in [("drop-before", false), ("drop-after", true)] {
        let dropped = cloud.send_text(hyper::Method::PUT, &identity(name), body.clone(), &[]).await;
        assert!(dropped.is_err(), "{dropped:?}");
        assert_eq!(cloud.get(&identity(name)).await.status == 200, is_there, "{name}");
    }
    let cache = format!("{group}/providers/Microsoft.Cache/redis/terrane-faulty");
    let sku = json!({"location": "westeurope", "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 0}}});
    let answer = cloud.put(&cache, sku.clone()).await.expect(201);
    let status = cloud.get(&path_of(&cloud, &answer, "azure-asyncoperation")).await.expect(200).body;
    assert_eq!((&status["status"], &status["error"]["code"]), (&json!("Failed"), &json!("OutOfStock")));
    assert_eq!(cloud.get(&cache).await.expect(200).body["properties"]["provisioningState"], "Failed");
    cloud.put(&cache, sku).await.expect(200);
    assert_eq!(cloud.get(&cache).await.expect(200).body["properties"]["provisioningState"], "Succeeded");

    let lines = std::fs::read_to_string(&log).expect("the log is written");
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    assert!(
        lines.iter().any(|line| line["status"].is_null() && line["method"] == "PUT"),
        "dropped requests are logged"
    );
    assert!(lines.iter().all(|line| !line.to_string().contains(&cloud.emulator.env()["ARM_CLIENT_SECRET"])));
    for path in [file, log] {
        std::fs::remove_file(path).expect("it is ours");
    }
}

#[tokio::test]
async fn bad_fault_files_are_refused() {
    let file = fault_file("bad", &json!([{"status": "often"}]));
    let error =
        Emulator::start(EmulatorConfig { faults: Some(file.clone()), ..EmulatorConfig::default() }).await;
    assert!(matches!(error, Err(EmulatorError::Faults { .. })), "{error:?}");
    std::fs::remove_file(file).expect("it is ours");
}

#[tokio::test]
async fn throttling_shows_and_refuses() {
    let config = EmulatorConfig { throttling: Throttling::Realistic, ..EmulatorConfig::default() };
    let cloud = Cloud::start_with(config).await;
    let group = cloud.group("rg");
    let body = json!({"location": "westeurope"});
    let first = cloud.put(&group, body.clone()).await.expect(201);
    assert_eq!(first.header("x-ms-ratelimit-remaining-subscription-writes"), Some("199"));
    assert_eq!(first.header("x-ms-ratelimit-remaining-subscription-global-writes"), Some("2985"));
    let mut refused = None;
    for _ in 0..400 {
        let answer = cloud.put(&group, body.clone()).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused
        .expect("400 writes are more than the bucket holds")
        .expect_error(429, "SubscriptionRequestsThrottled");
    assert_eq!(refused.header("retry-after"), Some("1"));
    cloud.advance(1);
    cloud.put(&group, body).await.expect(200);
}
