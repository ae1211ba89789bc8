//! `validate`: what can be said about the configuration alone.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use terrane_language::config::Module;
use terrane_model::{Diagnostic, Diagnostics, SourceMap};
use terrane_plan::validate::validate;
use terrane_plan::{PreparedConfiguration, ProviderPool};

use super::Command;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::project::{Phase, load_project, surroundings};
use crate::registry::{development_warnings, registry};
use crate::run::options::JSON_INTO;
use crate::run::plan_files::write_private;
use crate::session::block_on;
use crate::testing::suite::{TEST_DIRECTORY_DEFAULT, read_suite};
use crate::view::json::diagnostic::to_json;

pub(super) const COMMAND: Command = Command {
    name: "validate",
    summary: "Check whether the configuration is valid",
    usage: "validate [options]",
    flags: &[&[
        Flag::switch(
            "json",
            "Produce output in a machine-readable JSON format, suitable for use in text editor integrations.",
        ),
        JSON_INTO,
        Flag::switch("no-tests", "If specified, test files are not validated."),
        Flag::value("test-directory", "path", "Set the test directory, defaults to \"tests\"."),
    ]],
    run,
};

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let (mut diagnostics, mut sources) = check(context);
    if !flags.switch("no-tests", false) {
        let directory = flags.text("test-directory").unwrap_or(TEST_DIRECTORY_DEFAULT);
        let (suite, problems) = read_suite(directory, &[], SourceMap::clone(&sources));
        diagnostics.extend(problems);
        sources = Arc::new(suite.sources);
    }
    let failed = diagnostics.has_errors();
    let as_json = || {
        let list: Vec<_> = diagnostics.iter().map(|diagnostic| to_json(diagnostic, &sources)).collect();
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let report = json!({
            "format_version": "1.0",
            "valid": !failed,
            "error_count": errors,
            "warning_count": diagnostics.len() - errors,
            "diagnostics": list,
        });
        serde_json::to_string_pretty(&report).unwrap_or_default()
    };
    if let Some(path) = flags.text("json-into")
        && let Err(error) = write_private(Path::new(path), (as_json() + "\n").as_bytes())
    {
        let detail = format!("The file {path:?} of the -json-into option cannot be written: {error}.");
        diagnostics.push(Diagnostic::error("Failed to open a file for output", detail));
        context.show(&diagnostics, &sources);
        return ExitCode::Error;
    }
    if flags.switch("json", false) {
        context.terminal.line(&as_json());
    } else {
        context.show(&diagnostics, &sources);
        if !failed {
            let word = context.terminal.style(crate::terminal::Style::BoldGreen, "Success!");
            let rest = if diagnostics.is_empty() {
                "The configuration is valid.\n"
            } else {
                "The configuration is valid, but there were some validation warnings as shown above.\n"
            };
            context.terminal.line(&format!("{word} {rest}"));
        }
    }
    if failed { ExitCode::Error } else { ExitCode::Success }
}

/// Backends that configurations may name, whether or not they can be used here.
const BACKENDS: &[&str] = &[
    "azurerm",
    "cloud",
    "consul",
    "cos",
    "gcs",
    "http",
    "inmem",
    "kubernetes",
    "local",
    "oci",
    "oss",
    "pg",
    "remote",
    "s3",
];

fn unknown_backend(root: &Module) -> Option<Diagnostic> {
    let backend = root
        .settings
        .backend
        .as_ref()
        .filter(|backend| !BACKENDS.contains(&backend.backend_type.as_str()))?;
    let detail = format!("There is no backend type named {:?}.", backend.backend_type.as_str());
    Some(Diagnostic::error("Invalid backend type", detail).at(backend.span))
}

fn check(context: &Context) -> (Diagnostics, Arc<SourceMap>) {
    let (project, mut diagnostics) = match load_project(context) {
        Ok(loaded) => loaded,
        Err(failed) => return failed,
    };
    diagnostics.extend(development_warnings(context));
    diagnostics.extend(unknown_backend(project.tree.root()));
    let configuration =
        match PreparedConfiguration::prepare(Arc::clone(&project.tree), Arc::clone(&project.sources)) {
            Ok(configuration) => configuration,
            Err(problems) => {
                diagnostics.extend(problems);
                return (diagnostics, project.sources);
            }
        };
    let mut providers = ProviderPool::new(Arc::new(registry(context, &configuration.tree)));
    let phase = Phase { validating: true, ..Phase::default() };
    block_on(async {
        for source in configuration.provider_sources() {
            diagnostics.extend(providers.load(&source).await);
        }
        if !diagnostics.has_errors() {
            let surroundings = surroundings(context, "default", &phase);
            diagnostics.extend(validate(&configuration, &providers, surroundings).await);
        }
    });
    (diagnostics, project.sources)
}
