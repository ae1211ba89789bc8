//! Which block of two versions of an object is the same one.

use terrane_model::Value;

use crate::mapping::same::is_zero;
use crate::table::{Argument, BlockShape, Presence};

/// Tells whether blocks of this type are known by their names.
pub(crate) fn has_names(block: &BlockShape) -> bool {
    block.argument("name").is_some_and(Argument::is_configurable)
}

/// Returns a text that is equal for two values of the same block: its name, or what is written in it.
pub(crate) fn block_key(block: &BlockShape, value: &Value) -> String {
    if has_names(block) {
        return value
            .attribute("name")
            .as_str()
            .map(|name| name.as_str().to_ascii_lowercase())
            .unwrap_or_default();
    }
    let mut key = String::new();
    write_content(&block.arguments, value, &mut key);
    key
}

fn write_content(arguments: &[Argument], value: &Value, key: &mut String) {
    for argument in arguments {
        // What Azure may choose or never tells is no part of what a block is.
        let is_told = argument.mapping.is_none() || argument.read().is_some();
        if !is_told || !matches!(argument.presence, Presence::Required | Presence::Optional) {
            continue;
        }
        let part = value.attribute(&argument.name);
        if is_zero(&part) || argument.default.as_ref() == Some(&part) {
            continue;
        }
        key.push_str(&argument.name);
        key.push('=');
        match (argument.block(), part.as_sequence()) {
            (Some(block), Some(elements)) => {
                for element in elements {
                    write_content(&block.arguments, element, key);
                }
            }
            _ => key.push_str(&format!("{:?}", part.unmarked()).to_ascii_lowercase()),
        }
        key.push(';');
    }
}
