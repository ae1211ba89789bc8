//! `stack`: several root modules in one run.

use terrane_apply::Cancellation;
use terrane_model::{Diagnostic, Diagnostics, SourceMap};

use super::Command;
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
    flags: &[FLAGS, PLAN_FLAGS],
    run: |context, flags| run(context, flags, Goal::Plan),
};

pub(super) const APPLY: Command = Command {
    name: "stack apply",
    summary: "Create or update all units of a stack, in the order of their outputs",
    usage: "stack apply [options]",
    flags: &[FLAGS, APPLY_FLAGS],
    run: |context, flags| run(context, flags, Goal::Apply),
};

pub(super) const DESTROY: Command = Command {
    name: "stack destroy",
    summary: "Destroy all units of a stack, in the opposite order",
    usage: "stack destroy [options]",
    flags: &[FLAGS, APPLY_FLAGS],
    run: |context, flags| run(context, flags, Goal::Destroy),
};

const FLAGS: &[Flag] = &[
    Flag::value("file", "path", "The stack file, \"terrane.stack.hcl\" by default."),
    Flag::value("parallelism", "n", "How many units are worked on at once. Defaults to 4."),
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
    // The directory is for this user alone, and goes with everything in it when this function ends.
    let scratch = tempfile::tempdir().map_err(|error| {
        plain(Diagnostic::error("Failed to prepare a place for plans", format!("{error}.")))
    })?;
    let cancellation = Cancellation::new();
    let approve = || flags.switch("auto-approve", false) || is_wanted(context, goal);
    let options = StackOptions {
        goal,
        parallelism: usize::try_from(parallelism.unwrap_or(PARALLELISM_DEFAULT).max(1)).unwrap_or(1),
        approve: &approve,
        cancellation: &cancellation,
    };
    let work = run_stack(context, &stack, &options, scratch.path());
    match block_on(interruptible_quietly(work, &cancellation)) {
        Ending::Finished(result) => result.map_err(|problems| (problems, stack.sources)),
        Ending::Abandoned => Ok(StackResult::Failed),
    }
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
