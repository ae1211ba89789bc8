//! What keeps a plan from being applied is found when planning, with a message for people: versions that are gone,
//! fields that cannot be changed, fields of others, rules of the cluster, quota.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::charts::{TestChart, helm};
use crate::support::cluster::TestCluster;
use crate::support::engine::{Action, Instance};
use crate::support::webhook::Webhook;

const KUBECTL: &str = "gavinbunney/kubectl";

/// One object in the words of each resource type that can make it; the release has it in its chart.
struct Ways<'c> {
    cluster: &'c TestCluster,
    charts: Vec<TestChart>,
}

impl Ways<'_> {
    async fn instance(&self, provider: &str, type_name: &str) -> Instance {
        Instance::new(&self.cluster.provider(provider).await, type_name).await
    }

    /// Plans an object in all ways but as a typed one; returns what is said.
    async fn refusals(&mut self, object: &Json) -> String {
        let mut said = String::new();
        let manifest = self.instance("kubernetes", "kubernetes_manifest").await;
        let refused = manifest.try_plan(&json!({ "manifest": object })).await;
        said.push_str(&refused.err().expect("it is refused as a manifest"));
        let yaml = self.instance(KUBECTL, "kubectl_manifest").await;
        let refused = yaml.try_plan(&json!({ "yaml_body": object.to_string() })).await;
        said.push_str(&refused.err().expect("it is refused as YAML"));
        if helm().is_some() {
            let release = Instance::new(&self.cluster.helm_provider().await, "helm_release").await;
            let refused = release.try_plan(&self.release(object)).await;
            said.push_str(&refused.err().expect("it is refused in a chart"));
        }
        said
    }

    /// Returns the configuration of a release whose chart has one object.
    fn release(&mut self, object: &Json) -> Json {
        let chart = TestChart::new(&[("templates/object.yaml", &object.to_string())]);
        let config =
            json!({"name": "web", "namespace": self.cluster.namespace, "chart": chart.path(), "wait": false});
        self.charts.push(chart);
        config
    }
}

fn config_map(cluster: &TestCluster, labels: &Json) -> Json {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
           "metadata": {"name": "a", "namespace": cluster.namespace, "labels": labels}, "data": {"k": "v"}})
}

fn typed_config_map(cluster: &TestCluster, labels: &Json) -> Json {
    json!({"metadata": [{"name": "a", "namespace": cluster.namespace, "labels": labels}], "data": {"k": "v"}})
}

async fn refused_as_typed(cluster: &TestCluster, config: &Json) -> String {
    let provider = cluster.provider("kubernetes").await;
    let typed = Instance::new(&provider, "kubernetes_config_map_v1").await;
    typed.try_plan(config).await.err().expect("it is refused as a typed object")
}

#[tokio::test]
async fn versions_that_are_gone_are_found_when_planning() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let mut ways = Ways { cluster: &cluster, charts: Vec::new() };
    let metadata = json!({"name": "a", "namespace": cluster.namespace});
    let mut said = String::new();
    for (version, kind) in [
        ("extensions/v1beta1", "Ingress"),
        ("policy/v1beta1", "PodSecurityPolicy"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler"),
    ] {
        let object = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
        said.push_str(&ways.refusals(&object).await);
    }
    insta::assert_snapshot!(cluster.tidy(&said));
}

#[tokio::test]
async fn what_webhooks_refuse_is_found_when_planning() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let _webhook = Webhook::start(&cluster);
    let mut ways = Ways { cluster: &cluster, charts: Vec::new() };
    let labels = json!({"forbidden": "yes"});
    let mut said = refused_as_typed(&cluster, &typed_config_map(&cluster, &labels)).await;
    said.push_str(&ways.refusals(&config_map(&cluster, &labels)).await);
    insta::assert_snapshot!(cluster.tidy(&said));
}

