//! Values of any type, and JSON.

use serde_json::{Map, Number as JsonNumber, Value as Json};
use terrane_model::{Number, Value};

/// Makes JSON of a value; what is not known is left out of objects, and null in arrays.
pub(crate) fn to_json(value: &Value) -> Json {
    match value.unmarked() {
        Value::Null(_) | Value::Unknown(_) => Json::Null,
        Value::Bool(bool) => (*bool).into(),
        Value::Number(number) => match number.to_i64() {
            Some(int) => int.into(),
            None => JsonNumber::from_f64(number.to_f64()).map_or(Json::Null, Json::Number),
        },
        Value::String(text) => text.as_str().into(),
        other => match (other.as_entries(), other.as_sequence()) {
            (Some(entries), _) => {
                let known = entries.iter().filter(|(_, entry)| entry.is_known());
                Json::Object(known.map(|(name, entry)| (name.to_string(), to_json(entry))).collect())
            }
            (_, Some(elements)) => elements.iter().map(to_json).collect(),
            _ => Json::Null,
        },
    }
}

/// Makes a value of JSON: objects and tuples, as decoding JSON does.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::dynamic_null(),
        Json::Bool(bool) => Value::Bool(*bool),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::number(int),
            None => Number::parse(&number.to_string()).map_or_else(Value::dynamic_null, Value::Number),
        },
        Json::String(text) => Value::string(text.as_str()),
        Json::Array(elements) => Value::tuple(elements.iter().map(from_json).collect::<Vec<_>>()),
        Json::Object(entries) => {
            Value::object(entries.iter().map(|(name, entry)| (name.as_str(), from_json(entry))))
        }
    }
}

/// Removes nulls from objects, at any depth.
pub(crate) fn without_nulls(json: Json) -> Json {
    match json {
        Json::Object(entries) => {
            let kept = entries.into_iter().filter(|(_, entry)| !entry.is_null());
            Json::Object(kept.map(|(name, entry)| (name, without_nulls(entry))).collect::<Map<_, _>>())
        }
        Json::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_comes_back_as_it_was() {
        let json = json!({"a": [1, 2.5, "x", null, true], "b": {"c": {}}});
        assert_eq!(to_json(&from_json(&json)), json);
        assert_eq!(without_nulls(json!({"a": null, "b": [{"c": null}]})), json!({"b": [{}]}));
    }
}
