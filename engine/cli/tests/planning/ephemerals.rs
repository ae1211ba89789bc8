//! Ephemeral resources: opened in every run, used, closed, never stored.

use crate::support::Project;

#[test]
fn ephemeral_values_are_there_while_a_run_lasts() {
    let project = Project::new(
        r#"
ephemeral "random_password" "p" {
  length = 13
}
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command     = "printf %s \"$P\" | wc -c > length"
    environment = { P = ephemeral.random_password.p.result }
  }
}
output "is_null" {
  value = ephemeralasnull(ephemeral.random_password.p.result) == null
  sensitive = true
}
"#,
    );
    let text = project.apply("");
    assert_eq!(project.read("length").trim(), "13");
    assert!(text.contains("(local-exec): (output suppressed due to sensitive value in config)"), "{text}");
    let about = |word: &str| text.matches(&format!("ephemeral.random_password.p: {word}...")).count();
    assert_eq!((about("Opening"), about("Closing")), (2, 2), "once to plan and once to apply: {text}");
    let state = project.state();
    assert_eq!(state["resources"].as_array().unwrap().len(), 1);
    assert_eq!(state["outputs"]["is_null"]["value"], true);
}

#[test]
fn ephemeral_values_go_nowhere_that_is_stored() {
    let project = Project::new(
        "ephemeral \"random_password\" \"p\" {\n  length = 13\n}\n\
         resource \"terraform_data\" \"a\" {\n  input = ephemeral.random_password.p.result\n}\n",
    );
    let message = project.run("plan").failed();
    assert!(message.contains("Error: Invalid use of ephemeral value"), "{message}");
    assert!(message.contains("main.tf line 5"), "{message}");
}

#[test]
fn ephemeral_values_of_a_saved_plan_are_given_again() {
    let project = Project::new(
        "variable \"token\" {\n  ephemeral = true\n  default   = \"d\"\n}\nresource \"terraform_data\" \"a\" {\n  input = \
         ephemeralasnull(var.token)\n}\n",
    );
    project.plan("-var token=t");
    let message = project.run("apply saved.plan").failed();
    assert!(message.contains("was set during the plan phase"), "{message}");
    project.run("apply -var token=t saved.plan").succeeded();
    project.write("more.tf", "resource \"terraform_data\" \"b\" {}\n");
    project.plan("");
    project.run("apply saved.plan").succeeded();
}
