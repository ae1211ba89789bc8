//! The loop that carries out a plan. It owns everything that changes; provider calls get copies and send back
//! outcomes.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rustc_hash::FxHashMap;
use terrane_language::evaluate::{Evaluation, GivenValues, Surroundings};
use terrane_model::{Diagnostic, Diagnostics, ResourceInstanceAddress, ResourceMode, Str};
use terrane_plan::checks::Checks;
use terrane_plan::ephemeral::{EphemeralOutcome, OpenEphemeral};
use terrane_plan::prior_objects::PriorObjects;
use terrane_plan::removals::Removals;
use terrane_plan::{
    ActionExpansions, NodeId, Operation, OperationGraph, OperationId, Plan, PlanMode, PreparedConfiguration,
    ProviderPool,
};
use terrane_state::{DeposedKey, StateStore};

use crate::apply_instance::{Applied, FinalPlan, InstanceWork, Provisioned};
use crate::begin_resource::ResourceRun;
use crate::cancellation::Cancellation;
use crate::destroy_instance::{DestroyWork, Destroyed};
use crate::events::{ApplyEvent, EventSink};
use crate::falling::Falling;
use crate::invoke_action::Invoked;
use crate::read_data::DataRead;

/// Everything that carrying out a plan needs.
pub struct ApplyInput {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The configuration that it was made from.
    pub configuration: Arc<PreparedConfiguration>,
    /// Providers with their schemas loaded; configured ones are configured again, with what is known now.
    pub providers: ProviderPool,
    /// The state, opened for changing and holding the plan's prior state.
    pub store: StateStore,
    /// Values for the root module's variables.
    pub given: GivenValues,
    /// What expressions see of the world.
    pub surroundings: Surroundings,
    /// How many provider calls may run at once.
    pub parallelism: usize,
    /// Asks to end early.
    pub cancellation: Cancellation,
}

/// What came out.
pub struct ApplyOutcome {
    /// The state with all results, still to be published.
    pub store: StateStore,
    /// Messages.
    pub diagnostics: Diagnostics,
    /// What everything in the configuration came to.
    pub evaluation: Evaluation,
    /// The providers, configured.
    pub providers: ProviderPool,
}

/// Carries out a plan.
pub async fn apply(input: ApplyInput, events: Arc<dyn EventSink>) -> ApplyOutcome {
    let (prior, problems) =
        terrane_plan::prior_objects::decode_state(input.store.snapshot(), &input.providers).await;
    let graph = OperationGraph::build(&input.plan, &input.configuration);
    let tree = &input.configuration.tree;
    let mut executor = Executor {
        evaluation: Evaluation::new(Arc::clone(tree), input.surroundings),
        action_expansions: ActionExpansions::default(),
        checks: Checks::of_configuration(tree),
        removals: Removals::of_configuration(tree),
        open_ephemerals: Vec::new(),
        diagnostics: problems,
        failed: vec![false; graph.len()],
        node_failed: FxHashMap::default(),
        graph: Arc::new(graph),
        resources: FxHashMap::default(),
        deposed_keys: FxHashMap::default(),
        falling: Falling::default(),
        plan: input.plan,
        configuration: input.configuration,
        providers: input.providers,
        store: input.store,
        given: input.given,
        parallelism: input.parallelism.max(1),
        cancellation: input.cancellation,
        events,
        prior,
    };
    if !executor.diagnostics.has_errors() {
        executor.report_imports();
        executor.configure_implied_providers().await;
        executor.run().await;
        executor.close_ephemerals().await;
        executor.finish();
    }
    ApplyOutcome {
        store: executor.store,
        diagnostics: executor.diagnostics,
        evaluation: executor.evaluation,
        providers: executor.providers,
    }
}

pub(crate) struct Executor {
    pub(crate) plan: Arc<Plan>,
    pub(crate) configuration: Arc<PreparedConfiguration>,
    pub(crate) graph: Arc<OperationGraph>,
    pub(crate) providers: ProviderPool,
    pub(crate) store: StateStore,
    pub(crate) evaluation: Evaluation,
    pub(crate) action_expansions: ActionExpansions,
    pub(crate) given: GivenValues,
    pub(crate) checks: Checks,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) prior: PriorObjects,
    pub(crate) resources: FxHashMap<NodeId, ResourceRun>,
    /// Keys of objects that make room for their replacements, by position of the change.
    pub(crate) deposed_keys: FxHashMap<usize, DeposedKey>,
    pub(crate) falling: Falling,
    /// Operations that failed, or that something that failed keeps from being done.
    failed: Vec<bool>,
    /// Nodes of which some operation failed.
    node_failed: FxHashMap<NodeId, ()>,
    parallelism: usize,
    pub(crate) cancellation: Cancellation,
    /// Ephemeral resources that are open, in the order in which they were opened.
    pub(crate) open_ephemerals: Vec<OpenEphemeral>,
    /// What `removed` blocks cover.
    pub(crate) removals: Removals,
    pub(crate) events: Arc<dyn EventSink>,
}

