//! Ctrl-C: once ends a run in order, twice at once; either way nothing that was done is lost.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::directory::{Directory, Run};

/// Some objects that are there at once, and one that would take minutes.
const CONFIGURATION: &str = r#"
resource "terraform_data" "first" {
  count = 5
  input = count.index
}
resource "time_sleep" "long" {
  create_duration = "300s"
  depends_on      = [terraform_data.first]
}
resource "terraform_data" "last" {
  input      = "x"
  depends_on = [time_sleep.long]
}
"#;

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Waits until something is the case.
#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Starts a run and waits until it says something. What it writes goes to a file beside the configuration.
fn started(directory: &Directory, words: &str, said: &str) -> Child {
    let output = std::fs::File::create(directory.join("output.txt")).unwrap();
    let child = directory.command(words).stdout(output).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(said, || String::from_utf8_lossy(&directory.read("output.txt")).contains(said));
    child
}

/// Waits for the end, which has to come soon.
fn end(child: Child, directory: &Directory) -> Run {
    let start = Instant::now();
    let mut run: Run = child.wait_with_output().unwrap().into();
    run.stdout = String::from_utf8_lossy(&directory.read("output.txt")).into_owned();
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?} to end: {run:#?}", start.elapsed());
    run
}

const SLEEPS: &str = "time_sleep.long: Creating...";

#[test]
fn one_interrupt_ends_an_apply_in_order() {
    let directory = Directory::new(CONFIGURATION);
    let child = started(&directory, "apply -auto-approve", SLEEPS);
    interrupt(&child);
    let run = end(child, &directory);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("Gracefully shutting down"), "{run:#?}");
    assert!(directory.read("terraform.tfstate.journal").is_empty(), "the state is saved");
    let listed = directory.succeed("state list");
    assert_eq!(listed.matches("terraform_data.first").count(), 5, "{listed}");
    assert!(!listed.contains("terraform_data.last"), "{listed}");
}

#[test]
fn two_interrupts_end_an_apply_at_once() {
    let directory = Directory::new(CONFIGURATION);
    let child = started(&directory, "apply -auto-approve", SLEEPS);
    interrupt(&child);
    // Both at the same moment would be one signal.
    std::thread::sleep(Duration::from_millis(200));
    interrupt(&child);
    let run = end(child, &directory);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let listed = directory.succeed("state list");
    assert_eq!(listed.matches("terraform_data.first").count(), 5, "{listed}");
    // The next run knows what happened, and is in nobody's way.
    let run = directory.run("plan -refresh=false");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("terraform_data.last"), "{run:#?}");
}

#[test]
fn an_interrupted_plan_changes_nothing() {
    let directory = Directory::new(
        r#"
data "external" "slow" {
  program = ["sh", "-c", "touch started; sleep 300"]
}
"#,
    );
    let child = started(&directory, "plan", "data.external.slow: Reading...");
    wait_until("the program's start", || directory.join("started").exists());
    interrupt(&child);
    let run = end(child, &directory);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(!directory.join("terraform.tfstate").exists());
}
