//! `condition ? a : b`.

use terrane_model::convert::convert;
use terrane_model::unify::unify;
use terrane_model::{Diagnostic, Refinement, Type, Value};

use super::describe::Causes;
use super::evaluator::Evaluator;
use crate::syntax::tree::Expression;

pub(super) fn conditional(
    evaluator: &mut Evaluator<'_>,
    condition: &Expression,
    when_true: &Expression,
    when_false: &Expression,
    whole: &Expression,
) -> Value {
    let before = evaluator.diagnostics.len();
    let true_value = evaluator.evaluate(when_true);
    let true_errors = split_off(evaluator, before);
    let false_value = evaluator.evaluate(when_false);
    let false_errors = split_off(evaluator, before);

    let result_type = match result_type(&true_value, &false_value) {
        Some(ty) => ty,
        None => {
            let mismatch = describe_mismatch(&true_value.ty(), &false_value.ty());
            let detail =
                format!("The true and false result expressions must have consistent types. {mismatch}.");
            let diagnostic = Diagnostic::error("Inconsistent conditional result types", detail);
            let subject = when_true.span.to(when_false.span);
            evaluator.report(diagnostic.at(subject).within(whole.span), whole);
            return Value::dynamic();
        }
    };

    // Which arm was taken may give a sensitive condition away, and the other way round.
    let (condition_value, marks) = evaluator.evaluate(condition).unmark();
    let marks = marks | true_value.marks() | false_value.marks();
    if condition_value.is_null() {
        let detail = "The condition value is null. Conditions must either be true or false.";
        let diagnostic = Diagnostic::error("Null condition", detail);
        evaluator.report(diagnostic.at(condition.span).within(whole.span), condition);
        return Value::unknown(result_type);
    }
    let chosen = match convert(&condition_value, &Type::Bool) {
        Ok(Value::Bool(chosen)) => chosen,
        Ok(_) => return unknown_result(&true_value, &false_value, result_type).with_marks(marks),
        Err(_) => {
            let detail = "The condition expression must be of type bool.";
            let diagnostic = Diagnostic::error("Incorrect condition type", detail);
            evaluator.report(diagnostic.at(condition.span).within(whole.span), condition);
            return Value::unknown(result_type);
        }
    };
    let (value, errors, side, expression) = if chosen {
        (true_value, true_errors, "true", when_true)
    } else {
        (false_value, false_errors, "false", when_false)
    };
    evaluator.diagnostics.extend(errors);
    match convert(&value, &result_type) {
        Ok(value) => value.with_marks(marks),
        Err(error) => {
            let detail = format!("The {side} result value has the wrong type: {error}.");
            let diagnostic = Diagnostic::error("Inconsistent conditional result types", detail);
            let subject = when_true.span.to(when_false.span);
            evaluator.report_caused_by(
                diagnostic.at(subject).within(whole.span),
                expression,
                Causes::default(),
            );
            Value::unknown(result_type)
        }
    }
}

/// Takes back the messages that came after `before`: those of an arm count only when it is chosen.
fn split_off(evaluator: &mut Evaluator<'_>, before: usize) -> Vec<Diagnostic> {
    let taken = evaluator.diagnostics.iter().skip(before).cloned().collect();
    evaluator.diagnostics.truncate(before);
    taken
}

fn result_type(a: &Value, b: &Value) -> Option<Type> {
    let is_bare_null = |value: &Value| matches!(value.unmarked(), Value::Null(Type::Dynamic));
    match (is_bare_null(a), is_bare_null(b)) {
        (true, _) => Some(b.ty()),
        (_, true) => Some(a.ty()),
        _ => {
            let (a, b) = (a.ty(), b.ty());
            if a == b { Some(a) } else { unify(&[a, b]) }
        }
    }
}

