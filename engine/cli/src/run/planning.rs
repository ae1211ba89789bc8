//! From a configuration and a state to a plan.

use std::sync::Arc;

use terrane_apply::Cancellation;
use terrane_language::evaluate::GivenValues;
use terrane_model::{Diagnostic, Diagnostics, ProviderSource, Severity, SourceMap};
use terrane_plan::provider_functions::LoadedFunctions;
use terrane_plan::validate::validate;
use terrane_plan::{
    Plan, PlanInput, PlanMode, PlanOptions, PreparedConfiguration, ProviderPool, critical_path, plan,
};
use terrane_provider::Discovered;
use terrane_state::{Recovery, StateSnapshot, StateStore, publish};

use super::Failure;
use super::configuration::{LoadedConfiguration, load_configuration};
use super::generated_config::{self, generate};
use super::interrupts::{Ending, interruptible};
use super::plan_files::save_plan;
use super::plan_warnings::{forgetting_warning, is_targeting_warning, targeting_warning};
use super::stages::{Waiting, waiting};
use crate::args::ParsedFlags;
use crate::context::Context;
use crate::project::{Phase, surroundings};
use crate::registry::registry;
use crate::report::Report;
use crate::session::{Session, block_on};

/// A plan with everything that carrying it out needs.
pub struct PlannedRun {
    /// The plan.
    pub plan: Plan,
    /// The configuration that it was made from.
    pub configuration: Arc<PreparedConfiguration>,
    /// Providers with their schemas.
    pub providers: ProviderPool,
    /// Values for the root module's variables.
    pub given: GivenValues,
    /// The state, opened for changing.
    pub store: StateStore,
    /// The state's lock.
    pub session: Session,
    /// All files.
    pub sources: Arc<SourceMap>,
    /// Warnings.
    pub diagnostics: Diagnostics,
    /// What is left for a later stage.
    pub waiting: Waiting,
    /// What exists in the scope that was asked about.
    pub discovered: Vec<Discovered>,
}

impl PlannedRun {
    /// Says how long carrying out the plan will take, where any provider knows.
    pub fn show_expected(&self, report: &dyn Report) {
        if let Some(path) = critical_path(&self.plan, &self.configuration, &self.providers) {
            report.expected(&path);
        }
    }
}

/// Makes a plan. The state is locked from then on.
///
/// # Errors
/// With everything that is wrong. A plan that was made in part was reported.
pub fn make_plan(
    context: &Context,
    flags: &ParsedFlags,
    options: PlanOptions,
    report: &Arc<dyn Report>,
    operation: &str,
) -> Result<PlannedRun, Failure> {
    if options.mode != PlanMode::Destroy && crate::project::configuration_files().is_empty() {
        return Err((no_configuration().into(), Arc::default()));
    }
    let is_limited_by_user = options.imports.is_empty();
    let mut run = plan_once(context, flags, options.clone(), report, operation)?;
    if flags.switch("stages", false)
        && let Some(more) = waiting(&run.configuration, run.store.snapshot(), &run.diagnostics)
        && more.targets.iter().any(|target| !options.excludes.contains(target))
    {
        // The lock is given back: the next attempt takes it again.
        drop(run);
        return next_attempt(context, flags, options, report, operation, more);
    }
    if run.diagnostics.has_errors() {
        report.plan(&run.plan, &run.providers);
        run.diagnostics.extend(targeting_warning(&run.plan).filter(|_| is_limited_by_user));
        return Err(failed_plan(flags, run));
    }
    run.diagnostics.extend(targeting_warning(&run.plan).filter(|_| is_limited_by_user));
    run.diagnostics.extend(forgetting_warning(&run.plan));
    Ok(run)
}

