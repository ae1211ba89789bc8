//! Storage accounts, key vaults, workspaces, registries.

use hyper::Method;
use serde_json::{Value, json};

use crate::support::Cloud;

#[tokio::test]
async fn accounts_come_with_services() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/terranestorage");
    let body = |kind: &str, sku: &str| json!({"location": "westeurope", "kind": kind, "sku": {"name": sku}, "properties": {}});
    cloud
        .put(&account, body("BlockBlobStorage", "Standard_LRS"))
        .await
        .expect_error(400, "InvalidValuesForRequestParameters");
    let bad_name = format!("{group}/providers/Microsoft.Storage/storageAccounts/Bad-Name");
    cloud.put(&bad_name, body("StorageV2", "Standard_LRS")).await.expect_error(400, "AccountNameInvalid");
    let pending = cloud.put(&account, body("StorageV2", "Standard_RAGRS")).await.expect(202);
    let url = pending
        .header("location")
        .expect("a location")
        .strip_prefix(cloud.emulator.url())
        .expect("ours")
        .to_owned();
    let result = cloud.get(&url).await.expect(200).body;
    assert_eq!(
        result["properties"]["primaryEndpoints"]["blob"],
        "https://terranestorage.blob.core.windows.net/"
    );
    assert_eq!(result["properties"]["secondaryLocation"], "northeurope");
    cloud.put(&account, body("StorageV2", "Standard_RAGRS")).await.expect(200);
    let keys = cloud.post(&format!("{account}/listKeys"), json!({})).await.expect(200).body;
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(2));
    let service = cloud.get(&format!("{account}/blobServices/default")).await.expect(200).body;
    assert_eq!(service["properties"]["deleteRetentionPolicy"]["enabled"], false);
    let container = format!("{account}/blobServices/default/containers/data");
    let made = cloud.put(&container, json!({"properties": {"publicAccess": "None"}})).await.expect(201).body;
    assert_eq!(made["properties"]["leaseState"], "Available");
    let public = json!({"properties": {"publicAccess": "Blob"}});
    cloud.put(&container, public).await.expect_error(409, "PublicAccessNotPermitted");
    cloud
        .put(
            &format!("{account}/fileServices/default/shares/files"),
            json!({"properties": {"shareQuota": 50}}),
        )
        .await
        .expect(201);
    let list = cloud.get(&format!("{account}/blobServices/default/containers")).await.expect(200).body;
    assert_eq!(list["value"].as_array().map(Vec::len), Some(1));
    let other = cloud.make_group("other").await;
    let same = format!("{other}/providers/Microsoft.Storage/storageAccounts/terranestorage");
    cloud.put(&same, body("StorageV2", "Standard_LRS")).await.expect_error(409, "StorageAccountAlreadyTaken");
    cloud.delete(&account).await.expect(200);
    cloud.get(&container).await.expect(404);
}

fn vault_body(cloud: &Cloud) -> Value {
    json!({"location": "westeurope", "properties": {
        "tenantId": cloud.emulator.env()["ARM_TENANT_ID"],
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
    }})
}

#[tokio::test]
async fn deleted_vaults_keep_their_names() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/terrane-vault");
    let made = cloud.make(&vault, vault_body(&cloud)).await;
    assert_eq!(made["properties"]["vaultUri"], "https://terrane-vault.vault.azure.net/");
    assert_eq!(made["properties"]["enableRbacAuthorization"], true);
    cloud.delete(&vault).await.expect(200);
    cloud.get(&vault).await.expect(404);
    cloud.put(&vault, vault_body(&cloud)).await.expect_error(409, "ConflictError");
    let deleted = format!(
        "{}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/terrane-vault",
        cloud.subscription
    );
    let found = cloud.get(&deleted).await.expect(200).body;
    assert_eq!(found["properties"]["vaultId"], vault.as_str());
    let mut recover = vault_body(&cloud);
    recover["properties"]["createMode"] = json!("recover");
    cloud.make(&vault, recover.clone()).await;
    cloud.get(&deleted).await.expect_error(404, "DeletedVaultNotFound");
    cloud.delete(&vault).await.expect(200);
    let purge = cloud.post(&format!("{deleted}/purge"), json!({})).await.expect(202);
    let result = purge.header("location").and_then(|url| url.strip_prefix(cloud.emulator.url()));
    assert!(cloud.get(result.expect("a result URL")).await.expect(200).body.is_null());
    cloud.get(&deleted).await.expect_error(404, "DeletedVaultNotFound");
    cloud.put(&vault, recover).await.expect_error(404, "VaultNotFound");

    let mut protected = vault_body(&cloud);
    protected["properties"]["enablePurgeProtection"] = json!(true);
    cloud.make(&vault, protected).await;
    cloud.put(&vault, vault_body(&cloud)).await.expect_error(400, "BadRequest");
    cloud.delete(&vault).await.expect(200);
    cloud.post(&format!("{deleted}/purge"), json!({})).await.expect_error(400, "MethodNotAllowed");
}

