//! The walk that makes a plan: one loop over the graph, in which everything is decided, and from which providers
//! are asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rustc_hash::{FxHashMap, FxHashSet};
use terrane_language::config::Declaration;
use terrane_language::evaluate::{Evaluation, RuleKind, Surroundings, evaluate_rule};
use terrane_language::modules::ModuleId;
use terrane_model::{
    Diagnostic, Diagnostics, ModuleInstance, ResourceInstanceAddress, ResourceMode, Severity, Value,
};
use terrane_provider::Discovered;
use terrane_state::{CheckableKind, Intent, StateSnapshot};
use tokio::sync::Semaphore;

use crate::action_config::ActionExpansions;
use crate::action_invocation::ActionInvocation;
use crate::added_order::AddedOrder;
use crate::change::{Action, ResourceChange};
use crate::checks::Checks;
use crate::dependency_graph::{NodeId, NodeKind};
use crate::ephemeral::OpenEphemeral;
use crate::events::PlanEvents;
use crate::import_blocks::WantedImport;
use crate::moved_addresses::Moves;
use crate::plan::{Plan, PlanMode, PlanOptions};
use crate::plan_resource::ResourceOutcome;
use crate::prepared::PreparedConfiguration;
use crate::prior_objects::{PriorObjects, decode_state};
use crate::provider_pool::{ConfiguredKey, ProviderPool};
use crate::refresh::RefreshBatch;
use crate::relevant_attributes::relevant_attributes;
use crate::removals::Removals;
use crate::targets::Selection;
use crate::wanted_attributes::WantedAttributes;

/// Everything that a plan is made of.
pub struct PlanInput {
    /// The configuration.
    pub configuration: Arc<PreparedConfiguration>,
    /// Providers with their schemas loaded.
    pub providers: ProviderPool,
    /// The state as it was stored.
    pub state: StateSnapshot,
    /// What to plan.
    pub options: PlanOptions,
    /// What expressions see of the world.
    pub surroundings: Surroundings,
    /// Effects of an interrupted run whose outcome is not known.
    pub unfinished: Vec<Intent>,
    /// Gets told how it goes.
    pub events: Arc<dyn PlanEvents>,
}

/// What came out.
pub struct PlanOutcome {
    /// The plan; with errors, what was found until then.
    pub plan: Plan,
    /// Messages.
    pub diagnostics: Diagnostics,
    /// The providers, for applying.
    pub providers: ProviderPool,
    /// What everything in the configuration came to.
    pub evaluation: Evaluation,
    /// What exists in the scope that was asked about.
    pub discovered: Vec<Discovered>,
}

/// Makes a plan.
pub async fn plan(input: PlanInput) -> PlanOutcome {
    let mut diagnostics = Diagnostics::new();
    let tree = &input.configuration.tree;
    let (moves, moved_state, problems) =
        crate::moved_addresses::apply_moves(tree, input.state, &input.options);
    diagnostics.extend(problems);
    let mut state = moved_state.clone();
    diagnostics.extend(
        crate::moved_types::convert_moved(&moves, &mut state, &input.configuration, &input.providers).await,
    );
    let uncertain = crate::recover::adopt_unfinished(&mut state, &input.unfinished, &mut diagnostics);
    let (prior, problems) = decode_state(&state, &input.providers).await;
    diagnostics.extend(problems);
    let configuration = Arc::clone(&input.configuration);
    let selection = select(&configuration, &input.options);
    let imports = input.options.imports.iter();
    let imports =
        imports.map(|(address, target)| (address.clone(), WantedImport::by_command(target.clone())));
    let mut planner = Planner {
        imports: imports.collect(),
        open_ephemerals: Vec::new(),
        evaluation: Evaluation::new(Arc::clone(tree), input.surroundings),
        checks: Checks::of_configuration(tree),
        previous_state: moved_state,
        state,
        uncertain,
        removals: Removals::of_configuration(tree),
        events: input.events,
        limit: Arc::new(Semaphore::new(input.options.parallelism.max(1))),
        configuration: Arc::clone(&configuration),
        providers: input.providers,
        options: input.options,
        prior,
        moves,
        selection,
        diagnostics,
        changes: Vec::new(),
        drift: Vec::new(),
        positions: FxHashMap::default(),
        declared: FxHashSet::default(),
        pending: FxHashSet::default(),
        failed: FxHashSet::default(),
        refreshes: FxHashMap::default(),
        wanted: None,
        discovered: Vec::new(),
        output_changes: BTreeMap::new(),
        action_expansions: ActionExpansions::default(),
        action_invocations: Vec::new(),
    };
    planner.check_requested_imports();
    planner.check_requested_action();
    if !planner.diagnostics.has_errors() {
        planner.run().await;
        planner.check_whole_plan().await;
        planner.discover().await;
    }
    planner.close_ephemerals().await;
    planner.action_invocations.sort_by(ActionInvocation::order);
    planner.changes.sort_by(|a, b| (&a.address, &a.deposed).cmp(&(&b.address, &b.deposed)));
    let (falling, added_order) = planner.find_falling().await;
    planner.finish(falling, added_order)
}

