//! Expressions to values.
//!
//! Evaluation goes on after an error: what failed is an unknown value, so that independent errors are all
//! reported at once and nothing is reported twice.

use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Diagnostics, Marks, Refinement, Span, Str, Type, VALUE_HEIGHT_MAX, Value};

use super::describe::{Causes, describe_references};
use super::scope::Scope;
use super::{call, collection_expressions, conditional, index, operators};
use crate::syntax::identifiers::normalize;
use crate::syntax::tree::{Expression, ExpressionKind, StepKind, Traversal};

/// Evaluates expressions in a scope and collects what goes wrong.
pub struct Evaluator<'s> {
    pub(super) scope: &'s dyn Scope,
    /// Names bound by enclosing `for` expressions, innermost last.
    bindings: Vec<(Str, Value)>,
    /// Elements of enclosing splats, innermost last.
    pub(super) splat_items: Vec<Value>,
    /// What went wrong.
    pub diagnostics: Diagnostics,
}

/// Evaluates one expression.
pub fn evaluate(expression: &Expression, scope: &dyn Scope) -> (Value, Diagnostics) {
    let mut evaluator = Evaluator::new(scope);
    let value = evaluator.evaluate(expression);
    (value, evaluator.diagnostics)
}

impl<'s> Evaluator<'s> {
    /// Makes an evaluator that has seen nothing yet.
    pub fn new(scope: &'s dyn Scope) -> Self {
        Self { scope, bindings: Vec::new(), splat_items: Vec::new(), diagnostics: Diagnostics::new() }
    }

    /// Evaluates an expression; what fails is unknown and of any type.
    pub fn evaluate(&mut self, expression: &Expression) -> Value {
        let value = self.evaluate_kind(expression);
        if value.height() <= VALUE_HEIGHT_MAX {
            return value;
        }
        let detail = format!(
            "Collections and structures lie in each other here on more than {VALUE_HEIGHT_MAX} levels; such a value cannot \
             be stored."
        );
        let diagnostic = Diagnostic::error("Value is nested too deeply", detail).at(expression.span);
        self.diagnostics.push(diagnostic);
        Value::dynamic()
    }

    fn evaluate_kind(&mut self, expression: &Expression) -> Value {
        match &expression.kind {
            ExpressionKind::Null => Value::dynamic_null(),
            ExpressionKind::Bool(bool) => Value::Bool(*bool),
            ExpressionKind::Number(text) => operators::number_literal(self, text, expression),
            ExpressionKind::String(text) => Value::String(text.clone()),
            ExpressionKind::Template(parts) => self.template(parts),
            ExpressionKind::TemplateWrap(inner) | ExpressionKind::Parentheses(inner) => self.evaluate(inner),
            ExpressionKind::TemplateJoin(inner) => self.template_join(inner),
            ExpressionKind::Traversal(traversal) => self.traversal(traversal, expression),
            ExpressionKind::RelativeTraversal { source, steps } => {
                let value = self.evaluate(source);
                self.take_steps(value, steps, expression)
            }
            ExpressionKind::Index { collection, key, brackets } => {
                let collection = self.evaluate(collection);
                let key_value = self.evaluate(key);
                let result = index::index(&collection, &key_value);
                self.or_report(result, *brackets, expression)
            }
            ExpressionKind::Splat { source, each, .. } => collection_expressions::splat(self, source, each),
            ExpressionKind::SplatItem => self.splat_items.last().cloned().unwrap_or_else(Value::dynamic),
            ExpressionKind::Call(call) => call::call(self, call, expression),
            ExpressionKind::Unary { operator, operand, .. } => {
                operators::unary(self, *operator, operand, expression)
            }
            ExpressionKind::Binary { operator, left, right, .. } => {
                operators::binary(self, *operator, left, right, expression)
            }
            ExpressionKind::Conditional { condition, when_true, when_false } => {
                conditional::conditional(self, condition, when_true, when_false, expression)
            }
            ExpressionKind::Tuple(elements) => {
                Value::tuple(elements.iter().map(|element| self.evaluate(element)).collect::<Vec<_>>())
            }
            ExpressionKind::Object(items) => collection_expressions::object(self, items),
            ExpressionKind::For(for_expression) => {
                collection_expressions::for_expression(self, for_expression, expression)
            }
            ExpressionKind::JsonString(string) if self.scope.reads_json_literally() => {
                self.diagnostics.extend(string.key_errors.clone());
                Value::String(normalize(&string.text))
            }
            ExpressionKind::JsonString(string) => {
                self.diagnostics.extend(string.key_errors.clone());
                self.diagnostics.extend(string.template_errors.clone());
                self.evaluate(&string.template)
            }
            ExpressionKind::Invalid => Value::dynamic(),
        }
    }

    /// Evaluates an expression and converts the result; a failed conversion is reported as an unsuitable
    /// value, and the result is an unknown of the wanted type.
    pub fn evaluate_as(&mut self, expression: &Expression, wanted: &Type) -> Value {
        let value = self.evaluate(expression);
        convert(&value, wanted).unwrap_or_else(|error| {
            let detail = format!("Unsuitable value: {error}.");
            self.report(Diagnostic::error("Incorrect value type", detail).at(expression.span), expression);
            Value::unknown(wanted.without_optional())
        })
    }

