//! Resources: from a block to the plan of its instances.
//!
//! What looks at other values happens before and after the provider is asked, in the walk's own thread; what asks
//! the provider gets everything that it needs handed in.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use terrane_language::config::module::Resource;
use terrane_language::evaluate::{
    Evaluator, Expansion, ModuleInstanceId, RepetitionValues, RuleKind, RuleOutcome, decode_block,
    evaluate_rule, expand, locate,
};
use terrane_language::modules::ModuleId;
use terrane_model::{
    Diagnostic, Diagnostics, InstanceKey, Marks, ProviderConfigAddress, ResourceInstanceAddress,
    ResourceMode, Schema, Value,
};
use terrane_provider::{Effects, Provider};
use terrane_state::CheckableKind;
use tokio::sync::Semaphore;

use crate::dependency_graph::NodeId;
use crate::ephemeral::{EphemeralEvents, EphemeralOutcome, EphemeralTask, open};
use crate::events::{PlanEvent, PlanEvents};
use crate::instance_plan::{ImportTask, InstanceOutcome, InstanceTask, plan_instance, refreshed_object};
use crate::plan::PlanMode;
use crate::plan_data::{DataOutcome, DataTask, read_data};
use crate::planner::{NodeOutcome, Planner, Step, in_module};
use crate::prior_objects::PriorObject;
use crate::provider_instances::{missing_instance, provider_key};
use crate::refresh::RefreshBatch;

/// One instance on its way through planning.
pub(crate) struct InstanceSlot {
    pub(crate) module_instance: ModuleInstanceId,
    pub(crate) address: ResourceInstanceAddress,
    pub(crate) repetition: RepetitionValues,
    /// The instance of the provider configuration, where that is repeated.
    pub(crate) provider_key: Option<InstanceKey>,
    /// The object before it was refreshed.
    pub(crate) prior: Option<PriorObject>,
    pub(crate) result: SlotResult,
}

/// How far an instance has come.
pub(crate) enum SlotResult {
    /// Not planned: left out, or something about it is wrong.
    Skipped,
    /// Waits to be planned.
    Managed(Box<InstanceTask>),
    /// Was planned. `refreshed` is the object as it is now, where it was read.
    Planned(Box<InstanceOutcome>),
    /// Waits to be read.
    Data(Box<DataTask>),
    /// Was read.
    DataRead(Box<DataOutcome>),
    /// Waits to be opened.
    Ephemeral(Box<EphemeralTask>),
    /// Was opened.
    Opened(Box<EphemeralOutcome>),
}

/// All instances of a resource, behind the provider.
pub(crate) struct ResourceOutcome {
    pub(crate) module: ModuleId,
    pub(crate) position: usize,
    /// How the resource is repeated in each module instance.
    pub(crate) expansions: Vec<(ModuleInstanceId, Expansion)>,
    pub(crate) slots: Vec<InstanceSlot>,
    pub(crate) diagnostics: Diagnostics,
}

