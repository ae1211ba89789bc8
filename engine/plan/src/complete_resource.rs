//! What a provider answered about a resource, turned into changes and values.

use std::sync::Arc;

use terrane_language::config::module::Resource;
use terrane_language::evaluate::{
    Evaluator, Expansion, ModuleInstanceId, RepetitionValues, RuleKind, evaluate_rule, locate,
};
use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Diagnostics, InstanceKey, ResourceInstanceAddress, Str, Type, Value};

use crate::action_triggers::Triggering;
use crate::change::{Action, Change, Importing, ResourceChange};
use crate::dependency_graph::NodeId;
use crate::ephemeral::EphemeralOutcome;
use crate::instance_plan::{InstanceOutcome, PlannedInstance};
use crate::plan::PlanMode;
use crate::plan_resource::{InstanceSlot, ResourceContext, ResourceOutcome, SlotResult};
use crate::planner::{Planner, Step};
use crate::prior_objects::PriorObject;

impl Planner {
    /// Enters the changes of a resource and gives the resource its value.
    pub(crate) fn complete_resource(&mut self, id: NodeId, outcome: ResourceOutcome) -> Step {
        let configuration = Arc::clone(&self.configuration);
        let resource = &configuration.tree.module(outcome.module).resources[outcome.position];
        let source = configuration.tree.module(outcome.module);
        let source = source.provider_source(source.provider_local_name(resource));
        let address = &resource.address;
        let schema = self.providers.block_schema(&source, address.mode, &address.resource_type).cloned();
        let Some(schema) = schema else { return Step::Done };
        let Some(provider) = self.provider_of(outcome.module, outcome.position) else { return Step::Done };
        self.note(id, outcome.diagnostics);
        let context =
            ResourceContext { id, module: outcome.module, resource, schema: &schema, provider: &provider };
        let mut values: Vec<(ModuleInstanceId, RepetitionValues, Value)> =
            Vec::with_capacity(outcome.slots.len());
        let has_triggers = !resource.lifecycle.action_triggers.is_empty();
        let mut triggering = Vec::new();
        for mut slot in outcome.slots {
            let result = std::mem::replace(&mut slot.result, SlotResult::Skipped);
            let value = match result {
                SlotResult::Planned(planned) => self.complete_managed(&context, &slot, *planned),
                SlotResult::DataRead(read) => self.complete_data(&context, &slot, *read),
                SlotResult::Opened(opened) => self.complete_ephemeral(&context, &slot, *opened),
                SlotResult::Skipped
                | SlotResult::Managed(_)
                | SlotResult::Data(_)
                | SlotResult::Ephemeral(_) => None,
            };
            // What was left out keeps the value that the state has for it.
            let known = || slot.prior.as_ref().map(|prior| prior.marked(&schema));
            let value = value.or_else(known).unwrap_or_else(Value::dynamic);
            if has_triggers {
                let InstanceSlot { module_instance, ref repetition, ref address, .. } = slot;
                let (repetition, address) = (repetition.clone(), address.clone());
                triggering.push(Triggering { module_instance, repetition, address });
            }
            values.push((slot.module_instance, slot.repetition, value));
        }
        let mut values = values.into_iter().peekable();
        for (module_instance, expansion) in outcome.expansions {
            let mut own = Vec::new();
            while let Some((_, repetition, value)) =
                values.next_if(|(instance, ..)| *instance == module_instance)
            {
                own.push((repetition, value));
            }
            let value = whole_value(&expansion, own);
            self.evaluation.set_resource(module_instance, outcome.position, value);
        }
        self.start_triggers(id, resource, triggering)
    }

    fn complete_ephemeral(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        outcome: EphemeralOutcome,
    ) -> Option<Value> {
        self.open_ephemerals.extend(outcome.opened);
        let located = located(outcome.diagnostics, context.resource);
        self.note_about(context.id, &slot.address, located);
        let value = outcome.value?;
        self.postconditions_hold(context, slot, &value).then_some(value)
    }

