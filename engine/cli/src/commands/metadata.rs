//! `metadata functions`: the signatures of all functions.

use terrane_language::functions::all;
use terrane_model::{Diagnostic, Diagnostics};

use super::Command;
use super::state_edit::ended;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::view::json::provider_schemas::function_signatures_json;

pub(super) const FUNCTIONS: Command = Command {
    name: "metadata functions",
    summary: "Show signatures and descriptions for the available functions",
    usage: "metadata functions -json",
    flags: &[&[Flag::switch(
        "json",
        "Prints out a json representation of the signatures and descriptions of functions.",
    )]],
    run: |context, flags| ended(context, functions(context, flags)),
};

fn functions(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    if !flags.switch("json", false) {
        let detail = "The `terrane metadata functions` command requires the `-json` flag.";
        return Err(Diagnostic::error("The -json flag is required", detail).into());
    }
    context.terminal.line(&function_signatures_json(all()));
    Ok(())
}
