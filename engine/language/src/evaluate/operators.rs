//! Operators.

use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Marks, Number, NumberError, Type, Value};

use super::evaluator::Evaluator;
use crate::syntax::tree::{BinaryOperator, Expression, UnaryOperator};

/// Returns the value of a number as written.
pub(super) fn number_literal(evaluator: &mut Evaluator<'_>, text: &str, whole: &Expression) -> Value {
    // The parser lets nothing through but digits with a fraction and an exponent.
    let Some(number) = Number::parse(text) else {
        let detail = "A number must have less than 100,000 digits before or behind the decimal point.";
        evaluator.report(Diagnostic::error("Number out of range", detail).at(whole.span), whole);
        return Value::unknown(Type::Number);
    };
    Value::Number(number)
}

/// Returns the value of a number that is written as an index; one that is out of range is an index of nothing.
pub(super) fn number_key(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap_or(Number::INFINITY))
}

pub(super) fn unary(
    evaluator: &mut Evaluator<'_>,
    operator: UnaryOperator,
    operand: &Expression,
    whole: &Expression,
) -> Value {
    let (value, marks) = evaluator.evaluate(operand).unmark();
    let wanted = match operator {
        UnaryOperator::Negate => Type::Number,
        UnaryOperator::Not => Type::Bool,
    };
    let value = match operand_as(&value, &wanted) {
        Ok(value) => value,
        Err(reason) => {
            let detail = format!("Unsuitable value for unary operand: {reason}.");
            let diagnostic = Diagnostic::error("Invalid operand", detail);
            evaluator.report(diagnostic.at(operand.span).within(whole.span), operand);
            return Value::unknown(wanted);
        }
    };
    if value.is_null() {
        return failed(evaluator, "argument must not be null", &wanted, whole);
    }
    let result = match (operator, &value) {
        (UnaryOperator::Negate, Value::Number(number)) => Value::Number(number.negate()),
        (UnaryOperator::Not, Value::Bool(bool)) => Value::Bool(!bool),
        _ => Value::unknown_not_null(wanted),
    };
    result.with_marks(marks)
}

fn operand_as(value: &Value, wanted: &Type) -> Result<Value, String> {
    convert(value, wanted).map_err(|error| error.to_string())
}

fn failed(evaluator: &mut Evaluator<'_>, why: &str, result: &Type, whole: &Expression) -> Value {
    let detail = format!("Error during operation: {why}.");
    evaluator.report(Diagnostic::error("Operation failed", detail).at(whole.span), whole);
    Value::unknown(result.clone())
}

/// The operators of a chain such as `a + b + c` lean to the left; they are evaluated in a loop, since such
/// chains may be long.
pub(super) fn binary(
    evaluator: &mut Evaluator<'_>,
    operator: BinaryOperator,
    left: &Expression,
    right: &Expression,
    whole: &Expression,
) -> Value {
    use crate::syntax::tree::ExpressionKind;
    let mut chain = vec![(operator, left, right, whole)];
    let mut first = left;
    while let ExpressionKind::Binary { operator, left, right, .. } = &first.kind {
        chain.push((*operator, left, right, first));
        first = left;
    }
    let mut value = evaluator.evaluate(first);
    while let Some((operator, left, right, whole)) = chain.pop() {
        value = binary_with_left(evaluator, operator, value, left, right, whole);
    }
    value
}

fn binary_with_left(
    evaluator: &mut Evaluator<'_>,
    operator: BinaryOperator,
    left_value: Value,
    left: &Expression,
    right: &Expression,
    whole: &Expression,
) -> Value {
    let (operand, result) = types_of(operator);
    let errors_before = evaluator.diagnostics.len();
    let left_value = match converted(evaluator, &left_value, &operand, left, whole, "left") {
        Some(value) => value,
        None => {
            let right_value = evaluator.evaluate(right);
            converted(evaluator, &right_value, &operand, right, whole, "right");
            return Value::unknown(result);
        }
    };
    let right_raw = evaluator.evaluate(right);
    // What is wrong with the right side does not matter once the left one has decided, so that
    // `x != null && x.y` is safe.
    let is_wrong = evaluator.diagnostics.len() > errors_before || right_raw.is_null();
    if is_wrong && let Some(decided) = short_circuit(operator, &left_value) {
        evaluator.diagnostics.truncate(errors_before);
        return decided;
    }
    let Some(right_value) = converted(evaluator, &right_raw, &operand, right, whole, "right") else {
        return Value::unknown(result);
    };
    match apply(operator, &left_value, &right_value) {
        Ok(value) => value,
        Err(why) => failed(evaluator, &why, &result, whole),
    }
}