#[tokio::test]
async fn access_policies_are_added_and_removed() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/terrane-policies");
    cloud.make(&vault, vault_body(&cloud)).await;
    let tenant = cloud.emulator.env()["ARM_TENANT_ID"].clone();
    let policy = |secrets: Value| {
        json!({"properties": {"accessPolicies": [{
            "tenantId": tenant, "objectId": "22222222-2222-2222-2222-222222222222", "permissions": {"secrets": secrets}}]}})
    };
    cloud.put(&format!("{vault}/accessPolicies/add"), policy(json!(["get"]))).await.expect(200);
    cloud.put(&format!("{vault}/accessPolicies/add"), policy(json!(["get", "list"]))).await.expect(200);
    let policies = cloud.get(&vault).await.expect(200).body["properties"]["accessPolicies"].clone();
    assert_eq!(policies[0]["permissions"]["secrets"], json!(["get", "list"]));
    cloud.put(&format!("{vault}/accessPolicies/remove"), policy(json!([]))).await.expect(200);
    assert_eq!(cloud.get(&vault).await.expect(200).body["properties"]["accessPolicies"], json!([]));
    cloud
        .put(&format!("{vault}/accessPolicies/twist"), policy(json!([])))
        .await
        .expect_error(400, "BadRequest");
}

/// Sends a request to a vault's data plane, as its proxy would deliver it.
async fn vault_request(
    cloud: &Cloud,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> crate::support::Answer {
    let request = hyper::Request::builder()
        .method(method)
        .uri(format!("{path}?api-version=7.4"))
        .header("host", "terrane-secrets.vault.azure.net")
        .header("authorization", format!("Bearer {token}"))
        .body(body.map(|body| body.to_string()).unwrap_or_default().into_bytes().into())
        .expect("a request");
    cloud.send_request(request).await.expect("an answer")
}

#[tokio::test]
async fn secrets_have_versions_and_are_deleted_softly() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/terrane-secrets");
    cloud.make(&vault, vault_body(&cloud)).await;
    let refused = vault_request(&cloud, "none", Method::GET, "/secrets/s", None).await.expect(401);
    assert!(
        refused
            .header("www-authenticate")
            .is_some_and(|challenge| challenge.contains("resource=\"https://vault.azure.net\""))
    );
    let token = cloud.token_for("https://vault.azure.net").await;
    let send = |method: Method, path: &'static str, body: Option<Value>| {
        vault_request(&cloud, &token, method, path, body)
    };
    let first = send(Method::PUT, "/secrets/s", Some(json!({"value": "one"}))).await.expect(200).body;
    send(Method::PUT, "/secrets/s", Some(json!({"value": "two", "contentType": "text"}))).await.expect(200);
    let current = send(Method::GET, "/secrets/s", None).await.expect(200).body;
    assert_eq!((&current["value"], &current["contentType"]), (&json!("two"), &json!("text")));
    let versions = send(Method::GET, "/secrets/s/versions", None).await.expect(200).body;
    assert_eq!(versions["value"].as_array().map(Vec::len), Some(2));
    assert_eq!(versions["value"][0]["id"], first["id"]);
    send(Method::DELETE, "/secrets/s", None).await.expect(200);
    send(Method::GET, "/secrets/s", None).await.expect_error(404, "SecretNotFound");
    send(Method::PUT, "/secrets/s", Some(json!({"value": "three"}))).await.expect_error(409, "Conflict");
    send(Method::POST, "/deletedsecrets/s/recover", None).await.expect(200);
    send(Method::DELETE, "/secrets/s", None).await.expect(200);
    send(Method::DELETE, "/deletedsecrets/s", None).await.expect(204);
    send(Method::PUT, "/secrets/s", Some(json!({"value": "three"}))).await.expect(200);
    // Resource Manager writes secrets too, but never tells them.
    let made = cloud.make(&format!("{vault}/secrets/t"), json!({"properties": {"value": "four"}})).await;
    assert!(made["properties"]["value"].is_null());
    assert_eq!(send(Method::GET, "/secrets/t", None).await.expect(200).body["value"], "four");
}

