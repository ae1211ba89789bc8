//! The indentation of `<<-` heredocs.

use super::graphemes::{count_graphemes, graphemes};
use super::parse_template::Piece;

/// Takes away from each line as much leading white space as the least indented line has.
///
/// Only what is written counts, not what interpolations result in. A blank line does not count. White
/// space is counted in characters, a tab being one.
pub(super) fn strip_indentation(pieces: &mut [Piece<'_>]) {
    let common = match common_indentation(pieces) {
        None | Some(0) => return,
        Some(common) => common,
    };
    let mut at_line_start = true;
    for piece in pieces {
        let Piece::Text(text) = piece else {
            at_line_start = false;
            continue;
        };
        let ends_line = text.as_str().ends_with('\n');
        let mut stripped = String::with_capacity(text.as_str().len());
        let mut first_length = 0;
        for (index, line) in text.as_str().split_inclusive('\n').enumerate() {
            let is_stripped = (index > 0 || at_line_start) && !is_blank_line(line);
            let length = if is_stripped { length_of_graphemes(line, common) } else { 0 };
            stripped.push_str(&line[length..]);
            if index == 0 {
                first_length = length as u32;
            }
        }
        text.span.start = (text.span.start + first_length).min(text.span.end);
        text.replace(stripped);
        at_line_start = ends_line;
    }
}

/// Returns the smallest indentation of all lines that count, or nothing when none does.
fn common_indentation(pieces: &[Piece<'_>]) -> Option<usize> {
    let mut common: Option<usize> = None;
    let mut at_line_start = true;
    let mut count = |line: &str| {
        let indentation = &line[..line.len() - line.trim_start().len()];
        let width = count_graphemes(indentation);
        common = Some(common.map_or(width, |common| common.min(width)));
    };
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                for (index, line) in text.as_str().split_inclusive('\n').enumerate() {
                    if (index > 0 || at_line_start) && !is_blank_line(line) {
                        count(line);
                    }
                }
                at_line_start = text.as_str().ends_with('\n') || (at_line_start && text.as_str().is_empty());
            }
            _ => {
                // A line that starts with a sequence is not indented.
                if at_line_start {
                    count("");
                }
                at_line_start = false;
            }
        }
    }
    common
}

fn is_blank_line(line: &str) -> bool {
    line.ends_with('\n') && line.trim_start().is_empty()
}

/// Returns how many bytes the first characters of a text take up.
fn length_of_graphemes(text: &str, count: usize) -> usize {
    graphemes(text).take(count).map(str::len).sum()
}
