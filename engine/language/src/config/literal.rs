//! Values as expressions, for what stands in the place of a configuration's own.

use terrane_model::{Span, Value};

use crate::syntax::tree::{Expression, ExpressionKind, ObjectItem, UnaryOperator};

/// Makes an expression that evaluates to a value, apart from its marks and the types of its collections. Unknown
/// values become null.
pub(super) fn literal(value: &Value, span: Span) -> Expression {
    let expression = |kind| Expression { kind, span };
    expression(match value.unmarked() {
        Value::Null(_) | Value::Unknown(_) | Value::Marked(_) => ExpressionKind::Null,
        Value::Bool(value) => ExpressionKind::Bool(*value),
        Value::Number(number) => {
            let text = number.to_string();
            match text.strip_prefix('-') {
                Some(digits) => ExpressionKind::Unary {
                    operator: UnaryOperator::Negate,
                    operator_span: span,
                    operand: Box::new(expression(ExpressionKind::Number(digits.into()))),
                },
                None => ExpressionKind::Number(text.into()),
            }
        }
        Value::String(text) => ExpressionKind::String(text.clone()),
        sequence @ (Value::List(_) | Value::Set(_) | Value::Tuple(_)) => {
            let elements = sequence.as_sequence().unwrap_or_default();
            ExpressionKind::Tuple(elements.iter().map(|element| literal(element, span)).collect())
        }
        entries @ (Value::Map(_) | Value::Object(_)) => {
            let items = entries.as_entries().unwrap_or_default().iter().map(|(key, value)| ObjectItem {
                key: expression(ExpressionKind::String(key.clone())),
                value: literal(value, span),
            });
            ExpressionKind::Object(items.collect())
        }
    })
}
