//! Values and types as JSON, the way state files, plan JSON and providers write them.
//!
//! Where the wanted type leaves something open, the value is wrapped with its type:
//! `{"value": …, "type": …}`. Strings are escaped as Go's encoder does, since state files are compared
//! byte by byte: `<`, `>`, `&`, U+2028 and U+2029 as `\uXXXX`. Format: `cty/json` of go-cty.

use std::fmt::{self, Write};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Number, ObjectType, Str, Type, VALUE_HEIGHT_MAX, Value};

/// Why a value could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The value is not known and JSON has no word for that.
    #[error("value is not known")]
    Unknown,
    /// Infinity has no form in JSON.
    #[error("cannot represent infinity in JSON")]
    Infinity,
    /// The value does not have the shape of the type.
    #[error("value is a {got} where {wanted} is expected")]
    Mismatch {
        /// The value's type.
        got: String,
        /// The type asked for.
        wanted: String,
    },
    /// The text is not JSON, or not JSON of the wanted type.
    #[error("{0}")]
    Invalid(#[from] serde_json::Error),
}

/// Appends a JSON string as Go's encoder writes it.
pub fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (offset, character) in text.char_indices() {
        let escaped: &str = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '<' => "\\u003c",
            '>' => "\\u003e",
            '&' => "\\u0026",
            '\u{2028}' => "\\u2028",
            '\u{2029}' => "\\u2029",
            '\0'..='\u{1f}' => "",
            _ => continue,
        };
        out.push_str(&text[plain_from..offset]);
        plain_from = offset + character.len_utf8();
        if escaped.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push_str(escaped);
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

/// Appends a known value as compact JSON; marks are looked through.
///
/// # Errors
/// For unknown values, for infinity, and where the value does not have the shape of `ty`.
pub fn write_json(out: &mut String, value: &Value, ty: &Type) -> Result<(), JsonError> {
    let value = value.unmarked();
    if let Value::Unknown(_) = value {
        return Err(JsonError::Unknown);
    }
    // A null without a type needs no wrapping: it reads back as what it is.
    if *ty == Type::Dynamic && *value != Value::dynamic_null() {
        let own_type = value.ty();
        out.push_str("{\"value\":");
        write_json(out, value, &own_type)?;
        out.push_str(",\"type\":");
        write_type_json(out, &own_type);
        out.push('}');
        return Ok(());
    }
    match (value, ty) {
        (Value::Null(_), _) => out.push_str("null"),
        (Value::Bool(bool), _) => out.push_str(if *bool { "true" } else { "false" }),
        (Value::Number(number), _) => write_number(out, number)?,
        (Value::String(text), _) => write_json_string(out, text),
        (Value::List(_) | Value::Set(_), Type::List(element) | Type::Set(element)) => {
            write_array(out, value, |_| Some(element))?;
        }
        (Value::Tuple(_), Type::Tuple(types)) => write_array(out, value, |position| types.get(position))?,
        (Value::Map(_), Type::Map(element)) => write_entries(out, value, |_| Some(element))?,
        (Value::Object(_), Type::Object(object)) => write_entries(out, value, |name| object.attribute(name))?,
        (value, ty) => {
            return Err(JsonError::Mismatch { got: value.ty().friendly_name(), wanted: ty.friendly_name() });
        }
    }
    Ok(())
}

/// Appends a known value as JSON of its own type: without any wrapping at the top.
///
/// # Errors
/// As [`write_json`].
pub fn write_simple_json(out: &mut String, value: &Value) -> Result<(), JsonError> {
    match value.unmarked() {
        Value::Null(_) => out.push_str("null"),
        Value::Unknown(_) => return Err(JsonError::Unknown),
        Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_json_string(out, text),
        value => {
            if let Some(elements) = value.as_sequence() {
                write_separated(out, '[', elements, ']', write_simple_json)?;
            } else {
                let entries = value.as_entries().unwrap_or_default();
                write_separated(out, '{', entries, '}', |out, (key, entry)| {
                    write_json_string(out, key);
                    out.push(':');
                    write_simple_json(out, entry)
                })?;
            }
        }
    }
    Ok(())
}