/// Finds what a run walks.
fn select(configuration: &PreparedConfiguration, options: &PlanOptions) -> Selection {
    let (graph, tree) = (&configuration.graph, &*configuration.tree);
    match &options.invoke {
        Some(action) => Selection::for_action(graph, tree, action),
        None => {
            let PlanOptions { mode, targets, excludes, .. } = options;
            Selection::find(graph, tree, &configuration.dependencies, *mode, targets, excludes)
        }
    }
}

/// The state of the walk. Only the loop changes it; provider calls get copies and send back outcomes.
pub(crate) struct Planner {
    pub(crate) configuration: Arc<PreparedConfiguration>,
    pub(crate) options: PlanOptions,
    pub(crate) providers: ProviderPool,
    pub(crate) evaluation: Evaluation,
    pub(crate) selection: Selection,
    /// The state before the run, after moves.
    pub(crate) previous_state: StateSnapshot,
    /// The state with objects as they are now.
    pub(crate) state: StateSnapshot,
    pub(crate) prior: PriorObjects,
    /// Objects of which an interrupted run has left open how they are.
    pub(crate) uncertain: FxHashSet<ResourceInstanceAddress>,
    pub(crate) events: Arc<dyn PlanEvents>,
    pub(crate) removals: Removals,
    /// Existing objects that resource instances are to take over.
    pub(crate) imports: FxHashMap<ResourceInstanceAddress, WantedImport>,
    /// Ephemeral resources that are open, in the order in which they were opened.
    pub(crate) open_ephemerals: Vec<OpenEphemeral>,
    pub(crate) moves: Moves,
    pub(crate) checks: Checks,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) changes: Vec<ResourceChange>,
    pub(crate) drift: Vec<ResourceChange>,
    /// Where each instance's change is in `changes`.
    pub(crate) positions: FxHashMap<ResourceInstanceAddress, usize>,
    /// Instances that the configuration declares.
    pub(crate) declared: FxHashSet<ResourceInstanceAddress>,
    /// Resources of which some instance changes.
    pub(crate) pending: FxHashSet<NodeId>,
    pub(crate) failed: FxHashSet<NodeId>,
    pub(crate) refreshes: FxHashMap<ConfiguredKey, RefreshBatch>,
    pub(crate) wanted: Option<Arc<WantedAttributes>>,
    pub(crate) discovered: Vec<Discovered>,
    pub(crate) limit: Arc<Semaphore>,
    pub(crate) output_changes: BTreeMap<terrane_model::Str, crate::change::OutputChange>,
    pub(crate) action_expansions: ActionExpansions,
    pub(crate) action_invocations: Vec<ActionInvocation>,
}

/// What a node's provider calls came back with.
pub(crate) enum NodeOutcome {
    /// A provider was configured: one of it, or one per key of a repeated block.
    Providers(Vec<(ConfiguredKey, Arc<dyn terrane_provider::Provider>)>, Diagnostics),
    /// Instances of a resource were planned, or data was read.
    Resource(ResourceOutcome),
    /// Actions can be invoked.
    Actions(Vec<ActionInvocation>, Diagnostics),
}

/// How a node goes on.
pub(crate) enum Step {
    /// It is done.
    Done,
    /// It waits for a provider.
    Waiting(BoxFuture<'static, NodeOutcome>),
}

impl Planner {
    async fn run(&mut self) {
        self.configure_implied_providers().await;
        let configuration = Arc::clone(&self.configuration);
        let dependents = configuration.graph.dependents();
        let mut waiting: Vec<u32> = (0..configuration.graph.len())
            .map(|position| configuration.graph.dependencies(NodeId(position as u32)).len() as u32)
            .collect();
        // The graph's own order is the order of the walk, as far as providers answer at once.
        let mut ready: VecDeque<NodeId> =
            configuration.order.iter().copied().filter(|id| waiting[id.index()] == 0).collect();
        let mut running = FuturesUnordered::new();
        loop {
            while let Some(id) = ready.pop_front() {
                let step = self.start(id);
                match self.follow(id, step) {
                    None => release(id, &dependents, &mut waiting, &mut ready),
                    Some(future) => running.push(tagged(id, future)),
                }
            }
            let Some((id, outcome)) = running.next().await else { break };
            let step = self.complete(id, outcome);
            match self.follow(id, step) {
                None => release(id, &dependents, &mut waiting, &mut ready),
                Some(future) => running.push(tagged(id, future)),
            }
        }
        self.plan_undeclared().await;
        self.check_undeclared_imports();
    }