impl Planner {
    /// Expands a resource and starts planning its instances.
    pub(crate) fn start_resource(&mut self, id: NodeId, module: ModuleId, position: usize) -> Step {
        let tree = Arc::clone(&self.configuration.tree);
        let resource = &tree.module(module).resources[position];
        let source = tree.module(module).provider_source(tree.module(module).provider_local_name(resource));
        let address = &resource.address;
        let schema = self.providers.block_schema(&source, address.mode, &address.resource_type).cloned();
        let Some(schema) = schema else {
            self.note(id, unknown_type(self, resource, &source).into());
            return Step::Done;
        };
        let Some(provider) = self.provider_of(module, position) else {
            self.failed.insert(id);
            return Step::Done;
        };
        let config_address = in_module(&tree.node(module).path.to_string(), &address.to_string());
        let has_rules =
            !resource.lifecycle.preconditions.is_empty() || !resource.lifecycle.postconditions.is_empty();
        let imports = self.find_imports(id, module, position);
        let mut expansions = Vec::new();
        let mut slots = Vec::new();
        for module_instance in self.evaluation.instances_of(module).to_vec() {
            let scope = self.evaluation.scope(module_instance, RepetitionValues::None);
            let (expansion, problems) = expand(&resource.repetition, &scope, "resource");
            self.note(id, problems);
            let module_address = self.evaluation.address_of(module_instance).clone();
            for repetition in expansion.instances() {
                let instance = ResourceInstanceAddress {
                    module: module_address.clone(),
                    resource: address.clone(),
                    key: repetition.key(),
                };
                self.declared.insert(instance.clone());
                let provider_key = self.provider_key_of(id, resource, module_instance, &repetition);
                slots.push(InstanceSlot {
                    module_instance,
                    prior: self.prior.get(&(instance.clone(), None)).cloned(),
                    address: instance,
                    repetition,
                    provider_key,
                    result: SlotResult::Skipped,
                });
            }
            expansions.push((module_instance, expansion));
        }
        self.check_imports(id, &imports);
        if has_rules {
            self.checks.expanded(&config_address, CheckableKind::Resource);
        }
        if self.failed.contains(&id) {
            return Step::Done;
        }
        let context = ResourceContext { id, module, resource, schema: &schema, provider: &provider };
        for slot in &mut slots {
            if self.selection.contains_instance(id, &slot.address) {
                slot.result = self.prepare_instance(&context, slot);
            }
        }
        let tasks = self.with_refreshes(module, resource, slots);
        let parallelism = self.options.parallelism.max(1);
        let future = async move {
            let plan_slot = |(slot, asking)| plan_slot(slot, asking);
            let mut planned: Vec<(InstanceSlot, Diagnostics)> =
                stream::iter(tasks).map(plan_slot).buffered(parallelism).collect().await;
            let mut diagnostics = Diagnostics::new();
            for (slot, problems) in &mut planned {
                let problems = std::mem::take(problems);
                diagnostics.extend(problems.into_iter().map(|problem| problem.about(&slot.address)));
            }
            let slots = planned.into_iter().map(|(slot, _)| slot).collect();
            NodeOutcome::Resource(ResourceOutcome { module, position, expansions, slots, diagnostics })
        };
        Step::Waiting(future.boxed())
    }

    /// Joins instances with what reads the objects of their provider configurations.
    fn with_refreshes(
        &mut self,
        module: ModuleId,
        resource: &Resource,
        slots: Vec<InstanceSlot>,
    ) -> Vec<(InstanceSlot, Asking)> {
        let binding =
            self.configuration.provider_configs.binding_of(&self.configuration.tree, module, resource);
        let Some(config) = binding.map(|binding| binding.config) else { return Vec::new() };
        let joined = slots.into_iter().filter_map(|slot| {
            let key = (config, slot.provider_key.clone());
            let provider = Arc::clone(self.providers.configured(&key)?);
            let batch = self.refresh_batch(&key, &provider);
            let (limit, events) = (Arc::clone(&self.limit), Arc::clone(&self.events));
            Some((slot, Asking { batch, limit, events }))
        });
        joined.collect()
    }

    /// Returns the configured provider of a resource; of a repeated configuration, that of any of its instances.
    pub(crate) fn provider_of(&self, module: ModuleId, position: usize) -> Option<Arc<dyn Provider>> {
        let tree = &self.configuration.tree;
        let declared = tree.module(module);
        let resource = &declared.resources[position];
        let binding = self.configuration.provider_configs.binding_of(tree, module, resource)?;
        // Without any instance there is nobody to ask, and nothing to ask for either.
        let nobody = || {
            let source = declared.provider_source(declared.provider_local_name(resource));
            let has_none = self.providers.keys(binding.config).is_some_and(<[InstanceKey]>::is_empty);
            self.providers.bare(&source).filter(|_| has_none)
        };
        self.providers.any_configured(binding.config).or_else(nobody).cloned()
    }

