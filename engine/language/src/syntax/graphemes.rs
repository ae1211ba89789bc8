//! What counts as one character.
//!
//! Terraform cuts text into grapheme clusters by the rules of Unicode 15.0. Later rules join the consonants
//! of Indic conjuncts (rule GB9c); for the same results, these are taken apart again here.

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Cuts a text into characters as Terraform counts them.
pub fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true).flat_map(split_conjunct)
}

/// Counts the characters of a text.
pub fn count_graphemes(text: &str) -> usize {
    if text.is_ascii() && !text.contains('\r') {
        // Only a carriage return joins another ASCII character, the line feed.
        return text.len();
    }
    graphemes(text).count()
}

fn split_conjunct(cluster: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(cluster);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = conjunct_break(text).unwrap_or(text.len());
        let (first, tail) = text.split_at(end);
        rest = (!tail.is_empty()).then_some(tail);
        Some(first)
    })
}

/// Returns where the second consonant of a conjunct starts.
fn conjunct_break(cluster: &str) -> Option<usize> {
    let mut previous = '\0';
    for (index, character) in cluster.char_indices() {
        let joins = is_combining_mark(previous) || previous == ZERO_WIDTH_JOINER;
        if joins && is_indic_letter(character) {
            return Some(index);
        }
        previous = character;
    }
    None
}

fn is_indic_letter(character: char) -> bool {
    matches!(character, '\u{900}'..='\u{dff}') && character.is_alphabetic() && !is_combining_mark(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_follow_unicode_15_0() {
        for (text, expected) in [
            ("", &[][..]),
            ("ab", &["a", "b"]),
            ("a\r\nb", &["a", "\r\n", "b"]),
            ("e\u{301}x", &["e\u{301}", "x"]),
            ("👨\u{200d}👩x", &["👨\u{200d}👩", "x"]),
            ("नमस्ते", &["न", "म", "स्", "ते"]),
            ("क्\u{200d}ष", &["क्\u{200d}", "ष"]),
        ] {
            assert_eq!(graphemes(text).collect::<Vec<_>>(), expected, "{text:?}");
            assert_eq!(count_graphemes(text), expected.len(), "{text:?}");
        }
    }
}
