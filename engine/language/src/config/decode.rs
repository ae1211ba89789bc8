//! Blocks of a file to declarations of a module.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, Span, Str};

use super::constant::{constant_bool, constant_string};
use super::module::{CheckRule, Expr, Module, ProviderReference};
use super::{
    action, check, module_call, output, provider_block, refactoring, resource, terraform_block, variable,
};
use crate::syntax::identifiers::is_valid_identifier;
use crate::syntax::tree::{Attribute, Expression, ExpressionKind, StepKind, Traversal};
use crate::syntax::{BlockContent, BodyContent, BodySchema, ConfigBody, TextOrigin, parse_traversal};

pub(super) fn file_schema() -> BodySchema<'static> {
    body_schema!([],
    [
        "terraform",
        "required_providers",
        "provider" ["name"],
        "variable" ["name"],
        "locals",
        "output" ["name"],
        "module" ["name"],
        "resource" ["type", "name"],
        "data" ["type", "name"],
        "ephemeral" ["type", "name"],
        "action" ["type", "name"],
        "moved",
        "import",
        "check" ["name"],
        "removed",
    ])
}

/// Adds what a file declares to a module.
pub(super) fn decode_file(body: &ConfigBody, module: &mut Module, diagnostics: &mut Diagnostics) {
    let (content, problems) = body.content(&file_schema());
    diagnostics.extend(problems);
    for block in &content.blocks {
        match block.block_type.name.as_str() {
            "terraform" => terraform_block::decode(block, &mut module.settings, diagnostics),
            "required_providers" => {
                let detail = "A \"required_providers\" block must be nested inside a \"terraform\" block.";
                diagnostics
                    .push(Diagnostic::error("Invalid required_providers block", detail).at(block.header));
            }
            "provider" => module.provider_blocks.extend(provider_block::decode(block, diagnostics)),
            "variable" => module.variables.extend(variable::decode(block, diagnostics)),
            "locals" => module.locals.extend(variable::decode_locals(block, diagnostics)),
            "output" => module.outputs.extend(output::decode(block, diagnostics)),
            "module" => module.module_calls.extend(module_call::decode(block, diagnostics)),
            "resource" | "data" | "ephemeral" => {
                module.resources.extend(resource::decode(block, diagnostics));
            }
            "action" => module.actions.extend(action::decode(block, diagnostics)),
            "check" => check::decode(block, module, diagnostics),
            "moved" => module.moved.extend(refactoring::decode_moved(block, diagnostics)),
            "removed" => module.removed.extend(refactoring::decode_removed(block, diagnostics)),
            "import" => module.imports.extend(refactoring::decode_import(block, diagnostics)),
            _ => {}
        }
    }
}

const NAME_RULE: &str = "A name must start with a letter or underscore and may contain only letters, digits, underscores, and dashes.";

