//! Lines of the machine-readable UI, version 1.2: what all of them have in common.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Mutex, PoisonError};

use terrane_model::{Diagnostic, Diagnostics, Severity, SourceMap};

use crate::args::ParsedFlags;
use crate::project::TERRAFORM_VERSION;
use crate::terminal::Terminal;
use crate::view::json::diagnostic::to_json;
use crate::view::json::writer::ObjectWriter;

/// What a line is about beside its content, by name: `@testfile` and the like.
pub type Place<'p> = &'p [(&'static str, &'p str)];

/// Where lines go.
pub enum LineSink {
    /// To standard output.
    Terminal(Arc<Terminal>),
    /// To a file that nobody else may read: lines hold what people do not get to see.
    File(Mutex<File>),
}

impl LineSink {
    /// Makes the file that `-json-into` names; nothing where it names none.
    ///
    /// # Errors
    /// When it cannot be made, or lines go to standard output already.
    pub fn asked_for(flags: &ParsedFlags) -> Result<Option<Self>, Diagnostic> {
        let Some(path) = flags.text("json-into") else { return Ok(None) };
        if flags.switch("json", false) {
            let detail = "The -json and -json-into options are mutually-exclusive.";
            return Err(Diagnostic::error("Invalid output format", detail));
        }
        let opened =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(|error| {
                let detail =
                    format!("The file {path:?} of the -json-into option cannot be written: {error}.");
                Diagnostic::error("Failed to open a file for output", detail)
            });
        opened.map(|file| Some(Self::File(Mutex::new(file))))
    }

    fn line(&self, text: &str) {
        match self {
            Self::Terminal(terminal) => terminal.line(text),
            Self::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                // As with standard output: that nobody can read it any more is no reason to stop.
                let _ = file.write_all(format!("{text}\n").as_bytes());
            }
        }
    }
}

/// Writes lines of JSON.
pub struct UiLines {
    sink: LineSink,
}

impl UiLines {
    /// Begins with the line that says which version writes.
    pub fn begin(sink: LineSink) -> Self {
        let lines = Self { sink };
        lines.write("info", &format!("Terraform {TERRAFORM_VERSION}"), "version", &[], |line| {
            line.text("terraform", TERRAFORM_VERSION)
                .text("terrane", env!("CARGO_PKG_VERSION"))
                .text("ui", "1.2");
        });
        lines
    }

    /// Writes a line; `fill` adds its content.
    pub fn write(
        &self,
        level: &str,
        message: &str,
        kind: &str,
        place: Place<'_>,
        fill: impl FnOnce(&mut ObjectWriter),
    ) {
        let mut line = ObjectWriter::new();
        line.text("@level", level).text("@message", message).text("@module", "terraform.ui");
        for (name, text) in place {
            line.text(name, text);
        }
        line.text("@timestamp", &format!("{:.6}", jiff::Timestamp::now()));
        fill(&mut line);
        line.text("type", kind);
        self.sink.line(&line.finish());
    }

    /// Writes a line for each message.
    pub fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap, place: Place<'_>) {
        for diagnostic in diagnostics {
            let (level, word) = match diagnostic.severity {
                Severity::Error => ("error", "Error"),
                Severity::Warning => ("warn", "Warning"),
            };
            let message = format!("{word}: {}", diagnostic.summary);
            let json = to_json(diagnostic, sources).to_string();
            self.write(level, &message, "diagnostic", place, |line| {
                line.raw("diagnostic", &json);
            });
        }
    }
}
