//! Outputs: their conditions, their values, and what becomes of those of the root module.

use std::sync::Arc;

use terrane_language::evaluate::{ModuleInstanceId, RepetitionValues, RuleKind, evaluate_rule};
use terrane_language::modules::ModuleId;
use terrane_model::{Diagnostics, Value};
use terrane_state::{CheckableKind, OutputState};

use crate::change::{Action, Change, OutputChange};
use crate::dependency_graph::NodeId;
use crate::plan::PlanMode;
use crate::planner::{Planner, in_module};

impl Planner {
    pub(crate) fn plan_output(&mut self, id: NodeId, module: ModuleId, position: usize) {
        let tree = Arc::clone(&self.configuration.tree);
        let output = &tree.module(module).outputs[position];
        let config_address =
            in_module(&tree.node(module).path.to_string(), &format!("output.{}", output.name));
        self.checks.expanded(&config_address, CheckableKind::OutputValue);
        for instance in self.evaluation.instances_of(module).to_vec() {
            let address = in_module(
                &self.evaluation.address_of(instance).to_string(),
                &format!("output.{}", output.name),
            );
            let mut problems = Diagnostics::new();
            if self.options.mode != PlanMode::Destroy {
                for rule in &output.preconditions {
                    let scope = self.evaluation.scope(instance, RepetitionValues::None);
                    let (outcome, diagnostics) = evaluate_rule(rule, RuleKind::OutputPrecondition, &scope);
                    self.checks.record(&config_address, CheckableKind::OutputValue, &address, &outcome);
                    problems.extend(self.of_condition(diagnostics));
                }
            }
            if !problems.has_errors() {
                problems.extend(self.evaluation.evaluate_output(instance, position));
            }
            let failed = problems.has_errors();
            self.note(id, problems);
            if module == ModuleId::ROOT && !failed {
                self.record_output(instance, position);
            }
        }
    }

    fn record_output(&mut self, instance: ModuleInstanceId, position: usize) {
        let output = &self.configuration.tree.root().outputs[position];
        if output.ephemeral {
            return;
        }
        let after = match self.options.mode {
            PlanMode::Destroy => Value::dynamic_null(),
            _ => self.evaluation.output(instance, position).cloned().unwrap_or_else(Value::dynamic),
        };
        let before = self.previous_state.outputs.get(&output.name);
        // Part of a destruction says nothing of outputs, and none of it of those that never were.
        let is_destroyed = self.options.mode == PlanMode::Destroy;
        if is_destroyed && (before.is_none() || !self.selection.is_everything()) {
            return;
        }
        let change = output_change(output.name.clone(), before, after, output.sensitive);
        let value = &change.change.after;
        if !is_destroyed && value.is_wholly_known() && !value.is_null() {
            let (value, _) = value.clone().unmark_deep();
            let known = OutputState { value, sensitive: output.sensitive };
            self.state.outputs.insert(output.name.clone(), known);
        }
        self.output_changes.insert(output.name.clone(), change);
    }

    /// Enters outputs that the state has and the configuration does not.
    pub(crate) fn plan_undeclared_outputs(&mut self) {
        if !self.selection.is_everything() {
            return;
        }
        let root = Arc::clone(self.configuration.tree.root());
        for (name, before) in &self.previous_state.outputs {
            if root.output(name).is_none() {
                let change =
                    output_change(name.clone(), Some(before), Value::dynamic_null(), before.sensitive);
                self.output_changes.insert(name.clone(), change);
            }
        }
    }
}

/// Compares an output before and after.
pub(crate) fn output_change(
    name: terrane_model::Str,
    before: Option<&OutputState>,
    after: Value,
    sensitive: bool,
) -> OutputChange {
    let was_sensitive = before.is_some_and(|before| before.sensitive);
    let before_value = before.map_or_else(Value::dynamic_null, |before| before.value.clone());
    let (after_plain, _) = after.clone().unmark_deep();
    let same = before_value.raw_equals(&after_plain) && was_sensitive == sensitive;
    let action = match (before_value.is_null(), after_plain.is_null()) {
        (true, true) => Action::NoOp,
        (true, false) => Action::Create,
        (false, true) => Action::Delete,
        (false, false) if same => Action::NoOp,
        (false, false) => Action::Update,
    };
    let before_value = if was_sensitive { before_value.sensitive() } else { before_value };
    let after = if sensitive { after_plain.sensitive() } else { after };
    OutputChange {
        name,
        change: Change { action, before: before_value, after },
        sensitive: sensitive || was_sensitive,
    }
}
