//! Releases of charts through their lives, with the real `helm` command and a real API server.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::charts::{TestChart, helm, plain_chart};
use crate::support::cluster::TestCluster;
use crate::support::engine::{Action, Instance, read_data};
use crate::support::render;
use crate::support::repository::Repository;

fn config(cluster: &TestCluster, chart: &TestChart, more: Json) -> Json {
    let mut config =
        json!({"name": "web", "namespace": cluster.namespace, "chart": chart.path(), "wait": false});
    for (name, value) in more.as_object().expect("arguments have names") {
        config[name] = value.clone();
    }
    config
}

async fn instance(cluster: &TestCluster) -> Instance {
    Instance::new(&cluster.helm_provider().await, "helm_release").await
}

fn number(instance: &Instance, path: &str) -> i64 {
    instance.at(path).as_number().and_then(terrane_model::Number::to_i64).expect("it is a number")
}

fn text(instance: &Instance, path: &str) -> String {
    instance.at(path).as_str().expect("it is a text").to_string()
}

#[tokio::test]
async fn a_release_has_a_life() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let first = config(
        &cluster,
        &chart,
        json!({"values": ["text: one\n"], "set": [{"name": "replicas", "value": "2"}]}),
    );
    let mut release = instance(&cluster).await;
    let planned = release.plan(&first).await;
    let manifest = crate::support::engine::at(&planned.state, "manifest");
    assert!(manifest.as_str().expect("what will be is known").contains(r#""text":"one""#));
    assert_eq!(release.converge(&first).await, Action::Create);
    assert_eq!(text(&release, "version"), "0.1.0");
    assert_eq!(text(&release, "metadata.app_version"), "1.5");
    assert_eq!(text(&release, "metadata.values"), r#"{"replicas":2,"text":"one"}"#);
    assert_eq!(text(&release, "metadata.notes"), "Say one to web.\n");
    assert_eq!(cluster.kubectl_here(&["get", "configmap", "web", "-o", "jsonpath={.data.text}"]), "one");

    let second = config(&cluster, &chart, json!({"values": ["text: two\n"]}));
    assert_eq!(release.converge(&second).await, Action::Update);
    assert_eq!(number(&release, "metadata.revision"), 2);
    assert_eq!(cluster.kubectl_here(&["get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"]), "1");

    let mut imported = instance(&cluster).await;
    imported.import(&format!("{}/web", cluster.namespace)).await.expect("it can be imported");
    assert_eq!(text(&imported, "chart"), "web");
    assert_eq!(imported.converge(&second).await, Action::Update, "the state learns where the chart lies");
    assert_eq!(number(&imported, "metadata.revision"), 2, "the release stays as it is");

    let last = release.state.clone();
    release.destroy().await;
    release.refresh_is_gone(last).await;
    assert_eq!(cluster.kubectl_here(&["get", "configmap", "web", "--ignore-not-found"]), "");
}

#[tokio::test]
async fn a_revision_is_only_added_where_one_is_needed() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let mut release = instance(&cluster).await;
    release.converge(&config(&cluster, &chart, json!({"values": ["text: one\n"]}))).await;
    // The same values from another place, and arguments that only matter for the next time.
    let moved = config(&cluster, &chart, json!({"set": [{"name": "text", "value": "one"}], "timeout": 60}));
    assert_eq!(release.converge(&moved).await, Action::Update);
    assert_eq!(number(&release, "metadata.revision"), 1);
    // A file of the chart that changes nothing in the cluster.
    chart.write("README.md", "Nothing to see.");
    assert_eq!(release.plan(&moved).await.action, Action::None);
    // A template changes, and the version does not.
    chart.write("templates/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\n");
    assert_eq!(release.converge(&moved).await, Action::Update);
    assert_eq!(number(&release, "metadata.revision"), 2);
}

#[tokio::test]
async fn drift_is_seen_object_by_object_and_repaired() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let config = config(&cluster, &chart, json!({}));
    let mut release = instance(&cluster).await;
    release.converge(&config).await;
    let scaled = |count: &str| format!("--replicas={count}");
    cluster.kubectl_here(&["scale", "deployment", "web", &scaled("4")]);
    cluster.kubectl_here(&["label", "--overwrite", "configmap", "web", "app=other", "foreign=yes"]);
    cluster.kubectl_here(&["delete", "secret", "web"]);
    release.refresh().await;
    let resources = release.at("resources");
    let shown = |name: &str| {
        let key = name.replace("NAMESPACE", &cluster.namespace);
        resources.get(&key).and_then(|json| json.as_str().map(ToString::to_string))
    };
    let deployment = shown("deployment.apps/v1/NAMESPACE/web").expect("it is there");
    assert!(deployment.contains(r#""replicas":4"#), "{deployment}");
    let config_map = shown("configmap/v1/NAMESPACE/web").expect("it is there");
    assert!(config_map.contains(r#""app":"other""#) && !config_map.contains("foreign"), "{config_map}");
    assert_eq!(shown("secret/v1/NAMESPACE/web"), None);
    assert_eq!(release.converge(&config).await, Action::Update);
    assert_eq!(cluster.kubectl_here(&["get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"]), "1");
    assert_eq!(
        cluster.kubectl_here(&["get", "configmap", "web", "-o", "jsonpath={.metadata.labels.foreign}"]),
        "yes"
    );
    // Somebody else releases.
    cluster.helm(&["upgrade", "web", &chart.path(), "--set", "text=theirs"]);
    release.refresh().await;
    assert_eq!(text(&release, "metadata.values"), r#"{"text":"theirs"}"#);
    assert_eq!(release.converge(&config).await, Action::Update);
    assert_eq!(cluster.kubectl_here(&["get", "configmap", "web", "-o", "jsonpath={.data.text}"]), "hello");
}

#[tokio::test]
async fn secrets_stay_out_of_the_state() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let secrets = json!({
        "set_sensitive": [{"name": "password", "value": "hunter2-sensitive"}],
        "set_wo": [{"name": "text", "value": "hunter2-write-only"}], "set_wo_revision": 1,
    });
    let first = config(&cluster, &chart, secrets);
    let mut release = instance(&cluster).await;
    release.converge(&first).await;
    assert!(
        release.at("manifest").is_null() && release.at("resources").is_null(),
        "they would repeat what is only written"
    );
    for name in ["manifest", "resources", "metadata"] {
        let shown = render::part(&release.at(name));
        assert!(!shown.contains("hunter2") && !shown.contains("aHVudGVyM"), "{name}: {shown}");
    }
    assert_eq!(
        cluster.kubectl_here(&["get", "configmap", "web", "-o", "jsonpath={.data.text}"]),
        "hunter2-write-only"
    );
    cluster.kubectl_here(&["delete", "configmap", "web"]);
    release.refresh().await;
    assert_eq!(release.converge(&first).await, Action::Update, "drift counts all the same");
    // Another value alone is no change; another revision is.
    let mut second = first.clone();
    second["set_wo"][0]["value"] = "hunter3".into();
    assert_eq!(release.plan(&second).await.action, Action::None);
    second["set_wo_revision"] = 2.into();
    assert_eq!(release.converge(&second).await, Action::Update);
    assert_eq!(cluster.kubectl_here(&["get", "configmap", "web", "-o", "jsonpath={.data.text}"]), "hunter3");
}

#[tokio::test]
async fn sensitive_values_are_masked_wherever_they_turn_up() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let secrets =
        json!([{"name": "password", "value": "hunter2"}, {"name": "text", "value": "hunter2 \"quoted\""}]);
    let mut release = instance(&cluster).await;
    release.converge(&config(&cluster, &chart, json!({"set_sensitive": secrets}))).await;
    for name in ["manifest", "resources", "metadata"] {
        let shown = render::part(&release.at(name));
        assert!(shown.contains("(sensitive value"), "{name}: {shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("aHVudGVyM"), "{name}: {shown}");
    }
}

#[tokio::test]
async fn failures_are_explained_from_the_cluster() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let waiting = config(&cluster, &chart, json!({"wait": true, "timeout": 3}));
    let mut release = instance(&cluster).await;
    let planned = release.plan(&waiting).await;
    let failure = release.try_apply(planned).await.expect_err("no pod ever runs");
    let failure = cluster.tidy(&failure);
    assert!(failure.contains("Cannot create release: The release NAMESPACE/web: "), "{failure}");
    assert!(
        failure.contains("Deployment NAMESPACE/web is not ready: 0 of 1 replicas available."),
        "{failure}"
    );
    assert_eq!(text(&release, "status"), "failed");
    // What has failed is tried again.
    let patient = config(&cluster, &chart, json!({}));
    assert_eq!(release.converge(&patient).await, Action::Update);
    assert_eq!(text(&release, "status"), "deployed");
}

#[tokio::test]
async fn charts_that_cannot_be_released_are_found_when_planning() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let old = TestChart::new(&[(
        "templates/route.yaml",
        "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata:\n  name: web\n",
    )]);
    let broken = TestChart::new(&[("templates/config.yaml", "{{ fail \"set .Values.host\" }}")]);
    let release = instance(&cluster).await;
    let mut said = String::new();
    let good = plain_chart();
    for config in [
        config(&cluster, &old, json!({})),
        config(&cluster, &broken, json!({})),
        config(&cluster, &good, json!({"version": "0.2.0"})),
        config(&cluster, &good, json!({"values": ["a: ["]})),
        config(&cluster, &good, json!({"set": [{"name": "a[b]", "value": "1"}]})),
        config(&cluster, &good, json!({"name": "a".repeat(54)})),
    ] {
        said.push_str(&release.try_plan(&config).await.err().expect("it cannot be planned"));
    }
    insta::assert_snapshot!(cluster.tidy(&said).replace(&broken.path(), "CHART"));
}

#[tokio::test]
async fn a_release_of_somebody_else_is_not_taken_over() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    cluster.helm(&["install", "web", &chart.path()]);
    let mut release = instance(&cluster).await;
    let error = release.try_plan(&config(&cluster, &chart, json!({}))).await.err().expect("it is there");
    assert!(error.contains("The release ") && error.contains("exists already"), "{error}");
    let welcome = config(&cluster, &chart, json!({"upgrade_install": true}));
    assert_eq!(release.converge(&welcome).await, Action::Create);
    assert_eq!(number(&release, "metadata.revision"), 2);
}

#[tokio::test]
async fn an_interrupted_release_is_taken_over() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let mut killed =
        cluster.helm_command(&["install", "web", &chart.path(), "--wait"]).spawn().expect("helm runs");
    while cluster.helm(&["list", "--pending", "-q"]).is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    killed.kill().expect("it can be killed");
    killed.wait().expect("it ends");
    let mut release = instance(&cluster).await;
    assert_eq!(release.converge(&config(&cluster, &chart, json!({"timeout": 1}))).await, Action::Create);
    assert_eq!(text(&release, "status"), "deployed");
}

