//! The `test` command: which runs go on together, and what is said of them.

use serde_json::Value as Json;

use crate::support::Project;

const MODULE: &str = r#"
variable "n" {}
resource "terraform_data" "a" {
  input = var.n
  provisioner "local-exec" {
    command = "touch ../meet/${var.n}; for i in $(seq 100); do test -e ../meet/a && test -e ../meet/b && exit 0; sleep 0.1; done; exit 1"
  }
}
output "n" {
  value = terraform_data.a.output
}
check "open" {
  assert {
    condition     = terraform_data.a.output != "z"
    error_message = "z"
  }
}
"#;

#[test]
fn runs_that_may_meet_do() {
    let project = Project::new("");
    project.write("meet/here", "");
    project.write("module/main.tf", MODULE);
    let run = |name: &str, n: &str| {
        format!(
            "run \"{name}\" {{\n  state_key = \"{name}\"\n  variables {{\n    n = {n}\n  }}\n  assert {{\n    condition     = \
             output.n != \"\"\n    error_message = \"none\"\n  }}\n}}\n"
        )
    };
    let text = format!(
        "test {{\n  parallel = true\n}}\n{}{}{}",
        run("first", "\"a\""),
        run("second", "\"b\""),
        run("third", "run.first.n")
    );
    project.write("module/main.tftest.hcl", &text);
    let text = project.run("-chdir=module test").succeeded();
    assert!(text.contains("Success! 3 passed, 0 failed."), "{text}");
    let names = text.lines().filter(|line| line.starts_with("  run"));
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["  run \"first\"... pass", "  run \"second\"... pass", "  run \"third\"... pass"]
    );
}

#[test]
fn assertions_that_stay_open_fail_a_run() {
    let project = Project::new(&MODULE.replace("exit 1", "exit 0").replace("seq 100", "seq 1"));
    project.write(
        "main.tftest.hcl",
        "variables {\n  n = \"a\"\n}\nrun \"planned\" {\n  command = plan\n}\nrun \"next\" {}\n",
    );
    let run = project.run("test -json");
    assert_eq!(run.code, 1);
    let lines: Vec<Json> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found = lines.iter().find(|line| line["type"] == "diagnostic").unwrap();
    assert_eq!(found["diagnostic"]["summary"], "Check block assertion known after apply");
    assert_eq!(found["diagnostic"]["severity"], "error");
    let message = Project::new("variable \"n\" {}\n");
    message.write("main.tftest.hcl", "run \"r\" {}\n");
    let text = message.run("test").failed();
    assert!(
        text.contains("The module under test for run block \"r\" has a required variable \"n\""),
        "{text}"
    );
    message.run("test -filter=none.tftest.hcl").succeeded();
}

#[test]
fn everything_is_destroyed_even_after_a_run_that_could_not_begin() {
    let project = Project::new(
        "variable \"n\" {}\nresource \"terraform_data\" \"a\" {\n  input = var.n\n  provisioner \"local-exec\" {\n    when    = \
         destroy\n    command = \"touch gone\"\n  }\n}\n",
    );
    project.write("main.tftest.hcl", "run \"one\" {\n  variables {\n    n = 1\n  }\n}\nrun \"two\" {}\n");
    let run = project.run("test");
    assert_eq!(run.code, 1);
    assert!(!run.stderr.contains("Failed to clean up"), "{}", run.stderr);
    assert!(project.path("gone").exists());
}
