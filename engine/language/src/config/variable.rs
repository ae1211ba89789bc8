//! `variable` and `locals` blocks.

use terrane_model::{Diagnostic, Diagnostics, Span, Str, Type, Value};

use super::constant::{ConstantScope, constant};
use super::decode::{attribute_bool, attribute_string, check_name, check_rule};
use super::module::{CheckRule, Local, Variable};
use super::reference::{Subject, parse_reference};
use super::type_expression::{TypeConstraint, parse_type};
use crate::syntax::identifiers::is_valid_identifier;
use crate::syntax::tree::{Expression, ExpressionKind, Traversal};
use crate::syntax::{BlockContent, BodySchema};

/// Names that a `module` block uses for itself.
const RESERVED_NAMES: [&str; 8] =
    ["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"];

pub(super) fn schema() -> BodySchema<'static> {
    body_schema!(
        ["description", "default", "type", "sensitive", "nullable", "ephemeral", "deprecated", "const",],
        ["validation"]
    )
}

pub(super) fn decode(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Variable> {
    let name = check_name(block, 0, "Invalid variable name", diagnostics)?;
    let name_span = block.labels[0].span;
    if RESERVED_NAMES.contains(&name.as_str()) {
        let detail = format!(
            "The variable name {:?} is reserved due to its special meaning inside module blocks.",
            name.as_str()
        );
        diagnostics.push(Diagnostic::error("Invalid variable name", detail).at(name_span));
    }
    let (content, problems) = block.body.content(&schema());
    diagnostics.extend(problems);
    let type_attribute = content.attributes.get("type");
    let constraint = match type_attribute {
        Some(attribute) => parse_variable_type(&attribute.expression, diagnostics),
        None => TypeConstraint::any(),
    };
    let nullable = attribute_bool(&content, "nullable", diagnostics).unwrap_or(true);
    let default = content
        .attributes
        .get("default")
        .and_then(|attribute| default_value(&attribute.expression, &constraint, nullable, diagnostics));
    let validations: Vec<CheckRule> =
        content.blocks.iter().filter_map(|block| check_rule(block, diagnostics)).collect();
    validations.iter().for_each(|rule| check_subject(&name, rule, diagnostics));
    Some(Variable {
        name,
        description: attribute_string(&content, "description", diagnostics),
        has_type: type_attribute.is_some(),
        constraint,
        default,
        sensitive: attribute_bool(&content, "sensitive", diagnostics).unwrap_or(false),
        nullable,
        ephemeral: attribute_bool(&content, "ephemeral", diagnostics).unwrap_or(false),
        deprecated: attribute_string(&content, "deprecated", diagnostics),
        is_const: attribute_bool(&content, "const", diagnostics).unwrap_or(false),
        validations,
        span: block.header,
    })
}

/// A validation that does not look at the variable's value says nothing about it.
fn check_subject(name: &str, rule: &CheckRule, diagnostics: &mut Diagnostics) {
    let is_own = |traversal: &Traversal| matches!(parse_reference(traversal).map(|reference| reference.subject), Ok(Subject::Variable(other)) if other == name);
    if rule.condition.variables().any(|reference| is_own(reference.traversal)) {
        return;
    }
    let detail = format!(
        "The condition for variable {name:?} must refer to var.{name} in order to test incoming values."
    );
    diagnostics
        .push(Diagnostic::error("Invalid variable validation condition", detail).at(rule.condition.span));
}

/// Reads a variable's type, in the words of old configurations too: `list` and `map` alone, and quoted words.
fn parse_variable_type(expression: &Expression, diagnostics: &mut Diagnostics) -> TypeConstraint {
    let plain = |ty: Type| TypeConstraint { ty, defaults: None };
    match expression.as_keyword() {
        Some("list") => return plain(Type::list(Type::Dynamic)),
        Some("map") => return plain(Type::map(Type::Dynamic)),
        _ => {}
    }
    // In JSON a type is always between quotes.
    let is_json = matches!(expression.kind, ExpressionKind::JsonString(_));
    if let Some(quoted) = expression.as_literal_string().filter(|_| !is_json) {
        let replacement = match quoted {
            "string" => "Remove the quotes around \"string\".",
            "list" => {
                "Remove the quotes around \"list\" and write list(string) instead to explicitly indicate that the \
                       list elements are strings."
            }
            "map" => {
                "Remove the quotes around \"map\" and write map(string) instead to explicitly indicate that the map \
                      elements are strings."
            }
            _ => "",
        };
        if !replacement.is_empty() {
            let detail = format!(
                "Terraform 0.11 and earlier required type constraints to be given in quotes, but that form is now \
                 deprecated and will be removed in a future version of Terraform. {replacement}"
            );
            diagnostics
                .push(Diagnostic::error("Invalid quoted type constraints", detail).at(expression.span));
            return TypeConstraint::any();
        }
    }
    parse_type(expression, &ConstantScope, diagnostics)
}

fn default_value(
    expression: &Expression,
    constraint: &TypeConstraint,
    nullable: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let value = constant(expression, &Type::Dynamic, diagnostics)?;
    let invalid =
        |why: String| Diagnostic::error("Invalid default value for variable", why).at(expression.span);
    let converted = match constraint.apply(&value) {
        Ok(value) => value,
        Err(error) => {
            let detail =
                format!("This default value is not compatible with the variable's type constraint: {error}.");
            diagnostics.push(invalid(detail));
            return Some(Value::dynamic());
        }
    };
    if converted.is_null() && !nullable {
        diagnostics.push(invalid("A null default value is not valid when nullable=false.".to_owned()));
        return Some(Value::dynamic());
    }
    Some(converted)
}

pub(super) fn decode_locals(block: &BlockContent, diagnostics: &mut Diagnostics) -> Vec<Local> {
    let (attributes, problems) = block.body.just_attributes();
    diagnostics.extend(problems);
    let mut locals = Vec::new();
    for attribute in attributes {
        let name: Str = attribute.name.name.clone();
        let span: Span = attribute.span;
        if !is_valid_identifier(&name) {
            let detail = "A name must start with a letter or underscore and may contain only letters, digits, \
                          underscores, and dashes.";
            diagnostics.push(Diagnostic::error("Invalid local value name", detail).at(attribute.name.span));
            continue;
        }
        locals.push(Local { name, expression: attribute.expression, span });
    }
    locals
}
