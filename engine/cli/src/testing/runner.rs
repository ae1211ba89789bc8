//! Carrying out the runs of test files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use terrane_apply::{ApplyEvent, ApplyInput, Cancellation, EventSink, apply};
use terrane_language::config::test_file::{Run, TestFile};
use terrane_language::evaluate::{
    Evaluation, GivenValue, GivenValues, RepetitionValues, RuleKind, RuleOutcome, ValueOrigin, evaluate,
    evaluate_rule,
};
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_language::syntax::tree::{Attribute, Traversal};
use terrane_model::{Diagnostic, Diagnostics, ResourceInstanceAddress, SourceMap, Span, Str, Target, Value};
use terrane_plan::provider_functions::LoadedFunctions;
use terrane_plan::validate::validate;
use terrane_plan::{
    NoEvents, Plan, PlanInput, PlanMode, PlanOptions, PreparedConfiguration, ProviderPool, plan,
};
use terrane_state::{OnConflict, StateStore, StoreOptions};

use super::expectations::Expectations;
use super::prepare::{evaluate_overrides, modules_of_run, substitutes};
use super::report::{Shown, TestReport};
use super::scope::TestScope;
use super::suite::SuiteFile;
use crate::context::Context;
use crate::file_system::WorldEnvironment;
use crate::project::{Phase, TERRAFORM_VERSION, load_module_beside, surroundings};
use crate::registry::registry;
use crate::run::applying::take_over;
use crate::run::interrupts::{Ending, interruptible_quietly};
use crate::run::planning::now;
use crate::session::block_on;

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
    /// How many provider calls may run at once.
    pub parallelism: usize,
    /// Whether results are to be shown.
    pub verbose: bool,
    /// Asks to end early.
    pub cancellation: &'a Cancellation,
}

/// A state that runs work on.
struct RunState {
    store: StateStore,
    /// The run that changed it last.
    last_run: usize,
}

struct FileRunner<'a> {
    settings: &'a TestSettings<'a>,
    file: &'a SuiteFile,
    /// In the order in which they were used first.
    states: Vec<(String, RunState)>,
    outputs: BTreeMap<Str, Value>,
    loaded: BTreeMap<String, LoadedModule>,
    directory: PathBuf,
}

type LoadedModule = (Arc<ModuleTree>, Arc<SourceMap>);