    /// Evaluates which instance of its provider configuration an instance uses; where there is no such one, the resource
    /// fails.
    fn provider_key_of(
        &mut self,
        id: NodeId,
        resource: &Resource,
        module_instance: ModuleInstanceId,
        repetition: &RepetitionValues,
    ) -> Option<InstanceKey> {
        let configuration = Arc::clone(&self.configuration);
        let module = self.evaluation.module_of(module_instance);
        let binding = configuration.provider_configs.binding_of(&configuration.tree, module, resource)?;
        let key = match provider_key(&binding, &self.evaluation, module_instance, repetition) {
            Ok(key) => key?,
            Err(problems) => {
                self.note(id, problems);
                return None;
            }
        };
        let keys = self.providers.keys(binding.config).unwrap_or_default();
        if !keys.contains(&key) {
            let address = &configuration.provider_configs.get(binding.config).address;
            let address = ProviderConfigAddress { key: Some(key), ..address.clone() };
            let span = resource.provider.as_ref().map_or(resource.span, |reference| reference.span);
            let problem = missing_instance(&address, keys).at(span);
            self.note(id, problem.into());
            return None;
        }
        Some(key)
    }

    /// Returns the provider of an instance: the resource's, or what stands in for it.
    pub(crate) fn instance_provider(
        &self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
    ) -> Arc<dyn Provider> {
        let binding = self.configuration.provider_configs.binding_of(
            &self.configuration.tree,
            context.module,
            context.resource,
        );
        let key = binding.map(|binding| (binding.config, slot.provider_key.clone()));
        let found = key.and_then(|key| self.providers.provider_of(&key, &slot.address));
        Arc::clone(found.unwrap_or(context.provider))
    }

    /// Evaluates what an instance says, and decides what to ask the provider.
    fn prepare_instance(&mut self, context: &ResourceContext<'_>, slot: &InstanceSlot) -> SlotResult {
        // What providers are configured with is needed to destroy, too.
        if self.options.mode == PlanMode::Destroy && context.resource.address.mode == ResourceMode::Data {
            return SlotResult::Skipped;
        }
        if self.is_generating(context) {
            return self.managed_task(context, slot, context.schema.block.empty_value());
        }
        if !self.preconditions_hold(context, slot) {
            return SlotResult::Skipped;
        }
        let Some(config) = self.evaluate_config(context, slot) else { return SlotResult::Skipped };
        match context.resource.address.mode {
            ResourceMode::Managed => self.managed_task(context, slot, config),
            ResourceMode::Data => self.data_task(context, slot, config),
            ResourceMode::Ephemeral => SlotResult::Ephemeral(Box::new(EphemeralTask {
                provider: self.instance_provider(context, slot),
                type_name: context.resource.address.resource_type.clone(),
                schema: context.schema.clone(),
                config,
                address: slot.address.clone(),
            })),
        }
    }

    /// Tells whether a resource's configuration is still to be written.
    fn is_generating(&self, context: &ResourceContext<'_>) -> bool {
        context.module == ModuleId::ROOT && self.options.generating.contains(&context.resource.address)
    }

    fn preconditions_hold(&mut self, context: &ResourceContext<'_>, slot: &InstanceSlot) -> bool {
        if self.options.mode == PlanMode::Destroy {
            return true;
        }
        let mut problems = Diagnostics::new();
        for rule in &context.resource.lifecycle.preconditions {
            let scope = self.evaluation.scope(slot.module_instance, slot.repetition.clone());
            let (outcome, diagnostics) = evaluate_rule(rule, RuleKind::ResourcePrecondition, &scope);
            self.record_rule(context, slot, &outcome);
            problems.extend(self.of_condition(diagnostics));
        }
        let hold = !problems.has_errors();
        self.note_about(context.id, &slot.address, problems);
        hold
    }

