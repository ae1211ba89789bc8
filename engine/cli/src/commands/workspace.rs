//! `workspace list`, `show`, `new`, `select` and `delete`.

use std::path::Path;

use terrane_model::{Diagnostic, Diagnostics, SourceMap};
use terrane_state::{DEFAULT_WORKSPACE, StateSnapshot, check_workspace_name, read_state};

use super::Command;
use super::flag_groups::STATE_FLAGS;
use super::state_edit::ended;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::session::{Session, block_on, selected_workspace};
use crate::terminal::Style;

pub(super) const LIST: Command = Command {
    name: "workspace list",
    summary: "List Workspaces",
    usage: "workspace list",
    flags: &[],
    run: |context, flags| ended(context, list(context, flags)),
};

pub(super) const SHOW: Command = Command {
    name: "workspace show",
    summary: "Show the name of the current workspace",
    usage: "workspace show",
    flags: &[],
    run: |context, _| {
        context.terminal.line(&selected_workspace(context));
        crate::exit_code::ExitCode::Success
    },
};

pub(super) const NEW: Command = Command {
    name: "workspace new",
    summary: "Create a new workspace",
    usage: "workspace new [OPTIONS] NAME",
    flags: &[STATE_FLAGS],
    run: |context, flags| ended(context, new(context, flags)),
};

pub(super) const SELECT: Command = Command {
    name: "workspace select",
    summary: "Select a workspace",
    usage: "workspace select NAME",
    flags: &[&[Flag::switch("or-create", "Create the Terraform workspace if it doesn't exist.")]],
    run: |context, flags| ended(context, select(context, flags)),
};

pub(super) const DELETE: Command = Command {
    name: "workspace delete",
    summary: "Delete a workspace",
    usage: "workspace delete [OPTIONS] NAME",
    flags: &[
        &[Flag::switch(
            "force",
            "Remove a workspace even if it is managing resources. Terrane can no longer track or manage the workspace's infrastructure.",
        )],
        STATE_FLAGS,
    ],
    run: |context, flags| ended(context, delete(context, flags)),
};

fn list(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let session = Session::find(context, flags)?;
    let names = block_on(session.backend.workspaces()).map_err(|error| failed("list workspaces", &error))?;
    for name in names {
        let sign = if name.as_str() == session.workspace { "*" } else { " " };
        context.terminal.line(&format!("{sign} {name}"));
    }
    context.terminal.line("");
    Ok(())
}

fn failed(what: &str, error: &terrane_state::BackendError) -> Diagnostics {
    Diagnostic::error(format!("Failed to {what}"), format!("{error}.")).into()
}

fn one_name(flags: &ParsedFlags) -> Result<&str, Diagnostics> {
    let [name] = flags.arguments.as_slice() else {
        return Err(
            Diagnostic::error("Invalid command arguments", "Expected a single argument: NAME.").into()
        );
    };
    if check_workspace_name(name).is_err() {
        let detail = format!(
            "The workspace name {name:?} is not allowed. The name must contain only URL safe characters, contain no path \
             separators, and not be an empty string."
        );
        return Err(Diagnostic::error("Invalid workspace name", detail).into());
    }
    Ok(name)
}

/// The variable wins over what is selected, so that selecting would do nothing.
fn refuse_override(context: &Context) -> Result<(), Diagnostics> {
    if context.variable("TF_WORKSPACE").is_none() {
        return Ok(());
    }
    let detail = "The selected workspace is currently overridden using the TF_WORKSPACE environment variable.\n\nTo select a new \
                  workspace, either update this environment variable or unset it and then run this command again.";
    Err(Diagnostic::error("Workspace is overridden", detail).into())
}

fn choose(context: &Context, name: &str) -> Result<(), Diagnostics> {
    let directory = context.data_directory();
    std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::write(directory.join("environment"), name))
        .map_err(|error| Diagnostic::error("Failed to select workspace", format!("{error}.")).into())
}

fn new(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    refuse_override(context)?;
    let name = one_name(flags)?;
    let session = Session::find(context, flags)?;
    let names = block_on(session.backend.workspaces()).map_err(|error| failed("list workspaces", &error))?;
    if names.iter().any(|existing| existing.as_str() == name) {
        let detail = format!("Workspace {name:?} already exists.");
        return Err(Diagnostic::error(format!("Workspace {name:?} already exists"), detail).into());
    }
    block_on(session.backend.create_workspace(name)).map_err(|error| failed("create workspace", &error))?;
    choose(context, name)?;
    context.terminal.line(&created(context, name));
    match flags.text("state") {
        Some(path) => fill(context, flags, Path::new(path)),
        None => Ok(()),
    }
}

