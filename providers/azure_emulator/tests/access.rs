//! Signing in, tokens, metadata.

use std::net::SocketAddr;

use hyper::{Method, Request};
use serde_json::json;
use terrane_azure_emulator::{Emulator, EmulatorConfig, EmulatorError};

use crate::support::Cloud;

#[tokio::test]
async fn metadata_has_the_shapes_that_clients_read() {
    let cloud = Cloud::start().await;
    let today = cloud.get("/metadata/endpoints?api-version=2022-09-01").await.expect(200).body;
    assert_eq!(today["name"], "AzureCloud");
    assert_eq!(today["resourceManager"], format!("{}/", cloud.emulator.url()));
    assert_eq!(today["authentication"]["loginEndpoint"], cloud.emulator.url());
    assert_eq!(today["authentication"]["identityProvider"], "AAD");
    let list = cloud.get("/metadata/endpoints?api-version=2019-05-01").await.expect(200).body;
    assert_eq!(list[0]["name"], "AzureEmulator");
    let regions = cloud.get("/metadata/endpoints?api-version=2018-01-01").await.expect(200).body;
    assert!(regions["cloudEndpoint"]["public"]["locations"].as_array().is_some_and(|all| all.len() > 40));
    let old = cloud.get("/metadata/endpoints?api-version=2015-01-01").await.expect(200).body;
    assert!(old["authentication"]["audiences"].is_array());
}

#[tokio::test]
async fn tokens_are_checked() {
    let mut cloud = Cloud::start().await;
    let path = cloud.subscription.clone();
    cloud.get(&path).await.expect(200);

    let anonymous = Request::builder()
        .uri(format!("{path}?api-version=2022-12-01"))
        .header("host", cloud.host())
        .body(Default::default())
        .expect("a request");
    let answer =
        cloud.send_request(anonymous).await.expect("an answer").expect_error(401, "AuthenticationFailed");
    assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer ")));

    let good = std::mem::take(&mut cloud.token);
    let forged = format!("{}x", good);
    cloud.token = forged;
    cloud.get(&path).await.expect_error(401, "InvalidAuthenticationToken");
    cloud.token = good;
    cloud.advance(3600);
    cloud.get(&path).await.expect_error(401, "ExpiredAuthenticationToken");
    cloud.sign_in().await;
    cloud.get(&path).await.expect(200);
}