    pub(crate) fn record_rule(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        outcome: &RuleOutcome,
    ) {
        let path = self.configuration.tree.node(context.module).path.to_string();
        let config_address = in_module(&path, &context.resource.address.to_string());
        self.checks.record(&config_address, CheckableKind::Resource, &slot.address.to_string(), outcome);
    }

    fn evaluate_config(&mut self, context: &ResourceContext<'_>, slot: &InstanceSlot) -> Option<Value> {
        let scope = self.evaluation.scope(slot.module_instance, slot.repetition.clone());
        let mut evaluator = Evaluator::new(&scope);
        let config = decode_block(&mut evaluator, &context.resource.body, &context.schema.block);
        let mut problems = evaluator.diagnostics;
        problems.extend(ephemeral_misuse(&config, context));
        let failed = problems.has_errors();
        self.note_about(context.id, &slot.address, problems);
        (!failed).then_some(config)
    }

    fn managed_task(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        config: Value,
    ) -> SlotResult {
        let import = self.imports.get(&slot.address).filter(|_| slot.prior.is_none());
        let import = import.map(|wanted| ImportTask {
            target: wanted.target.clone(),
            if_exists: wanted.if_exists,
            address: slot.address.clone(),
            by_command: wanted.by_command,
            events: Arc::clone(&self.events),
        });
        SlotResult::Managed(Box::new(InstanceTask {
            address: slot.address.to_string(),
            provider: self.instance_provider(context, slot),
            provider_name: self.provider_name(context),
            type_name: context.resource.address.resource_type.clone(),
            schema: context.schema.clone(),
            config,
            prior: slot.prior.clone(),
            import,
            ignore_changes: context.resource.lifecycle.ignore_changes.clone(),
            create_before_destroy: self.configuration.dependencies.creates_before_destroy(context.id),
            replace_reason: self.replace_reason(context, slot),
            provider_meta: Value::dynamic_null(),
            refresh_only: self.options.mode != PlanMode::Normal,
            is_declared: !self.is_generating(context),
        }))
    }

    fn provider_name(&self, context: &ResourceContext<'_>) -> String {
        let module = self.configuration.tree.module(context.module);
        let source = module.provider_source(module.provider_local_name(context.resource));
        format!("provider[\"{source}\"]")
    }

    /// Adds messages about an instance, with the instance's address.
    pub(crate) fn note_about(
        &mut self,
        id: NodeId,
        address: &ResourceInstanceAddress,
        diagnostics: Diagnostics,
    ) {
        let about = |diagnostic: Diagnostic| match diagnostic.address {
            None => diagnostic.about(address),
            Some(_) => diagnostic,
        };
        self.note(id, diagnostics.into_iter().map(about).collect());
    }
}

/// What asking the provider about an instance takes.
#[derive(Clone)]
struct Asking {
    batch: RefreshBatch,
    limit: Arc<Semaphore>,
    events: Arc<dyn PlanEvents>,
}

/// Asks the provider about one instance.
async fn plan_slot(mut slot: InstanceSlot, asking: Asking) -> (InstanceSlot, Diagnostics) {
    let Asking { batch, limit, events } = asking;
    let mut diagnostics = Diagnostics::new();
    slot.result = match slot.result {
        SlotResult::Managed(mut task) => {
            let effects = task.provider.effects(&task.type_name);
            if effects == Effects::Remote
                && let Some(prior) = task.prior.take()
            {
                match batch.response(&(slot.address.clone(), None)).await {
                    Some(response) => match refreshed_object(&prior, response, &mut diagnostics) {
                        Some(refreshed) => task.prior = refreshed,
                        None => return (InstanceSlot { result: SlotResult::Skipped, ..slot }, diagnostics),
                    },
                    None => task.prior = Some(prior),
                }
            }
            let _permit = if effects == Effects::Remote { limit.acquire().await.ok() } else { None };
            SlotResult::Planned(Box::new(plan_instance(*task).await))
        }
        SlotResult::Data(task) => {
            let _permit = limit.acquire().await.ok();
            SlotResult::DataRead(Box::new(read_data(*task).await))
        }
        SlotResult::Ephemeral(task) => {
            let _permit = limit.acquire().await.ok();
            let events: EphemeralEvents = Arc::new(move |event| events.event(PlanEvent::Ephemeral(event)));
            SlotResult::Opened(Box::new(open(*task, &events).await))
        }
        other => other,
    };
    (slot, diagnostics)
}

