//! What plans say of variables, outputs, data and objects that are given up.

use serde_json::json;

use crate::support::Project;

#[test]
fn variables_are_shown_as_they_were_given() {
    let project = Project::new(
        "variable \"n\" {\n  type = number\n}\nvariable \"t\" {\n  type = string\n  default = 5\n}\n\
         variable \"e\" {\n  ephemeral = true\n  default = \"x\"\n}\n",
    );
    let plan = project.plan("-var=n=12 -var=e=secret");
    let expected = json!({"n": {"value": "12"}, "t": {"value": "5"}, "e": {"value": "x"}});
    assert_eq!(plan["variables"], expected);
}

#[test]
fn json_strings_are_literal_where_nothing_can_be_referred_to() {
    let project = Project::new("variable \"f\" {}\noutput \"f\" {\n  value = var.f\n}\n");
    project.write(
        "more.tf.json",
        r#"{"variable": {"d": {"default": "$${x} ${y}"}}, "output": {"d": {"value": "${var.d}!"}}}"#,
    );
    project.write("terraform.tfvars.json", r#"{"f": "${z}"}"#);
    let plan = project.plan("");
    assert_eq!(plan["output_changes"]["d"]["after"], "$${x} ${y}!");
    assert_eq!(plan["output_changes"]["f"]["after"], "${z}");
}

#[test]
fn objects_that_are_given_up_go_on_to_be_planned_for() {
    let project = Project::new("resource \"terraform_data\" \"a\" {}\n");
    project.apply("");
    project.write(
        "main.tf",
        "removed {\n  from = terraform_data.a\n  lifecycle {\n    destroy = false\n  }\n}\n",
    );
    let plan = project.plan("");
    assert_eq!(Project::actions(&plan), "terraform_data.a forget");
    let planned = &plan["planned_values"]["root_module"]["resources"][0];
    assert_eq!(planned["address"], "terraform_data.a");
    assert!(planned.get("values").is_none());
    project.apply("");
    assert_eq!(project.state()["resources"], json!([]));
}

const WITH_DATA: &str = r#"
data "terraform_remote_state" "other" {
  backend = "local"
  config = {
    path = "other.tfstate"
  }
}
resource "terraform_data" "a" {
  input = data.terraform_remote_state.other.outputs.v
}
check "c" {
  data "terraform_remote_state" "nested" {
    backend = "local"
    config = {
      path = "other.tfstate"
    }
  }
  assert {
    condition     = data.terraform_remote_state.nested.outputs.v == 1
    error_message = "no"
  }
}
"#;

const OTHER_STATE: &str = r#"{"version": 4, "terraform_version": "1.11.4", "serial": 1,
  "lineage": "11111111-2222-3333-4444-555555555555",
  "outputs": {"v": {"value": 1, "type": "number", "sensitive": true}}, "resources": []}"#;

