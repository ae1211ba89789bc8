//! The indentation of `<<-` heredocs.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::parse_template::Piece;

/// Takes away from each line as much leading white space as the least indented line has.
///
/// Only what is written counts, not what interpolations result in. A blank line does not count. White
/// space is counted in characters, a tab being one.
pub(super) fn strip_indentation(pieces: &mut [Piece<'_>]) {
    let Some(common) = common_indentation(pieces) else { return };
    if common == 0 {
        return;
    }
    let mut at_line_start = true;
    for piece in pieces {
        let Piece::Text { text, span } = piece else {
            at_line_start = false;
            continue;
        };
        let ends_line = text.ends_with('\n');
        if at_line_start && !is_blank_line(text) {
            let length = length_of_graphemes(text, common);
            span.start = (span.start + length as u32).min(span.end);
            match text {
                Cow::Borrowed(text) => *text = &text[length..],
                Cow::Owned(text) => drop(text.drain(..length)),
            }
        }
        at_line_start = ends_line;
    }
}

/// Returns the smallest indentation of all lines that count, or nothing when none does.
fn common_indentation(pieces: &[Piece<'_>]) -> Option<usize> {
    let mut common = None;
    let mut at_line_start = true;
    for piece in pieces {
        let text = if let Piece::Text { text, .. } = piece { text.as_ref() } else { "" };
        if std::mem::take(&mut at_line_start) && !is_blank_line(text) {
            let indentation = &text[..text.len() - text.trim_start().len()];
            let width =
                if indentation.is_ascii() { indentation.len() } else { indentation.graphemes(true).count() };
            common = Some(common.map_or(width, |common: usize| common.min(width)));
        }
        at_line_start = text.ends_with('\n');
    }
    common
}

fn is_blank_line(text: &str) -> bool {
    text.ends_with('\n') && text.trim_start().is_empty()
}

/// Returns how many bytes the first characters of a text take up.
fn length_of_graphemes(text: &str, count: usize) -> usize {
    text.grapheme_indices(true).nth(count).map_or(text.len(), |(index, _)| index)
}