#[tokio::test]
async fn wrong_secrets_get_no_token() {
    let cloud = Cloud::start().await;
    let env = cloud.emulator.env();
    let post = |form: String| {
        Request::builder()
            .method(Method::POST)
            .uri(format!("/{}/oauth2/token", env["ARM_TENANT_ID"]))
            .header("host", cloud.host())
            .body(form.into_bytes().into())
            .expect("a request")
    };
    let id = &env["ARM_CLIENT_ID"];
    let wrong =
        format!("grant_type=client_credentials&client_id={id}&client_secret=no&resource=https%3A%2F%2Fx");
    let answer = cloud.send_request(post(wrong)).await.expect("an answer").expect(401);
    assert_eq!(answer.body["error"], "invalid_client");
    let code = format!("grant_type=authorization_code&client_id={id}");
    let answer = cloud.send_request(post(code)).await.expect("an answer").expect(400);
    assert_eq!(answer.body["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn tokens_for_something_else_are_refused() {
    let mut cloud = Cloud::start().await;
    let env = cloud.emulator.env();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&resource=https%3A%2F%2Fvault.azure.net",
        env["ARM_CLIENT_ID"], env["ARM_CLIENT_SECRET"]
    );
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/{}/oauth2/token", env["ARM_TENANT_ID"]))
        .header("host", cloud.host())
        .body(form.into_bytes().into())
        .expect("a request");
    let answer = cloud.send_request(request).await.expect("an answer").expect(200);
    cloud.token = answer.body["access_token"].as_str().expect("a token").to_owned();
    cloud.get(&cloud.subscription).await.expect_error(401, "InvalidAuthenticationTokenAudience");
}

#[tokio::test]
async fn only_loopback_addresses_are_served() {
    let listen: SocketAddr = "0.0.0.0:0".parse().expect("an address");
    let error =
        Emulator::start(EmulatorConfig { listen, ..EmulatorConfig::default() }).await.expect_err("refused");
    assert!(matches!(error, EmulatorError::NotLoopback(_)), "{error}");
}

#[tokio::test]
async fn requests_are_checked_before_anything_else() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/v");
    cloud.get(&format!("{vnet}?api-version=")).await.expect_error(400, "MissingApiVersionParameter");
    cloud.get(&format!("{vnet}?api-version=1999-01-01")).await.expect_error(400, "NoRegisteredProviderFound");
    cloud.get("/subscriptions/x?api-version=2022-12-01").await.expect_error(400, "InvalidSubscriptionId");
    cloud
        .get("/subscriptions/11111111-1111-1111-1111-111111111111?api-version=2022-12-01")
        .await
        .expect_error(404, "SubscriptionNotFound");
    cloud
        .get(&format!("{group}/providers/Microsoft.Nope/x/y"))
        .await
        .expect_error(404, "InvalidResourceNamespace");
    cloud
        .get(&format!("{group}/providers/Microsoft.Network/virtualNetwork/v"))
        .await
        .expect_error(404, "InvalidResourceType");
    let missing = cloud.get(&vnet).await.expect_error(404, "ResourceNotFound");
    assert_eq!(missing.header("x-ms-failure-cause"), Some("gateway"));
    assert_eq!(
        missing.body["error"]["message"],
        "The Resource 'Microsoft.Network/virtualNetworks/v' under resource group 'rg' was not found. For more details \
         please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    let other = cloud.group("other");
    cloud
        .put(&format!("{other}/providers/Microsoft.Network/virtualNetworks/v"), json!({}))
        .await
        .expect_error(404, "ResourceGroupNotFound");
}

#[tokio::test]
async fn regions_have_zones_or_not() {
    let cloud = Cloud::start().await;
    let regions = cloud.get(&format!("{}/locations", cloud.subscription)).await.expect(200).body;
    let zones = |name: &str| {
        let region = regions["value"].as_array().into_iter().flatten().find(|region| region["name"] == name);
        region.and_then(|region| region["availabilityZoneMappings"].as_array()).map(Vec::len)
    };
    assert_eq!((zones("westeurope"), zones("westus")), (Some(3), None));
}

#[tokio::test]
async fn every_subscription_exists_on_request() {
    let other = "/subscriptions/22222222-2222-2222-2222-222222222222";
    let cloud = Cloud::start().await;
    cloud.get(other).await.expect_error(404, "SubscriptionNotFound");
    let config = EmulatorConfig { any_subscription: true, ..EmulatorConfig::default() };
    let cloud = Cloud::start_with(config).await;
    assert_eq!(cloud.get(other).await.expect(200).body["id"], other);
    let group = format!("{other}/resourceGroups/rg");
    cloud.put(&group, json!({"location": "westeurope"})).await.expect(201);
    assert_eq!(cloud.get(&group).await.expect(200).body["id"], group);
    let cluster = format!("{group}/providers/Microsoft.ContainerService/managedClusters/aks");
    let body = json!({"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": {
        "dnsPrefix": "aks",
        "agentPoolProfiles": [{"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}],
    }});
    let made = cloud.make(&cluster, body).await;
    let identity = &made["properties"]["identityProfile"]["kubeletidentity"]["resourceId"];
    assert!(identity.as_str().is_some_and(|id| id.starts_with(other)), "{identity}");
    let query = json!({"query": "resources | project id", "subscriptions": [other.rsplit('/').next()]});
    let graph = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01";
    let found = cloud.post(graph, query).await.expect(200).body;
    assert!(found["totalRecords"].as_u64().is_some_and(|count| count > 1), "{found}");
    let own = json!({"query": "resources", "subscriptions": [cloud.subscription.rsplit('/').next()]});
    assert_eq!(cloud.post(graph, own).await.expect(200).body["totalRecords"], 0);
    cloud.delete(&group).await.expect(202);
    cloud.get("/subscriptions?api-version=2022-12-01").await.expect(200);
    assert_eq!(cloud.emulator.resource_ids(), Vec::<String>::new());
}
