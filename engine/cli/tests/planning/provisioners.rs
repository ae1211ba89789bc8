//! Provisioners on this machine: when they run, what they see and what becomes of objects when they fail.

use serde_json::{Value as Json, json};

use crate::support::Project;

/// Returns the lines about provisioners.
fn about_provisioners(text: &str) -> String {
    let lines =
        text.lines().filter(|line| line.contains("(local-exec)") || line.contains("Provisioning with"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn commands_run_after_creation_and_before_destruction() {
    let project = Project::new(
        r#"
resource "terraform_data" "a" {
  count = 1
  input = "in"
  provisioner "local-exec" {
    command     = "echo made $NAME ${self.output}"
    environment = { NAME = "n${count.index}" }
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo bye ${self.input} ${count.index} ${terraform.workspace}"
  }
}
resource "terraform_data" "b" {
  input = terraform_data.a[0].id
}
"#,
    );
    insta::assert_snapshot!(about_provisioners(&project.apply("")), @r#"
    terraform_data.a[0]: Provisioning with 'local-exec'...
    terraform_data.a[0] (local-exec): Executing: ["/bin/sh" "-c" "echo made $NAME in"]
    terraform_data.a[0] (local-exec): made n0 in
    "#);
    assert_eq!(about_provisioners(&project.apply("")), "", "nothing runs where nothing is made");
    insta::assert_snapshot!(about_provisioners(&project.apply("-destroy")), @r#"
    terraform_data.a[0]: Provisioning with 'local-exec'...
    terraform_data.a[0] (local-exec): Executing: ["/bin/sh" "-c" "echo bye in 0 default"]
    terraform_data.a[0] (local-exec): bye in 0 default
    "#);
}

#[test]
fn what_is_sensitive_is_not_shown() {
    let project = Project::new(
        r#"
variable "secret" {
  default   = "hidden-word"
  sensitive = true
}
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "echo ${var.secret}"
  }
  provisioner "local-exec" {
    command = "echo ${var.secret}; exit 1"
  }
}
"#,
    );
    let run = project.run("apply -auto-approve");
    let text = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.code, 1);
    assert!(text.contains("(local-exec): (output suppressed due to sensitive value in config)"), "{text}");
    assert!(!text.contains("hidden-word"), "{text}");
}

fn status(project: &Project, name: &str) -> Json {
    let state = project.state();
    let resources = state["resources"].as_array().unwrap();
    let found = resources.iter().find(|resource| resource["name"] == name);
    found.map_or(json!("absent"), |resource| resource["instances"][0]["status"].clone())
}

#[test]
fn failures_taint_what_was_made() {
    let project = Project::new(
        r#"
resource "terraform_data" "bad" {
  provisioner "local-exec" {
    command = "echo out; exit 4"
  }
}
resource "terraform_data" "good" {
  provisioner "local-exec" {
    command    = "exit 4"
    on_failure = continue
  }
}
resource "terraform_data" "never" {
  input = terraform_data.bad.id
}
"#,
    );
    let message = project.run("apply -auto-approve").failed();
    assert!(message.contains("Error: local-exec provisioner error"), "{message}");
    assert!(message.contains("main.tf line 3"), "{message}");
    assert!(
        message.contains("Error running command 'echo out; exit 4': exit status 4. Output: out"),
        "{message}"
    );
    assert_eq!(status(&project, "bad"), "tainted");
    assert_eq!(status(&project, "good"), json!(null));
    assert_eq!(status(&project, "never"), "absent");
    let plan = project.plan("");
    assert_eq!(plan["resource_changes"][0]["action_reason"], "replace_because_tainted");
}

#[test]
fn failures_keep_what_was_to_go() {
    let project = Project::new(
        "resource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    when = destroy\n    command = \"test -e gone\"\n  }\n}\n",
    );
    project.apply("");
    project.run("apply -auto-approve -destroy").failed();
    assert_eq!(status(&project, "a"), json!(null));
    project.write("gone", "");
    project.apply("-destroy");
    assert_eq!(status(&project, "a"), "absent");
}

#[test]
fn removed_blocks_say_what_runs_last() {
    let project = Project::new("resource \"terraform_data\" \"a\" {\n  input = \"x\"\n}\n");
    project.apply("");
    project.write(
        "main.tf",
        "removed {\n  from = terraform_data.a\n  lifecycle {\n    destroy = true\n  }\n  provisioner \"local-exec\" {\n    \
         when = destroy\n    command = \"echo farewell ${self.input}\"\n  }\n}\n",
    );
    let text = project.apply("");
    assert!(text.contains("(local-exec): farewell x"), "{text}");
}

#[test]
fn blocks_are_checked() {
    for (block, summary, line) in [
        ("provisioner \"local-exec\" {\n  }", "Missing required argument", 2),
        (
            "provisioner \"local-exec\" {\n    command = \"\"\n  }",
            "Invalid local-exec provisioner command",
            2,
        ),
        ("provisioner \"local-exec\" {\n    command = \"x\"\n    x = 1\n  }", "Unsupported argument", 4),
        ("provisioner \"other\" {\n  }", "Missing required provisioner plugin", 2),
        ("provisioner \"remote-exec\" {\n  }", "Invalid remote-exec provisioner configuration", 2),
        (
            "provisioner \"file\" {\n    destination = \"x\"\n  }",
            "Must provide one of 'source' or 'content'",
            2,
        ),
        (
            "provisioner \"local-exec\" {\n    command = \"x\"\n    connection {\n    }\n  }",
            "Missing required argument",
            4,
        ),
        (
            "provisioner \"local-exec\" {\n    when = destroy\n    command = terraform_data.b.id\n  }",
            "Invalid reference from destroy provisioner",
            4,
        ),
        ("provisioner \"local-exec\" {\n    command = self.nope\n  }", "Unsupported attribute", 3),
    ] {
        let project = Project::new(&format!(
            "resource \"terraform_data\" \"a\" {{\n  {block}\n}}\nresource \"terraform_data\" \"b\" {{}}\n"
        ));
        let run = project.run("validate -json");
        let report: Json = serde_json::from_str(&run.stdout).unwrap();
        let first = &report["diagnostics"][0];
        assert_eq!(first["summary"], summary, "{block}");
        assert_eq!(first["range"]["start"]["line"], line, "{block}");
    }
}

#[test]
fn programs_are_told_too() {
    let project = Project::new(
        "resource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    command = \"echo hi\"\n  }\n}\n",
    );
    let text = project.apply("-json");
    let kinds: Vec<Json> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .filter(|line| line["hook"]["provisioner"] == "local-exec")
        .map(|line| json!([line["type"], line["hook"]["output"]]))
        .collect();
    let expected = json!([
        ["provision_start", null],
        ["provision_progress", "Executing: [\"/bin/sh\" \"-c\" \"echo hi\"]"],
        ["provision_progress", "hi"],
        ["provision_complete", null],
    ]);
    assert_eq!(Json::from(kinds), expected);
}
