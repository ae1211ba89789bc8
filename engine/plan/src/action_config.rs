//! Evaluating actions: their instances, their configurations, and the conditions of their triggers.
//!
//! An action is evaluated for whoever invokes it, when that happens: its configuration may look at the object that does.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_language::config::action::Action;
use terrane_language::config::module::Expr;
use terrane_language::evaluate::{
    Evaluation, Evaluator, Expansion, ModuleInstanceId, RepetitionValues, Scope, decode_block, expand, locate,
};
use terrane_language::modules::ModuleId;
use terrane_model::convert::convert;
use terrane_model::{
    ActionInstanceAddress, Block, Diagnostic, Diagnostics, InstanceKey, Marks, ProviderConfigAddress, Span,
    Type, Value,
};
use terrane_provider::Provider;

use crate::prepared::PreparedConfiguration;
use crate::provider_instances::provider_key;
use crate::provider_pool::ProviderPool;

/// The instances of actions, each found once.
#[derive(Default)]
pub struct ActionExpansions(FxHashMap<(ModuleInstanceId, usize), Arc<Expansion>>);

/// Everything that an action's value depends on.
#[derive(Clone, Copy)]
pub struct ActionPlace<'a> {
    /// The configuration.
    pub configuration: &'a PreparedConfiguration,
    /// Providers, configured.
    pub providers: &'a ProviderPool,
    /// What everything else came to.
    pub evaluation: &'a Evaluation,
    /// The module instance that declares the action.
    pub module_instance: ModuleInstanceId,
    /// The action's position in the module.
    pub position: usize,
}

/// An instance of an action, ready to be asked about.
pub struct ActionConfig {
    /// Its address.
    pub address: ActionInstanceAddress,
    /// Who carries it out.
    pub provider: Arc<dyn Provider>,
    /// The address of that.
    pub provider_config: ProviderConfigAddress,
    /// The configuration, with marks.
    pub config: Value,
}

impl ActionPlace<'_> {
    /// Returns the action.
    pub fn action(&self) -> &Action {
        let module = self.evaluation.module_of(self.module_instance);
        &self.configuration.tree.module(module).actions[self.position]
    }

    fn module(&self) -> ModuleId {
        self.evaluation.module_of(self.module_instance)
    }
}

/// Gives messages about an action their places.
pub fn locate_in_action(action: &Action, diagnostics: Diagnostics, about: &str) -> Diagnostics {
    let placed = diagnostics.into_iter().map(|problem| {
        let found = problem.attribute.as_ref().and_then(|path| locate(&action.body, path));
        let problem =
            if problem.subject.is_some() { problem } else { problem.at(found.unwrap_or(action.span)) };
        if problem.address.is_some() { problem } else { problem.about(about) }
    });
    placed.collect()
}

impl ActionExpansions {
    /// Returns the instances of an action, with what is wrong about them the first time.
    pub fn of(&mut self, place: &ActionPlace<'_>) -> (Arc<Expansion>, Diagnostics) {
        let key = (place.module_instance, place.position);
        if let Some(known) = self.0.get(&key) {
            return (Arc::clone(known), Diagnostics::new());
        }
        let scope = place.evaluation.scope(place.module_instance, RepetitionValues::None);
        let (expansion, problems) = expand(&place.action().repetition, &scope, "action");
        let expansion = Arc::new(expansion);
        self.0.insert(key, Arc::clone(&expansion));
        (expansion, problems)
    }

    /// Returns what `count` and `each` mean in an instance of an action.
    ///
    /// # Errors
    /// When there is no such instance. The messages are empty where it was said already why nothing is known of them.
    pub fn instance(
        &mut self,
        place: &ActionPlace<'_>,
        key: Option<&InstanceKey>,
        span: Span,
    ) -> Result<RepetitionValues, Diagnostics> {
        let (expansion, problems) = self.of(place);
        if problems.has_errors() {
            return Err(problems);
        }
        if let Some(problem) = key_problem(place.action(), key) {
            return Err(problem.at(span).into());
        }
        match (&*expansion, key) {
            (Expansion::Unknown, _) => return Err(Diagnostics::new()),
            (Expansion::Single(true), None) => return Ok(RepetitionValues::None),
            (Expansion::Count(count), Some(InstanceKey::Int(index)))
                if usize::try_from(*index).is_ok_and(|index| index < *count) =>
            {
                return Ok(RepetitionValues::Count(*index));
            }
            (Expansion::ForEach(elements), Some(InstanceKey::String(key))) => {
                if let Ok(found) = elements.binary_search_by(|(other, _)| other.cmp(key)) {
                    let (key, value) = elements[found].clone();
                    return Ok(RepetitionValues::Each { key, value });
                }
            }
            _ => {}
        }
        let key = key.map(ToString::to_string).unwrap_or_default();
        let address = &place.action().address;
        let detail = format!("The address {address}{key} does not identify an instance of {address}.");
        Err(Diagnostic::error("Reference to non-existent action instance", detail).at(span).into())
    }
}

