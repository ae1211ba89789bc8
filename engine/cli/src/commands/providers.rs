//! `providers`: which module needs which provider; `providers schema`: what they offer.

use std::sync::Arc;

use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_model::{Diagnostic, Diagnostics, ProviderSource, SourceMap};
use terrane_plan::{PreparedConfiguration, ProviderPool};
use terrane_state::StateSnapshot;

use super::Command;
use super::state_edit::ended;
use super::tree_drawing::{Branch, draw};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::init::provider_requirements::{module_requirements, state_providers};
use crate::project::{configuration_files, load_project};
use crate::registry::registry;
use crate::session::{Session, block_on};
use crate::view::json::provider_schemas::provider_schemas_json;

pub(super) const COMMAND: Command = Command {
    name: "providers",
    summary: "Show the providers required for this configuration",
    usage: "providers [options] [DIR]",
    flags: &[&[Flag::value("test-directory", "path", "Set the test directory, defaults to \"tests\".")]],
    run: show,
};

pub(super) const SCHEMA: Command = Command {
    name: "providers schema",
    summary: "Show schemas for the providers used in the configuration",
    usage: "providers schema -json",
    flags: &[&[Flag::switch("json", "Prints out a json representation of the schemas for all providers.")]],
    run: |context, flags| ended(context, schema(context, flags)),
};

fn show(context: &Context, flags: &ParsedFlags) -> ExitCode {
    if configuration_files().is_empty() {
        let detail = "This directory contains no configuration files.";
        context.show(&Diagnostic::error("No configuration files", detail).into(), &SourceMap::new());
        return ExitCode::Error;
    }
    let (project, warnings) = match load_project(context) {
        Ok(loaded) => loaded,
        Err((problems, sources)) => {
            context.show(&problems, &sources);
            return ExitCode::Error;
        }
    };
    context.show(&warnings, &project.sources);
    let state = match state_of(context, flags) {
        Ok(state) => state,
        Err(problems) => {
            context.show(&problems, &SourceMap::new());
            return ExitCode::Error;
        }
    };
    let tree = draw(&branches(&project.tree, ModuleId::ROOT));
    context.terminal.line(&format!("\nProviders required by configuration:\n{tree}"));
    let mut sources: Vec<ProviderSource> = state_providers(&state).collect();
    sources.sort();
    sources.dedup();
    if !sources.is_empty() {
        let list: Vec<String> = sources.iter().map(|source| format!("    provider[{source}]\n")).collect();
        context.terminal.line(&format!("Providers required by state:\n\n{}", list.join("\n")));
    }
    ExitCode::Success
}

fn state_of(context: &Context, flags: &ParsedFlags) -> Result<StateSnapshot, Diagnostics> {
    Session::find(context, flags)?.read()
}

fn branches(tree: &ModuleTree, id: ModuleId) -> Vec<Branch> {
    let node = tree.node(id);
    let providers = module_requirements(&node.module).into_iter().map(|(source, constraints)| {
        let constraints = constraints.canonical();
        let blank = if constraints.is_empty() { "" } else { " " };
        Branch { label: format!("provider[{source}]{blank}{constraints}"), branches: Vec::new() }
    });
    let calls = node.module.module_calls.iter().zip(&node.children);
    let mut calls: Vec<_> = calls.filter_map(|(call, child)| Some((call.name.clone(), (*child)?))).collect();
    calls.sort();
    let calls = calls
        .into_iter()
        .map(|(name, child)| Branch { label: format!("module.{name}"), branches: branches(tree, child) });
    providers.chain(calls).collect()
}

fn schema(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    if !flags.switch("json", false) {
        let detail = "The `terrane providers schema` command requires the `-json` flag.";
        return Err(Diagnostic::error("The -json flag is required", detail).into());
    }
    let (project, _) = load_project(context).map_err(|(problems, sources)| {
        context.show(&problems, &sources);
        Diagnostics::new()
    })?;
    let configuration =
        PreparedConfiguration::prepare(Arc::clone(&project.tree), Arc::clone(&project.sources));
    let mut configuration = configuration.map_err(|problems| {
        context.show(&problems, &project.sources);
        Diagnostics::new()
    })?;
    configuration.include_state(&state_of(context, flags)?);
    let mut providers = ProviderPool::new(Arc::new(registry(context, &configuration.tree)));
    let mut problems = Diagnostics::new();
    block_on(async {
        for source in configuration.provider_sources() {
            problems.extend(providers.load(&source).await);
        }
    });
    if problems.has_errors() {
        return Err(problems);
    }
    context.terminal.line(&provider_schemas_json(providers.all_schemas()));
    Ok(())
}