#[tokio::test]
async fn what_exceeds_a_quota_is_found_when_planning() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    cluster.create(&json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few", "namespace": cluster.namespace},
        "spec": {"hard": {"count/configmaps": "1"}},
    }));
    // The namespace has a config map by itself, which counts once the controllers have seen it.
    let used = ["get", "resourcequota", "few", "-o", r"jsonpath={.status.used.count/configmaps}"];
    while cluster.kubectl_here(&used) != "1" {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut ways = Ways { cluster: &cluster, charts: Vec::new() };
    let labels = json!({});
    let mut said = refused_as_typed(&cluster, &typed_config_map(&cluster, &labels)).await;
    said.push_str(&ways.refusals(&config_map(&cluster, &labels)).await);
    insta::assert_snapshot!(cluster.tidy(&said));
}

#[tokio::test]
async fn fields_of_others_are_found_when_planning() {
    let Some(cluster) = TestCluster::new() else { return };
    cluster.create(&config_map(&cluster, &json!({"app": "theirs"})));
    cluster.kubectl_here(&[
        "label",
        "configmap",
        "a",
        "app=editors",
        "--overwrite",
        "--field-manager",
        "editor",
    ]);
    let ways = Ways { cluster: &cluster, charts: Vec::new() };
    let labels = json!({"app": "ours"});
    let object = config_map(&cluster, &labels);
    let manifest = ways.instance("kubernetes", "kubernetes_manifest").await;
    let mut said = manifest.try_plan(&json!({ "manifest": object })).await.err().expect("the label is taken");
    let yaml = ways.instance(KUBECTL, "kubectl_manifest").await;
    let careful = json!({"yaml_body": object.to_string(), "server_side_apply": true});
    said.push_str(&yaml.try_plan(&careful).await.err().expect("the label is taken"));
    let part = ways.instance("kubernetes", "kubernetes_labels").await;
    let metadata = json!([{"name": "a", "namespace": cluster.namespace}]);
    let part_config =
        json!({"api_version": "v1", "kind": "ConfigMap", "metadata": metadata, "labels": labels});
    said.push_str(&part.try_plan(&part_config).await.err().expect("the label is taken"));
    // Typed objects take fields over, with a warning.
    let mut typed = ways.instance("kubernetes", "kubernetes_config_map_v1").await;
    typed.import(&format!("{}/a", cluster.namespace)).await.expect("it is there");
    let planned = typed.plan(&typed_config_map(&cluster, &labels)).await;
    assert_eq!(planned.action, Action::Update);
    said.push_str(&planned.warnings);
    insta::assert_snapshot!(cluster.tidy(&said));
}

#[tokio::test]
async fn fields_that_cannot_be_changed_are_found_when_planning() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let mut ways = Ways { cluster: &cluster, charts: Vec::new() };
    let secret = |name: &str, text: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": cluster.namespace},
               "immutable": true, "stringData": {"p": text}})
    };
    let mut replaced = Vec::new();
    let mut manifest = ways.instance("kubernetes", "kubernetes_manifest").await;
    let data = |text: &str| {
        json!({"manifest": {"apiVersion": "v1", "kind": "ConfigMap", "immutable": true,
                            "metadata": {"name": "m", "namespace": cluster.namespace}, "data": {"p": text}}})
    };
    manifest.converge(&data("one")).await;
    replaced.push(manifest.plan(&data("two")).await.action);
    let mut yaml = ways.instance(KUBECTL, "kubectl_manifest").await;
    let body = |text: &str| json!({"yaml_body": secret("y", text).to_string()});
    yaml.converge(&body("one")).await;
    replaced.push(yaml.plan(&body("two")).await.action);
    let mut typed = ways.instance("kubernetes", "kubernetes_secret_v1").await;
    let typed_secret = |text: &str| json!({"metadata": [{"name": "t", "namespace": cluster.namespace}], "immutable": true, "data": {"p": text}});
    typed.converge(&typed_secret("one")).await;
    replaced.push(typed.plan(&typed_secret("two")).await.action);
    insta::assert_debug_snapshot!(replaced);
    let mut release = Instance::new(&cluster.helm_provider().await, "helm_release").await;
    release.converge(&ways.release(&secret("h", "one"))).await;
    let refused = release.try_plan(&ways.release(&secret("h", "two"))).await;
    insta::assert_snapshot!(cluster.tidy(&refused.err().expect("helm cannot change it")));
}