fn converted(
    evaluator: &mut Evaluator<'_>,
    value: &Value,
    wanted: &Type,
    operand: &Expression,
    whole: &Expression,
    side: &str,
) -> Option<Value> {
    match operand_as(value, wanted) {
        Ok(value) => Some(value),
        Err(reason) => {
            let detail = format!("Unsuitable value for {side} operand: {reason}.");
            let diagnostic = Diagnostic::error("Invalid operand", detail);
            evaluator.report(diagnostic.at(operand.span).within(whole.span), operand);
            None
        }
    }
}

fn short_circuit(operator: BinaryOperator, left: &Value) -> Option<Value> {
    match (operator, left.as_bool()?) {
        (BinaryOperator::And, false) | (BinaryOperator::Or, true) => Some(left.clone()),
        _ => None,
    }
}

/// Returns the type that operands are converted to, and the type of the result.
fn types_of(operator: BinaryOperator) -> (Type, Type) {
    use BinaryOperator as Op;
    match operator {
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Modulo => (Type::Number, Type::Number),
        Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => (Type::Number, Type::Bool),
        Op::Equal | Op::NotEqual => (Type::Dynamic, Type::Bool),
        Op::And | Op::Or => (Type::Bool, Type::Bool),
    }
}

fn apply(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Value, String> {
    use BinaryOperator as Op;
    match operator {
        Op::Equal => return Ok(left.equals(right)),
        Op::NotEqual => return Ok(negated(&left.equals(right))),
        _ => {}
    }
    let marks: Marks = left.marks() | right.marks();
    let (left, right) = (left.unmarked(), right.unmarked());
    if left.is_null() || right.is_null() {
        return Err("argument must not be null".to_owned());
    }
    let result = match (left, right) {
        (Value::Number(left), Value::Number(right)) => apply_to_numbers(operator, left, right)?,
        (Value::Bool(left), Value::Bool(right)) => Value::Bool(match operator {
            Op::And => *left && *right,
            _ => *left || *right,
        }),
        _ => Value::unknown_not_null(types_of(operator).1),
    };
    Ok(result.with_marks(marks))
}

fn negated(bool: &Value) -> Value {
    let result =
        bool.as_bool().map_or_else(|| Value::unknown_not_null(Type::Bool), |bool| Value::Bool(!bool));
    result.with_marks(bool.marks())
}

fn apply_to_numbers(operator: BinaryOperator, left: &Number, right: &Number) -> Result<Value, String> {
    use BinaryOperator as Op;
    let number =
        |result: Result<Number, NumberError>| result.map(Value::Number).map_err(|error| error.to_string());
    match operator {
        Op::Add => number(left.add(right)),
        Op::Subtract => number(left.subtract(right)),
        Op::Multiply => number(left.multiply(right)),
        Op::Divide if left.is_zero() && right.is_zero() => {
            Err("can't divide zero by zero or infinity by infinity".into())
        }
        Op::Divide => number(left.divide(right)),
        Op::Modulo => number(left.modulo(right)),
        Op::Less => Ok(Value::Bool(left < right)),
        Op::LessOrEqual => Ok(Value::Bool(left <= right)),
        Op::Greater => Ok(Value::Bool(left > right)),
        Op::GreaterOrEqual => Ok(Value::Bool(left >= right)),
        Op::Equal | Op::NotEqual | Op::And | Op::Or => Err("operator does not apply to numbers".into()),
    }
}
