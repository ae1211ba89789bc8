//! Objects written as YAML, as the kubectl provider has them.

use serde_json::{Value as Json, json};

use crate::support::cluster::TestCluster;
use crate::support::engine::{Action, Instance, at, read_data};
use crate::support::render;

const PROVIDER: &str = "gavinbunney/kubectl";

fn config(cluster: &TestCluster, data: &str) -> Json {
    let body = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: {}\ndata:\n  {data}\n",
        cluster.namespace
    );
    json!({ "yaml_body": body })
}

#[tokio::test]
async fn an_object_of_yaml_has_a_life() {
    let Some(cluster) = TestCluster::new() else { return };
    let provider = cluster.provider(PROVIDER).await;
    let mut object = Instance::new(&provider, "kubectl_manifest").await;
    assert_eq!(object.converge(&config(&cluster, "k: v")).await, Action::Create);
    assert_eq!(object.converge(&config(&cluster, "k: w")).await, Action::Update);
    let last = config(&cluster, "k: w");
    cluster.kubectl_here(&["annotate", "configmap", "a", "foreign=yes"]);
    object.refresh().await;
    assert_eq!(object.plan(&last).await.action, Action::None, "what others add does not count");
    cluster.kubectl_here(&["patch", "configmap", "a", "-p", r#"{"data":{"k":"theirs"}}"#]);
    object.refresh().await;
    assert_eq!(object.converge(&last).await, Action::Update, "what others change is taken back");
    let mut elsewhere = last.clone();
    elsewhere["override_namespace"] = "default".into();
    assert_eq!(object.plan(&elsewhere).await.action, Action::Replace(vec![".namespace".to_owned()]));
    let last = object.state.clone();
    object.destroy().await;
    object.refresh_is_gone(last).await;
}

#[tokio::test]
async fn secrets_of_yaml_are_not_shown() {
    let Some(cluster) = TestCluster::new() else { return };
    let provider = cluster.provider(PROVIDER).await;
    let body = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: {}}}\nstringData: {{p: hunter2}}\n",
        cluster.namespace
    );
    let mut object = Instance::new(&provider, "kubectl_manifest").await;
    object.converge(&json!({ "yaml_body": body })).await;
    assert!(!render::part(&object.at("yaml_body_parsed")).contains("hunter2"));
    let mut said = String::new();
    for body in
        ["a: [hunter2", "- 1", "kind: Pod", "apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\nkind: B\n"]
    {
        said.push_str(
            &object.try_plan(&json!({ "yaml_body": body })).await.err().expect("it is no manifest"),
        );
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn texts_are_split_into_documents() {
    let provider = crate::support::cluster::configured(PROVIDER, &json!({})).await;
    let content = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ns}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n";
    let state = read_data(&provider, "kubectl_file_documents", &json!({ "content": content }))
        .await
        .expect("it is YAML");
    assert_eq!(at(&state, "documents").element_count(), Some(2));
    let manifests = render::part(&at(&state, "manifests"));
    for link in ["/api/v1/namespaces/ns/configmaps/a", "/apis/apps/v1/deployments/b"] {
        assert!(manifests.contains(link), "{manifests}");
    }
}