/// What is the same for all instances of a resource.
pub(crate) struct ResourceContext<'a> {
    pub(crate) id: NodeId,
    pub(crate) module: ModuleId,
    pub(crate) resource: &'a Resource,
    pub(crate) schema: &'a Schema,
    pub(crate) provider: &'a Arc<dyn Provider>,
}

fn unknown_type(
    planner: &Planner,
    resource: &Resource,
    source: &terrane_model::ProviderSource,
) -> Diagnostic {
    let address = &resource.address;
    let (summary, kind, types): (&str, &str, Vec<&str>) = match address.mode {
        ResourceMode::Managed => {
            ("Invalid resource type", "resource type", planner.types_of(source, address.mode))
        }
        ResourceMode::Data => ("Invalid data source", "data source", planner.types_of(source, address.mode)),
        ResourceMode::Ephemeral => (
            "Invalid ephemeral resource type",
            "ephemeral resource type",
            planner.types_of(source, address.mode),
        ),
    };
    let note = planner.providers.note(source);
    unknown_type_error(summary, kind, &address.resource_type, source, &types, note).at(resource.span)
}

/// Says that a provider has no such type.
pub(crate) fn unknown_type_error(
    summary: &str,
    kind: &str,
    name: &str,
    source: &terrane_model::ProviderSource,
    types: &[&str],
    note: Option<&str>,
) -> Diagnostic {
    let suggestion = terrane_language::syntax::suggest::suggestion(name, types.iter().copied());
    let hint = suggestion.map_or_else(String::new, |suggestion| format!(" Did you mean {suggestion:?}?"));
    let note = note.map_or_else(String::new, |note| format!("\n\n{note}"));
    let detail =
        format!("The provider {} does not support {kind} {name:?}.{hint}{note}", source.for_display());
    Diagnostic::error(summary, detail)
}

impl Planner {
    pub(crate) fn types_of(&self, source: &terrane_model::ProviderSource, mode: ResourceMode) -> Vec<&str> {
        let Some(schemas) = self.providers.schemas(source) else { return Vec::new() };
        match mode {
            ResourceMode::Managed => schemas.resources.keys().map(terrane_model::Str::as_str).collect(),
            ResourceMode::Data => schemas.data_sources.keys().map(terrane_model::Str::as_str).collect(),
            ResourceMode::Ephemeral => {
                schemas.ephemeral_resources.keys().map(terrane_model::Str::as_str).collect()
            }
        }
    }
}

/// Values that are never stored may only go where nothing is stored.
fn ephemeral_misuse(config: &Value, context: &ResourceContext<'_>) -> Diagnostics {
    if !config.deep_marks().is_ephemeral() || context.resource.address.mode == ResourceMode::Ephemeral {
        return Diagnostics::new();
    }
    let (plain, marks) = config.split_marks();
    let write_only = context.schema.block.write_only_paths(&plain);
    let misused = marks.into_iter().filter(|(path, marks)| {
        marks.contains(Marks::EPHEMERAL) && !write_only.iter().any(|allowed| path.starts_with(allowed))
    });
    misused
        .map(|(path, _)| {
            let name = path.to_string();
            let detail = format!(
                "Ephemeral values are not valid for {:?}, because it is not a write-only attribute and must be persisted to \
                 state.",
                name.trim_start_matches('.')
            );
            let span = locate(&context.resource.body, &path).unwrap_or(context.resource.span);
            Diagnostic::error("Invalid use of ephemeral value", detail).at(span)
        })
        .collect()
}
