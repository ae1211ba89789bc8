//! `state list`, `show`, `mv`, `rm`, `pull`, `push` and `replace-provider`.

use std::io::Read;

use terrane_model::{Diagnostic, Diagnostics, ProviderSource, ResourceInstanceAddress, Target};
use terrane_state::{
    StateSnapshot, check_replaces, move_target, read_state, remove_targets, replace_provider, write_state,
};

use super::Command;
use super::flag_groups::STATE_FLAGS;
use super::state_edit::{edit_state, ended};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::run::ask::ask;
use crate::session::{Session, block_on};
use crate::terminal::Style;

const EDIT_FLAGS: &[Flag] =
    &[Flag::value("backup-out", "path", ""), Flag::switch("ignore-remote-version", "")];

const DRY_RUN: &[Flag] = &[Flag::switch(
    "dry-run",
    "If set, prints out what would've been done but doesn't actually do anything.",
)];

pub(super) const LIST: Command = Command {
    name: "state list",
    summary: "List resources in the state",
    usage: "state list [options] [address...]",
    flags: &[
        &[Flag::value(
            "id",
            "ID",
            "Filters the results to include only instances whose resource types have an attribute named id whose value equals the given id string.",
        )],
        STATE_FLAGS,
    ],
    run: |context, flags| ended(context, list(context, flags)),
};

pub(super) const SHOW: Command = Command {
    name: "state show",
    summary: "Show a resource in the state",
    usage: "state show [options] ADDRESS",
    flags: &[STATE_FLAGS, SHOW_FLAGS],
    run: |context, flags| ended(context, show(context, flags)),
};

pub(super) const MV: Command = Command {
    name: "state mv",
    summary: "Move an item in the state",
    usage: "state mv [options] SOURCE DESTINATION",
    flags: &[DRY_RUN, STATE_FLAGS, EDIT_FLAGS],
    run: |context, flags| ended(context, mv(context, flags)),
};

pub(super) const RM: Command = Command {
    name: "state rm",
    summary: "Remove instances from the state",
    usage: "state rm [options] ADDRESS...",
    flags: &[DRY_RUN, STATE_FLAGS, EDIT_FLAGS],
    run: |context, flags| ended(context, rm(context, flags)),
};

pub(super) const PULL: Command = Command {
    name: "state pull",
    summary: "Pull current state and output to stdout",
    usage: "state pull [options]",
    flags: &[STATE_FLAGS],
    run: |context, flags| ended(context, pull(context, flags)),
};

pub(super) const PUSH: Command = Command {
    name: "state push",
    summary: "Update remote state from a local state file",
    usage: "state push [options] PATH",
    flags: &[
        &[Flag::switch(
            "force",
            "Write the state even if lineages don't match or the remote serial is higher.",
        )],
        STATE_FLAGS,
        EDIT_FLAGS,
    ],
    run: |context, flags| ended(context, push(context, flags)),
};

pub(super) const REPLACE_PROVIDER: Command = Command {
    name: "state replace-provider",
    summary: "Replace provider in the state",
    usage: "state replace-provider [options] FROM_PROVIDER_FQN TO_PROVIDER_FQN",
    flags: &[&[Flag::switch("auto-approve", "Skip interactive approval.")], STATE_FLAGS, EDIT_FLAGS],
    run: |context, flags| ended(context, replace(context, flags)),
};

fn usage(detail: &str) -> Diagnostics {
    Diagnostic::error("Invalid command arguments", detail).into()
}

fn target(text: &str) -> Result<Target, Diagnostics> {
    Target::parse(text)
        .map_err(|error| Diagnostic::error(format!("Invalid address {text:?}"), error.to_string()).into())
}

/// Reads the state; commands about what it has need one.
fn existing_state(context: &Context, flags: &ParsedFlags) -> Result<StateSnapshot, Diagnostics> {
    let state = Session::find(context, flags)?.read()?;
    if state.lineage.is_empty() && state.serial == 0 && state.resources.is_empty() {
        let detail = "State management commands require a state file. Run this command in a directory where Terrane has been run \
                      or use the -state flag to point the command to a specific state location.";
        return Err(Diagnostic::error("No state file was found!", detail).into());
    }
    Ok(state)
}

