//! From a place in an object, as the API server names it, to the argument that stands for it.

use terrane_model::{AttributePath, Value};

use super::field::Place;
use super::shape::Shape;

/// One step of a path such as `spec.template.spec.containers[0].image`.
#[derive(Debug, PartialEq, Eq)]
enum Step<'p> {
    Name(&'p str),
    Position(usize),
    Key(&'p str),
}

/// Returns the path of the argument for a place in an object, as far as the table knows it.
pub(crate) fn argument_path(shape: &Shape, place: &str) -> AttributePath {
    let steps = steps(place);
    let mut path = AttributePath::root();
    walk(shape, &steps, &mut path);
    path
}

fn walk(shape: &Shape, steps: &[Step<'_>], path: &mut AttributePath) {
    let Some((Step::Name(name), rest)) = steps.split_first() else { return };
    let around = shape.arguments.iter().find(|argument| {
        let has = |inner: &Shape| inner.arguments.iter().any(|part| part.json == *name);
        argument.field.place == Place::Around && argument.inner.as_deref().is_some_and(has)
    });
    if let Some((argument, inner)) = around.and_then(|argument| Some((argument, argument.inner.as_deref()?)))
    {
        *path = path.attribute(argument.name.clone()).position(0);
        return walk(inner, steps, path);
    }
    let Some(argument) = shape.arguments.iter().find(|argument| argument.json == *name) else { return };
    *path = path.attribute(argument.name.clone());
    let Some((blocks, inner)) = argument.blocks() else {
        if let Some(Step::Key(key) | Step::Name(key)) = rest.first() {
            *path = path.key(*key);
        }
        return;
    };
    match (blocks.is_object, rest.split_first()) {
        (_, None) => {}
        (true, Some(_)) => {
            *path = path.position(0);
            walk(inner, rest, path);
        }
        (false, Some((Step::Position(position), rest))) if !blocks.is_set => {
            *path = path.position(*position);
            walk(inner, rest, path);
        }
        (false, Some(_)) => {}
    }
}

/// Shortens a path until it leads to something in the value.
pub(crate) fn within(path: &AttributePath, value: &Value) -> AttributePath {
    let mut path = path.clone();
    while !path.is_root() && value.at_path(&path).is_none() {
        path.0.pop();
    }
    path
}

fn steps(place: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = place;
    while !rest.is_empty() {
        if let Some((key, behind)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            steps.push(key.parse().map_or(Step::Key(key), Step::Position));
            rest = behind;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                break;
            }
            steps.push(Step::Name(&rest[..end]));
            rest = &rest[end..];
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_names_positions_and_keys() {
        assert_eq!(
            steps("spec.ports[1].port"),
            [Step::Name("spec"), Step::Name("ports"), Step::Position(1), Step::Name("port")]
        );
        assert_eq!(
            steps("metadata.labels[a.b/c]"),
            [Step::Name("metadata"), Step::Name("labels"), Step::Key("a.b/c")]
        );
        assert_eq!(steps("data..x"), [Step::Name("data")]);
    }
}
