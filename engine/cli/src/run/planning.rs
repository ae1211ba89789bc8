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
use terrane_state::{Recovery, StateStore, publish};

use super::Failure;
use super::configuration::load_configuration;
use super::generated_config::{self, generate};
use super::interrupts::{Ending, interruptible};
use super::plan_warnings::{forgetting_warning, targeting_warning};
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
    let mut loaded = load_configuration(context, flags)?;
    let mut options = options;
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
    let is_limited_by_user = options.imports.is_empty();
    let (mut configuration, sources, given) = (loaded.configuration, loaded.sources, loaded.given);
    let mut diagnostics = loaded.diagnostics;
    let fail = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
    diagnostics.extend(recovery.notices);
    configuration.include_state(store.snapshot());
    for (_, intent) in &recovery.unfinished {
        configuration.include_provider(&intent.provider_config);
    }
    let mut providers = ProviderPool::new(Arc::new(registry(context, &configuration.tree)));
    let cancellation = Cancellation::new();
    let mut discovered = Vec::new();
    let configuration = Arc::new(configuration);
    let work = async {
        for source in needed_providers(&configuration) {
            diagnostics.extend(providers.load(&source).await);
        }
        if diagnostics.has_errors() {
            return (None, providers, diagnostics);
        }
        let functions = Arc::new(LoadedFunctions::of(&providers));
        let timestamp = now();
        let phase = Phase {
            plan_timestamp: Some(timestamp.clone()),
            provider_functions: Some(functions),
            ..Phase::default()
        };
        let validating = Phase { validating: true, ..phase.clone() };
        let problems =
            validate(&configuration, &providers, surroundings(context, &session.workspace, &validating))
                .await;
        if problems.has_errors() {
            diagnostics.extend(problems);
            return (None, providers, diagnostics);
        }
        let input = PlanInput {
            configuration: Arc::clone(&configuration),
            providers,
            state: store.snapshot().clone(),
            options: PlanOptions { given: given.clone(), timestamp, ..options },
            surroundings: surroundings(context, &session.workspace, &phase),
            unfinished: recovery.unfinished.iter().map(|(_, intent)| intent.clone()).collect(),
            events: Arc::clone(report) as Arc<dyn terrane_plan::PlanEvents>,
        };
        let outcome = plan(input).await;
        diagnostics.extend(merged(problems, outcome.diagnostics));
        discovered = outcome.discovered;
        (Some(outcome.plan), outcome.providers, diagnostics)
    };
    let (plan, providers, mut diagnostics) = match block_on(giving_up(work, &cancellation, report.as_ref())) {
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
    if diagnostics.has_errors() {
        report.plan(&plan, &providers);
        return Err(fail(diagnostics));
    }
    diagnostics.extend(targeting_warning(&plan).filter(|_| is_limited_by_user));
    diagnostics.extend(forgetting_warning(&plan));
    Ok(PlannedRun { plan, configuration, providers, given, store, session, sources, diagnostics, discovered })
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

/// Planning checks again what validation has checked; a message is shown once.
fn merged(mut first: Diagnostics, second: Diagnostics) -> Diagnostics {
    let key = |diagnostic: &Diagnostic| {
        let Diagnostic { severity, summary, detail, address, subject, .. } = diagnostic;
        (*severity == Severity::Error, summary.clone(), detail.clone(), address.clone(), *subject)
    };
    let known: std::collections::HashSet<_> = first.iter().map(key).collect();
    first.extend(second.into_iter().filter(|diagnostic| !known.contains(&key(diagnostic))));
    first
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
