//! From values to bodies: whole ones for creating, changes for updating.

use serde_json::{Map, Value as Json};
use terrane_model::Value;

use crate::mapping::convert::to_body;
use crate::mapping::documents::{Cursor, Documents};
use crate::mapping::same::is_zero;
use crate::table::{Argument, BlockShape, BodyPath, BodyStep, Mapping, Presence, Shape};

/// What becomes of an argument that is not set any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteMode {
    /// It is left out: the body replaces the object.
    Replace,
    /// It is null: the body is merged into the object.
    Patch,
}

/// Writes all arguments of an object.
pub(crate) fn write_object(arguments: &[Argument], value: &Value, documents: &mut Documents) {
    write_all(arguments, value, &Cursor::default(), documents);
}

/// Writes the arguments whose values differ between what was and what is wanted.
pub(crate) fn write_changes(
    arguments: &[Argument],
    prior: &Value,
    planned: &Value,
    mode: WriteMode,
    documents: &mut Documents,
) {
    change_all(arguments, prior, planned, &Cursor::default(), mode, documents);
}

fn write_all(arguments: &[Argument], value: &Value, here: &Cursor, documents: &mut Documents) {
    for argument in arguments {
        if argument.presence != Presence::Computed
            && let Some(mapping) = argument.sent()
        {
            let part = value.attribute(&argument.name);
            write_argument(argument, mapping, &part, here, documents);
        }
    }
}

fn write_argument(
    argument: &Argument,
    mapping: &Mapping,
    value: &Value,
    here: &Cursor,
    documents: &mut Documents,
) {
    let target = here.to(&mapping.path);
    if is_unset(argument, value) {
        if let Some(otherwise) = &mapping.otherwise {
            documents.put(&target, otherwise.clone());
        }
        return;
    }
    match &argument.shape {
        Shape::Blocks(block) => match mapping.path.split_each() {
            Some((array, inside)) => {
                let array = here.to(&BodyPath { root: mapping.path.root.clone(), steps: array.to_vec() });
                write_elements(block, mapping, value, &array, inside, documents);
            }
            None => {
                let Some(element) = value.as_sequence().and_then(<[Value]>::first) else { return };
                write_beside(mapping, &target, documents);
                write_all(&block.arguments, element, &target, documents);
            }
        },
        _ => write_plain(mapping, value, here, documents),
    }
}

fn write_plain(mapping: &Mapping, value: &Value, here: &Cursor, documents: &mut Documents) {
    let Some(json) = to_body(&mapping.conversion, value, &documents.path) else { return };
    match mapping.path.split_each() {
        Some((array, inside)) => {
            let path = BodyPath { root: mapping.path.root.clone(), steps: array.to_vec() };
            let array = here.to(&path);
            documents.put(&array, Json::Array(Vec::new()));
            for (index, element) in json.as_array().into_iter().flatten().enumerate() {
                documents.put(&array.element(index, inside), element.clone());
            }
        }
        None => documents.put(&here.to(&mapping.path), json),
    }
}

fn write_beside(mapping: &Mapping, target: &Cursor, documents: &mut Documents) {
    let node = documents.place(target);
    if !node.is_object() {
        *node = Json::Object(Map::new());
    }
    if let (Some(Json::Object(with)), Some(object)) = (&mapping.with, node.as_object_mut()) {
        object.extend(with.clone());
    }
}

/// Writes the blocks of a list or set as the elements of an array. An element that the body has already, by
/// its name, keeps what the table does not know of it.
fn write_elements(
    block: &BlockShape,
    mapping: &Mapping,
    value: &Value,
    array: &Cursor,
    inside: &[BodyStep],
    documents: &mut Documents,
) {
    let present = match documents.place(array).take() {
        Json::Array(elements) => elements,
        _ => Vec::new(),
    };
    documents.put(array, Json::Array(Vec::new()));
    for (index, element) in value.as_sequence().into_iter().flatten().enumerate() {
        let target = array.element(index, inside);
        if let Some(base) = element_of_name(&present, element) {
            documents.put(&array.element(index, &[]), base.clone());
            write_beside(mapping, &target, documents);
            overwrite_all(&block.arguments, element, &target, documents);
        } else {
            write_beside(mapping, &target, documents);
            write_all(&block.arguments, element, &target, documents);
        }
    }
}