    /// Follows a node as far as its provider answers at once; returns what it waits for otherwise.
    fn follow(&mut self, id: NodeId, mut step: Step) -> Option<BoxFuture<'static, NodeOutcome>> {
        loop {
            match step {
                Step::Done => return None,
                Step::Waiting(mut future) => match (&mut future).now_or_never() {
                    Some(outcome) => step = self.complete(id, outcome),
                    None => return Some(future),
                },
            }
        }
    }

    /// Does what a node needs, or skips it when something that it needs has failed.
    fn start(&mut self, id: NodeId) -> Step {
        if !self.selection.contains(id) {
            return Step::Done;
        }
        let configuration = Arc::clone(&self.configuration);
        let stands_for_many = !matches!(configuration.graph.node(id).kind, NodeKind::Declaration(_));
        if configuration.graph.dependencies(id).iter().any(|dependency| self.failed.contains(dependency)) {
            self.failed.insert(id);
            return Step::Done;
        }
        if stands_for_many {
            return Step::Done;
        }
        let node = configuration.graph.node(id);
        let NodeKind::Declaration(declaration) = node.kind else { return Step::Done };
        match declaration {
            Declaration::Variable(position) => self.each_instance(id, node.module, |planner, instance| {
                let sources = Arc::clone(&planner.configuration.sources);
                let given = std::mem::take(&mut planner.options.given);
                let problems = planner.evaluation.evaluate_variable(instance, position, &given, &sources);
                planner.options.given = given;
                problems
            }),
            Declaration::VariableValidation(position) => self.validate_variable(id, node.module, position),
            Declaration::Local(position) => self.each_instance(id, node.module, |planner, instance| {
                planner.evaluation.evaluate_local(instance, position)
            }),
            Declaration::Call(position) => self.each_instance(id, node.module, |planner, instance| {
                planner.evaluation.expand_call(instance, position)
            }),
            Declaration::Output(position) => self.plan_output(id, node.module, position),
            Declaration::Check(_) if self.options.mode == PlanMode::Destroy => {}
            Declaration::Check(position) => self.evaluate_check(node.module, position),
            Declaration::Provider(position) => return self.configure_provider(node.module, position),
            Declaration::Resource(position) => return self.start_resource(id, node.module, position),
            Declaration::Action(position) => return self.start_action(id, node.module, position),
        }
        Step::Done
    }

    fn complete(&mut self, id: NodeId, outcome: NodeOutcome) -> Step {
        match outcome {
            NodeOutcome::Providers(configured, diagnostics) => {
                self.note(id, diagnostics);
                for (key, provider) in configured {
                    self.providers.insert_configured(key, provider);
                }
            }
            NodeOutcome::Resource(outcome) => return self.complete_resource(id, outcome),
            NodeOutcome::Actions(invocations, diagnostics) => {
                self.note(id, diagnostics);
                self.action_invocations.extend(invocations);
            }
        }
        Step::Done
    }

    /// Adds messages; an error among them means that the node has failed.
    pub(crate) fn note(&mut self, id: NodeId, diagnostics: Diagnostics) {
        if diagnostics.has_errors() {
            self.failed.insert(id);
        }
        self.diagnostics.extend(diagnostics);
    }

    fn each_instance(
        &mut self,
        id: NodeId,
        module: ModuleId,
        mut evaluate: impl FnMut(&mut Self, terrane_language::evaluate::ModuleInstanceId) -> Diagnostics,
    ) {
        for instance in self.evaluation.instances_of(module).to_vec() {
            let diagnostics = evaluate(self, instance);
            self.note(id, diagnostics);
        }
    }

