//! The data planes of storage accounts.

use hyper::Method;
use serde_json::json;

use crate::support::{Answer, Cloud};

/// An account, and a token for it.
struct Storage {
    cloud: Cloud,
    account: String,
    token: String,
}

impl Storage {
    async fn start() -> Storage {
        let cloud = Cloud::start().await;
        let group = cloud.make_group("rg").await;
        let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/terranedata");
        let body = json!({
            "location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
            "properties": {"allowBlobPublicAccess": true},
        });
        cloud.make(&account, body).await;
        let token = cloud.token_for("https://storage.azure.com").await;
        Storage { cloud, account, token }
    }

    async fn send(
        &self,
        method: &str,
        service: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let method: Method = method.parse().expect("a method");
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("host", format!("terranedata.{service}.core.windows.net"));
        if headers.iter().all(|(name, _)| *name != "authorization") {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned().into_bytes().into()).expect("a request");
        self.cloud.send_request(request).await.expect("an answer")
    }

    async fn blob(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(method, "blob", path, headers, body).await
    }
}

/// Panics unless this is the expected error of storage.
#[track_caller]
fn expect_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.header("x-ms-error-code")), (status, Some(code)), "{}", answer.body);
}

#[tokio::test]
async fn both_planes_see_the_same_containers_and_shares() {
    let storage = Storage::start().await;
    let headers = [("x-ms-blob-public-access", "blob"), ("x-ms-meta-layer", "bronze")];
    storage.blob("PUT", "/bronze?restype=container", &headers, "").await.expect(201);
    expect_error(
        &storage.blob("PUT", "/bronze?restype=container", &[], "").await,
        409,
        "ContainerAlreadyExists",
    );
    let inside = storage.blob("GET", "/bronze%2Fblobs%2F61?restype=container", &[], "").await;
    expect_error(&inside, 400, "InvalidResourceName");
    expect_error(
        &storage.blob("PUT", "/B%20ronze?restype=container", &[], "").await,
        400,
        "InvalidResourceName",
    );
    let managed = format!("{}/blobServices/default/containers/bronze", storage.account);
    let properties = storage.cloud.get(&managed).await.expect(200).body["properties"].clone();
    assert_eq!(
        (&properties["publicAccess"], &properties["metadata"]),
        (&json!("Blob"), &json!({"layer": "bronze"}))
    );
    let read = storage.blob("GET", "/bronze?restype=container", &[], "").await.expect(200);
    assert_eq!(read.header("x-ms-blob-public-access"), Some("blob"));
    assert_eq!(read.header("x-ms-meta-layer"), Some("bronze"));
    let silver = [("x-ms-meta-tier", "silver")];
    storage.blob("PUT", "/bronze?restype=container&comp=metadata", &silver, "").await.expect(200);
    let read = storage.blob("HEAD", "/bronze?restype=container", &[], "").await.expect(200);
    assert_eq!((read.header("x-ms-meta-layer"), read.header("x-ms-meta-tier")), (None, Some("silver")));
    assert!(
        storage.blob("GET", "/?comp=list", &[], "").await.expect(200).text().contains("<Name>bronze</Name>")
    );
    storage.blob("DELETE", "/bronze?restype=container", &[], "").await.expect(202);
    storage.cloud.get(&managed).await.expect(404);
    expect_error(&storage.blob("GET", "/bronze?restype=container", &[], "").await, 404, "ContainerNotFound");

    storage.send("PUT", "file", "/dags?restype=share", &[("x-ms-share-quota", "50")], "").await.expect(201);
    let read = storage.send("GET", "file", "/dags?restype=share", &[], "").await.expect(200);
    assert_eq!(
        (read.header("x-ms-share-quota"), read.header("x-ms-enabled-protocols")),
        (Some("50"), Some("SMB"))
    );
    let larger = [("x-ms-share-quota", "60")];
    storage.send("PUT", "file", "/dags?restype=share&comp=properties", &larger, "").await.expect(200);
    let managed = format!("{}/fileServices/default/shares/dags", storage.account);
    assert_eq!(storage.cloud.get(&managed).await.expect(200).body["properties"]["shareQuota"], 60);
    let policies = "<SignedIdentifiers><SignedIdentifier><Id>a</Id></SignedIdentifier></SignedIdentifiers>";
    storage.send("PUT", "file", "/dags?restype=share&comp=acl", &[], policies).await.expect(200);
    assert_eq!(storage.send("GET", "file", "/dags?restype=share&comp=acl", &[], "").await.text(), policies);

    storage.send("PUT", "queue", "/jobs", &[], "").await.expect(201);
    storage.send("GET", "queue", "/jobs?comp=metadata", &[], "").await.expect(200);
    storage.send("DELETE", "queue", "/jobs", &[], "").await.expect(204);
    let silent = [("prefer", "return-no-content")];
    storage.send("POST", "table", "/Tables", &silent, "{\"TableName\": \"runs\"}").await.expect(204);
    storage.send("GET", "table", "/Tables('runs')", &[], "").await.expect(200);
    storage.send("DELETE", "table", "/Tables('runs')", &[], "").await.expect(204);
    storage.send("GET", "table", "/Tables('runs')", &[], "").await.expect(404);
}