/// Says what is wrong with the kind of a key, whatever its value is.
pub(crate) fn key_problem(action: &Action, key: Option<&InstanceKey>) -> Option<Diagnostic> {
    let repetition = &action.repetition;
    let (summary, detail) = match (key, repetition.count.is_some(), repetition.for_each.is_some()) {
        (Some(InstanceKey::Int(_)), true, _)
        | (Some(InstanceKey::String(_)), false, true)
        | (None, false, false) => {
            return None;
        }
        (Some(key), true, _) => ("Invalid index", format!("Invalid string key {key} for action with count")),
        (Some(key), false, true) => ("Invalid index", format!("Invalid key {key} for action with for_each")),
        (Some(key), false, false) => {
            ("Invalid index", format!("Unexpanded action referenced with instance key {key}"))
        }
        (None, true, _) => {
            ("Missing index", "An action with count must be referenced via an integer key".to_owned())
        }
        (None, false, true) => {
            ("Missing index", "An action with for_each must be referenced via a string key".to_owned())
        }
    };
    Some(Diagnostic::error(summary, detail))
}

/// Evaluates an instance of an action. `caller` is the object that invokes it.
///
/// # Errors
/// With everything that is wrong about it.
pub fn evaluate_action(
    place: &ActionPlace<'_>,
    repetition: &RepetitionValues,
    caller: Option<Value>,
) -> Result<ActionConfig, Diagnostics> {
    let (action, module, evaluation) = (place.action(), place.module(), place.evaluation);
    let tree = &place.configuration.tree;
    let source = tree.module(module).provider_source_of_action(action);
    let schema =
        place.providers.schemas(&source).and_then(|schemas| schemas.actions.get(&action.address.action_type));
    let configs = &place.configuration.provider_configs;
    let (Some(schema), Some(binding)) = (schema, configs.binding_of_action(tree, module, action)) else {
        let detail = format!(
            "The provider {} has no action type named {:?}.",
            source.for_display(),
            action.address.action_type.as_str()
        );
        return Err(Diagnostic::error("Invalid action type", detail).at(action.type_span).into());
    };
    let provider_key = provider_key(&binding, evaluation, place.module_instance, repetition)?;
    let provider_config =
        ProviderConfigAddress { key: provider_key.clone(), ..configs.get(binding.config).address.clone() };
    let Some(provider) = place.providers.configured(&(binding.config, provider_key)) else {
        let detail =
            format!("The provider configuration {provider_config} of {} is not available.", action.address);
        return Err(Diagnostic::error("Provider configuration not present", detail).at(action.span).into());
    };
    let scope = evaluation.scope(place.module_instance, repetition.clone());
    let scope = match caller {
        Some(caller) => scope.with_caller(caller),
        None => scope,
    };
    let config = decode_config(action, &schema.block, &scope)?;
    let secret = schema.block.sensitive_paths(&config.split_marks().0);
    let config = config.with_marks_at(&secret);
    let module = evaluation.address_of(place.module_instance).clone();
    let address = ActionInstanceAddress { module, action: action.address.clone(), key: repetition.key() };
    Ok(ActionConfig { address, provider: Arc::clone(provider), provider_config, config })
}

/// Evaluates the arguments of an action.
///
/// # Errors
/// With everything that is wrong about them.
pub(crate) fn decode_config(action: &Action, block: &Block, scope: &dyn Scope) -> Result<Value, Diagnostics> {
    let mut evaluator = Evaluator::new(scope);
    let config = decode_block(&mut evaluator, &action.body, block);
    let mut problems = evaluator.diagnostics;
    let (plain, marks) = config.split_marks();
    let write_only = block.write_only_paths(&plain);
    let misused = marks.into_iter().filter(|(path, marks)| {
        marks.contains(Marks::EPHEMERAL) && !write_only.iter().any(|allowed| path.starts_with(allowed))
    });
    for (path, _) in misused {
        let name = path.to_string();
        let detail = format!(
            "Ephemeral values are not valid for {:?}, because it is not a write-only attribute and must be persisted to the \
             plan.",
            name.trim_start_matches('.')
        );
        let span = locate(&action.body, &path).unwrap_or(action.span);
        problems.push(Diagnostic::error("Invalid use of ephemeral value", detail).at(span));
    }
    if problems.has_errors() { Err(problems) } else { Ok(config) }
}

/// Evaluates a trigger's condition; nothing where that is not known yet.
///
/// # Errors
/// When it is no condition.
pub fn evaluate_condition(condition: &Expr, scope: &dyn Scope) -> Result<Option<bool>, Diagnostics> {
    let mut evaluator = Evaluator::new(scope);
    let value = evaluator.evaluate(condition);
    if evaluator.diagnostics.has_errors() {
        return Err(evaluator.diagnostics);
    }
    let invalid =
        |summary: &str, detail: String| Err(Diagnostic::error(summary, detail).at(condition.span).into());
    match convert(value.unmarked(), &Type::Bool) {
        Ok(Value::Bool(holds)) => Ok(Some(holds)),
        Ok(Value::Null(_)) => invalid(
            "Invalid condition",
            "The condition of an action_trigger must be true or false, not null.".to_owned(),
        ),
        Ok(_) => Ok(None),
        Err(error) => invalid("Incorrect value type", format!("Invalid expression value: {error}.")),
    }
}

/// Leaves out what a plan never holds.
pub(crate) fn without_ephemeral(config: &Value) -> Value {
    let (plain, marks) = config.split_marks();
    let is_ephemeral = |path: &terrane_model::AttributePath| {
        marks.iter().any(|(other, marks)| other == path && marks.is_ephemeral())
    };
    let kept =
        plain.transform(&mut |path, value| if is_ephemeral(path) { Value::Null(value.ty()) } else { value });
    let marks: Vec<_> = marks.iter().filter(|(_, marks)| !marks.is_ephemeral()).cloned().collect();
    kept.with_marks_at(&marks)
}
