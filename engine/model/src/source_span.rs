//! Places in source text: files, byte ranges, and the line and column that people count in.
//!
//! A [`Span`] is small and copyable; it means something only together with the [`SourceMap`] that
//! handed out its [`FileId`].

use std::sync::{Arc, OnceLock};

use unicode_segmentation::UnicodeSegmentation;

/// Identifies a file of one [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file that the range lies in.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte; equal to `start` for an empty range.
    pub end: u32,
}

impl Span {
    /// Makes the span of the bytes from `start` up to, not including, `end`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end) }
    }

    /// Returns the smallest span that covers both; they must lie in the same file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Returns the empty span in front of this one.
    #[must_use]
    pub fn at_start(self) -> Self {
        Self { end: self.start, ..self }
    }

    /// Returns the empty span behind this one.
    #[must_use]
    pub fn at_end(self) -> Self {
        Self { start: self.end, ..self }
    }

    /// Returns the number of bytes covered.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Tells whether no byte is covered.
    pub fn is_empty(self) -> bool {
        self.end == self.start
    }
}

/// A place as people count: lines and columns start at 1, columns are grapheme clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Grapheme cluster within the line, from 1.
    pub column: usize,
    /// Byte offset within the file, from 0.
    pub byte: usize,
}

/// A file that was read: its path as shown to users, and its text.
#[derive(Debug)]
pub struct SourceFile {
    path: String,
    text: Arc<str>,
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// Returns the path as it is shown in messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Returns line and column of a byte offset; an offset behind the end means the end.
    pub fn position(&self, offset: u32) -> Position {
        let byte = floor_char_boundary(&self.text, offset as usize);
        let line_index = self.line_starts().partition_point(|&start| start as usize <= byte) - 1;
        let line_start = self.line_starts()[line_index] as usize;
        let before = &self.text[line_start..byte];
        Position { line: line_index + 1, column: count_clusters(before) + 1, byte }
    }

    /// Returns the text of a line (from 1) without its line end, or nothing behind the last line.
    pub fn line(&self, line: usize) -> Option<&str> {
        let start = *self.line_starts().get(line.checked_sub(1)?)? as usize;
        let end = self.line_starts().get(line).map_or(self.text.len(), |&next| next as usize);
        Some(self.text[start..end].trim_end_matches(['\n', '\r']))
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(offset, _)| (offset + 1) as u32)).collect()
        })
    }
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// All files that spans may point into.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<Arc<SourceFile>>,
}

impl SourceMap {
    /// Makes an empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and returns its identity; the same path may be added more than once.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 source files"));
        let file = SourceFile { path: path.into(), text: text.into(), line_starts: OnceLock::new() };
        self.files.push(Arc::new(file));
        id
    }

    /// Returns a file, or nothing when the id comes from another map.
    pub fn file(&self, id: FileId) -> Option<&Arc<SourceFile>> {
        self.files.get(id.0 as usize)
    }

    /// Returns the files in the order in which they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &Arc<SourceFile>)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index as u32), file))
    }

    /// Returns the text under a span, or an empty text when it lies outside of its file.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or_default()
    }

    /// Returns a span as messages name it: `main.tf:3,1-12`.
    pub fn describe(&self, span: Span) -> String {
        let Some((file, start, end)) = self.range(span) else { return String::new() };
        let line = if start.line == end.line { String::new() } else { format!("{},", end.line) };
        format!("{}:{},{}-{line}{}", file.path(), start.line, start.column, end.column)
    }

    /// Returns where a span starts and ends, with the file it lies in.
    pub fn range(&self, span: Span) -> Option<(&SourceFile, Position, Position)> {
        let file = self.file(span.file)?;
        Some((file, file.position(span.start), file.position(span.end)))
    }
}

/// Counts the grapheme clusters of a part of a line. Some files are one long line, in which much may be wrong: only what lies
/// next to a character that is not ASCII is looked at closely, for between two that are there is always a boundary.
fn count_clusters(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ends_piece = |at: usize| match bytes.get(at..at + 2) {
        Some(pair) => pair.is_ascii() && pair != b"\r\n",
        None => true,
    };
    let (mut count, mut start) = (0, 0);
    for at in (0..bytes.len()).filter(|at| ends_piece(*at)) {
        count += if at == start { 1 } else { text[start..=at].graphemes(true).count() };
        start = at + 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_grapheme_clusters() {
        let mut map = SourceMap::new();
        let id = map.add("main.tf", "a = 1\nb = \"e\u{301}\" # c\n");
        let file = map.file(id).unwrap();
        assert_eq!(file.position(0), Position { line: 1, column: 1, byte: 0 });
        assert_eq!(file.position(6), Position { line: 2, column: 1, byte: 6 });
        let comment = file.text().find('#').unwrap() as u32;
        assert_eq!(file.position(comment).column, 9);
        assert_eq!(file.line(2), Some("b = \"e\u{301}\" # c"));
        assert_eq!(file.line(3), Some(""));
        assert_eq!(file.line(4), None);
    }

    #[test]
    fn offsets_outside_the_text_or_inside_a_character_are_clamped() {
        let mut map = SourceMap::new();
        let id = map.add("main.tf", "é");
        let file = map.file(id).unwrap();
        assert_eq!(file.position(1).byte, 0);
        assert_eq!(file.position(99).byte, 2);
        assert_eq!(map.text(Span::new(id, 1, 99)), "");
    }

    #[test]
    fn clusters_are_counted_piece_by_piece() {
        let alphabet = [
            "a", "\r", "\n", "\u{301}", "é", "\u{600}", "🇩", "🇪", "👩", "\u{200d}", "가", "\u{1100}", "क",
            "\u{94d}", " ",
        ];
        let mut random = 1_u32;
        for length in 0..400 {
            let text: String = (0..length % 40)
                .map(|_| {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    alphabet[(random >> 16) as usize % alphabet.len()]
                })
                .collect();
            assert_eq!(count_clusters(&text), text.graphemes(true).count(), "{text:?}");
        }
    }
}