/// Plans as far as possible: what went wrong is among the messages of the run.
fn plan_once(
    context: &Context,
    flags: &ParsedFlags,
    mut options: PlanOptions,
    report: &Arc<dyn Report>,
    operation: &str,
) -> Result<PlannedRun, Failure> {
    let mut loaded = load_configuration(context, flags)?;
    let sources = Arc::clone(&loaded.sources);
    let fail = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
    let mut session = Session::find(context, flags).map_err(&fail)?;
    session.lock(flags, operation).map_err(&fail)?;
    let (mut store, recovery) = open_state(&session).map_err(&fail)?;
    let out = flags.text("generate-config-out").filter(|_| options.mode == PlanMode::Normal);
    if let Some(path) = out
        && let Some(written) = generate(context, flags, path, &loaded, store.snapshot(), &session.workspace)?
    {
        loaded = written.loaded;
        options.generated = written.blocks;
    }
    let generated = options.generated.clone();
    let LoadedConfiguration { mut configuration, given, sources, mut diagnostics } = loaded;
    let fail = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
    diagnostics.extend(recovery.notices);
    configuration.include_state(store.snapshot());
    for (_, intent) in &recovery.unfinished {
        configuration.include_provider(&intent.provider_config);
    }
    let ground = Ground {
        context,
        workspace: &session.workspace,
        providers: ProviderPool::new(Arc::new(registry(context, &configuration.tree))),
        configuration: Arc::new(configuration),
        state: store.snapshot().clone(),
        unfinished: recovery.unfinished.iter().map(|(_, intent)| intent.clone()).collect(),
        events: Arc::clone(report) as Arc<dyn terrane_plan::PlanEvents>,
    };
    let configuration = Arc::clone(&ground.configuration);
    let options = PlanOptions { given: given.clone(), ..options };
    let work = validate_and_plan(ground, options, diagnostics);
    let Planned { plan, providers, discovered, mut diagnostics } =
        match block_on(giving_up(work, &Cancellation::new(), report.as_ref())) {
            Ending::Finished(outcome) => outcome,
            Ending::Abandoned => return Err(fail(interrupted().into())),
        };
    if let Err(problems) = block_on(publish_recovered(&mut store, &session)) {
        diagnostics.extend(problems);
    }
    if let (Some(path), Some(plan), false) = (out, &plan, generated.is_empty()) {
        diagnostics.push(generated_config::experimental());
        diagnostics.extend(generated_config::save(path, &generated, plan).err());
    }
    let Some(plan) = plan else { return Err(fail(diagnostics)) };
    let waiting = Waiting::default();
    Ok(PlannedRun {
        plan,
        configuration,
        providers,
        given,
        store,
        session,
        sources,
        diagnostics,
        waiting,
        discovered,
    })
}

/// What planning comes to.
struct Planned {
    /// Nothing when the configuration is wrong.
    plan: Option<Plan>,
    providers: ProviderPool,
    discovered: Vec<Discovered>,
    diagnostics: Diagnostics,
}

impl Planned {
    fn nothing(providers: ProviderPool, diagnostics: Diagnostics) -> Self {
        Self { plan: None, providers, discovered: Vec::new(), diagnostics }
    }
}

/// What a plan is made from.
struct Ground<'g> {
    context: &'g Context,
    workspace: &'g str,
    configuration: Arc<PreparedConfiguration>,
    providers: ProviderPool,
    state: StateSnapshot,
    unfinished: Vec<terrane_state::Intent>,
    events: Arc<dyn terrane_plan::PlanEvents>,
}

/// Checks the configuration and plans. There is no plan when the configuration is wrong.
async fn validate_and_plan(
    ground: Ground<'_>,
    options: PlanOptions,
    mut diagnostics: Diagnostics,
) -> Planned {
    let Ground { context, workspace, configuration, mut providers, state, unfinished, events } = ground;
    for source in needed_providers(&configuration) {
        diagnostics.extend(providers.load(&source).await);
    }
    if diagnostics.has_errors() {
        return Planned::nothing(providers, diagnostics);
    }
    let timestamp = now();
    let phase = Phase {
        plan_timestamp: Some(timestamp.clone()),
        provider_functions: Some(Arc::new(LoadedFunctions::of(&providers))),
        ..Phase::default()
    };
    let validating = Phase { validating: true, ..phase.clone() };
    let problems = validate(&configuration, &providers, surroundings(context, workspace, &validating)).await;
    if problems.has_errors() {
        diagnostics.extend(problems);
        return Planned::nothing(providers, diagnostics);
    }
    let input = PlanInput {
        configuration,
        providers,
        state,
        options: PlanOptions { timestamp, ..options },
        surroundings: surroundings(context, workspace, &phase),
        unfinished,
        events,
    };
    let outcome = plan(input).await;
    diagnostics.extend(merged(problems, outcome.diagnostics));
    Planned {
        plan: Some(outcome.plan),
        providers: outcome.providers,
        discovered: outcome.discovered,
        diagnostics,
    }
}