/// What an operation's provider calls came back with.
pub(crate) enum Outcome {
    /// A provider was configured.
    Configured(crate::evaluate::ConfiguredProvider),
    /// The final plan for an object is there; its intent can be journaled.
    Final(Box<InstanceWork>, Result<FinalPlan, Diagnostics>),
    /// The instances of an ephemeral resource were opened, or not.
    Opened(NodeId, Vec<(ResourceInstanceAddress, EphemeralOutcome)>),
    /// An object was created or updated, or not.
    Applied(Box<Applied>),
    /// What was to be run on a new object has run, or not.
    Provisioned(Box<Provisioned>),
    /// What was to be run before an object goes has run, or not.
    BeforeDestroy(Box<DestroyWork>, Diagnostics),
    /// An object was destroyed, or not.
    Destroyed(Box<Destroyed>),
    /// Data was read, or not.
    Read(Box<DataRead>),
    /// An action was invoked, or not.
    Invoked(Invoked),
}

/// How an operation goes on.
pub(crate) enum Step {
    /// It is done.
    Done,
    /// It failed; messages were added.
    Failed,
    /// It waits for a provider.
    Waiting(BoxFuture<'static, Outcome>),
}

impl Executor {
    async fn run(&mut self) {
        let graph = Arc::clone(&self.graph);
        let dependents = graph.dependents();
        let mut waiting: Vec<usize> = graph.iter().map(|(id, _)| graph.waits_for(id).len()).collect();
        let mut ready: VecDeque<OperationId> =
            graph.iter().map(|(id, _)| id).filter(|id| waiting[id.index()] == 0).collect();
        let mut held: VecDeque<OperationId> = VecDeque::new();
        let mut running = FuturesUnordered::new();
        let mut stopping = false;
        loop {
            while let Some(id) = ready.pop_front() {
                // What asks a provider waits for a free place; what does not is done at once.
                if running.len() >= self.parallelism && asks_provider(graph.operation(id)) {
                    held.push_back(id);
                    continue;
                }
                let step = self.start(id);
                if let Some(future) = self.settle(id, step) {
                    running.push(tagged(id, future));
                } else {
                    release(id, &dependents, &mut waiting, &mut ready);
                }
            }
            let next = tokio::select! {
                next = running.next() => next,
                () = self.cancellation.requested(), if !stopping => {
                    stopping = true;
                    self.stop_providers().await;
                    continue;
                }
            };
            let Some((id, outcome)) = next else { break };
            let step = self.complete(id, outcome);
            if let Some(future) = self.settle(id, step) {
                running.push(tagged(id, future));
            } else {
                release(id, &dependents, &mut waiting, &mut ready);
            }
            ready.extend(held.pop_front());
        }
    }

    /// Imported objects are in the state from the start.
    fn report_imports(&self) {
        for change in self.plan.resource_changes.iter().filter(|change| change.importing.is_some()) {
            self.events.event(ApplyEvent::Imported { change });
        }
    }

    /// Asks all providers to come to an end with what is under way.
    async fn stop_providers(&self) {
        for provider in self.providers.all_configured() {
            provider.stop().await;
        }
    }

    /// Follows an operation as far as its provider answers at once; returns what it waits for otherwise.
    fn settle(&mut self, id: OperationId, mut step: Step) -> Option<BoxFuture<'static, Outcome>> {
        loop {
            match step {
                Step::Done => return None,
                Step::Failed => {
                    self.fail(id);
                    return None;
                }
                Step::Waiting(mut future) => match (&mut future).now_or_never() {
                    Some(outcome) => step = self.complete(id, outcome),
                    None => return Some(future),
                },
            }
        }
    }

    fn fail(&mut self, id: OperationId) {
        self.failed[id.index()] = true;
        let node = match self.graph.operation(id) {
            Operation::Evaluate(node) | Operation::BeginResource(node) | Operation::FinishResource(node) => {
                Some(node)
            }
            _ => None,
        };
        if let Some(node) = node {
            self.node_failed.insert(node, ());
        }
    }

    /// Tells whether a node was evaluated without errors.
    pub(crate) fn has_failed(&self, node: NodeId) -> bool {
        self.node_failed.contains_key(&node)
    }

    fn start(&mut self, id: OperationId) -> Step {
        let graph = Arc::clone(&self.graph);
        if graph.waits_for(id).iter().any(|target| self.failed[target.index()]) {
            if let Operation::Evaluate(node) = graph.operation(id) {
                self.expect_result(node);
            }
            return Step::Failed;
        }
        let operation = graph.operation(id);
        if asks_provider(operation) && self.cancellation.is_requested() {
            return Step::Failed;
        }
        match operation {
            Operation::Evaluate(node) => self.evaluate_node(node),
            Operation::BeginResource(node) => self.begin_resource(node),
            Operation::FinishResource(node) => self.finish_resource(node),
            Operation::Apply(position) => self.start_apply(position),
            Operation::Destroy(position) => self.start_destroy(position),
            Operation::Forget(position) => self.forget(position),
            Operation::Invoke(position) => self.start_invoke(position),
            Operation::Barrier => Step::Done,
        }
    }

