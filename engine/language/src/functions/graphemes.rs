//! What people see as one character: grapheme clusters, by the rules of Unicode 15.
//!
//! Newer rules, which our library has, keep the consonants of an Indic cluster such as `स्ते` together.
//! Terraform counts by the older ones, which begin a new character at each consonant.

use unicode_segmentation::UnicodeSegmentation;

/// Returns the characters of a text.
pub(super) fn graphemes(text: &str) -> Box<dyn DoubleEndedIterator<Item = &str> + '_> {
    let clusters = text.graphemes(true);
    if !text.chars().any(is_indic) {
        return Box::new(clusters);
    }
    Box::new(clusters.flat_map(|cluster| {
        let starts = split_offsets(cluster);
        let ends = starts.iter().copied().skip(1).chain([cluster.len()]).collect::<Vec<_>>();
        starts.into_iter().zip(ends).map(move |(start, end)| &cluster[start..end]).collect::<Vec<_>>()
    }))
}

/// Returns the number of characters.
pub(super) fn count(text: &str) -> usize {
    if text.is_ascii() && !text.contains('\r') { text.len() } else { graphemes(text).count() }
}

/// Returns the offset, in bytes, behind so many characters, or the end.
pub(super) fn offset_of(text: &str, characters: usize) -> usize {
    graphemes(text).take(characters).map(str::len).sum()
}

/// Tells whether a character is of a block with scripts that have conjuncts.
fn is_indic(char: char) -> bool {
    matches!(char, '\u{900}'..='\u{1fff}' | '\u{a800}'..='\u{abff}' | '\u{10a00}'..='\u{11fff}')
}

/// Returns where characters start in a cluster. Two neighbours on their own are never a conjunct, so the
/// library says whether anything else keeps them together.
fn split_offsets(cluster: &str) -> Vec<usize> {
    let mut offsets = vec![0];
    if !cluster.starts_with(is_indic) {
        return offsets;
    }
    let mut previous: Option<usize> = None;
    for (offset, char) in cluster.char_indices() {
        if let Some(start) = previous {
            let pair = &cluster[start..offset + char.len_utf8()];
            if pair.graphemes(true).nth(1).is_some() {
                offsets.push(offset);
            }
        }
        previous = Some(offset);
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_by_the_older_rules() {
        for (text, expected) in [
            ("", vec![]),
            ("né", vec!["n", "é"]),
            ("e\u{301}x", vec!["e\u{301}", "x"]),
            ("a\r\nb", vec!["a", "\r\n", "b"]),
            ("👨\u{200d}👩\u{200d}👧x", vec!["👨\u{200d}👩\u{200d}👧", "x"]),
            ("🇩🇪🇫🇷", vec!["🇩🇪", "🇫🇷"]),
            ("नमस्ते", vec!["न", "म", "स्", "ते"]),
        ] {
            assert_eq!(graphemes(text).collect::<Vec<_>>(), expected);
            assert_eq!(count(text), expected.len());
        }
        assert_eq!(offset_of("né😀x", 2), 3);
        assert_eq!(offset_of("né", 9), 3);
    }
}
