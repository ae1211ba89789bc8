//! JSON values read as expressions: strings are templates, in names of objects too.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use terrane_model::{Diagnostic, Diagnostics, Span, Str};

use super::identifiers::normalize;
use super::json::{JsonKind, JsonProperty, JsonValue};
use super::parse_template::parse_template_text;
use super::parser::TextOrigin;
use super::tree::{Expression, ExpressionKind, JsonString, ObjectItem};

impl JsonProperty {
    /// Returns the value as an expression.
    pub fn expression(&self) -> Arc<Expression> {
        self.expression.get_or_init(|| Arc::new(self.value.to_expression())).clone()
    }
}

impl JsonValue {
    /// Returns the value as an expression.
    ///
    /// Errors in templates are kept at the strings that hold them, because nobody knows yet whether the
    /// strings are meant as templates.
    pub fn to_expression(&self) -> Expression {
        to_expression(self, 0)
    }
}

fn to_expression(value: &JsonValue, depth: usize) -> Expression {
    let kind = match &value.kind {
        JsonKind::Null => ExpressionKind::Null,
        JsonKind::Bool(value) => ExpressionKind::Bool(*value),
        JsonKind::Number(text) => ExpressionKind::Number(text.clone()),
        JsonKind::String(text) => return string_expression(text, value.span, depth),
        JsonKind::Array(elements) => {
            ExpressionKind::Tuple(elements.iter().map(|element| to_expression(element, depth + 1)).collect())
        }
        JsonKind::Object(properties) => ExpressionKind::Object(object_items(properties, depth)),
        JsonKind::Invalid => ExpressionKind::Invalid,
    };
    Expression { kind, span: value.span }
}

fn string_expression(text: &Str, span: Span, depth: usize) -> Expression {
    let (template, template_errors) = if text.contains("${") || text.contains("%{") {
        let (template, parser) = parse_template_text(text, TextOrigin::Derived(span), depth + 1);
        (template, parser.into_diagnostics())
    } else {
        (Expression { kind: ExpressionKind::String(normalize(text)), span }, Diagnostics::new())
    };
    let string = JsonString { text: text.clone(), template, template_errors, key_errors: Diagnostics::new() };
    Expression { kind: ExpressionKind::JsonString(Box::new(string)), span }
}

fn object_items(properties: &[JsonProperty], depth: usize) -> Vec<ObjectItem> {
    let mut names = FxHashSet::default();
    let to_item = |property: &JsonProperty| {
        let mut key = string_expression(&property.name, property.name_span, depth + 1);
        if !names.insert(property.name.clone()) {
            add_error(&mut key, duplicate_error(property));
        }
        ObjectItem { key, value: to_expression(&property.value, depth + 1) }
    };
    properties.iter().map(to_item).collect()
}

fn duplicate_error(property: &JsonProperty) -> Diagnostic {
    let detail = format!("An attribute named \"{}\" was already defined in this object.", property.name);
    Diagnostic::error("Duplicate object attribute", detail).at(property.name_span)
}

fn add_error(key: &mut Expression, error: Diagnostic) {
    if let ExpressionKind::JsonString(string) = &mut key.kind {
        string.key_errors.push(error);
    }
}
