//! `import`: taking over one existing object without a plan.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, ResourceInstanceAddress, ResourceMode, SourceMap, Target};
use terrane_plan::{PlanMode, PlanOptions};
use terrane_provider::ImportTarget;

use super::Command;
use super::flag_groups::{STATE_FLAGS, VARIABLE_FLAGS};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::project::{Project, load_project};
use crate::report::{Report, report};
use crate::run::Failure;
use crate::run::applying::carry_out;
use crate::run::discovery::discover;
use crate::run::options::{RUN_FLAGS, plan_options};
use crate::run::planning::make_plan;

const OWN_FLAGS: &[Flag] = &[
    Flag::value(
        "config",
        "path",
        "Path to a directory of configuration files. Defaults to the working directory.",
    ),
    Flag::switch("ignore-remote-version", ""),
    Flag::value(
        "discover",
        "id",
        "Write a file with resource and import blocks for everything in a resource group or subscription that is not managed yet, in place of importing one object. Takes no arguments.",
    ),
    Flag::value("out", "path", "With -discover, the file to write. Defaults to discovered.tf."),
];

pub(super) const COMMAND: Command = Command {
    name: "import",
    summary: "Associate existing infrastructure with a resource",
    usage: "import [options] ADDR ID",
    flags: &[OWN_FLAGS, VARIABLE_FLAGS, RUN_FLAGS, STATE_FLAGS],
    run,
};

/// Where discovered objects are written unless told otherwise.
const DISCOVERED: &str = "discovered.tf";

const SUCCESS: &str = "\nImport successful!\n\nThe resources that were imported are shown above. These resources are now in\nyour \
                       Terraform state and will henceforth be managed by Terraform.\n";

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let scope = flags.text("discover");
    let ([address, id], None) = (flags.arguments.as_slice(), scope) else {
        if let ([], Some(scope)) = (flags.arguments.as_slice(), scope) {
            return run_discovery(context, flags, scope);
        }
        context.terminal.error_line("The import command expects two arguments.");
        return ExitCode::Error;
    };
    if let Some(directory) = flags.text("config")
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let problem = Diagnostic::error("Invalid configuration directory", format!("{directory}: {error}."));
        context.show(&problem.into(), &SourceMap::new());
        return ExitCode::Error;
    }
    let report = match report(context, flags) {
        Ok(report) => report,
        Err(code) => return code,
    };
    match import(context, flags, &report, address, id) {
        Ok(()) => {
            report.notice(SUCCESS);
            ExitCode::Success
        }
        Err((diagnostics, sources)) => {
            report.diagnostics(&diagnostics, &sources);
            ExitCode::Error
        }
    }
}

fn run_discovery(context: &Context, flags: &ParsedFlags, scope: &str) -> ExitCode {
    let report = match report(context, flags) {
        Ok(report) => report,
        Err(code) => return code,
    };
    let path = flags.text("out").unwrap_or(DISCOVERED);
    match discover(context, flags, &report, scope, path) {
        Ok(found) => {
            report.diagnostics(&found.diagnostics, &SourceMap::new());
            report.notice(&match found.count {
                0 => format!("\nThere is nothing in {scope} that is not managed already.\n"),
                count => format!(
                    "\nWrote blocks for {count} objects to {path}. Look through them, then run \"terrane plan\": it shows what \
                     will be imported, and what the blocks would change.\n"
                ),
            });
            ExitCode::Success
        }
        Err((diagnostics, sources)) => {
            report.diagnostics(&diagnostics, &sources);
            ExitCode::Error
        }
    }
}

fn import(
    context: &Context,
    flags: &ParsedFlags,
    report: &Arc<dyn Report>,
    address: &str,
    id: &str,
) -> Result<(), Failure> {
    let nowhere = |problems: Diagnostics| (problems, Arc::new(SourceMap::new()));
    let address = parse_address(address).map_err(|problem| nowhere(problem.into()))?;
    let (project, _) = load_project(context)?;
    check_declared(&project, &address)
        .map_err(|problem| (Diagnostics::from(problem), Arc::clone(&project.sources)))?;
    let options = PlanOptions {
        mode: PlanMode::RefreshOnly,
        targets: vec![Target::Resource(address.clone())],
        imports: vec![(address, ImportTarget::Id(id.into()))],
        ..plan_options(flags, Some(PlanMode::RefreshOnly)).map_err(nowhere)?
    };
    let parallelism = options.parallelism;
    let mut planned = make_plan(context, flags, options, report, "import")?;
    let warnings = std::mem::take(&mut planned.diagnostics);
    report.diagnostics(&warnings, &planned.sources);
    let sources = Arc::clone(&planned.sources);
    let (_, diagnostics) = carry_out(context, planned, parallelism, report)?;
    report.diagnostics(&diagnostics, &sources);
    Ok(())
}

fn parse_address(text: &str) -> Result<ResourceInstanceAddress, Diagnostic> {
    let address = ResourceInstanceAddress::parse(text)
        .map_err(|error| Diagnostic::error("Invalid address", format!("{text:?}: {error}.")))?;
    if address.resource.mode != ResourceMode::Managed {
        let summary =
            "A managed resource address is required. Importing into a data resource is not allowed.";
        return Err(Diagnostic::error(summary, ""));
    }
    Ok(address)
}

/// An object can only be taken over by a resource that is declared.
fn check_declared(project: &Project, address: &ResourceInstanceAddress) -> Result<(), Diagnostic> {
    let path = address.module.path();
    let Some(module) = project.tree.find(&path) else {
        let detail = format!(
            "{path} is not defined in the configuration. Please add configuration for this module before importing into it."
        );
        return Err(Diagnostic::error("Import to non-existent module", detail));
    };
    if project.tree.module(module).resource(&address.resource).is_some() {
        return Ok(());
    }
    let place = if path.is_root() { "the root module".to_owned() } else { path.to_string() };
    let summary = format!("resource address {:?} does not exist in the configuration.", address.to_string());
    let detail = format!(
        "Before importing this resource, please create its configuration in {place}. For example:\n\nresource {:?} {:?} {{\n  # \
         (resource arguments)\n}}",
        address.resource.resource_type.as_str(),
        address.resource.name.as_str()
    );
    Err(Diagnostic::error(summary, detail))
}
