//! `force-unlock`: breaking a lock that nobody holds any more.

use terrane_model::{Diagnostic, Diagnostics};

use super::Command;
use super::state_edit::ended;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::run::ask::ask;
use crate::session::{Session, block_on};
use crate::terminal::Style;

pub(super) const COMMAND: Command = Command {
    name: "force-unlock",
    summary: "Release a stuck lock on the current workspace",
    usage: "force-unlock LOCK_ID",
    flags: &[&[Flag::switch("force", "Don't ask for input for unlock confirmation.")]],
    run: |context, flags| ended(context, run(context, flags)),
};

fn run(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let [id] = flags.arguments.as_slice() else {
        let detail = "Expected a single argument: LOCK_ID.";
        return Err(Diagnostic::error("Invalid command arguments", detail).into());
    };
    let session = Session::find(context, flags)?;
    if !flags.switch("force", false) {
        let description = "Terrane will remove the lock on the remote state.\nThis will allow local Terrane commands to modify \
                           this state, even though it\nmay still be in use. Only 'yes' will be accepted to confirm.";
        let answer = ask(context, "Do you really want to force-unlock?", description);
        if answer.as_deref() != Some("yes") {
            context.terminal.line("force-unlock cancelled.");
            return Err(Diagnostics::new());
        }
    }
    block_on(session.backend.force_unlock(&session.workspace, id))
        .map_err(|error| Diagnostic::error("Failed to unlock state", format!("{error}.")))?;
    let text = "Terrane state has been successfully unlocked!";
    context.terminal.line(&context.terminal.style(Style::BoldGreen, text));
    Ok(())
}
