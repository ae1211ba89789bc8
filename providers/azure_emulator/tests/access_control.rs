//! Identities, roles, role assignments, locks, tags, Resource Graph.

use serde_json::{Value, json};

use crate::support::Cloud;

const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const PRINCIPAL: &str = "33333333-3333-3333-3333-333333333333";

fn assignment(scope: &str, number: u32) -> String {
    format!(
        "{scope}/providers/Microsoft.Authorization/roleAssignments/{number:08}-0000-4000-8000-000000000000"
    )
}

fn role(cloud: &Cloud, id: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/roleDefinitions/{id}", cloud.subscription)
}

fn names(list: &Value) -> Vec<&str> {
    list["value"].as_array().expect("a list").iter().filter_map(|item| item["name"].as_str()).collect()
}

#[tokio::test]
async fn roles_are_assigned_once_per_scope() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let body = |principal: &str| json!({"properties": {"roleDefinitionId": role(&cloud, READER), "principalId": principal}});
    let made = cloud.put(&assignment(&group, 1), body(PRINCIPAL)).await.expect(201).body;
    assert_eq!(made["properties"]["scope"], group.as_str());
    assert_eq!(made["properties"]["roleDefinitionId"], role(&cloud, READER));
    cloud.put(&assignment(&group, 1), body(PRINCIPAL)).await.expect(200);
    cloud.put(&assignment(&group, 2), body(PRINCIPAL)).await.expect_error(409, "RoleAssignmentExists");
    let other = "44444444-4444-4444-4444-444444444444";
    cloud
        .put(&assignment(&group, 1), body(other))
        .await
        .expect_error(400, "RoleAssignmentUpdateNotPermitted");
    cloud.put(&assignment(&group, 3), body("me")).await.expect_error(400, "InvalidPrincipalId");
    let unknown = json!({"properties": {"roleDefinitionId": role(&cloud, PRINCIPAL), "principalId": other}});
    cloud.put(&assignment(&group, 3), unknown).await.expect_error(400, "RoleDefinitionDoesNotExist");
    cloud.put(&assignment(&cloud.subscription, 4), body(PRINCIPAL)).await.expect(201);
    let nowhere = format!("{group}/providers/Microsoft.Network/virtualNetworks/none");
    cloud.put(&assignment(&nowhere, 5), body(PRINCIPAL)).await.expect_error(404, "ResourceNotFound");

    let list = format!("{group}/providers/Microsoft.Authorization/roleAssignments");
    assert_eq!(names(&cloud.get(&list).await.expect(200).body).len(), 2, "from the scope and from above");
    let filtered = cloud.get(&format!("{list}?$filter=principalId%20eq%20'{other}'")).await.expect(200).body;
    assert_eq!(filtered["value"], json!([]));
    let upper =
        format!("{}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()", cloud.subscription);
    assert_eq!(names(&cloud.get(&upper).await.expect(200).body).len(), 1, "nothing from below");
    let deleted = cloud.delete(&assignment(&group, 1)).await.expect(200).body;
    assert_eq!(deleted["name"], made["name"]);
    cloud.delete(&assignment(&group, 1)).await.expect(204);
    cloud.get(&assignment(&group, 1)).await.expect_error(404, "RoleAssignmentNotFound");
}

#[tokio::test]
async fn roles_are_found_by_name_and_made() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let list = format!("{group}/providers/Microsoft.Authorization/roleDefinitions");
    let found = cloud.get(&format!("{list}?$filter=roleName+eq+'AcrPull'")).await.expect(200).body;
    assert_eq!(names(&found), ["7f951dda-4ed3-4680-a7ca-43fe172d538d"]);
    let one = cloud.get(&format!("{list}/{READER}")).await.expect(200).body;
    assert_eq!(one["id"], role(&cloud, READER));
    assert_eq!(one["properties"]["roleName"], "Reader");
    let custom = role(&cloud, "55555555-5555-4555-8555-555555555555");
    let body = |name: &str| {
        json!({"properties": {"roleName": name, "assignableScopes": [cloud.subscription],
            "permissions": [{"actions": ["Microsoft.Network/*/read"]}]}})
    };
    cloud.put(&custom, body("Reader")).await.expect_error(409, "RoleDefinitionWithSameNameExists");
    let made = cloud.put(&custom, body("Network Watcher")).await.expect(201).body;
    assert_eq!(made["properties"]["type"], "CustomRole");
    let used = json!({"properties": {"roleDefinitionId": custom, "principalId": PRINCIPAL}});
    cloud.put(&assignment(&group, 1), used).await.expect(201);
    cloud.delete(&custom).await.expect_error(400, "RoleDefinitionHasAssignments");
    cloud.delete(&assignment(&group, 1)).await.expect(200);
    cloud.delete(&custom).await.expect(200);
    cloud.put(&role(&cloud, READER), body("Mine")).await.expect_error(400, "InvalidRoleDefinitionUpdate");
}

