//! Ctrl-C: once ends a run in order, twice at once; either way nothing that was done is lost.

use std::process::{Child, Command};
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

fn started(directory: &Directory) -> Child {
    let child = directory.start("apply -auto-approve");
    wait_until("waited for the sleep", || {
        let journal = directory.read("terraform.tfstate.journal");
        journal.windows(6).any(|bytes| bytes == b"\"begun") && journal.windows(10).any(|bytes| bytes == b"time_sleep")
    });
    child
}

fn end(child: Child) -> Run {
    let start = Instant::now();
    let run: Run = child.wait_with_output().unwrap().into();
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?} to end: {run:#?}", start.elapsed());
    run
}

#[test]
fn one_interrupt_ends_an_apply_in_order() {
    let directory = Directory::new(CONFIGURATION);
    let child = started(&directory);
    interrupt(&child);
    let run = end(child);
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
    let child = started(&directory);
    interrupt(&child);
    // Both at the same moment would be one signal.
    std::thread::sleep(Duration::from_millis(200));
    interrupt(&child);
    let run = end(child);
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
    let child = directory.start("plan");
    wait_until("waited for the program", || directory.join("started").exists());
    interrupt(&child);
    let run = end(child);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(!directory.join("terraform.tfstate").exists());
}
