//! What belongs together without any reference: objects of a cluster that goes, and objects of one cluster that need
//! each other.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use crate::support::{Project, Run};

/// Something at an API server's address that notes every request and allows nothing; as a Docker engine, it knows no container.
struct Guard {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Guard {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                std::thread::spawn(move || refuse(stream, &noted));
            }
        });
        Self { url, requests }
    }

    /// Tells whether anybody has asked for something with a text in its path.
    fn was_asked(&self, text: &str) -> bool {
        self.requests.lock().unwrap().iter().any(|request| request.contains(text))
    }
}

/// Answers one request.
fn refuse(stream: TcpStream, noted: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(&stream).lines();
    let request = lines.next().and_then(Result::ok).unwrap_or_default();
    let of_docker = [("/containers/json", "[]"), ("/info", "{}"), ("/version", r#"{"ApiVersion": "1.44"}"#)];
    let answer = of_docker.into_iter().find(|(path, _)| request.contains(path));
    noted.lock().unwrap().push(request);
    for _ in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {}
    let (status, body) = answer.map_or(("403 Forbidden", ""), |(_, body)| ("200 OK", body));
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let _ = (&stream).write_all(answer.as_bytes());
}

/// A cluster, and what is in it by two providers. Docker is not reached.
const PLATFORM: &str = r#"
terraform {
  required_providers {
    kind = {
      source = "tehcyx/kind"
    }
  }
}
resource "kind_cluster" "c" {
  name = "c"
}
locals {
  host = kind_cluster.c.endpoint
}
provider "kubernetes" {
  host = local.host
}
provider "helm" {
  kubernetes = {
    host = local.host
  }
}
resource "kubernetes_namespace_v1" "n" {
  metadata {
    name = "n"
  }
}
resource "kubernetes_config_map_v1" "m" {
  metadata {
    name      = "m"
    namespace = "n"
  }
}
resource "helm_release" "r" {
  name      = "r"
  chart     = "r"
  namespace = "n"
}
"#;

fn resource(provider: &str, address: &str, attributes: &Json, dependencies: &[&str]) -> Json {
    let (resource_type, name) = address.split_once('.').unwrap();
    json!({
        "mode": "managed",
        "type": resource_type,
        "name": name,
        "provider": format!("provider[\"registry.terraform.io/{provider}\"]"),
        "instances": [{"schema_version": 0, "attributes": attributes, "dependencies": dependencies}],
    })
}

fn state(resources: &[Json]) -> String {
    let state = json!({"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l", "outputs": {},
                       "resources": resources, "check_results": null});
    state.to_string()
}

/// The platform as a state has it, in which objects of the cluster depend on it or not.
fn platform(guard: &Guard, dependencies: &[&str]) -> Project {
    let project = Project::new(PLATFORM);
    let metadata = |name: &str| json!([{"name": name, "namespace": "n"}]);
    project.write(
        "terraform.tfstate",
        &state(&[
            resource(
                "hashicorp/helm",
                "helm_release.r",
                &json!({"id": "r", "name": "r", "namespace": "n"}),
                dependencies,
            ),
            resource(
                "tehcyx/kind",
                "kind_cluster.c",
                &json!({"id": "c", "name": "c", "endpoint": guard.url}),
                &[],
            ),
            resource(
                "hashicorp/kubernetes",
                "kubernetes_config_map_v1.m",
                &json!({"id": "n/m", "metadata": metadata("m")}),
                dependencies,
            ),
            resource(
                "hashicorp/kubernetes",
                "kubernetes_namespace_v1.n",
                &json!({"id": "n", "metadata": [{"name": "n"}]}),
                dependencies,
            ),
        ]),
    );
    project
}

fn destroy(project: &Project) -> Run {
    project.run_in(&[("DOCKER_HOST", "unix:///nowhere/docker.sock")], "destroy -refresh=false -auto-approve")
}

fn managed(project: &Project) -> Vec<String> {
    let state = project.state();
    let resources = state["resources"].as_array().unwrap();
    resources.iter().map(|resource| resource["type"].as_str().unwrap().to_owned()).collect()
}

/// Returns the summaries of all errors.
fn errors(run: &Run) -> Vec<String> {
    let lines = run.stderr.lines().filter_map(|line| line.split_once("Error: "));
    lines.map(|(_, summary)| summary.to_owned()).collect()
}

#[test]
fn objects_of_a_cluster_that_goes_are_left_alone_until_it_is_gone() {
    for dependencies in [["kind_cluster.c"].as_slice(), &[]] {
        let guard = Guard::start();
        let project = platform(&guard, dependencies);
        let run = destroy(&project);
        assert_eq!(run.code, 1);
        assert_eq!(errors(&run), ["Docker is not available"], "{}", run.stderr);
        assert_eq!(
            managed(&project),
            ["helm_release", "kind_cluster", "kubernetes_config_map_v1", "kubernetes_namespace_v1"]
        );
        assert!(!guard.was_asked("/"), "nothing is asked of a cluster that goes");
    }
}

#[test]
fn objects_of_a_cluster_that_is_gone_are_gone() {
    let guard = Guard::start();
    let project = platform(&guard, &["kind_cluster.c"]);
    let engine = guard.url.replace("http", "tcp");
    let environment = [("DOCKER_HOST", engine.as_str())];
    // The release cannot be planned without helm.
    let plan = project.run_in(&environment, "plan -exclude=helm_release.r").succeeded();
    for address in ["kind_cluster.c", "kubernetes_config_map_v1.m", "kubernetes_namespace_v1.n"] {
        assert!(plan.contains(&format!("# {address} will be created")), "{address}: {plan}");
    }
    assert!(plan.contains("Plan: 3 to add, 0 to change, 0 to destroy."), "{plan}");
    project.run_in(&environment, "destroy -auto-approve").succeeded();
    assert!(managed(&project).is_empty());
    assert!(!guard.was_asked("/api/"), "there is nobody to ask");
}

#[test]
fn saved_plans_know_what_goes_with_a_cluster() {
    let guard = Guard::start();
    let project = platform(&guard, &["kind_cluster.c"]);
    project.run("plan -destroy -refresh=false -out=saved").succeeded();
    let run = project.run_in(&[("DOCKER_HOST", "unix:///nowhere/docker.sock")], "apply saved");
    assert_eq!(errors(&run), ["Docker is not available"], "{}", run.stderr);
}

#[test]
fn objects_of_a_cluster_that_stays_are_deleted() {
    let guard = Guard::start();
    let project = platform(&guard, &["kind_cluster.c"]);
    let words = "destroy -refresh=false -auto-approve -target=kubernetes_config_map_v1.m";
    let run = project.run(words);
    assert_eq!(errors(&run), ["Cannot delete object"], "{}", run.stderr);
}

/// Objects that say what they need by name alone; where their cluster is, is known when it is applied.
const BY_NAME: &str = r#"
resource "terraform_data" "host" {
  input = "URL"
}
provider "kubernetes" {
  host = terraform_data.host.output
}
resource "kubernetes_config_map_v1" "a" {
  metadata {
    name      = "a"
    namespace = "n"
  }
}
resource "kubernetes_namespace_v1" "n" {
  metadata {
    name = "n"
  }
}
resource "kubernetes_manifest" "bucket" {
  manifest = {
    apiVersion = "x.io/v1"
    kind       = "Bucket"
    metadata   = { name = "b", namespace = "default" }
  }
}
resource "kubernetes_manifest" "kind" {
  manifest = {
    apiVersion = "apiextensions.k8s.io/v1"
    kind       = "CustomResourceDefinition"
    metadata   = { name = "buckets.x.io" }
    spec = {
      group    = "x.io"
      scope    = "Namespaced"
      names    = { kind = "Bucket", plural = "buckets" }
      versions = [{ name = "v1", served = true, storage = true, schema = { openAPIV3Schema = { type = "object" } } }]
    }
  }
}
"#;

#[test]
fn namespaces_and_kinds_come_before_what_needs_them() {
    let guard = Guard::start();
    let project = Project::new(&BY_NAME.replace("URL", &guard.url));
    let run = project.run("apply -auto-approve");
    // What needs another object is not tried once that one has failed.
    let addresses = [
        "kubernetes_config_map_v1.a",
        "kubernetes_manifest.bucket",
        "kubernetes_namespace_v1.n",
        "kubernetes_manifest.kind",
    ];
    let failed = addresses.map(|address| run.stderr.contains(&format!("with {address},")));
    assert_eq!(failed, [false, false, true, true], "{}", run.stderr);
    assert!(!guard.was_asked("configmaps") && guard.was_asked("/api/v1/namespaces/n"));
}

#[test]
fn an_order_that_contradicts_the_written_one_is_left_out() {
    // The namespace waits for what is to be in it, by mistake or because somebody else makes it before.
    let guard = Guard::start();
    let written = BY_NAME.replace("URL", &guard.url).replace(
        "    name = \"n\"\n  }\n",
        "    name = \"n\"\n  }\n  depends_on = [kubernetes_config_map_v1.a]\n",
    );
    let project = Project::new(&written);
    let run = project.run("apply -auto-approve");
    assert!(run.stderr.contains("with kubernetes_config_map_v1.a,"), "{}", run.stderr);
    assert!(!run.stderr.contains("with kubernetes_namespace_v1.n,"), "{}", run.stderr);
}
