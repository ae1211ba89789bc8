//! Objects that move, are given up or are said to be depended on.

use serde_json::{Value as Json, json};

use crate::support::Project;

#[test]
fn objects_move_to_other_types() {
    let project = Project::new("resource \"null_resource\" \"a\" {\n  triggers = { k = \"v\" }\n}\n");
    project.apply("");
    let id = project.state()["resources"][0]["instances"][0]["attributes"]["id"].clone();
    project.write(
        "main.tf",
        "resource \"terraform_data\" \"b\" {\n  triggers_replace = { k = \"v\" }\n}\n\
         moved {\n  from = null_resource.a\n  to   = terraform_data.b\n}\n",
    );
    let plan = project.plan("");
    assert_eq!(Project::actions(&plan), "terraform_data.b no-op");
    assert_eq!(plan["resource_changes"][0]["previous_address"], "null_resource.a");
    project.apply("");
    let stored = &project.state()["resources"][0];
    assert_eq!(stored["provider"], "provider[\"terraform.io/builtin/terraform\"]");
    assert_eq!(stored["instances"][0]["attributes"]["id"], id);
}

#[test]
fn types_that_cannot_take_others_over_say_so() {
    let project = Project::new("resource \"terraform_data\" \"a\" {}\n");
    project.apply("");
    project.write(
        "main.tf",
        "resource \"null_resource\" \"b\" {}\nmoved {\n  from = terraform_data.a\n  to   = null_resource.b\n}\n",
    );
    let message = project.run("plan").failed();
    assert!(message.contains("Move Resource State Not Supported"), "{message}");
}

#[test]
fn giving_up_objects_earns_a_warning() {
    let project = Project::new("resource \"terraform_data\" \"a\" {}\n");
    project.apply("");
    project.write(
        "main.tf",
        "removed {\n  from = terraform_data.a\n  lifecycle {\n    destroy = false\n  }\n}\n",
    );
    let text = project.run("plan").succeeded();
    assert!(text.contains("Warning: Some objects will no longer be managed by Terraform"), "{text}");
    assert!(text.contains(" - terraform_data.a"), "{text}");
}

#[test]
fn plans_say_what_their_changes_come_from() {
    let project = Project::new(
        r#"
resource "terraform_data" "a" {
  input = { x = 1 }
}
locals {
  x = terraform_data.a.output.x
}
module "m" {
  source = "./m"
  in     = local.x
}
output "o" {
  value = module.m.out
}
"#,
    );
    project.write(
        "m/main.tf",
        "variable \"in\" {}\nresource \"terraform_data\" \"z\" {\n  input = var.in\n}\n\
         output \"out\" {\n  value = terraform_data.z.id\n}\n",
    );
    let plan = project.plan("");
    let mut relevant: Vec<String> =
        plan["relevant_attributes"].as_array().unwrap().iter().map(Json::to_string).collect();
    relevant.sort();
    let expected = [
        json!({"attribute": ["id"], "resource": "module.m.terraform_data.z"}).to_string(),
        json!({"attribute": ["output", "x"], "resource": "terraform_data.a"}).to_string(),
    ];
    assert_eq!(relevant, expected);
}

#[test]
fn conditions_do_not_stop_what_only_looks() {
    let project = Project::new(
        "variable \"n\" {\n  default = 1\n}\nresource \"terraform_data\" \"a\" {\n  input = 1\n  lifecycle {\n    postcondition {\n      \
         condition     = var.n == 1\n      error_message = \"not one\"\n    }\n  }\n}\n\
         output \"o\" {\n  value = terraform_data.a.output\n  precondition {\n    condition = var.n == 1\n    error_message = \"not one\"\n  }\n}\n",
    );
    project.apply("");
    project.run("plan -var=n=2").failed();
    let text = project.run("plan -refresh-only -var=n=2").succeeded();
    assert!(text.contains("Warning: Resource postcondition failed"), "{text}");
    assert!(text.contains("Warning: Module output value precondition failed"), "{text}");
}

#[test]
fn const_variables_choose_modules() {
    let project = Project::new(
        r#"
variable "which" {
  const = true
  type  = string
}
locals {
  folder = "./${var.which}"
}
module "m" {
  source = local.folder
}
output "o" {
  value = module.m.name
}
"#,
    );
    for name in ["one", "two"] {
        project.write(&format!("{name}/main.tf"), &format!("output \"name\" {{\n  value = \"{name}\"\n}}\n"));
    }
    for name in ["one", "two"] {
        let plan = project.plan(&format!("-var=which={name}"));
        assert_eq!(plan["output_changes"]["o"]["after"], name);
    }
    project.write(
        "main.tf",
        "variable \"which\" {\n  default = \"one\"\n}\nmodule \"m\" {\n  source = \"./${var.which}\"\n}\n",
    );
    let message = project.run("plan").failed();
    assert!(message.contains("Error: Variables not allowed"), "{message}");
}

#[test]
fn what_is_out_of_favour_earns_a_warning() {
    let project = Project::new(
        "module \"m\" {\n  source = \"./m\"\n  old = 1\n}\noutput \"o\" {\n  value = module.m.stale\n}\n",
    );
    project.write(
        "m/main.tf",
        "variable \"old\" {\n  default = null\n  deprecated = \"use new\"\n}\n\
         output \"stale\" {\n  value = 1\n  deprecated = \"use fresh\"\n}\n",
    );
    let text = project.run("plan").succeeded();
    assert!(text.contains("Warning: Deprecated variable got a value") && text.contains("use new"), "{text}");
    assert!(text.contains("Warning: Deprecated value used") && text.contains("use fresh"), "{text}");
}

#[test]
fn dependencies_are_on_whole_objects() {
    for (reference, summary) in [
        ("each.key", "Reference to \"each\" in context without for_each"),
        ("terraform_data.b.id", "Invalid depends_on reference"),
        ("terraform_data.c", "Reference to undeclared resource"),
    ] {
        let project = Project::new(&format!(
            "resource \"terraform_data\" \"a\" {{\n  depends_on = [{reference}]\n}}\nresource \"terraform_data\" \"b\" {{}}\n"
        ));
        let run = project.run("validate -json");
        let report: Json = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["diagnostics"][0]["summary"], summary, "{reference}");
        assert_eq!(report["diagnostics"][0]["range"]["start"]["line"], 2, "{reference}");
    }
}
