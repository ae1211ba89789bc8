//! Changing a state by hand: lock it, change it, save it.

use terrane_model::{Diagnostic, Diagnostics, SourceMap};
use terrane_state::{StateSnapshot, publish};

use crate::args::ParsedFlags;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};

/// Changes the state of the selected workspace. Nothing is saved when the change is refused, or when `is_dry` says
/// that it is only tried.
///
/// # Errors
/// When the state cannot be locked, read, changed or saved.
pub(super) fn edit_state<T>(
    context: &Context,
    flags: &ParsedFlags,
    is_dry: bool,
    edit: impl FnOnce(&mut StateSnapshot) -> Result<T, Diagnostics>,
) -> Result<T, Diagnostics> {
    let mut session = Session::find(context, flags)?;
    session.lock(flags, "state")?;
    let (mut store, recovery) = session.open()?;
    context.show(&recovery.notices, &SourceMap::new());
    let mut content = store.snapshot().clone();
    let result = edit(&mut content)?;
    if is_dry {
        return Ok(result);
    }
    let failed = |error: String| {
        Diagnostics::from(Diagnostic::error(
            "Failed to save state",
            format!("Error saving the state: {error}."),
        ))
    };
    let unfinished: Vec<_> = store.unfinished().map(|(ticket, _)| ticket).collect();
    if !unfinished.is_empty() {
        let detail = format!(
            "An interrupted run has left {} operations of which the outcome is not known. Run \"terrane plan\" and \"terrane \
             apply\" first: they look after them.",
            unfinished.len()
        );
        return Err(Diagnostic::error("State has unfinished operations", detail).into());
    }
    if !store.snapshot().same_content(&content) {
        store.replace_content(content).map_err(|error| failed(error.to_string()))?;
    }
    block_on(publish(&mut store, session.backend.as_ref(), &session.workspace))
        .map_err(|error| failed(error.to_string()))?;
    let problems = session.unlock();
    if problems.has_errors() { Err(problems) } else { Ok(result) }
}

/// Ends a command: shows what went wrong, if anything.
pub(super) fn ended(context: &Context, result: Result<(), Diagnostics>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::Success,
        Err(problems) => {
            context.show(&problems, &SourceMap::new());
            ExitCode::Error
        }
    }
}
