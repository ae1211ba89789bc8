//! `convert`: configuration made of other tools' files.

use std::io::Read;
use std::path::Path;

use terrane_model::{Diagnostic, Diagnostics, SourceMap};

use super::Command;
use crate::args::ParsedFlags;
use crate::context::Context;
use crate::convert::{Files, helmfile, kind_config};
use crate::exit_code::ExitCode;

pub(super) const KIND: Command = Command {
    name: "convert kind-config",
    summary: "Write a kind cluster's configuration as a kind_cluster resource",
    usage: "convert kind-config [FILE]",
    flags: &[],
    run: |context, flags| convert(context, flags, kind_config::convert),
};

pub(super) const HELMFILE: Command = Command {
    name: "convert helmfile",
    summary: "Write the releases of a helmfile as helm_release resources",
    usage: "convert helmfile [FILE]",
    flags: &[],
    run: |context, flags| convert(context, flags, helmfile::convert),
};

/// What a conversion gives: configuration, and warnings about what has no place in it.
type Conversion = fn(&str, &Files<'_>) -> Result<(String, Diagnostics), Diagnostics>;

fn convert(context: &Context, flags: &ParsedFlags, conversion: Conversion) -> ExitCode {
    let folder = flags.arguments.first().map(Path::new).and_then(Path::parent);
    let folder = folder.unwrap_or(Path::new("")).to_owned();
    let files = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|error| error.to_string());
    let converted = read(flags).and_then(|text| conversion(&text, &files));
    match converted {
        Ok((text, warnings)) => {
            context.show(&warnings, &SourceMap::new());
            context.terminal.text(&text);
            ExitCode::Success
        }
        Err(diagnostics) => {
            context.show(&diagnostics, &SourceMap::new());
            ExitCode::Error
        }
    }
}

/// Reads the file that is named, or the standard input.
fn read(flags: &ParsedFlags) -> Result<String, Diagnostics> {
    let failed = |name: &str, error: std::io::Error| {
        Diagnostics::from(Diagnostic::error("Cannot read file", format!("{name}: {error}")))
    };
    match flags.arguments.as_slice() {
        [name] if name != "-" => std::fs::read_to_string(name).map_err(|error| failed(name, error)),
        [] | [_] => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| failed("standard input", error))?;
            Ok(text)
        }
        _ => {
            let detail = "At most one argument expected: the file to convert.";
            Err(Diagnostic::error("Invalid command arguments", detail).into())
        }
    }
}
