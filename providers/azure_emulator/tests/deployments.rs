//! Templates are checked, compared and carried out.

use serde_json::{Value, json};

use terrane_azure_emulator::EmulatorConfig;

use crate::support::Cloud;

fn deployment(group: &str, action: &str) -> String {
    format!("{group}/providers/Microsoft.Resources/deployments/check/{action}?api-version=2023-07-01")
}

fn template(prefix: &Value) -> Value {
    json!({"properties": {"mode": "Incremental", "parameters": {"name": {"value": "net"}}, "template": {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string"}, "suffix": {"type": "string", "defaultValue": "x"}},
        "variables": {"subnet": "[concat(parameters('name'), '-', toUpper(parameters('suffix')))]"},
        "resources": [{
            "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2025-01-01", "name": "[parameters('name')]",
            "location": "[resourceGroup().location]",
            "properties": {"addressSpace": {"addressPrefixes": [prefix]}},
            "resources": [{
                "type": "subnets", "apiVersion": "2025-01-01", "name": "[variables('subnet')]",
                "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', parameters('name'))]"],
                "properties": {"addressPrefix": "10.0.0.0/24"},
            }],
        }],
    }}})
}

#[tokio::test]
async fn templates_are_validated() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let validate = deployment(&group, "validate");
    let answer = cloud.post(&validate, template(&json!("10.0.0.0/16"))).await.expect(200).body;
    let ids: Vec<_> = answer["properties"]["validatedResources"].as_array().into_iter().flatten().collect();
    assert_eq!(
        ids[1]["id"],
        format!("{group}/providers/Microsoft.Network/virtualNetworks/net/subnets/net-X")
    );
    let refused =
        cloud.post(&validate, template(&json!(7))).await.expect_error(400, "InvalidTemplateDeployment");
    assert_eq!(refused.body["error"]["details"][0]["code"], "InvalidRequestFormat");
    let mut unknown = template(&json!("10.0.0.0/16"));
    unknown["properties"]["template"]["resources"][0]["name"] = json!("[reference('x').y]");
    cloud.post(&validate, unknown).await.expect_error(400, "InvalidTemplate");
    let mut endless = template(&json!("10.0.0.0/16"));
    endless["properties"]["template"]["variables"]["subnet"] = json!("[variables('subnet')]");
    cloud.post(&validate, endless).await.expect_error(400, "InvalidTemplate");
    // The az CLI sends templates as they stand, after a bare name.
    let text =
        template(&json!("10.0.0.0/16")).to_string().replacen("\"template\":", "/* as is */ template:", 1);
    let answer = cloud.send_text(hyper::Method::POST, &validate, text, &[]).await.expect("an answer");
    answer.expect(200);
    let mut looped = template(&json!("10.0.0.0/16"));
    looped["properties"]["template"]["resources"][0]["copy"] = json!({"name": "l", "count": 2});
    cloud.post(&validate, looped).await.expect_error(400, "InvalidTemplate");
}

#[tokio::test]
async fn templates_are_compared_with_what_exists() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let changes = |prefix: &'static str| {
        let (cloud, group) = (&cloud, &group);
        async move {
            let answer = cloud.post(&deployment(group, "whatIf"), template(&json!(prefix))).await.expect(202);
            let url = answer.header("location").expect("a location").to_owned();
            let path = url.strip_prefix(cloud.emulator.url()).expect("ours");
            let result = cloud.get(path).await.expect(200).body;
            let changes = result["properties"]["changes"].as_array().cloned().unwrap_or_default();
            changes
                .iter()
                .filter_map(|change| change["changeType"].as_str().map(str::to_owned))
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(changes("10.0.0.0/16").await, ["Create", "Create"]);
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/net");
    let body = json!({"location": "West Europe", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    cloud.make(&vnet, body).await;
    assert_eq!(changes("10.0.0.0/16").await, ["NoChange", "Create"]);
    assert_eq!(changes("10.0.0.0/15").await, ["Modify", "Create"]);
}

/// A network with a network interface in it, in the wrong order.
fn dependent_template() -> Value {
    let mut body = template(&json!("10.0.0.0/16"));
    let deployed = &mut body["properties"]["template"];
    deployed["resources"].as_array_mut().expect("a list").insert(0, json!({
        "type": "Microsoft.Network/networkInterfaces", "apiVersion": "2025-01-01", "name": "nic",
        "location": "[resourceGroup().location]",
        "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', variables('subnet'))]"],
        "properties": {"ipConfigurations": [{"name": "one", "properties": {"subnet": {
            "id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', variables('subnet'))]"}}}]},
    }));
    deployed["outputs"] = json!({
        "address": {"type": "string",
            "value": "[reference('nic').ipConfigurations[0].properties.privateIPAddress]"},
    });
    body
}

#[tokio::test]
async fn templates_are_carried_out() {
    for operation_time in [0.0, 1.0] {
        let config = EmulatorConfig { operation_time, ..EmulatorConfig::default() };
        let cloud = Cloud::start_with(config).await;
        let group = cloud.make_group("rg").await;
        let id = format!("{group}/providers/Microsoft.Resources/deployments/check?api-version=2023-07-01");
        cloud.get(&id).await.expect_error(404, "DeploymentNotFound");
        let answer = cloud.put(&id, dependent_template()).await.expect(201);
        let status = answer.header("azure-asyncoperation").expect("a status").to_owned();
        let status = status.strip_prefix(cloud.emulator.url()).expect("ours");
        if operation_time > 0.0 {
            assert_eq!(cloud.get(status).await.expect(200).body["status"], "InProgress");
            cloud.advance(60);
        }
        assert_eq!(cloud.get(status).await.expect(200).body["status"], "Succeeded");
        let deployment = cloud.get(&id).await.expect(200).body;
        assert_eq!(deployment["properties"]["provisioningState"], "Succeeded");
        assert_eq!(deployment["properties"]["outputs"]["address"]["value"], "10.0.0.4");
        cloud.get(&format!("{group}/providers/Microsoft.Network/networkInterfaces/nic")).await.expect(200);
        let all = format!("{group}/providers/Microsoft.Resources/deployments?api-version=2023-07-01");
        assert_eq!(cloud.get(&all).await.expect(200).body["value"][0]["name"], "check");
        cloud.delete(&id).await.expect(204);
        cloud.get(&id).await.expect(404);
    }
}

#[tokio::test]
async fn deployments_fail_with_their_resources() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let id = format!("{group}/providers/Microsoft.Resources/deployments/check?api-version=2023-07-01");
    let mut body = template(&json!("10.0.0.0/16"));
    body["properties"]["template"]["resources"][0]["resources"][0]["properties"]["addressPrefix"] =
        json!("192.168.0.0/24");
    cloud.put(&id, body).await.expect(201);
    let properties = cloud.get(&id).await.expect(200).body["properties"].clone();
    assert_eq!(properties["provisioningState"], "Failed");
    assert!(properties["error"]["message"].as_str().is_some_and(|text| text.contains("NetcfgInvalidSubnet")));
    let mut circle = dependent_template();
    circle["properties"]["template"]["resources"][1]["dependsOn"] = json!(["nic"]);
    cloud.put(&id, circle).await.expect_error(400, "InvalidTemplate");
    let mut secret = template(&json!("10.0.0.0/16"));
    secret["properties"]["template"]["parameters"]["password"] = json!({"type": "secureString"});
    secret["properties"]["parameters"]["password"] = json!({"value": "hidden"});
    cloud.put(&id, secret).await.expect(200);
    assert!(!cloud.get(&id).await.expect(200).body.to_string().contains("hidden"));
}
