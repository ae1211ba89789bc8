//! Telling how tests go, to people or to programs.

use std::sync::Arc;

use terrane_language::config::test_file::Run;
use terrane_model::{Diagnostics, SourceMap};
use terrane_plan::Plan;
use terrane_state::StateSnapshot;

use super::runner::{RunResult, Status};
use super::suite::Suite;
use crate::report::ui_lines::{LineSink, Place, UiLines};
use crate::terminal::Terminal;
use crate::view::human::diagnostic::render_all;
use crate::view::json::writer::{ObjectWriter, array, quoted};

/// What a run has come to.
pub enum Shown {
    /// A plan.
    Plan(Box<Plan>),
    /// A state.
    State(StateSnapshot),
}

/// How many runs have ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Everything held.
    pub passed: usize,
    /// Something did not hold.
    pub failed: usize,
    /// They could not be carried out.
    pub errored: usize,
    /// They were not carried out.
    pub skipped: usize,
}

impl Counts {
    /// Counts runs.
    pub fn add(&mut self, status: Status) {
        match status {
            Status::Pass => self.passed += 1,
            Status::Fail => self.failed += 1,
            Status::Error => self.errored += 1,
            Status::Skip => self.skipped += 1,
        }
    }

    fn sentence(self, status: Status) -> String {
        let verdict = match status {
            Status::Pass => "Success!",
            Status::Skip => "Executed 0 tests",
            Status::Fail | Status::Error => "Failure!",
        };
        if status == Status::Skip {
            return format!("{verdict}, {} skipped.", self.skipped);
        }
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        format!("{verdict} {} passed, {} failed{skipped}.", self.passed, self.failed + self.errored)
    }
}

/// Gets told how tests go.
pub trait TestReport {
    /// The tests are known.
    fn suite(&mut self, suite: &Suite);
    /// A file begins.
    fn file_started(&mut self, path: &str);
    /// A run begins.
    fn run_started(&mut self, path: &str, run: &Run);
    /// A run has ended.
    fn run_ended(&mut self, path: &str, run: &Run, result: &RunResult);
    /// What a file's runs have made is destroyed.
    fn teardown_started(&mut self, path: &str);
    /// What a run and others before it have made is destroyed.
    fn run_teardown(&mut self, path: &str, run: &Run);
    /// There is something to say about a file.
    fn file_diagnostics(&mut self, path: &str, diagnostics: &Diagnostics, sources: &SourceMap);
    /// A file has ended.
    fn file_ended(&mut self, path: &str, status: Status);
    /// Everything has ended.
    fn ended(&mut self, status: Status, counts: Counts);
}

/// Shows what a run has come to, for people.
pub type ShowResult = dyn Fn(&Shown) -> String;

/// Tells people.
pub struct HumanTests {
    /// Where to.
    pub terminal: Arc<Terminal>,
    /// Shows results.
    pub show: Box<ShowResult>,
}

impl TestReport for HumanTests {
    fn suite(&mut self, _suite: &Suite) {}

    fn file_started(&mut self, path: &str) {
        self.terminal.line(&format!("{path}... in progress"));
    }

    fn run_started(&mut self, _path: &str, _run: &Run) {}

    fn run_ended(&mut self, _path: &str, run: &Run, result: &RunResult) {
        self.terminal.line(&format!("  run {:?}... {}", run.name.as_str(), word(result.status)));
        if let Some(shown) = &result.shown {
            self.terminal.line(&format!("\n{}\n", (self.show)(shown)));
        }
        render_all(&result.diagnostics, &result.sources, &self.terminal, false);
    }

    fn teardown_started(&mut self, path: &str) {
        self.terminal.line(&format!("{path}... tearing down"));
    }

    fn run_teardown(&mut self, _path: &str, _run: &Run) {}

    fn file_diagnostics(&mut self, _path: &str, diagnostics: &Diagnostics, sources: &SourceMap) {
        render_all(diagnostics, sources, &self.terminal, false);
    }

    fn file_ended(&mut self, path: &str, status: Status) {
        self.terminal.line(&format!("{path}... {}", word(status)));
    }

    fn ended(&mut self, status: Status, counts: Counts) {
        self.terminal.line(&format!("\n{}", counts.sentence(status)));
    }
}

/// People need not tell what failed from what could not be carried out: the messages say it.
fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail | Status::Error => "fail",
        Status::Skip => "skip",
    }
}

fn name(status: Status) -> &'static str {
    if status == Status::Error { "error" } else { word(status) }
}

