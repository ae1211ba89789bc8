//! `hashicorp/external`.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use serde_json::json;

use crate::support::engine::read_data;
use crate::support::{Folder, render, start, start_in};

async fn read(script: &str, more: serde_json::Value) -> String {
    let mut config = json!({"program": ["sh", "-c", script]});
    let more = more.as_object().expect("more arguments are an object");
    config.as_object_mut().expect("arguments are an object").extend(more.clone());
    match read_data(start("external").as_ref(), "external", &config.to_string()).await {
        Ok(state) => render::part(&state.attribute("result")),
        Err(diagnostics) => render::diagnostics(&diagnostics),
    }
}

#[tokio::test]
async fn programs_answer_queries() {
    let echo = json!({"query": {"b": "<ü>", "a": "1", "none": null}});
    assert_snapshot!(read("cat", echo).await, @r#"{a = "1", b = "<ü>"}"#);
    assert_snapshot!(read("cat", json!({})).await, @"{}");
    assert_snapshot!(read(r#"printf '{"dir": "%s"}' "$PWD""#, json!({"working_dir": "/"})).await, @r#"{dir = "/"}"#);
    assert_snapshot!(read(r#"echo '{"a": null}'"#, json!({})).await, @r#"{a = ""}"#);
    assert_snapshot!(read("echo null", json!({})).await, @"{}");
    let json = r#"{"program": ["", null, "echo", "{}"]}"#;
    assert_snapshot!(render::object(&read_data(start("external").as_ref(), "external", json).await.unwrap()), @r#"
    id = "-"
    program = ["", null, "echo", "{}"]
    result = {}
    "#);
}

#[tokio::test]
async fn failures_are_explained() {
    assert_snapshot!(read("echo oops >&2; exit 3", json!({})).await, @r#"
    error at .program: External Program Execution Failed: The program "sh" ended with exit code 3.

    oops
    "#);
    assert_snapshot!(read("exit 1", json!({})).await, @r#"
    error at .program: External Program Execution Failed: The program "sh" ended with exit code 1.

    It said nothing.
    "#);
    assert_snapshot!(read("kill -9 $$", json!({})).await, @r#"
    error at .program: External Program Execution Failed: The program "sh" ended with a signal.

    It said nothing.
    "#);
    assert_snapshot!(read(r#"echo '{"a": 1}'"#, json!({})).await, @r#"error at .program: Unexpected External Program Results: The output of the program "sh" must be a JSON object with only texts as values: invalid type: integer `1`, expected a string at line 1 column 7."#);
    assert_snapshot!(read("true", json!({})).await, @r#"error at .program: Unexpected External Program Results: The output of the program "sh" must be a JSON object with only texts as values: EOF while parsing a value at line 1 column 0."#);
    let provider = start("external");
    let mut messages = String::new();
    for json in [r#"{"program": []}"#, r#"{"program": [""]}"#, r#"{"program": ["there-is-no-such-program"]}"#]
    {
        let error = read_data(provider.as_ref(), "external", json).await.unwrap_err();
        messages += &render::diagnostics(&error);
    }
    assert_snapshot!(messages, @r#"
    error at .program: Invalid Attribute Value: Attribute program list must contain at least 1 elements, got: 0
    error at .program: External Program Missing: The program has no word that is neither null nor empty.
    error at .program: External Program Lookup Failed: There is no program "there-is-no-such-program" that can be run: No such file or directory (os error 2). A name alone is looked for in the directories of PATH. The path of a program that belongs to a module starts with "${path.module}/". The file must be executable.
    "#);
}

#[cfg(unix)]
#[tokio::test]
async fn the_users_shell_may_know_more() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let shell = folder.path().join("bash");
    std::fs::write(&shell, "#!/bin/sh\nprintf '{\"shell\": \"%s\"}' \"$*\"\n").unwrap();
    std::fs::set_permissions(&shell, PermissionsExt::from_mode(0o755)).unwrap();
    let environment = BTreeMap::from([("SHELL".to_owned(), shell.to_str().unwrap().to_owned())]);
    let provider = start_in("external", environment);
    let json = r#"{"program": ["there-is-no-such-program", "argument"]}"#;
    let state = read_data(provider.as_ref(), "external", json).await.unwrap();
    assert_snapshot!(render::part(&state.attribute("result")), @r#"{shell = "-i -c -- there-is-no-such-program argument"}"#);
}

#[tokio::test]
async fn stopping_ends_programs() {
    let provider = start("external");
    let json = r#"{"program": ["sleep", "600"]}"#;
    let (read, ()) = tokio::join!(read_data(provider.as_ref(), "external", json), provider.stop());
    assert_snapshot!(render::diagnostics(&read.unwrap_err()), @r#"error at .program: External Program Execution Failed: The program "sleep" cannot be run: interrupted."#);
}
