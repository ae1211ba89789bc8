//! Conditions: preconditions, postconditions, validations and assertions.

use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Diagnostics, Type, Value};

use super::describe::{Causes, describe_references};
use super::evaluator::evaluate;
use super::scope::Scope;
use crate::config::module::CheckRule;
use crate::syntax::tree::Expression;

/// How a condition turned out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail {
        /// The words of the configuration, without a full stop of ours.
        message: String,
    },
    /// It could not be evaluated.
    Error,
    /// It depends on what is not known yet.
    Unknown,
}

/// What kind of condition it is, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// Before a resource is planned.
    ResourcePrecondition,
    /// On a resource as it came out.
    ResourcePostcondition,
    /// Before an output is evaluated.
    OutputPrecondition,
    /// On a variable's value.
    VariableValidation,
    /// Of a `check` block.
    Assertion,
    /// Of a test.
    TestAssertion,
}

impl RuleKind {
    /// Returns what the message is called when the condition does not hold.
    pub fn failure_summary(self) -> &'static str {
        match self {
            Self::ResourcePrecondition => "Resource precondition failed",
            Self::ResourcePostcondition => "Resource postcondition failed",
            Self::OutputPrecondition => "Module output value precondition failed",
            Self::VariableValidation => "Invalid value for variable",
            Self::Assertion => "Check block assertion failed",
            Self::TestAssertion => "Test assertion failed",
        }
    }
}

/// Evaluates a condition. Where it does not hold or cannot be evaluated, the messages say so.
pub fn evaluate_rule(rule: &CheckRule, kind: RuleKind, scope: &dyn Scope) -> (RuleOutcome, Diagnostics) {
    let (value, mut diagnostics) = evaluate(&rule.condition, scope);
    if diagnostics.has_errors() {
        return (RuleOutcome::Error, diagnostics);
    }
    let condition = &rule.condition;
    let invalid = |detail: String, value: &Value| {
        let mut diagnostic = Diagnostic::error("Invalid condition result", detail).at(condition.span);
        diagnostic.values = describe_references(condition, scope, Causes::of(value), &|_| false);
        diagnostic
    };
    if value.is_null() {
        let detail = "Condition expression must return either true or false, not null.".to_owned();
        diagnostics.push(invalid(detail, &value));
        return (RuleOutcome::Error, diagnostics);
    }
    match convert(value.unmarked(), &Type::Bool) {
        Ok(Value::Bool(true)) => (RuleOutcome::Pass, diagnostics),
        Ok(Value::Bool(false)) => {
            let (message, problems) = error_message(&rule.error_message, scope);
            diagnostics.extend(problems);
            let mut diagnostic =
                Diagnostic::error(kind.failure_summary(), message.clone()).at(condition.span);
            diagnostic.rule = Some(rule.span);
            diagnostic.values = describe_references(condition, scope, Causes::default(), &|_| false);
            diagnostics.push(diagnostic);
            (RuleOutcome::Fail { message }, diagnostics)
        }
        Ok(_) => {
            // Its message must make sense nevertheless.
            let (_, problems) = evaluate(&rule.error_message, scope);
            diagnostics.extend(problems.into_iter().filter(Diagnostic::is_error));
            (RuleOutcome::Unknown, diagnostics)
        }
        Err(error) => {
            diagnostics.push(invalid(format!("Invalid condition result value: {error}."), &value));
            (RuleOutcome::Error, diagnostics)
        }
    }
}

/// Evaluates the words for a condition that does not hold.
fn error_message(expression: &Expression, scope: &dyn Scope) -> (String, Diagnostics) {
    const FALLBACK: &str = "This check failed, but has an invalid error message as described in the other accompanying \
                            messages.";
    let (value, mut diagnostics) = evaluate(expression, scope);
    if diagnostics.has_errors() {
        return (FALLBACK.to_owned(), diagnostics);
    }
    let marks = value.deep_marks();
    if marks.is_sensitive() || marks.is_ephemeral() {
        let (adjective, clause, advice) = if marks.is_sensitive() {
            (
                "sensitive",
                "Terraform will not display the resulting message",
                "You can correct this by removing references to sensitive values, or by carefully using the nonsensitive() \
              function if the expression will not reveal the sensitive data.",
            )
        } else {
            (
                "ephemeral",
                "Terraform will not display the resulting message",
                "You can correct this by removing references to ephemeral values.",
            )
        };
        let detail = format!(
            "The error expression used to explain this condition refers to {adjective} values, so {clause}.\n\n{advice}"
        );
        let summary = format!("Error message refers to {adjective} values");
        let mut warning = Diagnostic::warning(summary, detail).at(expression.span);
        warning.values = describe_references(expression, scope, Causes::of(&value), &|_| false);
        diagnostics.push(warning);
        let message = format!(
            "The error message included {} {adjective} value, so it will not be displayed.",
            if marks.is_sensitive() { "a" } else { "an" }
        );
        return (message, diagnostics);
    }
    match convert(&value, &Type::String) {
        Ok(Value::String(text)) => (text.trim().to_owned(), diagnostics),
        Ok(Value::Unknown(_)) => {
            let detail = "Unsuitable value for error message: the value is not known yet.";
            diagnostics.push(Diagnostic::error("Invalid error message", detail).at(expression.span));
            (FALLBACK.to_owned(), diagnostics)
        }
        Ok(_) => {
            let detail = "Unsuitable value for error message: must not be null.";
            diagnostics.push(Diagnostic::error("Invalid error message", detail).at(expression.span));
            (FALLBACK.to_owned(), diagnostics)
        }
        Err(error) => {
            let detail = format!("Unsuitable value for error message: {error}.");
            diagnostics.push(Diagnostic::error("Invalid error message", detail).at(expression.span));
            (FALLBACK.to_owned(), diagnostics)
        }
    }
}
