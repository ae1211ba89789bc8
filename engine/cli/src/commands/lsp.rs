//! `lsp`: a server for editors.

use super::Command;
use crate::args::Flag;
use crate::exit_code::ExitCode;
use crate::language_server::serve;

pub(super) const COMMAND: Command = Command {
    name: "lsp",
    summary: "Answer an editor over the Language Server Protocol",
    usage: "lsp",
    flags: &[&[Flag::switch(
        "stdio",
        "Use standard input and output, which is the only way and need not be said.",
    )]],
    run: |context, _| match serve(context) {
        Ok(()) => ExitCode::Success,
        Err(error) => {
            context.terminal.error_line(&format!(
                "The editor and the language server do not understand each other: {error}."
            ));
            ExitCode::Error
        }
    },
};