fn list(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let state = existing_state(context, flags)?;
    let targets: Vec<Target> = flags.arguments.iter().map(|text| target(text)).collect::<Result<_, _>>()?;
    let mut found = vec![false; targets.len()];
    for (address, deposed, _, object) in state.objects() {
        let mut is_wanted = targets.is_empty();
        for (target, found) in targets.iter().zip(&mut found) {
            let covers = target.covers(&address);
            *found |= covers;
            is_wanted |= covers;
        }
        let has_id = flags.text("id").is_none_or(|id| id_of(&object.attributes).as_deref() == Some(id));
        if is_wanted && has_id && deposed.is_none() {
            context.terminal.line(&address.to_string());
        }
    }
    for (target, found) in targets.iter().zip(found) {
        if !found {
            let kind = if matches!(target, Target::Module(_)) { "module" } else { "resource" };
            let detail = format!(
                "The current state contains no {kind} {target}. If you've just added this {kind} to the configuration, you \
                 must run \"terrane apply\" first to create the {kind}'s entry in the state."
            );
            return Err(Diagnostic::error(format!("Unknown {kind}"), detail).into());
        }
    }
    Ok(())
}

fn id_of(attributes: &str) -> Option<String> {
    let attributes: serde_json::Value = serde_json::from_str(attributes).ok()?;
    attributes.get("id")?.as_str().map(str::to_owned)
}

const SHOW_FLAGS: &[Flag] =
    &[Flag::switch("show-sensitive", "If specified, sensitive values are displayed.")];

fn show(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let [text] = flags.arguments.as_slice() else {
        return Err(usage("Exactly one argument expected: the address."));
    };
    let address = instance(text)?;
    let state = existing_state(context, flags)?;
    let no_such = || {
        let detail = format!(
            "No instance found for the given address {address}! This command requires that the address references one specific \
             instance. To view the available instances, use \"terrane state list\"."
        );
        Diagnostics::from(Diagnostic::error("No instance found", detail))
    };
    let Some(resource) = state.resources.get(&address.resource()) else { return Err(no_such()) };
    let Some(object) = state.object(&address) else { return Err(no_such()) };
    let mut alone = StateSnapshot::default();
    alone.set_object(&address, None, &resource.provider_config, Some(object.clone()));
    let (objects, providers) = super::show::decoded(&crate::registry::state_registry(context), &alone)?;
    let reveal = flags.switch("show-sensitive", false);
    let text =
        crate::view::human::state::render_state(&alone, &objects, &providers, &context.terminal, reveal);
    context.terminal.text(&text);
    Ok(())
}

fn instance(text: &str) -> Result<ResourceInstanceAddress, Diagnostics> {
    ResourceInstanceAddress::parse(text)
        .map_err(|error| Diagnostic::error(format!("Invalid address {text:?}"), error.to_string()).into())
}

fn mv(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let [from, to] = flags.arguments.as_slice() else {
        return Err(usage("Exactly two arguments expected: the source and the destination."));
    };
    let (source, destination) = (target(from)?, target(to)?);
    let is_dry = flags.switch("dry-run", false);
    edit_state(context, flags, is_dry, |state| {
        move_target(state, &source, &destination).map_err(|error| error.to_diagnostic().into())
    })?;
    if is_dry {
        context.terminal.line(&format!("Would move {from:?} to {to:?}"));
    } else {
        context.terminal.line(&format!("Move {from:?} to {to:?}\nSuccessfully moved 1 object(s)."));
    }
    Ok(())
}

fn rm(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    if flags.arguments.is_empty() {
        return Err(usage("At least one address is required."));
    }
    let targets: Vec<Target> = flags.arguments.iter().map(|text| target(text)).collect::<Result<_, _>>()?;
    let is_dry = flags.switch("dry-run", false);
    let removed = edit_state(context, flags, is_dry, |state| {
        remove_targets(state, &targets).map_err(|error| error.to_diagnostic().into())
    })?;
    let word = if is_dry { "Would remove" } else { "Removed" };
    for address in &removed {
        context.terminal.line(&format!("{word} {address}"));
    }
    if !is_dry {
        context.terminal.line(&format!("Successfully removed {} resource instance(s).", removed.len()));
    }
    Ok(())
}

