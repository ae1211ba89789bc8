//! Single values between arguments and bodies.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number as JsonNumber, Value as Json};
use terrane_model::{Number, Str, Value};

use crate::mapping::same::normal_location;
use crate::mapping::time::{moment, moment_text, parse_iso_duration};
use crate::table::{Argument, Check, Conversion, Primitive, Shape, TimeUnit};

/// Makes the body's form of a value. Nothing for nulls and unknowns, and for blocks.
pub(crate) fn to_body(conversion: &Conversion, value: &Value, object_path: &str) -> Option<Json> {
    match conversion {
        Conversion::Keys => {
            let keys = value.as_sequence()?.iter().filter_map(|key| key.as_str());
            Some(keys.map(|key| (key.to_string(), Json::Object(Map::new()))).collect::<Map<_, _>>().into())
        }
        Conversion::Joined(separator) => {
            let texts: Vec<&str> =
                value.as_sequence()?.iter().filter_map(|text| Some(text.as_str()?.as_str())).collect();
            Some(texts.join(separator).into())
        }
        Conversion::Single => plain_to_body(value.as_sequence()?.first()?),
        Conversion::Wrapped(key) => {
            let elements = value.as_sequence()?.iter();
            let wrapped = elements.map(|element| {
                let element = plain_to_body(element)?;
                Some(Json::from(Map::from_iter([(key.to_string(), element)])))
            });
            wrapped.collect::<Option<Vec<_>>>().map(Json::from)
        }
        Conversion::Pairs(key, name) => {
            let pairs = value.as_entries()?.iter().filter_map(|(entry_key, entry)| {
                let entry = plain_to_body(entry)?;
                Some(Json::from(Map::from_iter([
                    (key.to_string(), entry_key.as_str().into()),
                    (name.to_string(), entry),
                ])))
            });
            Some(pairs.collect::<Vec<_>>().into())
        }
        _ => match value.as_sequence() {
            Some(elements) => {
                let elements =
                    elements.iter().map(|element| scalar_to_body(conversion, element, object_path));
                elements.collect::<Option<Vec<_>>>().map(Json::from)
            }
            None => scalar_to_body(conversion, value, object_path),
        },
    }
}

fn scalar_to_body(conversion: &Conversion, value: &Value, object_path: &str) -> Option<Json> {
    let json = match conversion {
        Conversion::Location => normal_location(value.as_str()?).into(),
        Conversion::Not => (!value.as_bool()?).into(),
        Conversion::Words(on, off) => (if value.as_bool()? { on } else { off }).as_str().into(),
        Conversion::Renamed(pairs) => {
            let text = value.as_str()?;
            let renamed = pairs.iter().find(|(ours, _)| ours == text).map(|(_, theirs)| theirs);
            renamed.unwrap_or(text).as_str().into()
        }
        Conversion::AsText => match value {
            Value::Bool(bool) => bool.to_string().into(),
            Value::Number(number) => number.to_string().into(),
            other => other.as_str()?.as_str().into(),
        },
        Conversion::Duration(unit) => duration_text(*unit, value.as_number()?.to_i64()?).into(),
        Conversion::Times(factor) => (value.as_number()?.to_i64()?.checked_mul(*factor)?).into(),
        Conversion::Base64 => STANDARD.encode(value.as_str()?.as_bytes()).into(),
        Conversion::Lower => value.as_str()?.as_str().to_ascii_lowercase().into(),
        Conversion::PartName(kind) => format!("{object_path}/{kind}/{}", value.as_str()?).into(),
        Conversion::Json => serde_json::from_str(value.as_str()?).ok()?,
        Conversion::UnixTime => moment(value.as_str()?)?.0.into(),
        Conversion::EdgeZone => {
            serde_json::json!({"name": normal_location(value.as_str()?), "type": "EdgeZone"})
        }
        _ => plain_to_body(value)?,
    };
    Some(json)
}

