//! Objects written as YAML, as the kubectl provider has them.

use serde_json::{Value as Json, json};
use terrane_provider_kubernetes::KubernetesOptions;

use crate::support::cluster::{TestCluster, configured_with};
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

#[tokio::test]
async fn files_are_split_into_documents() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::create_dir(folder.path().join("all")).expect("a folder can be made");
    for (name, text) in [
        ("one.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"${name}\"}\n"),
        (
            "two.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: c}\n",
        ),
    ] {
        std::fs::write(folder.path().join("all").join(name), text).expect("it can be written");
    }
    let options =
        KubernetesOptions { working_folder: folder.path().to_owned(), ..KubernetesOptions::default() };
    let provider = configured_with(PROVIDER, &json!({}), options).await;
    let config = json!({"pattern": "all/*.yaml", "vars": {"name": "a"}});
    let state = read_data(&provider, "kubectl_path_documents", &config).await.expect("there are files");
    assert_eq!(at(&state, "documents").element_count(), Some(3));
    let manifests = render::part(&at(&state, "manifests"));
    assert!(
        manifests.contains("/api/v1/configmaps/a") && manifests.contains("/api/v1/pods/c"),
        "{manifests}"
    );
    let missing = read_data(&provider, "kubectl_path_documents", &json!({"pattern": "all/*.yaml"})).await;
    assert!(missing.expect_err("name is not given").contains("${name} is no name in vars"));
}

#[tokio::test]
async fn objects_of_yaml_are_waited_for() {
    let Some(cluster) = TestCluster::new() else { return };
    let provider = cluster.provider(PROVIDER).await;
    let body = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w", "namespace": cluster.namespace},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "w"}},
                 "template": {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": [{"name": "w", "image": "w:1"}]}}},
    });
    let config = |value: &str, value_type: &str| {
        let field = json!({"key": "status.replicas", "value": value, "value_type": value_type});
        let condition = json!({"type": "Available", "status": "False"});
        json!({"yaml_body": body.to_string(), "wait_for_rollout": false, "timeouts": {"create": "10s"},
               "wait_for": [{"field": [field], "condition": [condition]}]})
    };
    let mut object = Instance::new(&provider, "kubectl_manifest").await;
    assert_eq!(object.converge(&config("2", "eq")).await, Action::Create);
    assert_eq!(cluster.kubectl_here(&["get", "deployment", "w", "-o", "jsonpath={.status.replicas}"]), "2");
    let mut hasty = config("^[3-9]$", "regex");
    hasty["timeouts"]["create"] = "1s".into();
    let planned = object.plan(&hasty).await;
    let failed = object.try_apply(planned).await.expect_err("there are two");
    assert!(failed.contains("status.replicas is \"2\" and has to match \"^[3-9]$\""), "{failed}");
    let wrong = object.try_plan(&config("[", "regex")).await.err().expect("it is no pattern");
    assert!(wrong.contains("Invalid pattern"), "{wrong}");
}
