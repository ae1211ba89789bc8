//! Lines of the machine-readable UI, version 1.2: what all of them have in common.

use std::sync::Arc;

use terrane_model::{Diagnostics, Severity, SourceMap};

use crate::project::TERRAFORM_VERSION;
use crate::terminal::Terminal;
use crate::view::json::diagnostic::to_json;
use crate::view::json::writer::ObjectWriter;

/// What a line is about beside its content, by name: `@testfile` and the like.
pub type Place<'p> = &'p [(&'static str, &'p str)];

/// Writes lines of JSON.
pub struct UiLines {
    terminal: Arc<Terminal>,
}

impl UiLines {
    /// Begins with the line that says which version writes.
    pub fn begin(terminal: Arc<Terminal>) -> Self {
        let lines = Self { terminal };
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
        self.terminal.line(&line.finish());
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