fn created(context: &Context, name: &str) -> String {
    let made =
        context.terminal.style(Style::BoldGreen, &format!("Created and switched to workspace {name:?}!"));
    format!(
        "{made}\n\nYou're now on a new, empty workspace. Workspaces isolate their state,\nso if you run \"terrane plan\" \
         Terrane will not see any existing state\nfor this configuration."
    )
}

/// Puts an existing state into a new workspace.
fn fill(context: &Context, flags: &ParsedFlags, path: &Path) -> Result<(), Diagnostics> {
    let content = std::fs::read(path).map_err(|error| {
        Diagnostics::from(Diagnostic::error("Failed to read state", format!("{}: {error}.", path.display())))
    })?;
    let state: StateSnapshot =
        read_state(&content).map_err(|error| Diagnostics::from(error.to_diagnostic()))?;
    let without_path = ParsedFlags::default();
    let _ = flags;
    super::state_edit::edit_state(context, &without_path, false, |existing| {
        *existing = state;
        Ok(())
    })
}

fn select(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    refuse_override(context)?;
    let name = one_name(flags)?;
    let session = Session::find(context, flags)?;
    if name == session.workspace {
        return Ok(());
    }
    let names = block_on(session.backend.workspaces()).map_err(|error| failed("list workspaces", &error))?;
    let is_new = !names.iter().any(|existing| existing.as_str() == name);
    if is_new {
        if !flags.switch("or-create", false) {
            let detail = "You can create this workspace with the \"new\" subcommand or include the \"-or-create\" flag with the \
                          \"select\" subcommand.";
            return Err(Diagnostic::error(format!("Workspace {name:?} doesn't exist."), detail).into());
        }
        block_on(session.backend.create_workspace(name))
            .map_err(|error| failed("create workspace", &error))?;
    }
    choose(context, name)?;
    if is_new {
        context.terminal.line(&created(context, name));
    } else {
        let text = format!("Switched to workspace {name:?}.");
        context.terminal.line(&context.terminal.style(Style::Green, &text));
    }
    Ok(())
}

fn delete(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    refuse_override(context)?;
    let name = one_name(flags)?;
    let mut current = Session::find(context, flags)?;
    if name == current.workspace {
        let detail = format!(
            "Workspace {name:?} is your active workspace.\n\nYou cannot delete the currently active workspace. Please switch to \
             another workspace and try again."
        );
        return Err(Diagnostic::error("Workspace is active", detail).into());
    }
    let names = block_on(current.backend.workspaces()).map_err(|error| failed("list workspaces", &error))?;
    if !names.iter().any(|existing| existing.as_str() == name) {
        let detail = format!("There is no workspace {name:?}.");
        return Err(Diagnostic::error(format!("Workspace {name:?} doesn't exist."), detail).into());
    }
    if name == DEFAULT_WORKSPACE {
        return Err(failed("delete workspace", &terrane_state::BackendError::DefaultWorkspace));
    }
    // Nobody is to be at work there.
    name.clone_into(&mut current.workspace);
    current.lock(flags, "workspace-delete")?;
    let content = block_on(current.backend.read(name)).map_err(|error| failed("read state", &error))?;
    let state = if content.is_empty() { None } else { read_state(&content).ok() };
    let tracked: Vec<String> =
        state.iter().flat_map(StateSnapshot::objects).map(|(address, ..)| format!("  - {address}")).collect();
    if !tracked.is_empty() && !flags.switch("force", false) {
        let detail = format!(
            "Workspace {name:?} is currently tracking the following resource instances:\n{}\n\nDeleting this workspace would \
             cause Terrane to lose track of any associated remote objects, which would then require you to delete them \
             manually outside of Terrane. You should destroy these objects with Terrane before deleting the workspace.\n\nIf \
             you want to delete this workspace anyway, and have Terrane forget about these managed objects, use the -force \
             option to disable this safety check.",
            tracked.join("\n")
        );
        return Err(Diagnostic::error("Workspace is not empty", detail).into());
    }
    // Some locks are part of what is deleted.
    let problems = current.unlock();
    if problems.has_errors() {
        return Err(problems);
    }
    block_on(current.backend.delete_workspace(name)).map_err(|error| failed("delete workspace", &error))?;
    context.terminal.line(&context.terminal.style(Style::Green, &format!("Deleted workspace {name:?}!")));
    if !tracked.is_empty() {
        let detail = format!(
            "{name:?} was non-empty.\nThe resources managed by the deleted workspace may still exist, but are no longer \
             manageable by Terrane since the state has been deleted."
        );
        context.show(&Diagnostic::warning("Workspace was not empty", detail).into(), &SourceMap::new());
    }
    Ok(())
}
