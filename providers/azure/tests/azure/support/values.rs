//! Configurations as JSON.

use serde_json::Value as Json;
use terrane_model::encode_json::value_from_json;
use terrane_model::{Block, Nesting, Value};

/// Makes the value of a block from JSON in which anything may be left out: attributes are null then, and
/// blocks absent.
pub(crate) fn block_value(block: &Block, json: &Json) -> Value {
    for (name, _) in json.as_object().into_iter().flatten() {
        assert!(
            block.attribute(name).is_some() || block.block_type(name).is_some(),
            "there is no argument {name}; there are {:?}",
            block.attributes().iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
    }
    let attributes = block.attributes().iter().map(|(name, attribute)| {
        let json = json.get(name.as_str()).unwrap_or(&Json::Null);
        let ty = attribute.ty();
        let value = value_from_json(&json.to_string(), &ty);
        (name.clone(), value.unwrap_or_else(|error| panic!("{name}: {error}")))
    });
    let blocks = block.block_types().iter().map(|(name, nested)| {
        let elements: Vec<Value> = match json.get(name.as_str()) {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(elements)) => {
                elements.iter().map(|json| block_value(&nested.block, json)).collect()
            }
            Some(single) => vec![block_value(&nested.block, single)],
        };
        let ty = nested.block.implied_type().clone();
        let value = match nested.nesting {
            Nesting::List => Value::list(ty, elements),
            Nesting::Set => Value::set(ty, elements),
            _ => elements.into_iter().next().unwrap_or(Value::Null(ty)),
        };
        (name.clone(), value)
    });
    Value::object(attributes.chain(blocks))
}

/// Returns a JSON object with some properties in place of its own; null takes one away.
pub(crate) fn replaced(json: &Json, changes: &Json) -> Json {
    let mut merged = json.clone();
    for (name, value) in changes.as_object().into_iter().flatten() {
        if value.is_null() {
            merged.as_object_mut().expect("an object").remove(name);
        } else {
            merged[name] = value.clone();
        }
    }
    merged
}
