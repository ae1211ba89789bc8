//! `fmt`: configuration files in canonical layout.

use std::io::Read;
use std::path::{Path, PathBuf};

use terrane_language::syntax::{decode_source, format_source};
use terrane_model::{Diagnostic, Diagnostics, SourceMap};

use super::Command;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;

pub(super) const COMMAND: Command = Command {
    name: "fmt",
    summary: "Reformat your configuration in the standard style",
    usage: "fmt [options] [target...]",
    flags: &[&[
        Flag::switch(
            "list",
            "Don't list files whose formatting differs (always disabled if using STDIN) (-list=false).",
        ),
        Flag::switch(
            "write",
            "Don't write to source files (always disabled if using STDIN or -check) (-write=false).",
        ),
        Flag::switch("diff", "Display diffs of formatting changes."),
        Flag::switch(
            "check",
            "Check if the input is formatted. Exit status will be 0 if all input is properly formatted and non-zero otherwise.",
        ),
        Flag::switch(
            "recursive",
            "Also process files in subdirectories. By default, only the given directory (or current directory) is processed.",
        ),
    ]],
    run,
};

/// How files are treated.
struct Formatter<'a> {
    context: &'a Context,
    list: bool,
    write: bool,
    diff: bool,
    recursive: bool,
    /// Whether some file is not in canonical layout.
    found: bool,
    diagnostics: Diagnostics,
    sources: SourceMap,
}

/// Endings of the files that are formatted.
const ENDINGS: [&str; 4] = [".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl"];

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let check = flags.switch("check", false);
    let mut formatter = Formatter {
        context,
        list: flags.switch("list", true),
        write: flags.switch("write", true) && !check,
        diff: flags.switch("diff", false),
        recursive: flags.switch("recursive", false),
        found: false,
        diagnostics: Diagnostics::new(),
        sources: SourceMap::new(),
    };
    let targets = if flags.arguments.is_empty() { vec![".".to_owned()] } else { flags.arguments.clone() };
    for target in &targets {
        if target == "-" {
            formatter.standard_input(check);
        } else {
            formatter.target(Path::new(target));
        }
    }
    context.show(&formatter.diagnostics, &formatter.sources);
    if formatter.diagnostics.has_errors() {
        ExitCode::Unformattable
    } else if check && formatter.found {
        ExitCode::NotFormatted
    } else {
        ExitCode::Success
    }
}

impl Formatter<'_> {
    fn standard_input(&mut self, check: bool) {
        let mut bytes = Vec::new();
        if let Err(error) = std::io::stdin().lock().read_to_end(&mut bytes) {
            self.diagnostics.push(Diagnostic::error("Failed to read standard input", format!("{error}.")));
            return;
        }
        let Some((text, formatted)) = self.format("<stdin>", bytes) else { return };
        self.found |= text != formatted;
        if self.diff {
            if text != formatted {
                self.context.terminal.text(&unified_diff("<stdin>", &text, &formatted));
            }
        } else if !check {
            self.context.terminal.text(&formatted);
            if !formatted.ends_with('\n') {
                self.context.terminal.text("\n");
            }
        }
    }

    fn target(&mut self, path: &Path) {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.directory(path),
            Ok(_) if is_formatted(path) => self.file(path),
            Ok(_) => {
                let detail = "Only .tf, .tfvars, and .tftest.hcl files can be processed with terrane fmt.";
                self.diagnostics.push(Diagnostic::error("Unsupported file type", detail));
            }
            Err(_) => {
                let detail = format!("No file or directory at {}.", path.display());
                self.diagnostics.push(Diagnostic::error("No such file or directory", detail));
            }
        }
    }

    fn directory(&mut self, path: &Path) {
        let mut entries: Vec<PathBuf> = match std::fs::read_dir(path) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
            Err(error) => {
                let detail = format!("Error reading {}: {error}.", path.display());
                self.diagnostics.push(Diagnostic::error("Failed to read directory", detail));
                return;
            }
        };
        entries.sort();
        for entry in entries {
            let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if is_ignored(name) {
                continue;
            }
            if entry.is_dir() {
                if self.recursive {
                    self.directory(&entry);
                }
            } else if is_formatted(&entry) {
                self.file(entry.strip_prefix("./").unwrap_or(&entry));
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let shown = path.display().to_string();
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let detail = format!("Failed to read file {shown}: {error}.");
                self.diagnostics.push(Diagnostic::error("Failed to read file", detail));
                return;
            }
        };
        let Some((text, formatted)) = self.format(&shown, bytes) else { return };
        if text == formatted {
            return;
        }
        self.found = true;
        if self.list {
            self.context.terminal.line(&shown);
        }
        if self.diff {
            self.context.terminal.text(&unified_diff(&shown, &text, &formatted));
        }
        if self.write
            && let Err(error) = std::fs::write(path, &formatted)
        {
            let detail = format!("Failed to write {shown}: {error}.");
            self.diagnostics.push(Diagnostic::error("Failed to write file", detail));
        }
    }

    /// Returns a file's text as it is and as it should be.
    fn format(&mut self, path: &str, bytes: Vec<u8>) -> Option<(String, String)> {
        let text = match decode_source(bytes) {
            Ok(text) => text,
            Err(error) => {
                let id = self.sources.add(path, error.text.as_str());
                self.diagnostics.push(error.diagnostic(id));
                return None;
            }
        };
        let id = self.sources.add(path, text.as_str());
        match format_source(id, &text) {
            Ok(formatted) => Some((text, formatted)),
            Err(problems) => {
                self.diagnostics.extend(problems);
                None
            }
        }
    }
}

fn is_formatted(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Editors' files and hidden ones are left alone.
fn is_ignored(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

fn unified_diff(path: &str, before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    diff.unified_diff().header(&format!("old/{path}"), &format!("new/{path}")).to_string()
}
