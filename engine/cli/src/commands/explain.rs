//! `explain ADDRESS`: why the plan does something with an object.

use std::sync::Arc;

use terrane_language::evaluate::GivenValues;
use terrane_language::modules::ModuleTree;
use terrane_model::{Diagnostic, Diagnostics, SourceMap, Target};
use terrane_plan::Plan;
use terrane_plan::explain::explain;

use super::Command;
use super::flag_groups::{EMULATE_FLAGS, STATE_FLAGS, VARIABLE_FLAGS};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::report::{QuietReport, Report};
use crate::run::Failure;
use crate::run::options::{PLANNING_FLAGS, RUN_FLAGS, plan_options};
use crate::run::plan_files::{load_plan, read_plan};
use crate::run::planning::{make_plan, operation_name};
use crate::view::human::explanation::render_explanation;
use crate::view::human::paint::Paint;

pub(super) const COMMAND: Command = Command {
    name: "explain",
    summary: "Show why the plan changes an object, back to the inputs that it comes from",
    usage: "explain [options] ADDRESS",
    flags: &[OWN_FLAGS, PLANNING_FLAGS, VARIABLE_FLAGS, RUN_FLAGS, STATE_FLAGS, EMULATE_FLAGS],
    run,
};

const OWN_FLAGS: &[Flag] = &[Flag::value(
    "plan",
    "path",
    "Explain a plan that was saved with \"terrane plan -out\", in place of a new one.",
)];

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    match explained(context, flags) {
        Ok(text) => {
            context.terminal.text(&text);
            ExitCode::Success
        }
        Err((problems, sources)) => {
            context.show(&problems, &sources);
            ExitCode::Error
        }
    }
}

fn explained(context: &Context, flags: &ParsedFlags) -> Result<String, Failure> {
    let early = |problem: Diagnostic| (Diagnostics::from(problem), Arc::new(SourceMap::new()));
    let [text] = flags.arguments.as_slice() else {
        let detail =
            "Exactly one argument expected: the address of a resource instance, a resource or a module.";
        return Err(early(Diagnostic::error("Invalid command arguments", detail)));
    };
    let target = Target::parse(text)
        .map_err(|error| early(Diagnostic::error(format!("Invalid address {text:?}"), error.to_string())))?;
    if let Some(path) = flags.text("plan") {
        let loaded = load_plan(context, read_plan(path).map_err(early)?)?;
        let tree = &loaded.configuration.tree;
        return texts(context, &loaded.file.plan, tree, &loaded.file.given, &loaded.sources, &target);
    }
    let options = plan_options(flags, None).map_err(|problems| (problems, Arc::new(SourceMap::new())))?;
    let operation = operation_name(options.mode, false);
    let report: Arc<dyn Report> = Arc::new(QuietReport::new(Arc::clone(&context.terminal)));
    let planned = make_plan(context, flags, options, &report, operation)?;
    let tree = &planned.configuration.tree;
    texts(context, &planned.plan, tree, &planned.given, &planned.sources, &target)
}

fn texts(
    context: &Context,
    plan: &Plan,
    tree: &ModuleTree,
    given: &GivenValues,
    sources: &Arc<SourceMap>,
    target: &Target,
) -> Result<String, Failure> {
    let explanations = explain(plan, tree, given, target);
    if explanations.is_empty() {
        let detail = format!(
            "The plan has no object at {target}. Neither the configuration nor the state has one there; \"terrane state list\" \
             shows what the state has."
        );
        return Err((Diagnostic::error("No such object in the plan", detail).into(), Arc::clone(sources)));
    }
    let paint = Paint::of(&context.terminal);
    let texts = explanations.iter().map(|explanation| render_explanation(explanation, sources, paint));
    Ok(texts.collect::<Vec<_>>().join("\n"))
}
