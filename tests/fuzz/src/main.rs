//! Fuzzers for everything that reads input.
//!
//! ```text
//! terrane-fuzz [TARGET…] [--seconds N] [--seed N]     run targets one after the other, N seconds each
//! terrane-fuzz TARGET --case FILE                     run one case, as found before
//! terrane-fuzz --list                                 print the targets
//! ```
//!
//! Each target runs in a process of its own with bounded memory, and each case within bounded time, so that a stack
//! overflow or a hang is found as well as a panic. Inputs come from the recorded cases in `tests/conformance`, from
//! `corpus/TARGET`, from grammars, and from alterations of all of these; an input with an outcome that was not seen
//! before (another message, another type of value) is kept and altered further. The tests of this crate run every
//! seed once and some thousand cases of each target.

mod arguments;
mod corpus;
mod grammar;
mod mutate;
mod random;
mod supervisor;
mod targets;
mod worker;

use std::process::ExitCode;

use arguments::{Arguments, Mode};

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            say(&message);
            return ExitCode::from(2);
        }
    };
    match arguments.mode {
        Mode::List => {
            targets::ALL.iter().for_each(|target| say(target.name));
            ExitCode::SUCCESS
        }
        Mode::Worker => worker::work(&arguments),
        Mode::Case(ref path) => worker::run_case(&arguments, path),
        Mode::Supervise => supervisor::supervise(&arguments),
    }
}

/// Prints a line; this program's only product are lines.
#[expect(clippy::print_stdout, reason = "a command line program")]
fn say(line: &str) {
    println!("{line}");
}
