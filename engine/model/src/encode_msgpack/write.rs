//! Writing values.

use super::{MsgpackError, bytes, unknown};
use crate::encode_json::write_type_json;
use crate::{IndexKey, Number, PathStep, Type, Value};

/// Appends a value that fits the type.
pub(super) fn write_value(out: &mut Vec<u8>, value: &Value, ty: &Type) -> Result<(), MsgpackError> {
    let value = value.unmarked();
    if *ty == Type::Dynamic {
        let own_type = value.ty();
        if own_type != Type::Dynamic {
            let mut type_json = String::new();
            write_type_json(&mut type_json, &own_type);
            bytes::write_array_head(out, 2);
            bytes::write_binary(out, type_json.as_bytes());
            return write_value(out, value, &own_type);
        }
    }
    match (value, ty) {
        (Value::Unknown(promised), _) => unknown::write(out, promised),
        (Value::Null(_), _) => bytes::write_nil(out),
        (Value::Bool(bool), Type::Bool) => bytes::write_bool(out, *bool),
        (Value::Number(number), Type::Number) => write_number(out, number),
        (Value::String(text), Type::String) => bytes::write_text(out, text),
        (Value::List(_) | Value::Set(_), Type::List(element) | Type::Set(element)) => {
            write_sequence(out, value, |_| Some(element))?;
        }
        (Value::Tuple(_), Type::Tuple(types)) => write_sequence(out, value, |position| types.get(position))?,
        (Value::Map(map), Type::Map(element)) => {
            bytes::write_map_head(out, map.entries().len());
            for (key, entry) in map.entries() {
                bytes::write_text(out, key);
                write_value(out, entry, element)
                    .map_err(|error| error.within(PathStep::Index(IndexKey::Key(key.clone()))))?;
            }
        }
        (Value::Object(object), Type::Object(ty)) => {
            bytes::write_map_head(out, ty.attributes().len());
            for (name, ty) in ty.attributes() {
                let within = |error: MsgpackError| error.within(PathStep::Attribute(name.clone()));
                let attribute =
                    object.get(name).ok_or_else(|| within(MsgpackError::new("attribute is missing")))?;
                bytes::write_text(out, name);
                write_value(out, attribute, ty).map_err(within)?;
            }
        }
        (value, ty) => {
            let message = format!("{} required, not {}", ty.friendly_name(), value.ty().friendly_name());
            return Err(MsgpackError::new(message));
        }
    }
    Ok(())
}

fn write_sequence<'t>(
    out: &mut Vec<u8>,
    value: &Value,
    type_at: impl Fn(usize) -> Option<&'t Type>,
) -> Result<(), MsgpackError> {
    let elements = value.as_sequence().unwrap_or_default();
    bytes::write_array_head(out, elements.len());
    for (position, element) in elements.iter().enumerate() {
        write_value(out, element, type_at(position).unwrap_or(&Type::Dynamic))
            .map_err(|error| error.within(PathStep::Index(IndexKey::Position(position))))?;
    }
    Ok(())
}

/// Appends a number as an integer or a float where that is exact, otherwise as decimal text.
pub(super) fn write_number(out: &mut Vec<u8>, number: &Number) {
    if let Some(int) = number.to_i64() {
        return bytes::write_int(out, int);
    }
    let float = number.to_f64();
    let is_exact = || !number.is_whole() && Number::from_f64(float).as_ref() == Some(number);
    if number.is_infinite() || is_exact() {
        bytes::write_float(out, float);
    } else {
        bytes::write_text(out, &number.to_string());
    }
}
