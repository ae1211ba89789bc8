//! Repeated `provider` blocks: which instances there are, and which of them a resource is managed through.

use terrane_language::config::module::{ProviderBlock, Repetition};
use terrane_language::evaluate::{
    Evaluation, Evaluator, Expansion, ModuleInstanceId, RepetitionValues, expand,
};
use terrane_language::modules::ProviderBinding;
use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Diagnostics, InstanceKey, ProviderConfigAddress, Type, Value};

/// Returns what `each` means in every instance of a `provider` block; that of a block without `for_each` is one of its own.
pub fn expand_provider(
    block: &ProviderBlock,
    evaluation: &Evaluation,
    instance: ModuleInstanceId,
) -> (Vec<RepetitionValues>, Diagnostics) {
    let repetition = Repetition { for_each: block.for_each.clone(), ..Repetition::default() };
    let scope = evaluation.scope(instance, RepetitionValues::None);
    let (expansion, mut problems) = expand(&repetition, &scope, "provider");
    if matches!(expansion, Expansion::Unknown) && !problems.has_errors() {
        problems.push(unknown_instances(block));
    }
    (expansion.instances(), problems)
}

fn unknown_instances(block: &ProviderBlock) -> Diagnostic {
    let detail = "The \"for_each\" of a provider block has to be known before anything is planned: which configurations there are \
                  cannot depend on objects that are still to be made.";
    let span = block.for_each.as_ref().map_or(block.span, |for_each| for_each.span);
    Diagnostic::error("Invalid for_each argument", detail).at(span)
}

/// Evaluates which instance of its provider configuration an instance of a resource uses; nothing where the configuration is
/// not repeated.
///
/// # Errors
/// When the key cannot be evaluated or is not known.
pub fn provider_key(
    binding: &ProviderBinding,
    evaluation: &Evaluation,
    module_instance: ModuleInstanceId,
    repetition: &RepetitionValues,
) -> Result<Option<InstanceKey>, Diagnostics> {
    let Some(key) = &binding.key else { return Ok(None) };
    // A key that a module call hands in means what `each` and `count` are in that call.
    let (mut at, mut repetition) = (module_instance, repetition.clone());
    while evaluation.module_of(at) != binding.key_module {
        let Some(parent) = evaluation.parent_of(at) else { break };
        repetition = evaluation.repetition_of(at).clone();
        at = parent;
    }
    let scope = evaluation.scope(at, repetition);
    let mut evaluator = Evaluator::new(&scope);
    let (value, marks) = evaluator.evaluate(key).unmark();
    if evaluator.diagnostics.has_errors() {
        return Err(evaluator.diagnostics);
    }
    let invalid =
        |detail: &str| Err(Diagnostic::error("Invalid provider instance key", detail).at(key.span).into());
    if marks.is_sensitive() || marks.is_ephemeral() {
        return invalid(
            "A key that chooses a provider configuration is kept in the state, so it must not be sensitive or ephemeral.",
        );
    }
    match convert(&value, &Type::String) {
        Ok(Value::String(key)) => Ok(Some(InstanceKey::String(key))),
        Ok(Value::Null(_)) => invalid("The key that chooses a provider configuration must not be null."),
        Ok(_) => invalid("The key that chooses a provider configuration must be known when planning."),
        Err(error) => {
            invalid(&format!("The key that chooses a provider configuration must be a string: {error}."))
        }
    }
}

/// Says that a repeated configuration has no such instance.
pub fn missing_instance(address: &ProviderConfigAddress, configs: &[InstanceKey]) -> Diagnostic {
    let known: Vec<String> = configs.iter().map(ToString::to_string).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let detail = format!(
        "There is no provider configuration {address}. The \"for_each\" of its block has these keys: {known}."
    );
    Diagnostic::error("Provider instance not present", detail)
}