#[tokio::test]
async fn services_have_properties() {
    let storage = Storage::start().await;
    let path = "/?restype=service&comp=properties";
    let before = storage.blob("GET", path, &[], "").await.expect(200);
    assert!(before.text().contains("<StaticWebsite><Enabled>false</Enabled></StaticWebsite>"));
    let website =
        "<StaticWebsite><Enabled>true</Enabled><IndexDocument>i.html</IndexDocument></StaticWebsite>";
    let sent = format!("<StorageServiceProperties>{website}</StorageServiceProperties>");
    storage.blob("PUT", path, &[], &sent).await.expect(202);
    let after = storage.blob("GET", path, &[], "").await.expect(200);
    assert!(after.text().contains(website) && after.text().contains("<Days>7</Days>"), "{}", after.text());
    expect_error(&storage.blob("PUT", path, &[], "oops").await, 400, "InvalidXmlDocument");
    let queue = storage.send("PUT", "queue", path, &[], &sent).await;
    expect_error(&queue, 400, "UnsupportedXmlNode");
}

#[tokio::test]
async fn blobs_are_written_read_listed_and_deleted() {
    let storage = Storage::start().await;
    expect_error(&storage.blob("GET", "/state/a", &[], "").await, 404, "ContainerNotFound");
    storage.blob("PUT", "/state?restype=container", &[], "").await.expect(201);
    expect_error(&storage.blob("GET", "/state/a", &[], "").await, 404, "BlobNotFound");
    let block =
        [("x-ms-blob-type", "BlockBlob"), ("x-ms-meta-serial", "1"), ("content-type", "application/json")];
    let made = storage.blob("PUT", "/state/env/prod.tfstate", &block, "{\"serial\": 1}").await.expect(201);
    let read = storage.blob("GET", "/state/env/prod.tfstate", &[], "").await.expect(200);
    assert_eq!((read.body["serial"].as_u64(), read.header("x-ms-meta-serial")), (Some(1), Some("1")));
    assert_eq!(read.header("etag"), made.header("etag"));
    let etag = made.header("etag").expect("a tag").to_owned();
    // Names have casing.
    storage.blob("PUT", "/state/env/PROD.tfstate", &block[..1], "other").await.expect(201);
    let part = storage.blob("GET", "/state/env/PROD.tfstate", &[("x-ms-range", "bytes=1-2")], "").await;
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 1-2/5")));
    let beyond = storage.blob("GET", "/state/env/PROD.tfstate", &[("range", "bytes=9-")], "").await;
    expect_error(&beyond, 416, "InvalidRange");
    // Conditions.
    let again = [&block[..], &[("if-none-match", "*")]].concat();
    expect_error(
        &storage.blob("PUT", "/state/env/prod.tfstate", &again, "x").await,
        409,
        "BlobAlreadyExists",
    );
    let matching = [&block[..], &[("if-match", etag.as_str())]].concat();
    storage.blob("PUT", "/state/env/prod.tfstate", &matching, "{\"serial\": 2}").await.expect(201);
    expect_error(
        &storage.blob("PUT", "/state/env/prod.tfstate", &matching, "x").await,
        412,
        "ConditionNotMet",
    );
    // In blocks.
    for (id, text) in [("YQ%3D%3D", "one"), ("Yg%3D%3D", "two")] {
        storage.blob("PUT", &format!("/state/big?comp=block&blockid={id}"), &[], text).await.expect(201);
    }
    expect_error(&storage.blob("GET", "/state/big", &[], "").await, 404, "BlobNotFound");
    let list = "<BlockList><Latest>Yg==</Latest><Latest>YQ==</Latest></BlockList>";
    storage.blob("PUT", "/state/big?comp=blocklist", &[], list).await.expect(201);
    assert_eq!(storage.blob("GET", "/state/big", &[], "").await.text(), "twoone");
    let unknown = "<BlockList><Latest>Yw==</Latest></BlockList>";
    expect_error(
        &storage.blob("PUT", "/state/big?comp=blocklist", &[], unknown).await,
        400,
        "InvalidBlockList",
    );
    // Lists.
    let all =
        storage.blob("GET", "/state?restype=container&comp=list&include=metadata", &[], "").await.expect(200);
    assert_eq!(all.text().matches("<Blob>").count(), 3, "{}", all.text());
    assert!(all.text().contains("<Metadata><serial>1</serial></Metadata>"));
    let folders =
        storage.blob("GET", "/state?restype=container&comp=list&delimiter=/", &[], "").await.expect(200);
    assert!(folders.text().contains("<BlobPrefix><Name>env/</Name></BlobPrefix>"), "{}", folders.text());
    assert_eq!(folders.text().matches("<Blob>").count(), 1);
    storage.blob("DELETE", "/state/big", &[], "").await.expect(202);
    expect_error(&storage.blob("DELETE", "/state/big", &[], "").await, 404, "BlobNotFound");
    storage.blob("DELETE", "/state?restype=container", &[], "").await.expect(202);
    storage.blob("PUT", "/state?restype=container", &[], "").await.expect(201);
    expect_error(&storage.blob("GET", "/state/env/prod.tfstate", &[], "").await, 404, "BlobNotFound");
}