fn write_number(out: &mut String, number: &Number) -> Result<(), JsonError> {
    if number.is_infinite() {
        return Err(JsonError::Infinity);
    }
    let _ = write!(out, "{number}");
    Ok(())
}

fn write_separated<T>(
    out: &mut String,
    open: char,
    items: &[T],
    close: char,
    mut write_item: impl FnMut(&mut String, &T) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_item(out, item)?;
    }
    out.push(close);
    Ok(())
}

fn write_array<'t>(
    out: &mut String,
    value: &Value,
    type_at: impl Fn(usize) -> Option<&'t Type>,
) -> Result<(), JsonError> {
    let mut position = 0;
    write_separated(out, '[', value.as_sequence().unwrap_or_default(), ']', |out, element| {
        let ty = type_at(position);
        position += 1;
        write_json(out, element, ty.unwrap_or(&Type::Dynamic))
    })
}

fn write_entries<'t>(
    out: &mut String,
    value: &Value,
    type_of: impl Fn(&str) -> Option<&'t Type>,
) -> Result<(), JsonError> {
    write_separated(out, '{', value.as_entries().unwrap_or_default(), '}', |out, (key, entry)| {
        write_json_string(out, key);
        out.push(':');
        write_json(out, entry, type_of(key).unwrap_or(&Type::Dynamic))
    })
}

/// Appends a type: `"string"`, `["list","string"]`, `["object",{"a":"bool"}]`.
pub fn write_type_json(out: &mut String, ty: &Type) {
    let collection = |out: &mut String, kind: &str, element: &Type| {
        let _ = write!(out, "[\"{kind}\",");
        write_type_json(out, element);
        out.push(']');
    };
    match ty {
        Type::Dynamic => out.push_str("\"dynamic\""),
        Type::Bool => out.push_str("\"bool\""),
        Type::Number => out.push_str("\"number\""),
        Type::String => out.push_str("\"string\""),
        Type::List(element) => collection(out, "list", element),
        Type::Set(element) => collection(out, "set", element),
        Type::Map(element) => collection(out, "map", element),
        Type::Tuple(elements) => {
            out.push_str("[\"tuple\",[");
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_type_json(out, element);
            }
            out.push_str("]]");
        }
        Type::Object(object) => write_object_type(out, object),
    }
}

fn write_object_type(out: &mut String, object: &ObjectType) {
    out.push_str("[\"object\",{");
    for (index, (name, ty)) in object.attributes().iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_json_string(out, name);
        out.push(':');
        write_type_json(out, ty);
    }
    out.push('}');
    let optional: Vec<&Str> =
        object.attributes().iter().map(|(name, _)| name).filter(|name| object.is_optional(name)).collect();
    if !optional.is_empty() {
        out.push_str(",[");
        for (index, name) in optional.into_iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_json_string(out, name);
        }
        out.push(']');
    }
    out.push(']');
}

/// Reads a type in the form that [`write_type_json`] writes.
///
/// # Errors
/// When the text is anything else.
pub fn type_from_json(json: &str) -> Result<Type, JsonError> {
    check_nesting(json)?;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.disable_recursion_limit();
    let parsed = serde_json::Value::deserialize(&mut deserializer)?;
    deserializer.end()?;
    read_type(&parsed).ok_or_else(|| serde_json::Error::custom("invalid type description").into())
}

fn read_type(json: &serde_json::Value) -> Option<Type> {
    if let Some(name) = json.as_str() {
        return match name {
            "dynamic" => Some(Type::Dynamic),
            "bool" => Some(Type::Bool),
            "number" => Some(Type::Number),
            "string" => Some(Type::String),
            _ => None,
        };
    }
    let parts = json.as_array()?;
    let inner = parts.get(1)?;
    match parts.first()?.as_str()? {
        "list" => Some(Type::list(read_type(inner)?)),
        "set" => Some(Type::set(read_type(inner)?)),
        "map" => Some(Type::map(read_type(inner)?)),
        "tuple" => Some(Type::Tuple(inner.as_array()?.iter().map(read_type).collect::<Option<_>>()?)),
        "object" => {
            let attributes = inner.as_object()?.iter();
            let attributes = attributes.map(|(name, ty)| Some((Str::from(name.as_str()), read_type(ty)?)));
            let optional = parts.get(2).and_then(serde_json::Value::as_array).into_iter().flatten();
            let optional = optional.filter_map(|name| name.as_str().map(Str::from));
            let object = ObjectType::with_optional(attributes.collect::<Option<Vec<_>>>()?, optional);
            Some(Type::Object(std::sync::Arc::new(object)))
        }
        _ => None,
    }
}

