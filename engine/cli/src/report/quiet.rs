//! The report of commands that plan without meaning to apply: messages only.

use std::sync::Arc;

use terrane_apply::{ApplyEvent, EventSink};
use terrane_model::{Diagnostics, SourceMap};
use terrane_plan::{ChangeCounts, Plan, PlanEvent, PlanEvents, PlanMode, ProviderPool};
use terrane_state::StateSnapshot;

use super::Report;
use crate::terminal::Terminal;
use crate::view::human::diagnostic::render_all;

/// Shows messages, and nothing of the way to them.
pub struct QuietReport {
    terminal: Arc<Terminal>,
}

impl QuietReport {
    /// Makes a report.
    pub fn new(terminal: Arc<Terminal>) -> Self {
        Self { terminal }
    }
}

impl Report for QuietReport {
    fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        render_all(diagnostics, sources, &self.terminal, false);
    }

    fn plan(&self, _plan: &Plan, _providers: &ProviderPool) {}

    fn applied(&self, _mode: PlanMode, _counts: ChangeCounts) {}

    fn outputs(&self, _state: &StateSnapshot) {}

    fn notice(&self, text: &str) {
        self.terminal.line(text);
    }

    fn hint(&self, _text: &str) {}

    fn tick(&self) {}
}

impl PlanEvents for QuietReport {
    fn event(&self, _event: PlanEvent<'_>) {}
}

impl EventSink for QuietReport {
    fn event(&self, _event: ApplyEvent<'_>) {}
}
