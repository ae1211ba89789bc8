//! Which changes need a new object.

use terrane_model::{AttributePath, Value};

use crate::mapping::same::is_zero;
use crate::table::{Argument, BlockShape};

/// Returns the paths of all arguments that change and cannot be changed in place.
pub(crate) fn replaced_paths(arguments: &[Argument], prior: &Value, planned: &Value) -> Vec<AttributePath> {
    let mut paths = Vec::new();
    collect(arguments, Some(prior), Some(planned), &AttributePath::root(), &mut paths);
    paths
}

fn collect(
    arguments: &[Argument],
    prior: Option<&Value>,
    planned: Option<&Value>,
    base: &AttributePath,
    paths: &mut Vec<AttributePath>,
) {
    for argument in arguments {
        let part = |whole: Option<&Value>| {
            whole.map_or_else(|| Value::Null(argument.ty()), |whole| whole.attribute(&argument.name))
        };
        let (before, after) = (part(prior), part(planned));
        if before == after || (is_zero(&before) && is_zero(&after)) {
            continue;
        }
        let path = base.attribute(argument.name.clone());
        match argument.block() {
            Some(block) if argument.is_configurable() => {
                collect_blocks(argument, block, &before, &after, &path, paths);
            }
            _ if argument.replaces => paths.push(path),
            _ => {}
        }
    }
}

fn collect_blocks(
    argument: &Argument,
    block: &BlockShape,
    before: &Value,
    after: &Value,
    path: &AttributePath,
    paths: &mut Vec<AttributePath>,
) {
    let (Some(old), Some(new)) = (before.as_sequence(), after.as_sequence()) else {
        // Whether unknown blocks differ is not known; what cannot be changed in place is replaced then.
        if argument.replaces || any_replaces(&block.arguments) {
            paths.push(path.clone());
        }
        return;
    };
    if argument.replaces && old.len() != new.len() {
        paths.push(path.clone());
    }
    if block.is_set {
        // Elements of a set have no identity to follow: one that is new or gone counts as a change of all.
        if old != new && any_replaces(&block.arguments) {
            paths.push(path.clone());
        }
        return;
    }
    for position in 0..old.len().max(new.len()) {
        collect(&block.arguments, old.get(position), new.get(position), &path.position(position), paths);
    }
}

fn any_replaces(arguments: &[Argument]) -> bool {
    arguments.iter().any(|argument| {
        argument.replaces || argument.block().is_some_and(|block| any_replaces(&block.arguments))
    })
}