#[tokio::test]
async fn leases_keep_others_out() {
    let storage = Storage::start().await;
    storage.blob("PUT", "/state?restype=container", &[], "").await.expect(201);
    let block = [("x-ms-blob-type", "BlockBlob")];
    storage.blob("PUT", "/state/a", &block, "1").await.expect(201);
    let lease = |action: &'static str, more: &[(&'static str, &str)]| {
        let mut headers = vec![("x-ms-lease-action", action.to_owned())];
        headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        headers
    };
    let send = async |headers: Vec<(&'static str, String)>| {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        storage.blob("PUT", "/state/a?comp=lease", &headers, "").await
    };
    let held = send(lease("acquire", &[("x-ms-lease-duration", "-1")])).await.expect(201);
    let id = held.header("x-ms-lease-id").expect("an id").to_owned();
    let second = send(lease("acquire", &[("x-ms-lease-duration", "15")])).await;
    expect_error(&second, 409, "LeaseAlreadyPresent");
    expect_error(&storage.blob("PUT", "/state/a", &block, "2").await, 412, "LeaseIdMissing");
    expect_error(&storage.blob("DELETE", "/state/a", &[], "").await, 412, "LeaseIdMissing");
    let other = [block[0], ("x-ms-lease-id", "11111111-1111-1111-1111-111111111111")];
    expect_error(
        &storage.blob("PUT", "/state/a", &other, "2").await,
        412,
        "LeaseIdMismatchWithBlobOperation",
    );
    let holder = [block[0], ("x-ms-lease-id", id.as_str())];
    storage.blob("PUT", "/state/a", &holder, "2").await.expect(201);
    let info = [("x-ms-lease-id", id.as_str()), ("x-ms-meta-terraformlockid", "who")];
    storage.blob("PUT", "/state/a?comp=metadata", &info, "").await.expect(200);
    let head = storage.blob("HEAD", "/state/a", &[], "").await.expect(200);
    assert_eq!(
        (head.header("x-ms-lease-state"), head.header("x-ms-meta-terraformlockid")),
        (Some("leased"), Some("who"))
    );
    send(lease("release", &[("x-ms-lease-id", &id)])).await.expect(200);
    storage.blob("PUT", "/state/a", &block, "3").await.expect(201);
    // Leases with a time end by themselves, and can be broken.
    let short = send(lease("acquire", &[("x-ms-lease-duration", "15")])).await.expect(201);
    let id = short.header("x-ms-lease-id").expect("an id").to_owned();
    storage.cloud.advance(16);
    storage.blob("PUT", "/state/a", &block, "4").await.expect(201);
    send(lease("renew", &[("x-ms-lease-id", &id)])).await.expect(200);
    expect_error(&storage.blob("PUT", "/state/a", &block, "5").await, 412, "LeaseIdMissing");
    send(lease("break", &[])).await.expect(202);
    storage.blob("PUT", "/state/a", &block, "6").await.expect(201);
}

#[tokio::test]
async fn accounts_know_their_users() {
    let storage = Storage::start().await;
    let path = "/?restype=service&comp=properties";
    let anonymous = storage.blob("GET", path, &[("authorization", "")], "").await;
    assert_eq!(anonymous.status, 401);
    let management = format!("Bearer {}", storage.cloud.token);
    expect_error(
        &storage.blob("GET", path, &[("authorization", &management)], "").await,
        401,
        "InvalidAuthenticationInfo",
    );
    let key = storage.cloud.post(&format!("{}/listKeys", storage.account), json!({})).await.expect(200).body;
    let key = key["keys"][0]["value"].as_str().expect("a key").to_owned();
    let text = "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Sat, 21 Nov 2026 10:35:00 GMT\n\
                x-ms-version:2023-11-03\n/terranedata/\ncomp:properties\nrestype:service";
    let signed = format!("SharedKey terranedata:{}", sign(&key, text));
    let headers = [
        ("authorization", signed.as_str()),
        ("x-ms-version", "2023-11-03"),
        ("x-ms-date", "Sat, 21 Nov 2026 10:35:00 GMT"),
    ];
    storage.blob("GET", path, &headers, "").await.expect(200);
    expect_error(&storage.blob("GET", "/?comp=list", &headers, "").await, 403, "AuthenticationFailed");
    let without = json!({"properties": {"allowSharedKeyAccess": false}});
    storage.cloud.patch(&storage.account, without).await.expect(200);
    expect_error(&storage.blob("GET", path, &headers, "").await, 403, "KeyBasedAuthenticationNotPermitted");
}

fn sign(key: &str, text: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &STANDARD.decode(key).expect("base64"));
    STANDARD.encode(ring::hmac::sign(&key, text.as_bytes()))
}
