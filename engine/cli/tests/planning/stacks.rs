//! Several root modules in one run.

use crate::support::Project;

const STACK: &str = r#"
locals {
  id = unit.network.id
}
unit "app" {
  source    = "./app"
  variables = { network = local.id, names = toset(["b", "a"]) }
}
unit "network" {
  source    = "./network"
  var_files = ["values.tfvars"]
}
unit "alone" {
  source    = "./network"
  workspace = "other"
  variables = { input = "alone" }
}
"#;

fn stack() -> Project {
    let project = Project::new("");
    project.write("terrane.stack.hcl", STACK);
    project.write(
        "network/main.tf",
        "variable \"input\" {}\nresource \"terraform_data\" \"n\" {\n  input = var.input\n}\n\
         output \"id\" {\n  value     = sensitive(terraform_data.n.id)\n  sensitive = true\n}\n",
    );
    project.write("network/values.tfvars", "input = \"from a file\"\n");
    project.write(
        "app/main.tf",
        "variable \"network\" {}\nvariable \"names\" {\n  type = set(string)\n}\n\
         resource \"terraform_data\" \"a\" {\n  input = { network = nonsensitive(var.network), names = var.names }\n}\n",
    );
    project
}

fn units(text: &str) -> Vec<&str> {
    text.split("Units:\n").nth(1).unwrap_or_default().lines().map(str::trim).collect()
}

#[test]
fn units_are_applied_behind_what_they_get() {
    let project = stack();
    // A workspace is made before it is used, as anywhere else.
    let made = project.run("-chdir=network workspace new other");
    made.succeeded();
    project.run("-chdir=network workspace select default").succeeded();
    let text = project.run("stack plan").succeeded();
    assert_eq!(
        units(&text),
        ["network: has changes", "alone: has changes", "app: waits for outputs that are known after apply"]
    );
    assert_eq!(project.run("stack plan -detailed-exitcode").code, 2);
    let text = project.run("stack apply -auto-approve").succeeded();
    assert_eq!(units(&text), ["network: up to date", "alone: up to date", "app: up to date"]);
    let network: serde_json::Value =
        serde_json::from_str(&project.read("network/terraform.tfstate")).unwrap();
    let app: serde_json::Value = serde_json::from_str(&project.read("app/terraform.tfstate")).unwrap();
    let id = &network["outputs"]["id"]["value"];
    let input = &app["resources"][0]["instances"][0]["attributes"]["input"];
    assert_eq!(&input["value"]["network"], id);
    assert_eq!(input["value"]["names"], serde_json::json!(["a", "b"]));
    assert!(!text.contains("Saved the plan"), "{text}");
    assert!(project.read("network/terraform.tfstate.d/other/terraform.tfstate").contains("alone"));
    assert_eq!(project.run("stack plan -detailed-exitcode").code, 0);

    let text = project.run("stack destroy -auto-approve").succeeded();
    assert_eq!(units(&text), ["network: destroyed", "alone: destroyed", "app: destroyed"]);
    let (app, network) = (text.rfind("── app").unwrap(), text.rfind("── network (./network) ──").unwrap());
    assert!(app < network || text[network..].contains("alone"), "{text}");
    project.run("stack destroy -auto-approve").succeeded();
}

#[test]
fn what_waits_for_a_failed_unit_is_left_alone() {
    let project = stack();
    project.write("network/main.tf", "output \"id\" {\n  value = file(\"nope\")\n}\n");
    let run = project.run("stack apply -auto-approve");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("no file exists"), "{}", run.stderr);
    assert!(units(&run.stdout).contains(&"app: failed"), "{}", run.stdout);
    assert_eq!(project.read("app/terraform.tfstate"), "");
    // Without anybody to ask, nothing is applied.
    let project = stack();
    project
        .write("terrane.stack.hcl", "unit \"n\" {\n  source = \"network\"\n  variables = { input = 1 }\n}\n");
    let run = project.run("stack apply");
    assert_eq!((run.code, run.stdout.contains("Nothing was applied.")), (1, true), "{}", run.stdout);
    assert_eq!(project.read("network/terraform.tfstate"), "");
}

