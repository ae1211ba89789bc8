//! `test`: whether modules do what their tests say.

use std::sync::Arc;

use terrane_apply::Cancellation;
use terrane_model::{Diagnostic, Diagnostics, SourceMap};
use terrane_plan::ProviderPool;

use super::Command;
use super::flag_groups::{EMULATE_FLAGS, VARIABLE_FLAGS};
use super::show::decoded;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::project::load_project;
use crate::report::LineSink;
use crate::run::options::JSON_INTO;
use crate::testing::both::BothTests;
use crate::testing::junit;
use crate::testing::report::{Counts, HumanTests, MachineTests, Shown, TestReport};
use crate::testing::runner::{Status, TestSettings, run_file};
use crate::testing::suite::{TEST_DIRECTORY_DEFAULT, read_suite};
use crate::variables;
use crate::view::human::state::render_state;
use crate::view::json::test_results::{test_plan_json, test_state_json};

pub(super) const COMMAND: Command = Command {
    name: "test",
    summary: "Execute integration tests for Terraform modules",
    usage: "test [options]",
    flags: &[OWN_FLAGS, VARIABLE_FLAGS, EMULATE_FLAGS],
    run,
};

const OWN_FLAGS: &[Flag] = &[
    Flag::value(
        "filter",
        "testfile",
        "Execute only the given test file. Use this option multiple times for more.",
    ),
    Flag::value("test-directory", "path", "Where the test files are, \"tests\" by default."),
    Flag::value("junit-xml", "path", "Save a test report in JUnit XML format to the given file."),
    Flag::value(
        "parallelism",
        "n",
        "Limit the number of concurrent operations within a run. Defaults to 10.",
    ),
    Flag::value(
        "run-parallelism",
        "n",
        "Limit the number of runs that are carried out at once, of those that say that they may. Defaults to 10.",
    ),
    Flag::switch("verbose", "Print the plan or state for each run."),
    Flag::switch("json", "Produce output in a machine-readable JSON format."),
    JSON_INTO,
];

const PARALLELISM_DEFAULT: i64 = 10;

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let into = match LineSink::asked_for(flags) {
        Ok(into) => into,
        Err(problem) => {
            context.show(&problem.into(), &SourceMap::new());
            return ExitCode::Error;
        }
    };
    let machine = |sink| Box::new(MachineTests::new(sink, json_writer(context)));
    let mut report: Box<dyn TestReport> = if flags.switch("json", false) {
        machine(LineSink::Terminal(Arc::clone(&context.terminal)))
    } else {
        let people = HumanTests { terminal: Arc::clone(&context.terminal), show: shower(context) };
        match into {
            Some(sink) => Box::new(BothTests { people, programs: machine(sink) }),
            None => Box::new(people),
        }
    };
    match run_all(context, flags, report.as_mut()) {
        Ok(Status::Pass | Status::Skip) => ExitCode::Success,
        Ok(Status::Fail | Status::Error) => ExitCode::Error,
        Err((diagnostics, sources)) => {
            report.file_diagnostics("", &diagnostics, &sources);
            ExitCode::Error
        }
    }
}

fn run_all(
    context: &Context,
    flags: &ParsedFlags,
    report: &mut dyn TestReport,
) -> Result<Status, crate::run::Failure> {
    let (project, mut diagnostics) = load_project(context)?;
    let values = variables::collect(context, flags, project.tree.root(), &project.sources, false);
    diagnostics.extend(values.diagnostics);
    if diagnostics.has_errors() {
        return Err((diagnostics, values.sources));
    }
    let directory = flags.text("test-directory").unwrap_or(TEST_DIRECTORY_DEFAULT);
    let (suite, problems) = read_suite(directory, &flags.all("filter"), SourceMap::new());
    if problems.has_errors() {
        return Err((problems, Arc::new(suite.sources)));
    }
    report.suite(&suite);
    report.file_diagnostics("", &problems, &suite.sources);
    let limit = |name: &str| {
        let given = flags.number(name).ok().flatten().unwrap_or(PARALLELISM_DEFAULT).max(1);
        usize::try_from(given).unwrap_or(1)
    };
    let cancellation = Cancellation::new();
    let settings = TestSettings {
        context,
        sources: &suite.sources,
        given: &values.given,
        parallelism: limit("parallelism"),
        run_parallelism: limit("run-parallelism"),
        verbose: flags.switch("verbose", false),
        cancellation: &cancellation,
    };
    let (mut counts, mut worst, mut all) = (Counts::default(), Status::Pass, Vec::new());
    for file in &suite.files {
        let (status, results) = run_file(&settings, file, report);
        results.iter().for_each(|result| counts.add(result.status));
        worst = worst.max(status);
        all.push((file, results));
    }
    report.ended(worst, counts);
    if let Some(path) = flags.text("junit-xml")
        && let Err(error) = std::fs::write(path, junit::document(&all))
    {
        let detail = format!("The report could not be written to {path:?}: {error}.");
        let problem = Diagnostic::error("Failed to write the JUnit XML report", detail);
        report.file_diagnostics("", &Diagnostics::from(problem), &suite.sources);
        return Ok(Status::Error);
    }
    Ok(worst)
}

/// Makes what shows results to people.
fn shower(context: &Context) -> Box<crate::testing::report::ShowResult> {
    let terminal = Arc::clone(&context.terminal);
    let registry = crate::registry::state_registry(context);
    Box::new(move |shown| match shown {
        Shown::Plan(plan) => {
            let providers = loaded(&registry, plan);
            crate::view::human::plan::render_plan(plan, &providers, &terminal, false)
        }
        Shown::State(state) => match decoded(&registry, state) {
            Ok((objects, providers)) => render_state(state, &objects, &providers, &terminal, false),
            Err(_) => String::new(),
        },
    })
}

/// Makes what writes results for programs.
fn json_writer(context: &Context) -> Box<crate::testing::report::ShowResult> {
    let registry = crate::registry::state_registry(context);
    Box::new(move |shown| match shown {
        Shown::Plan(plan) => test_plan_json(plan, &loaded(&registry, plan)),
        Shown::State(state) => match decoded(&registry, state) {
            Ok((objects, providers)) => test_state_json(state, &objects, &providers),
            Err(_) => "{}".to_owned(),
        },
    })
}

fn loaded(registry: &terrane_provider::ProviderRegistry, plan: &terrane_plan::Plan) -> ProviderPool {
    let mut providers = ProviderPool::new(Arc::new(registry.clone()));
    crate::session::block_on(async {
        for change in &plan.resource_changes {
            // A provider without schemas has its objects shown as they are.
            drop(providers.load(&change.provider_config.provider).await);
        }
    });
    providers
}