/// What is known of the result while the condition is not: whatever holds for both arms.
fn unknown_result(a: &Value, b: &Value, ty: Type) -> Value {
    let marks = a.marks() | b.marks();
    let (Ok(a), Ok(b)) = (convert(a, &ty), convert(b, &ty)) else {
        return Value::unknown(ty).with_marks(marks);
    };
    if a.is_null() && b.is_null() {
        return Value::Null(ty).with_marks(marks);
    }
    let mut refinement = Refinement {
        not_null: a.is_definitely_not_null() && b.is_definitely_not_null(),
        ..Refinement::default()
    };
    if refinement.not_null && ty.is_collection() {
        let (a_min, a_max) = length_bounds(&a);
        let (b_min, b_max) = length_bounds(&b);
        refinement.length_min = a_min.min(b_min);
        refinement.length_max = a_max.zip(b_max).map(|(a, b)| a.max(b));
    }
    if refinement.not_null
        && ty == Type::Number
        && let (Some(a), Some(b)) = (a.as_number(), b.as_number())
    {
        refinement.number_min = Some((a.min(b).clone(), true));
        refinement.number_max = Some((a.max(b).clone(), true));
    }
    Value::refined(ty, refinement)
}

fn length_bounds(value: &Value) -> (usize, Option<usize>) {
    match (value.element_count(), value.as_unknown()) {
        (Some(count), _) => (count, Some(count)),
        (_, Some(unknown)) => (unknown.refinement.length_min, unknown.refinement.length_max),
        _ => (0, None),
    }
}

/// Says where two types differ, as precisely as one sentence allows.
fn describe_mismatch(when_true: &Type, when_false: &Type) -> String {
    let plain = || {
        let (a, b) = (when_true.friendly_name(), when_false.friendly_name());
        if a == b {
            return "At least one deeply-nested attribute or element is not compatible across both the 'true' and the \
                    'false' value"
                .to_owned();
        }
        format!("The 'true' value is {a}, but the 'false' value is {b}")
    };
    match (when_true, when_false) {
        (Type::Object(a), Type::Object(b)) => {
            for (name, ty) in a.attributes() {
                match b.attribute(name) {
                    None => {
                        return format!(
                            "The 'true' value includes object attribute {name:?}, which is absent in the \
                                        'false' value"
                        );
                    }
                    Some(other) if ty != other && unify(&[ty.clone(), other.clone()]).is_none() => {
                        return nested_mismatch(
                            &format!("Type mismatch for object attribute {name:?}"),
                            ty,
                            other,
                        );
                    }
                    Some(_) => {}
                }
            }
            let extra = b.attributes().iter().find(|(name, _)| a.attribute(name).is_none());
            extra.map_or_else(plain, |(name, _)| {
                format!("The 'false' value includes object attribute {name:?}, which is absent in the 'true' value")
            })
        }
        (Type::Tuple(a), Type::Tuple(b)) => {
            if a.len() != b.len() {
                return format!(
                    "The 'true' tuple has length {}, but the 'false' tuple has length {}",
                    a.len(),
                    b.len()
                );
            }
            let differing = a
                .iter()
                .zip(b.iter())
                .enumerate()
                .find(|(_, (a, b))| a != b && unify(&[(*a).clone(), (*b).clone()]).is_none());
            differing.map_or_else(plain, |(position, (a, b))| {
                nested_mismatch(&format!("Type mismatch for tuple element {position}"), a, b)
            })
        }
        (Type::List(a), Type::List(b)) if a != b => nested_collection("list", a, b),
        (Type::Set(a), Type::Set(b)) if a != b => nested_collection("set", a, b),
        (Type::Map(a), Type::Map(b)) if a != b => nested_collection("map", a, b),
        _ => plain(),
    }
}

fn nested_mismatch(context: &str, a: &Type, b: &Type) -> String {
    format!("{context}: {}", describe_mismatch(a, b))
}

fn nested_collection(kind: &str, a: &Type, b: &Type) -> String {
    if a.friendly_name() != b.friendly_name() {
        return format!(
            "The 'true' value is {kind} of {}, but the 'false' value is {kind} of {}",
            a.friendly_name(),
            b.friendly_name()
        );
    }
    format!("Mismatched {kind} element types: {}", describe_mismatch(a, b))
}
