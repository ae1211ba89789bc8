//! What belongs together without any reference: objects of a cluster that goes, and objects of one cluster that need
//! each other.

use serde_json::{Value as Json, json};

use crate::support::{Project, Run};

/// A cluster, and what is in it by two providers. Nothing of it is there: Docker is not reached, and nobody listens at
/// the API server's address.
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
fn platform(dependencies: &[&str]) -> Project {
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
                &json!({"id": "c", "name": "c", "endpoint": "https://127.0.0.1:1"}),
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
        let project = platform(dependencies);
        let run = destroy(&project);
        assert_eq!(run.code, 1);
        assert_eq!(errors(&run), ["Docker is not available"], "{}", run.stderr);
        assert_eq!(
            managed(&project),
            ["helm_release", "kind_cluster", "kubernetes_config_map_v1", "kubernetes_namespace_v1"]
        );
    }
}

#[test]
fn saved_plans_know_what_goes_with_a_cluster() {
    let project = platform(&["kind_cluster.c"]);
    project.run("plan -destroy -refresh=false -out=saved").succeeded();
    let run = project.run_in(&[("DOCKER_HOST", "unix:///nowhere/docker.sock")], "apply saved");
    assert_eq!(errors(&run), ["Docker is not available"], "{}", run.stderr);
}

#[test]
fn objects_of_a_cluster_that_stays_are_deleted() {
    let project = platform(&["kind_cluster.c"]);
    let words = "destroy -refresh=false -auto-approve -target=kubernetes_config_map_v1.m";
    let run = project.run(words);
    assert_eq!(errors(&run), ["Cannot delete object"], "{}", run.stderr);
}

/// Objects that say what they need by name alone; where their cluster is, is known when it is applied.
const BY_NAME: &str = r#"
resource "terraform_data" "host" {
  input = "https://127.0.0.1:1"
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
    let project = Project::new(BY_NAME);
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
}

#[test]
fn an_order_that_contradicts_the_written_one_is_left_out() {
    // The namespace waits for what is to be in it, by mistake or because somebody else makes it before.
    let project = Project::new(&BY_NAME.replace(
        "    name = \"n\"\n  }\n",
        "    name = \"n\"\n  }\n  depends_on = [kubernetes_config_map_v1.a]\n",
    ));
    let run = project.run("apply -auto-approve");
    assert!(run.stderr.contains("with kubernetes_config_map_v1.a,"), "{}", run.stderr);
    assert!(!run.stderr.contains("with kubernetes_namespace_v1.n,"), "{}", run.stderr);
}