fn element_of_name<'a>(present: &'a [Json], element: &Value) -> Option<&'a Json> {
    let name = element.attribute("name");
    let name = name.as_str()?;
    present.iter().find(|candidate| {
        candidate.get("name").and_then(Json::as_str).is_some_and(|other| other.eq_ignore_ascii_case(name))
    })
}

/// Writes all arguments over what is there, and takes away what is not set.
fn overwrite_all(arguments: &[Argument], value: &Value, here: &Cursor, documents: &mut Documents) {
    for argument in arguments {
        let Some(mapping) = argument.sent().filter(|_| argument.presence != Presence::Computed) else {
            continue;
        };
        let part = value.attribute(&argument.name);
        if is_unset(argument, &part) && argument.presence != Presence::OptionalComputed {
            clear(argument, mapping, here, WriteMode::Replace, documents);
        }
        write_argument(argument, mapping, &part, here, documents);
    }
}

fn change_all(
    arguments: &[Argument],
    prior: &Value,
    planned: &Value,
    here: &Cursor,
    mode: WriteMode,
    documents: &mut Documents,
) {
    for argument in arguments {
        let Some(mapping) = argument.sent().filter(|_| argument.presence != Presence::Computed) else {
            continue;
        };
        let (before, after) = (prior.attribute(&argument.name), planned.attribute(&argument.name));
        if before == after || (is_zero(&before) && is_zero(&after) && mapping.otherwise.is_none()) {
            continue;
        }
        if let (Shape::Blocks(block), None) = (&argument.shape, mapping.path.split_each())
            && let (Some([before]), Some([after])) = (before.as_sequence(), after.as_sequence())
        {
            let target = here.to(&mapping.path);
            write_beside(mapping, &target, documents);
            change_all(&block.arguments, before, after, &target, mode, documents);
            continue;
        }
        if is_unset(argument, &after) {
            clear(argument, mapping, here, mode, documents);
        }
        write_argument(argument, mapping, &after, here, documents);
    }
}

/// Takes away what an argument has written.
fn clear(argument: &Argument, mapping: &Mapping, here: &Cursor, mode: WriteMode, documents: &mut Documents) {
    let target = here.to(&mapping.path);
    if let Some(cleared) = &mapping.cleared {
        documents.put(&target, cleared.clone());
        return;
    }
    // A block without an object of its own consists of what its arguments have written.
    if mapping.path.steps.is_empty() {
        for inner in argument.block().map(|block| block.arguments.as_slice()).unwrap_or_default() {
            if let Some(mapping) = inner.sent() {
                clear(inner, mapping, &target, mode, documents);
            }
        }
        return;
    }
    let target = match mapping.path.split_each() {
        Some((array, _)) => here.to(&BodyPath { root: mapping.path.root.clone(), steps: array.to_vec() }),
        None => target,
    };
    match &argument.shape {
        // Documents beside the body are put as a whole.
        _ if mode == WriteMode::Replace || target.is_beside_body() => documents.remove(&target),
        Shape::List(_) | Shape::Set(_) => documents.put(&target, Json::Array(Vec::new())),
        Shape::Map => documents.put(&target, Json::Object(Map::new())),
        Shape::Blocks(_) if mapping.path.split_each().is_some() => {
            documents.put(&target, Json::Array(Vec::new()));
        }
        _ => documents.put(&target, Json::Null),
    }
}

/// Tells whether there is nothing to send: null, or for texts and blocks nothing in it.
fn is_unset(argument: &Argument, value: &Value) -> bool {
    match argument.shape {
        Shape::Text | Shape::Blocks(_) => is_zero(value) || !value.is_known(),
        _ => value.is_null() || !value.is_known(),
    }
}
