//! What of an object makes a difference, so that a refresh of many leaves out the rest.

use std::collections::BTreeSet;

use terrane_model::{Str, Value};

use crate::mapping::same::is_zero;
use crate::table::{Argument, BodyStep, DocumentTable, PathRoot, ResourceTable};

/// What the list of everything in a resource group says of each object.
const SUMMARIZED: &[&str] = &["id", "name", "type", "location", "tags"];

/// Tells whether the state has anything that comes from a document or from what code makes of it.
pub(crate) fn is_known(table: &ResourceTable, document: &DocumentTable, known: &Value) -> bool {
    let arguments = table.arguments.iter().filter(|argument| {
        let root = argument.mapping.as_ref().map(|mapping| &mapping.path.root);
        matches!(root, Some(PathRoot::Document(name)) if is_from(document, name))
    });
    arguments.into_iter().any(|argument| !is_zero(&known.attribute(&argument.name)))
}

/// Tells whether a document has to be read: something that is wanted comes from it, or something whose change
/// would be a change to what the configuration says by keeping silent.
pub(crate) fn needs(table: &ResourceTable, document: &DocumentTable, wanted: &BTreeSet<Str>) -> bool {
    let mut is_mentioned = false;
    for argument in table.arguments.iter().filter(|argument| mentions(argument, document)) {
        is_mentioned = true;
        let may_wait = document.is_secret || argument.is_computed();
        if wanted.contains(&argument.name) || !may_wait {
            return true;
        }
    }
    // What no argument mentions is there for code.
    !is_mentioned
}

fn is_from(document: &DocumentTable, name: &Str) -> bool {
    *name == document.name || document.gives.contains(name)
}

fn mentions(argument: &Argument, document: &DocumentTable) -> bool {
    let root = argument.mapping.as_ref().map(|mapping| &mapping.path.root);
    matches!(root, Some(PathRoot::Document(name)) if is_from(document, name))
        || argument.block().is_some_and(|block| block.arguments.iter().any(|inner| mentions(inner, document)))
}

/// Tells whether an object's line in the list of everything in its group says all that is wanted.
pub(crate) fn summary_suffices(table: &ResourceTable, wanted: &BTreeSet<Str>) -> bool {
    table.summary.is_some()
        && table
            .arguments
            .iter()
            .all(|argument| is_summarized(table, argument) || !wanted.contains(&argument.name))
}

/// Tells whether an argument can be taken from such a line, or cannot have changed.
fn is_summarized(table: &ResourceTable, argument: &Argument) -> bool {
    let Some(mapping) = argument.read() else { return true };
    match &mapping.path.root {
        PathRoot::Document(name) => table.document(name).is_some_and(|document| document.settled.is_some()),
        _ => {
            let constant = table.summary.as_ref();
            is_in_summary(argument) || constant.is_some_and(|constant| constant.contains(&mapping.path))
        }
    }
}

/// Tells whether such a line shows an argument.
pub(crate) fn is_in_summary(argument: &Argument) -> bool {
    let first = argument.read().and_then(|mapping| mapping.path.steps.first());
    matches!(first, Some(BodyStep::Key(key)) if SUMMARIZED.contains(&key.as_str()))
}
