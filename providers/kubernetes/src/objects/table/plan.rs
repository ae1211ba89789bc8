//! From what is written and what is to what will be.
//!
//! The result is what Terraform plans for these types: what is written wins, presets fill in, the cluster's
//! decisions stay as they were or are not known yet, and nothing at all is the same as the zero of a type.

use terrane_model::{AttributePath, Str, Value};

use super::codec;
use super::field::{Codec, Kind, Presence};
use super::shape::{Argument, Shape, is_zero};

/// Plans a block. `prior` is nothing where the block is new. Adds the parts whose change needs a new object to
/// `replaced`.
pub(crate) fn plan(
    shape: &Shape,
    config: &Value,
    prior: Option<&Value>,
    path: &AttributePath,
    replaced: &mut Vec<AttributePath>,
) -> Vec<(Str, Value)> {
    let mut walk = Walk { replaced, replaces: false, mutable: false };
    walk.block(shape, config, prior, path)
}

struct Walk<'a> {
    replaced: &'a mut Vec<AttributePath>,
    /// Whether every change needs a new object here.
    replaces: bool,
    /// Whether no change does.
    mutable: bool,
}

impl Walk<'_> {
    fn block(
        &mut self,
        shape: &Shape,
        config: &Value,
        prior: Option<&Value>,
        path: &AttributePath,
    ) -> Vec<(Str, Value)> {
        let arguments = shape.arguments.iter().map(|argument| {
            let null = argument.null();
            let written = config.get(&argument.name).unwrap_or(&null);
            let was = prior.and_then(|prior| prior.get(&argument.name));
            let path = path.attribute(argument.name.clone());
            let planned = self.inside(argument, |walk| match argument.blocks() {
                Some((blocks, inner)) if argument.is_nested_block() => {
                    walk.blocks(argument, inner, blocks.is_set, written, was, &path)
                }
                _ => {
                    let planned = leaf(argument, written, was);
                    walk.note_change(was, &planned, &path);
                    planned
                }
            });
            (argument.name.clone(), planned)
        });
        arguments.collect()
    }

    fn inside<T>(&mut self, argument: &Argument, act: impl FnOnce(&mut Walk<'_>) -> T) -> T {
        let mut walk = Walk {
            replaced: &mut *self.replaced,
            replaces: self.replaces || argument.field.replaces,
            mutable: self.mutable || argument.field.mutable,
        };
        act(&mut walk)
    }

    fn note_change(&mut self, was: Option<&Value>, planned: &Value, path: &AttributePath) {
        let Some(was) = was else { return };
        let same = was == planned || is_zero(was) && is_zero(planned);
        if self.replaces && !self.mutable && !same {
            self.replaced.push(path.clone());
        }
    }

    fn blocks(
        &mut self,
        argument: &Argument,
        inner: &Shape,
        is_set: bool,
        written: &Value,
        was: Option<&Value>,
        path: &AttributePath,
    ) -> Value {
        let Some(elements) = written.as_sequence() else {
            // Blocks made from something that is not known yet.
            let unknown = Value::unknown(argument.ty.clone());
            self.note_change(was, &unknown, path);
            return unknown;
        };
        let was_elements = was.and_then(Value::as_sequence).unwrap_or_default();
        if elements.is_empty() {
            let planned = match was {
                Some(was) if argument.field.is_computed() => was.clone(),
                None if argument.field.is_computed() => Value::unknown(argument.ty.clone()),
                _ => argument.zero(),
            };
            self.note_change(was, &planned, path);
            return planned;
        }
        let same_count = elements.len() == was_elements.len();
        let mut plan_one = |position: usize, element: &Value| {
            if is_set {
                return self.element_of_set(inner, element, was_elements, path);
            }
            let was = was_elements.get(position);
            Value::object(self.block(inner, element, was, &path.position(position)))
        };
        let planned: Vec<Value> =
            elements.iter().enumerate().map(|(position, element)| plan_one(position, element)).collect();
        let planned = argument.gather(planned);
        if is_set || !same_count {
            self.note_change(was, &planned, path);
        }
        planned
    }

    /// An element that is there already is found by what it would be planned as.
    fn element_of_set(
        &mut self,
        inner: &Shape,
        element: &Value,
        was: &[Value],
        path: &AttributePath,
    ) -> Value {
        let mut ignored = Vec::new();
        let mut aside = Walk { replaced: &mut ignored, replaces: false, mutable: true };
        let kept =
            was.iter().find(|was| Value::object(aside.block(inner, element, Some(was), path)) == **was);
        match kept {
            Some(kept) => kept.clone(),
            None => Value::object(aside.block(inner, element, None, path)),
        }
    }
}

