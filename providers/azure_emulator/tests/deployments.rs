//! Templates are checked and compared, not carried out.

use serde_json::{Value, json};

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
    let put = validate.replace("/validate", "");
    cloud.put(&put, template(&json!("10.0.0.0/16"))).await.expect_error(501, "NotImplemented");
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