fn pull(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let state = Session::find(context, flags)?.read()?;
    if state.serial == 0 && state.is_empty() {
        return Ok(());
    }
    let text = write_state(&state).map_err(|error| {
        Diagnostics::from(Diagnostic::error("Failed to write state", format!("{error}.")))
    })?;
    context.terminal.text(&text);
    Ok(())
}

fn push(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let [path] = flags.arguments.as_slice() else {
        return Err(usage(
            "Exactly one argument expected: the path of the state to push, or - for standard input.",
        ));
    };
    let content = read_content(path).map_err(|error| {
        Diagnostics::from(Diagnostic::error("Failed to read state", format!("{path}: {error}.")))
    })?;
    let new = read_state(&content).map_err(|error| Diagnostics::from(error.to_diagnostic()))?;
    let mut session = Session::find(context, flags)?;
    session.lock(flags, "state-push")?;
    let (mut store, _) = session.open()?;
    let existing = store.snapshot();
    let has_state = existing.serial > 0 || !existing.is_empty();
    if has_state && !flags.switch("force", false) {
        check_replaces(&new, existing).map_err(|error| {
            Diagnostics::from(Diagnostic::error("Failed to write state", format!("{error}.")))
        })?;
    }
    let (lineage, serial) = (new.lineage.clone(), new.serial);
    let failed =
        |error: String| Diagnostics::from(Diagnostic::error("Failed to write state", format!("{error}.")));
    store.replace_content(new).map_err(|error| failed(error.to_string()))?;
    // The state is written with the serial that was pushed, not with the one behind it.
    store.adopt_history(lineage, serial.saturating_sub(1));
    block_on(terrane_state::publish(&mut store, session.backend.as_ref(), &session.workspace))
        .map_err(|error| failed(error.to_string()))?;
    let problems = session.unlock();
    if problems.has_errors() { Err(problems) } else { Ok(()) }
}

fn read_content(path: &str) -> std::io::Result<Vec<u8>> {
    if path != "-" {
        return std::fs::read(path);
    }
    let mut content = Vec::new();
    std::io::stdin().lock().read_to_end(&mut content)?;
    Ok(content)
}

fn replace(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let [from, to] = flags.arguments.as_slice() else {
        return Err(usage("Exactly two arguments expected: the present provider and the new one."));
    };
    let source = |text: &str| {
        ProviderSource::parse(text).ok_or_else(|| {
            let detail = format!("{text:?} is not the source of a provider, such as hashicorp/azurerm.");
            Diagnostics::from(Diagnostic::error("Invalid provider source", detail))
        })
    };
    let (from, to) = (source(from)?, source(to)?);
    let mut preview = Session::find(context, flags)?.read()?;
    let affected = replace_provider(&mut preview, &from, &to);
    if affected.is_empty() {
        context.terminal.line("No matching resources found.");
        return Ok(());
    }
    describe_replacement(context, &from, &to, &affected.iter().map(ToString::to_string).collect::<Vec<_>>());
    if !flags.switch("auto-approve", false) {
        let description = "Only 'yes' will be accepted to continue.";
        let answer = ask(context, "Do you want to make these changes?", description);
        if answer.as_deref() != Some("yes") {
            context.terminal.line("Cancelled replacing providers.");
            return Ok(());
        }
    }
    let changed = edit_state(context, flags, false, |state| Ok(replace_provider(state, &from, &to)))?;
    context.terminal.line(&format!("Successfully replaced provider for {} resources.", changed.len()));
    Ok(())
}

fn describe_replacement(context: &Context, from: &ProviderSource, to: &ProviderSource, affected: &[String]) {
    let terminal = &context.terminal;
    terminal.line("Terrane will perform the following actions:\n");
    terminal.line(&format!("  {} Updating provider:", terminal.style(Style::Yellow, "~")));
    terminal.line(&format!("    {} {from}", terminal.style(Style::Red, "-")));
    terminal.line(&format!("    {} {to}\n", terminal.style(Style::Green, "+")));
    terminal.line(&format!("Changing {} resources:\n", affected.len()));
    for address in affected {
        terminal.line(&format!("  {address}"));
    }
    terminal.line("");
}
