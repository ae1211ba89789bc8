//! From bodies to values. What the state says already stays as it is where Azure says the same.

use std::collections::HashMap;

use serde_json::Value as Json;
use terrane_model::{Str, Value};

use crate::mapping::block_key::{block_key, has_names};
use crate::mapping::convert::from_body;
use crate::mapping::documents::{Cursor, Documents};
use crate::mapping::same::{is_same, is_zero};
use crate::table::body_path::look_up;
use crate::table::{Argument, BlockShape, BodyPath, Mapping, PathRoot, Presence, Shape, Shown};

/// Reads the attributes of an object.
///
/// `known` is the state or plan: it gives what bodies never tell, and decides between spellings that mean the
/// same.
pub(crate) fn read_object(
    arguments: &[Argument],
    documents: &Documents,
    known: Option<&Value>,
) -> Vec<(Str, Value)> {
    read_all(arguments, documents, &Cursor::default(), known)
}

fn read_all(
    arguments: &[Argument],
    documents: &Documents,
    here: &Cursor,
    known: Option<&Value>,
) -> Vec<(Str, Value)> {
    let read = |argument: &Argument| {
        let known = known.map(|known| known.attribute(&argument.name)).filter(Value::is_known);
        (argument.name.clone(), read_argument(argument, documents, here, known.as_ref()))
    };
    arguments.iter().map(read).collect()
}

fn read_argument(argument: &Argument, documents: &Documents, here: &Cursor, known: Option<&Value>) -> Value {
    if argument.write_only {
        return Value::Null(argument.ty());
    }
    let Some(mapping) = argument.read() else {
        return known.cloned().unwrap_or_else(|| unread(argument));
    };
    if let (PathRoot::Document(name), Some(known)) = (&mapping.path.root, known)
        && documents.unread.contains(name)
    {
        return known.clone();
    }
    match &argument.shape {
        Shape::Blocks(block) => read_blocks(argument, block, mapping, documents, here, known),
        _ => {
            let json = read_plain(mapping, documents, here);
            let value = json.as_ref().and_then(|json| from_body(argument, &mapping.conversion, json));
            // What Azure says when nothing is set may also have been set.
            let is_unset = json.is_some_and(|json| mapping.unset.contains(&json));
            let is_known = || {
                value
                    .as_ref()
                    .zip(known)
                    .is_some_and(|(value, known)| !is_zero(known) && is_same(argument, known, value))
            };
            let value = if is_unset && !is_known() { None } else { value };
            settle(argument, value, known)
        }
    }
}

/// What an argument is of which Azure says nothing: its default, no blocks, or null.
fn unread(argument: &Argument) -> Value {
    match (&argument.default, &argument.shape) {
        (Some(default), _) => default.clone(),
        (None, shape @ Shape::Blocks(_)) => blocks(shape, Vec::new()),
        _ => Value::Null(argument.ty()),
    }
}

fn read_plain(mapping: &Mapping, documents: &Documents, here: &Cursor) -> Option<Json> {
    let Some((array, inside)) = mapping.path.split_each() else {
        return documents.get(here, &mapping.path).cloned();
    };
    let array = documents.get(here, &BodyPath { root: mapping.path.root.clone(), steps: array.to_vec() })?;
    Some(array.as_array()?.iter().filter_map(|element| look_up(element, inside)).cloned().collect())
}

/// Chooses between what Azure says and what is known.
fn settle(argument: &Argument, value: Option<Value>, known: Option<&Value>) -> Value {
    match (value, known) {
        (Some(value), Some(known)) if is_same(argument, known, &value) => known.clone(),
        (Some(value), _) => value,
        (None, Some(known)) if is_zero(known) && argument.default.is_none() => known.clone(),
        (None, _) if argument.presence == Presence::Computed && argument.shape == Shape::Text => {
            Value::from("")
        }
        (None, _) => unread(argument),
    }
}

