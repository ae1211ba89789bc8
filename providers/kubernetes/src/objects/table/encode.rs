//! From what is written to the object that is sent.
//!
//! Only what is written, and what the table says for what is not, is sent: those are the fields that belong to
//! the configuration. What the cluster decides is left out, so that it stays the cluster's.

use serde_json::{Map, Value as Json};
use terrane_model::Value;

use super::codec;
use super::field::{Kind, Place, Presence};
use super::shape::{Argument, Shape};

/// Writes a block as an object. Parts that are not known yet are left out.
pub(crate) fn object(shape: &Shape, config: &Value) -> Map<String, Json> {
    let mut object = Map::new();
    for argument in &shape.arguments {
        if argument.field.place == Place::Nowhere || argument.field.presence == Presence::Computed {
            continue;
        }
        let written = config.get(&argument.name).filter(|value| !value.is_null());
        let preset = || argument.field.preset.value().filter(|preset| !super::shape::is_zero(preset));
        let Some(value) = written.cloned().or_else(preset) else { continue };
        let Some(json) = argument_json(argument, &value) else { continue };
        match (argument.field.place, json) {
            (Place::Around, Json::Object(inside)) => object.extend(inside),
            (_, json) => drop(object.insert(argument.json.to_string(), json)),
        }
    }
    object
}

fn argument_json(argument: &Argument, value: &Value) -> Option<Json> {
    match argument.field.kind {
        Kind::Text(codec) => codec::encode(codec, value.as_str()?),
        Kind::Whole => whole(value),
        Kind::Flag => value.as_bool().map(Json::Bool),
        Kind::Texts | Kind::TextSet => {
            sequence(value, |element| Some(Json::String(element.as_str()?.to_string())))
        }
        Kind::Wholes | Kind::WholeSet => sequence(value, whole),
        Kind::TextMap(codec) => {
            let entries = value.as_entries()?.iter().filter_map(|(key, text)| {
                let text = text.as_str()?;
                // An empty text under a key is a value.
                let json = codec::encode(codec, text).unwrap_or_else(|| Json::String(String::new()));
                Some((key.to_string(), json))
            });
            let entries: Map<_, _> = entries.collect();
            (!entries.is_empty()).then_some(Json::Object(entries))
        }
        Kind::Blocks(_) => {
            let (blocks, inner) = argument.blocks()?;
            let elements = value.as_sequence()?;
            if blocks.is_object {
                return elements.first().map(|element| Json::Object(object(inner, element)));
            }
            sequence(value, |element| Some(Json::Object(object(inner, element))))
        }
    }
}

fn sequence(value: &Value, element: impl Fn(&Value) -> Option<Json>) -> Option<Json> {
    let elements: Vec<Json> = value.as_sequence()?.iter().filter_map(element).collect();
    (!elements.is_empty()).then_some(Json::Array(elements))
}

fn whole(value: &Value) -> Option<Json> {
    let number = value.as_number()?;
    match number.to_i64() {
        Some(whole) => Some(Json::Number(whole.into())),
        None => serde_json::Number::from_f64(number.to_f64()).map(Json::Number),
    }
}
