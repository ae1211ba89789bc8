//! Values written as JSON: what a block of configuration says.
//!
//! The text `(unknown)` stands for a value that is not known yet, where a value of any type may be.

use serde_json::Value as Json;
use terrane_model::{Attribute, AttributeKind, Block, Nesting, Number, Str, Type, Value};

/// Reads the value of a block; what is not written is null, or empty for nested blocks.
pub fn config(block: &Block, json: &str) -> Value {
    block_value(block, &serde_json::from_str(json).expect("the configuration is JSON"))
}

fn block_value(block: &Block, json: &Json) -> Value {
    let written = json.as_object().expect("a block is an object");
    for name in written.keys() {
        let known = block.attribute(name).is_some() || block.block_type(name).is_some();
        assert!(known, "the schema has no {name}");
    }
    let attributes = block.attributes().iter().map(|(name, attribute)| {
        let value = written.get(name.as_str()).unwrap_or(&Json::Null);
        (name.clone(), attribute_value(attribute, value))
    });
    let blocks = block.block_types().iter().map(|(name, nested)| {
        let Some(value) = written.get(name.as_str()) else { return (name.clone(), nested.empty_value()) };
        let elements = || -> Vec<Value> {
            let elements = value.as_array().expect("repeated blocks are an array");
            elements.iter().map(|element| block_value(&nested.block, element)).collect()
        };
        let element_type = nested.block.implied_type().clone();
        let value = match nested.nesting {
            Nesting::Single | Nesting::Group => block_value(&nested.block, value),
            Nesting::List => Value::list(element_type, elements()),
            Nesting::Set => Value::set(element_type, elements()),
            Nesting::Map => panic!("no provider here has such blocks"),
        };
        (name.clone(), value)
    });
    Value::object(attributes.chain(blocks))
}

/// Objects inside attributes leave out what they do not write.
fn attribute_value(attribute: &Attribute, json: &Json) -> Value {
    let AttributeKind::Nested(nested) = &attribute.kind else { return typed(json, &attribute.ty()) };
    let element_type = nested.block.implied_type().clone();
    match json {
        Json::Object(_) => block_value(&nested.block, json),
        Json::Array(elements) => {
            let elements: Vec<Value> =
                elements.iter().map(|element| block_value(&nested.block, element)).collect();
            match nested.nesting {
                Nesting::Set => Value::set(element_type, elements),
                _ => Value::list(element_type, elements),
            }
        }
        other => typed(other, &attribute.ty()),
    }
}

fn typed(json: &Json, ty: &Type) -> Value {
    if json.as_str() == Some("(unknown)") {
        return Value::unknown(ty.clone());
    }
    let natural = natural(json);
    if natural.is_null() && *ty != Type::Dynamic {
        return Value::Null(ty.clone());
    }
    terrane_model::convert(&natural, ty).unwrap_or_else(|error| panic!("{json} is no {ty:?}: {error:?}"))
}

/// Reads a value of the type that the text itself suggests.
pub fn natural(json: &Json) -> Value {
    match json {
        Json::Null => Value::dynamic_null(),
        Json::Bool(bool) => Value::from(*bool),
        Json::Number(number) => {
            Value::Number(Number::parse(&number.to_string()).expect("JSON's numbers are numbers"))
        }
        Json::String(text) if text == "(unknown)" => Value::dynamic(),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(elements) => Value::tuple(elements.iter().map(natural).collect::<Vec<_>>()),
        Json::Object(entries) => {
            Value::object(entries.iter().map(|(name, value)| (Str::from(name.as_str()), natural(value))))
        }
    }
}
