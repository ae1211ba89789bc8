//! Which functions there are.

use std::sync::OnceLock;

use super::{
    Function, choice, letter_case, lookup, mapping, number, regular_expression, sequence, set, text,
};

/// Returns all functions in the order of their names.
pub fn all() -> impl Iterator<Item = &'static Function> {
    by_name().iter().copied()
}

/// Returns the function of this name, without namespace.
pub fn find(name: &str) -> Option<&'static Function> {
    let functions = by_name();
    functions.binary_search_by(|function| function.name.cmp(name)).ok().map(|index| functions[index])
}

const TABLES: &[&[Function]] = &[
    choice::FUNCTIONS,
    letter_case::FUNCTIONS,
    lookup::FUNCTIONS,
    mapping::FUNCTIONS,
    number::FUNCTIONS,
    regular_expression::FUNCTIONS,
    sequence::FUNCTIONS,
    set::FUNCTIONS,
    text::FUNCTIONS,
];

fn by_name() -> &'static [&'static Function] {
    static BY_NAME: OnceLock<Vec<&'static Function>> = OnceLock::new();
    BY_NAME.get_or_init(|| {
        let mut functions: Vec<_> = TABLES.iter().flat_map(|table| table.iter()).collect();
        functions.sort_by_key(|function| function.name);
        functions
    })
}
