//! A report for people and one for programs at the same time.

use std::sync::Arc;

use terrane_apply::{ApplyEvent, EventSink};
use terrane_model::{Diagnostics, SourceMap};
use terrane_plan::{ChangeCounts, CriticalPath, Plan, PlanEvent, PlanEvents, PlanMode, ProviderPool};
use terrane_state::StateSnapshot;

use super::{MachineReport, Report};

/// Tells both everything.
pub struct BothReports {
    people: Arc<dyn Report>,
    programs: MachineReport,
}

impl BothReports {
    /// Joins two reports.
    pub fn new(people: Arc<dyn Report>, programs: MachineReport) -> Self {
        Self { people, programs }
    }
}

impl Report for BothReports {
    fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        self.people.diagnostics(diagnostics, sources);
        self.programs.diagnostics(diagnostics, sources);
    }

    fn plan(&self, plan: &Plan, providers: &ProviderPool) {
        self.people.plan(plan, providers);
        self.programs.plan(plan, providers);
    }

    fn expected(&self, path: &CriticalPath) {
        self.people.expected(path);
        self.programs.expected(path);
    }

    fn begin(&self, plan: &Plan) {
        self.people.begin(plan);
        self.programs.begin(plan);
    }

    fn end(&self) {
        self.people.end();
        self.programs.end();
    }

    fn applied(&self, mode: PlanMode, counts: ChangeCounts) {
        self.people.applied(mode, counts);
        self.programs.applied(mode, counts);
    }

    fn outputs(&self, state: &StateSnapshot) {
        self.people.outputs(state);
        self.programs.outputs(state);
    }

    fn notice(&self, text: &str) {
        self.people.notice(text);
        self.programs.notice(text);
    }

    fn hint(&self, text: &str) {
        self.people.hint(text);
        self.programs.hint(text);
    }

    fn tick(&self) {
        self.people.tick();
        self.programs.tick();
    }
}

impl PlanEvents for BothReports {
    fn event(&self, event: PlanEvent<'_>) {
        PlanEvents::event(self.people.as_ref(), event.clone());
        PlanEvents::event(&self.programs, event);
    }
}

impl EventSink for BothReports {
    fn event(&self, event: ApplyEvent<'_>) {
        EventSink::event(self.people.as_ref(), event.clone());
        EventSink::event(&self.programs, event);
    }
}
