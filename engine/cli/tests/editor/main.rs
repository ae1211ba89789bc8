//! A session between an editor and the language server, over the program's standard input and output.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod client;

use serde_json::{Value as Json, json};

use crate::client::Client;

const MAIN: &str = r#"
variable "size" {
  type        = string
  default     = "small"
  description = "How big."
}
locals {
  upper = upper(var.size)
}
resource "terraform_data" "a" {
  input = local.upper
}
module "m" {
  source = "./m"
  input  = "x${local.upper}"
}
output "o" {
  value = terraform_data.a.output
}
"#;

const CHILD: &str = r#"
variable "input" {
  type        = string
  description = "Goes in."
}
output "out" {
  value = var.input
}
"#;

fn session() -> Client {
    let client =
        Client::start(&[("main.tf", MAIN), ("m/main.tf", CHILD), ("terraform.tfvars", "size = \"big\"\n")]);
    let mut client = client.initialized();
    client.open("main.tf", MAIN);
    client
}

/// Returns the names of completions at the place of the mark in a text.
fn completions(client: &mut Client, marked: &str) -> Vec<String> {
    let (text, position) = client::marked(marked);
    client.change("main.tf", &text);
    let answer = client.ask_at("textDocument/completion", "main.tf", position, json!({}));
    answer.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
}

fn at(client: &mut Client, method: &str, part: &str, skip: usize, more: Json) -> Json {
    let offset = MAIN.find(part).unwrap() + skip;
    client.ask_at(method, "main.tf", client::position(MAIN, offset), more)
}

#[test]
fn what_is_wrong_is_published_and_taken_back() {
    let mut client = session();
    assert_eq!(client.diagnostics("main.tf"), json!([]));
    client.change("main.tf", &MAIN.replace("var.size", "var.sise"));
    let found = client.diagnostics("main.tf");
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["range"]["start"], json!({"line": 7, "character": 16}), "{found}");
    assert!(found[0]["message"].as_str().unwrap().contains("Did you mean \"size\"?"), "{found}");
    client.change("main.tf", "resource \"terraform_data\" {");
    assert!(!client.diagnostics("main.tf").as_array().unwrap().is_empty());
    client.change("main.tf", MAIN);
    assert_eq!(client.diagnostics("main.tf"), json!([]));
    client.end();
}

#[test]
fn edits_of_a_module_count_for_its_callers() {
    let mut client = session();
    assert_eq!(client.diagnostics("main.tf"), json!([]));
    client.open("m/main.tf", &CHILD.replace("\"input\"", "\"other\"").replace("var.input", "var.other"));
    let found = client.diagnostics("main.tf");
    assert!(found.to_string().contains("Unsupported argument"), "{found}");
    client.end();
}

#[test]
fn completions_suit_their_place() {
    let mut client = session();
    let mut suggest = |marked: &str| completions(&mut client, marked);
    assert!(suggest("res|").contains(&"resource".to_owned()));
    assert_eq!(suggest("resource \"terraform_d|\" \"x\" {}\n"), ["terraform_data"]);
    assert!(suggest("resource \"random_str|\" \"x\" {}\n").contains(&"random_string".to_owned()));
    let arguments = suggest("resource \"terraform_data\" \"x\" {\n  |\n}\n");
    for name in ["input", "triggers_replace", "count", "lifecycle"] {
        assert!(arguments.contains(&name.to_owned()), "{name}: {arguments:?}");
    }
    assert!(!arguments.contains(&"output".to_owned()), "computed only: {arguments:?}");
    assert!(
        suggest("resource \"terraform_data\" \"x\" {\n  lifecycle {\n    prev|\n  }\n}\n")
            .contains(&"prevent_destroy".to_owned())
    );
    assert_eq!(suggest(&format!("{MAIN}output \"x\" {{\n  value = var.|\n}}\n")), ["size"]);
    assert_eq!(suggest(&format!("{MAIN}output \"x\" {{\n  value = \"y${{local.u|}}\"\n}}\n")), ["upper"]);
    assert_eq!(suggest(&format!("{MAIN}output \"x\" {{\n  value = module.m.|\n}}\n")), ["out"]);
    let attributes = suggest(&format!("{MAIN}output \"x\" {{\n  value = terraform_data.a.|\n}}\n"));
    assert_eq!(attributes, ["id", "input", "output", "triggers_replace"]);
    assert!(
        suggest(&format!("{MAIN}module \"n\" {{\n  source = \"./m\"\n  |\n}}\n"))
            .contains(&"input".to_owned())
    );
    assert!(suggest("locals {\n  x = cidrsub|\n}\n").contains(&"cidrsubnets".to_owned()));
    assert_eq!(suggest("locals {\n  x = \"te|xt\"\n}\n"), [""; 0]);
    client.end();
}

