//! `hashicorp/local`: commands.

use std::sync::Mutex;

use insta::assert_snapshot;
use terrane_model::encode_json::value_from_json;
use terrane_provider::{ActionRequest, Progress, ProgressUpdate, ValidateRequest};

use crate::support::engine::{open, read_data};
use crate::support::{render, start};

async fn read(json: &str) -> String {
    let provider = start("local");
    let read = read_data(provider.as_ref(), "local_command", json).await;
    let opened = open(provider.as_ref(), "local_command", json).await;
    assert_eq!(read, opened, "data source and ephemeral resource do the same");
    match read {
        Ok(state) => render::object(&state),
        Err(diagnostics) => render::diagnostics(&diagnostics),
    }
}

#[tokio::test]
async fn programs_are_run() {
    let json = r#"{"command": "sh", "arguments": ["-c", "cat; pwd >&2", null], "stdin": "in", "working_directory": "/"}"#;
    assert_snapshot!(read(json).await, @r#"
    arguments = ["-c", "cat; pwd >&2", null]
    command = "sh"
    exit_code = 0
    stderr = "/\n"
    stdin = "in"
    stdout = "in"
    working_directory = "/"
    "#);
    assert_snapshot!(read(r#"{"command": "true"}"#).await, @r#"
    command = "true"
    exit_code = 0
    "#);
    let json = r#"{"command": "sh", "arguments": ["-c", "exit 3"], "allow_non_zero_exit_code": true}"#;
    assert_snapshot!(read(json).await, @r#"
    allow_non_zero_exit_code = true
    arguments = ["-c", "exit 3"]
    command = "sh"
    exit_code = 3
    "#);
}

#[tokio::test]
async fn failures_say_what_the_program_said() {
    assert_snapshot!(read(r#"{"command": "sh", "arguments": ["-c", "echo why >&2; exit 3"]}"#).await, @r#"
    error at .command: Command Execution Failed: The program "sh" ended with exit code 3. If other exit codes than 0 are expected, set "allow_non_zero_exit_code" to true.

    Its standard error:
    why
    "#);
    assert_snapshot!(read(r#"{"command": "there-is-no-such-program"}"#).await, @r#"error at .command: Command Lookup Failed: There is no program "there-is-no-such-program" that can be run: No such file or directory (os error 2). A name alone is looked for in the directories of PATH. The path of a program that belongs to a module starts with "${path.module}/". The file must be executable."#);
}

#[tokio::test]
async fn stopping_ends_programs() {
    let provider = start("local");
    let json = r#"{"command": "sleep", "arguments": ["600"]}"#;
    let (read, ()) = tokio::join!(read_data(provider.as_ref(), "local_command", json), provider.stop());
    assert_snapshot!(render::diagnostics(&read.unwrap_err()), @r#"error at .command: Command Execution Failed: The program "sleep" cannot be run: interrupted."#);
}

/// Collects what is told.
#[derive(Default)]
struct Told(Mutex<String>);

impl Progress for Told {
    fn report(&self, update: ProgressUpdate) {
        self.0.lock().expect("nobody panics").push_str(&update.phase);
    }
}

/// Invokes the action and returns what it tells and what went wrong.
async fn invoke(json: &str) -> String {
    let provider = start("local");
    let schemas = provider.schemas().await.expect("there are schemas");
    let block = &schemas.actions["local_command"].block;
    let written: serde_json::Value = serde_json::from_str(json).expect("the test writes JSON");
    let mut all = serde_json::Map::new();
    for (name, _) in block.attributes() {
        all.insert(name.to_string(), written.get(name.as_str()).cloned().unwrap_or_default());
    }
    let config = value_from_json(&serde_json::Value::Object(all).to_string(), block.implied_type())
        .expect("the schema takes it");
    let type_name = terrane_model::Str::from("local_command");
    let request = ValidateRequest { type_name: type_name.clone(), config: config.clone() };
    assert!(provider.validate_action_config(request).await.is_empty());
    let request = ActionRequest { type_name, config };
    assert!(provider.plan_action(request.clone()).await.is_empty());
    let told = Told::default();
    let problems = provider.invoke_action(request, &told).await;
    told.0.into_inner().expect("nobody panics") + &render::diagnostics(&problems)
}

#[tokio::test]
async fn actions_tell_what_programs_print() {
    let json = r#"{"command": "sh", "arguments": ["-c", "cat; echo \"$NAME\"; pwd", null], "stdin": "in ",
                   "environment": {"NAME": "x"}, "working_directory": "/"}"#;
    assert_snapshot!(invoke(json).await, @r"


    in x
    /
    ");
    let json = r#"{"command": "sh", "arguments": ["-c", "echo out; echo why >&2; exit 3"]}"#;
    assert_snapshot!(invoke(json).await, @r#"
    error at .command: Command Execution Failed: The program "sh" ended with exit code 3.

    Its standard error:
    why
    "#);
    assert_snapshot!(invoke(r#"{"command": "there-is-no-such-program"}"#).await, @r#"error at .command: Command Lookup Failed: There is no program "there-is-no-such-program" that can be run: No such file or directory (os error 2). A name alone is looked for in the directories of PATH. The path of a program that belongs to a module starts with "${path.module}/". The file must be executable."#);
}
