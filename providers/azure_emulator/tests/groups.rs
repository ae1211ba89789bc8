//! Resource groups, lists and the account.

use hyper::Method;
use serde_json::{Value, json};
use terrane_azure_emulator::EmulatorConfig;

use crate::support::Cloud;

fn names(list: &Value) -> Vec<&str> {
    list["value"].as_array().expect("a list").iter().filter_map(|item| item["name"].as_str()).collect()
}

#[tokio::test]
async fn groups_are_made_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let id = cloud.group("Rg-1");
    cloud.get(&id).await.expect_error(404, "ResourceGroupNotFound");
    cloud.send(Method::HEAD, &id, None).await.expect(404);
    let made = cloud.put(&id, json!({"location": "West Europe", "tags": {"a": "b"}})).await.expect(201).body;
    assert_eq!(
        made,
        json!({
            "id": id, "name": "Rg-1", "type": "Microsoft.Resources/resourceGroups", "location": "westeurope",
            "tags": {"a": "b"}, "properties": {"provisioningState": "Succeeded"},
        })
    );
    cloud.send(Method::HEAD, &id.to_uppercase(), None).await.expect(204);
    cloud.put(&id, json!({"location": "eastus"})).await.expect_error(409, "InvalidResourceGroupLocation");
    let patched = cloud.patch(&id, json!({"tags": {"c": "d"}})).await.expect(200).body;
    assert_eq!(patched["tags"], json!({"a": "b", "c": "d"}));
    assert_eq!(
        names(&cloud.get(&format!("{}/resourcegroups", cloud.subscription)).await.expect(200).body),
        ["Rg-1"]
    );

    let deletion = cloud.delete(&id).await.expect(202);
    let location = deletion.header("location").expect("a location").to_owned();
    let path = location.strip_prefix(cloud.emulator.url()).expect("our own URL");
    cloud.get(path).await.expect(200);
    cloud.get(&id).await.expect_error(404, "ResourceGroupNotFound");
    cloud.delete(&id).await.expect_error(404, "ResourceGroupNotFound");
}

#[tokio::test]
async fn bad_groups_are_refused() {
    let cloud = Cloud::start().await;
    cloud.put(&cloud.group("rg"), json!({})).await.expect_error(400, "LocationRequired");
    let nowhere = json!({"location": "atlantis"});
    cloud.put(&cloud.group("rg"), nowhere).await.expect_error(400, "LocationNotAvailableForResourceType");
    cloud
        .put(&cloud.group("rg."), json!({"location": "westeurope"}))
        .await
        .expect_error(400, "InvalidResourceGroup");
    let unknown = json!({"location": "westeurope", "propertys": {}});
    cloud.put(&cloud.group("rg"), unknown).await.expect_error(400, "InvalidRequestContent");
    let answer = cloud.send_text(Method::PUT, &cloud.group("rg"), "{\"location\":".into(), &[]).await;
    answer.expect("an answer").expect_error(400, "InvalidRequestContent");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let cloud = Cloud::start_with(EmulatorConfig { page_size: 3, ..EmulatorConfig::default() }).await;
    for number in 0..8 {
        cloud.make_group(&format!("rg-{number}")).await;
    }
    let mut path = format!("{}/resourcegroups?api-version=2023-07-01", cloud.subscription);
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = cloud.get(&path).await.expect(200).body;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        pages += 1;
        match page["nextLink"].as_str() {
            Some(link) => path = link.strip_prefix(cloud.emulator.url()).expect("an absolute URL").to_owned(),
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (3, 8));
    let top = cloud.get(&format!("{}/resourcegroups?$top=2", cloud.subscription)).await.expect(200).body;
    assert_eq!(names(&top).len(), 2);
}

#[tokio::test]
async fn providers_are_registered() {
    let config = EmulatorConfig {
        unregistered_namespaces: vec!["Microsoft.Cache".into()],
        ..EmulatorConfig::default()
    };
    let cloud = Cloud::start_with(config).await;
    let group = cloud.make_group("rg").await;
    let redis = format!("{group}/providers/Microsoft.Cache/redis/terrane-test");
    let body = json!({"location": "westeurope", "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 0}}});
    cloud.put(&redis, body.clone()).await.expect_error(409, "MissingSubscriptionRegistration");
    let provider = format!("{}/providers/Microsoft.Cache", cloud.subscription);
    assert_eq!(cloud.get(&provider).await.expect(200).body["registrationState"], "NotRegistered");
    cloud.post(&format!("{provider}/register"), json!({})).await.expect(200);
    assert_eq!(cloud.get(&provider).await.expect(200).body["registrationState"], "Registered");
    cloud.put(&redis, body).await.expect(201);
}