fn leaf(argument: &Argument, written: &Value, was: Option<&Value>) -> Value {
    let field = &argument.field;
    if field.write_only {
        return argument.null();
    }
    let was = was.filter(|was| !was.is_null());
    if field.presence == Presence::Computed {
        return was.cloned().unwrap_or_else(|| Value::unknown(argument.ty.clone()));
    }
    let wanted = if written.is_null() { field.preset.value() } else { Some(written.clone()) };
    match (wanted, was) {
        (Some(wanted), Some(was)) if means_the_same(argument, &wanted, was) => was.clone(),
        (Some(wanted), _) => merged(argument, wanted, was),
        (None, Some(was)) if field.is_computed() || is_zero(was) => was.clone(),
        (None, None) if field.is_computed() => Value::unknown(argument.ty.clone()),
        (None, _) => argument.null(),
    }
}

/// Tells whether two values are the same to the cluster.
fn means_the_same(argument: &Argument, wanted: &Value, was: &Value) -> bool {
    if wanted == was || is_zero(wanted) && is_zero(was) {
        return true;
    }
    match (argument.field.kind, wanted, was) {
        (Kind::Text(codec), Value::String(wanted), Value::String(was)) => codec::same(codec, wanted, was),
        _ => false,
    }
}

/// Keeps the spelling of every amount that has not changed.
fn merged(argument: &Argument, wanted: Value, was: Option<&Value>) -> Value {
    let (Kind::TextMap(codec @ Codec::Quantity), Some(entries), Some(was)) =
        (argument.field.kind, wanted.as_entries(), was)
    else {
        return wanted;
    };
    let entries = entries.iter().map(|(key, wanted)| {
        let kept = match (wanted.as_str(), was.get(key).and_then(Value::as_str)) {
            (Some(wanted), Some(was)) if codec::same(codec, wanted, was) => Value::String(was.clone()),
            _ => wanted.clone(),
        };
        (key.clone(), kept)
    });
    Value::map(argument.element.clone(), entries.collect::<Vec<_>>())
}

/// Gives a read value the shape that was planned or seen before, where both mean the same: nothing and empty are
/// one, and of nothing and zero the side that says something counts.
pub(crate) fn settle(read: &Value, before: &Value) -> Value {
    if !before.is_known() || matches!(read, Value::Unknown(_)) {
        return read.clone();
    }
    let is_empty = |value: &Value| value.element_count() == Some(0);
    match (read, before) {
        (read, Value::Null(ty)) if is_empty(read) && ty.is_collection() => before.clone(),
        (Value::Null(_), before) if is_zero(before) && before.is_wholly_known() => before.clone(),
        (Value::List(list), Value::List(old)) if list.elements().len() == old.elements().len() => {
            let pairs = list.elements().iter().zip(old.elements());
            let settled: Vec<Value> = pairs.map(|(read, before)| settle(read, before)).collect();
            Value::list(list.element_type().clone(), settled)
        }
        (Value::Object(object), Value::Object(old)) => {
            let settled = object.attributes().iter().map(|(name, read)| {
                let settled = old.get(name).map_or_else(|| read.clone(), |before| settle(read, before));
                (name.clone(), settled)
            });
            Value::object(settled.collect::<Vec<_>>())
        }
        _ => read.clone(),
    }
}
