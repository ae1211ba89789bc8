//! What commands show of a configuration: providers, modules, graphs, functions.

use serde_json::Value as Json;

use crate::support::Project;

const MAIN: &str = r#"
terraform {
  required_providers {
    time = {
      source  = "hashicorp/time"
      version = ">= 0.9, < 1, >=0.9.0"
    }
  }
}
locals {
  a = time_static.x.id
}
variable "v" {
  default = 1
}
resource "time_static" "x" {}
resource "time_sleep" "y" {
  create_duration = "1s"
  triggers = {
    a = local.a
    b = module.m.o
  }
}
module "m" {
  source = "./m"
  v      = time_static.x.id
}
module "n" {
  source = "./m"
  v      = module.m.o
}
resource "time_offset" "count" {
  count      = var.v
  depends_on = [module.n]
}
"#;

const MODULE: &str = r#"
variable "v" {}
resource "time_static" "in" {
  triggers = {
    a = var.v
  }
}
output "o" {
  value = time_static.in.id
}
"#;

fn project() -> Project {
    let project = Project::new(MAIN, "");
    project.write("work/m/main.tf", MODULE);
    project
}

#[test]
fn graphs_are_those_of_terraform() {
    insta::assert_snapshot!(project().run("graph").succeeded(), @r#"
    digraph G {
      rankdir = "RL";
      node [shape = rect, fontname = "sans-serif"];
      "time_offset.count" [label="time_offset.count"];
      "time_sleep.y" [label="time_sleep.y"];
      "time_static.x" [label="time_static.x"];
      subgraph "cluster_module.m" {
        label = "module.m"
        fontname = "sans-serif"
        "module.m.time_static.in" [label="time_static.in"];
      }
      subgraph "cluster_module.n" {
        label = "module.n"
        fontname = "sans-serif"
        "module.n.time_static.in" [label="time_static.in"];
      }
      "time_offset.count" -> "module.n.time_static.in";
      "time_sleep.y" -> "module.m.time_static.in";
      "module.m.time_static.in" -> "time_static.x";
      "module.n.time_static.in" -> "module.m.time_static.in";
    }
    "#);
}

#[test]
fn providers_are_shown_by_module() {
    insta::assert_snapshot!(project().run("providers").succeeded(), @"

    Providers required by configuration:
    .
    ├── provider[registry.terraform.io/hashicorp/time] >= 0.9.0, < 1.0.0
    ├── module.m
    │   └── provider[registry.terraform.io/hashicorp/time]
    └── module.n
        └── provider[registry.terraform.io/hashicorp/time]
    ");
}

#[test]
fn schemas_have_the_form_that_editors_read() {
    let shown = project().run("providers schema -json").succeeded();
    let json: Json = serde_json::from_str(&shown).unwrap();
    assert_eq!(json["format_version"], "1.0");
    let time = &json["provider_schemas"]["registry.terraform.io/hashicorp/time"];
    let attribute = &time["resource_schemas"]["time_sleep"]["block"]["attributes"]["triggers"];
    assert_eq!(attribute["type"], serde_json::json!(["map", "string"]));
    assert_eq!(attribute["optional"], true);
    assert_eq!(time["functions"]["rfc3339_parse"]["parameters"][0]["type"], "string");
}

#[test]
fn functions_have_signatures() {
    let shown = Project::new("", "").run("metadata functions -json").succeeded();
    let json: Json = serde_json::from_str(&shown).unwrap();
    let signatures = json["function_signatures"].as_object().unwrap();
    assert!(signatures.len() >= 118, "{}", signatures.len());
    assert_eq!(signatures["join"]["variadic_parameter"]["name"], "lists");
    assert_eq!(signatures["abs"]["parameters"], serde_json::json!([{"name": "num", "type": "number"}]));
}

#[test]
fn shells_complete_what_there_is() {
    let project = Project::new("", "");
    assert!(project.run("completion bash").succeeded().contains("_terrane"));
    assert!(project.run("completion powershell").failed().contains("bash, zsh or fish"));
}
