//! From the object that was read to the values of the arguments.
//!
//! Inside blocks, what the object does not say is the zero of its type, as everything is in states that
//! Terraform writes for these types; on the outside it is null.
//!
//! An object has many writers. Seen through a [`Lens`], what others have put in and what was not seen before is
//! left out, so that neither injected containers nor foreign labels look like a change of ours.

use serde_json::{Map, Value as Json};
use terrane_model::{Number, Str, Value};

use super::codec;
use super::encode;
use super::field::{Kind, Place, Presence, Preset};
use super::shape::{Argument, Shape, is_zero};

/// Which part of an object is looked at.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lens<'a> {
    /// The fields that belong to us, in the notation of `fieldsV1`; nothing when none does.
    owned: Option<&'a Json>,
    /// The values that were last seen; nothing when there were none.
    prior: Option<&'a Value>,
    /// Whether anything is left out at all.
    limited: bool,
}

impl<'a> Lens<'a> {
    /// Shows everything.
    pub(crate) fn wide() -> Self {
        Self::default()
    }

    /// Shows what belongs to us, what was seen before, and what the cluster is to decide.
    pub(crate) fn limited(owned: &'a Json, prior: &'a Value) -> Self {
        Self { owned: Some(owned), prior: Some(prior), limited: true }
    }

    fn on(self, argument: &Argument) -> Self {
        let owned = match argument.field.place {
            Place::Around => self.owned,
            _ => self.owned.and_then(|owned| owned.get(format!("f:{}", argument.json))),
        };
        let prior = self.prior.and_then(|prior| prior.get(&argument.name)).filter(|prior| !prior.is_null());
        Self { owned, prior, ..self }
    }

    /// Tells whether an argument is shown. `self` is the lens on that argument.
    fn shows(self, argument: &Argument) -> bool {
        let field = &argument.field;
        !self.limited
            || field.is_computed()
            || field.presence == Presence::Required
            || field.preset != Preset::None
            || self.owned.is_some()
            || self.prior.is_some_and(|prior| !is_zero(prior))
    }

    /// Returns the lens on an item of a list, or nothing when the item is left out.
    fn on_item(self, argument: &Argument, item: &Json) -> Option<Self> {
        let keys =
            self.owned.and_then(Json::as_object).filter(|node| node.keys().any(|key| key.starts_with("k:")));
        let Some(keys) = keys else {
            // Nobody owns single items: the list belongs to somebody as a whole.
            return Some(Self { owned: self.owned, prior: None, limited: false });
        };
        let keys: Vec<(Map<String, Json>, &Json)> = keys
            .iter()
            .filter_map(|(key, node)| Some((serde_json::from_str(key.strip_prefix("k:")?).ok()?, node)))
            .collect();
        let matches = |key: &Map<String, Json>, item: &Json| {
            key.iter().all(|(name, value)| item.get(name) == Some(value))
        };
        let owned = keys.iter().find(|(key, _)| matches(key, item)).map(|(_, node)| *node);
        let key: Map<String, Json> =
            keys.first()?.0.keys().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect();
        let (_, inner) = argument.blocks()?;
        let prior = self.prior.and_then(Value::as_sequence).and_then(|elements| {
            elements.iter().find(|element| matches(&key, &Json::Object(encode::object(inner, element))))
        });
        (owned.is_some() || prior.is_some()).then_some(Self { owned, prior, limited: true })
    }
}

/// Reads a block that stands on the outside: what the object does not say is null.
pub(crate) fn outside(shape: &Shape, object: &Map<String, Json>, lens: Lens<'_>) -> Vec<(Str, Value)> {
    let values =
        shape.arguments.iter().filter(|argument| argument.field.place != Place::Nowhere).map(|argument| {
            let value = argument_value(argument, object, lens).unwrap_or_else(|| match argument.blocks() {
                Some(_) => argument.zero(),
                None => argument.null(),
            });
            (argument.name.clone(), value)
        });
    values.collect()
}