    fn validate_variable(&mut self, id: NodeId, module: ModuleId, position: usize) {
        let tree = Arc::clone(&self.configuration.tree);
        let variable = &tree.module(module).variables[position];
        let config_address =
            in_module(&tree.node(module).path.to_string(), &format!("var.{}", variable.name));
        self.checks.expanded(&config_address, CheckableKind::InputVariable);
        let blamed = match tree.node(module).caller {
            Some((caller, call)) => {
                let argument = tree.module(caller).call_argument(call, &variable.name);
                argument.map_or(tree.module(caller).module_calls[call].span, |argument| argument.span)
            }
            None => variable.span,
        };
        for instance in self.evaluation.instances_of(module).to_vec() {
            let address = in_module(
                &self.evaluation.address_of(instance).to_string(),
                &format!("var.{}", variable.name),
            );
            for rule in &variable.validations {
                let scope =
                    self.evaluation.scope(instance, terrane_language::evaluate::RepetitionValues::None);
                let (outcome, mut diagnostics) = evaluate_rule(rule, RuleKind::VariableValidation, &scope);
                let rule_place = self.configuration.sources.describe(rule.span);
                for diagnostic in diagnostics.iter_mut().filter(|d| d.summary == "Invalid value for variable")
                {
                    diagnostic.subject = Some(blamed);
                    diagnostic.detail = format!(
                        "{}\n\nThis was checked by the validation rule at {rule_place}.",
                        diagnostic.detail
                    );
                }
                self.checks.record(&config_address, CheckableKind::InputVariable, &address, &outcome);
                self.note(id, diagnostics);
            }
        }
    }

    /// Evaluates the assertions of a check. Failures are warnings: a check never stops a run.
    fn evaluate_check(&mut self, module: ModuleId, position: usize) {
        let tree = Arc::clone(&self.configuration.tree);
        let check = &tree.module(module).checks[position];
        let config_address = in_module(&tree.node(module).path.to_string(), &format!("check.{}", check.name));
        self.checks.expanded(&config_address, CheckableKind::Check);
        for instance in self.evaluation.instances_of(module).to_vec() {
            let address = in_module(
                &self.evaluation.address_of(instance).to_string(),
                &format!("check.{}", check.name),
            );
            // Data that could not be read says enough.
            if self.checks.has_failed(&config_address, CheckableKind::Check, &address) {
                continue;
            }
            for rule in &check.assertions {
                let scope =
                    self.evaluation.scope(instance, terrane_language::evaluate::RepetitionValues::None);
                let (outcome, diagnostics) = evaluate_rule(rule, RuleKind::Assertion, &scope);
                self.checks.record(&config_address, CheckableKind::Check, &address, &outcome);
                self.diagnostics.extend(diagnostics.into_iter().map(as_warning));
                if outcome == terrane_language::evaluate::RuleOutcome::Unknown
                    && self.options.mode == PlanMode::Normal
                {
                    let detail = "The condition could not be evaluated at this time, a result will be known when this plan is \
                                  applied.";
                    let mut warning = Diagnostic::warning("Check block assertion known after apply", detail);
                    warning.rule = Some(rule.span);
                    self.diagnostics.push(warning.at(rule.condition.span));
                }
            }
        }
    }

    /// Closes ephemeral resources, those that were opened last first.
    async fn close_ephemerals(&mut self) {
        for opened in std::mem::take(&mut self.open_ephemerals).into_iter().rev() {
            self.diagnostics.extend(opened.close().await);
        }
    }

    fn finish(mut self, falling: BTreeMap<usize, usize>, added_order: AddedOrder) -> PlanOutcome {
        self.drift.sort_by(|a, b| a.address.cmp(&b.address));
        let variables = self.root_variables();
        if self.options.mode == PlanMode::Destroy {
            self.checks = Checks::of_destruction(&self.configuration.tree);
        }
        let modules = self.module_instances();
        let is_destroyed = self.options.mode == PlanMode::Destroy;
        let read = self.state.objects().map(|(address, ..)| address);
        let dropped: Vec<ResourceInstanceAddress> =
            read.filter(|address| is_destroyed && address.resource.mode == ResourceMode::Data).collect();
        let relevant_attributes = relevant_attributes(
            &self.configuration.tree,
            &self.changes,
            &dropped,
            &self.output_changes,
            modules.into_iter(),
        );
        // Whatever was given for these has to be given again: it is not kept. Defaults stay what they are.
        let is_given = |name: &terrane_model::Str| self.options.given.contains_key(name);
        let ephemeral =
            self.configuration.tree.root().variables.iter().filter(|v| v.ephemeral && is_given(&v.name));
        let ephemeral_variables = ephemeral.map(|v| v.name.clone()).collect();
        let plan = Plan {
            mode: self.options.mode,
            resource_changes: self.changes,
            resource_drift: self.drift,
            action_invocations: self.action_invocations,
            output_changes: self.output_changes,
            variables,
            ephemeral_variables,
            targets: self.options.targets,
            excludes: self.options.excludes,
            invoke: self.options.invoke,
            force_replace: self.options.force_replace,
            previous_state: self.previous_state,
            prior_state: self.state,
            checks: self.checks.results(),
            relevant_attributes,
            falling,
            added_order,
            timestamp: self.options.timestamp,
            errored: self.diagnostics.has_errors(),
        };
        PlanOutcome {
            plan,
            diagnostics: self.diagnostics,
            providers: self.providers,
            evaluation: self.evaluation,
            discovered: self.discovered,
        }
    }

