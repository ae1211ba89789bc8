//! Clusters and node pools.

use base64::Engine as _;
use serde_json::{Value, json};
use terrane_azure_emulator::EmulatorConfig;

use crate::support::Cloud;

fn cluster_body(version: &str) -> Value {
    json!({
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "aks", "kubernetesVersion": version,
            "agentPoolProfiles": [{"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}],
            "networkProfile": {"networkPlugin": "azure", "networkPluginMode": "overlay"},
        },
    })
}

fn cluster_id(cloud: &Cloud) -> String {
    format!("{}/providers/Microsoft.ContainerService/managedClusters/aks", cloud.group("rg"))
}

#[tokio::test]
async fn clusters_are_checked() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let cluster = cluster_id(&cloud);
    let changed = |pointer: &str, value: Value| {
        let mut body = cluster_body("1.33");
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .expect("an object")
            .insert(name.into(), value);
        body
    };
    for (pointer, value, code) in [
        ("/properties/agentPoolProfiles", json!([]), "InvalidParameter"),
        ("/properties/agentPoolProfiles/0/mode", json!("User"), "MustDefineAtLeastOneSystemPool"),
        ("/properties/agentPoolProfiles/0/count", json!(0), "InvalidParameter"),
        ("/properties/agentPoolProfiles/0/enableAutoScaling", json!(true), "InvalidParameter"),
        ("/properties/agentPoolProfiles/0/osType", json!("Windows"), "InvalidParameter"),
        (
            "/properties/agentPoolProfiles/0/vnetSubnetID",
            json!("/subscriptions/x/y"),
            "InvalidResourceReference",
        ),
        ("/properties/dnsPrefix", json!("-x-"), "InvalidParameter"),
        ("/properties/kubernetesVersion", json!("1.12"), "K8sVersionNotSupported"),
        ("/properties/nodeResourceGroup", json!("n".repeat(81)), "InvalidParameter"),
        ("/properties/disableLocalAccounts", json!(true), "BadRequest"),
        ("/properties/networkProfile/serviceCidr", json!("10.0.0.0/16"), "InvalidParameter"),
        ("/identity", json!({"type": "None"}), "InvalidParameter"),
        ("/properties/zzz", json!(1), "UnmarshalError"),
    ] {
        let answer = cloud.put(&cluster, changed(pointer, value)).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{pointer}: {}", answer.body);
    }
}

#[tokio::test]
async fn clusters_are_updated_and_upgraded() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let cluster = cluster_id(&cloud);
    let made = cloud.make(&cluster, cluster_body("1.32")).await;
    assert_eq!(made["properties"]["networkProfile"]["podCidr"], "10.244.0.0/16");
    assert_eq!(made["properties"]["agentPoolProfiles"][0]["maxPods"], 250);
    assert_eq!(made["properties"]["powerState"]["code"], "Running");
    assert_eq!(made["properties"]["servicePrincipalProfile"]["clientId"], "msi");

    // GET, edit, PUT is how clients update.
    let mut read = cloud.get(&cluster).await.expect(200).body;
    read["tags"] = json!({"a": "b"});
    let updated = cloud.make(&cluster, read.clone()).await;
    assert_eq!(updated["tags"], json!({"a": "b"}));
    for name in ["fqdn", "identityProfile", "currentKubernetesVersion", "resourceUID"] {
        assert_eq!(updated["properties"][name], made["properties"][name], "{name}");
    }
    let mut renamed = read.clone();
    renamed["properties"]["dnsPrefix"] = json!("other");
    cloud.put(&cluster, renamed).await.expect_error(400, "PropertyChangeNotAllowed");
    let mut more = read.clone();
    more["properties"]["agentPoolProfiles"]
        .as_array_mut()
        .expect("pools")
        .push(json!({"name": "extra", "mode": "User", "count": 1, "vmSize": "Standard_D4s_v5"}));
    cloud.put(&cluster, more).await.expect_error(400, "BadRequest");

    let mut skipping = read.clone();
    skipping["properties"]["kubernetesVersion"] = json!("1.34");
    cloud.put(&cluster, skipping).await.expect_error(400, "AgentPoolK8sVersionNotSupported");
    read["properties"]["kubernetesVersion"] = json!("1.33");
    let answer = cloud.put(&cluster, read).await.expect(200);
    assert_eq!(answer.body["properties"]["provisioningState"], "Upgrading");
    let upgraded = cloud.get(&cluster).await.expect(200).body;
    assert_eq!(upgraded["properties"]["currentKubernetesVersion"], "1.33.5");
    assert_eq!(upgraded["properties"]["agentPoolProfiles"][0]["currentOrchestratorVersion"], "1.32.9");

    let pool = format!("{cluster}/agentPools/system");
    let mut pool_body = cloud.get(&pool).await.expect(200).body;
    pool_body["properties"]["orchestratorVersion"] = json!("1.33");
    cloud.make(&pool, pool_body).await;
    let patched = cloud.patch(&cluster, json!({"tags": {"c": "d"}})).await.expect(200).body;
    assert_eq!(patched["tags"], json!({"c": "d"}));
    let profile = cloud.get(&format!("{cluster}/upgradeProfiles/default")).await.expect(200).body;
    assert!(profile["properties"]["controlPlaneProfile"]["upgrades"].is_array());
}

