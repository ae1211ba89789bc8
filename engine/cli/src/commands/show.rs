//! `show`: a state or a saved plan, for people or for programs.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, ProviderSource, SourceMap};
use terrane_plan::ProviderPool;
use terrane_plan::prior_objects::{PriorObjects, decode_state};
use terrane_state::{StateSnapshot, read_state};

use super::Command;
use super::flag_groups::{EMULATE_FLAGS, STATE_FLAGS};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::registry::state_registry;
use crate::report::{HumanReport, Report};
use crate::run::Failure;
use crate::run::options::SHOW_SENSITIVE;
use crate::run::plan_files::{load_plan, read_plan};
use crate::session::{Session, block_on};
use crate::view::json::plan_v1::{ShownPlan, plan_json};
use crate::view::json::state_v1::state_json;
use terrane_provider::ProviderRegistry;

pub(super) const COMMAND: Command = Command {
    name: "show",
    summary: "Show the current state or a saved plan",
    usage: "show [options] [path]",
    flags: &[
        &[Flag::switch("json", "Output the plan or state in a machine-readable form."), SHOW_SENSITIVE],
        STATE_FLAGS,
        EMULATE_FLAGS,
    ],
    run,
};

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    match show(context, flags) {
        Ok(()) => ExitCode::Success,
        Err((diagnostics, sources)) => {
            context.show(&diagnostics, &sources);
            ExitCode::Error
        }
    }
}

fn show(context: &Context, flags: &ParsedFlags) -> Result<(), Failure> {
    let early = |diagnostics: Diagnostics| (diagnostics, Arc::new(SourceMap::new()));
    match flags.arguments.as_slice() {
        [] => {
            let state = Session::find(context, flags).and_then(|session| session.read()).map_err(early)?;
            show_state(context, flags, &state).map_err(early)
        }
        [path] => match read_plan(path) {
            Ok(file) => show_plan(context, flags, load_plan(context, file)?),
            Err(problem) => {
                // Whatever is no plan may be a state.
                let state = std::fs::read(path).ok().and_then(|content| read_state(&content).ok());
                let neither = |problem: Diagnostic| {
                    let detail = format!("It is no state. As a plan: {}", problem.detail);
                    let summary = "Failed to read the given file as a state or plan file";
                    early(Diagnostic::error(summary, detail).into())
                };
                let state = state.ok_or_else(|| neither(problem))?;
                show_state(context, flags, &state).map_err(early)
            }
        },
        _ => {
            let detail = "Expected at most one positional argument: the path of a plan or state file.";
            Err(early(Diagnostic::error("Too many command line arguments", detail).into()))
        }
    }
}

fn show_plan(
    context: &Context,
    flags: &ParsedFlags,
    loaded: crate::run::plan_files::LoadedPlan,
) -> Result<(), Failure> {
    let plan = &loaded.file.plan;
    if !flags.switch("json", false) {
        HumanReport::new(context, flags).plan(plan, &loaded.providers);
        return Ok(());
    }
    let (prior, problems) = block_on(decode_state(&plan.prior_state, &loaded.providers));
    if problems.has_errors() {
        return Err((problems, loaded.sources));
    }
    let shown =
        ShownPlan { plan, configuration: &loaded.configuration, prior: &prior, providers: &loaded.providers };
    context.terminal.line(&plan_json(&shown));
    Ok(())
}

fn show_state(context: &Context, flags: &ParsedFlags, state: &StateSnapshot) -> Result<(), Diagnostics> {
    let (objects, providers) = decoded(&state_registry(context), state)?;
    if flags.switch("json", false) {
        context.terminal.line(&state_json(state, &objects, &providers));
    } else if state.is_empty() && state.serial == 0 {
        context.terminal.line("No state.");
    } else if state.is_empty() {
        context.terminal.line("The state file is empty. No resources are represented.");
    } else {
        context.terminal.text(&crate::view::human::state::render_state(
            state,
            &objects,
            &providers,
            &context.terminal,
            flags.switch("show-sensitive", false),
        ));
    }
    Ok(())
}

/// Decodes the objects of a state with the schemas of their providers.
///
/// # Errors
/// When a provider is missing, or does not understand an object.
pub(super) fn decoded(
    registry: &ProviderRegistry,
    state: &StateSnapshot,
) -> Result<(PriorObjects, ProviderPool), Diagnostics> {
    let mut providers = ProviderPool::new(Arc::new(registry.clone()));
    let sources: std::collections::BTreeSet<ProviderSource> =
        state.resources.values().map(|resource| resource.provider_config.provider.clone()).collect();
    block_on(async {
        let mut problems = Diagnostics::new();
        for source in sources {
            problems.extend(providers.load(&source).await);
        }
        if problems.has_errors() {
            return Err(problems);
        }
        let (objects, problems) = decode_state(state, &providers).await;
        if problems.has_errors() { Err(problems) } else { Ok((objects, providers)) }
    })
}