#[test]
fn hovering_shows_what_things_are() {
    let mut client = session();
    let mut text = |part: &str, skip: usize| {
        let answer = at(&mut client, "textDocument/hover", part, skip, json!({}));
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!(text("var.size", 5), @r#"
    **var.size** — string

    How big.

    Default:
    ```hcl
    "small"
    ```
    "#);
    insta::assert_snapshot!(text("local.upper", 7), @r"
    ```hcl
    upper = upper(var.size)
    ```
    ");
    assert!(text("upper(var", 2).starts_with("**upper(str: string) string**"));
    assert!(text("input = local", 2).starts_with("**input** — dynamic, optional"));
    assert!(text("terraform_data.a.output", 18).starts_with("**output** — dynamic, computed"));
    client.end();
}

#[test]
fn words_lead_to_their_declarations() {
    let mut client = session();
    let mut line = |part: &str, skip: usize| {
        let answer = at(&mut client, "textDocument/definition", part, skip, json!({}));
        let file =
            answer["uri"].as_str().unwrap_or_default().rsplit('/').take(2).collect::<Vec<_>>().join("<");
        (file.split('<').next_back() == Some("m"), answer["range"]["start"]["line"].as_u64())
    };
    assert_eq!(line("var.size", 6), (false, Some(1)));
    assert_eq!(line("local.upper", 8), (false, Some(7)));
    assert_eq!(line("terraform_data.a.output", 15), (false, Some(9)));
    assert_eq!(line("input  =", 1), (true, Some(1)));
    assert_eq!(line("\"./m\"", 3), (true, Some(0)));
    client.end();
}

#[test]
fn names_are_changed_everywhere() {
    let mut client = session();
    let answer = at(
        &mut client,
        "textDocument/references",
        "var.size",
        5,
        json!({"context": {"includeDeclaration": true}}),
    );
    assert_eq!(answer.as_array().unwrap().len(), 3, "{answer}");
    let answer = at(&mut client, "textDocument/rename", "var.size", 5, json!({"newName": "extent"}));
    let changes = answer["changes"].as_object().unwrap();
    assert_eq!(changes.len(), 2, "the values have the name as well: {answer}");
    let renamed = client.applied("main.tf", MAIN, &answer);
    assert_eq!(renamed, MAIN.replace("\"size\"", "\"extent\"").replace("var.size", "var.extent"));
    let answer = at(&mut client, "textDocument/rename", "upper = upper", 2, json!({"newName": "big"}));
    let renamed = client.applied("main.tf", MAIN, &answer);
    assert_eq!(renamed, MAIN.replace("upper = upper", "big = upper").replace("local.upper", "local.big"));
    let refused = client.refused_at(
        "textDocument/rename",
        "main.tf",
        client::position(MAIN, MAIN.find("var.size").unwrap() + 5),
        json!({"newName": "1x"}),
    );
    assert!(refused.contains("is not a valid name"), "{refused}");
    client.end();
}

#[test]
fn names_are_renamed_in_the_callers_of_a_module() {
    let mut client = session();
    let child = CHILD.replace("var.input", "upper(var.input)");
    client.open("m/main.tf", &child);
    let place = client::position(&child, child.find("var.input").unwrap() + 6);
    let answer = client.ask_at("textDocument/rename", "m/main.tf", place, json!({"newName": "text"}));
    let expected = child.replace("\"input\"", "\"text\"").replace("var.input", "var.text");
    assert_eq!(client.applied("m/main.tf", &child, &answer), expected);
    assert_eq!(client.applied("main.tf", MAIN, &answer), MAIN.replace("input  = \"x", "text  = \"x"));
    // From the caller's side it is the same name.
    let answer = at(&mut client, "textDocument/rename", "input  = \"x", 2, json!({"newName": "text"}));
    assert_eq!(client.applied("m/main.tf", &child, &answer), expected);

    let using = MAIN.replace("terraform_data.a.output", "module.m.out");
    client.change("main.tf", &using);
    let place = client::position(&using, using.find("module.m.out").unwrap() + 10);
    let answer = client.ask_at("textDocument/rename", "main.tf", place, json!({"newName": "result"}));
    assert_eq!(client.applied("main.tf", &using, &answer), using.replace("module.m.out", "module.m.result"));
    assert_eq!(client.applied("m/main.tf", &child, &answer), child.replace("\"out\"", "\"result\""));
    client.end();
}

#[test]
fn files_are_laid_out() {
    let mut client = session();
    client.change("main.tf", "variable \"x\" {\ntype=string\n   default = \"é\"\n}\n");
    let answer = client.format("main.tf");
    assert_eq!(answer[0]["newText"], "variable \"x\" {\n  type    = string\n  default = \"é\"\n}\n");
    client.change("main.tf", "variable \"x\" {\n  type = string\n}\n");
    assert_eq!(client.format("main.tf"), json!([]));
    client.end();
}

#[test]
fn what_is_not_known_is_refused() {
    let mut client = session();
    let refused = client.refused("textDocument/foldingRange", json!({}));
    assert!(refused.contains("not supported"), "{refused}");
    let refused = client.refused("textDocument/hover", json!({"nonsense": true}));
    assert!(refused.contains("not valid"), "{refused}");
    client.end();
}
