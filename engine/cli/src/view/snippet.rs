//! The lines of source that a message is about.

use terrane_language::syntax::parse_file;
use terrane_model::{Diagnostic, Position, SourceFile, SourceMap};

/// What is shown of the source for one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Whole lines.
    pub code: String,
    /// The number of the first line.
    pub start_line: usize,
    /// Offset within `code` of the first underlined byte.
    pub highlight_start: usize,
    /// Offset within `code` behind the last underlined byte.
    pub highlight_end: usize,
    /// The header of the outermost block around it, such as `resource "a" "b"`.
    pub context: Option<String>,
}

/// Where a message's subject lies.
pub struct Place<'s> {
    /// The file.
    pub file: &'s SourceFile,
    /// First byte.
    pub start: Position,
    /// Behind the last byte; at least one character is covered where there is one.
    pub end: Position,
}

/// Finds where a message's subject lies.
pub fn place<'s>(diagnostic: &Diagnostic, sources: &'s SourceMap) -> Option<Place<'s>> {
    let subject = diagnostic.subject?;
    let file = sources.file(subject.file)?;
    let start = file.position(subject.start);
    let mut end = file.position(subject.end);
    if subject.is_empty() {
        // An empty range still shows something: the next character, where the line has one.
        let next = file.text()[start.byte..].chars().next().map_or(0, char::len_utf8);
        end = Position { byte: start.byte + next, column: start.column + 1, line: start.line };
    }
    Some(Place { file, start, end })
}

/// Cuts the lines out of the source.
pub fn snippet(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<Snippet> {
    let place = place(diagnostic, sources)?;
    let subject = diagnostic.subject?;
    let context = diagnostic.context.filter(|context| context.file == subject.file);
    let (first, last) = match context {
        Some(context) => {
            let (start, end) = (place.file.position(context.start), place.file.position(context.end));
            (start.line.min(place.start.line), end.line.max(place.end.line))
        }
        None => (place.start.line, place.end.line),
    };
    let mut code = String::new();
    let mut code_start = None;
    for line in first..=last {
        let Some(text) = place.file.line(line) else { break };
        if line > first {
            code.push('\n');
        }
        code_start.get_or_insert(text.as_ptr() as usize - place.file.text().as_ptr() as usize);
        code.push_str(text);
    }
    let code_start = code_start?;
    let clamp = |byte: usize| floor(&code, byte.saturating_sub(code_start).min(code.len()));
    let (highlight_start, highlight_end) = (clamp(place.start.byte), clamp(place.end.byte));
    // A message about a header as a whole is not about something inside of the block.
    let before = (subject.start as usize).checked_sub(1);
    let context = before.and_then(|before| block_header(place.file, before, subject.file));
    Some(Snippet {
        highlight_start,
        highlight_end: highlight_end.max(highlight_start),
        code,
        start_line: first,
        context,
    })
}

fn floor(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Returns the header of the outermost block around an offset. Parsing again is cheap next to what an error
/// costs its reader.
fn block_header(file: &SourceFile, offset: usize, id: terrane_model::FileId) -> Option<String> {
    if file.path().ends_with(".json") {
        return None;
    }
    let (body, _) = parse_file(id, file.text());
    let block = body.blocks.iter().find(|block| {
        let end = if block.close_brace.is_empty() { block.body.span.end } else { block.close_brace.end };
        (block.header.start as usize..end as usize).contains(&offset)
    })?;
    let mut header = block.block_type.name.to_string();
    for label in &block.labels {
        header.push_str(&format!(" {:?}", label.name.as_str()));
    }
    Some(header)
}
