//! Repeated `provider` blocks, and those that nothing uses.

use serde_json::json;

use crate::support::Project;

const REQUIRED: &str =
    "terraform {\n  required_providers {\n    n = { source = \"hashicorp/null\" }\n  }\n}\n";

fn repeated(keys: &str, rest: &str) -> String {
    format!("{REQUIRED}provider \"n\" {{\n  alias    = \"by\"\n  for_each = toset({keys})\n}}\n{rest}")
}

const USERS: &str = r#"
resource "null_resource" "x" {
  for_each = toset(["a", "b"])
  provider = n.by[each.key]
}
module "m" {
  source    = "./m"
  for_each  = { one = "b" }
  providers = { null = n.by[each.value] }
}
"#;

#[test]
fn instances_are_managed_through_the_chosen_configuration() {
    let project = Project::new(&repeated("[\"a\", \"b\"]", USERS));
    project.write("m/main.tf", "resource \"null_resource\" \"in\" {}\n");
    project.apply("");
    let state = project.state();
    let address =
        |key: &str| json!(format!("provider[\"registry.terraform.io/hashicorp/null\"].by[\"{key}\"]"));
    let resources = state["resources"].as_array().unwrap();
    let of_root = &resources[0];
    assert_eq!(of_root.get("provider"), None);
    assert_eq!(of_root["instances"][0]["provider"], address("a"));
    assert_eq!(of_root["instances"][1]["provider"], address("b"));
    assert_eq!(resources[1]["instances"][0]["provider"], address("b"));
    assert!(project.run("plan -detailed-exitcode").succeeded().contains("No changes"));

    project.run_with(&["taint", "null_resource.x[\"a\"]"]).succeeded();
    assert_eq!(project.state()["resources"][0]["instances"][0]["provider"], address("a"));
    project.apply("");

    project.write("main.tf", &repeated("[\"a\", \"b\"]", ""));
    let plan = project.plan("");
    assert_eq!(
        Project::actions(&plan),
        "null_resource.x[\"a\"] delete\nnull_resource.x[\"b\"] delete\nmodule.m[\"one\"].null_resource.in delete"
    );
    project.write("main.tf", &repeated("[\"b\"]", ""));
    let message = project.run("plan").failed();
    assert!(message.contains("Error: Provider configuration not present"), "{message}");
    assert!(message.contains(".by[\"a\"]"), "{message}");
    project.write("main.tf", &repeated("[\"a\", \"b\"]", ""));
    project.run("destroy -auto-approve").succeeded();
    assert_eq!(project.state()["resources"], json!([]));
}

#[test]
fn wrong_choices_are_explained() {
    let user = |provider: &str| format!("resource \"null_resource\" \"x\" {{\n  provider = {provider}\n}}\n");
    let cases = [
        (repeated("[\"a\"]", &user("n.by")), "Missing provider instance key"),
        (repeated("[\"a\"]", &user("n.by[\"c\"]")), "Provider instance not present"),
        (repeated("[\"a\"]", &user("n.by[null]")), "Invalid provider instance key"),
        (repeated("[\"a\"]", &user("n.by[sensitive(\"a\")]")), "Invalid provider instance key"),
        (
            format!("{REQUIRED}provider \"n\" {{}}\n{}", user("n[\"a\"]")),
            "Invalid provider configuration reference",
        ),
        (
            format!("{REQUIRED}provider \"n\" {{\n  alias = \"one\"\n}}\n{}", user("n.one[\"a\"]")),
            "Unexpected provider instance key",
        ),
        (
            format!("{REQUIRED}provider \"n\" {{\n  for_each = {{}}\n}}\n"),
            "Alias required when using \"for_each\"",
        ),
    ];
    for (configuration, summary) in cases {
        let message = Project::new(&configuration).run("plan").failed();
        assert!(message.contains(&format!("Error: {summary}")), "{summary}: {message}");
    }
}

#[test]
fn what_nothing_uses_is_not_configured() {
    let block = "provider \"terraform\" {\n  nonsense = 1\n}\n";
    let project = Project::new(&format!("{block}output \"x\" {{\n  value = 1\n}}\n"));
    project.run("validate").succeeded();
    project.run("plan").succeeded();
    project.write("used.tf", "resource \"terraform_data\" \"x\" {}\n");
    let message = project.run("validate").failed();
    assert!(message.contains("An argument named \"nonsense\" is not expected here."), "{message}");
}