#[tokio::test]
async fn pools_come_and_go_by_themselves() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let cluster = cluster_id(&cloud);
    cloud.make(&cluster, cluster_body("1.33")).await;
    let pool = format!("{cluster}/agentPools/spot");
    let body = json!({"properties": {"mode": "User", "count": 1, "vmSize": "Standard_D4s_v5", "scaleSetPriority": "Spot"}});
    let made = cloud.make(&pool, body).await;
    assert_eq!(
        made["properties"]["nodeTaints"],
        json!(["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"])
    );
    assert_eq!(made["properties"]["spotMaxPrice"], -1.0);
    assert!(made["properties"]["eTag"].is_string());
    let mut resized = made.clone();
    resized["properties"]["vmSize"] = json!("Standard_D8s_v5");
    cloud.put(&pool, resized).await.expect_error(400, "PropertyChangeNotAllowed");
    let newer = json!({"properties": {"mode": "User", "count": 1, "vmSize": "Standard_D4s_v5", "orchestratorVersion": "1.34"}});
    cloud
        .put(&format!("{cluster}/agentPools/new"), newer)
        .await
        .expect_error(400, "NodePoolMcVersionIncompatible");
    cloud
        .put(&format!("{cluster}/agentPools/Bad-Name"), json!({}))
        .await
        .expect_error(400, "InvalidParameter");
    cloud
        .delete(&format!("{cluster}/agentPools/system"))
        .await
        .expect_error(400, "MustDefineAtLeastOneSystemPool");
    cloud.delete(&pool).await.expect(202);
    cloud.get(&pool).await.expect(404);
    cloud.delete(&pool).await.expect(204);
}

#[tokio::test]
async fn subnets_must_have_room_for_nodes_and_pods() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/net");
    cloud
        .make(
            &vnet,
            json!({"location": "westeurope", "properties": {
        "addressSpace": {"addressPrefixes": ["10.10.0.0/16"]},
        "subnets": [{"name": "small", "properties": {"addressPrefix": "10.10.0.0/26"}}]}}),
        )
        .await;
    let mut body = cluster_body("1.33");
    body["properties"]["networkProfile"] = json!({"networkPlugin": "azure"});
    body["properties"]["agentPoolProfiles"][0]["vnetSubnetID"] = json!(format!("{vnet}/subnets/small"));
    body["properties"]["agentPoolProfiles"][0]["maxPods"] = json!(30);
    body["properties"]["agentPoolProfiles"][0]["count"] = json!(2);
    cloud.put(&cluster_id(&cloud), body.clone()).await.expect_error(400, "InsufficientSubnetSize");
    body["properties"]["networkProfile"] =
        json!({"networkPlugin": "azure", "serviceCidr": "10.10.128.0/20", "dnsServiceIP": "10.10.128.10"});
    body["properties"]["agentPoolProfiles"][0]["maxPods"] = json!(10);
    cloud.put(&cluster_id(&cloud), body).await.expect_error(400, "ServiceCidrOverlapExistingSubnetsCidr");
}

#[tokio::test]
async fn credentials_are_stable_and_can_be_given() {
    let decode = |answer: &Value| {
        let value = answer["kubeconfigs"][0]["value"].as_str().expect("base64");
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(value).expect("base64"))
            .expect("text")
    };
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let cluster = cluster_id(&cloud);
    cloud.make(&cluster, cluster_body("1.33")).await;
    let action = format!("{cluster}/listClusterUserCredential");
    let first = decode(&cloud.post(&action, json!({})).await.expect(200).body);
    assert_eq!(first, decode(&cloud.post(&action, json!({})).await.expect(200).body));
    assert!(first.contains("clusterUser_rg_aks") && first.contains("client-certificate-data"), "{first}");
    let admin = decode(
        &cloud.post(&format!("{cluster}/listClusterAdminCredential"), json!({})).await.expect(200).body,
    );
    assert!(admin.contains("current-context: aks-admin"), "{admin}");

    let file = std::env::temp_dir().join(format!("emulator-kubeconfig-{}", std::process::id()));
    std::fs::write(&file, "apiVersion: v1\nkind: Config\n").expect("the temporary directory is writable");
    let config = EmulatorConfig { aks_kubeconfig: Some(file.clone()), ..EmulatorConfig::default() };
    let cloud = Cloud::start_with(config).await;
    cloud.make_group("rg").await;
    let cluster = cluster_id(&cloud);
    cloud.make(&cluster, cluster_body("1.33")).await;
    let given = cloud.post(&format!("{cluster}/listClusterUserCredential"), json!({})).await.expect(200).body;
    assert_eq!(decode(&given), "apiVersion: v1\nkind: Config\n");
    std::fs::remove_file(file).expect("it is ours");
}

#[tokio::test]
async fn switched_off_versions_are_refused() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let path = format!("{}?api-version=2023-01-02-preview", cluster_id(&cloud));
    cloud.put(&path, cluster_body("1.33")).await.expect_error(400, "NoRegisteredProviderFound");
    let config = EmulatorConfig { accept_retired_versions: true, ..EmulatorConfig::default() };
    let cloud = Cloud::start_with(config).await;
    cloud.make_group("rg").await;
    let path = format!("{}?api-version=2023-01-02-preview", cluster_id(&cloud));
    cloud.put(&path, cluster_body("1.33")).await.expect(201);
}

#[tokio::test]
async fn clusters_have_a_network_that_nobody_described() {
    let cloud = Cloud::start().await;
    cloud.make_group("rg").await;
    let mut body = cluster_body("1.33");
    body["properties"].as_object_mut().expect("an object").remove("networkProfile");
    let made = cloud.make(&cluster_id(&cloud), body).await;
    let profile = &made["properties"]["networkProfile"];
    assert_eq!(
        (&profile["networkPlugin"], &profile["loadBalancerSku"], &profile["outboundType"]),
        (&json!("kubenet"), &json!("Standard"), &json!("loadBalancer"))
    );
    assert_eq!(profile["loadBalancerProfile"]["managedOutboundIPs"]["count"], 1);
}
