//! Why something changes, what was only renamed, and runs in stages.

use crate::support::Project;

const CHAIN: &str = r#"
variable "size" {
  default = "small"
}
locals {
  flavour = upper(var.size)
}
resource "terraform_data" "net" {
  input            = local.flavour
  triggers_replace = var.size
}
module "vm" {
  source = "./vm"
  net    = terraform_data.net.id
}
"#;

const VM: &str = r#"
variable "net" {}
resource "terraform_data" "vm" {
  triggers_replace = var.net
}
"#;

/// Ids are random.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.trim_matches('"').len() == 36 && word.matches('-').count() == 4;
    let lines = text.lines().map(|line| {
        line.split(' ').map(|word| if is_id(word) { "ID" } else { word }).collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn changes_are_explained_back_to_the_inputs() {
    let project = Project::new(CHAIN);
    project.write("vm/main.tf", VM);
    project.apply("");
    project.write("terraform.tfvars", "size = \"large\"\n");
    let text = project.run("explain module.vm").succeeded();
    insta::assert_snapshot!(without_ids(&text), @r#"
    module.vm.terraform_data.vm must be replaced:
    └─ triggers_replace: ID -> (known after apply) # forces replacement  (vm/main.tf line 4)
       └─ module.vm.var.net = terraform_data.net.id  (main.tf line 14)
          └─ terraform_data.net will be replaced  (main.tf line 8)
             ├─ input: "SMALL" -> "LARGE"  (main.tf line 9)
             │  └─ local.flavour = upper(var.size)  (main.tf line 6)
             │     └─ var.size = "large", from a file  (terraform.tfvars line 1)
             └─ triggers_replace: "small" -> "large" # forces replacement  (main.tf line 10)
                └─ var.size (see above)
    "#);
}

#[test]
fn saved_plans_are_explained_too() {
    let project = Project::new("resource \"terraform_data\" \"a\" {\n  count = 2\n}\n");
    project.apply("");
    project.write("main.tf", "resource \"terraform_data\" \"a\" {\n  count = 1\n}\n");
    project.plan("");
    let text = project.run("explain -plan=saved.plan terraform_data.a").succeeded();
    insta::assert_snapshot!(text, @r"
    terraform_data.a[0] does not change.

    terraform_data.a[1] will be destroyed,
    because index [1] is out of range for count:
    └─ count = 1  (main.tf line 2)
    ");
    let message = project.run("explain terraform_data.b").failed();
    assert!(message.contains("No such object in the plan"), "{message}");
}

#[test]
fn secrets_are_not_explained_away() {
    let project = Project::new(
        "variable \"s\" {\n  sensitive = true\n  default   = \"one\"\n}\nresource \"terraform_data\" \"a\" {\n  input = var.s\n}\n",
    );
    project.apply("");
    let text = project.run("explain -var s=two terraform_data.a").succeeded();
    assert!(!text.contains("one") && !text.contains("two"), "{text}");
    assert!(text.contains("var.s = (sensitive value), from the command line"), "{text}");
}

#[test]
fn renamed_objects_are_recognized() {
    let project = Project::new(
        r#"
resource "terraform_data" "old" {
  input = "a"
}
resource "terraform_data" "many" {
  for_each = toset(["x", "y"])
  input    = each.key
}
module "before" {
  source = "./vm"
  net    = "n"
}
"#,
    );
    project.write("vm/main.tf", VM);
    project.apply("");
    let renamed =
        project.read("main.tf").replace("old", "new").replace("many", "all").replace("before", "after");
    project.write("main.tf", &renamed);
    let text = project.run("plan").succeeded();
    let (_, hint) = text.split_once("This plan destroys").unwrap();
    insta::assert_snapshot!(hint.split("Note:").next().unwrap_or_default().trim(), @r"
    objects and creates the same ones under other addresses.
    If they were only renamed, add these blocks to keep them:

    moved {
      from = module.before
      to   = module.after
    }

    moved {
      from = terraform_data.many
      to   = terraform_data.all
    }

    moved {
      from = terraform_data.old
      to   = terraform_data.new
    }
    ");
    let blocks =
        hint.split_once("moved {").map(|(_, rest)| rest.split("Note:").next().unwrap_or_default()).unwrap();
    project.write("moved.tf", &format!("moved {{{blocks}"));
    let plan = project.plan("-refresh=false");
    assert!(!Project::actions(&plan).contains("create"), "{}", Project::actions(&plan));
}

#[test]
fn unclear_renames_are_not_suggested() {
    let project = Project::new(
        "resource \"terraform_data\" \"a\" {\n  input = 1\n}\nresource \"terraform_data\" \"b\" {\n  input = 1\n}\n",
    );
    project.apply("");
    project.write("main.tf", "resource \"terraform_data\" \"c\" {\n  input = 1\n}\n");
    let text = project.run("plan").succeeded();
    assert!(!text.contains("moved {"), "{text}");
}

#[test]
fn shifted_indexes_are_recognized() {
    let project = Project::new(
        "variable \"names\" {\n  type    = list(string)\n  default = [\"a\", \"b\", \"c\"]\n}\nresource \"terraform_data\" \"l\" {\n  \
         count = length(var.names)\n  input = var.names[count.index]\n}\n",
    );
    project.apply("");
    project.write("terraform.tfvars", "names = [\"b\", \"c\"]\n");
    let text = project.run("plan").succeeded();
    assert!(text.contains("The objects of terraform_data.l have changed places"), "{text}");
    assert!(text.contains("  from = terraform_data.l[2]\n  to   = terraform_data.l[\"c\"]"), "{text}");
}

const STAGED: &str = r#"
resource "terraform_data" "a" {
  input = ["x", "y"]
}
resource "terraform_data" "b" {
  for_each = toset(terraform_data.a.output)
  input    = each.key
}
module "m" {
  source = "./vm"
  count  = terraform_data.b["x"].id == "" ? 0 : 1
  net    = "n"
}
output "all" {
  value = [for b in terraform_data.b : b.output]
}
"#;

#[test]
fn what_is_not_known_is_applied_in_stages() {
    let project = Project::new(STAGED);
    project.write("vm/main.tf", VM);
    let message = project.run("plan").failed();
    assert!(message.contains("Invalid for_each argument"), "{message}");
    let text = project.run("plan -stages").succeeded();
    assert!(text.contains("This is the first of several stages."), "{text}");
    assert!(!text.contains("Resource targeting is in effect"), "{text}");
    let text = project.apply("-stages");
    assert!(text.contains("Stage 2") && text.contains("Stage 3") && !text.contains("Stage 4"), "{text}");
    assert_eq!(project.run("plan -detailed-exitcode").code, 0);
    assert_eq!(project.run("state list").succeeded().lines().count(), 4);
}

#[test]
fn stages_that_lead_nowhere_end() {
    let project = Project::new("resource \"terraform_data\" \"a\" {\n  for_each = toset([timestamp()])\n}\n");
    let message = project.run("apply -auto-approve -stages").failed();
    assert!(message.contains("Invalid for_each argument"), "{message}");
}
