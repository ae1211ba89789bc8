//! Other programs as a second opinion.

use std::io::Write;
use std::process::{Command, Stdio};

/// Runs a program with an input and returns what it prints, or nothing, with a line that says so, where there is no such
/// program.
pub(crate) fn opinion(program: &str, arguments: &[&str], input: &str) -> Option<String> {
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        println!("skipped: there is no {program} command");
        return None;
    };
    child.stdin.take().expect("the input is a pipe").write_all(input.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("the program ends");
    let [printed, errors] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{program} {arguments:?}: {errors}{printed}");
    Some(printed)
}