#[tokio::test]
async fn a_helm_that_was_left_behind_is_ended() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let mut helm_left = cluster
        .helm_command_bare(&["install", "web", &chart.path(), "--wait", "--timeout", "300s"])
        .spawn()
        .expect("helm runs");
    while cluster.helm(&["list", "--pending", "-q"]).is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // The note that the killed run has left: it was this helm's parent, and is not there any more.
    let mut killed = std::process::Command::new("true").spawn().expect("there is such a command");
    killed.wait().expect("it ends");
    let cache = tempfile::tempdir().expect("a folder can be made");
    let notes = cache.path().join("helm/running");
    std::fs::create_dir_all(&notes).expect("the folder can be made");
    let note = json!({"process": killed.id(), "revision": 1, "helm": helm_left.id()});
    std::fs::write(notes.join(cluster.release_note("web")), note.to_string()).expect("it can be written");

    let provider = cluster.helm_provider_caching(cache.path()).await;
    let mut release = Instance::new(&provider, "helm_release").await;
    assert_eq!(release.converge(&config(&cluster, &chart, json!({}))).await, Action::Create);
    assert_eq!(text(&release, "status"), "deployed");
    let ended = helm_left.try_wait().expect("it can be asked about");
    assert!(
        ended.is_some_and(|status| !status.success()),
        "nobody writes to the release any more: {ended:?}"
    );
    assert_eq!(cluster.helm(&["list", "--failed", "--pending", "-q"]), "");
    let phases = release.phases.all();
    assert!(phases.contains(&"taking over from a run that was interrupted".to_owned()), "{phases:?}");
}

