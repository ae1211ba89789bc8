//! `apply`, `destroy` and `refresh`: making it so.

use terrane_model::{Diagnostic, Diagnostics, SourceMap};
use terrane_plan::PlanMode;
use terrane_plan::move_hints::move_hints;

use super::Command;
use super::flag_groups::{EMULATE_FLAGS, STATE_FLAGS, VARIABLE_FLAGS};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::report::{Report, report};
use crate::run::Failure;
use crate::run::applying::{approve, carry_out, needs_approval};
use crate::run::options::{PLANNING_FLAGS, RUN_FLAGS, plan_options};
use crate::run::plan_files::resume_plan;
use crate::run::plan_warnings::incomplete_warning;
use crate::run::planning::{PlannedRun, make_plan, operation_name};
use crate::run::stages::Waiting;
use crate::view::human::move_hints::render_move_hints;

const OWN_FLAGS: &[Flag] =
    &[Flag::switch("auto-approve", "Skip interactive approval of plan before applying.")];

pub(super) const APPLY: Command = Command {
    name: "apply",
    summary: "Create or update infrastructure",
    usage: "apply [options] [PLAN]",
    flags: &[OWN_FLAGS, PLANNING_FLAGS, VARIABLE_FLAGS, RUN_FLAGS, STATE_FLAGS, EMULATE_FLAGS],
    run: |context, flags| run(context, flags, None),
};

pub(super) const DESTROY: Command = Command {
    name: "destroy",
    summary: "Destroy previously-created infrastructure",
    usage: "destroy [options]",
    flags: &[OWN_FLAGS, PLANNING_FLAGS, VARIABLE_FLAGS, RUN_FLAGS, STATE_FLAGS, EMULATE_FLAGS],
    run: |context, flags| run(context, flags, Some(PlanMode::Destroy)),
};

pub(super) const REFRESH: Command = Command {
    name: "refresh",
    summary: "Update the state to match remote systems",
    usage: "refresh [options]",
    flags: &[PLANNING_FLAGS, VARIABLE_FLAGS, RUN_FLAGS, STATE_FLAGS, EMULATE_FLAGS],
    run: |context, flags| run(context, flags, Some(PlanMode::RefreshOnly)),
};

fn run(context: &Context, flags: &ParsedFlags, mode: Option<PlanMode>) -> ExitCode {
    let report = match report(context, flags) {
        Ok(report) => report,
        Err(code) => return code,
    };
    let mut stages = 1;
    let ended = loop {
        match execute(context, flags, mode, &report) {
            Ok(waiting) if waiting.is_empty() => break Ok(()),
            Ok(_) if stages >= STAGES_MAX => break Err((too_many_stages().into(), SourceMap::new().into())),
            Ok(waiting) => {
                stages += 1;
                report.notice(&next_stage(stages, &waiting));
            }
            Err(failure) => break Err(failure),
        }
    };
    match ended {
        Ok(()) => ExitCode::Success,
        Err((diagnostics, sources)) => {
            report.diagnostics(&diagnostics, &sources);
            ExitCode::Error
        }
    }
}

/// How many stages a run may have: more than any sensible chain of unknowns needs.
const STAGES_MAX: usize = 50;

fn too_many_stages() -> Diagnostic {
    let detail = format!("After {STAGES_MAX} stages there is still something that cannot be planned.");
    Diagnostic::error("Too many stages", detail)
}

fn next_stage(number: usize, waiting: &Waiting) -> String {
    let list: Vec<String> = waiting.targets.iter().map(|target| format!("  - {target}")).collect();
    format!("\nStage {number}: planning what was not known before.\n{}\n", list.join("\n"))
}

/// Carries out a run, or one stage of it. Returns what is left for the next one.
fn execute(
    context: &Context,
    flags: &ParsedFlags,
    mode: Option<PlanMode>,
    report: &std::sync::Arc<dyn Report>,
) -> Result<Waiting, Failure> {
    let options = plan_options(flags, mode).map_err(|problems| (problems, SourceMap::new().into()))?;
    let asks = mode != Some(PlanMode::RefreshOnly);
    let parallelism = options.parallelism;
    let planned = match flags.arguments.as_slice() {
        [] => {
            if asks && flags.switch("json", false) && !flags.switch("auto-approve", false) {
                return Err((approval_required().into(), SourceMap::new().into()));
            }
            let operation = operation_name(options.mode, true);
            plan_and_approve(context, flags, options, report, operation, asks)?
        }
        [path] if mode.is_none() => {
            let mut planned = resume_plan(context, flags, path)?;
            let warnings = std::mem::take(&mut planned.diagnostics);
            report.diagnostics(&warnings, &planned.sources);
            Some(planned)
        }
        _ => return Err((too_many_arguments().into(), SourceMap::new().into())),
    };
    let Some(mut planned) = planned else { return Err((Diagnostics::new(), SourceMap::new().into())) };
    let waiting = std::mem::take(&mut planned.waiting);
    if !waiting.is_empty() && !planned.plan.is_applyable() {
        // Nothing can be done that would make it known.
        return Err((waiting.problems, planned.sources));
    }
    if waiting.is_empty() {
        planned.diagnostics.extend(incomplete_warning(&planned.plan));
    }
    let counts = planned.plan.counts();
    let sources = std::sync::Arc::clone(&planned.sources);
    let (store, diagnostics) = carry_out(context, planned, parallelism, report)?;
    report.diagnostics(&diagnostics, &sources);
    // An apply stays an apply, whatever its plan does.
    if mode != Some(PlanMode::RefreshOnly) {
        report.applied(mode.unwrap_or_default(), counts);
    }
    if mode != Some(PlanMode::Destroy) && waiting.is_empty() {
        report.outputs(store.snapshot());
    }
    Ok(waiting)
}

/// Makes a plan, shows it and asks for approval; nothing when the answer was no.
fn plan_and_approve(
    context: &Context,
    flags: &ParsedFlags,
    options: terrane_plan::PlanOptions,
    report: &std::sync::Arc<dyn Report>,
    operation: &str,
    asks: bool,
) -> Result<Option<PlannedRun>, Failure> {
    let mut planned = make_plan(context, flags, options, report, operation)?;
    if asks {
        report.plan(&planned.plan, &planned.providers);
        planned.show_expected(report.as_ref());
    }
    if !asks || !needs_approval(flags, &planned.plan) {
        // What the run finds out later takes the place of what was not known yet.
        let found = std::mem::take(&mut planned.diagnostics);
        planned.diagnostics = found.into_iter().filter(|problem| problem.summary != NOT_KNOWN_YET).collect();
        return Ok(Some(planned));
    }
    let warnings = std::mem::take(&mut planned.diagnostics);
    report.diagnostics(&warnings, &planned.sources);
    if let Some(moves) = render_move_hints(&move_hints(&planned.plan)) {
        report.hint(&moves);
    }
    if let Err(refusal) = approve(context, flags, &planned.plan) {
        return match refusal {
            Some(problem) => Err((problem.into(), planned.sources)),
            None => Ok(None),
        };
    }
    Ok(Some(planned))
}

/// What planning says of a check that only the run can decide.
const NOT_KNOWN_YET: &str = "Check block assertion known after apply";

fn approval_required() -> Diagnostic {
    let detail = "Terrane cannot ask for interactive approval when -json is set. You can either apply a saved plan file, or enable \
                  the -auto-approve option.";
    Diagnostic::error("Plan file or auto-approve required", detail)
}

fn too_many_arguments() -> Diagnostic {
    Diagnostic::error("Too many command line arguments", "Expected at most one positional argument.")
}
