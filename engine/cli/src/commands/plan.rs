//! `plan`: what apply would do.

use super::Command;
use super::flag_groups::{EMULATE_FLAGS, STATE_FLAGS, VARIABLE_FLAGS};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::report::report;
use crate::run::options::{PLANNING_FLAGS, RUN_FLAGS, plan_options};
use crate::run::plan_files::save_plan;
use crate::run::planning::{make_plan, operation_name};
use crate::run::stages::Waiting;
use crate::view::human::move_hints::render_move_hints;
use terrane_plan::move_hints::move_hints;

pub(super) const COMMAND: Command = Command {
    name: "plan",
    summary: "Show changes required by the current configuration",
    usage: "plan [options]",
    flags: &[PLANNING_FLAGS, VARIABLE_FLAGS, RUN_FLAGS, STATE_FLAGS, OWN_FLAGS, EMULATE_FLAGS],
    run,
};

const OWN_FLAGS: &[Flag] = &[
    Flag::switch(
        "detailed-exitcode",
        "Return detailed exit codes when the command exits: 0 - Succeeded, the diff is empty; 1 - Errored; 2 - Succeeded, there is a diff.",
    ),
    Flag::value(
        "out",
        "path",
        "Write a plan file to the given path. This can be used as input to the \"apply\" command.",
    ),
    Flag::value(
        "generate-config-out",
        "path",
        "If import blocks are present in configuration, write the configuration of imported objects that have none to this file.",
    ),
];

const UNSAVED_HINT: &str = "Note: You didn't use the -out option to save this plan, so Terrane can't guarantee to take exactly these actions if you \
                            run \"terrane apply\" now.";

fn generated_hint(path: &str) -> String {
    format!(
        "Terrane has generated configuration and written it to {path}. Please review the configuration and edit it as necessary \
         before adding it to version control."
    )
}

fn saved_hint(path: &str) -> String {
    format!(
        "Saved the plan to: {path}\n\nTo perform exactly these actions, run the following command to apply:\n    terrane apply {path:?}"
    )
}

fn waiting_hint(waiting: &Waiting) -> String {
    let list: Vec<String> = waiting.targets.iter().map(|target| format!("  - {target}")).collect();
    format!(
        "This is the first of several stages. These, and what depends on them, can only be planned when it has been applied:\n{}\n\n\"terrane \
         apply -stages\" carries out one stage after the other.",
        list.join("\n")
    )
}

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let report = match report(context, flags) {
        Ok(report) => report,
        Err(code) => return code,
    };
    let options = match plan_options(flags, None) {
        Ok(options) => options,
        Err(problems) => {
            report.diagnostics(&problems, &terrane_model::SourceMap::new());
            if !flags.switch("json", false) {
                super::show_help_hint(context, "plan");
            }
            return ExitCode::Usage;
        }
    };
    let operation = operation_name(options.mode, false);
    let mut planned = match make_plan(context, flags, options, &report, operation) {
        Ok(planned) => planned,
        Err((diagnostics, sources)) => {
            report.diagnostics(&diagnostics, &sources);
            return ExitCode::Error;
        }
    };
    report.plan(&planned.plan, &planned.providers);
    planned.show_expected(report.as_ref());
    let hint = match flags.text("out") {
        Some(path) => match save_plan(&planned, path) {
            Ok(()) => Some(saved_hint(path)),
            Err(problem) => {
                planned.diagnostics.push(problem);
                None
            }
        },
        None => planned.plan.is_applyable().then(|| UNSAVED_HINT.to_owned()),
    };
    report.diagnostics(&planned.diagnostics, &planned.sources);
    let is_generated = planned.plan.resource_changes.iter().any(|change| change.generated_config.is_some());
    let generated = flags.text("generate-config-out").filter(|_| is_generated).map(generated_hint);
    let later = (!planned.waiting.is_empty()).then(|| waiting_hint(&planned.waiting));
    let moves = render_move_hints(&move_hints(&planned.plan));
    let hints: Vec<String> = later.into_iter().chain(moves).chain(generated).chain(hint).collect();
    if !hints.is_empty() {
        report.hint(&hints.join("\n\n"));
    }
    let problems = planned.session.unlock();
    report.diagnostics(&problems, &planned.sources);
    if planned.diagnostics.has_errors() {
        return ExitCode::Error;
    }
    if flags.switch("detailed-exitcode", false) && !planned.plan.is_empty() {
        ExitCode::Changes
    } else {
        ExitCode::Success
    }
}
