//! Our states and plans beside those of Terraform with the real provider, on the same server.

use serde_json::{Value as Json, json};
use terrane_model::{Value, encode_json};
use terrane_provider::UpgradeRequest;

use crate::cases::{Case, cases};
use crate::support::cluster::TestCluster;
use crate::support::engine::{Action, Instance};
use crate::support::terraform::Terraform;

/// Where our states say more, or something else, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    ("kubernetes_stateful_set_v1.spec.0.revision_history_limit", "theirs never reads it"),
    ("kubernetes_horizontal_pod_autoscaler_v2.spec.0.behavior", "theirs sends and stores what nobody wrote"),
    ("kubernetes_deployment_v1.spec.0.replicas", NO_LONGER_WRITTEN),
    ("kubernetes_deployment_v1.spec.0.template.0.spec.0.container.0.resources", NO_LONGER_WRITTEN),
    ("kubernetes_deployment_v1.spec.0.template.0.spec.0.image_pull_secrets", NO_LONGER_WRITTEN),
    ("kubernetes_ingress_v1.spec.0.ingress_class_name", NO_LONGER_WRITTEN),
    ("kubernetes_persistent_volume_v1.spec.0.claim_ref", "the cluster's, who bound it in between"),
    ("kubernetes_persistent_volume_claim_v1.spec.0.volume_name", "the cluster's, who bound it in between"),
];

const NO_LONGER_WRITTEN: &str = "theirs keeps what was once written; ours gives it back to the cluster";

#[tokio::test]
async fn states_are_those_of_terraform() {
    let (Some(theirs), Some(ours)) = (TestCluster::new(), TestCluster::new()) else { return };
    let Some(terraform) = Terraform::new("states") else { return };
    let provider_config = json!({"config_path": theirs.kubeconfig});
    let their_cases = cases(&theirs.namespace);
    let mut wrong = Vec::new();
    for second in [false, true] {
        let pick = |case: &Case| if second { case.second.clone() } else { case.first.clone() };
        let configs: Vec<Json> = their_cases.iter().map(pick).collect();
        let resources: Vec<(&str, &Json)> =
            their_cases.iter().map(|case| case.type_name).zip(configs.iter()).collect();
        terraform.configure("kubernetes", &provider_config, &resources);
        terraform.apply();
        let their_states = terraform.state();
        compare_states(&theirs, &ours, &their_states, second, &mut wrong).await;
        take_over(&theirs, &their_states, &resources, &mut wrong).await;
    }
    terraform.destroy();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Makes the same objects ourselves and compares the states.
async fn compare_states(
    theirs: &TestCluster,
    ours: &TestCluster,
    their_states: &[(String, Json)],
    second: bool,
    wrong: &mut Vec<String>,
) {
    let provider = ours.provider("kubernetes").await;
    for case in cases(&ours.namespace) {
        let mut instance = Instance::new(&provider, case.type_name).await;
        let planned = instance.plan(&case.first).await;
        instance.apply(planned).await;
        if second {
            let planned = instance.plan(&case.second).await;
            instance.apply(planned).await;
        }
        let ours_text = ours.tidy(&attributes(&instance.state).to_string());
        let (_, their_state) =
            their_states.iter().find(|(name, _)| name == case.type_name).expect("Terraform has made it");
        let theirs_text = theirs.tidy(&their_state.to_string());
        let parse = |text: &str| serde_json::from_str::<Json>(text).expect("it stays JSON");
        compare(case.type_name, &parse(&theirs_text), &parse(&ours_text), wrong);
        instance.destroy().await;
    }
}

/// Goes on with Terraform's states: nothing may be left to do.
async fn take_over(
    cluster: &TestCluster,
    states: &[(String, Json)],
    resources: &[(&str, &Json)],
    wrong: &mut Vec<String>,
) {
    let provider = cluster.provider("kubernetes").await;
    let schemas = provider.schemas().await.expect("it has schemas");
    for (name, config) in resources {
        let (_, attributes) =
            states.iter().find(|(candidate, _)| candidate == name).expect("Terraform has made it");
        let version = schemas.resources[*name].schema.version;
        let request =
            UpgradeRequest { type_name: (*name).into(), version, json: attributes.to_string().into() };
        let response = provider.upgrade_resource_state(request).await;
        assert!(response.diagnostics.is_empty(), "{name}: {:?}", response.diagnostics);
        let mut instance = Instance::new(&provider, name).await;
        instance.state = response.state;
        instance.refresh().await;
        let planned = instance.plan(config).await;
        if planned.action != Action::None {
            wrong.push(format!("{name}: after Terraform, {:?} is planned", planned.action));
            let (before, after) = (self::attributes(&instance.state), self::attributes(&planned.state));
            compare(&format!("{name} (before, after)"), &before, &after, wrong);
        }
    }
}

pub(crate) fn attributes(state: &Value) -> Json {
    let mut text = String::new();
    let known = state.map_leaves_first(&mut |value| match value {
        Value::Unknown(unknown) => Value::Null(unknown.ty.clone()),
        value => value,
    });
    encode_json::write_json(&mut text, &known, &state.ty()).expect("states can be written");
    serde_json::from_str(&text).expect("what is written is JSON")
}

/// Notes every place where two states differ.
pub(crate) fn compare(path: &str, theirs: &Json, ours: &Json, wrong: &mut Vec<String>) {
    const VOLATILE: [&str; 6] =
        ["uid", "resource_version", "generation", "node_port", "cluster_ip", "cluster_ips"];
    match (theirs, ours) {
        (Json::Object(theirs), Json::Object(ours)) => {
            let names = theirs.keys().chain(ours.keys().filter(|name| !theirs.contains_key(*name)));
            for name in names.filter(|name| !VOLATILE.contains(&name.as_str())) {
                let null = Json::Null;
                let (theirs, ours) = (theirs.get(name).unwrap_or(&null), ours.get(name).unwrap_or(&null));
                compare(&format!("{path}.{name}"), theirs, ours, wrong);
            }
        }
        (Json::Array(theirs), Json::Array(ours)) if theirs.len() == ours.len() => {
            for (position, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                compare(&format!("{path}.{position}"), theirs, ours, wrong);
            }
        }
        // A provider made with Terraform's own kit says zero for nothing, and nothing for zero, as it happens to.
        (theirs, ours) if is_zero(theirs) && is_zero(ours) => {}
        (theirs, ours) if theirs == ours || DIFFERENCES.iter().any(|(start, _)| path.starts_with(start)) => {}
        (theirs, ours) => wrong.push(format!("{path}: theirs {theirs}, ours {ours}")),
    }
}

fn is_zero(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.is_empty(),
    }
}
