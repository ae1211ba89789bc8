//! Indentation, and the columns in which equals signs and comments stand.

use std::ops::Range;

use super::format::{FormatToken, Texts};
use super::format_spacing::needs_space;
use super::graphemes::count_graphemes;
use super::token::TokenKind;

/// Sets the blanks in front of all tokens.
pub(super) fn lay_out(tokens: &mut [FormatToken], texts: &Texts<'_>) {
    let lines = split_lines(tokens, texts);
    indent(tokens, &lines);
    space(tokens, &lines, texts);
    align(tokens, texts, &lines, |line| Column { cell: line.assignment.clone(), before: line.lead.clone() });
    align(tokens, texts, &lines, |line| Column {
        cell: line.comment.clone(),
        before: line.lead.start..line.assignment.end,
    });
}

/// A line, cut into up to three cells. A heredoc is part of the line on which it starts.
struct Line {
    /// All that is in no other cell.
    lead: Range<usize>,
    /// From the equals sign on, where the value is complete on this line.
    assignment: Range<usize>,
    /// A comment up to the end of the line, behind something else.
    comment: Range<usize>,
}

fn split_lines(tokens: &[FormatToken], texts: &Texts<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (index, &token) in tokens.iter().enumerate() {
        if token.kind == TokenKind::End {
            break;
        }
        let ends_line = match token.kind {
            TokenKind::Newline => true,
            TokenKind::Comment => texts.text(token).ends_with('\n'),
            _ => false,
        };
        if ends_line {
            lines.push(split_cells(tokens, start..index + 1));
            start = index + 1;
        }
    }
    let end = tokens.len().saturating_sub(1);
    if start < end {
        lines.push(split_cells(tokens, start..end));
    }
    lines
}

fn split_cells(tokens: &[FormatToken], line: Range<usize>) -> Line {
    let mut lead = line;
    let mut comment = lead.end..lead.end;
    if lead.len() > 1 && tokens[lead.end - 1].kind == TokenKind::Comment {
        comment.start -= 1;
        lead.end -= 1;
    }
    let equals = tokens[lead.clone()].iter().skip(1).position(|token| token.kind == TokenKind::Equal);
    let mut assignment = lead.end..lead.end;
    if let Some(equals) = equals.map(|index| lead.start + 1 + index) {
        // Brackets that stay open say that the value goes on on the next line.
        let change: i32 = tokens[equals..lead.end].iter().map(|token| token.kind.bracket_change()).sum();
        if change == 0 {
            assignment.start = equals;
            lead.end = equals;
        }
    }
    Line { lead, assignment, comment }
}

/// Sets the blanks in front of each line: two for each line further up that left brackets open.
fn indent(tokens: &mut [FormatToken], lines: &[Line]) {
    // How many brackets each of those lines opened.
    let mut open: Vec<u32> = Vec::new();
    for line in lines {
        if tokens[line.lead.start].kind == TokenKind::Newline {
            tokens[line.lead.start].spaces = 0;
            continue;
        }
        let change = bracket_change(tokens, line);
        let before = open.len();
        if change > 0 {
            open.push(change.unsigned_abs());
        } else {
            close_brackets(&mut open, change.unsigned_abs());
        }
        tokens[line.lead.start].spaces = 2 * before.min(open.len()) as u32;
    }
}

fn bracket_change(tokens: &[FormatToken], line: &Line) -> i32 {
    let mut change = 0;
    for token in &tokens[line.lead.clone()] {
        change += token.kind.bracket_change();
        // What stands behind a heredoc is on another line.
        if token.kind == TokenKind::OpenHeredoc {
            break;
        }
    }
    change + tokens[line.assignment.clone()].iter().map(|token| token.kind.bracket_change()).sum::<i32>()
}

fn close_brackets(open: &mut Vec<u32>, mut closed: u32) {
    while closed > 0
        && let Some(last) = open.last_mut()
    {
        if *last > closed {
            *last -= closed;
            return;
        }
        closed -= *last;
        open.pop();
    }
}

/// Sets the blanks between the tokens of each cell.
fn space(tokens: &mut [FormatToken], lines: &[Line], texts: &Texts<'_>) {
    for line in lines {
        space_cell(tokens, line.lead.clone(), texts);
        if !line.assignment.is_empty() {
            tokens[line.assignment.start].spaces = 1;
            space_cell(tokens, line.assignment.clone(), texts);
        }
    }
}

fn space_cell(tokens: &mut [FormatToken], cell: Range<usize>, texts: &Texts<'_>) {
    for index in cell.start + 1..cell.end {
        let before = if index >= cell.start + 2 { Some(tokens[index - 2].kind) } else { None };
        let subject = tokens[index - 1];
        tokens[index].spaces = u32::from(needs_space(before, subject, tokens[index].kind, texts));
    }
}

/// A cell that is aligned with those of neighbouring lines, and what stands in front of it.
struct Column {
    cell: Range<usize>,
    before: Range<usize>,
}

/// Sets the blanks in front of a cell such that it starts in the same column on neighbouring lines.
fn align(tokens: &mut [FormatToken], texts: &Texts<'_>, lines: &[Line], column_of: impl Fn(&Line) -> Column) {
    for neighbours in lines.split(|line| column_of(line).cell.is_empty()) {
        let widths: Vec<u32> =
            neighbours.iter().map(|line| width(&tokens[column_of(line).before], texts)).collect();
        let widest = widths.iter().copied().max().unwrap_or(0);
        for (line, width) in neighbours.iter().zip(widths) {
            tokens[column_of(line).cell.start].spaces = widest - width + 1;
        }
    }
}

/// Returns how many characters tokens take up with the blanks in front of them.
fn width(tokens: &[FormatToken], texts: &Texts<'_>) -> u32 {
    tokens.iter().map(|&token| token.spaces + count_graphemes(texts.text(token)) as u32).sum()
}