#[test]
fn data_lives_as_long_as_something_does() {
    let project = Project::new(WITH_DATA);
    project.write("other.tfstate", OTHER_STATE);
    project.apply("");
    let modes = |project: &Project| -> Vec<String> {
        let state = project.state();
        let resources = state["resources"].as_array().unwrap();
        resources.iter().map(|resource| resource["mode"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(modes(&project), ["data", "data", "managed"]);
    let plan = project.plan("");
    let nested = plan["resource_changes"].as_array().unwrap().iter().find(|c| c["mode"] == "data").unwrap();
    assert_eq!(nested["change"]["before"], json!(null), "what checks read is read anew each time");
    let destroyed = project.apply("-destroy");
    assert!(destroyed.contains("Apply complete! Resources: 0 added, 0 changed, 1 destroyed."), "{destroyed}");
    assert_eq!(modes(&project), [""; 0]);
}

#[test]
fn destroying_says_nothing_of_outputs_that_never_were() {
    let project = Project::new("resource \"terraform_data\" \"a\" {}\n");
    project.apply("");
    project.write("outputs.tf", "output \"o\" {\n  value = terraform_data.a.id\n}\n");
    let plan = project.plan("-destroy");
    assert!(plan.get("output_changes").is_none());
    assert_eq!(Project::actions(&plan), "terraform_data.a delete");
}

#[test]
fn an_empty_apply_makes_a_state() {
    let project = Project::new("locals {}\n");
    project.apply("");
    assert_eq!(project.state()["serial"], 1);
    project.apply("");
    assert_eq!(project.state()["serial"], 1);
}

#[test]
fn data_waits_for_the_objects_that_its_arguments_refer_to() {
    let project = Project::new(
        "resource \"terraform_data\" \"a\" {\n  input = \"other.tfstate\"\n}\n\
         data \"terraform_remote_state\" \"other\" {\n  backend = \"local\"\n  config = {\n    \
         path = terraform_data.a.input\n  }\n}\n",
    );
    project.write(
        "other.tfstate",
        r#"{"version": 4, "serial": 1, "lineage": "l", "outputs": {}, "resources": []}"#,
    );
    let plan = project.plan("");
    assert_eq!(Project::actions(&plan), "data.terraform_remote_state.other read\nterraform_data.a create");
    project.apply("");
    assert_eq!(Project::actions(&project.plan("")), "terraform_data.a no-op");
}

#[test]
fn blocks_whose_number_is_not_known_are_said_to_be_unknown() {
    let zone = |name: &str| {
        format!(
            "provider \"azurerm\" {{\n  features {{}}\n}}\n\
             resource \"azurerm_resource_group\" \"g\" {{\n  name = \"g\"\n  location = \"westeurope\"\n}}\n\
             resource \"azurerm_private_dns_zone\" \"z\" {{\n  name = \"{name}\"\n  \
             resource_group_name = azurerm_resource_group.g.name\n}}\n"
        )
    };
    let project = Project::new(&zone("a.example"));
    let created = project.run("plan -emulate").succeeded();
    assert!(created.contains("\n\n      + soa_record (known after apply)\n    }"), "{created}");
    project.apply("-emulate");
    project.write("main.tf", &zone("b.example"));
    let replaced = project.run("plan -emulate").succeeded();
    assert!(
        replaced.contains("\n\n      ~ soa_record (known after apply)\n      - soa_record {\n"),
        "{replaced}"
    );
}

const CACHE: &str = r#"
provider "azurerm" {
  features {}
}
resource "azurerm_resource_group" "rg" {
  name     = "rg"
  location = "westeurope"
}
resource "azurerm_managed_redis" "cache" {
  name                = "terrane-NAME"
  resource_group_name = azurerm_resource_group.rg.name
  location            = azurerm_resource_group.rg.location
  sku_name            = "Balanced_B0"
}
"#;

#[test]
fn what_is_replaced_is_named_once_in_the_expected_duration() {
    let project = Project::new(&CACHE.replace("NAME", "one"));
    project.apply("-emulate");
    project.write("main.tf", &CACHE.replace("NAME", "two"));
    let text = project.run("plan -emulate").succeeded();
    assert!(text.contains("Plan: 1 to add, 0 to change, 1 to destroy."), "{text}");
    let line = text.lines().find(|line| line.starts_with("Expected duration"));
    assert_eq!(line, Some("Expected duration: about 13m0s (azurerm_managed_redis.cache)."), "{text}");
}

#[test]
fn destroying_a_target_takes_along_what_depends_on_it() {
    let project = Project::new(
        "resource \"terraform_data\" \"a\" {\n  input = 1\n}\nresource \"terraform_data\" \"b\" {\n  count = 2\n  input = \
         terraform_data.a.output\n}\nmodule \"m\" {\n  source = \"./m\"\n  x      = terraform_data.b[0].id\n}\n\
         resource \"terraform_data\" \"alone\" {\n  count = length(terraform_data.b)\n}\n",
    );
    project
        .write("m/main.tf", "variable \"x\" {}\nresource \"terraform_data\" \"in\" {\n  input = var.x\n}\n");
    project.apply("");
    let plan = project.plan("-destroy -target=terraform_data.b[1]");
    assert_eq!(
        Project::actions(&plan),
        "terraform_data.alone[0] delete\nterraform_data.alone[1] delete\nterraform_data.b[1] delete\n\
         module.m.terraform_data.in delete"
    );
    let plan = project.plan("-destroy -target=module.m");
    assert_eq!(Project::actions(&plan), "module.m.terraform_data.in delete");
    project.run("apply -auto-approve -destroy -target=terraform_data.a").succeeded();
    assert_eq!(project.state()["resources"], serde_json::json!([]));
}

#[test]
fn what_is_destroyed_takes_along_what_depends_on_it() {
    let project = Project::new(
        "resource \"terraform_data\" \"a\" {\n  input = \"a\"\n}\n\
         resource \"terraform_data\" \"b\" {\n  count = 2\n  input = terraform_data.a.output\n}\n\
         resource \"terraform_data\" \"c\" {\n  input = terraform_data.b[0].output\n}\n\
         resource \"terraform_data\" \"z\" {\n}\n\
         module \"m\" {\n  source = \"./m\"\n  text = terraform_data.c.output\n}\n",
    );
    project.write(
        "m/main.tf",
        "variable \"text\" {\n}\nresource \"terraform_data\" \"inside\" {\n  input = var.text\n}\n\
         resource \"terraform_data\" \"free\" {\n}\n",
    );
    project.apply("");
    let destroyed = |flags: &str| -> String {
        let actions = Project::actions(&project.plan(&format!("-destroy {flags}")));
        let lines = actions.lines().filter_map(|line| line.strip_suffix(" delete"));
        lines.map(|line| line.replace("terraform_data.", "")).collect::<Vec<_>>().join(" ")
    };
    for (flags, expected) in [
        ("-target=terraform_data.z", "z"),
        ("-target=terraform_data.a", "a b[0] b[1] c module.m.inside"),
        ("-target=terraform_data.b[0]", "b[0] c module.m.inside"),
        ("-target=terraform_data.c -target=terraform_data.z", "c z module.m.inside"),
        ("-target=module.m", "module.m.free module.m.inside"),
        ("-exclude=terraform_data.c", "z module.m.free module.m.inside"),
        ("-exclude=module.m", "z"),
    ] {
        let mut found: Vec<String> = destroyed(flags).split(' ').map(ToOwned::to_owned).collect();
        let mut expected: Vec<String> = expected.split(' ').map(ToOwned::to_owned).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{flags}");
    }
    project.run("destroy -auto-approve -target=terraform_data.c").succeeded();
    let plan = project.plan("");
    let made = Project::actions(&plan).lines().filter(|line| line.ends_with(" create")).count();
    assert_eq!(made, 2, "the others are still there: {}", Project::actions(&plan));
}
