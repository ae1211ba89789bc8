//! Values for what a provider would have computed.

use terrane_model::convert::convert;
use terrane_model::{Attribute, Block, NestedBlock, Nesting, ObjectType, Str, Type, Value};

const TEXT_LENGTH: usize = 8;

/// Makes the computed parts of an object that nothing sets unknown, as a provider does that plans to create it.
pub fn with_computed_unknown(block: &Block, value: &Value) -> Value {
    each_attribute(block, value, None, &mut |attribute, value, _| {
        let is_open = attribute.computed && value.is_null();
        if is_open { Value::unknown(attribute.ty()) } else { value.clone() }
    })
}

/// Gives values to the computed parts of an object that are unknown: those of `mock`, an object, and else made-up
/// ones. Adds the names of parts of `mock` that do not fit to `misfits`.
pub fn with_unknown_filled(
    block: &Block,
    value: &Value,
    mock: Option<&Value>,
    misfits: &mut Vec<String>,
) -> Value {
    each_attribute(block, value, mock, &mut |attribute, value, mock| {
        if value.is_wholly_known() || !attribute.computed {
            return value.clone();
        }
        match mock {
            Some(mock) => fitted(&attribute.ty(), mock).unwrap_or_else(|reason| {
                misfits.push(reason);
                made_up(&attribute.ty())
            }),
            None => made_up(&attribute.ty()),
        }
    })
}

type Replace<'r> = dyn FnMut(&Attribute, &Value, Option<&Value>) -> Value + 'r;

fn each_attribute(block: &Block, value: &Value, mock: Option<&Value>, replace: &mut Replace<'_>) -> Value {
    let Some(parts) = value.as_entries() else { return value.clone() };
    let parts = parts.iter().map(|(name, part)| {
        let mock = mock.and_then(|mock| mock.unmarked().get(name)).filter(|mock| !mock.is_null());
        let part = match (block.attribute(name), block.block_type(name)) {
            (Some(attribute), _) => replace(attribute, part, mock),
            (None, Some(nested)) => each_block(nested, part, mock, replace),
            (None, None) => part.clone(),
        };
        (name.clone(), part)
    });
    Value::object(parts.collect::<Vec<(Str, Value)>>())
}

fn each_block(nested: &NestedBlock, value: &Value, mock: Option<&Value>, replace: &mut Replace<'_>) -> Value {
    let block = &nested.block;
    let ty = block.implied_type().clone();
    match nested.nesting {
        Nesting::Single | Nesting::Group => each_attribute(block, value, mock, replace),
        Nesting::Map => match value.as_entries() {
            Some(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, element)| (key.clone(), each_attribute(block, element, mock, replace)));
                let entries: Vec<(Str, Value)> = entries.collect();
                if matches!(value, Value::Map(_)) { Value::map(ty, entries) } else { Value::object(entries) }
            }
            None => value.clone(),
        },
        Nesting::List | Nesting::Set => match value.as_sequence() {
            Some(elements) => {
                let elements: Vec<Value> =
                    elements.iter().map(|element| each_attribute(block, element, mock, replace)).collect();
                match value {
                    Value::Set(_) => Value::set(ty, elements),
                    Value::Tuple(_) => Value::tuple(elements),
                    _ => Value::list(ty, elements),
                }
            }
            None => value.clone(),
        },
    }
}

/// Brings a value to a type; attributes of objects that it lacks are made up.
fn fitted(ty: &Type, mock: &Value) -> Result<Value, String> {
    if let (Type::Object(object), Some(given)) = (ty, mock.as_entries()) {
        let part = |(name, ty): &(Str, Type)| {
            let given = given.iter().find(|(given, _)| given == name).map(|(_, value)| value);
            let value = given.map_or_else(|| Ok(made_up(ty)), |given| fitted(ty, given))?;
            Ok((name.clone(), value))
        };
        return object.attributes().iter().map(part).collect::<Result<Vec<_>, String>>().map(Value::object);
    }
    convert(mock, ty).map_err(|error| error.to_string())
}

/// Makes a value up.
fn made_up(ty: &Type) -> Value {
    match ty {
        Type::Dynamic => Value::dynamic_null(),
        Type::Bool => Value::Bool(false),
        Type::Number => Value::number(0_i64),
        Type::String => Value::string(random_text()),
        Type::List(element) => Value::list((**element).clone(), Vec::new()),
        Type::Set(element) => Value::set((**element).clone(), Vec::new()),
        Type::Map(element) => Value::map((**element).clone(), Vec::<(Str, Value)>::new()),
        Type::Tuple(elements) => Value::tuple(elements.iter().map(made_up).collect::<Vec<_>>()),
        Type::Object(object) => made_up_object(object),
    }
}

fn made_up_object(object: &ObjectType) -> Value {
    Value::object(
        object.attributes().iter().map(|(name, ty)| (name.clone(), made_up(ty))).collect::<Vec<_>>(),
    )
}

fn random_text() -> String {
    const CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = [0_u8; TEXT_LENGTH];
    // Without randomness the text is the same each time, which is as good for a test.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| char::from(CHARACTERS[usize::from(*byte) % CHARACTERS.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Block {
        let inner = Block::new([("ip".into(), Attribute::computed(Type::String))], []);
        let nested = NestedBlock {
            nesting: Nesting::List,
            block: std::sync::Arc::new(inner),
            min_items: 0,
            max_items: 0,
        };
        Block::new(
            [
                ("id".into(), Attribute::computed(Type::String)),
                ("name".into(), Attribute::required(Type::String)),
                ("size".into(), Attribute::optional_computed(Type::Number)),
            ],
            [("port".into(), nested)],
        )
    }

    fn config() -> Value {
        let port = Value::object([("ip", Value::Null(Type::String))]);
        Value::object([
            ("id", Value::Null(Type::String)),
            ("name", Value::string("a")),
            ("size", Value::Null(Type::Number)),
            ("port", Value::list(port.ty(), vec![port])),
        ])
    }

    #[test]
    fn computed_parts_are_unknown_until_they_are_filled() {
        let planned = with_computed_unknown(&block(), &config());
        assert!(!planned.attribute("id").is_known());
        assert_eq!(planned.attribute("name"), Value::string("a"));
        let mock = Value::object([("id", Value::string("mine")), ("size", Value::string("7"))]);
        let mut misfits = Vec::new();
        let filled = with_unknown_filled(&block(), &planned, Some(&mock), &mut misfits);
        assert!(filled.is_wholly_known());
        assert_eq!(filled.attribute("id"), Value::string("mine"));
        assert_eq!(filled.attribute("size"), Value::number(7_i64));
        let port = filled.attribute("port");
        let ip = port.as_sequence().unwrap()[0].attribute("ip");
        assert_eq!(ip.as_str().unwrap().len(), TEXT_LENGTH);
        assert_eq!(misfits, Vec::<String>::new());
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let planned = with_computed_unknown(&block(), &config());
        let mock = Value::object([("size", Value::string("many")), ("name", Value::string("b"))]);
        let mut misfits = Vec::new();
        let filled = with_unknown_filled(&block(), &planned, Some(&mock), &mut misfits);
        assert_eq!(filled.attribute("name"), Value::string("a"));
        assert_eq!(misfits.len(), 1);
    }
}
