//! Which values are the same although they are written differently.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use terrane_model::Value;

use crate::mapping::network::Network;
use crate::mapping::time::{moment, parse_iso_duration};
use crate::table::{Argument, Sameness, Shape};

/// Writes a location's name as Azure's interfaces do: `West Europe` is `westeurope`.
pub(crate) fn normal_location(name: &str) -> String {
    name.chars().filter(|character| *character != ' ').collect::<String>().to_ascii_lowercase()
}

/// Returns the form in which a configured value is planned and stored.
pub(crate) fn normal_form(argument: &Argument, value: Value) -> Value {
    match (argument.sameness, value.as_str()) {
        (Sameness::Location, Some(text)) => Value::string(normal_location(text)),
        _ => value,
    }
}

/// Tells whether a value says nothing: null, or what azurerm stores for arguments that nobody has set.
pub(crate) fn is_zero(value: &Value) -> bool {
    match value.unmarked() {
        Value::Null(_) => true,
        Value::Unknown(_) => false,
        Value::Bool(bool) => !bool,
        Value::Number(number) => number.is_zero(),
        Value::String(text) => text.is_empty(),
        other => other.element_count() == Some(0),
    }
}

/// Tells whether two values of an argument are the same. Blocks are compared as they are.
pub(crate) fn is_same(argument: &Argument, a: &Value, b: &Value) -> bool {
    if a == b
        || argument.sameness == Sameness::NeverAfterCreate
        || (is_zero(a) && is_zero(b) && (a.is_null() || b.is_null()))
    {
        return true;
    }
    match argument.shape {
        Shape::List(_) if argument.sameness == Sameness::Unordered => {
            same_elements(Sameness::IgnoreCase, a, b)
        }
        Shape::Set(_) => same_elements(argument.sameness, a, b),
        Shape::List(_) => match (a.as_sequence(), b.as_sequence()) {
            (Some(a), Some(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_scalar(argument.sameness, a, b))
            }
            _ => false,
        },
        _ => same_scalar(argument.sameness, a, b),
    }
}

fn same_elements(sameness: Sameness, a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_sequence(), b.as_sequence()) else { return false };
    a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| same_scalar(sameness, a, b)))
}

fn same_scalar(sameness: Sameness, a: &Value, b: &Value) -> bool {
    if a == b || sameness == Sameness::NeverAfterCreate {
        return true;
    }
    let (Some(a), Some(b)) = (a.as_str(), b.as_str()) else { return false };
    same_text(sameness, a, b)
}

fn same_text(sameness: Sameness, a: &str, b: &str) -> bool {
    match sameness {
        Sameness::Exact => a == b,
        Sameness::IgnoreCase | Sameness::Unordered => a.eq_ignore_ascii_case(b),
        Sameness::Location => normal_location(a) == normal_location(b),
        Sameness::Timestamp => match (moment(a), moment(b)) {
            (Some(a), Some(b)) => a == b,
            _ => {
                matches!((parse_iso_duration(a), parse_iso_duration(b)), (Some(a), Some(b)) if (a - b).abs() < 1e-6)
            }
        },
        Sameness::VersionPrefix => is_version_alias(a, b) || is_version_alias(b, a),
        Sameness::Base64 => {
            STANDARD.decode(a).is_ok_and(|bytes| bytes == b.as_bytes())
                || STANDARD.decode(b).is_ok_and(|bytes| bytes == a.as_bytes())
        }
        Sameness::JsonDocument => {
            let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
        }
        Sameness::Network => matches!((Network::parse(a), Network::parse(b)), (Some(a), Some(b)) if a == b),
        Sameness::LastSegment => {
            let end = |text: &str| text.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            end(a) == end(b)
        }
        Sameness::NeverAfterCreate => true,
    }
}

/// Tells whether `short` is an alias of `long`: `1.32` of `1.32.4`.
fn is_version_alias(short: &str, long: &str) -> bool {
    long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_by_what_they_mean() {
        for (sameness, a, b) in [
            (Sameness::IgnoreCase, "/Subscriptions/A", "/subscriptions/a"),
            (Sameness::Location, "West Europe", "westeurope"),
            (Sameness::Timestamp, "2026-10-01T00:00:00Z", "2026-10-01T00:00:00+00:00"),
            (Sameness::Timestamp, "PT1H", "PT60M"),
            (Sameness::VersionPrefix, "1.32", "1.32.4"),
            (Sameness::Base64, "aGk=", "hi"),
            (Sameness::JsonDocument, "{\"a\": 1}", "{\"a\":1}"),
            (Sameness::Network, "10.0.0.9/24", "10.0.0.0/24"),
        ] {
            assert!(same_text(sameness, a, b), "{a} {b}");
            assert!(!same_text(sameness, a, "other"), "{a}");
        }
        assert!(!same_text(Sameness::VersionPrefix, "1.3", "1.32.4"));
    }

    #[test]
    fn nothing_comes_in_many_forms() {
        for zero in
            [Value::Bool(false), Value::from(""), Value::from(0), Value::list(terrane_model::Type::Bool, [])]
        {
            assert!(is_zero(&zero));
        }
        assert!(!is_zero(&Value::unknown(terrane_model::Type::Bool)));
    }
}