#[tokio::test]
async fn charts_come_from_repositories() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let repository = Repository::of_chart(&chart.path());
    let open = config(&cluster, &chart, json!({"chart": "web", "repository": repository.url}));
    let mut release = instance(&cluster).await;
    let refused = release.try_plan(&open).await.err().expect("the repository wants a password");
    assert!(refused.contains("401 Unauthorized"), "{refused}");
    let mut known = open.clone();
    known["repository_username"] = "user".into();
    known["repository_password"] = "secret".into();
    assert_eq!(release.converge(&known).await, Action::Create);
    assert_eq!(text(&release, "version"), "0.1.0");
    // A version that is written can only mean one chart: nobody is asked about it any more.
    let mut pinned = known.clone();
    pinned["version"] = "0.1.0".into();
    repository.requests();
    let provider = cluster.helm_provider().await;
    let mut again = Instance::new(&provider, "helm_release").await;
    again.state = release.state.clone();
    again.refresh().await;
    assert_eq!(again.plan(&pinned).await.action, Action::None);
    assert_eq!(repository.requests(), Vec::<String>::new());
    // A new version is found where none is written.
    chart.write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.2.0\n");
    repository.pack(&chart.path());
    let mut newest = instance(&cluster).await;
    newest.state = release.state.clone();
    assert_eq!(newest.converge(&known).await, Action::Update);
    assert_eq!(text(&newest, "version"), "0.2.0");
}

#[tokio::test]
async fn charts_are_rendered_without_a_cluster() {
    let Some(_) = helm() else { return };
    let chart = plain_chart();
    chart.write("crds/thing.yaml", "kind: CustomResourceDefinition\n");
    let provider = crate::support::cluster::configured("helm", &json!({})).await;
    let config = json!({"name": "web", "chart": chart.path(), "set": [{"name": "text", "value": "hi"}],
                        "show_only": ["templates/config.yaml"], "kube_version": "1.30.0"});
    let state = read_data(&provider, "helm_template", &config).await.expect("it can be rendered");
    let at = |path: &str| render::part(&crate::support::engine::at(&state, path));
    assert_eq!(at("notes"), r#""Say hi to web.\n""#);
    assert_eq!(at("crds"), r#"["kind: CustomResourceDefinition\n"]"#);
    assert_eq!(at("version"), r#""0.1.0""#);
    assert!(at("manifest").contains(r"text: \"), "{}", at("manifest"));
    assert!(at("manifests").starts_with("{templates/config.yaml = "), "{}", at("manifests"));
}
