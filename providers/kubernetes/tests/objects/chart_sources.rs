//! Charts from registries, from Git, with a signature, with a lock, and what is done to them on the way.

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use terrane_provider_kubernetes::{HelmGeneration, KubernetesOptions};

use crate::support::charts::{TestChart, helm, plain_chart};
use crate::support::cluster::{TestCluster, configured_with};
use crate::support::engine::{Action, Instance};
use crate::support::oci_registry::OciRegistry;
use crate::support::render;
use crate::support::repository::Repository;

const LOCK: &str = ".terrane.charts.lock.json";

/// Returns the arguments of a release and some more.
fn config(cluster: &TestCluster, more: Json) -> Json {
    let mut config = json!({"name": "web", "namespace": cluster.namespace, "wait": false});
    for (name, value) in more.as_object().expect("arguments have names") {
        config[name] = value.clone();
    }
    config
}

async fn instance_with(cluster: &TestCluster, options: KubernetesOptions) -> Instance {
    let provider = json!({"kubernetes": { "config_path": cluster.kubeconfig }});
    Instance::new(&configured_with("helm", &provider, options).await, "helm_release").await
}

async fn instance(cluster: &TestCluster) -> Instance {
    instance_with(cluster, KubernetesOptions::default()).await
}

fn text(instance: &Instance, path: &str) -> String {
    instance.at(path).as_str().expect("it is a text").to_string()
}

fn run(folder: &Path, program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).current_dir(folder).env("GNUPGHOME", folder).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn charts_come_from_registries() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let Some(registry) = OciRegistry::start() else { return };
    let chart = plain_chart();
    registry.push(&chart.path());
    let place = format!("oci://{}/charts", registry.host);
    let known = config(
        &cluster,
        json!({"repository": place, "chart": "web", "version": "0.1.0", "repository_ca_file": registry.authority(),
               "repository_username": "user", "repository_password": "secret"}),
    );
    let mut release = instance(&cluster).await;
    let mut wrong = known.clone();
    wrong["repository_password"] = "wrong".into();
    let refused = release.try_plan(&wrong).await.err().expect("that is not the password");
    assert!(refused.contains("401") || refused.contains("unauthorized"), "{refused}");
    assert_eq!(release.converge(&known).await, Action::Create);
    // Without a version, the newest is taken.
    chart.write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.2.0\n");
    registry.push(&chart.path());
    let mut newest = known.clone();
    newest.as_object_mut().expect("it has arguments").remove("version");
    assert_eq!(release.converge(&newest).await, Action::Update);
    assert_eq!(text(&release, "version"), "0.2.0");
    let mut missing = known.clone();
    missing["version"] = "9.9.9".into();
    let refused = release.try_plan(&missing).await.err().expect("there is no such version");
    assert!(refused.contains("not found"), "{refused}");
}

#[tokio::test]
async fn charts_are_verified_by_their_signatures() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    if Command::new("gpg").arg("--version").output().is_err() {
        println!("skipped: there is no gpg command to sign charts with");
        return;
    }
    let keys = tempfile::tempdir().expect("a folder can be made");
    for name in ["author", "stranger"] {
        let key = ["--batch", "--passphrase", "", "--quick-gen-key", name, "rsa2048", "sign", "never"];
        run(keys.path(), "gpg", &key);
        let export = ["--batch", "--output", &format!("{name}.gpg"), "--export", name];
        run(keys.path(), "gpg", &export);
    }
    let secret = ["--batch", "--output", "secret.gpg", "--export-secret-keys", "author"];
    run(keys.path(), "gpg", &secret);
    let chart = plain_chart();
    let repository =
        Repository::signed(&chart.path(), "author", &keys.path().join("secret.gpg").to_string_lossy());
    let keyring = |name: &str| keys.path().join(format!("{name}.gpg")).to_string_lossy().into_owned();
    let signed = |by: &str| {
        config(
            &cluster,
            json!({"repository": repository.url, "chart": "web", "version": "0.1.0", "verify": true,
                   "keyring": keyring(by), "repository_username": "user", "repository_password": "secret"}),
        )
    };
    let mut release = instance(&cluster).await;
    let refused = release.try_plan(&signed("stranger")).await.err().expect("somebody else has signed it");
    insta::assert_snapshot!(cluster.tidy(&refused));
    assert_eq!(release.converge(&signed("author")).await, Action::Create);
    run(keys.path(), "gpgconf", &["--kill", "gpg-agent"]);
}

