//! What can be said about actions, and about the triggers of them, before any value is known.

use std::sync::Arc;

use terrane_language::config::action::{Action, ActionTrigger, TriggerEvent, TriggeredAction};
use terrane_language::config::module::Resource;
use terrane_language::config::{Declaration, Module, Subject, parse_reference};
use terrane_language::evaluate::{ModuleInstanceId, RepetitionValues, repetition};
use terrane_language::modules::ModuleId;
use terrane_language::syntax::suggest::suggestion;
use terrane_language::syntax::tree::ExpressionKind;
use terrane_model::{Block, Diagnostic, Diagnostics, InstanceKey, Value};
use terrane_provider::ValidateRequest;

use crate::action_config::{decode_config, evaluate_condition, key_problem, locate_in_action};
use crate::plan_resource::unknown_type_error;
use crate::validate::Validator;

impl Validator<'_> {
    /// Checks an `action` block, whether anything triggers it or not.
    pub(crate) async fn action(&mut self, instance: ModuleInstanceId, module: &Module, position: usize) {
        let action = &module.actions[position];
        let source = module.provider_source_of_action(action);
        let Some(schemas) = self.providers.schemas(&source) else { return };
        let Some(schema) = schemas.actions.get(&action.address.action_type) else {
            let known: Vec<&str> = schemas.actions.keys().map(terrane_model::Str::as_str).collect();
            let note = self.providers.note(&source);
            let name = &action.address.action_type;
            let error = unknown_type_error("Invalid action type", "action type", name, &source, &known, note);
            self.diagnostics.push(error.at(action.span));
            return;
        };
        let scope = self.evaluation.scope(instance, RepetitionValues::None);
        let mut problems = repetition::check(&action.repetition, &scope, "action");
        let scope = self.evaluation.scope(instance, RepetitionValues::unknown(&action.repetition));
        let scope = scope.with_caller(Value::dynamic());
        let config = match decode_config(action, &schema.block, &scope) {
            Ok(config) => Some(config),
            Err(found) => {
                problems.extend(found);
                None
            }
        };
        let failed = problems.has_errors();
        self.diagnostics.extend(problems);
        let provider = self.providers.bare(&source).filter(|_| !failed);
        if let (Some(provider), Some(config)) = (provider, config) {
            let type_name = action.address.action_type.clone();
            let request = ValidateRequest { type_name, config: config.unmark_deep().0 };
            let found = provider.validate_action_config(request).await;
            self.diagnostics.extend(locate_in_action(action, found, &action.address.to_string()));
        }
    }

    /// Checks the `action_trigger` blocks of a resource.
    pub(crate) fn action_triggers(
        &self,
        module: ModuleId,
        instance: ModuleInstanceId,
        resource: &Resource,
        schema: &Block,
        repetition: &RepetitionValues,
    ) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let declared: Arc<Module> = Arc::clone(self.configuration.tree.module(module));
        for trigger in &resource.lifecycle.action_triggers {
            problems.extend(check_events(trigger));
            if let Some(condition) = &trigger.condition {
                let own = Value::unknown(schema.implied_type().clone());
                let scope = self.evaluation.scope(instance, repetition.clone()).with_self(own);
                problems.extend(evaluate_condition(condition, &scope).err().unwrap_or_default());
            }
            for triggered in &trigger.actions {
                match declared.action(&triggered.address) {
                    None => problems.push(self.undeclared(module, &declared, resource, triggered)),
                    Some((position, action)) => {
                        problems.extend(check_key(action, triggered));
                        problems.extend(self_references(&declared, resource, position));
                    }
                }
            }
        }
        problems
    }

    fn undeclared(
        &self,
        module: ModuleId,
        declared: &Module,
        resource: &Resource,
        triggered: &TriggeredAction,
    ) -> Diagnostic {
        let path = &self.configuration.tree.node(module).path;
        let prefix = if path.is_root() { String::new() } else { format!("{path}.") };
        let names: Vec<String> =
            declared.actions.iter().map(|action| format!("{prefix}{}", action.address)).collect();
        let name = format!("{prefix}{}", triggered.address);
        let hint = suggestion(&name, names.iter().map(String::as_str))
            .map_or_else(String::new, |found| format!(" Did you mean {found:?}?"));
        let detail = format!(
            "The lifecycle action_trigger actions list contains a reference to the action {name:?} that does not exist in the \
             configuration of this module.{hint}"
        );
        let summary = "action_trigger actions references non-existent action";
        Diagnostic::error(summary, detail).at(triggered.span).within(resource.span)
    }
}

fn check_events(trigger: &ActionTrigger) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let Some(condition) = &trigger.condition else { return problems };
    let uses_self = condition.variables().any(|reference| {
        matches!(parse_reference(reference.traversal).map(|found| found.subject), Ok(Subject::SelfObject))
    });
    if uses_self && trigger.events.contains(&TriggerEvent::BeforeCreate) {
        let detail = "Computed attributes from self may not be known before the resource is created.";
        let error = Diagnostic::error("Reference to self in before_create condition", detail);
        problems.push(error.at(condition.span));
    }
    if trigger.events.iter().any(|event| event.is_destroy()) {
        let detail = "Condition expression may not be used with a destroy action.";
        problems.push(Diagnostic::error("Condition on destroy action", detail).at(condition.span));
    }
    problems
}

/// Checks a key as far as it is written out.
fn check_key(action: &Action, triggered: &TriggeredAction) -> Option<Diagnostic> {
    let key = match triggered.key.as_ref().map(|key| &key.kind) {
        None => None,
        Some(ExpressionKind::String(key)) => Some(InstanceKey::String(key.clone())),
        Some(ExpressionKind::Number(number)) => Some(InstanceKey::Int(number.parse().unwrap_or(i64::MAX))),
        // What it comes to is for the plan to say; that there is one is known.
        Some(_) if action.repetition.is_keyed() => return None,
        Some(_) => Some(InstanceKey::String("...".into())),
    };
    key_problem(action, key.as_ref()).map(|problem| problem.at(triggered.span))
}

/// Warns of an action that names the resource that triggers it.
fn self_references(module: &Module, resource: &Resource, position: usize) -> Diagnostics {
    let mut problems = Diagnostics::new();
    module.visit_references(Declaration::Action(position), &mut |reference| {
        let Ok(found) = parse_reference(reference.traversal) else { return };
        let Subject::Resource { mode, resource_type, name } = found.subject else { return };
        let address = terrane_model::ResourceAddress { mode, resource_type, name };
        if address == resource.address {
            let detail = "The triggering resource object can be accessed via the \"caller\" symbol to avoid unexpected graph cycles.";
            let warning = Diagnostic::warning("Reference to triggering resource", detail);
            problems.push(warning.at(reference.span));
        }
    });
    problems
}