#[tokio::test]
async fn workspaces_are_recovered_with_their_name() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let workspace = format!("{group}/providers/Microsoft.OperationalInsights/workspaces/logs");
    let made = cloud.make(&workspace, json!({"location": "westeurope", "properties": {}})).await;
    assert_eq!(made["properties"]["sku"]["name"], "PerGB2018");
    assert_eq!(made["properties"]["retentionInDays"], 30);
    assert!(
        cloud.post(&format!("{workspace}/sharedKeys"), json!({})).await.expect(200).body["primarySharedKey"]
            .is_string()
    );
    cloud.delete(&workspace).await.expect(200);
    let deleted = format!(
        "{}/providers/Microsoft.OperationalInsights/deletedWorkspaces?api-version=2025-07-01",
        cloud.subscription
    );
    assert_eq!(cloud.get(&deleted).await.expect(200).body["value"].as_array().map(Vec::len), Some(1));
    let again = cloud.make(&workspace, json!({"location": "westeurope", "properties": {}})).await;
    assert_eq!(again["properties"]["customerId"], made["properties"]["customerId"]);
    cloud.delete(&format!("{workspace}?api-version=2025-07-01&force=true")).await.expect(200);
    assert_eq!(cloud.get(&deleted).await.expect(200).body["value"], json!([]));

    let component = format!("{group}/providers/Microsoft.Insights/components/app");
    let body = json!({"location": "westeurope", "kind": "web", "properties": {"Application_Type": "web"}});
    let made = cloud.put(&component, body).await.expect(200).body;
    let key = made["properties"]["InstrumentationKey"].as_str().expect("a key");
    assert!(made["properties"]["ConnectionString"].as_str().is_some_and(|text| text.contains(key)));
    let billing = format!("{component}/currentbillingfeatures?api-version=2015-05-01");
    assert_eq!(cloud.get(&billing).await.expect(200).body["DataVolumeCap"]["Cap"], 100.0);
    cloud.put(&billing, json!({"DataVolumeCap": {"Cap": 5.0}})).await.expect(200);
    assert_eq!(cloud.get(&billing).await.expect(200).body["DataVolumeCap"]["Cap"], 5.0);
}

#[tokio::test]
async fn registries_have_tiers_and_an_admin() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let registry = format!("{group}/providers/Microsoft.ContainerRegistry/registries/terraneregistry");
    let zones = json!({"location": "westeurope", "sku": {"name": "Basic"}, "properties": {"zoneRedundancy": "Enabled"}});
    cloud.put(&registry, zones).await.expect_error(400, "SkuFeatureNotSupported");
    let made = cloud.make(&registry, json!({"location": "westeurope", "sku": {"name": "Basic"}})).await;
    assert_eq!(made["sku"]["tier"], "Basic");
    assert_eq!(made["properties"]["policies"]["quarantinePolicy"]["status"], "disabled");
    cloud
        .post(&format!("{registry}/listCredentials"), json!({}))
        .await
        .expect_error(400, "UnAuthorizedForCredentialOperations");
    let answer = cloud.patch(&registry, json!({"properties": {"adminUserEnabled": true}})).await.expect(200);
    assert!(answer.header("azure-asyncoperation").is_some());
    let credentials = cloud.post(&format!("{registry}/listCredentials"), json!({})).await.expect(200).body;
    assert_eq!(credentials["username"], "terraneregistry");
    assert_eq!(cloud.get(&format!("{registry}/replications")).await.expect(200).body["value"], json!([]));
    let check = format!(
        "{}/providers/Microsoft.ContainerRegistry/checkNameAvailability?api-version=2025-11-01",
        cloud.subscription
    );
    let question = json!({"name": "terraneregistry", "type": "Microsoft.ContainerRegistry/registries"});
    assert_eq!(cloud.post(&check, question).await.expect(200).body["reason"], "AlreadyExists");
}

#[tokio::test]
async fn data_planes_are_reached_through_the_proxy() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/terrane-proxy");
    cloud.make(&vault, vault_body(&cloud)).await;
    let mut stream =
        tokio::net::TcpStream::connect(cloud.host().replace("localhost", "127.0.0.1")).await.expect("a port");
    stream
        .write_all(b"CONNECT terrane-proxy.vault.azure.net:443 HTTP/1.1\r\n\r\n")
        .await
        .expect("it listens");
    let mut answer = [0; 39];
    stream.read_exact(&mut answer).await.expect("it answers");
    assert_eq!(&answer, b"HTTP/1.1 200 Connection Established\r\n\r\n");
    let answer = cloud.get_on(stream, "terrane-proxy.vault.azure.net", "/secrets?api-version=7.4").await;
    answer.expect_error(401, "AuthenticationFailed");
    // Plain HTTP is told what the port is for.
    let mut plain =
        tokio::net::TcpStream::connect(cloud.host().replace("localhost", "127.0.0.1")).await.expect("a port");
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("it listens");
    let mut text = String::new();
    plain.read_to_string(&mut text).await.expect("it closes");
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");
}
