//! Data resources: read while planning where everything that they depend on is settled, and at apply otherwise.

use std::sync::Arc;
use std::time::Instant;

use terrane_language::config::Declaration;
use terrane_language::evaluate::locate;
use terrane_model::{
    Diagnostic, Diagnostics, Marks, ResourceInstanceAddress, ResourceMode, Schema, Severity, Str, Value,
};
use terrane_provider::{DataRequest, Provider, ValidateRequest};
use terrane_state::CheckableKind;

use crate::change::{Action, ActionReason, Change, ResourceChange};
use crate::dependency_graph::{NodeId, NodeKind};
use crate::events::{PlanEvent, PlanEvents};
use crate::plan_resource::{InstanceSlot, ResourceContext, SlotResult};
use crate::planner::{Planner, in_module};
use crate::prior_objects::PriorObject;
use crate::propose_new::propose_new;

/// What is needed to read a data resource.
pub(crate) struct DataTask {
    /// The provider, configured.
    pub provider: Arc<dyn Provider>,
    /// Data source type.
    pub type_name: Str,
    /// Its schema.
    pub schema: Schema,
    /// The configuration, with marks.
    pub config: Value,
    /// Why it is not read yet.
    pub deferred: Option<ActionReason>,
    /// The address, for events.
    pub address: ResourceInstanceAddress,
    /// Gets told how it goes.
    pub events: Arc<dyn PlanEvents>,
}

/// What came out.
pub(crate) struct DataOutcome {
    /// What was read; nothing when it was not, or not successfully.
    pub value: Option<Value>,
    /// What is known without reading, with marks.
    pub proposed: Value,
    /// Why it was not read.
    pub deferred: Option<ActionReason>,
    /// Messages, with paths into the configuration.
    pub diagnostics: Diagnostics,
}

/// Reads a data resource, unless it has to wait.
pub(crate) async fn read_data(task: DataTask) -> DataOutcome {
    let (config, marks) = task.config.split_marks();
    let nothing = Value::Null(task.schema.block.implied_type().clone());
    let proposed = propose_new(&task.schema.block, &nothing, &config);
    let mut proposed_marks = task.schema.block.sensitive_paths(&proposed);
    proposed_marks.extend(marks.iter().cloned());
    let proposed = proposed.with_marks_at(&proposed_marks);
    let mut outcome =
        DataOutcome { value: None, proposed, deferred: task.deferred, diagnostics: Diagnostics::new() };
    let request = ValidateRequest { type_name: task.type_name.clone(), config: config.clone() };
    outcome.diagnostics.extend(task.provider.validate_data_config(request).await);
    if outcome.deferred.is_some() || outcome.diagnostics.has_errors() {
        return outcome;
    }
    let request =
        DataRequest { type_name: task.type_name.clone(), config, provider_meta: Value::dynamic_null() };
    task.events.event(PlanEvent::Reading { address: &task.address });
    let started = Instant::now();
    let response = task.provider.read_data_source(request).await;
    let failed = response.diagnostics.has_errors();
    if !failed {
        let (address, value) = (&task.address, &response.state);
        task.events.event(PlanEvent::Read { address, value, elapsed: started.elapsed() });
    }
    outcome.diagnostics.extend(response.diagnostics);
    if failed {
        return outcome;
    }
    if !response.state.is_wholly_known() || !task.schema.block.implied_type().admits(&response.state.ty()) {
        let detail = format!(
            "The provider returned a value for data source {} that is not wholly known or not of the type that its schema \
             promises. This is a bug in the provider.",
            task.type_name
        );
        outcome.diagnostics.push(Diagnostic::error("Provider produced invalid object", detail));
        return outcome;
    }
    let mut all = task.schema.block.sensitive_paths(&response.state);
    all.extend(marks.into_iter().map(|(path, marks)| (path, marks.without(Marks::EPHEMERAL))));
    all.retain(|(_, marks)| !marks.is_empty());
    outcome.value = Some(response.state.with_marks_at(&all));
    outcome
}

impl Planner {
    pub(crate) fn data_task(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        config: Value,
    ) -> SlotResult {
        let deferred = if !config.is_wholly_known() {
            Some(ActionReason::ReadBecauseConfigUnknown)
        } else if self.has_pending_dependency(context) {
            Some(ActionReason::ReadBecauseDependencyPending)
        } else {
            None
        };
        SlotResult::Data(Box::new(DataTask {
            provider: self.instance_provider(context, slot),
            type_name: context.resource.address.resource_type.clone(),
            schema: context.schema.clone(),
            config,
            deferred,
            address: slot.address.clone(),
            events: Arc::clone(&self.events),
        }))
    }