#[tokio::test]
async fn ranges_stay_with_the_version_that_was_released() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let repository = Repository::of_chart(&chart.path());
    let ranged = config(
        &cluster,
        json!({"repository": repository.url, "chart": "web", "version": "^0.1.0",
               "repository_username": "user", "repository_password": "secret"}),
    );
    let place = tempfile::tempdir().expect("a folder can be made");
    let here = || KubernetesOptions {
        working_folder: place.path().to_owned(),
        cache_folder: Some(place.path().join("cache")),
        ..KubernetesOptions::default()
    };
    let mut release = instance_with(&cluster, here()).await;
    assert_eq!(release.converge(&ranged).await, Action::Create);
    chart.write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.1\n");
    repository.pack(&chart.path());
    let later = |release: &Instance, mut newer: Instance| {
        newer.state = release.state.clone();
        newer.private = release.private.clone();
        newer
    };
    let next = later(&release, instance_with(&cluster, here()).await);
    assert_eq!(next.plan(&ranged).await.action, Action::None, "the lock says which one");
    // Another chart under the old version is refused.
    let lock = std::fs::read_to_string(place.path().join(LOCK)).expect("there is a lock");
    let digest =
        lock.split("sha256:").nth(1).and_then(|rest| rest.split('"').next()).expect("it has a digest");
    let forged = lock.replace(digest, &"0".repeat(64));
    std::fs::write(place.path().join(LOCK), forged).expect("it can be written");
    let next = later(&release, instance_with(&cluster, here()).await);
    let refused = next.try_plan(&ranged).await.err().expect("the checksum is another one");
    insta::assert_snapshot!(cluster.tidy(&refused).replace(digest, "DIGEST"));
    // Without the entry the range moves on.
    std::fs::remove_file(place.path().join(LOCK)).expect("it can be removed");
    let mut next = later(&release, instance_with(&cluster, here()).await);
    assert_eq!(next.converge(&ranged).await, Action::Update);
    assert_eq!(text(&next, "metadata.version"), "0.1.1");
}

#[tokio::test]
async fn charts_come_from_git() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let folder = Path::new(&chart.path()).parent().expect("it lies in a folder").to_owned();
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        run(&folder, "git", &[&who[..], args].concat());
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "first"]);
    git(&["tag", "v1"]);
    chart.write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.2.0\n");
    git(&["commit", "--quiet", "-am", "second"]);
    let at = |query: &str| {
        config(&cluster, json!({"chart": format!("git::file://{}//web{query}", folder.display())}))
    };
    let mut release = instance(&cluster).await;
    assert_eq!(release.converge(&at("?ref=v1")).await, Action::Create);
    assert_eq!(text(&release, "version"), "0.1.0");
    assert_eq!(release.converge(&at("?ref=main")).await, Action::Update);
    assert_eq!(text(&release, "version"), "0.2.0");
    let commit =
        Command::new("git").args(["rev-parse", "v1"]).current_dir(&folder).output().expect("git runs");
    let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    assert_eq!(release.converge(&at(&format!("?ref={commit}"))).await, Action::Update);
    assert_eq!(text(&release, "version"), "0.1.0");
    let refused = release.try_plan(&at("?ref=none")).await.err().expect("there is no such branch");
    assert!(refused.contains("git fetch: ") && refused.contains("none"), "{refused}");
}

fn script(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("edit");
    std::fs::write(&path, text).expect("it can be written");
    run(folder.path(), "chmod", &["+x", "edit"]);
    let path = path.to_string_lossy().into_owned();
    (folder, path)
}

