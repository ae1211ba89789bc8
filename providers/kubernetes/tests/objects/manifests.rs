//! Objects of any kind, and parts of objects, through their lives.

use serde_json::{Value as Json, json};

use crate::support::cluster::TestCluster;
use crate::support::engine::{Action, Instance, at, read_data};
use crate::support::render;

const TYPE: &str = "kubernetes_manifest";

async fn instance(cluster: &TestCluster, type_name: &str) -> Instance {
    Instance::new(&cluster.provider("kubernetes").await, type_name).await
}

fn config_map(cluster: &TestCluster, data: &Json) -> Json {
    json!({"manifest": {"apiVersion": "v1", "kind": "ConfigMap",
                        "metadata": {"name": "a", "namespace": cluster.namespace}, "data": data}})
}

/// A definition of a kind whose name nobody else in the test's cluster has.
fn definition(cluster: &TestCluster) -> (String, Json) {
    let group = format!("{}.example.org", cluster.namespace);
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "required": ["size"],
        "properties": {"size": {"type": "integer", "minimum": 1}, "mode": {"type": "string", "default": "plain"}}}}});
    let manifest = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("things.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things", "singular": "thing"},
                 "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    (
        group,
        json!({"manifest": manifest, "wait": [{"condition": [{"type": "Established", "status": "True"}]}]}),
    )
}