/// Reads a value of a type. Objects may lack attributes (null) but may not have unknown ones.
///
/// # Errors
/// When the text is no JSON or does not have the shape of the type.
pub fn value_from_json(json: &str, ty: &Type) -> Result<Value, JsonError> {
    check_nesting(json)?;
    read_value(json, ty)
}

/// How deep JSON may be nested: as deep as the type of the highest value, with the objects around it.
const NESTING_MAX: usize = 2 * VALUE_HEIGHT_MAX + 100;

/// Reading takes call stack for every level, so that what is deeper than anything we write is refused first.
fn check_nesting(json: &str) -> Result<(), JsonError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING_MAX {
            let message = format!("JSON is nested more than {NESTING_MAX} levels deep");
            return Err(serde_json::Error::custom(message).into());
        }
    }
    Ok(())
}

fn read_value(json: &str, ty: &Type) -> Result<Value, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.disable_recursion_limit();
    let value = OfType(ty).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// A reader for values of a type.
struct OfType<'t>(&'t Type);

impl<'de> DeserializeSeed<'de> for OfType<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Type::Bool | Type::Number | Type::String => {
                let raw = <&RawValue as Deserialize>::deserialize(deserializer)?;
                read_primitive(raw.get(), self.0).map_err(D::Error::custom)
            }
            Type::Dynamic => {
                let raw = <&RawValue as Deserialize>::deserialize(deserializer)?;
                read_dynamic(raw.get()).map_err(D::Error::custom)
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for OfType<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.friendly_constraint_name())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null(self.0.clone()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        match self.0 {
            Type::List(element) | Type::Set(element) => {
                while let Some(value) = sequence.next_element_seed(OfType(element))? {
                    elements.push(value);
                }
                Ok(match self.0 {
                    Type::Set(_) => Value::set((**element).clone(), elements),
                    _ => Value::list((**element).clone(), elements),
                })
            }
            Type::Tuple(types) => {
                for ty in types.iter() {
                    let element = sequence.next_element_seed(OfType(ty))?;
                    elements.push(element.ok_or_else(|| A::Error::custom("not enough tuple elements"))?);
                }
                Ok(Value::tuple(elements))
            }
            other => Err(A::Error::custom(format!("{} required", other.friendly_constraint_name()))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        match self.0 {
            Type::Map(element) => {
                let mut values: Vec<(Str, Value)> = Vec::new();
                while let Some(key) = entries.next_key::<String>()? {
                    let value = entries.next_value_seed(OfType(element))?;
                    values.push((key.into(), value));
                }
                Ok(Value::map((**element).clone(), values))
            }
            Type::Object(object) => {
                let mut values: Vec<(Str, Value)> = Vec::new();
                while let Some(name) = entries.next_key::<String>()? {
                    let Some(ty) = object.attribute(&name) else {
                        return Err(A::Error::custom(format!("unsupported attribute {name:?}")));
                    };
                    values.push((name.into(), entries.next_value_seed(OfType(ty))?));
                }
                // What is written wins over the nulls that fill the gaps: of equal names the last counts.
                let missing =
                    object.attributes().iter().map(|(name, ty)| (name.clone(), Value::Null(ty.clone())));
                Ok(Value::object(missing.chain(values)))
            }
            other => Err(A::Error::custom(format!("{} required", other.friendly_constraint_name()))),
        }
    }
}

fn read_primitive(json: &str, ty: &Type) -> Result<Value, String> {
    let required = || format!("{} required", ty.friendly_name());
    let text = match json.as_bytes().first() {
        Some(b'n') => return Ok(Value::Null(ty.clone())),
        Some(b'"') => serde_json::from_str::<String>(json).map_err(|error| error.to_string())?,
        Some(b'[' | b'{') | None => return Err(required()),
        Some(_) => json.to_owned(),
    };
    match ty {
        Type::String => Ok(Value::string(text)),
        Type::Number => Number::parse(&text).map(Value::Number).ok_or_else(required),
        _ => match text.as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(required()),
        },
    }
}

