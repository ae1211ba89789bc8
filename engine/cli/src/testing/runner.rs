//! Carrying out the runs of test files: one after the other, or some at once where they say that they may.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use terrane_apply::Cancellation;
use terrane_language::config::test_file::Run;
use terrane_language::evaluate::GivenValues;
use terrane_model::{Diagnostic, Diagnostics, SourceMap, Str, Value};
use terrane_state::{OnConflict, StateStore, StoreOptions};

use super::batches::batches;
use super::one_run::{Ended, LoadedModule, RunGround, RunState, Stop};
use super::report::{Shown, TestReport};
use super::suite::SuiteFile;
use crate::STACK_BYTES;
use crate::context::Context;
use crate::project::{TERRAFORM_VERSION, load_module_beside};

/// How a run or a file has ended. The order is that of badness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It was not carried out.
    Skip,
    /// Everything holds.
    Pass,
    /// Something does not hold.
    Fail,
    /// It could not be carried out.
    Error,
}

/// How a run has ended.
pub struct RunResult {
    /// How.
    pub status: Status,
    /// Messages.
    pub diagnostics: Diagnostics,
    /// The files that they point into.
    pub sources: Arc<SourceMap>,
    /// What the run has come to, for whoever wants to see it.
    pub shown: Option<Shown>,
    /// When it began.
    pub started: jiff::Timestamp,
    /// How long it took.
    pub elapsed: Duration,
}

/// What all test files have in common.
pub struct TestSettings<'a> {
    /// The command's surroundings.
    pub context: &'a Context,
    /// Texts of the test files.
    pub sources: &'a SourceMap,
    /// Values given from outside.
    pub given: &'a GivenValues,
    /// How many provider calls of a run may be under way at once.
    pub parallelism: usize,
    /// How many runs may be under way at once, of those that say that they may.
    pub run_parallelism: usize,
    /// Whether results are to be shown.
    pub verbose: bool,
    /// Asks to end early.
    pub cancellation: &'a Cancellation,
}

/// A state with the run that has changed it last: with its configuration, everything is destroyed in the end.
struct KeptState {
    key: String,
    state: RunState,
    last_run: usize,
}

struct FileRunner<'a> {
    settings: &'a TestSettings<'a>,
    file: &'a SuiteFile,
    /// In the order in which they were used first.
    states: Vec<KeptState>,
    /// How many states were made.
    made: usize,
    outputs: BTreeMap<Str, Value>,
    loaded: BTreeMap<String, LoadedModule>,
    directory: PathBuf,
}

/// A run with what it works on, until its turn comes.
struct Waiting<'r> {
    position: usize,
    run: &'r Run,
    /// The module and the state, or why there are none.
    ground: Result<(LoadedModule, KeptState), Stop>,
}

/// Carries out a file. Returns its status and those of its runs.
pub fn run_file(
    settings: &TestSettings<'_>,
    file: &SuiteFile,
    report: &mut dyn TestReport,
) -> (Status, Vec<RunResult>) {
    let mut results: Vec<RunResult> = Vec::new();
    report.file_started(&file.path);
    let directory = std::env::temp_dir().join(format!("terrane-test-{}", random_name()));
    let mut runner = FileRunner {
        settings,
        file,
        states: Vec::new(),
        made: 0,
        outputs: BTreeMap::new(),
        loaded: BTreeMap::new(),
        directory,
    };
    if let Err(error) = make_private(&runner.directory) {
        let detail = format!("The directory {} could not be made: {error}.", runner.directory.display());
        let problem = Diagnostic::error("Failed to prepare a place for states", detail);
        report.file_diagnostics(&file.path, &problem.into(), settings.sources);
        return (Status::Error, results);
    }
    let is_bad = |result: &RunResult| matches!(result.status, Status::Error | Status::Skip);
    for batch in batches(&file.test, settings.run_parallelism) {
        let is_skipped = results.iter().any(is_bad) || settings.cancellation.is_requested();
        let runs = &file.test.runs[batch.clone()];
        if is_skipped {
            for run in runs {
                let result = skipped(settings);
                report.run_ended(&file.path, run, &result);
                results.push(result);
            }
            continue;
        }
        runs.iter().for_each(|run| report.run_started(&file.path, run));
        for (run, result) in runs.iter().zip(runner.carry_out(batch)) {
            report.run_ended(&file.path, run, &result);
            results.push(result);
        }
    }
    report.teardown_started(&file.path);
    let (left, sources) = runner.tear_down(report);
    if !left.is_empty() {
        report.file_diagnostics(&file.path, &left, &sources);
    }
    // Nothing depends on what was kept for the time of the test.
    let _ = std::fs::remove_dir_all(&runner.directory);
    let worst = results.iter().map(|result| result.status).max().unwrap_or(Status::Pass);
    let status = if left.has_errors() { Status::Error } else { worst };
    report.file_ended(&file.path, status);
    (status, results)
}

