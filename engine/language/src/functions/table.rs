//! Which functions there are.

use std::sync::OnceLock;

use super::{
    Function, assumption, base64, character_encoding, choice, conversion, crypto, csv, date_time, fileset,
    filesystem, format, hash, ip_network, json, letter_case, lookup, mapping, number, path,
    regular_expression, sensitivity, sequence, set, template, text, url, yaml,
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
    assumption::FUNCTIONS,
    base64::FUNCTIONS,
    character_encoding::FUNCTIONS,
    choice::FUNCTIONS,
    conversion::FUNCTIONS,
    crypto::FUNCTIONS,
    csv::FUNCTIONS,
    date_time::FUNCTIONS,
    fileset::FUNCTIONS,
    filesystem::FUNCTIONS,
    format::FUNCTIONS,
    hash::FUNCTIONS,
    ip_network::FUNCTIONS,
    json::FUNCTIONS,
    letter_case::FUNCTIONS,
    lookup::FUNCTIONS,
    mapping::FUNCTIONS,
    number::FUNCTIONS,
    path::FUNCTIONS,
    regular_expression::FUNCTIONS,
    sensitivity::FUNCTIONS,
    sequence::FUNCTIONS,
    set::FUNCTIONS,
    template::FUNCTIONS,
    text::FUNCTIONS,
    url::FUNCTIONS,
    yaml::FUNCTIONS,
];

fn by_name() -> &'static [&'static Function] {
    static BY_NAME: OnceLock<Vec<&'static Function>> = OnceLock::new();
    BY_NAME.get_or_init(|| {
        let mut functions: Vec<_> = TABLES.iter().flat_map(|table| table.iter()).collect();
        functions.sort_by_key(|function| function.name);
        functions
    })
}
