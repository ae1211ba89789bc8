//! `stack`: several root modules in one run.

use std::collections::BTreeMap;

use terrane_apply::Cancellation;
use terrane_language::config::stack_file::StackFile;
use terrane_model::{Diagnostic, Diagnostics, SourceMap, Str};

use super::Command;
use super::flag_groups::EMULATE_FLAGS;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::run::Failure;
use crate::run::ask::ask;
use crate::run::interrupts::{Ending, interruptible_quietly};
use crate::session::block_on;
use crate::stack::{Goal, STACK_FILE, StackOptions, StackResult, read_stack, run_stack};

pub(super) const PLAN: Command = Command {
    name: "stack plan",
    summary: "Show changes of all units of a stack",
    usage: "stack plan [options]",
    flags: &[FLAGS, PLAN_FLAGS, EMULATE_FLAGS],
    run: |context, flags| run(context, flags, Goal::Plan),
};

pub(super) const APPLY: Command = Command {
    name: "stack apply",
    summary: "Create or update all units of a stack, in the order of their outputs",
    usage: "stack apply [options]",
    flags: &[FLAGS, APPLY_FLAGS, EMULATE_FLAGS],
    run: |context, flags| run(context, flags, Goal::Apply),
};

pub(super) const DESTROY: Command = Command {
    name: "stack destroy",
    summary: "Destroy all units of a stack, in the opposite order",
    usage: "stack destroy [options]",
    flags: &[FLAGS, APPLY_FLAGS, EMULATE_FLAGS],
    run: |context, flags| run(context, flags, Goal::Destroy),
};

const FLAGS: &[Flag] = &[
    Flag::value("file", "path", "The stack file, \"terrane.stack.hcl\" by default."),
    Flag::value("parallelism", "n", "How many units are worked on at once. Defaults to 4."),
    Flag::value(
        "var",
        "'unit.foo=bar'",
        "Set a value for one of the input variables of a unit, in place of the one that the stack file says. Use this option more than once to set more than one variable.",
    ),
    Flag::value(
        "var-file",
        "'unit=filename'",
        "Load values for the variables of a unit from the given file, in addition to what the stack file says.",
    ),
];

const PLAN_FLAGS: &[Flag] = &[Flag::switch(
    "detailed-exitcode",
    "Return 0 when nothing would change, 1 after an error, and 2 when there are changes.",
)];

const APPLY_FLAGS: &[Flag] =
    &[Flag::switch("auto-approve", "Skip interactive approval of plans before applying.")];

const PARALLELISM_DEFAULT: i64 = 4;

fn run(context: &Context, flags: &ParsedFlags, goal: Goal) -> ExitCode {
    match carry_out(context, flags, goal) {
        Ok(StackResult::Changed) if flags.switch("detailed-exitcode", false) => ExitCode::Changes,
        Ok(StackResult::Unchanged | StackResult::Changed) => ExitCode::Success,
        Ok(StackResult::Refused) => {
            context.terminal.line("Nothing was applied.");
            ExitCode::Error
        }
        Ok(StackResult::Failed) => ExitCode::Error,
        Err((diagnostics, sources)) => {
            context.show(&diagnostics, &sources);
            ExitCode::Error
        }
    }
}

fn carry_out(context: &Context, flags: &ParsedFlags, goal: Goal) -> Result<StackResult, Failure> {
    let plain = |problem: Diagnostic| (Diagnostics::from(problem), SourceMap::new().into());
    let stack = read_stack(flags.text("file").unwrap_or(STACK_FILE))?;
    let parallelism = flags
        .number("parallelism")
        .map_err(|error| plain(Diagnostic::error("Invalid command line", error.to_string())))?;
    let given = given_values(&stack.file, flags).map_err(plain)?;
    // The directory is for this user alone, and goes with everything in it when this function ends.
    let scratch = tempfile::tempdir().map_err(|error| {
        plain(Diagnostic::error("Failed to prepare a place for plans", format!("{error}.")))
    })?;
    let cancellation = Cancellation::new();
    let approve = || flags.switch("auto-approve", false) || is_wanted(context, goal);
    let options = StackOptions {
        goal,
        parallelism: usize::try_from(parallelism.unwrap_or(PARALLELISM_DEFAULT).max(1)).unwrap_or(1),
        given,
        approve: &approve,
        cancellation: &cancellation,
    };
    let work = run_stack(context, &stack, &options, scratch.path());
    match block_on(interruptible_quietly(work, &cancellation)) {
        Ending::Finished(result) => result.map_err(|problems| (problems, stack.sources)),
        Ending::Abandoned => Ok(StackResult::Failed),
    }
}

/// Returns the arguments with values for variables, by unit and in the order in which they were given.
fn given_values(stack: &StackFile, flags: &ParsedFlags) -> Result<BTreeMap<Str, Vec<String>>, Diagnostic> {
    let mut given: BTreeMap<Str, Vec<String>> = BTreeMap::new();
    for (option, text) in flags.in_order(&["var", "var-file"]) {
        let invalid = |detail: String| Diagnostic::error(format!("Invalid -{option} option"), detail);
        let parts = if option == "var" {
            text.split_once('=').and_then(|(variable, value)| {
                let (unit, name) = variable.split_once('.')?;
                Some((unit, format!("-var={name}={value}")))
            })
        } else {
            // Units are called in directories of their own.
            text.split_once('=').and_then(|(unit, file)| {
                let file = std::path::absolute(file).ok()?;
                Some((unit, format!("-var-file={}", file.display())))
            })
        };
        let Some((name, argument)) = parts else {
            let form = if option == "var" { "UNIT.NAME=VALUE" } else { "UNIT=FILE" };
            return Err(invalid(format!("The given value {text:?} does not have the form {form}.")));
        };
        let Some(unit) = stack.units.iter().find(|unit| unit.name == *name) else {
            return Err(invalid(format!("There is no unit {name:?} in the stack file.")));
        };
        given.entry(unit.name.clone()).or_default().push(argument);
    }
    Ok(given)
}

fn is_wanted(context: &Context, goal: Goal) -> bool {
    if !context.may_ask() {
        return false;
    }
    let question = match goal {
        Goal::Destroy => "\nDo you really want to destroy all of these units?",
        _ => "\nDo you want to perform these actions?",
    };
    let description = "Terrane will carry out the plans above, each behind those that it waits for.\nOnly 'yes' will be accepted to approve.";
    ask(context, question, description).as_deref() == Some("yes")
}