/// Tells programs: one JSON object per line.
pub struct MachineTests {
    lines: UiLines,
    /// Writes results.
    write: Box<ShowResult>,
}

impl MachineTests {
    /// Makes a report, and writes the line that says which version writes it.
    pub fn new(sink: LineSink, write: Box<ShowResult>) -> Self {
        Self { lines: UiLines::begin(sink), write }
    }

    fn info(&self, message: &str, place: Place<'_>, kind: &str, content: &str) {
        self.lines.write("info", message, kind, place, |line| {
            line.raw(kind, content);
        });
    }

    fn run(&self, path: &str, run: &Run, message: &str, content: &str) {
        self.info(message, &[("@testfile", path), ("@testrun", &run.name)], "test_run", content);
    }

    fn file(&self, path: &str, message: &str, fill: impl FnOnce(&mut ObjectWriter)) {
        let mut content = ObjectWriter::new();
        content.text("path", path);
        fill(&mut content);
        self.info(message, &[("@testfile", path)], "test_file", &content.finish());
    }
}

impl TestReport for MachineTests {
    fn suite(&mut self, suite: &Suite) {
        let mut files = ObjectWriter::new();
        let mut runs = 0;
        for file in &suite.files {
            runs += file.test.runs.len();
            files.raw(&file.path, &array(file.test.runs.iter().map(|run| quoted(&run.name))));
        }
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let message = format!(
            "Found {} file{} and {runs} run block{}",
            suite.files.len(),
            plural(suite.files.len()),
            plural(runs)
        );
        self.info(&message, &[], "test_abstract", &files.finish());
    }

    fn file_started(&mut self, path: &str) {
        self.file(path, &format!("{path}... in progress"), |content| {
            content.text("progress", "starting");
        });
    }

    fn run_started(&mut self, path: &str, run: &Run) {
        let mut content = ObjectWriter::new();
        content.text("path", path).text("run", &run.name).text("progress", "starting").raw("elapsed", "0");
        let message = format!("  {:?}... in progress", run.name.as_str());
        self.run(path, run, &message, &content.finish());
    }

    fn run_ended(&mut self, path: &str, run: &Run, result: &RunResult) {
        let mut content = ObjectWriter::new();
        content
            .text("path", path)
            .text("run", &run.name)
            .text("progress", "complete")
            .text("status", name(result.status));
        let message = format!("  {:?}... {}", run.name.as_str(), word(result.status));
        self.run(path, run, &message, &content.finish());
        let place: Place<'_> = &[("@testfile", path), ("@testrun", &run.name)];
        if let Some(shown) = &result.shown {
            let (what, kind) = match shown {
                Shown::Plan(_) => ("plan", "test_plan"),
                Shown::State(_) => ("state", "test_state"),
            };
            let message = format!("-verbose flag enabled, printing {what}");
            self.info(&message, place, kind, &(self.write)(shown));
        }
        self.lines.diagnostics(&result.diagnostics, &result.sources, place);
    }

    fn teardown_started(&mut self, path: &str) {
        self.file(path, &format!("{path}... tearing down"), |content| {
            content.text("progress", "teardown");
        });
    }

    fn run_teardown(&mut self, path: &str, run: &Run) {
        let mut content = ObjectWriter::new();
        content.text("path", path).text("run", &run.name).text("progress", "teardown").raw("elapsed", "0");
        let message = format!("  {:?}... tearing down", run.name.as_str());
        self.run(path, run, &message, &content.finish());
    }

    fn file_diagnostics(&mut self, path: &str, diagnostics: &Diagnostics, sources: &SourceMap) {
        let place: Place<'_> = if path.is_empty() { &[] } else { &[("@testfile", path)] };
        self.lines.diagnostics(diagnostics, sources, place);
    }

    fn file_ended(&mut self, path: &str, status: Status) {
        self.file(path, &format!("{path}... {}", word(status)), |content| {
            content.text("progress", "complete").text("status", name(status));
        });
    }

    fn ended(&mut self, status: Status, counts: Counts) {
        let numbers: [(&str, usize); 4] = [
            ("passed", counts.passed),
            ("failed", counts.failed),
            ("errored", counts.errored),
            ("skipped", counts.skipped),
        ];
        let mut content = ObjectWriter::new();
        content.text("status", name(status));
        for (name, number) in numbers {
            content.raw(name, &number.to_string());
        }
        self.info(&counts.sentence(status), &[], "test_summary", &content.finish());
    }
}
