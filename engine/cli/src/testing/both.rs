//! Tests told to people and to programs at the same time.

use terrane_language::config::test_file::Run;
use terrane_model::{Diagnostics, SourceMap};

use super::report::{Counts, HumanTests, MachineTests, TestReport};
use super::runner::{RunResult, Status};
use super::suite::Suite;

/// Tells both everything.
pub struct BothTests {
    /// For people.
    pub people: HumanTests,
    /// For programs.
    pub programs: Box<MachineTests>,
}

impl BothTests {
    fn both(&mut self, tell: impl Fn(&mut dyn TestReport)) {
        tell(&mut self.people);
        tell(self.programs.as_mut());
    }
}

impl TestReport for BothTests {
    fn suite(&mut self, suite: &Suite) {
        self.both(|report| report.suite(suite));
    }

    fn file_started(&mut self, path: &str) {
        self.both(|report| report.file_started(path));
    }

    fn run_started(&mut self, path: &str, run: &Run) {
        self.both(|report| report.run_started(path, run));
    }

    fn run_ended(&mut self, path: &str, run: &Run, result: &RunResult) {
        self.both(|report| report.run_ended(path, run, result));
    }

    fn teardown_started(&mut self, path: &str) {
        self.both(|report| report.teardown_started(path));
    }

    fn run_teardown(&mut self, path: &str, run: &Run) {
        self.both(|report| report.run_teardown(path, run));
    }

    fn file_diagnostics(&mut self, path: &str, diagnostics: &Diagnostics, sources: &SourceMap) {
        self.both(|report| report.file_diagnostics(path, diagnostics, sources));
    }

    fn file_ended(&mut self, path: &str, status: Status) {
        self.both(|report| report.file_ended(path, status));
    }

    fn ended(&mut self, status: Status, counts: Counts) {
        self.both(|report| report.ended(status, counts));
    }
}