/// Makes JSON of a known value as it is.
pub(crate) fn plain_to_body(value: &Value) -> Option<Json> {
    match value.unmarked() {
        Value::Null(_) | Value::Unknown(_) => None,
        Value::Bool(bool) => Some((*bool).into()),
        Value::Number(number) => number_to_body(number),
        Value::String(text) => Some(text.as_str().into()),
        other => match (other.as_sequence(), other.as_entries()) {
            (Some(elements), _) => {
                elements.iter().map(plain_to_body).collect::<Option<Vec<_>>>().map(Json::from)
            }
            (_, Some(entries)) => {
                let entries =
                    entries.iter().filter_map(|(key, entry)| Some((key.to_string(), plain_to_body(entry)?)));
                Some(entries.collect::<Map<_, _>>().into())
            }
            _ => None,
        },
    }
}

fn number_to_body(number: &Number) -> Option<Json> {
    match number.to_i64() {
        Some(int) => Some(int.into()),
        None => JsonNumber::from_f64(number.to_f64()).map(Json::Number),
    }
}

fn duration_text(unit: TimeUnit, count: i64) -> String {
    match unit {
        TimeUnit::Days => format!("P{count}D"),
        TimeUnit::Hours => format!("PT{count}H"),
        TimeUnit::Minutes => format!("PT{count}M"),
        TimeUnit::Seconds => format!("PT{count}S"),
    }
}

/// Makes the argument's value of what a body holds. Nothing where the body holds something else than the
/// argument can.
pub(crate) fn from_body(argument: &Argument, conversion: &Conversion, json: &Json) -> Option<Value> {
    match (&argument.shape, conversion) {
        (Shape::List(primitive) | Shape::Set(primitive), conversion) => {
            let elements = elements_from_body(argument, *primitive, conversion, json)?;
            Some(collection(&argument.shape, *primitive, elements))
        }
        (Shape::Map, Conversion::Pairs(key, name)) => {
            let pairs = json.as_array()?.iter().filter_map(|pair| {
                Some((Str::from(pair.get(key.as_str())?.as_str()?), text_of(pair.get(name.as_str())?)?))
            });
            Some(Value::map(terrane_model::Type::String, pairs.collect::<Vec<_>>()))
        }
        (Shape::Map, _) => {
            let entries = json.as_object()?.iter();
            let entries =
                entries.map(|(key, entry)| (Str::from(key.as_str()), text_of(entry).unwrap_or("".into())));
            Some(Value::map(terrane_model::Type::String, entries.collect::<Vec<_>>()))
        }
        (Shape::Blocks(_), _) => None,
        (shape, conversion) => {
            let value = scalar_from_body(shape, conversion, json)?;
            Some(canonical_case(argument, value))
        }
    }
}

fn collection(shape: &Shape, primitive: Primitive, elements: Vec<Value>) -> Value {
    match shape {
        Shape::Set(_) => Value::set(primitive.ty(), elements),
        _ => Value::list(primitive.ty(), elements),
    }
}

fn elements_from_body(
    argument: &Argument,
    primitive: Primitive,
    conversion: &Conversion,
    json: &Json,
) -> Option<Vec<Value>> {
    let shape = match primitive {
        Primitive::Text => Shape::Text,
        Primitive::Int => Shape::Int,
    };
    let element = |conversion: &Conversion, json: &Json| {
        Some(canonical_case(argument, scalar_from_body(&shape, conversion, json)?))
    };
    match conversion {
        Conversion::Keys => {
            json.as_object()?.keys().map(|key| element(&Conversion::None, &key.as_str().into())).collect()
        }
        Conversion::Joined(separator) => {
            let texts = json.as_str()?.split(separator.trim()).map(str::trim).filter(|text| !text.is_empty());
            texts.map(|text| element(&Conversion::None, &text.into())).collect()
        }
        Conversion::Single => Some(vec![element(&Conversion::None, json)?]),
        Conversion::Wrapped(key) => json
            .as_array()?
            .iter()
            .filter_map(|item| item.get(key.as_str()))
            .map(|item| element(&Conversion::None, item))
            .collect(),
        _ => json.as_array()?.iter().map(|item| element(conversion, item)).collect(),
    }
}

