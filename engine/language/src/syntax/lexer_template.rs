//! The parts of the lexer that read literal text: quoted templates, heredocs and bare templates.

use super::lexer::{Lexer, Mode, newline_length};
use super::token::TokenKind;

/// What a `$` or `%` in a template is.
enum Marker {
    /// The start of an interpolation or directive.
    Sequence,
    /// Doubled in front of a brace, to mean itself; with the length of all that is escaped.
    Escape(usize),
    /// Text like any other.
    Text,
}

impl Lexer<'_> {
    /// Reads one token of a quoted template.
    pub(super) fn quoted_template(&mut self) {
        match self.byte_at(0) {
            b'"' => {
                self.modes.pop();
                self.push(TokenKind::CloseQuote, 1);
            }
            b'\r' | b'\n' => {
                let rest = &self.bytes[self.position..];
                let length = rest.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
                self.push(TokenKind::QuotedNewline, length.unwrap_or(rest.len()));
            }
            _ => match self.quoted_text_length() {
                0 => self.no_quoted_text(),
                length => self.push(TokenKind::QuotedText, length),
            },
        }
    }

    /// Measures text up to something special, jumping over escapes.
    fn quoted_text_length(&self) -> usize {
        let rest = &self.bytes[self.position..];
        let mut index = 0;
        while let Some(&byte) = rest.get(index) {
            match byte {
                b'"' | b'\r' | b'\n' => break,
                b'\\' => match rest.get(index + 1) {
                    None | Some(b'\r' | b'\n') => break,
                    // Of a longer character this jumps over the first byte; the others follow as text.
                    Some(_) => index += 2,
                },
                b'$' | b'%' if !matches!(self.marker_at(index), Marker::Text) => break,
                _ => index += 1,
            }
        }
        index
    }

    /// Reads what stands in a quoted template where no text does: a marker, or a backslash that escapes
    /// nothing.
    fn no_quoted_text(&mut self) {
        match self.byte_at(0) {
            b'$' | b'%' => match self.marker_at(0) {
                Marker::Sequence => self.sequence_start(),
                Marker::Escape(length) => self.push(TokenKind::QuotedText, length),
                Marker::Text => self.push(TokenKind::QuotedText, 1),
            },
            _ => self.push(TokenKind::Invalid, 1),
        }
    }

    /// Reads one token of a heredoc.
    pub(super) fn heredoc_template(&mut self) {
        let Some(length) = self.sequence_or_text() else { return };
        let newline = newline_length(&self.bytes[self.position + length..]);
        if newline == 0 {
            if length == 0 {
                // A carriage return that ends no line cannot be read: the rest is of no use.
                return self.push(TokenKind::Invalid, self.bytes.len() - self.position);
            }
            self.set_at_line_start(false);
            return self.push(TokenKind::PlainText, length);
        }
        if self.is_end_word(length) {
            self.modes.pop();
            self.push(TokenKind::CloseHeredoc, length);
            return self.push(TokenKind::Newline, newline);
        }
        self.set_at_line_start(true);
        self.push(TokenKind::PlainText, length + newline);
    }

    /// Tells whether the line at the position, `length` bytes long, holds nothing but the end word.
    fn is_end_word(&self, length: usize) -> bool {
        let Some(&Mode::HeredocTemplate { word_start, word_end, at_line_start: true }) = self.modes.last()
        else {
            return false;
        };
        let line = &self.text[self.position..self.position + length];
        line.trim() == &self.text[word_start..word_end]
    }

    fn set_at_line_start(&mut self, value: bool) {
        if let Some(Mode::HeredocTemplate { at_line_start, .. }) = self.modes.last_mut() {
            *at_line_start = value;
        }
    }

    /// Reads one token of a bare template.
    pub(super) fn bare_template(&mut self) {
        let Some(length) = self.sequence_or_text() else { return };
        let newline = newline_length(&self.bytes[self.position + length..]);
        // A carriage return that ends no line makes all that follows literal, as in Terraform.
        let length = if length + newline == 0 { self.bytes.len() - self.position } else { length + newline };
        self.push(TokenKind::PlainText, length);
    }

    /// Reads the start of a sequence, or a piece of text behind which no line end may be taken along.
    /// Otherwise reads nothing and returns the length of the text in front of the next line end or marker.
    fn sequence_or_text(&mut self) -> Option<usize> {
        if !matches!(self.byte_at(0), b'$' | b'%') {
            return Some(self.plain_text_length());
        }
        match self.marker_at(0) {
            Marker::Sequence => self.sequence_start(),
            Marker::Escape(length) => return Some(length),
            Marker::Text if self.is_last_but_one_at(0) => {
                self.set_at_line_start(false);
                self.push(TokenKind::PlainText, 2);
            }
            Marker::Text => return Some(self.plain_text_length()),
        }
        None
    }

    /// Measures text up to a line end or something special.
    fn plain_text_length(&self) -> usize {
        let rest = &self.bytes[self.position..];
        let mut index = 0;
        while let Some(length) =
            rest[index..].iter().position(|byte| matches!(byte, b'$' | b'%' | b'\r' | b'\n'))
        {
            index += length;
            let is_text = matches!(rest[index], b'$' | b'%')
                && matches!(self.marker_at(index), Marker::Text)
                && !self.is_last_but_one_at(index);
            if !is_text {
                return index;
            }
            index += 1;
        }
        rest.len()
    }

    /// Tells whether only one character stands between a marker and the end of its line. Terraform takes
    /// the two for a piece of text of their own, which strip marks on the next line let one see.
    fn is_last_but_one_at(&self, distance: usize) -> bool {
        self.byte_at(distance + 1).is_ascii() && matches!(self.byte_at(distance + 2), b'\r' | b'\n')
    }

    /// Tells what the `$` or `%` at a distance from the position is.
    fn marker_at(&self, distance: usize) -> Marker {
        let marker = self.byte_at(distance);
        if self.byte_at(distance + 1) == b'{' {
            return Marker::Sequence;
        }
        if self.byte_at(distance + 1) != marker || self.byte_at(distance + 2) != b'{' {
            return Marker::Text;
        }
        Marker::Escape(if self.byte_at(distance + 3) == b'~' { 4 } else { 3 })
    }

    /// Reads `${` or `%{`, with a strip mark if there is one.
    fn sequence_start(&mut self) {
        let is_interpolation = self.byte_at(0) == b'$';
        let kind = if is_interpolation { TokenKind::OpenInterpolation } else { TokenKind::OpenDirective };
        self.set_at_line_start(false);
        self.push(kind, if self.byte_at(2) == b'~' { 3 } else { 2 });
        self.modes.push(Mode::Code { sequence: true, braces: 0 });
    }
}