#[test]
fn mistakes_in_stack_files_are_explained() {
    let cases = [
        ("unit \"a\" {\n  source = \"nope\"\n}\n", "Missing directory of a unit"),
        ("unit \"a\" {\n  source    = \"app\"\n  variables = { x = unit.b.y }\n}\n", "Invalid reference"),
        ("unit \"a\" {\n  source    = \"app\"\n  variables = { x = local.b }\n}\n", "Invalid reference"),
        ("unit \"a\" {\n  source    = \"app\"\n  variables = [1]\n}\n", "Invalid variables of a unit"),
        ("unit \"a\" {\n  source    = \"app\"\n  workspace = {}\n}\n", "Unsuitable value type"),
        ("unit \"a\" {\n  source = \"app\"\n  more = 1\n}\n", "Unsupported argument"),
        ("units {}\n", "Unsupported block type"),
    ];
    let project = stack();
    for (text, summary) in cases {
        project.write("terrane.stack.hcl", text);
        let message = project.run("stack plan").failed();
        assert!(message.contains(&format!("Error: {summary}")), "{summary}: {message}");
    }
    let message = project.run("stack plan -file=none.hcl").failed();
    assert!(message.contains("Failed to read stack file"), "{message}");
}

#[test]
fn values_can_be_given_to_units() {
    let project = stack();
    project.write(
        "terrane.stack.hcl",
        "unit \"n\" {\n  source    = \"network\"\n  variables = { input = 1 }\n}\n",
    );
    project.write("given.tfvars", "input = \"from the file\"\n");
    project.run("stack apply -auto-approve -var n.input=a=b -var-file n=given.tfvars").succeeded();
    assert!(project.read("network/terraform.tfstate").contains("from the file"));
    project.run("stack apply -auto-approve -var-file n=given.tfvars -var n.input=a=b").succeeded();
    assert!(project.read("network/terraform.tfstate").contains("\"a=b\""));
    for (option, message) in [
        ("-var input=1", "The given value \"input=1\" does not have the form UNIT.NAME=VALUE."),
        ("-var-file given.tfvars", "The given value \"given.tfvars\" does not have the form UNIT=FILE."),
        ("-var m.input=1", "There is no unit \"m\" in the stack file."),
        ("-var n.other=1", "Value for undeclared variable"),
    ] {
        let said = project.run(&format!("stack plan {option}")).failed();
        assert!(said.contains(message), "{option}: {said}");
    }
}

#[test]
fn units_share_one_emulated_azure() {
    let project = Project::new("");
    project.write(
        "terrane.stack.hcl",
        "unit \"group\" {\n  source = \"./group\"\n}\n\
         unit \"net\" {\n  source    = \"./net\"\n  variables = { group = unit.group.name }\n}\n",
    );
    project.write(
        "group/main.tf",
        "provider \"azurerm\" {\n  features {}\n}\n\
         resource \"azurerm_resource_group\" \"rg\" {\n  name     = \"rg\"\n  location = \"westeurope\"\n}\n\
         output \"name\" {\n  value = azurerm_resource_group.rg.name\n}\n",
    );
    project.write(
        "net/main.tf",
        "provider \"azurerm\" {\n  features {}\n}\nvariable \"group\" {}\n\
         resource \"azurerm_virtual_network\" \"net\" {\n  name                = \"net\"\n  location            = \"westeurope\"\n  \
         resource_group_name = var.group\n  address_space       = [\"10.0.0.0/16\"]\n}\n",
    );
    let text = project.run("stack apply -auto-approve -emulate").succeeded();
    assert_eq!(units(&text), ["group: up to date", "net: up to date"]);
    assert_eq!(project.run("stack plan -detailed-exitcode -emulate").code, 0);
    let text = project.run("stack destroy -auto-approve -emulate").succeeded();
    assert_eq!(units(&text), ["group: destroyed", "net: destroyed"]);
}