#[tokio::test]
async fn an_object_of_any_kind_has_a_life() {
    let Some(cluster) = TestCluster::new() else { return };
    let mut object = instance(&cluster, TYPE).await;
    assert_eq!(object.converge(&config_map(&cluster, &json!({"k": "v"}))).await, Action::Create);
    assert_eq!(object.converge(&config_map(&cluster, &json!({"k": "w", "l": "1"}))).await, Action::Update);
    assert_eq!(render::part(&object.at("object.data")), r#"{k = "w", l = "1"}"#);
    // What others add is theirs; what they change is not.
    let last = config_map(&cluster, &json!({"k": "w"}));
    object.converge(&last).await;
    cluster.kubectl_here(&["annotate", "configmap", "a", "foreign=yes"]);
    object.refresh().await;
    assert_eq!(object.plan(&last).await.action, Action::None);
    let mut imported = instance(&cluster, TYPE).await;
    imported
        .import(&format!("apiVersion=v1,kind=ConfigMap,name=a,namespace={}", cluster.namespace))
        .await
        .expect("it is there");
    assert_eq!(imported.converge(&last).await, Action::Update, "the state learns how it is written");
    let elsewhere = json!({"manifest": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": cluster.namespace}}});
    assert!(matches!(object.plan(&elsewhere).await.action, Action::Replace(_)));
    let last = object.state.clone();
    object.destroy().await;
    object.refresh_is_gone(last).await;
}

#[tokio::test]
async fn what_the_server_draws_by_lot_is_not_known_before() {
    let Some(cluster) = TestCluster::new() else { return };
    let service = json!({"manifest": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": cluster.namespace},
                                      "spec": {"ports": [{"port": 80}]}}});
    let mut object = instance(&cluster, TYPE).await;
    let planned = object.plan(&service).await;
    assert!(!at(&planned.state, "object.spec.clusterIP").is_known());
    assert_eq!(render::part(&at(&planned.state, "object.spec.type")), r#""ClusterIP""#);
    assert_eq!(object.converge(&service).await, Action::Create);
}

#[tokio::test]
async fn a_kind_and_its_objects_are_made_in_one_plan() {
    let Some(cluster) = TestCluster::new() else { return };
    let (group, definition) = definition(&cluster);
    let thing = |size: i64| {
        json!({"manifest": {"apiVersion": format!("{group}/v1"), "kind": "Thing",
                            "metadata": {"name": "one", "namespace": cluster.namespace}, "spec": {"size": size}}})
    };
    let provider = cluster.provider("kubernetes").await;
    let mut kind = Instance::new(&provider, TYPE).await;
    let mut object = Instance::new(&provider, TYPE).await;
    let kind_plan = kind.plan(&definition).await;
    let object_plan = object.plan(&thing(2)).await;
    assert!(!at(&object_plan.state, "object").is_known(), "nobody can say yet what becomes of it");
    kind.apply(kind_plan).await;
    object.apply(object_plan).await;
    assert_eq!(render::part(&object.at("object.spec")), r#"{mode = "plain", size = 2}"#);
    let wrong = object.try_plan(&thing(0)).await.err().expect("it is too small");
    insta::assert_snapshot!(cluster.tidy(&wrong));
    object.destroy().await;
    kind.destroy().await;
}

#[tokio::test]
async fn manifests_that_cannot_be_applied_are_found_when_planning() {
    let Some(cluster) = TestCluster::new() else { return };
    let object = instance(&cluster, TYPE).await;
    let mut said = String::new();
    let metadata = json!({"name": "a", "namespace": cluster.namespace});
    for manifest in [
        json!({"kind": "Pod", "metadata": {}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "status": {"a": 1}}),
        json!({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": metadata}),
        json!({"apiVersion": "apps/v1beta9", "kind": "Deployment", "metadata": metadata}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": "two"}}),
    ] {
        said.push_str(
            &object.try_plan(&json!({ "manifest": manifest })).await.err().expect("it cannot be planned"),
        );
    }
    // Somebody else holds a field.
    let mut owner = instance(&cluster, TYPE).await;
    owner.converge(&config_map(&cluster, &json!({"k": "v"}))).await;
    cluster.kubectl_here(&[
        "patch",
        "configmap",
        "a",
        "-p",
        r#"{"data":{"k":"theirs"}}"#,
        "--field-manager",
        "editor",
    ]);
    owner.refresh().await;
    said.push_str(
        &owner
            .try_plan(&config_map(&cluster, &json!({"k": "ours"})))
            .await
            .err()
            .expect("there is a conflict"),
    );
    insta::assert_snapshot!(cluster.tidy(&said));
    let mut forced = config_map(&cluster, &json!({"k": "ours"}));
    forced["field_manager"] = json!([{"force_conflicts": true}]);
    assert_eq!(owner.converge(&forced).await, Action::Update);
}

#[tokio::test]
async fn immutable_fields_need_a_new_object() {
    let Some(cluster) = TestCluster::new() else { return };
    let job = |image: &str| {
        let pod = json!({"restartPolicy": "Never", "containers": [{"name": "a", "image": image}]});
        json!({"manifest": {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": cluster.namespace},
                            "spec": {"template": {"spec": pod}}}})
    };
    let mut object = instance(&cluster, TYPE).await;
    object.converge(&job("one")).await;
    let planned = object.plan(&job("two")).await;
    assert_eq!(planned.action, Action::Replace(vec![".manifest.spec.template".to_owned()]));
}

#[tokio::test]
async fn parts_of_objects_have_lives_of_their_own() {
    let Some(cluster) = TestCluster::new() else { return };
    let typed = json!({"metadata": [{"name": "shared", "namespace": cluster.namespace, "labels": {"mine": "typed"}}],
                       "data": {"typed": "1"}});
    let mut owner = instance(&cluster, "kubernetes_config_map_v1").await;
    owner.converge(&typed).await;
    let metadata = json!([{"name": "shared", "namespace": cluster.namespace}]);
    let head = |more: Json| {
        let mut config = json!({"api_version": "v1", "kind": "ConfigMap", "metadata": metadata});
        for (name, value) in more.as_object().expect("arguments have names") {
            config[name] = value.clone();
        }
        config
    };
    let mut labels = instance(&cluster, "kubernetes_labels").await;
    let mut annotations = instance(&cluster, "kubernetes_annotations").await;
    let mut data = instance(&cluster, "kubernetes_config_map_v1_data").await;
    labels.converge(&head(json!({"labels": {"a": "1", "b": "2"}}))).await;
    annotations.converge(&head(json!({"annotations": {"note": "x"}}))).await;
    data.converge(&json!({"metadata": metadata, "data": {"extra": "y"}})).await;
    assert_eq!(labels.converge(&head(json!({"labels": {"a": "3"}}))).await, Action::Update);
    let shown = |path: &str| {
        cluster.kubectl_here(&["get", "configmap", "shared", "-o", &format!("jsonpath={{{path}}}")])
    };
    assert_eq!(shown(".metadata.labels"), r#"{"a":"3","mine":"typed"}"#);
    assert_eq!(shown(".data"), r#"{"extra":"y","typed":"1"}"#);
    // The owner leaves the parts alone, and the parts the owner.
    owner.refresh().await;
    assert_eq!(owner.plan(&typed).await.action, Action::None);
    let conflict = head(json!({"labels": {"mine": "other"}}));
    let refused =
        instance(&cluster, "kubernetes_labels").await.try_plan(&conflict).await.err().expect("it is taken");
    insta::assert_snapshot!(cluster.tidy(&refused));
    labels.destroy().await;
    annotations.destroy().await;
    data.destroy().await;
    assert_eq!(shown(".metadata.labels"), r#"{"mine":"typed"}"#);
    assert_eq!(shown(".data"), r#"{"typed":"1"}"#);
    let mut secret = instance(&cluster, "kubernetes_secret_v1_data").await;
    cluster.kubectl_here(&["create", "secret", "generic", "s", "--from-literal=theirs=1"]);
    let config =
        json!({"metadata": [{"name": "s", "namespace": cluster.namespace}], "data": {"ours": "päss"}});
    secret.converge(&config).await;
    assert_eq!(
        cluster.kubectl_here(&["get", "secret", "s", "-o", "jsonpath={.data}"]),
        r#"{"ours":"cMOkc3M=","theirs":"MQ=="}"#
    );
    secret.destroy().await;
    owner.destroy().await;
}

#[tokio::test]
async fn objects_of_any_kind_are_read() {
    let Some(cluster) = TestCluster::new() else { return };
    for name in ["a", "b"] {
        cluster.kubectl_here(&["create", "configmap", name, "--from-literal=k=v"]);
    }
    cluster.kubectl_here(&["label", "configmap", "a", "app=x"]);
    let provider = cluster.provider("kubernetes").await;
    let config = json!({"api_version": "v1", "kind": "ConfigMap", "metadata": [{"name": "a", "namespace": cluster.namespace}]});
    let one = read_data(&provider, "kubernetes_resource", &config).await.expect("it is there");
    assert_eq!(render::part(&at(&one, "object.data")), r#"{k = "v"}"#);
    let config = json!({"api_version": "v1", "kind": "ConfigMap", "namespace": cluster.namespace, "label_selector": "app=x"});
    let many = read_data(&provider, "kubernetes_resources", &config).await.expect("they are there");
    assert_eq!(render::part(&at(&many, "objects.0.metadata.name")), r#""a""#);
    assert_eq!(at(&many, "objects").element_count(), Some(1));
    let missing = json!({"api_version": "x/v1", "kind": "Y"});
    let said =
        read_data(&provider, "kubernetes_resources", &missing).await.expect_err("there is no such kind");
    assert!(said.contains("The cluster has no kind Y of x/v1."), "{said}");
}