    /// Tells whether anything that the data resource is said to depend on still changes: its own `depends_on` and
    /// that of the module calls around it, and the managed resources that its arguments refer to directly.
    fn has_pending_dependency(&self, context: &ResourceContext<'_>) -> bool {
        let tree = &self.configuration.tree;
        let graph = &self.configuration.graph;
        let is_managed = |id: NodeId| match graph.node(id).kind {
            NodeKind::Declaration(Declaration::Resource(position)) => {
                let module = graph.node(id).module;
                tree.module(module).resources[position].address.mode == ResourceMode::Managed
            }
            _ => false,
        };
        let mut referred = graph.dependencies(context.id).iter();
        if referred.any(|id| self.pending.contains(id) && is_managed(*id)) {
            return true;
        }
        let mut targets: Vec<NodeId> = Vec::new();
        for traversal in &context.resource.depends_on {
            graph.target_of(tree, context.module, traversal, &mut targets);
        }
        let mut module = context.module;
        while let Some((caller, call)) = tree.node(module).caller {
            for traversal in &tree.module(caller).module_calls[call].depends_on {
                graph.target_of(tree, caller, traversal, &mut targets);
            }
            module = caller;
        }
        targets.into_iter().any(|target| {
            let stands_for_module =
                !matches!(graph.node(target).kind, NodeKind::Declaration(Declaration::Resource(_)));
            let resources = self.configuration.dependencies.of(target).iter();
            self.pending.contains(&target)
                || stands_for_module && resources.into_iter().any(|resource| self.pending.contains(resource))
        })
    }

    pub(crate) fn complete_data(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        outcome: DataOutcome,
    ) -> Option<Value> {
        let body = &context.resource.body;
        let located: Diagnostics = outcome
            .diagnostics
            .into_iter()
            .map(|diagnostic| {
                let span = diagnostic.attribute.as_ref().and_then(|path| locate(body, path));
                match diagnostic.subject {
                    Some(_) => diagnostic,
                    None => diagnostic.at(span.unwrap_or(context.resource.span)),
                }
            })
            .collect();
        if context.resource.check.is_some() {
            self.note_check_data(context, slot, located);
        } else {
            self.note_about(context.id, &slot.address, located);
        }
        let config_address = self.provider_config_address(context, slot);
        let nested = context.resource.check.is_some();
        // Data that is read anew owes nothing to what was read before, so that it is never said to change.
        let before = Value::Null(context.schema.block.implied_type().clone());
        let reason = outcome.deferred.or(nested.then_some(ActionReason::ReadBecauseCheckNested));
        if let Some(value) = &outcome.value {
            self.store_data(context, slot, value);
        } else if outcome.deferred.is_some() {
            // What was read before is out of date until it is read again.
            self.state.set_object(&slot.address, None, &config_address, None);
        }
        let value = match (outcome.value, outcome.deferred, nested) {
            (Some(value), ..) => value,
            (None, Some(_), _) | (None, None, true) => outcome.proposed,
            (None, None, false) => return None,
        };
        if let Some(reason) = reason {
            let change = ResourceChange {
                address: slot.address.clone(),
                previous_address: slot.address.clone(),
                deposed: None,
                provider_config: config_address,
                change: Change { action: Action::Read, before, after: value.clone() },
                reason: Some(reason),
                required_replace: Vec::new(),
                private: Vec::new(),
                schema_version: context.schema.version,
                create_before_destroy: false,
                importing: None,
                generated_config: None,
                identity: None,
            };
            if outcome.deferred.is_some() {
                self.pending.insert(context.id);
            }
            self.record_change(None, change);
        }
        if self.postconditions_hold(context, slot, &value) { Some(value) } else { None }
    }

    /// Problems with the data of a check are results of the check.
    fn note_check_data(
        &mut self,
        context: &ResourceContext<'_>,
        slot: &InstanceSlot,
        diagnostics: Diagnostics,
    ) {
        let Some(check) = &context.resource.check else { return };
        if let Some(first) = diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
            let path = self.configuration.tree.node(context.module).path.to_string();
            let config_address = in_module(&path, &format!("check.{check}"));
            let address = in_module(&slot.address.module.to_string(), &format!("check.{check}"));
            let outcome = terrane_language::evaluate::RuleOutcome::Fail {
                message: format!("{}: {}", first.summary, first.detail),
            };
            self.checks.record(&config_address, CheckableKind::Check, &address, &outcome);
        }
        let warnings = diagnostics.into_iter().map(|mut diagnostic| {
            diagnostic.severity = Severity::Warning;
            diagnostic.about(&slot.address)
        });
        self.diagnostics.extend(warnings);
    }

    fn store_data(&mut self, context: &ResourceContext<'_>, slot: &InstanceSlot, value: &Value) {
        let (plain, marks) = value.split_marks();
        let from_schema = context.schema.block.sensitive_paths(&plain);
        let is_from_schema =
            |path: &terrane_model::AttributePath| from_schema.iter().any(|(other, _)| other == path);
        let object = PriorObject {
            value: plain,
            sensitive: marks.into_iter().map(|(path, _)| path).filter(|path| !is_from_schema(path)).collect(),
            private: Vec::new(),
            tainted: false,
            dependencies: Arc::from([]),
            create_before_destroy: false,
            schema_version: context.schema.version,
            identity: None,
        };
        if let Ok(stored) = object.to_state(context.schema) {
            let config_address = self.provider_config_address(context, slot);
            self.state.set_object(&slot.address, None, &config_address, Some(Arc::new(stored)));
        }
    }
}