#[tokio::test]
async fn post_renderers_see_what_is_released() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let (_folder, edit) = script("#!/bin/sh\nsed \"s/hello/$1/\"\n");
    let chart = plain_chart();
    let edited = |to: &str| {
        let postrender = json!({"binary_path": edit, "args": [to]});
        config(&cluster, json!({"chart": chart.path(), "postrender": postrender}))
    };
    let shown = || cluster.kubectl_here(&["get", "configmap", "web", "-o", "jsonpath={.data.text}"]);
    for (version, variable) in [(3, "TERRANE_HELM"), (4, "TERRANE_HELM_4")] {
        let Ok(helm) = std::env::var(variable) else {
            println!("skipped: {variable} names no helm command of version {version}");
            continue;
        };
        let mut options = KubernetesOptions::default();
        options.environment.insert("TERRANE_HELM".to_owned(), helm);
        let mut release = instance_with(&cluster, options).await;
        assert_eq!(release.converge(&edited("one")).await, Action::Create, "version {version}");
        assert_eq!(shown(), "one", "version {version}");
        assert_eq!(release.converge(&edited("two")).await, Action::Update, "version {version}");
        assert_eq!(shown(), "two", "version {version}");
        release.destroy().await;
    }
}

fn definition(cluster: &TestCluster, properties: &Json) -> String {
    let group = format!("{}.example.org", cluster.namespace);
    let schema =
        json!({"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("things.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things", "singular": "thing"},
                 "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}})
    .to_string()
}

#[tokio::test]
async fn kinds_of_a_chart_are_upgraded_where_that_is_asked_for() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let (old, new) = (json!({"size": {"type": "integer"}}), json!({"mode": {"type": "string"}}));
    let chart = TestChart::new(&[("crds/thing.yaml", &definition(&cluster, &old))]);
    chart.write("templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n");
    let plain = config(&cluster, json!({"chart": chart.path()}));
    let mut release = instance(&cluster).await;
    assert_eq!(release.converge(&plain).await, Action::Create);
    chart.write("crds/thing.yaml", &definition(&cluster, &new));
    let planned = release.plan(&plain).await;
    insta::assert_snapshot!(cluster.tidy(&planned.warnings));
    assert_eq!(planned.action, Action::None, "Helm would not change them");
    let mut upgrading = plain.clone();
    upgrading["upgrade_crds"] = true.into();
    assert_eq!(release.converge(&upgrading).await, Action::Update);
    let path = "jsonpath={.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties}";
    let name = format!("things.{}.example.org", cluster.namespace);
    assert_eq!(cluster.kubectl(&["get", "crd", &name, "-o", path]), r#"{"mode":{"type":"string"}}"#);
    release.destroy().await;
    cluster.kubectl(&["delete", "crd", &name]);
}

#[tokio::test]
async fn metadata_is_a_list_where_the_second_version_is_asked_for() {
    let (Some(_), Some(cluster)) = (helm(), TestCluster::new()) else { return };
    let chart = plain_chart();
    let options = || KubernetesOptions { helm: HelmGeneration::Second, ..KubernetesOptions::default() };
    let mut release = instance_with(&cluster, options()).await;
    let first = config(&cluster, json!({"chart": chart.path(), "set": [{"name": "text", "value": "one"}]}));
    assert_eq!(release.converge(&first).await, Action::Create);
    assert_eq!(render::part(&release.at("metadata.0.revision")), "1");
    let second = config(&cluster, json!({"chart": chart.path(), "set": [{"name": "text", "value": "two"}]}));
    assert_eq!(release.converge(&second).await, Action::Update);
    assert_eq!(render::part(&release.at("metadata.0.revision")), "2");
    let mut imported = instance_with(&cluster, options()).await;
    imported.import(&format!("{}/web", cluster.namespace)).await.expect("it is there");
    assert_eq!(text(&imported, "metadata.0.chart"), "web");
    let last = release.state.clone();
    release.destroy().await;
    release.refresh_is_gone(last).await;
}
