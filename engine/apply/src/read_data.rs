//! Reading data resources that had to wait.

use std::sync::Arc;

use futures_util::FutureExt;
use terrane_language::evaluate::{Evaluator, RuleOutcome, decode_block};
use terrane_model::{
    Diagnostic, Diagnostics, Marks, ResourceInstanceAddress, Schema, Severity, Span, Str, Value,
};
use terrane_plan::prior_objects::PriorObject;
use terrane_plan::{Action, NodeId};
use terrane_provider::{DataRequest, Provider};
use terrane_state::CheckableKind;

use crate::apply_instance::locate_all;
use crate::evaluate::in_module;
use crate::events::ApplyEvent;
use crate::executor::{Executor, Outcome, Step};

/// What came of reading a data resource.
pub(crate) struct DataRead {
    position: usize,
    node: NodeId,
    address: ResourceInstanceAddress,
    schema: Schema,
    span: Span,
    /// The configuration, with marks.
    config: Value,
    /// What was read, without marks.
    state: Value,
    diagnostics: Diagnostics,
}

impl Executor {
    pub(crate) fn start_read(&mut self, position: usize) -> Step {
        let plan = Arc::clone(&self.plan);
        let change = &plan.resource_changes[position];
        let Some(node) = self.node_of(change) else { return Step::Done };
        let tree = Arc::clone(&self.configuration.tree);
        let Some((module, resource_position)) = self.resource_at(node) else { return Step::Done };
        let resource = &tree.module(module).resources[resource_position];
        let Some(run) = self.resources.get(&node) else { return Step::Failed };
        let schema = run.schema.clone();
        let Some(instance) = run.instances.get(&change.address).cloned() else { return Step::Done };
        if !self.check_preconditions(
            resource,
            &change.address,
            instance.module_instance,
            &instance.repetition,
        ) {
            return Step::Failed;
        }
        let scope = self.evaluation.scope(instance.module_instance, instance.repetition.clone());
        let mut evaluator = Evaluator::new(&scope);
        let config = decode_block(&mut evaluator, &resource.body, &schema.block);
        let problems = evaluator.diagnostics;
        if !self.note(
            problems.into_iter().map(|problem| crate::evaluate::about(problem, &change.address)).collect(),
        ) {
            return Step::Failed;
        }
        let Some(provider) = self.provider_for(change) else { return Step::Failed };
        self.events.event(ApplyEvent::Started {
            change,
            action: Action::Read,
            deposed: None,
            expected: None,
        });
        let type_name = change.address.resource.resource_type.clone();
        let (address, span) = (change.address.clone(), resource.span);
        let future = async move {
            let (state, diagnostics) = read(provider.as_ref(), type_name, &config).await;
            Outcome::Read(Box::new(DataRead {
                position,
                node,
                address,
                schema,
                span,
                config,
                state,
                diagnostics,
            }))
        };
        Step::Waiting(future.boxed())
    }

    pub(crate) fn complete_read(&mut self, read: DataRead) -> Step {
        let plan = Arc::clone(&self.plan);
        let change = &plan.resource_changes[read.position];
        let tree = Arc::clone(&self.configuration.tree);
        let resource =
            self.resource_at(read.node).map(|(module, position)| &tree.module(module).resources[position]);
        let body = resource.map(|resource| resource.body.clone());
        let check = resource.and_then(|resource| resource.check.clone());
        let is_nested = check.is_some();
        let failed = read.diagnostics.has_errors();
        let mut located = locate_all(read.diagnostics, &body, read.span, &read.address);
        if is_nested {
            located.iter_mut().for_each(|diagnostic| diagnostic.severity = Severity::Warning);
        }
        if let Some((check, first)) = check.zip(located.iter().next().filter(|_| failed)) {
            let (module, name) = (&read.address.module, format!("check.{check}"));
            let config_address = in_module(&module.path().to_string(), &name);
            let outcome = RuleOutcome::Fail { message: format!("{}: {}", first.summary, first.detail) };
            self.checks.record(
                &config_address,
                CheckableKind::Check,
                &in_module(&module.to_string(), &name),
                &outcome,
            );
        }
        self.note(located);
        if failed {
            self.events.event(ApplyEvent::Failed { change, action: Action::Read });
            if is_nested {
                let unread = Value::unknown(read.schema.block.implied_type().clone());
                self.set_instance_value(read.node, &read.address, unread);
                return Step::Done;
            }
            return Step::Failed;
        }
        let object = data_object(&read.schema, read.state, &read.config);
        let value = object.marked(&read.schema);
        let stored = object.to_state(&read.schema).ok().map(Arc::new);
        let result = self.store.change(read.address.clone(), None, change.provider_config.clone(), stored);
        if let Err(error) = result {
            self.note_journal_error(&error);
            return Step::Failed;
        }
        self.events.event(ApplyEvent::Finished { change, action: Action::Read, value: Some(&value) });
        self.set_instance_value(read.node, &read.address, value);
        Step::Done
    }
}

async fn read(provider: &dyn Provider, type_name: Str, config: &Value) -> (Value, Diagnostics) {
    let (plain, _) = config.clone().unmark_deep();
    let request =
        DataRequest { type_name: type_name.clone(), config: plain, provider_meta: Value::dynamic_null() };
    let response = provider.read_data_source(request).await;
    let mut diagnostics = response.diagnostics;
    if !diagnostics.has_errors() && !response.state.is_wholly_known() {
        let detail = format!(
            "The provider left values of data source {type_name} unknown. This is a bug in the provider."
        );
        diagnostics.push(Diagnostic::error("Provider produced invalid object", detail));
    }
    (response.state, diagnostics)
}

fn data_object(schema: &Schema, state: Value, config: &Value) -> PriorObject {
    let (_, marks) = config.split_marks();
    let from_schema = schema.block.sensitive_paths(&state);
    let stored = marks.into_iter().filter(|(_, marks)| !marks.without(Marks::EPHEMERAL).is_empty());
    let sensitive =
        stored.map(|(path, _)| path).filter(|path| !from_schema.iter().any(|(other, _)| other == path));
    PriorObject {
        sensitive: sensitive.collect(),
        value: state,
        private: Vec::new(),
        tainted: false,
        dependencies: Arc::from([]),
        create_before_destroy: false,
        schema_version: schema.version,
        identity: None,
    }
}
