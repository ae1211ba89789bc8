//! Declarations that are no resources: evaluated again, with what is known now.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use terrane_language::config::Declaration;
use terrane_language::evaluate::{ModuleInstanceId, RepetitionValues, RuleKind, evaluate_rule};
use terrane_language::modules::provider_bindings::version_constraints;
use terrane_language::modules::{ModuleId, ProviderConfigId};
use terrane_model::{Diagnostic, Diagnostics, ProviderSource, Severity, Str, Value};
use terrane_plan::configure::{configure, start_block};
use terrane_plan::provider_pool::ConfiguredKey;
use terrane_plan::{NodeId, NodeKind, PlanMode};
use terrane_provider::Provider;
use terrane_state::{CheckableKind, OutputState};

use crate::executor::{Executor, Outcome, Step};

/// A provider that was configured.
pub(crate) struct ConfiguredProvider {
    /// One, or one per key of a repeated block.
    providers: Vec<(ConfiguredKey, Arc<dyn Provider>)>,
    diagnostics: Diagnostics,
}

impl Executor {
    pub(crate) fn evaluate_node(&mut self, node: NodeId) -> Step {
        let configuration = Arc::clone(&self.configuration);
        let graph_node = configuration.graph.node(node);
        let NodeKind::Declaration(declaration) = graph_node.kind else { return Step::Done };
        let module = graph_node.module;
        let instances = self.evaluation.instances_of(module).to_vec();
        let mut ok = true;
        match declaration {
            Declaration::Variable(position) => {
                for instance in instances {
                    let sources = Arc::clone(&configuration.sources);
                    let given = std::mem::take(&mut self.given);
                    let problems = self.evaluation.evaluate_variable(instance, position, &given, &sources);
                    self.given = given;
                    ok &= self.note(problems);
                }
            }
            Declaration::VariableValidation(position) => return self.validate_variable(module, position),
            Declaration::Local(position) => {
                for instance in instances {
                    let problems = self.evaluation.evaluate_local(instance, position);
                    ok &= self.note(problems);
                }
            }
            Declaration::Call(position) => {
                for instance in instances {
                    let problems = self.evaluation.expand_call(instance, position);
                    ok &= self.note(problems);
                }
            }
            Declaration::Output(position) => return self.evaluate_output(module, position),
            Declaration::Check(_) if self.plan.mode == PlanMode::Destroy => {}
            Declaration::Check(position) => self.evaluate_check(module, position),
            Declaration::Provider(position) => return self.configure_provider(module, position),
            Declaration::Resource(_) | Declaration::Action(_) => {}
        }
        if ok { Step::Done } else { Step::Failed }
    }

    fn validate_variable(&mut self, module: ModuleId, position: usize) -> Step {
        let tree = Arc::clone(&self.configuration.tree);
        let variable = &tree.module(module).variables[position];
        let config_address =
            in_module(&tree.node(module).path.to_string(), &format!("var.{}", variable.name));
        let mut ok = true;
        for instance in self.evaluation.instances_of(module).to_vec() {
            let name = format!("var.{}", variable.name);
            let address = in_module(&self.evaluation.address_of(instance).to_string(), &name);
            for rule in &variable.validations {
                let scope = self.evaluation.scope(instance, RepetitionValues::None);
                let (outcome, diagnostics) = evaluate_rule(rule, RuleKind::VariableValidation, &scope);
                self.checks.record(&config_address, CheckableKind::InputVariable, &address, &outcome);
                ok &= self.note(diagnostics);
            }
        }
        if ok { Step::Done } else { Step::Failed }
    }

    fn evaluate_output(&mut self, module: ModuleId, position: usize) -> Step {
        let tree = Arc::clone(&self.configuration.tree);
        let output = &tree.module(module).outputs[position];
        let config_address =
            in_module(&tree.node(module).path.to_string(), &format!("output.{}", output.name));
        let mut ok = true;
        for instance in self.evaluation.instances_of(module).to_vec() {
            let name = format!("output.{}", output.name);
            let address = in_module(&self.evaluation.address_of(instance).to_string(), &name);
            let mut holds = true;
            if self.plan.mode != PlanMode::Destroy {
                for rule in &output.preconditions {
                    let scope = self.evaluation.scope(instance, RepetitionValues::None);
                    let (outcome, diagnostics) = evaluate_rule(rule, RuleKind::OutputPrecondition, &scope);
                    self.checks.record(&config_address, CheckableKind::OutputValue, &address, &outcome);
                    let diagnostics = self.of_condition(diagnostics);
                    holds &= self.note(diagnostics);
                }
            }
            if holds {
                let problems = self.evaluation.evaluate_output(instance, position);
                holds = self.note(problems);
            }
            ok &= holds;
        }
        if ok { Step::Done } else { Step::Failed }
    }

    /// Where nothing is changed, a condition that does not hold is no reason to stop.
    pub(crate) fn of_condition(&self, diagnostics: Diagnostics) -> Diagnostics {
        if self.plan.mode != PlanMode::RefreshOnly {
            return diagnostics;
        }
        let warnings = diagnostics.into_iter().map(|mut diagnostic| {
            diagnostic.severity = Severity::Warning;
            diagnostic
        });
        warnings.collect()
    }

