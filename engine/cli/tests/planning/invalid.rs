//! Configurations that are refused, with the line and the kind of the error that Terraform 1.11.4 gives them.

use serde_json::Value as Json;

use crate::support::Project;

/// Returns the lines and kinds of all errors of a configuration.
fn errors(configuration: &str) -> Vec<(u64, String)> {
    let report = Project::new(configuration).run("validate -json").stdout;
    let report: Json = serde_json::from_str(&report).unwrap();
    let errors =
        report["diagnostics"].as_array().unwrap().iter().filter(|found| found["severity"] == "error");
    let places = errors.map(|found| {
        let line = found["range"]["start"]["line"].as_u64().unwrap_or_default();
        (line, found["summary"].as_str().unwrap_or_default().to_owned())
    });
    places.collect()
}

#[test]
fn what_is_wrong_is_blamed_where_it_stands() {
    let cases = [
        ("variable \"a\" {\n  type = object({ x = string, x = number })\n}", 2, "Invalid type specification"),
        ("variable \"a\" {\n  nullable = null\n}", 2, "Unsuitable value type"),
        ("output \"o\" { value = try(local.nope, 1) }", 1, "Reference to undeclared local value"),
        ("output \"o\" { value = can(var.nope) }", 1, "Reference to undeclared input variable"),
        ("output \"o\" { value = a::b(1) }", 1, "Unknown provider function"),
        (
            "output \"o\" {\n  value = 1\n  precondition {\n    condition     = true\n    error_message = \"x\"\n  }\n}",
            4,
            "Invalid precondition expression",
        ),
        (
            "check \"c\" {\n  assert {\n    condition     = 1 == 1\n    error_message = \"x\"\n  }\n}",
            3,
            "Invalid assert expression",
        ),
        (
            "variable \"a\" {\n  default = 1\n  validation {\n    condition     = local.x\n    error_message = \"x\"\n  }\n}\nlocals {\n  x = true\n}",
            4,
            "Invalid variable validation condition",
        ),
        (
            "resource \"terraform_data\" \"a\" {\n  lifecycle {\n    prevent_destroy = 5\n  }\n}",
            3,
            "Unsuitable value type",
        ),
        (
            "resource \"terraform_data\" \"a\" {\n  lifecycle {\n    replace_triggered_by = [\"x\"]\n  }\n}",
            3,
            "Invalid replace_triggered_by expression",
        ),
        (
            "removed {\n  from = terraform_data.a\n}\nresource \"terraform_data\" \"a\" {}",
            4,
            "Removed resource still exists",
        ),
        ("moved {\n  from = local.x\n  to   = terraform_data.b\n}", 2, "Invalid address"),
        (
            "import {\n  to       = terraform_data.a\n  id       = \"x\"\n  provider = terraform\n}\nresource \"terraform_data\" \"a\" {}",
            4,
            "Invalid import provider argument",
        ),
        ("terraform {\n  backend \"nope\" {}\n}", 2, "Invalid backend type"),
        (
            "terraform {\n  backend \"local\" {}\n  cloud {}\n}",
            2,
            "Both a backend and cloud configuration are present",
        ),
        ("terraform {\n  required_providers {\n    a = { source = 5 }\n  }\n}", 3, "Invalid source"),
        (
            "terraform {\n  required_providers {\n    a = { configuration_aliases = [b.c] }\n  }\n}",
            3,
            "Invalid configuration_aliases value",
        ),
    ];
    for (configuration, line, summary) in cases {
        let found = errors(configuration);
        assert!(found.contains(&(line, summary.to_owned())), "{configuration}\n{found:?}");
    }
}

#[test]
fn types_in_json_are_between_quotes() {
    let project = Project::new("");
    project.write("main.tf.json", "{\"variable\": {\"a\": {\"type\": \"string\", \"default\": \"x\"}, \"b\": {\"type\": \"list(number)\", \"default\": [1]}}}");
    project.run("validate").succeeded();
}

#[test]
fn directories_without_configuration_are_not_planned() {
    let project = Project::new("");
    std::fs::remove_file(project.path("main.tf")).unwrap();
    for words in ["plan", "apply -auto-approve", "providers"] {
        let message = project.run(words).failed();
        assert!(message.contains("No configuration files"), "{words}: {message}");
    }
    project.run("plan -destroy").succeeded();
}

#[test]
fn surplus_words_are_refused() {
    let project = Project::new("");
    for words in ["plan here", "validate here", "graph here"] {
        let message = project.run(words).failed();
        assert!(message.contains("Too many command line arguments"), "{words}: {message}");
    }
}

#[test]
fn refused_destructions_are_shown() {
    let text = "resource \"terraform_data\" \"a\" {\n  triggers_replace = 1\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n";
    let project = Project::new(text);
    project.apply("");
    project.write("main.tf", &text.replace("= 1", "= 2"));
    let run = project.run("plan -out=saved.plan");
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("terraform_data.a must be replaced"), "{}", run.stdout);
    assert!(run.stderr.contains("Instance cannot be destroyed"), "{}", run.stderr);
    // What was planned can be looked at, but not applied.
    let plan: Json = serde_json::from_str(&project.run("show -json saved.plan").succeeded()).unwrap();
    assert_eq!(plan["errored"], true);
    let message = project.run("apply saved.plan").failed();
    assert!(message.contains("Cannot apply incomplete plan"), "{message}");
}
