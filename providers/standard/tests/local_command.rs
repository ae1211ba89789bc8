//! `hashicorp/local`: commands.

use insta::assert_snapshot;

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
