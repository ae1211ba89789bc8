//! Carrying out one run of a test file.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_apply::{ApplyEvent, ApplyInput, EventSink, apply};
use terrane_language::config::Module;
use terrane_language::config::module::Variable;
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
use terrane_state::{StateSnapshot, StateStore};

use super::expectations::Expectations;
use super::prepare::{evaluate_overrides, modules_of_run, substitutes};
use super::report::Shown;
use super::runner::{Status, TestSettings};
use super::scope::TestScope;
use crate::context::Context;
use crate::file_system::WorldEnvironment;
use crate::project::{Phase, surroundings};
use crate::registry::registry;
use crate::run::applying::take_over;
use crate::run::interrupts::{Ending, interruptible_quietly};
use crate::run::planning::now;
use crate::session::block_on;

/// What a run is carried out with, besides its module and its state.
pub(super) struct RunGround<'a> {
    /// What all test files have in common.
    pub(super) settings: &'a TestSettings<'a>,
    /// The file.
    pub(super) test: &'a TestFile,
    /// Outputs of earlier runs.
    pub(super) outputs: &'a BTreeMap<Str, Value>,
}

/// A module that was read.
#[derive(Clone)]
pub(super) struct LoadedModule {
    pub(super) tree: Arc<ModuleTree>,
    pub(super) sources: Arc<SourceMap>,
}

/// A state that runs work on.
pub(super) struct RunState {
    /// Nothing after an apply that was given up.
    pub(super) store: Option<StateStore>,
    /// Whether the run has begun to apply something.
    pub(super) is_changed: bool,
}

impl RunState {
    pub(super) fn snapshot(&self) -> Option<&StateSnapshot> {
        self.store.as_ref().map(StateStore::snapshot)
    }
}

/// A failure that ends a run.
pub(super) type Stop = (Diagnostics, Arc<SourceMap>);

/// Everything that a run works with.
struct Prepared {
    configuration: Arc<PreparedConfiguration>,
    providers: ProviderPool,
    given: GivenValues,
    sources: Arc<SourceMap>,
    diagnostics: Diagnostics,
}

/// What a run that got as far as its assertions has come to.
pub(super) struct Ended {
    pub(super) status: Status,
    pub(super) diagnostics: Diagnostics,
    pub(super) sources: Arc<SourceMap>,
    pub(super) shown: Option<Shown>,
    /// The outputs of the module under test, for later runs.
    pub(super) outputs: Value,
}