    fn traversal(&mut self, traversal: &Traversal, expression: &Expression) -> Value {
        let bound = self.bindings.iter().rev().find(|(name, _)| *name == traversal.root.name);
        if let Some((_, value)) = bound {
            let value = value.clone();
            return self.take_steps(value, &traversal.steps, expression);
        }
        let resolved = self.scope.resolve(traversal);
        let failed = resolved.diagnostics.has_errors();
        self.diagnostics.extend(resolved.diagnostics);
        if failed {
            return Value::dynamic();
        }
        let rest = traversal.steps.get(resolved.steps_taken..).unwrap_or_default();
        self.take_steps(resolved.value, rest, expression)
    }

    fn take_steps(&mut self, start: Value, steps: &[crate::syntax::tree::Step], whole: &Expression) -> Value {
        let mut value = start;
        for step in steps {
            let result = match &step.kind {
                StepKind::Attribute(name) => index::attribute(&value, name),
                StepKind::StringKey(key) => index::index(&value, &Value::String(key.clone())),
                StepKind::NumberKey(number) => index::index(&value, &operators::number_key(number)),
            };
            match result {
                Ok(part) => value = part,
                Err(problem) => {
                    let underlined = whole.span.to(step.span);
                    let underlined = Span { end: step.span.end, ..underlined };
                    self.report(problem.at(step.span).within(underlined), whole);
                    return Value::dynamic();
                }
            }
        }
        value
    }

    pub(super) fn or_report(
        &mut self,
        result: Result<Value, Diagnostic>,
        subject: Span,
        expression: &Expression,
    ) -> Value {
        result.unwrap_or_else(|problem| {
            self.report(problem.at(subject).within(expression.span), expression);
            Value::dynamic()
        })
    }

    fn template(&mut self, parts: &[Expression]) -> Value {
        let mut text = String::new();
        let mut marks = Marks::NONE;
        let mut known = true;
        for part in parts {
            let (value, part_marks) = self.evaluate(part).unmark();
            marks |= part_marks;
            if value.is_null() {
                let detail =
                    "The expression result is null. Cannot include a null value in a string template.";
                self.report(
                    Diagnostic::error("Invalid template interpolation value", detail).at(part.span),
                    part,
                );
                known = false;
                continue;
            }
            match convert(&value, &Type::String) {
                Ok(Value::String(piece)) => {
                    if known {
                        text.push_str(&piece);
                    }
                }
                Ok(Value::Unknown(unknown)) => {
                    if known {
                        text.push_str(&unknown.refinement.string_prefix);
                    }
                    known = false;
                }
                Ok(_) => known = false,
                Err(error) => {
                    let detail = format!("Cannot include the given value in a string template: {error}.");
                    self.report(
                        Diagnostic::error("Invalid template interpolation value", detail).at(part.span),
                        part,
                    );
                    known = false;
                }
            }
        }
        let value = if known {
            Value::string(text)
        } else {
            let refinement = Refinement { string_prefix: safe_prefix(&text), ..Refinement::not_null() };
            Value::refined_unknown(Type::String, refinement)
        };
        value.with_marks(marks)
    }

    fn template_join(&mut self, inner: &Expression) -> Value {
        let (tuple, mut marks) = self.evaluate(inner).unmark();
        if !tuple.is_known() {
            return Value::unknown_not_null(Type::String).with_marks(marks);
        }
        let mut text = String::new();
        let mut known = true;
        for element in tuple.as_sequence().unwrap_or_default() {
            let (element, element_marks) = element.clone().unmark();
            marks |= element_marks;
            match convert(&element, &Type::String) {
                Ok(Value::String(piece)) => text.push_str(&piece),
                Ok(Value::Null(_)) | Err(_) => {
                    let detail =
                        "An iteration result is null or no string. Cannot include it in a string template.";
                    self.report(
                        Diagnostic::error("Invalid template interpolation value", detail).at(inner.span),
                        inner,
                    );
                    known = false;
                }
                Ok(_) => known = false,
            }
        }
        let value = if known { Value::string(text) } else { Value::unknown_not_null(Type::String) };
        value.with_marks(marks)
    }

    /// Binds names while `body` runs.
    pub(super) fn with_bindings<T>(
        &mut self,
        names: impl IntoIterator<Item = (Str, Value)>,
        body: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.bindings.len();
        self.bindings.extend(names);
        let result = body(self);
        self.bindings.truncate(before);
        result
    }

    /// Tells whether a name is bound by an enclosing `for`.
    pub(super) fn is_bound(&self, name: &str) -> bool {
        self.bindings.iter().any(|(bound, _)| bound == name)
    }

    /// Adds an error about an expression, with the values of what it refers to.
    pub(super) fn report(&mut self, diagnostic: Diagnostic, expression: &Expression) {
        self.report_caused_by(diagnostic, expression, Causes::default());
    }

    /// Adds an error that unknown or sensitive values are the cause of.
    pub(super) fn report_caused_by(
        &mut self,
        mut diagnostic: Diagnostic,
        expression: &Expression,
        causes: Causes,
    ) {
        diagnostic.values = describe_references(expression, self.scope, causes, &|name| self.is_bound(name));
        self.diagnostics.push(diagnostic);
    }
}

/// Cuts a known prefix so that no later text can combine with its end into another character.
fn safe_prefix(text: &str) -> Str {
    use unicode_segmentation::UnicodeSegmentation;
    let separates = |last: char| {
        last != '\n' && !"<=>`".contains(last) && (last == ' ' || last.is_ascii_punctuation() || last == '\t')
    };
    if text.ends_with(separates) {
        return text.into();
    }
    let end = text.grapheme_indices(true).next_back().map_or(0, |(start, _)| start);
    text[..end].into()
}
