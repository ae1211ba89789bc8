//! Our releases beside those of Terraform with the real provider, of the same chart on the same server.

use serde_json::{Value as Json, json};
use terrane_provider::UpgradeRequest;

use crate::differential::{attributes, compare};
use crate::support::charts::{TestChart, helm, plain_chart};
use crate::support::cluster::TestCluster;
use crate::support::engine::{Action, Instance};
use crate::support::terraform::Terraform;

const TYPE: &str = "helm_release";

fn configs(cluster: &TestCluster, chart: &TestChart) -> [Json; 2] {
    let base = json!({"name": "web", "namespace": cluster.namespace, "chart": chart.path(), "wait": false});
    let with = |more: Json| {
        let mut config = base.clone();
        for (name, value) in more.as_object().expect("arguments have names") {
            config[name] = value.clone();
        }
        config
    };
    [
        with(json!({"values": ["text: one\n"]})),
        with(json!({
            "description": "the second", "max_history": 3, "timeouts": {"create": "5m"},
            "set": [{"name": "replicas", "value": "2"}, {"name": "text", "value": "two", "type": "string"}],
            "set_list": [{"name": "list", "value": ["a", "1"]}],
            "set_sensitive": [{"name": "password", "value": "hunter2"}],
        })),
    ]
}

/// What the engine does not show is not compared: times, and what only one of both keeps.
fn without_times(mut state: Json) -> Json {
    for name in ["first_deployed", "last_deployed"] {
        state["metadata"][name] = Json::Null;
    }
    state
}

#[tokio::test]
async fn releases_are_those_of_terraform() {
    let (Some(_), Some(theirs), Some(ours)) = (helm(), TestCluster::new(), TestCluster::new()) else {
        return;
    };
    let Some(terraform) = Terraform::new("releases") else { return };
    let chart = plain_chart();
    let experiments = json!({"manifest": false});
    let their_provider =
        json!({"kubernetes": {"config_path": theirs.kubeconfig}, "experiments": experiments});
    let provider = ours.helm_provider_with(json!({"experiments": experiments})).await;
    let mut release = Instance::new(&provider, TYPE).await;
    let mut wrong = Vec::new();
    for (config, our_config) in configs(&theirs, &chart).into_iter().zip(configs(&ours, &chart)) {
        terraform.configure("helm", &their_provider, &[(TYPE, &config)]);
        terraform.apply();
        release.converge(&our_config).await;
        let parse = |text: String| without_times(serde_json::from_str(&text).expect("it stays JSON"));
        let (_, their_state) = terraform.state().pop().expect("there is a state");
        let their_state_tidy = parse(theirs.tidy(&their_state.to_string()));
        let our_state = parse(ours.tidy(&attributes(&release.state).to_string()));
        compare(TYPE, &their_state_tidy, &our_state, &mut wrong);

        // We go on with their state.
        let provider = theirs.helm_provider_with(json!({"experiments": experiments})).await;
        take_over(&provider, &their_state, &config, &mut wrong).await;
        // With manifests, too, nothing is planned but what is seen of them.
        let provider = theirs.helm_provider().await;
        take_over(&provider, &their_state, &config, &mut wrong).await;
    }
    // They go on with our state.
    let our_provider = json!({"kubernetes": {"config_path": ours.kubeconfig}, "experiments": experiments});
    let [_, second] = configs(&ours, &chart);
    terraform.destroy();
    terraform.configure("helm", &our_provider, &[(TYPE, &second)]);
    terraform.set_state("helm", &[(TYPE, 2, attributes(&release.state))]);
    for (_, change) in terraform.plan() {
        if change["actions"] != json!(["no-op"]) {
            wrong.push(format!("after us, Terraform plans {change}"));
        }
    }
    terraform.destroy();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn take_over(
    provider: &std::sync::Arc<dyn terrane_provider::Provider>,
    their_state: &Json,
    config: &Json,
    wrong: &mut Vec<String>,
) {
    let request = UpgradeRequest { type_name: TYPE.into(), version: 2, json: their_state.to_string().into() };
    let response = provider.upgrade_resource_state(request).await;
    let mut release = Instance::new(provider, TYPE).await;
    release.state = response.state;
    release.refresh().await;
    let planned = release.plan(config).await;
    if planned.action != Action::None {
        wrong.push(format!("after Terraform, {:?} is planned", planned.action));
        compare("(before, after)", &attributes(&release.state), &attributes(&planned.state), wrong);
    }
}
