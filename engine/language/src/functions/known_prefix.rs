//! What is certain about the beginning of a text that goes on with something unknown.

use terrane_model::{Str, Value};

use super::graphemes::graphemes;

/// Characters that nothing which follows can join or change.
const DELIMITERS: &str = "-_:;/\\,.(){}[]|?!~ \t@#$%^&*+\"'";

/// Returns the part of a known beginning that stays as it is whatever follows: without the last character,
/// which an accent may join, unless that is one of the usual delimiters.
pub(super) fn known_prefix(beginning: &str) -> Str {
    let Value::String(normalized) = Value::string(beginning) else { return Str::new() };
    let Some(last) = graphemes(&normalized).next_back() else { return Str::new() };
    let mut chars = last.chars();
    let is_delimiter = chars.next().is_some_and(|char| DELIMITERS.contains(char)) && chars.next().is_none();
    if is_delimiter { normalized } else { normalized[..normalized.len() - last.len()].into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_character_may_still_change() {
        for (beginning, known) in
            [("", ""), ("abc", "ab"), ("https://", "https://"), ("e\u{301}", ""), ("a-é", "a-"), ("a\n", "a")]
        {
            assert_eq!(known_prefix(beginning), known, "{beginning}");
        }
    }
}
