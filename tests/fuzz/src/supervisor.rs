//! Starts a worker for each target and tells what became of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::arguments::Arguments;
use crate::say;
use crate::targets::Target;
use crate::worker::case_path;

/// Runs all targets. A case that failed is kept in a file whose path is printed.
pub(crate) fn supervise(arguments: &Arguments) -> ExitCode {
    let mut findings = 0;
    for target in &arguments.targets {
        match run_worker(target, arguments) {
            Ok(true) => {}
            Ok(false) => findings += 1,
            Err(error) => {
                say(&format!("{}: the worker cannot be started: {error}", target.name));
                return ExitCode::from(2);
            }
        }
    }
    if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_worker(target: &Target, arguments: &Arguments) -> std::io::Result<bool> {
    let status = Command::new(std::env::current_exe()?)
        .args([target.name, "--worker"])
        .args(["--seconds", &arguments.seconds.to_string(), "--seed", &arguments.seed.to_string()])
        .env("TERRANE_FUZZ_SUPERVISOR", std::process::id().to_string())
        .env("RUST_BACKTRACE", "1")
        .status()?;
    // The worker finds the case's path the same way, by the supervisor's number.
    let running = case_path(target).with_file_name(format!("{}-{}.case", target.name, std::process::id()));
    if status.success() {
        let _ = fs::remove_file(&running);
        return Ok(true);
    }
    let kept = keep(target, &running)?;
    say(&format!("{}: FOUND ({status}). The case is in {}", target.name, kept.display()));
    say(&format!("  run it again: terrane-fuzz {} --case {}", target.name, kept.display()));
    Ok(false)
}

fn keep(target: &Target, running: &std::path::Path) -> std::io::Result<PathBuf> {
    for number in 1.. {
        let kept = running.with_file_name(format!("{}-found-{number}.case", target.name));
        if !kept.exists() {
            fs::rename(running, &kept)?;
            return Ok(kept);
        }
    }
    Ok(running.to_owned())
}