    fn complete_managed(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        outcome: InstanceOutcome,
    ) -> Option<Value> {
        self.note_about(context.id, &slot.address, located(outcome.diagnostics, context.resource));
        self.take_over_refreshed(context, slot, outcome.prior.as_ref());
        let value = match (outcome.planned, self.options.mode) {
            (Some(planned), _) => {
                let (after, action) = (planned.after.clone(), planned.action);
                self.enter_change(context, slot, outcome.prior.as_ref(), outcome.imported, planned);
                // What is refused is shown as well.
                if !self.may_be_destroyed(context, slot, action) {
                    return None;
                }
                after
            }
            (None, PlanMode::RefreshOnly) => outcome.prior.as_ref()?.marked(context.schema),
            (None, PlanMode::Destroy) => {
                let prior = outcome.prior.as_ref()?;
                self.enter_destroy(context, slot, prior);
                self.may_be_destroyed(context, slot, Action::Delete);
                return Some(prior.marked(context.schema));
            }
            (None, PlanMode::Normal) => return None,
        };
        if self.postconditions_hold(context, slot, &value) { Some(value) } else { None }
    }

    /// Puts the object as it is now into the state, and reports what somebody else changed about it.
    fn take_over_refreshed(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        now: Option<&PriorObject>,
    ) {
        if slot.prior.as_ref() == now {
            return;
        }
        let config_address = self.provider_config_address(context, slot);
        let object = match now.map(|now| now.to_state(context.schema)) {
            Some(Ok(object)) => Some(Arc::new(object)),
            Some(Err(_)) => return,
            None => None,
        };
        self.state.set_object(&slot.address, None, &config_address, object);
        let Some(before) = &slot.prior else { return };
        let after = now.map_or_else(|| Value::Null(before.value.ty()), |now| now.marked(context.schema));
        let action = if after.is_null() { Action::Delete } else { Action::Update };
        let is_as_before = now.is_some_and(|now| now.value == before.value);
        if is_as_before || self.uncertain.contains(&slot.address) {
            return;
        }
        self.drift.push(ResourceChange {
            address: slot.address.clone(),
            previous_address: self.moves.previous(&slot.address),
            deposed: None,
            provider_config: config_address,
            change: Change { action, before: before.marked(context.schema), after },
            reason: None,
            required_replace: Vec::new(),
            private: Vec::new(),
            schema_version: context.schema.version,
            create_before_destroy: false,
            importing: None,
            generated_config: None,
            identity: None,
        });
    }

    pub(crate) fn provider_config_address(
        &self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
    ) -> terrane_model::ProviderConfigAddress {
        let configuration = &self.configuration;
        let config =
            configuration.provider_configs.binding_of(&configuration.tree, context.module, context.resource);
        config.map_or_else(
            || terrane_model::ProviderConfigAddress {
                module: configuration.tree.node(context.module).path.clone(),
                provider: terrane_model::ProviderSource::implied("terraform"),
                alias: None,
                key: None,
            },
            |binding| terrane_model::ProviderConfigAddress {
                key: slot.provider_key.clone(),
                ..configuration.provider_configs.get(binding.config).address.clone()
            },
        )
    }

    /// Returns the configuration that was written for an imported object.
    fn generated_config(&self, address: &ResourceInstanceAddress) -> Option<String> {
        let is_in_root = address.module.is_root();
        self.options.generated.get(&address.resource).filter(|_| is_in_root).cloned()
    }

    fn enter_change(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        prior: Option<&PriorObject>,
        imported: Option<terrane_provider::ImportTarget>,
        planned: PlannedInstance,
    ) {
        let before = prior.map_or_else(
            || Value::Null(context.schema.block.implied_type().clone()),
            |prior| prior.marked(context.schema),
        );
        let action = match (planned.action, context.resource.lifecycle.destroy) {
            (Action::DeleteThenCreate | Action::CreateThenDelete, Some(false)) => Action::CreateThenForget,
            (action, _) => action,
        };
        let change = ResourceChange {
            address: slot.address.clone(),
            previous_address: self.moves.previous(&slot.address),
            deposed: None,
            provider_config: self.provider_config_address(context, slot),
            change: Change { action, before, after: planned.after },
            reason: planned.reason,
            required_replace: planned.required_replace,
            private: planned.private,
            schema_version: context.schema.version,
            create_before_destroy: self.configuration.dependencies.creates_before_destroy(context.id),
            generated_config: imported.as_ref().and_then(|_| self.generated_config(&slot.address)),
            importing: imported.map(|target| Importing { target }),
            identity: planned.identity,
        };
        self.record_change(Some(context.id), change);
    }

