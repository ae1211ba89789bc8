//! Import ids that are lists: a base and numbers.

use terrane_model::{Diagnostics, Value};

use crate::moment::Moment;
use crate::object::Attributes;
use crate::toolkit::failure;

/// Says which form is expected.
pub(super) fn unexpected(id: &str, expected: &str) -> Diagnostics {
    failure("Unexpected Format of ID", format!("Unexpected format of ID ({id:?}), expected {expected}"))
}

/// Reads the timestamp of an id.
pub(super) fn moment(summary: &str, text: &str) -> Result<Moment, Diagnostics> {
    Moment::parse(text)
        .ok_or_else(|| failure(summary, format!("The timestamp {text:?} could not be parsed as RFC3339.")))
}

/// Reads the numbers of an id; empty ones stay null.
pub(super) fn numbers(
    summary: &str,
    names: &[&'static str],
    texts: &[&str],
) -> Result<Attributes, Diagnostics> {
    let written = names.iter().zip(texts).filter(|(_, text)| !text.is_empty());
    written
        .map(|(name, text)| {
            let number: Result<i64, _> = text.parse();
            let number = number.map_err(|error| {
                failure(
                    summary,
                    format!("The {name} parameter {text:?} could not be parsed as a number: {error}"),
                )
            })?;
            Ok((*name, Value::number(number)))
        })
        .collect()
}