    fn complete(&mut self, id: OperationId, outcome: Outcome) -> Step {
        let _ = id;
        match outcome {
            Outcome::Configured(configured) => self.complete_configuration(configured),
            Outcome::Final(work, result) => self.act(*work, result),
            Outcome::Opened(node, outcomes) => self.complete_opening(node, outcomes),
            Outcome::Applied(applied) => self.complete_apply(*applied),
            Outcome::Provisioned(provisioned) => self.complete_provisioning(*provisioned),
            Outcome::BeforeDestroy(work, problems) => self.complete_farewell(*work, problems),
            Outcome::Destroyed(destroyed) => self.complete_destroy(*destroyed),
            Outcome::Read(read) => self.complete_read(*read),
            Outcome::Invoked(invoked) => self.complete_invoke(invoked),
        }
    }

    /// Adds messages; tells whether none of them is an error.
    pub(crate) fn note(&mut self, diagnostics: Diagnostics) -> bool {
        let failed = diagnostics.has_errors();
        self.diagnostics.extend(diagnostics);
        !failed
    }

    /// Adds the message that the journal could not be written: the run must end, since what it does next could be
    /// lost.
    pub(crate) fn note_journal_error(&mut self, error: &terrane_state::StoreError) {
        let detail = format!(
            "The state could not be recorded: {error}.\n\nNothing new is started, so that nothing gets lost. What was done so \
             far is known and will be saved if possible. Free some disk space, then run the same command again."
        );
        if !self.cancellation.is_requested() {
            self.diagnostics.push(Diagnostic::error("Failed to record the state", detail));
        }
        self.cancellation.request();
    }

    /// Puts outputs and results of checks into the state.
    fn finish(&mut self) {
        if self.cancellation.is_requested() {
            let detail = "The run was interrupted. What was done is recorded in the state; run the same command again to go on.";
            self.diagnostics.push(Diagnostic::error("Operation interrupted", detail));
        }
        if self.plan.mode == PlanMode::Destroy && !self.diagnostics.has_errors() {
            self.drop_data();
        }
        let outputs = self.final_outputs();
        if self.plan.mode == PlanMode::Destroy {
            self.checks = Checks::of_destruction(&self.configuration.tree);
        }
        let results = self.checks.results();
        let results = (!results.is_empty()).then_some(results);
        let stored = self.store.set_outputs(outputs).and_then(|()| self.store.set_check_results(results));
        if let Err(error) = stored {
            self.note_journal_error(&error);
        }
    }

    /// Takes what data resources have read out of the state: after a destruction nothing uses it any more.
    fn drop_data(&mut self) {
        let covers = |address: &ResourceInstanceAddress| {
            let targets = &self.plan.targets;
            let included = targets.is_empty() || targets.iter().any(|target| target.covers(address));
            included && !self.plan.excludes.iter().any(|target| target.covers(address))
        };
        let read: Vec<_> = self
            .store
            .snapshot()
            .objects()
            .filter(|(address, ..)| address.resource.mode == ResourceMode::Data && covers(address))
            .map(|(address, _, resource, _)| (address, resource.provider_config.clone()))
            .collect();
        for (address, provider_config) in read {
            if let Err(error) = self.store.change(address, None, provider_config, None) {
                self.note_journal_error(&error);
                return;
            }
        }
    }

    /// Makes a key for an object that makes room for its replacement.
    pub(crate) fn new_deposed_key() -> DeposedKey {
        let mut bytes = [0; 4];
        // Without a source of randomness the clock's low bits do: keys only need to differ within an instance.
        if getrandom::fill(&mut bytes).is_err() {
            bytes = [0x5e, 0xed, 0x00, 0x01];
        }
        Str::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

/// Lets an outcome remember its operation.
async fn tagged(id: OperationId, future: BoxFuture<'static, Outcome>) -> (OperationId, Outcome) {
    (id, future.await)
}

fn asks_provider(operation: Operation) -> bool {
    matches!(operation, Operation::Apply(_) | Operation::Destroy(_) | Operation::Invoke(_))
}

fn release(
    id: OperationId,
    dependents: &[Vec<OperationId>],
    waiting: &mut [usize],
    ready: &mut VecDeque<OperationId>,
) {
    for dependent in &dependents[id.index()] {
        waiting[dependent.index()] -= 1;
        if waiting[dependent.index()] == 0 {
            ready.push_back(*dependent);
        }
    }
}
