//! Values in the parallel trees of plan JSON: what is known, what is not, what is sensitive.

use terrane_model::encode_json::{write_json_string, write_simple_json};
use terrane_model::{Str, Value};

/// Writes a value without its unknown parts: unknown attributes are left out, unknown elements are null.
/// Nothing when the value as a whole is unknown.
pub fn known_json(value: &Value) -> Option<String> {
    let known = known_parts(value)?;
    let mut json = String::new();
    // What is left is known, and infinity, the one number without a form in JSON, becomes null.
    if write_simple_json(&mut json, &known).is_err() {
        return Some("null".to_owned());
    }
    Some(json)
}

fn known_parts(value: &Value) -> Option<Value> {
    let value = value.unmarked();
    match value {
        Value::Unknown(_) => None,
        Value::List(_) | Value::Set(_) | Value::Tuple(_) => {
            let elements = value.as_sequence().unwrap_or_default().iter();
            let known = elements.map(|element| known_parts(element).unwrap_or_else(Value::dynamic_null));
            Some(Value::tuple(known.collect::<Vec<_>>()))
        }
        Value::Map(_) | Value::Object(_) => {
            let entries = value.as_entries().unwrap_or_default().iter();
            let known = entries.filter_map(|(key, entry)| Some((key.clone(), known_parts(entry)?)));
            Some(Value::object(known.collect::<Vec<_>>()))
        }
        known => Some(known.clone()),
    }
}

/// A tree of yes and no in the shape of a value. Objects leave out what is plainly no.
#[derive(Debug, PartialEq, Eq)]
enum Flags {
    Plain(bool),
    Elements(Vec<Flags>),
    Entries(Vec<(Str, Flags)>),
}

impl Flags {
    fn write(&self, json: &mut String) {
        match self {
            Self::Plain(flag) => json.push_str(if *flag { "true" } else { "false" }),
            Self::Elements(elements) => {
                json.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    element.write(json);
                }
                json.push(']');
            }
            Self::Entries(entries) => {
                json.push('{');
                for (index, (key, entry)) in entries.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    write_json_string(json, key);
                    json.push(':');
                    entry.write(json);
                }
                json.push('}');
            }
        }
    }

    fn to_json(&self) -> String {
        let mut json = String::new();
        self.write(&mut json);
        json
    }

    fn of_parts(value: &Value, flags_of: &impl Fn(&Value) -> Self) -> Self {
        if let Some(elements) = value.as_sequence() {
            return Self::Elements(elements.iter().map(flags_of).collect());
        }
        let entries = value.as_entries().unwrap_or_default().iter();
        let flagged = entries.map(|(key, entry)| (key.clone(), flags_of(entry)));
        Self::Entries(flagged.filter(|(_, flags)| *flags != Self::Plain(false)).collect())
    }
}

/// Writes which parts of a value are unknown.
pub fn unknown_json(value: &Value) -> String {
    unknown_flags(value).to_json()
}

fn unknown_flags(value: &Value) -> Flags {
    match value.unmarked() {
        Value::Unknown(_) => Flags::Plain(true),
        Value::Null(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => Flags::Plain(false),
        value => Flags::of_parts(value, &unknown_flags),
    }
}

/// Writes which parts of a value are sensitive.
pub fn sensitive_json(value: &Value) -> String {
    sensitive_flags(value).to_json()
}

fn sensitive_flags(value: &Value) -> Flags {
    if value.marks().is_sensitive() {
        return Flags::Plain(true);
    }
    let value = value.unmarked();
    match value {
        Value::Unknown(unknown) => match &unknown.ty {
            terrane_model::Type::List(_) | terrane_model::Type::Set(_) | terrane_model::Type::Tuple(_) => {
                Flags::Elements(Vec::new())
            }
            terrane_model::Type::Map(_) | terrane_model::Type::Object(_) => Flags::Entries(Vec::new()),
            _ => Flags::Plain(false),
        },
        Value::Null(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => Flags::Plain(false),
        value => Flags::of_parts(value, &sensitive_flags),
    }
}

#[cfg(test)]
mod tests {
    use terrane_model::Type;

    use super::*;

    #[test]
    fn trees_run_in_parallel() {
        let value = Value::object([
            ("a", Value::unknown(Type::String)),
            ("b", Value::tuple([Value::unknown(Type::String), 1.into()])),
            ("c", Value::from("x").sensitive()),
            ("d", Value::Null(Type::String)),
            ("e", Value::empty_object()),
        ]);
        assert_eq!(known_json(&value).unwrap(), r#"{"b":[null,1],"c":"x","d":null,"e":{}}"#);
        assert_eq!(unknown_json(&value), r#"{"a":true,"b":[true,false],"e":{}}"#);
        assert_eq!(sensitive_json(&value), r#"{"b":[false,false],"c":true,"e":{}}"#);
        assert_eq!(known_json(&Value::dynamic()), None);
    }
}
