//! What `init` and `get` say while they work, to people or to programs.

use std::sync::Arc;

use terrane_model::{Diagnostics, SourceMap};

use crate::context::Context;
use crate::report::{MachineReport, Report};
use crate::terminal::{Style, Terminal};
use crate::view::human::diagnostic::render_all;

/// Says what happens.
pub struct InitProgress {
    terminal: Arc<Terminal>,
    machine: Option<MachineReport>,
    is_quiet: bool,
}

impl InitProgress {
    /// Speaks to people, or with `json` in one JSON object per line.
    pub fn new(context: &Context, json: bool) -> Self {
        let terminal = Arc::clone(&context.terminal);
        let machine = json.then(|| MachineReport::new(Arc::clone(&terminal)));
        Self { terminal, machine, is_quiet: false }
    }

    /// Leaves headlines out.
    #[must_use]
    pub fn quiet(self) -> Self {
        Self { is_quiet: true, ..self }
    }

    /// Tells whether programs are spoken to.
    pub fn is_machine(&self) -> bool {
        self.machine.is_some()
    }

    /// Says where the work is. Programs know such messages by their code.
    pub fn step(&self, code: &str, text: &str) {
        match &self.machine {
            Some(machine) => machine.init_output(code, text.trim_matches('\n')),
            None => self.terminal.line(text),
        }
    }

    /// Says where the work is, in bold for people.
    pub fn headline(&self, code: &str, text: &str) {
        if self.is_quiet {
            return;
        }
        match &self.machine {
            Some(machine) => machine.init_output(code, text),
            None => self.terminal.line(&self.terminal.style(Style::Bold, text)),
        }
    }

    /// Says what is well, in green for people.
    pub fn success(&self, code: &str, text: &str) {
        match &self.machine {
            Some(machine) => machine.init_output(code, text.trim_matches('\n')),
            None => self.terminal.line(&self.terminal.style(Style::BoldGreen, text)),
        }
    }

    /// Says something that programs are told in the same words.
    pub fn log(&self, text: &str) {
        self.log_both(text, text);
    }

    /// Says something in words for people, or in others for programs.
    pub fn log_both(&self, human: &str, machine: &str) {
        match &self.machine {
            Some(report) => report.log(machine),
            None => self.terminal.line(human),
        }
    }

    /// Shows messages.
    pub fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        match &self.machine {
            Some(machine) => machine.diagnostics(diagnostics, sources),
            None => render_all(diagnostics, sources, &self.terminal, false),
        }
    }
}