fn scalar_from_body(shape: &Shape, conversion: &Conversion, json: &Json) -> Option<Value> {
    match conversion {
        Conversion::Location => Some(Value::string(normal_location(json.as_str()?))),
        Conversion::Not => Some(Value::Bool(!bool_of(json)?)),
        Conversion::Words(on, _) => Some(Value::Bool(json.as_str()?.eq_ignore_ascii_case(on))),
        Conversion::Renamed(pairs) => {
            let text = json.as_str()?;
            let ours = pairs
                .iter()
                .find(|(_, theirs)| theirs.eq_ignore_ascii_case(text))
                .map(|(ours, _)| ours.as_str());
            Some(Value::string(ours.unwrap_or(text)))
        }
        Conversion::Duration(unit) => duration_count(*unit, json.as_str()?),
        Conversion::Times(factor) => Some(Value::number(json.as_i64()? / factor)),
        Conversion::Base64 => {
            let bytes = STANDARD.decode(json.as_str()?).ok()?;
            Some(Value::string(String::from_utf8(bytes).ok()?))
        }
        Conversion::Lower => Some(Value::string(json.as_str()?.to_ascii_lowercase())),
        Conversion::PartName(_) => Some(Value::string(json.as_str()?.rsplit('/').next()?)),
        Conversion::Json => Some(Value::string(json.to_string())),
        Conversion::EdgeZone => Some(Value::string(normal_location(json.get("name")?.as_str()?))),
        Conversion::Id => Some(Value::string(canonical_id(json.as_str()?))),
        Conversion::UnixTime => Some(Value::string(moment_text(json.as_i64()?))),
        Conversion::Host => {
            let (_, rest) = json.as_str()?.split_once("://")?;
            Some(Value::string(rest.split('/').next()?))
        }
        _ => plain_from_body(shape, json),
    }
}

fn plain_from_body(shape: &Shape, json: &Json) -> Option<Value> {
    match shape {
        Shape::Bool => bool_of(json).map(Value::Bool),
        Shape::Int | Shape::Float => number_of(json).map(Value::Number),
        Shape::Text => text_of(json),
        _ => None,
    }
}

fn bool_of(json: &Json) -> Option<bool> {
    json.as_bool().or_else(|| match json.as_str()?.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    })
}

fn number_of(json: &Json) -> Option<Number> {
    match json {
        Json::Number(number) => match number.as_i64() {
            Some(int) => Some(int.into()),
            None => Number::parse(&number.to_string()),
        },
        Json::String(text) => Number::parse(text),
        _ => None,
    }
}

fn text_of(json: &Json) -> Option<Value> {
    match json {
        Json::String(text) => Some(Value::string(text.as_str())),
        Json::Number(number) => Some(Value::string(number.to_string())),
        Json::Bool(bool) => Some(Value::string(bool.to_string())),
        _ => None,
    }
}

fn duration_count(unit: TimeUnit, text: &str) -> Option<Value> {
    let seconds = parse_iso_duration(text)?;
    let per_unit = match unit {
        TimeUnit::Days => 86_400.0,
        TimeUnit::Hours => 3600.0,
        TimeUnit::Minutes => 60.0,
        TimeUnit::Seconds => 1.0,
    };
    // Counts of units are far below where floats lose whole numbers.
    #[expect(clippy::cast_possible_truncation, reason = "rounded and small")]
    let count = (seconds / per_unit).round() as i64;
    Some(Value::number(count))
}

/// Services answer enumerated words in cases of their own; the table's spelling is ours.
fn canonical_case(argument: &Argument, value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    for check in &argument.checks {
        if let Check::In(words) | Check::InAnyCase(words) = check
            && let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(text))
        {
            return Value::string(word.clone());
        }
    }
    value
}

/// Spells the fixed words of a resource id as azurerm does.
pub(crate) fn canonical_id(id: &str) -> String {
    let words = ["subscriptions", "resourceGroups", "providers"];
    let segments = id.split('/').map(|segment| {
        let word = words.iter().find(|word| word.eq_ignore_ascii_case(segment));
        word.copied().unwrap_or(segment)
    });
    segments.collect::<Vec<_>>().join("/")
}
