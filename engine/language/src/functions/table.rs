//! Which functions there are.

use super::{Function, number};

/// Returns all functions in the order of their names.
pub fn all() -> impl Iterator<Item = &'static Function> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// Returns the function of this name, without namespace.
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

const TABLES: &[&[Function]] = &[number::FUNCTIONS];