/// Plans without what has to wait.
fn next_attempt(
    context: &Context,
    flags: &ParsedFlags,
    mut options: PlanOptions,
    report: &Arc<dyn Report>,
    operation: &str,
    more: Waiting,
) -> Result<PlannedRun, Failure> {
    let is_limited_by_user = !options.excludes.is_empty() || !options.targets.is_empty();
    options.excludes.extend(more.targets.iter().cloned());
    let mut run = make_plan(context, flags, options, report, operation)?;
    if !is_limited_by_user {
        // Nobody asked for a part: the rest follows.
        let found = std::mem::take(&mut run.diagnostics);
        run.diagnostics = found.into_iter().filter(|problem| !is_targeting_warning(problem)).collect();
    }
    run.waiting.targets.splice(0..0, more.targets);
    run.waiting.problems = more.problems.into_iter().chain(run.waiting.problems).collect();
    Ok(run)
}

/// Saves what could be planned before something went wrong: it can be looked at, but not be applied.
fn failed_plan(flags: &ParsedFlags, mut run: PlannedRun) -> Failure {
    if let Some(Err(problem)) = flags.text("out").map(|path| save_plan(&run, path)) {
        run.diagnostics.push(problem);
    }
    (run.diagnostics, run.sources)
}

/// Planning changes nothing, so that it is given up at the first interrupt.
async fn giving_up<F: Future>(
    work: F,
    cancellation: &Cancellation,
    report: &dyn Report,
) -> Ending<F::Output> {
    tokio::select! {
        ending = interruptible(work, cancellation, report) => ending,
        () = cancellation.requested() => Ending::Abandoned,
    }
}

/// Opens the state.
///
/// # Errors
/// When it cannot be read, or not be recovered.
pub fn open_state(session: &Session) -> Result<(StateStore, Recovery), Diagnostics> {
    session.open()
}

/// What an interrupted run has left is made part of the state before anything else happens.
async fn publish_recovered(store: &mut StateStore, session: &Session) -> Result<(), Diagnostics> {
    if !store.has_unpublished() {
        return Ok(());
    }
    publish(store, session.backend.as_ref(), &session.workspace).await.map(drop).map_err(|error| {
        let detail = format!("What an interrupted run has done could not be saved: {error}.");
        Diagnostic::error("Failed to save the recovered state", detail).into()
    })
}

fn needed_providers(configuration: &PreparedConfiguration) -> Vec<ProviderSource> {
    configuration.provider_sources()
}

/// Returns the present time as plans store it.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Adds later messages to earlier ones. Planning checks again what validation has checked, and applying what planning
/// has; a message is shown once.
pub(super) fn merged(mut first: Diagnostics, second: Diagnostics) -> Diagnostics {
    let key = |diagnostic: &Diagnostic| {
        let Diagnostic { severity, summary, detail, address, subject, .. } = diagnostic;
        (*severity == Severity::Error, summary.clone(), detail.clone(), address.clone(), *subject)
    };
    let known: std::collections::HashSet<_> = first.iter().map(key).collect();
    first.extend(second.into_iter().filter(|diagnostic| !known.contains(&key(diagnostic))));
    first
}

/// Without any file everything would be undeclared: most likely this is the wrong directory.
fn no_configuration() -> Diagnostic {
    let detail = "This directory has no configuration files. Planning without a configuration would mark everything for destruction, \
                  which is normally not what is desired. To destroy everything, use the -destroy option or the \"destroy\" \
                  command; otherwise, create a configuration file (.tf file) and try again.";
    Diagnostic::error("No configuration files", detail)
}

fn interrupted() -> Diagnostic {
    Diagnostic::error("Operation interrupted", "Planning was interrupted. Nothing was changed.")
}

/// Tells what kind of run a mode is, for whoever finds the state locked.
pub fn operation_name(mode: PlanMode, applying: bool) -> &'static str {
    match (mode, applying) {
        (_, false) => "OperationTypePlan",
        (PlanMode::RefreshOnly, true) => "OperationTypeRefresh",
        (_, true) => "OperationTypeApply",
    }
}