    /// Asks the configured providers what there is in a scope, until one knows.
    async fn discover(&mut self) {
        let Some(scope) = self.options.discover.clone().filter(|_| !self.diagnostics.has_errors()) else {
            return;
        };
        let mut problems = Diagnostics::new();
        let providers: Vec<Arc<dyn terrane_provider::Provider>> =
            self.providers.all_configured().cloned().collect();
        for provider in providers {
            match provider.discover(scope.clone()).await {
                Ok(discovery) => {
                    self.discovered = discovery.objects;
                    self.diagnostics.extend(discovery.diagnostics);
                    return;
                }
                Err(found) => problems = found,
            }
        }
        if problems.is_empty() {
            let detail = "The configuration has no provider block, so there is nobody to ask what exists.";
            problems = Diagnostic::error("No provider is configured", detail).into();
        }
        self.diagnostics.extend(problems);
    }

    /// Returns all instances of all modules but the root module.
    fn module_instances(&self) -> Vec<(ModuleId, ModuleInstance)> {
        let called = self.configuration.tree.nodes().filter(|(_, node)| !node.path.is_root());
        let instances = called.flat_map(|(id, _)| {
            let instances = self.evaluation.instances_of(id).iter();
            instances.map(move |instance| (id, self.evaluation.address_of(*instance).clone()))
        });
        instances.collect()
    }

    /// Values as they were given, before they are converted to their variables' types.
    fn root_variables(&self) -> BTreeMap<terrane_model::Str, Value> {
        let values = self.configuration.tree.root().variables.iter().filter_map(|variable| {
            // What is given for an ephemeral variable is never stored; its default is known to everybody.
            let given = self.options.given.get(&variable.name).filter(|_| !variable.ephemeral);
            let given = given.map(|given| given.value.clone());
            let value = given.or_else(|| variable.default.clone()).filter(Value::is_wholly_known)?;
            let value = if variable.sensitive { value.sensitive() } else { value };
            Some((variable.name.clone(), value))
        });
        values.collect()
    }

    /// Tells what is planned for an instance.
    pub(crate) fn change_of(&self, address: &ResourceInstanceAddress) -> Option<&ResourceChange> {
        self.positions.get(address).map(|position| &self.changes[*position])
    }

    /// Where nothing is changed, a condition that does not hold is no reason to stop.
    pub(crate) fn of_condition(&self, diagnostics: Diagnostics) -> Diagnostics {
        match self.options.mode {
            PlanMode::RefreshOnly => diagnostics.into_iter().map(as_warning).collect(),
            PlanMode::Normal | PlanMode::Destroy => diagnostics,
        }
    }

    /// Returns the address that a change says its object had before. Where everything goes, moves do not matter.
    pub(crate) fn shown_previous_address(
        &self,
        address: &ResourceInstanceAddress,
    ) -> ResourceInstanceAddress {
        match self.options.mode {
            PlanMode::Destroy => address.clone(),
            PlanMode::Normal | PlanMode::RefreshOnly => self.moves.previous(address),
        }
    }

    /// Enters a change.
    pub(crate) fn record_change(&mut self, id: Option<NodeId>, change: ResourceChange) {
        if change.change.action != Action::NoOp && change.change.action != Action::Read {
            self.pending.extend(id);
        }
        if change.deposed.is_none() {
            self.positions.insert(change.address.clone(), self.changes.len());
        }
        self.changes.push(change);
    }
}

/// Lets an outcome remember its node.
async fn tagged(id: NodeId, future: BoxFuture<'static, NodeOutcome>) -> (NodeId, NodeOutcome) {
    (id, future.await)
}

fn release(
    id: NodeId,
    dependents: &crate::dependency_graph::Dependents,
    waiting: &mut [u32],
    ready: &mut VecDeque<NodeId>,
) {
    for dependent in dependents.of(id) {
        waiting[dependent.index()] -= 1;
        if waiting[dependent.index()] == 0 {
            ready.push_back(*dependent);
        }
    }
}

/// Puts a module's address in front of a name.
pub(crate) fn in_module(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") }
}

fn as_warning(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.severity = Severity::Warning;
    diagnostic
}
