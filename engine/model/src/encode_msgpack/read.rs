//! Reading values.

use super::bytes::{Reader, Token};
use super::{MsgpackError, unknown};
use crate::encode_json::type_from_json;
use crate::{IndexKey, Number, ObjectType, PathStep, Str, Type, VALUE_HEIGHT_MAX, Value};

/// Reads one value of a type.
pub(super) fn read_value(reader: &mut Reader<'_>, ty: &Type, depth: usize) -> Result<Value, MsgpackError> {
    if depth > VALUE_HEIGHT_MAX {
        return Err(MsgpackError::new(format!("values are nested more than {VALUE_HEIGHT_MAX} levels deep")));
    }
    let token = reader.next().map_err(|_| malformed())?;
    match (token, ty) {
        (Token::Extension(kind, body), _) => unknown::read(kind, body, ty),
        (Token::Nil, _) => Ok(Value::Null(ty.clone())),
        (Token::Array(2), Type::Dynamic) => {
            let own_type = read_type(reader)?;
            // The wrapper is no level of the value, but one around another must not go on for ever.
            let depth = depth + usize::from(own_type == Type::Dynamic);
            read_value(reader, &own_type, depth)
        }
        (_, Type::Dynamic) => Err(MsgpackError::new("dynamic value array must have exactly two elements")),
        (Token::Bool(bool), Type::Bool) => Ok(Value::Bool(bool)),
        (_, Type::Bool) => Err(MsgpackError::new("bool is required")),
        (token, Type::Number) => {
            read_number(token).map(Value::Number).ok_or_else(|| MsgpackError::new("number is required"))
        }
        (Token::Bytes(text), Type::String) => Ok(Value::string(utf8(text)?)),
        (_, Type::String) => Err(MsgpackError::new("string is required")),
        (Token::Array(length), Type::List(element)) => {
            let elements = read_elements(reader, (0..length).map(|_| &**element), depth)?;
            Ok(Value::list(element_type(element, &elements), elements))
        }
        (_, Type::List(_)) => Err(MsgpackError::new("a list is required")),
        (Token::Array(length), Type::Set(element)) => {
            let elements = read_elements(reader, (0..length).map(|_| &**element), depth)?;
            Ok(Value::set(element_type(element, &elements), elements))
        }
        (_, Type::Set(_)) => Err(MsgpackError::new("a set is required")),
        (Token::Array(length), Type::Tuple(types)) if length == types.len() => {
            Ok(Value::tuple(read_elements(reader, types.iter(), depth)?))
        }
        (_, Type::Tuple(types)) => {
            Err(MsgpackError::new(format!("a tuple of length {} is required", types.len())))
        }
        (Token::Map(length), Type::Map(element)) => read_map(reader, length, element, depth),
        (_, Type::Map(_)) => Err(MsgpackError::new("a map is required")),
        (Token::Map(length), Type::Object(object)) => read_object(reader, length, object, depth),
        (_, Type::Object(_)) => Err(MsgpackError::new("an object is required")),
    }
}

fn malformed() -> MsgpackError {
    MsgpackError::new("invalid or incomplete MessagePack")
}

fn utf8(bytes: &[u8]) -> Result<&str, MsgpackError> {
    str::from_utf8(bytes).map_err(|_| MsgpackError::new("text is not valid UTF-8"))
}

fn read_type(reader: &mut Reader<'_>) -> Result<Type, MsgpackError> {
    match reader.next() {
        Ok(Token::Bytes(json)) => {
            type_from_json(utf8(json)?).map_err(|error| MsgpackError::new(error.to_string()))
        }
        Ok(_) => Err(MsgpackError::new("type of a dynamic value is missing")),
        Err(_) => Err(malformed()),
    }
}

/// Returns the number that a token stands for; nothing when it stands for something else.
pub(super) fn read_number(token: Token<'_>) -> Option<Number> {
    match token {
        Token::Int(int) => Some(int.into()),
        Token::Uint(int) => {
            Some(i64::try_from(int).map_or_else(|_| Number::from_big_int(int.into()), Number::from))
        }
        Token::Float(float) => Number::from_f64(float),
        Token::Bytes(text) => Number::parse(str::from_utf8(text).ok()?),
        _ => None,
    }
}

fn read_elements<'t>(
    reader: &mut Reader<'_>,
    types: impl ExactSizeIterator<Item = &'t Type>,
    depth: usize,
) -> Result<Vec<Value>, MsgpackError> {
    let mut elements = Vec::with_capacity(types.len());
    for (position, ty) in types.enumerate() {
        let element = read_value(reader, ty, depth + 1)
            .map_err(|error| error.within(PathStep::Index(IndexKey::Position(position))))?;
        elements.push(element);
    }
    Ok(elements)
}

/// Elements of an open type bring their own; the collection takes it where they agree.
fn element_type(wanted: &Type, elements: &[Value]) -> Type {
    let Some(first) = elements.first().filter(|_| wanted.has_dynamic()) else { return wanted.clone() };
    let first = first.ty();
    if elements.iter().all(|element| element.ty() == first) { first } else { wanted.clone() }
}

fn read_key(reader: &mut Reader<'_>) -> Result<Str, MsgpackError> {
    match reader.next() {
        Ok(Token::Bytes(key)) => Ok(utf8(key)?.into()),
        Ok(_) => Err(MsgpackError::new("all keys must be strings")),
        Err(_) => Err(malformed()),
    }
}

fn read_map(
    reader: &mut Reader<'_>,
    length: usize,
    element: &Type,
    depth: usize,
) -> Result<Value, MsgpackError> {
    let mut entries: Vec<(Str, Value)> = Vec::with_capacity(length);
    for _ in 0..length {
        let key = read_key(reader)?;
        let entry = read_value(reader, element, depth + 1)
            .map_err(|error| error.within(PathStep::Index(IndexKey::Key(key.clone()))))?;
        entries.push((key, entry));
    }
    let first = entries.first().map(|(_, entry)| entry.ty()).filter(|_| element.has_dynamic());
    let ty = match first {
        Some(first) if entries.iter().all(|(_, entry)| entry.ty() == first) => first,
        _ => element.clone(),
    };
    Ok(Value::map(ty, entries))
}

fn read_object(
    reader: &mut Reader<'_>,
    length: usize,
    object: &ObjectType,
    depth: usize,
) -> Result<Value, MsgpackError> {
    let wanted = object.attributes().len();
    if length != wanted {
        let message = format!("an object with {wanted} attributes is required ({length} given)");
        return Err(MsgpackError::new(message));
    }
    let mut attributes: Vec<(Str, Value)> = Vec::with_capacity(length);
    for _ in 0..length {
        let name = read_key(reader)?;
        let within = |error: MsgpackError| error.within(PathStep::Attribute(name.clone()));
        let Some(ty) = object.attribute(&name) else {
            return Err(within(MsgpackError::new("unsupported attribute")));
        };
        let attribute = read_value(reader, ty, depth + 1).map_err(within)?;
        attributes.push((name, attribute));
    }
    let value = Value::object(attributes);
    if value.element_count() != Some(wanted) {
        return Err(MsgpackError::new("an attribute is given twice"));
    }
    Ok(value)
}