#[tokio::test]
async fn identities_trust_tokens() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let identity = format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity");
    let made = cloud.put(&identity, json!({"location": "westeurope"})).await.expect(201).body;
    let again =
        cloud.put(&identity, json!({"location": "westeurope", "tags": {"a": "b"}})).await.expect(200).body;
    assert_eq!(made["properties"]["principalId"], again["properties"]["principalId"]);
    let credential = |name: &str| format!("{identity}/federatedIdentityCredentials/{name}");
    let body = |subject: &str, issuer: &str| json!({"properties": {"audiences": ["api://AzureADTokenExchange"], "issuer": issuer, "subject": subject}});
    cloud.put(&credential("one"), body("s", "https://issuer")).await.expect(201);
    cloud.put(&credential("two"), body("s", "https://issuer")).await.expect_error(409, "Conflict");
    cloud.put(&credential("two"), body("t", "http://issuer")).await.expect_error(400, "BadRequest");
    let registry = format!("{group}/providers/Microsoft.ContainerRegistry/registries/terraneidentity");
    let with = |id: &str| {
        json!({"location": "westeurope", "sku": {"name": "Basic"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {id: {}}}})
    };
    cloud.put(&registry, with(&format!("{identity}x"))).await.expect_error(400, "FailedIdentityOperation");
    let holder = cloud.make(&registry, with(&identity)).await;
    let shown = &holder["identity"]["userAssignedIdentities"][&identity];
    assert_eq!(shown["principalId"], made["properties"]["principalId"]);
}

#[tokio::test]
async fn locks_forbid() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/net");
    let body = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    cloud.make(&vnet, body.clone()).await;
    let lock = format!("{vnet}/providers/Microsoft.Authorization/locks/keep");
    cloud.put(&lock, json!({"properties": {"level": "CanNotDelete"}})).await.expect(201);
    cloud.delete(&vnet).await.expect_error(409, "ScopeLocked");
    cloud.delete(&group).await.expect_error(409, "ScopeLocked");
    cloud.put(&vnet, body.clone()).await.expect(200);
    cloud.put(&lock, json!({"properties": {"level": "ReadOnly"}})).await.expect(200);
    cloud.put(&vnet, body).await.expect_error(409, "ScopeLocked");
    cloud.delete(&lock).await.expect(200);
    cloud.delete(&vnet).await.expect(202);
}

#[tokio::test]
async fn tags_are_checked_and_changed_by_themselves() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let put = |tags: Value| cloud.put(&group, json!({"location": "westeurope", "tags": tags}));
    put(json!({"a<b": "c"})).await.expect_error(400, "InvalidTagNameCharacters");
    put(json!({"K": "1", "k": "2"})).await.expect_error(400, "InvalidTagName");
    put(json!({"k": "v".repeat(257)})).await.expect_error(400, "TagValueTooLong");
    let many: serde_json::Map<String, Value> =
        (0..51).map(|number| (format!("t{number}"), json!("x"))).collect();
    put(Value::Object(many)).await.expect_error(400, "InvalidTagCount");
    let tags = format!("{group}/providers/Microsoft.Resources/tags/default?api-version=2023-07-01");
    cloud.put(&tags, json!({"properties": {"tags": {"a": "1", "b": "2"}}})).await.expect(200);
    let patch = |operation: &str, tags: Value| json!({"operation": operation, "properties": {"tags": tags}});
    cloud.patch(&tags, patch("Delete", json!({"a": "1"}))).await.expect(200);
    cloud.patch(&tags, patch("Merge", json!({"c": "3"}))).await.expect(200);
    assert_eq!(cloud.get(&group).await.expect(200).body["tags"], json!({"b": "2", "c": "3"}));
    let found = cloud
        .get(&format!(
            "{}/resourcegroups?$filter=tagName%20eq%20'c'%20and%20tagValue%20eq%20'3'",
            cloud.subscription
        ))
        .await;
    assert_eq!(names(&found.expect(200).body), ["rg"]);
}

#[tokio::test]
async fn everything_is_listed_filtered_and_queried() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/net");
    cloud
        .make(
            &vnet,
            json!({"location": "westeurope", "tags": {"env": "prod"}, "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}),
        )
        .await;
    let identity = format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity");
    cloud.make(&identity, json!({"location": "northeurope"})).await;
    let list = |filter: &str| {
        let path = format!(
            "{group}/resources?$expand=provisioningState,createdTime&$filter={}",
            filter.replace(' ', "%20")
        );
        let cloud = &cloud;
        async move { cloud.get(&path).await.expect(200).body }
    };
    assert_eq!(names(&list("").await).len(), 2, "children are not listed");
    let networks = list("resourceType eq 'Microsoft.Network/virtualNetworks'").await;
    assert_eq!(names(&networks), ["net"]);
    assert_eq!(networks["value"][0]["provisioningState"], "Succeeded");
    assert!(networks["value"][0]["createdTime"].is_string() && networks["value"][0]["properties"].is_null());
    assert_eq!(names(&list("location eq 'northeurope'").await), ["identity"]);
    assert_eq!(names(&list("tagName eq 'env' and tagValue eq 'prod'").await), ["net"]);
    assert_eq!(names(&list("name eq 'identity' or name eq 'net'").await).len(), 2);
    let bad = cloud.get(&format!("{group}/resources?$filter=name%20gt%20'x'")).await;
    bad.expect_error(400, "InvalidFilterInQueryString");
    let all = cloud
        .get(&format!("{}/providers/Microsoft.Network/virtualNetworks", cloud.subscription))
        .await
        .expect(200)
        .body;
    assert_eq!(all["value"][0]["properties"]["subnets"][0]["name"], "s", "lists hold whole bodies");

    let query = json!({"subscriptions": [], "query": "Resources | where type =~ 'Microsoft.Network/virtualNetworks' | project name, properties.addressSpace.addressPrefixes"});
    let answer = cloud
        .post("/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01", query)
        .await
        .expect(200)
        .body;
    assert_eq!(answer["data"][0]["name"], "net");
    let wrong = json!({"query": "Resources | frobnicate"});
    cloud
        .post("/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01", wrong)
        .await
        .expect_error(400, "BadRequest");
}