/// Reads a block inside another: what the object does not say is zero.
pub(crate) fn inside(shape: &Shape, object: &Map<String, Json>, lens: Lens<'_>) -> Value {
    Value::object(shape.arguments.iter().map(|argument| {
        let value = argument_value(argument, object, lens).unwrap_or_else(|| argument.zero());
        (argument.name.clone(), value)
    }))
}

fn argument_value(argument: &Argument, object: &Map<String, Json>, lens: Lens<'_>) -> Option<Value> {
    let lens = lens.on(argument);
    if argument.field.place == Place::Nowhere || argument.field.write_only || !lens.shows(argument) {
        return None;
    }
    if argument.field.place == Place::Around {
        let (_, inner) = argument.blocks()?;
        let says_anything = inner.arguments.iter().any(|part| object.contains_key(part.json.as_str()));
        return says_anything.then(|| argument.gather(vec![inside(inner, object, lens)]));
    }
    let json = object.get(argument.json.as_str()).filter(|json| !json.is_null())?;
    match argument.field.kind {
        Kind::Text(codec) => Some(Value::from(codec::decode(codec, json))),
        Kind::Whole => number(json),
        Kind::Flag => json.as_bool().map(Value::Bool),
        Kind::Texts => Some(Value::list(argument.element.clone(), texts(json)?)),
        Kind::TextSet => Some(Value::set(argument.element.clone(), texts(json)?)),
        Kind::Wholes => Some(Value::list(argument.element.clone(), numbers(json)?)),
        Kind::WholeSet => Some(Value::set(argument.element.clone(), numbers(json)?)),
        Kind::TextMap(codec) => {
            let is_shown = |key: &str| {
                !lens.limited
                    || argument.field.is_computed()
                    || lens.owned.is_some_and(|owned| owns_key(owned, key))
                    || lens.prior.is_some_and(|prior| prior.get(key).is_some())
            };
            let entries = json.as_object()?.iter().filter(|(key, _)| is_shown(key));
            let entries =
                entries.map(|(key, text)| (Str::from(key.as_str()), Value::from(codec::decode(codec, text))));
            Some(Value::map(argument.element.clone(), entries))
        }
        Kind::Blocks(_) => blocks_value(argument, json, lens),
    }
}

/// Tells whether a map's key is owned; a map without keys in the notation is owned as a whole.
fn owns_key(owned: &Json, key: &str) -> bool {
    owned.as_object().is_none_or(|node| node.is_empty() || node.contains_key(&format!("f:{key}")))
}

fn blocks_value(argument: &Argument, json: &Json, lens: Lens<'_>) -> Option<Value> {
    let (blocks, inner) = argument.blocks()?;
    if blocks.is_object
        && let Json::Object(object) = json
    {
        if argument.field.empty_is_none && object.is_empty() && lens.prior.is_none_or(is_zero) {
            return None;
        }
        let prior = lens.prior.and_then(Value::as_sequence).and_then(<[Value]>::first);
        return Some(argument.gather(vec![inside(inner, object, Lens { prior, ..lens })]));
    }
    let items = json.as_array()?.iter().filter_map(|item| {
        let lens = if lens.limited { lens.on_item(argument, item)? } else { Lens::wide() };
        Some(inside(inner, item.as_object()?, lens))
    });
    Some(argument.gather(items.collect()))
}

fn texts(json: &Json) -> Option<Vec<Value>> {
    Some(json.as_array()?.iter().filter_map(|text| Some(Value::from(text.as_str()?))).collect())
}

fn numbers(json: &Json) -> Option<Vec<Value>> {
    Some(json.as_array()?.iter().filter_map(number).collect())
}

fn number(json: &Json) -> Option<Value> {
    if let Some(whole) = json.as_i64() {
        return Some(Value::Number(Number::from(whole)));
    }
    Number::from_f64(json.as_f64()?).map(Value::Number)
}