/// Checks the name that a block's label gives.
pub(super) fn check_name(
    block: &BlockContent,
    label: usize,
    summary: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Str> {
    let label = block.labels.get(label)?;
    if !is_valid_identifier(&label.name) {
        diagnostics.push(Diagnostic::error(summary, NAME_RULE).at(label.span));
        return None;
    }
    Some(label.name.clone())
}

pub(super) fn attribute_string(
    content: &BodyContent,
    name: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Str> {
    constant_string(&content.attributes.get(name)?.expression, diagnostics)
}

pub(super) fn attribute_bool(
    content: &BodyContent,
    name: &str,
    diagnostics: &mut Diagnostics,
) -> Option<bool> {
    let expression = &content.attributes.get(name)?.expression;
    if matches!(expression.kind, ExpressionKind::Null) {
        let detail = "Unsuitable value: value is null";
        diagnostics.push(Diagnostic::error("Unsuitable value type", detail).at(expression.span));
        return None;
    }
    constant_bool(expression, diagnostics)
}

pub(super) fn attribute_expression(content: &BodyContent, name: &str) -> Option<Expr> {
    content.attributes.get(name).map(|attribute| Arc::clone(&attribute.expression))
}

/// Reads a list of references, as `depends_on` and `ignore_changes` have.
pub(super) fn traversal_list(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Vec<Traversal> {
    let Some(elements) = attribute.expression.as_list() else {
        let detail = "A static list expression is required.".to_string();
        diagnostics.push(Diagnostic::error("Invalid expression", detail).at(attribute.expression.span));
        return Vec::new();
    };
    elements.iter().filter_map(|element| reference_maybe_quoted(element, diagnostics)).collect()
}

/// Reads a reference that very old configurations have in quotes.
pub(super) fn reference_maybe_quoted(
    expression: &Expression,
    diagnostics: &mut Diagnostics,
) -> Option<Traversal> {
    let quoted = expression.as_literal_string().filter(|_| expression.as_traversal().is_none());
    let Some(text) = quoted else { return static_traversal(expression, diagnostics) };
    diagnostics.push(quoted_word("reference").at(expression.span));
    match parse_traversal(text, TextOrigin::Derived(expression.span)) {
        Ok(traversal) => Some(traversal),
        Err(problems) => {
            diagnostics.extend(problems);
            None
        }
    }
}

/// Warns of quotes around a reference or keyword.
pub(super) fn quoted_word(kind: &str) -> Diagnostic {
    let detail = format!(
        "In this context, {kind}s are expected literally rather than in quotes. Terraform 0.11 and earlier required quotes, but \
         quoted {kind}s are now deprecated and will be removed in a future version of Terraform. Remove the quotes surrounding \
         this {kind} to silence this warning."
    );
    Diagnostic::warning(format!("Quoted {kind}s are deprecated"), detail)
}

/// Reads an expression that must be a plain reference.
pub(super) fn static_traversal(expression: &Expression, diagnostics: &mut Diagnostics) -> Option<Traversal> {
    match expression.as_traversal() {
        Some(traversal) => Some(traversal.into_owned()),
        None => {
            let detail = "A single static variable reference is required: only attribute access and indexing with \
                          constant keys. No calculations, function calls, template expressions, etc are allowed here.";
            diagnostics.push(Diagnostic::error("Invalid expression", detail).at(expression.span));
            None
        }
    }
}

/// Reads a provider configuration's name.
pub(super) fn provider_reference(
    expression: &Expression,
    diagnostics: &mut Diagnostics,
) -> Option<ProviderReference> {
    // A repeated configuration is chosen by a key, which may be any expression.
    if let ExpressionKind::Index { collection, key, .. } = &expression.kind {
        let reference = provider_reference(collection, diagnostics)?;
        return Some(ProviderReference {
            key: Some(Arc::new((**key).clone())),
            span: expression.span,
            ..reference
        });
    }
    if expression.as_traversal().is_none() && expression.as_literal_string().is_none() {
        let detail = "The providers argument requires a provider type name, optionally followed by a period and then a \
                      configuration alias.";
        let error = Diagnostic::error("Invalid provider configuration reference", detail);
        diagnostics.push(error.at(expression.span));
        return None;
    }
    let traversal = reference_maybe_quoted(expression, diagnostics)?;
    let invalid = |detail: &str, span: Span| {
        Diagnostic::error("Invalid provider configuration reference", detail).at(span)
    };
    let mut key = None;
    let alias = match traversal.steps.as_slice() {
        [] => None,
        [step, rest @ ..] => {
            let StepKind::Attribute(alias) = &step.kind else {
                let detail = "Provider name must either stand alone or be followed by a period and then a \
                              configuration alias.";
                diagnostics.push(invalid(detail, step.span));
                return None;
            };
            match rest {
                [] => {}
                [one] if !matches!(one.kind, StepKind::Attribute(_)) => {
                    key = Some(constant_key(&one.kind, one.span));
                }
                [extra, ..] => {
                    let detail = "Extraneous extra operators after provider configuration alias.";
                    diagnostics.push(invalid(detail, extra.span));
                    return None;
                }
            }
            Some(alias.clone())
        }
    };
    Some(ProviderReference { local_name: traversal.root.name, alias, key, span: expression.span })
}

pub(super) fn constant_key(kind: &StepKind, span: Span) -> Expr {
    let kind = match kind {
        StepKind::Attribute(text) | StepKind::StringKey(text) => ExpressionKind::String(text.clone()),
        StepKind::NumberKey(number) => ExpressionKind::Number(number.clone()),
    };
    Arc::new(Expression { kind, span })
}

/// Reads a block with a condition and an error message.
pub(super) fn check_rule(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<CheckRule> {
    let schema = body_schema!(["condition": required, "error_message": required], []);
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let condition = attribute_expression(&content, "condition")?;
    if condition.variables().next().is_none() {
        let detail = "The condition expression must refer to at least one object from elsewhere in the configuration, or else its \
                      result would not be checking anything.";
        let summary = format!("Invalid {} expression", block.block_type.name);
        diagnostics.push(Diagnostic::error(summary, detail).at(condition.span));
    }
    Some(CheckRule {
        condition,
        error_message: attribute_expression(&content, "error_message")?,
        span: block.header,
    })
}
