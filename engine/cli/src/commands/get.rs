//! `get`: installs the modules that the configuration calls.

use super::Command;
use super::init::install_modules;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::init::progress::InitProgress;
use crate::project::project_of;
use crate::run::options::JSON_INTO;
use terrane_model::SourceMap;

pub(super) const COMMAND: Command = Command {
    name: "get",
    summary: "Install or upgrade remote modules",
    usage: "get [options] PATH",
    flags: &[&[
        Flag::switch(
            "update",
            "Check already-downloaded modules for available updates and install the newest versions available.",
        ),
        Flag::switch("json", "Produce output in a machine-readable JSON format."),
        JSON_INTO,
        Flag::value("test-directory", "path", "Set the test directory, defaults to \"tests\"."),
    ]],
    run,
};

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let progress = match InitProgress::new(context, flags) {
        Ok(progress) => progress.quiet(),
        Err(problem) => {
            context.show(&problem.into(), &SourceMap::new());
            return ExitCode::Error;
        }
    };
    let installed = install_modules(context, &progress, flags.switch("update", false));
    match installed.and_then(project_of) {
        Ok((project, warnings)) => {
            progress.diagnostics(&warnings, &project.sources);
            ExitCode::Success
        }
        Err((problems, sources)) => {
            progress.diagnostics(&problems, &sources);
            ExitCode::Error
        }
    }
}