fn blocks(shape: &Shape, elements: Vec<Value>) -> Value {
    match shape {
        Shape::Blocks(block) if block.is_set => Value::set(block.element_type(), elements),
        Shape::Blocks(block) => Value::list(block.element_type(), elements),
        _ => Value::dynamic_null(),
    }
}

fn read_blocks(
    argument: &Argument,
    block: &BlockShape,
    mapping: &Mapping,
    documents: &Documents,
    here: &Cursor,
    known: Option<&Value>,
) -> Value {
    let known_elements = known.and_then(Value::as_sequence).unwrap_or_default();
    let elements = match mapping.path.split_each() {
        Some((array, inside)) => {
            let path = BodyPath { root: mapping.path.root.clone(), steps: array.to_vec() };
            let count = documents.get(here, &path).and_then(Json::as_array).map_or(0, Vec::len);
            let array = here.to(&path);
            let cursors: Vec<Cursor> = (0..count).map(|index| array.element(index, inside)).collect();
            read_elements(block, documents, &cursors, known_elements)
        }
        None => {
            let target = here.to(&mapping.path);
            let exists = documents.get(here, &mapping.path).is_some_and(|json| !mapping.unset.contains(json));
            read_single(block, documents, &target, exists, known_elements.first()).into_iter().collect()
        }
    };
    blocks(&argument.shape, elements)
}

/// Reads the block of an object, if it counts as being there.
fn read_single(
    block: &BlockShape,
    documents: &Documents,
    target: &Cursor,
    exists: bool,
    known: Option<&Value>,
) -> Option<Value> {
    let value = Value::object(read_all(&block.arguments, documents, target, known));
    let is_shown = match &block.shown {
        Shown::Present => exists,
        Shown::Set => exists && is_set(&block.arguments, &value),
        Shown::Known => known.is_some(),
        Shown::Has(name) => !is_zero(&value.attribute(name)),
        Shown::Equals(path, wanted) => documents.get(target, path) == Some(wanted),
    };
    // A block that was written with nothing but defaults in it is still there when Azure shows defaults.
    let is_as_known = known.is_some_and(|known| *known == value);
    (is_shown || is_as_known).then_some(value)
}

/// Tells whether any argument has a value that it would not have by itself.
fn is_set(arguments: &[Argument], value: &Value) -> bool {
    arguments.iter().filter(|argument| argument.is_configurable()).any(|argument| {
        let part = value.attribute(&argument.name);
        !is_zero(&part) && argument.default.as_ref() != Some(&part)
    })
}

/// Reads the elements of an array, each with what is known of the same block: by name where blocks have
/// names, else by content for sets and by position for lists.
fn read_elements(
    block: &BlockShape,
    documents: &Documents,
    cursors: &[Cursor],
    known: &[Value],
) -> Vec<Value> {
    let has_names = has_names(block);
    let mut by_key: HashMap<String, usize> = HashMap::new();
    for (position, value) in known.iter().enumerate() {
        by_key.entry(block_key(block, value)).or_insert(position);
    }
    let mut elements: Vec<(usize, Value)> = Vec::with_capacity(cursors.len());
    for (position, cursor) in cursors.iter().enumerate() {
        let fresh = Value::object(read_all(&block.arguments, documents, cursor, None));
        let same = by_key
            .remove(&block_key(block, &fresh))
            .or_else(|| (!has_names && !block.is_set && position < known.len()).then_some(position));
        match same.and_then(|position| Some((position, known.get(position)?))) {
            Some((known_position, known)) => {
                let value = Value::object(read_all(&block.arguments, documents, cursor, Some(known)));
                elements.push((known_position, value));
            }
            None => elements.push((known.len() + position, fresh)),
        }
    }
    // Services are free to sort what the configuration orders only by habit.
    if has_names {
        elements.sort_by_key(|(position, _)| *position);
    }
    elements.into_iter().map(|(_, value)| value).collect()
}
