//! What a subscription may have: quotas that are used up, and policies that forbid.

use serde_json::{Value, json};
use terrane_azure_emulator::EmulatorConfig;

use crate::support::Cloud;

fn cluster(count: u64) -> Value {
    json!({
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "aks",
            "agentPoolProfiles": [
                {"name": "system", "mode": "System", "count": count, "vmSize": "Standard_D4s_v5"},
            ],
        },
    })
}

fn value_of<'v>(usages: &'v Value, name: &str) -> &'v Value {
    let all = usages["value"].as_array().into_iter().flatten();
    all.into_iter().find(|usage| usage["name"]["value"] == name).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn cores_are_counted_and_run_out() {
    let cloud =
        Cloud::start_with(EmulatorConfig { cores_per_region: Some(16), ..EmulatorConfig::default() }).await;
    let group = cloud.make_group("rg").await;
    let id = |name: &str| format!("{group}/providers/Microsoft.ContainerService/managedClusters/{name}");
    cloud.put(&id("first"), cluster(2)).await.expect(201);
    let usages = format!(
        "{}/providers/Microsoft.Compute/locations/westeurope/usages?api-version=2024-07-01",
        cloud.subscription
    );
    let answer = cloud.get(&usages).await.expect(200).body;
    let cores = value_of(&answer, "cores");
    assert_eq!((&cores["currentValue"], &cores["limit"]), (&json!(8), &json!(16)));
    assert_eq!(value_of(&answer, "standardDSv5Family")["currentValue"], 8);
    let refused = cloud.put(&id("second"), cluster(3)).await;
    let refused = refused.expect_error(400, "ErrCode_InsufficientVCPUQuota");
    assert_eq!(
        refused.body["error"]["message"],
        "Insufficient vcpu quota requested 12, remaining 8 for family standardDSv5Family for region westeurope."
    );
    cloud.put(&id("second"), cluster(2)).await.expect(201);
    let pool = format!("{}/agentPools/more", id("first"));
    let body = json!({"properties": {"count": 1, "vmSize": "Standard_D2s_v5", "mode": "User"}});
    cloud.put(&pool, body).await.expect_error(400, "ErrCode_InsufficientVCPUQuota");
    let mut elsewhere = cluster(3);
    elsewhere["location"] = json!("northeurope");
    cloud.put(&id("third"), elsewhere).await.expect(201);
}

const ALLOWED_LOCATIONS: &str =
    "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c";

fn network(location: &str, tags: &Value) -> Value {
    json!({
        "location": location, "tags": tags,
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
    })
}

#[tokio::test]
async fn policies_forbid() {
    let cloud = Cloud::start().await;
    let group = cloud.make_group("rg").await;
    let other = cloud.make_group("other").await;
    let subscription = cloud.subscription.clone();
    let policy = |scope: &str, kind: &str, name: &str| {
        format!("{scope}/providers/Microsoft.Authorization/{kind}/{name}?api-version=2023-04-01")
    };
    let definition = policy(&subscription, "policyDefinitions", "owners");
    let rule = json!({
        "if": {"field": "[concat('tags[', parameters('tag'), ']')]", "exists": "false"},
        "then": {"effect": "[parameters('effect')]"},
    });
    let parameters = json!({"tag": {"type": "String"}, "effect": {"type": "String", "defaultValue": "deny"}});
    let body = json!({"properties": {"mode": "Indexed", "parameters": parameters, "policyRule": rule}});
    cloud.put(&definition, body).await.expect(201);
    let owners = format!("{subscription}/providers/Microsoft.Authorization/policyDefinitions/owners");
    let assignment = json!({"properties": {
        "policyDefinitionId": owners, "parameters": {"tag": {"value": "owner"}}, "displayName": "Owners",
    }});
    cloud.put(&policy(&group, "policyAssignments", "owners"), assignment).await.expect(201);
    let places = json!({"properties": {
        "policyDefinitionId": ALLOWED_LOCATIONS,
        "parameters": {"listOfAllowedLocations": {"value": ["westeurope"]}}, "notScopes": [other],
    }});
    cloud.put(&policy(&subscription, "policyAssignments", "places"), places).await.expect(201);
    let list = policy(&group, "policyAssignments", "").replace("/?", "?");
    let listed = cloud.get(&list).await.expect(200).body;
    assert_eq!(listed["value"].as_array().map(Vec::len), Some(2));

    let owned = json!({"owner": "data"});
    let net = |group: &str| format!("{group}/providers/Microsoft.Network/virtualNetworks/net");
    let refused = cloud.put(&net(&group), network("westeurope", &json!({}))).await;
    let refused = refused.expect_error(403, "RequestDisallowedByPolicy");
    let message = refused.body["error"]["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("Resource 'net' was disallowed by policy."), "{message}");
    let abroad = network("eastus", &owned);
    cloud.put(&net(&group), abroad.clone()).await.expect_error(403, "RequestDisallowedByPolicy");
    cloud.put(&net(&other), abroad.clone()).await.expect(201);
    cloud.put(&net(&group), network("westeurope", &owned)).await.expect(201);

    let question =
        format!("{group}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions?api-version=2023-03-01");
    let mut content = abroad.clone();
    content["type"] = json!("Microsoft.Network/virtualNetworks");
    let asked = json!({"resourceDetails": {"resourceContent": content, "apiVersion": "2025-01-01"}});
    let answer = cloud.post(&question, asked).await.expect(200).body;
    let evaluations = answer["contentEvaluationResult"]["policyEvaluations"].as_array();
    assert_eq!(evaluations.map(Vec::len), Some(1), "{answer}");

    let mut resource = abroad;
    resource["type"] = json!("Microsoft.Network/virtualNetworks");
    resource["apiVersion"] = json!("2025-01-01");
    resource["name"] = json!("templated");
    let template = json!({"properties": {"mode": "Incremental", "template": {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "resources": [resource],
    }}});
    let validate =
        format!("{group}/providers/Microsoft.Resources/deployments/check/validate?api-version=2023-07-01");
    let refused = cloud.post(&validate, template).await.expect_error(400, "InvalidTemplateDeployment");
    assert_eq!(refused.body["error"]["details"][0]["code"], "RequestDisallowedByPolicy");

    cloud.delete(&definition).await.expect_error(400, "InvalidDeletePolicyDefinitionRequest");
    cloud.delete(&policy(&group, "policyAssignments", "owners")).await.expect(200);
    cloud.delete(&definition).await.expect(200);
}
