//! Replacement, argument by argument, with every table.

use terrane_model::{AttributePath, Type, Value};

use super::replaced_paths;
use crate::table::{Argument, Catalog, Generation, Primitive, Shape};

/// An argument at any depth, on the way down to it from the top.
type Trail<'t> = Vec<&'t Argument>;

fn trails<'t>(arguments: &'t [Argument], above: &Trail<'t>, found: &mut Vec<Trail<'t>>) {
    for argument in arguments.iter().filter(|argument| argument.is_configurable()) {
        let mut trail = above.clone();
        trail.push(argument);
        if let Some(block) = argument.block() {
            trails(&block.arguments, &trail, found);
        }
        found.push(trail);
    }
}

/// Returns one of two values of an argument; both are more than nothing, save for blocks.
fn sample(argument: &Argument, is_first: bool) -> Value {
    let text = || Value::from(if is_first { "first" } else { "second" });
    let number = || Value::from(if is_first { 1 } else { 2 });
    let primitive = |kind: Primitive| match kind {
        Primitive::Text => (Type::String, text()),
        Primitive::Int => (Type::Number, number()),
    };
    match &argument.shape {
        Shape::Bool => is_first.into(),
        Shape::Int | Shape::Float => number(),
        Shape::Text => text(),
        Shape::List(kind) => {
            let (ty, element) = primitive(*kind);
            Value::list(ty, vec![element])
        }
        Shape::Set(kind) => {
            let (ty, element) = primitive(*kind);
            Value::set(ty, vec![element])
        }
        Shape::Map => Value::map(Type::String, [("key", text())]),
        Shape::Blocks(block) if is_first => blocks(argument, Value::object(empty(&block.arguments))),
        Shape::Blocks(_) => nothing(argument),
    }
}

fn empty(arguments: &[Argument]) -> impl Iterator<Item = (terrane_model::Str, Value)> {
    arguments.iter().map(|argument| (argument.name.clone(), nothing(argument)))
}

fn nothing(argument: &Argument) -> Value {
    let Some(block) = argument.block().filter(|_| argument.is_configurable()) else {
        return Value::Null(argument.ty());
    };
    let ty = block.element_type();
    if block.is_set { Value::set(ty, Vec::new()) } else { Value::list(ty, Vec::new()) }
}

fn blocks(argument: &Argument, element: Value) -> Value {
    let block = argument.block().expect("only blocks come here");
    let ty = block.element_type();
    if block.is_set { Value::set(ty, vec![element]) } else { Value::list(ty, vec![element]) }
}

/// An object with nothing in it but the argument at the end of a trail.
fn object(arguments: &[Argument], trail: &[&Argument], is_first: bool) -> Value {
    let values = arguments.iter().map(|argument| {
        let value = match trail {
            [last] if last.name == argument.name => sample(argument, is_first),
            [next, rest @ ..] if next.name == argument.name => {
                let inner = argument.block().expect("the trail goes on");
                blocks(argument, object(&inner.arguments, rest, is_first))
            }
            _ => nothing(argument),
        };
        (argument.name.clone(), value)
    });
    Value::object(values.collect::<Vec<_>>())
}

/// Where a change of the argument has to be seen: sets are seen as a whole.
fn expected_path(trail: &Trail<'_>) -> (AttributePath, bool) {
    let mut path = AttributePath::root();
    for (depth, argument) in trail.iter().enumerate() {
        path = path.attribute(argument.name.clone());
        let is_last = depth + 1 == trail.len();
        match argument.block() {
            Some(block) if !is_last && block.is_set => return (path, true),
            Some(_) if !is_last => path = path.position(0),
            _ => {}
        }
    }
    (path, false)
}

fn any_replaces(argument: &Argument) -> bool {
    let inner = argument.block().map(|block| block.arguments.as_slice()).unwrap_or_default();
    argument.replaces || inner.iter().filter(|inner| inner.is_configurable()).any(any_replaces)
}

#[test]
fn arguments_of_every_type_are_replaced_for_as_its_table_says() {
    let mut findings = Vec::new();
    let mut checked = 0;
    for generation in [Generation::V4, Generation::V5] {
        for (name, table) in &Catalog::of(generation).resources {
            let mut found = Vec::new();
            trails(&table.arguments, &Vec::new(), &mut found);
            for trail in found {
                let last = trail[trail.len() - 1];
                let (path, is_in_set) = expected_path(&trail);
                let before = object(&table.arguments, &trail, true);
                let after = object(&table.arguments, &trail, false);
                let paths = replaced_paths(&table.arguments, &before, &after);
                // Elements of a set that differ in anything are other elements.
                let set =
                    trail.iter().position(|argument| argument.block().is_some_and(|block| block.is_set));
                let replaces = match set {
                    Some(position) if is_in_set => any_replaces(trail[position]),
                    _ => last.replaces,
                };
                checked += 1;
                if last.block().is_none() && replaces != paths.contains(&path) {
                    findings.push(format!("{name}{path} ({generation:?}): {replaces}, but {paths:?}"));
                }
                if last.block().is_none() && !replaces && !paths.is_empty() {
                    findings.push(format!("{name}{path} ({generation:?}): {paths:?} for nothing"));
                }
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(checked > 1000, "{checked} arguments");
}