#[derive(serde::Deserialize)]
struct WithType<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    ty: &'a RawValue,
}

fn read_dynamic(json: &str) -> Result<Value, String> {
    if json == "null" {
        return Ok(Value::dynamic_null());
    }
    let parsed: WithType<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let ty = type_from_json(parsed.ty.get()).map_err(|error| error.to_string())?;
    match (parsed.value, &ty) {
        (None, _) => Ok(Value::Null(ty)),
        (Some(value), Type::Dynamic) if value.get() == "null" => Ok(Value::dynamic_null()),
        (Some(_), Type::Dynamic) => Err("type of a dynamic value is missing".to_owned()),
        (Some(value), ty) => read_value(value.get(), ty).map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(value: &Value, ty: &Type) -> String {
        let mut out = String::new();
        write_json(&mut out, value, ty).unwrap();
        out
    }

    #[test]
    fn open_types_are_written_beside_the_value() {
        let value = Value::object([
            ("a", Value::tuple([1.into(), "x".into()])),
            ("b", Value::dynamic_null()),
            ("c", Value::Null(Type::String)),
        ]);
        let ty = Type::object([("a", Type::Dynamic), ("b", Type::Dynamic), ("c", Type::Dynamic)]);
        let text = json(&value, &ty);
        assert_eq!(
            text,
            r#"{"a":{"value":[1,"x"],"type":["tuple",["number","string"]]},"b":null,"c":{"value":null,"type":"string"}}"#
        );
        assert_eq!(value_from_json(&text, &ty).unwrap(), value);
    }

    #[test]
    fn strings_are_escaped_as_go_does() {
        let text = json(&Value::from("<a>&\u{2028}\u{1}\u{7f}\u{8}é\"\\\n"), &Type::String);
        assert_eq!(text, "\"\\u003ca\\u003e\\u0026\\u2028\\u0001\u{7f}\\bé\\\"\\\\\\n\"");
    }

    #[test]
    fn numbers_keep_every_digit() {
        let text = "[1,123456789012345678901234567890.5,0.1,1e3]";
        let value = value_from_json(text, &Type::list(Type::Number)).unwrap();
        assert_eq!(json(&value, &value.ty()), "[1,123456789012345678901234567890.5,0.1,1000]");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let object = Type::object([("a", Type::String)]);
        for (text, ty) in [
            ("{\"b\":1}", &object),
            ("[]", &object),
            ("\"x\"", &Type::Number),
            ("{", &object),
            ("1 2", &Type::Number),
            ("{\"value\":1}", &Type::Dynamic),
        ] {
            assert!(value_from_json(text, ty).is_err(), "{text}");
        }
        assert!(matches!(
            write_json(&mut String::new(), &Value::dynamic(), &Type::Dynamic),
            Err(JsonError::Unknown)
        ));
    }

    #[test]
    fn missing_attributes_are_null() {
        let ty = Type::object([("a", Type::String), ("b", Type::Bool)]);
        let value = value_from_json("{\"a\":\"x\"}", &ty).unwrap();
        assert_eq!(value, Value::object([("a", "x".into()), ("b", Value::Null(Type::Bool))]));
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_crash() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let wrapped = format!("{{\"value\":{0},\"type\":{0}}}", nested(100_000));
        assert!(value_from_json(&wrapped, &Type::Dynamic).is_err());
    }

    #[test]
    fn the_highest_values_are_read_back() {
        let wrap = |value| Value::object([("deeper", value)]);
        let value = (0..VALUE_HEIGHT_MAX).fold(Value::from(1), |value, _| wrap(value));
        assert_eq!(value.height(), VALUE_HEIGHT_MAX);
        assert_eq!(value_from_json(&json(&value, &Type::Dynamic), &Type::Dynamic).unwrap(), value);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(|text| Value::from(text.as_str())),
            Just(Value::Null(Type::String)),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::tuple),
                prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(Value::object),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_read_back_as_written(value in values()) {
            for ty in [Type::Dynamic, value.ty()] {
                prop_assert_eq!(&value_from_json(&json(&value, &ty), &ty).unwrap(), &value);
            }
        }
    }
}