fn skipped(settings: &TestSettings<'_>) -> RunResult {
    RunResult {
        status: Status::Skip,
        diagnostics: Diagnostics::new(),
        sources: Arc::new(settings.sources.clone()),
        shown: None,
        started: jiff::Timestamp::now(),
        elapsed: Duration::ZERO,
    }
}

fn make_private(directory: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn random_name() -> String {
    let mut bytes = [0_u8; 8];
    // Without randomness, a name that is taken gives an error when the directory is made.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl FileRunner<'_> {
    /// Carries out runs at the same time.
    fn carry_out(&mut self, batch: std::ops::Range<usize>) -> Vec<RunResult> {
        let file = self.file;
        let waiting: Vec<Waiting<'_>> = batch
            .map(|position| {
                let run = &file.test.runs[position];
                Waiting { position, run, ground: self.ground_of(run) }
            })
            .collect();
        let ground = RunGround { settings: self.settings, test: &file.test, outputs: &self.outputs };
        let ended = if waiting.len() == 1 {
            waiting.into_iter().map(|waiting| timed(&ground, waiting)).collect()
        } else {
            at_once(&ground, waiting)
        };
        let mut results = Vec::with_capacity(ended.len());
        for (result, state, outputs) in ended {
            self.states.extend(state);
            self.outputs.extend(outputs);
            results.push(result);
        }
        results
    }

    /// Takes what a run works on: the module under test, and the state, which comes back with the result.
    fn ground_of(&mut self, run: &Run) -> Result<(LoadedModule, KeptState), Stop> {
        let module = self.module_of(run)?;
        let key = state_key(run);
        if let Some(position) = self.states.iter().position(|kept| kept.key == key) {
            return Ok((module, self.states.remove(position)));
        }
        let options = StoreOptions {
            journal_path: self.directory.join(format!("{}.journal", self.made)),
            terraform_version: TERRAFORM_VERSION.into(),
            on_conflict: OnConflict::Refuse,
        };
        self.made += 1;
        match StateStore::open(&[], options) {
            Ok((store, _)) => {
                let state = RunState { store: Some(store), is_changed: false };
                Ok((module, KeptState { key, state, last_run: 0 }))
            }
            Err(error) => {
                let problem =
                    Diagnostic::error("Failed to prepare a state", format!("{error}.")).at(run.span);
                Err((problem.into(), Arc::new(self.settings.sources.clone())))
            }
        }
    }

    /// Reads the module of a run, once per file.
    fn module_of(&mut self, run: &Run) -> Result<LoadedModule, Stop> {
        let source = run.module.as_ref().map(|module| module.source.to_string());
        let key = source.unwrap_or_default();
        if let Some(loaded) = self.loaded.get(&key) {
            return Ok(loaded.clone());
        }
        let call = run.module.as_ref().map(|module| {
            (
                module.source.as_str(),
                module.span,
                format!("test.{}.{}", module_key(&self.file.path), run.name),
            )
        });
        let sources = self.settings.sources.clone();
        let (project, problems) = load_module_beside(self.settings.context, sources, call)?;
        if problems.has_errors() {
            return Err((problems, project.sources));
        }
        let loaded = LoadedModule { tree: project.tree, sources: project.sources };
        self.loaded.insert(key, loaded.clone());
        Ok(loaded)
    }

    /// Destroys what the runs have made, the latest first. Returns what is left to say.
    fn tear_down(&mut self, report: &mut dyn TestReport) -> (Diagnostics, Arc<SourceMap>) {
        let mut all = Diagnostics::new();
        let mut sources = Arc::new(self.settings.sources.clone());
        let mut states = std::mem::take(&mut self.states);
        states.sort_by_key(|kept| std::cmp::Reverse(kept.last_run));
        for mut kept in states {
            if kept.state.snapshot().is_none_or(|snapshot| snapshot.resources.is_empty()) {
                continue;
            }
            let run = &self.file.test.runs[kept.last_run];
            report.run_teardown(&self.file.path, run);
            let ground = RunGround { settings: self.settings, test: &self.file.test, outputs: &self.outputs };
            let module =
                self.loaded.get(&run.module.as_ref().map(|m| m.source.to_string()).unwrap_or_default());
            let destroyed = module.map(|module| ground.destroy(run, module, &mut kept.state));
            if let Some(Err((problems, files))) = destroyed {
                all.extend(problems);
                sources = files;
            }
            if kept.state.snapshot().is_some_and(|snapshot| snapshot.objects().next().is_some()) {
                all.push(self.left_behind(run, &kept));
            }
        }
        (all, sources)
    }

    fn left_behind(&self, run: &Run, kept: &KeptState) -> Diagnostic {
        let objects = kept.state.snapshot().into_iter().flat_map(|snapshot| snapshot.objects());
        let list: Vec<String> = objects.map(|(address, ..)| format!("  - {address}")).collect();
        let detail = format!(
            "Terrane left the following objects behind after executing {}/{}, and they need to be cleaned up manually:\n{}",
            self.file.path,
            run.name,
            list.join("\n")
        );
        Diagnostic::error("Failed to clean up after a test", detail)
    }
}

/// What a run leaves: its result, its state, and its outputs by its name.
type Left = (RunResult, Option<KeptState>, Option<(Str, Value)>);

fn timed(ground: &RunGround<'_>, waiting: Waiting<'_>) -> Left {
    let (started, clock) = (jiff::Timestamp::now(), Instant::now());
    let (ended, kept) = match waiting.ground {
        Ok((module, mut kept)) => {
            kept.state.is_changed = false;
            let ended = ground.carry_out(waiting.run, &module, &mut kept.state);
            if kept.state.is_changed {
                kept.last_run = waiting.position;
            }
            (ended, Some(kept))
        }
        Err(stop) => (Err(stop), None),
    };
    let mut own_outputs = None;
    let (status, diagnostics, sources, shown) = match ended {
        Ok(Ended { status, diagnostics, sources, shown, outputs }) => {
            own_outputs = Some((waiting.run.name.clone(), outputs));
            (status, diagnostics, sources, shown)
        }
        Err((diagnostics, sources)) => (Status::Error, diagnostics, sources, None),
    };
    let result = RunResult { status, diagnostics, sources, shown, started, elapsed: clock.elapsed() };
    (result, kept, own_outputs)
}

/// Carries out runs in threads of their own; the results are in the order of the runs.
fn at_once(ground: &RunGround<'_>, waiting: Vec<Waiting<'_>>) -> Vec<Left> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = waiting
            .into_iter()
            .map(|waiting| {
                let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
                builder.spawn_scoped(scope, move || timed(ground, waiting))
            })
            .collect();
        let failed = |error: String| {
            let problem = Diagnostic::error("Failed to carry out a run", error);
            let result =
                RunResult { status: Status::Error, diagnostics: problem.into(), ..skipped(ground.settings) };
            (result, None, None)
        };
        let ended = threads.into_iter().map(|thread| match thread {
            Ok(thread) => match thread.join() {
                Ok(left) => left,
                // A panic is a fault of ours: it goes on where the run was asked for.
                Err(panic) => std::panic::resume_unwind(panic),
            },
            Err(error) => failed(format!("No thread could be started: {error}.")),
        });
        ended.collect()
    })
}

/// Returns what names the state that a run works on: by default there is one per module.
pub(super) fn state_key(run: &Run) -> String {
    match (&run.state_key, &run.module) {
        (Some(key), _) => format!("key {key}"),
        (None, Some(module)) => format!("module {}", module.source),
        (None, None) => String::new(),
    }
}

fn module_key(path: &str) -> String {
    path.replace(['/', '\\'], ".").trim_end_matches(".tftest.hcl").to_owned()
}