    fn evaluate_check(&mut self, module: ModuleId, position: usize) {
        let tree = Arc::clone(&self.configuration.tree);
        let check = &tree.module(module).checks[position];
        let config_address = in_module(&tree.node(module).path.to_string(), &format!("check.{}", check.name));
        self.checks.expanded(&config_address, CheckableKind::Check);
        for instance in self.evaluation.instances_of(module).to_vec() {
            let name = format!("check.{}", check.name);
            let address = in_module(&self.evaluation.address_of(instance).to_string(), &name);
            if self.checks.has_failed(&config_address, CheckableKind::Check, &address) {
                // Its data could not be read: what is said of that would be said of nothing.
                continue;
            }
            for rule in &check.assertions {
                let scope = self.evaluation.scope(instance, RepetitionValues::None);
                let (outcome, diagnostics) = evaluate_rule(rule, RuleKind::Assertion, &scope);
                self.checks.record(&config_address, CheckableKind::Check, &address, &outcome);
                let warnings = diagnostics.into_iter().map(|mut diagnostic| {
                    diagnostic.severity = Severity::Warning;
                    diagnostic
                });
                self.diagnostics.extend(warnings);
            }
        }
    }

    /// Notes that the result of a check or of an output's conditions stays open, since something that it looks at has
    /// failed.
    pub(crate) fn expect_result(&mut self, node: NodeId) {
        let configuration = Arc::clone(&self.configuration);
        let graph_node = configuration.graph.node(node);
        let module = graph_node.module;
        let declared = configuration.tree.module(module);
        let (kind, name) = match graph_node.kind {
            NodeKind::Declaration(Declaration::Check(position)) => {
                (CheckableKind::Check, format!("check.{}", declared.checks[position].name))
            }
            NodeKind::Declaration(Declaration::Output(position)) => {
                (CheckableKind::OutputValue, format!("output.{}", declared.outputs[position].name))
            }
            _ => return,
        };
        let config_address = in_module(&configuration.tree.node(module).path.to_string(), &name);
        for instance in self.evaluation.instances_of(module).to_vec() {
            let address = in_module(&self.evaluation.address_of(instance).to_string(), &name);
            self.checks.expect(&config_address, kind, &address);
        }
    }

    /// Configures all providers that have no block.
    pub(crate) async fn configure_implied_providers(&mut self) {
        let implied: Vec<(ProviderConfigId, ProviderSource)> = self
            .configuration
            .provider_configs
            .iter()
            .filter(|(id, config)| {
                config.block.is_none() && config.used && self.providers.configured(&(*id, None)).is_none()
            })
            .map(|(id, config)| (id, config.address.provider.clone()))
            .collect();
        for (id, source) in implied {
            if let Some(substitute) = self.providers.substitute(&source, None) {
                self.providers.insert_configured((id, None), substitute);
                continue;
            }
            let Some(schema) = self.providers.provider_schema(&source).cloned() else { continue };
            match self.providers.start(&source) {
                Ok(provider) => {
                    let constraint = version_constraints(&self.configuration.tree, &source).to_string();
                    let problems = configure(provider.as_ref(), schema.empty_value(), constraint).await;
                    self.note(problems);
                    self.providers.insert_configured((id, None), provider);
                }
                Err(problems) => {
                    self.note(problems);
                }
            }
        }
    }

    /// Configures the provider of a block. What was configured while planning with all values known serves on.
    fn configure_provider(&mut self, module: ModuleId, position: usize) -> Step {
        let configuration = Arc::clone(&self.configuration);
        let place = (module, position);
        match start_block(&mut self.providers, &configuration, &self.evaluation, place, false) {
            Ok(Some(configuring)) => {
                let outcome = |(providers, diagnostics)| {
                    Outcome::Configured(ConfiguredProvider { providers, diagnostics })
                };
                Step::Waiting(configuring.map(outcome).boxed())
            }
            Ok(None) => Step::Done,
            Err(problems) => {
                self.note(problems);
                Step::Failed
            }
        }
    }

    pub(crate) fn complete_configuration(&mut self, configured: ConfiguredProvider) -> Step {
        if !self.note(configured.diagnostics) {
            return Step::Failed;
        }
        for (key, provider) in configured.providers {
            self.providers.insert_configured(key, provider);
        }
        Step::Done
    }

    /// Returns the outputs as they are now; those that could not be evaluated stay as they were.
    pub(crate) fn final_outputs(&self) -> BTreeMap<Str, OutputState> {
        let before = &self.store.snapshot().outputs;
        if self.plan.mode == PlanMode::Destroy {
            let is_partial = !self.plan.targets.is_empty() || !self.plan.excludes.is_empty();
            let is_kept = is_partial || self.diagnostics.has_errors();
            return if is_kept { before.clone() } else { BTreeMap::new() };
        }
        let root = self.configuration.tree.root();
        let mut outputs = BTreeMap::new();
        for (position, output) in root.outputs.iter().enumerate() {
            if output.ephemeral {
                continue;
            }
            let node = self.configuration.graph.declaration(ModuleId::ROOT, Declaration::Output(position));
            let failed = node.is_some_and(|node| self.has_failed(node));
            let value = self.evaluation.output(ModuleInstanceId::ROOT, position).filter(|_| !failed);
            match value.map(|value| value.clone().unmark_deep().0).filter(Value::is_wholly_known) {
                Some(value) if value.is_null() => {}
                Some(value) => {
                    outputs.insert(output.name.clone(), OutputState { value, sensitive: output.sensitive });
                }
                None => {
                    outputs.extend(before.get(&output.name).map(|kept| (output.name.clone(), kept.clone())));
                }
            }
        }
        if !self.plan.targets.is_empty() || !self.plan.excludes.is_empty() {
            let others = before.iter().filter(|(name, _)| !outputs.contains_key(*name));
            let kept: Vec<_> = others.map(|(name, output)| (name.clone(), output.clone())).collect();
            outputs.extend(kept);
        }
        outputs
    }
}

/// Puts a module's address in front of a name.
pub(crate) fn in_module(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") }
}

/// Gives a message its object.
pub(crate) fn about(diagnostic: Diagnostic, address: &terrane_model::ResourceInstanceAddress) -> Diagnostic {
    if diagnostic.address.is_some() { diagnostic } else { diagnostic.about(address) }
}