/// A failure that ends a run.
type Stop = (Diagnostics, Arc<SourceMap>);

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
    for (position, run) in file.test.runs.iter().enumerate() {
        let is_skipped =
            results.last().is_some_and(|last| matches!(last.status, Status::Error | Status::Skip))
                || settings.cancellation.is_requested();
        if !is_skipped {
            report.run_started(&file.path, run);
        }
        let result = if is_skipped { skipped(settings) } else { runner.timed(position, run) };
        report.run_ended(&file.path, run, &result);
        results.push(result);
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

/// Everything that a run works with.
struct Prepared {
    configuration: Arc<PreparedConfiguration>,
    providers: ProviderPool,
    given: GivenValues,
    sources: Arc<SourceMap>,
    diagnostics: Diagnostics,
}

/// What a run that got as far as its assertions has come to.
struct Ended {
    status: Status,
    diagnostics: Diagnostics,
    sources: Arc<SourceMap>,
    shown: Option<Shown>,
}

impl FileRunner<'_> {
    fn timed(&mut self, position: usize, run: &Run) -> RunResult {
        let (started, clock) = (jiff::Timestamp::now(), Instant::now());
        let (status, diagnostics, sources, shown) = match self.carry_out(position, run) {
            Ok(ended) => (ended.status, ended.diagnostics, ended.sources, ended.shown),
            Err((diagnostics, sources)) => (Status::Error, diagnostics, sources, None),
        };
        RunResult { status, diagnostics, sources, shown, started, elapsed: clock.elapsed() }
    }

    /// Carries out a run up to its assertions.
    fn carry_out(&mut self, position: usize, run: &Run) -> Result<Ended, Stop> {
        let key = self.state_of(position, run)?;
        let Prepared { configuration, providers, given, sources, mut diagnostics } =
            self.prepare(run, &key)?;
        let module = Arc::clone(configuration.tree.root());
        let mut problems = Diagnostics::new();
        let mut expectations = Expectations::find(run, &module, &sources, &mut problems);
        let options = self.options_of(run, &given, &sources, &mut problems);
        if problems.has_errors() {
            diagnostics.extend(problems);
            return Err((diagnostics, sources));
        }
        let stop = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
        let planned = self.plan(&key, &configuration, providers, options);
        let Some(mut planned) = planned else { return Err(stop(interrupted().into())) };
        let (rest, stopped_by) = expectations.take(planned.diagnostics);
        let failed = rest.has_errors();
        diagnostics.extend(rest);
        if let (Some(object), false) = (&stopped_by, run.plans_only) {
            diagnostics.push(expected_too_early(object).at(run.span));
            return Err(stop(diagnostics));
        }
        if failed {
            return Err(stop(diagnostics));
        }
        let mut evaluation = planned.evaluation;
        let mut shown = self.settings.verbose.then(|| Shown::Plan(Box::new(planned.plan.clone())));
        if !run.plans_only {
            let timestamp = planned.plan.timestamp.clone();
            planned.plan.errored = false;
            self.note_changed(&key, position);
            let applied =
                self.apply(&key, &configuration, planned.providers, planned.plan, given, &timestamp);
            let Some((problems, applied)) = applied.map_err(stop)? else {
                return Err((interrupted().into(), sources));
            };
            evaluation = applied;
            let (rest, _) = expectations.take(problems);
            let failed = rest.has_errors();
            diagnostics.extend(rest);
            if self.settings.verbose {
                shown = self.state(&key).map(|state| Shown::State(state.store.snapshot().clone()));
            }
            if failed {
                return Err(stop(diagnostics));
            }
        }
        let missing = expectations.missing();
        if missing.has_errors() {
            diagnostics.extend(missing);
            return Err(stop(diagnostics));
        }
        let mut status = Status::Pass;
        // A run that was meant to fail has no values to look at.
        if stopped_by.is_none() {
            let (worst, problems) = check_assertions(run, &evaluation);
            status = worst;
            diagnostics.extend(problems);
        }
        self.outputs.insert(run.name.clone(), root_outputs(&evaluation));
        Ok(Ended { status, diagnostics, sources, shown })
    }

    /// Notes which run has changed a state last: its values are the ones to destroy with.
    fn note_changed(&mut self, key: &str, position: usize) {
        if let Some((_, state)) = self.states.iter_mut().find(|(other, _)| other == key) {
            state.last_run = position;
        }
    }

    /// Opens the state that a run works on; returns its key.
    fn state_of(&mut self, position: usize, run: &Run) -> Result<String, Stop> {
        let key = match (&run.state_key, &run.module) {
            (Some(key), _) => format!("key {key}"),
            (None, Some(module)) => format!("module {}", module.source),
            (None, None) => String::new(),
        };
        if self.state(&key).is_some() {
            return Ok(key);
        }
        let options = StoreOptions {
            journal_path: self.directory.join(format!("{}.journal", self.states.len())),
            terraform_version: TERRAFORM_VERSION.into(),
            on_conflict: OnConflict::Refuse,
        };
        match StateStore::open(&[], options) {
            Ok((store, _)) => {
                self.states.push((key.clone(), RunState { store, last_run: position }));
                Ok(key)
            }
            Err(error) => {
                let problem =
                    Diagnostic::error("Failed to prepare a state", format!("{error}.")).at(run.span);
                Err((problem.into(), Arc::new(self.settings.sources.clone())))
            }
        }
    }

    fn state(&self, key: &str) -> Option<&RunState> {
        self.states.iter().find(|(other, _)| other == key).map(|(_, state)| state)
    }

    /// Reads the module of a run, once per file.
    fn module_of(&mut self, run: &Run) -> Result<(LoadedModule, Diagnostics), Stop> {
        let source = run.module.as_ref().map(|module| module.source.to_string());
        let key = source.unwrap_or_default();
        if let Some(loaded) = self.loaded.get(&key) {
            return Ok((loaded.clone(), Diagnostics::new()));
        }
        let call = run.module.as_ref().map(|module| {
            (
                module.source.as_str(),
                module.span,
                format!("test.{}.{}", module_key(&self.file.path), run.name),
            )
        });
        let sources = self.settings.sources.clone();
        let (project, diagnostics) = load_module_beside(self.settings.context, sources, call)?;
        let loaded = (project.tree, project.sources);
        self.loaded.insert(key, loaded.clone());
        Ok((loaded, diagnostics))
    }

    fn prepare(&mut self, run: &Run, key: &str) -> Result<Prepared, Stop> {
        let ((tree, sources), mut diagnostics) = self.module_of(run)?;
        let stop = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
        let context = self.settings.context;
        let environment = environment(context);
        let (variables, given) = self.values(run, &tree, &environment, &mut diagnostics);
        let scope = TestScope { variables: &variables, runs: &self.outputs, environment: &environment };
        let file: &TestFile = &self.file.test;
        let overrides = evaluate_overrides(file, run, &scope, &sources, &mut diagnostics);
        if diagnostics.has_errors() {
            return Err(stop(diagnostics));
        }
        let tree = Arc::new(modules_of_run(&tree, file, run, &overrides));
        let missing = crate::variables::missing_values(tree.root(), &given);
        if missing.has_errors() {
            return Err(stop(missing.into_iter().map(|problem| problem.within(run.span)).collect()));
        }
        let mut configuration =
            PreparedConfiguration::prepare(Arc::clone(&tree), Arc::clone(&sources)).map_err(stop)?;
        if let Some(state) = self.state(key) {
            configuration.include_state(state.store.snapshot());
        }
        let mut providers = ProviderPool::new(Arc::new(registry(context, &tree)));
        block_on(async {
            for source in configuration.provider_sources() {
                diagnostics.extend(providers.load(&source).await);
            }
        });
        if diagnostics.has_errors() {
            return Err(stop(diagnostics));
        }
        let stand_ins = substitutes(&tree, file, run, &overrides, &providers, &scope, &mut diagnostics);
        providers.set_substitutes(stand_ins);
        let phase = Phase { validating: true, ..self.phase(&providers) };
        let problems =
            block_on(validate(&configuration, &providers, surroundings(context, "default", &phase)));
        diagnostics.extend(problems);
        if diagnostics.has_errors() {
            return Err(stop(diagnostics));
        }
        let configuration = Arc::new(configuration);
        Ok(Prepared { configuration, providers, given, sources, diagnostics })
    }

    fn phase(&self, providers: &ProviderPool) -> Phase {
        Phase {
            provider_functions: Some(Arc::new(LoadedFunctions::of(providers))),
            runs: Some(Arc::new(self.outputs.clone())),
            ..Phase::default()
        }
    }

    /// Returns the values of variables that expressions of the run may refer to, and those that its module gets.
    fn values(
        &self,
        run: &Run,
        tree: &ModuleTree,
        environment: &WorldEnvironment,
        diagnostics: &mut Diagnostics,
    ) -> (BTreeMap<Str, Value>, GivenValues) {
        let outside = self.settings.given.iter();
        let mut variables: BTreeMap<Str, Value> =
            outside.map(|(name, given)| (name.clone(), given.value.clone())).collect();
        let mut given = self.settings.given.clone();
        let mut take = |attributes: &[Attribute], variables: &BTreeMap<Str, Value>, is_runs: bool| {
            let mut own = BTreeMap::new();
            for attribute in attributes {
                let scope = TestScope { variables, runs: &self.outputs, environment };
                let (value, problems) = evaluate(&attribute.expression, &scope);
                // A run does not use each variable of its file, which may refer to runs that come later.
                let is_used = is_runs || tree.root().variable(&attribute.name.name).is_some();
                if is_used {
                    diagnostics.extend(problems);
                }
                if is_runs && tree.root().variable(&attribute.name.name).is_none() {
                    diagnostics.push(undeclared(&attribute.name.name, &run.name).at(attribute.span));
                }
                let origin = ValueOrigin::File(attribute.span);
                given.insert(attribute.name.name.clone(), GivenValue { value: value.clone(), origin });
                own.insert(attribute.name.name.clone(), value);
            }
            own
        };
        let of_file = take(&self.file.test.variables, &variables, false);
        variables.extend(of_file);
        let of_run = take(&run.variables, &variables, true);
        variables.extend(of_run);
        given.retain(|name, _| tree.root().variable(name).is_some());
        (variables, given)
    }

    fn options_of(
        &self,
        run: &Run,
        given: &GivenValues,
        sources: &SourceMap,
        problems: &mut Diagnostics,
    ) -> PlanOptions {
        let mut target_of = |traversal: &Traversal| {
            let span = traversal.span();
            match Target::parse(sources.text(span).trim_matches('"')) {
                Ok(target) => Some((target, span)),
                Err(error) => {
                    problems.push(Diagnostic::error("Invalid target address", error.to_string()).at(span));
                    None
                }
            }
        };
        let targets = run.plan_options.target.iter().filter_map(&mut target_of).map(|(target, _)| target);
        let targets = targets.collect();
        let replaced: Vec<(Target, Span)> =
            run.plan_options.replace.iter().filter_map(&mut target_of).collect();
        let force_replace = replaced.into_iter().filter_map(|(target, span)| match target {
            Target::Resource(address) => Some(address),
            Target::Module(_) => {
                let detail = "Only resource instances can be replaced.";
                problems.push(Diagnostic::error("Invalid \"replace\" address", detail).at(span));
                None
            }
        });
        let force_replace: Vec<ResourceInstanceAddress> = force_replace.collect();
        PlanOptions {
            mode: if run.plan_options.refresh_only { PlanMode::RefreshOnly } else { PlanMode::Normal },
            skip_refresh: run.plan_options.skip_refresh,
            targets,
            force_replace,
            given: given.clone(),
            parallelism: self.settings.parallelism,
            timestamp: now(),
            ..PlanOptions::default()
        }
    }

    /// Plans; nothing when that was interrupted.
    fn plan(
        &self,
        key: &str,
        configuration: &Arc<PreparedConfiguration>,
        providers: ProviderPool,
        options: PlanOptions,
    ) -> Option<terrane_plan::planner::PlanOutcome> {
        let phase = Phase { plan_timestamp: Some(options.timestamp.clone()), ..self.phase(&providers) };
        let input = PlanInput {
            configuration: Arc::clone(configuration),
            providers,
            state: self.state(key)?.store.snapshot().clone(),
            options,
            surroundings: surroundings(self.settings.context, "default", &phase),
            unfinished: Vec::new(),
            events: Arc::new(NoEvents),
        };
        match block_on(interruptible_quietly(plan(input), self.settings.cancellation)) {
            Ending::Finished(outcome) => Some(outcome),
            Ending::Abandoned => None,
        }
    }

    /// Applies a plan; nothing when that was given up.
    fn apply(
        &mut self,
        key: &str,
        configuration: &Arc<PreparedConfiguration>,
        providers: ProviderPool,
        plan: Plan,
        given: GivenValues,
        timestamp: &str,
    ) -> Result<Option<(Diagnostics, Evaluation)>, Diagnostics> {
        let phase =
            Phase { applying: true, plan_timestamp: Some(timestamp.to_owned()), ..self.phase(&providers) };
        let Some(position) = self.states.iter().position(|(other, _)| other == key) else { return Ok(None) };
        let (key, mut state) = self.states.remove(position);
        take_over(&mut state.store, &plan)?;
        let input = ApplyInput {
            plan: Arc::new(plan),
            configuration: Arc::clone(configuration),
            providers,
            store: state.store,
            given,
            surroundings: surroundings(self.settings.context, "default", &phase),
            parallelism: self.settings.parallelism,
            cancellation: self.settings.cancellation.clone(),
        };
        match block_on(interruptible_quietly(apply(input, Arc::new(Silent)), self.settings.cancellation)) {
            Ending::Finished(outcome) => {
                state.store = outcome.store;
                self.states.insert(position, (key, state));
                Ok(Some((outcome.diagnostics, outcome.evaluation)))
            }
            Ending::Abandoned => Ok(None),
        }
    }

    /// Destroys what the runs have made, the latest first. Returns what is left to say.
    fn tear_down(&mut self, report: &mut dyn TestReport) -> (Diagnostics, Arc<SourceMap>) {
        let mut all = Diagnostics::new();
        let mut sources = Arc::new(self.settings.sources.clone());
        let mut order: Vec<(usize, String)> =
            self.states.iter().map(|(key, state)| (state.last_run, key.clone())).collect();
        order.sort();
        for (position, key) in order.into_iter().rev() {
            if self.state(&key).is_none_or(|state| state.store.snapshot().resources.is_empty()) {
                continue;
            }
            let run = &self.file.test.runs[position];
            report.run_teardown(&self.file.path, run);
            let problems = self.destroy(run, &key);
            let left =
                self.state(&key).map(|state| state.store.snapshot().objects().count()).unwrap_or_default();
            if let Err((problems, files)) = problems {
                all.extend(problems);
                sources = files;
            }
            if left > 0 {
                all.push(self.left_behind(run, &key));
            }
        }
        (all, sources)
    }

    fn destroy(&mut self, run: &Run, key: &str) -> Result<(), Stop> {
        let prepared = self.prepare(run, key)?;
        let (given, sources) = (prepared.given, prepared.sources);
        let stop = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
        let options = PlanOptions {
            mode: PlanMode::Destroy,
            given: given.clone(),
            parallelism: self.settings.parallelism,
            timestamp: now(),
            ..PlanOptions::default()
        };
        let planned = self.plan(key, &prepared.configuration, prepared.providers, options);
        let Some(planned) = planned else { return Err(stop(interrupted().into())) };
        if planned.diagnostics.has_errors() {
            return Err(stop(planned.diagnostics));
        }
        let timestamp = planned.plan.timestamp.clone();
        let configuration = &prepared.configuration;
        let applied = self.apply(key, configuration, planned.providers, planned.plan, given, &timestamp);
        match applied.map_err(stop)? {
            Some((problems, _)) if problems.has_errors() => Err(stop(problems)),
            Some(_) => Ok(()),
            None => Err(stop(interrupted().into())),
        }
    }

    fn left_behind(&self, run: &Run, key: &str) -> Diagnostic {
        let objects = self.state(key).into_iter().flat_map(|state| state.store.snapshot().objects());
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

struct Silent;

impl EventSink for Silent {
    fn event(&self, _event: ApplyEvent<'_>) {}
}

fn environment(context: &Context) -> WorldEnvironment {
    WorldEnvironment {
        plan_timestamp: None,
        allow_impure: true,
        working_directory: context.original_directory.display().to_string(),
    }
}

fn module_key(path: &str) -> String {
    path.replace(['/', '\\'], ".").trim_end_matches(".tftest.hcl").to_owned()
}

fn root_outputs(evaluation: &Evaluation) -> Value {
    let Some(root) = evaluation.instances_of(ModuleId::ROOT).first().copied() else {
        return Value::empty_object();
    };
    let outputs = evaluation.tree.root().outputs.iter().enumerate().map(|(position, output)| {
        let value = evaluation.output(root, position).cloned().unwrap_or_else(Value::dynamic);
        (output.name.clone(), value)
    });
    Value::object(outputs.collect::<Vec<_>>())
}

/// Evaluates the assertions. One that does not hold makes the run fail, one that cannot be evaluated is an error.
fn check_assertions(run: &Run, evaluation: &Evaluation) -> (Status, Diagnostics) {
    let (mut status, mut diagnostics) = (Status::Pass, Diagnostics::new());
    let Some(root) = evaluation.instances_of(ModuleId::ROOT).first().copied() else {
        return (status, diagnostics);
    };
    for rule in &run.assertions {
        let scope = evaluation.scope(root, RepetitionValues::None);
        let (outcome, problems) = evaluate_rule(rule, RuleKind::TestAssertion, &scope);
        diagnostics.extend(problems);
        status = status.max(match outcome {
            RuleOutcome::Pass => Status::Pass,
            RuleOutcome::Fail { .. } => Status::Fail,
            RuleOutcome::Unknown | RuleOutcome::Error => Status::Error,
        });
        if outcome == RuleOutcome::Unknown {
            let detail = "Condition expression could not be evaluated at this time. This means you have executed a `run` block \
                          with `command = plan` and one of the values your condition depended on is not known until after the \
                          plan has been applied. Either remove this value from your condition, or execute an `apply` command \
                          from this `run` block. Alternatively, if there is an override for this value, you can make it \
                          available during the plan phase by setting `override_during = plan` in the `override_` block.";
            diagnostics.push(Diagnostic::error("Unknown condition value", detail).at(rule.condition.span));
        }
    }
    (status, diagnostics)
}

fn undeclared(name: &str, run: &str) -> Diagnostic {
    let detail = format!(
        "The module under test does not declare a variable named {name:?}, but it is declared in run block {run:?}."
    );
    Diagnostic::warning("Value for undeclared variable", detail)
}

fn expected_too_early(object: &str) -> Diagnostic {
    let detail = format!(
        "A custom condition within {object} failed during the planning stage and prevented the requested apply operation. While \
         this was an expected failure, the apply operation could not be executed and so the overall test case will be marked \
         as a failure and the test will fail."
    );
    Diagnostic::error("Expected failure while planning", detail)
}

fn interrupted() -> Diagnostic {
    Diagnostic::error("Interrupted", "The test was interrupted.")
}