    fn enter_destroy(&mut self, context: &ResourceContext<'_>, slot: &InstanceSlot, prior: &PriorObject) {
        let change = ResourceChange {
            address: slot.address.clone(),
            previous_address: self.shown_previous_address(&slot.address),
            deposed: None,
            provider_config: self.provider_config_address(context, slot),
            change: Change {
                action: if context.resource.lifecycle.destroy == Some(false) {
                    Action::Forget
                } else {
                    Action::Delete
                },
                before: prior.marked(context.schema),
                after: Value::Null(context.schema.block.implied_type().clone()),
            },
            reason: None,
            required_replace: Vec::new(),
            private: prior.private.clone(),
            schema_version: context.schema.version,
            create_before_destroy: prior.create_before_destroy,
            importing: None,
            generated_config: None,
            identity: prior.identity.clone(),
        };
        self.record_change(Some(context.id), change);
    }

    /// Checks `prevent_destroy` where an object would be destroyed.
    fn may_be_destroyed(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        action: Action,
    ) -> bool {
        let destroys = matches!(action, Action::Delete | Action::DeleteThenCreate | Action::CreateThenDelete);
        let Some(expression) = context.resource.lifecycle.prevent_destroy.as_ref().filter(|_| destroys)
        else {
            return true;
        };
        let scope = self.evaluation.scope(slot.module_instance, slot.repetition.clone());
        let mut evaluator = Evaluator::new(&scope);
        let value = evaluator.evaluate(expression);
        let mut problems = evaluator.diagnostics;
        match convert(value.unmarked(), &Type::Bool).map(|value| value.as_bool()) {
            Ok(Some(false)) => {}
            Ok(Some(true)) => problems.push(cannot_be_destroyed(context.resource, slot)),
            Ok(None) if value.is_null() => {}
            _ => {
                let detail =
                    "The prevent_destroy argument must be a bool that is known when the plan is made.";
                problems
                    .push(Diagnostic::error("Invalid prevent_destroy argument", detail).at(expression.span));
            }
        }
        let allowed = !problems.has_errors();
        self.note(context.id, problems);
        allowed
    }

    pub(crate) fn postconditions_hold(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        value: &Value,
    ) -> bool {
        if self.options.mode == PlanMode::Destroy {
            return true;
        }
        let mut problems = Diagnostics::new();
        for rule in &context.resource.lifecycle.postconditions {
            let scope =
                self.evaluation.scope(slot.module_instance, slot.repetition.clone()).with_self(value.clone());
            let (outcome, diagnostics) = evaluate_rule(rule, RuleKind::ResourcePostcondition, &scope);
            self.record_rule(context, slot, &outcome);
            problems.extend(self.of_condition(diagnostics));
        }
        let hold = !problems.has_errors();
        self.note_about(context.id, &slot.address, problems);
        hold
    }
}

/// Gives messages of a provider their places.
fn located(diagnostics: Diagnostics, resource: &Resource) -> Diagnostics {
    let placed = diagnostics.into_iter().map(|diagnostic| {
        let span = diagnostic.attribute.as_ref().and_then(|path| locate(&resource.body, path));
        match diagnostic.subject {
            Some(_) => diagnostic,
            None => diagnostic.at(span.unwrap_or(resource.span)),
        }
    });
    placed.collect()
}

fn cannot_be_destroyed(resource: &Resource, slot: &InstanceSlot) -> Diagnostic {
    let detail = format!(
        "Resource {} has lifecycle.prevent_destroy set, but the plan calls for this resource to be destroyed. To avoid this \
         error and continue with the plan, either disable lifecycle.prevent_destroy or reduce the scope of the plan using \
         the -target option.",
        slot.address
    );
    Diagnostic::error("Instance cannot be destroyed", detail).at(resource.span)
}

/// Gathers the values of instances into the value of the resource as a whole.
pub fn whole_value(expansion: &Expansion, instances: Vec<(RepetitionValues, Value)>) -> Value {
    match expansion {
        Expansion::Single(true) => {
            instances.into_iter().next().map_or_else(Value::dynamic, |(_, value)| value)
        }
        Expansion::Single(false) => Value::dynamic_null(),
        Expansion::Count(_) => {
            Value::tuple(instances.into_iter().map(|(_, value)| value).collect::<Vec<_>>())
        }
        Expansion::ForEach(_) => {
            let named = instances.into_iter().filter_map(|(repetition, value)| match repetition.key() {
                Some(InstanceKey::String(key)) => Some((key, value)),
                _ => None,
            });
            Value::object(named.collect::<Vec<(Str, Value)>>())
        }
        Expansion::Unknown => Value::dynamic(),
    }
}
