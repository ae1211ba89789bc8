//! Values whose type only the value itself says, as JSON and back.

use serde_json::{Map, Number as JsonNumber, Value as Json};
use terrane_model::{Number, Value};

/// Makes JSON of a known value. Nulls in objects are left out: they say no more than not writing anything.
pub(crate) fn to_json(value: &Value) -> Json {
    match value.unmarked() {
        Value::Bool(flag) => Json::Bool(*flag),
        Value::String(text) => Json::String(text.to_string()),
        Value::Number(number) => match number.to_i64() {
            Some(whole) => whole.into(),
            None => JsonNumber::from_f64(number.to_f64()).map_or(Json::Null, Json::Number),
        },
        collection => match (collection.as_entries(), collection.as_sequence()) {
            (Some(entries), _) => {
                let written = entries.iter().filter(|(_, value)| !value.is_null());
                Json::Object(
                    written.map(|(name, value)| (name.to_string(), to_json(value))).collect::<Map<_, _>>(),
                )
            }
            (None, Some(elements)) => Json::Array(elements.iter().map(to_json).collect()),
            (None, None) => Json::Null,
        },
    }
}

/// Makes a value of JSON: objects and tuples, whose parts keep types of their own.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::dynamic_null(),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::String(text) => text.as_str().into(),
        Json::Number(number) => {
            Number::parse(&number.to_string()).map_or_else(Value::dynamic_null, Value::Number)
        }
        Json::Array(elements) => Value::tuple(elements.iter().map(from_json).collect::<Vec<_>>()),
        Json::Object(map) => Value::object(map.iter().map(|(name, json)| (name.as_str(), from_json(json)))),
    }
}

/// Makes a value of what is the same in two answers; where they differ, nobody can know it before.
pub(crate) fn agreed(first: &Json, second: &Json) -> Value {
    match (first, second) {
        (Json::Object(first), Json::Object(second)) => Value::object(first.iter().map(|(name, json)| {
            let value = second.get(name).map_or_else(Value::dynamic, |other| agreed(json, other));
            (name.as_str(), value)
        })),
        (Json::Array(first), Json::Array(second)) if first.len() == second.len() => {
            Value::tuple(first.iter().zip(second).map(|(a, b)| agreed(a, b)).collect::<Vec<_>>())
        }
        (first, second) if first == second => from_json(first),
        (first, _) => Value::unknown(from_json(first).ty()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_and_json_are_the_same() {
        let json = json!({"a": [1, 2.5, "x", true], "b": {"c": {}}, "big": 18_446_744_073_709_551_615_u64});
        let back = to_json(&from_json(&json));
        assert_eq!(back["a"], json["a"]);
        assert_eq!(back["b"], json["b"]);
        assert_eq!(to_json(&from_json(&json!({"a": null, "b": [null]}))), json!({"b": [null]}));
    }

    #[test]
    fn what_differs_is_not_known() {
        let value =
            agreed(&json!({"a": 1, "ip": "x", "l": [1, 2]}), &json!({"a": 1, "ip": "y", "l": [1, 3]}));
        assert_eq!(value.get("a"), Some(&Value::from(1)));
        assert!(!value.get("ip").unwrap().is_known());
        assert!(!value.get("l").unwrap().is_wholly_known() && value.get("l").unwrap().is_known());
    }
}