impl RunGround<'_> {
    /// Carries out a run up to its assertions.
    pub(super) fn carry_out(
        &self,
        run: &Run,
        module: &LoadedModule,
        state: &mut RunState,
    ) -> Result<Ended, Stop> {
        let Prepared { configuration, providers, given, sources, mut diagnostics } =
            self.prepare(run, module, state)?;
        let root = Arc::clone(configuration.tree.root());
        let mut problems = Diagnostics::new();
        let mut expectations = Expectations::find(run, &root, &sources, &mut problems);
        let options = self.options_of(run, &given, &sources, &mut problems);
        if problems.has_errors() {
            diagnostics.extend(problems);
            return Err((diagnostics, sources));
        }
        let stop = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
        let planned = self.plan(state, &configuration, providers, options);
        let Some(mut planned) = planned else { return Err(stop(interrupted().into())) };
        let (rest, stopped_by) = expectations.take(planned.diagnostics, run.plans_only);
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
            state.is_changed = true;
            let applied =
                self.apply(state, &configuration, planned.providers, planned.plan, given, &timestamp);
            let Some((problems, applied)) = applied.map_err(stop)? else {
                return Err((interrupted().into(), sources));
            };
            evaluation = applied;
            let (rest, _) = expectations.take(problems, true);
            let failed = rest.has_errors();
            diagnostics.extend(rest);
            if self.settings.verbose {
                shown = state.snapshot().map(|snapshot| Shown::State(snapshot.clone()));
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
        let outputs = root_outputs(&evaluation);
        Ok(Ended { status, diagnostics, sources, shown, outputs })
    }

    fn prepare(&self, run: &Run, module: &LoadedModule, state: &RunState) -> Result<Prepared, Stop> {
        let LoadedModule { tree, sources } = module;
        let mut diagnostics = Diagnostics::new();
        let stop = |diagnostics: Diagnostics| (diagnostics, Arc::clone(sources));
        let context = self.settings.context;
        let environment = environment(context);
        let (variables, given) = self.values(run, tree, &environment, &mut diagnostics);
        let scope = TestScope { variables: &variables, runs: self.outputs, environment: &environment };
        let file: &TestFile = self.test;
        let overrides = evaluate_overrides(file, run, &scope, sources, &mut diagnostics);
        if diagnostics.has_errors() {
            return Err(stop(diagnostics));
        }
        let tree = Arc::new(modules_of_run(tree, file, run, &overrides));
        let missing = missing_values(tree.root(), &given, &run.name);
        if missing.has_errors() {
            return Err(stop(missing));
        }
        let mut configuration =
            PreparedConfiguration::prepare(Arc::clone(&tree), Arc::clone(sources)).map_err(stop)?;
        if let Some(snapshot) = state.snapshot() {
            configuration.include_state(snapshot);
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
        Ok(Prepared { configuration, providers, given, sources: Arc::clone(sources), diagnostics })
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
                let scope = TestScope { variables, runs: self.outputs, environment };
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
        let of_file = take(&self.test.variables, &variables, false);
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
        state: &RunState,
        configuration: &Arc<PreparedConfiguration>,
        providers: ProviderPool,
        options: PlanOptions,
    ) -> Option<terrane_plan::planner::PlanOutcome> {
        let phase = Phase { plan_timestamp: Some(options.timestamp.clone()), ..self.phase(&providers) };
        let input = PlanInput {
            configuration: Arc::clone(configuration),
            providers,
            state: state.snapshot()?.clone(),
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
        &self,
        state: &mut RunState,
        configuration: &Arc<PreparedConfiguration>,
        providers: ProviderPool,
        plan: Plan,
        given: GivenValues,
        timestamp: &str,
    ) -> Result<Option<(Diagnostics, Evaluation)>, Diagnostics> {
        let phase =
            Phase { applying: true, plan_timestamp: Some(timestamp.to_owned()), ..self.phase(&providers) };
        let Some(mut store) = state.store.take() else { return Ok(None) };
        take_over(&mut store, &plan)?;
        let input = ApplyInput {
            plan: Arc::new(plan),
            configuration: Arc::clone(configuration),
            providers,
            store,
            given,
            surroundings: surroundings(self.settings.context, "default", &phase),
            parallelism: self.settings.parallelism,
            cancellation: self.settings.cancellation.clone(),
        };
        match block_on(interruptible_quietly(apply(input, Arc::new(Silent)), self.settings.cancellation)) {
            Ending::Finished(outcome) => {
                state.store = Some(outcome.store);
                Ok(Some((outcome.diagnostics, outcome.evaluation)))
            }
            Ending::Abandoned => Ok(None),
        }
    }

    /// Destroys what a state has, with the configuration of a run.
    ///
    /// # Errors
    /// With what went wrong; the state has what is left.
    pub(super) fn destroy(&self, run: &Run, module: &LoadedModule, state: &mut RunState) -> Result<(), Stop> {
        let prepared = self.prepare(run, module, state)?;
        let (given, sources) = (prepared.given, prepared.sources);
        let stop = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
        let options = PlanOptions {
            mode: PlanMode::Destroy,
            given: given.clone(),
            parallelism: self.settings.parallelism,
            timestamp: now(),
            ..PlanOptions::default()
        };
        let planned = self.plan(state, &prepared.configuration, prepared.providers, options);
        let Some(planned) = planned else { return Err(stop(interrupted().into())) };
        if planned.diagnostics.has_errors() {
            return Err(stop(planned.diagnostics));
        }
        let timestamp = planned.plan.timestamp.clone();
        let configuration = &prepared.configuration;
        let applied = self.apply(state, configuration, planned.providers, planned.plan, given, &timestamp);
        match applied.map_err(stop)? {
            Some((problems, _)) if problems.has_errors() => Err(stop(problems)),
            Some(_) => Ok(()),
            None => Err(stop(interrupted().into())),
        }
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

fn missing_values(module: &Module, given: &GivenValues, run: &str) -> Diagnostics {
    let missing = module.variables.iter().filter(|v| v.is_required() && !given.contains_key(&v.name));
    let problem = |variable: &Variable| {
        let detail = format!(
            "The module under test for run block {run:?} has a required variable {:?} with no set value. Use a -var or -var-file \
             command line argument or add this variable into a \"variables\" block within the test file or run block.",
            variable.name.as_str()
        );
        Diagnostic::error("No value for required variable", detail).at(variable.span)
    };
    missing.map(problem).collect()
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
