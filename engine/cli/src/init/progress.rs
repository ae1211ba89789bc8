//! What `init` and `get` say while they work, to people or to programs.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, SourceMap};

use crate::args::ParsedFlags;
use crate::context::Context;
use crate::report::{LineSink, MachineReport, Report};
use crate::terminal::{Style, Terminal};
use crate::view::human::diagnostic::render_all;

/// Says what happens.
pub struct InitProgress {
    terminal: Arc<Terminal>,
    machine: Option<MachineReport>,
    /// What is told to programs besides.
    beside: Option<MachineReport>,
    is_quiet: bool,
}

impl InitProgress {
    /// Speaks to people, or in one JSON object per line, as the flags say.
    ///
    /// # Errors
    /// When a file that programs are to read cannot be made.
    pub fn new(context: &Context, flags: &ParsedFlags) -> Result<Self, Diagnostic> {
        let terminal = Arc::clone(&context.terminal);
        let beside = LineSink::asked_for(flags)?.map(MachineReport::new);
        let on_terminal = || MachineReport::new(LineSink::Terminal(Arc::clone(&terminal)));
        let machine = flags.switch("json", false).then(on_terminal);
        Ok(Self { terminal, machine, beside, is_quiet: false })
    }

    /// Returns what tells programs.
    fn machines(&self) -> impl Iterator<Item = &MachineReport> {
        self.machine.iter().chain(&self.beside)
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
        self.machines().for_each(|machine| machine.init_output(code, text.trim_matches('\n')));
        if self.machine.is_none() {
            self.terminal.line(text);
        }
    }

    /// Says where the work is, in bold for people.
    pub fn headline(&self, code: &str, text: &str) {
        if self.is_quiet {
            return;
        }
        self.machines().for_each(|machine| machine.init_output(code, text));
        if self.machine.is_none() {
            self.terminal.line(&self.terminal.style(Style::Bold, text));
        }
    }

    /// Says what is well, in green for people.
    pub fn success(&self, code: &str, text: &str) {
        self.machines().for_each(|machine| machine.init_output(code, text.trim_matches('\n')));
        if self.machine.is_none() {
            self.terminal.line(&self.terminal.style(Style::BoldGreen, text));
        }
    }

    /// Says something that programs are told in the same words.
    pub fn log(&self, text: &str) {
        self.log_both(text, text);
    }

    /// Says something in words for people, or in others for programs.
    pub fn log_both(&self, human: &str, machine: &str) {
        self.machines().for_each(|report| report.log(machine));
        if self.machine.is_none() {
            self.terminal.line(human);
        }
    }

    /// Shows messages.
    pub fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        self.machines().for_each(|machine| machine.diagnostics(diagnostics, sources));
        if self.machine.is_none() {
            render_all(diagnostics, sources, &self.terminal, false);
        }
    }
}
