//! The parts of the lexer that read literal text: quoted templates, heredocs and bare templates.

use super::lexer::{Lexer, Mode, newline_length};
use super::token::TokenKind;

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
            b'$' | b'%' => {
                if !self.sequence_start() {
                    let length = self.lone_marker_length();
                    self.push(TokenKind::QuotedText, length);
                }
            }
            _ => match self.quoted_text_length() {
                0 => self.push(TokenKind::Invalid, 1),
                length => self.push(TokenKind::QuotedText, length),
            },
        }
    }

    /// Measures text up to something special, jumping over escapes; zero at a backslash that escapes
    /// nothing.
    fn quoted_text_length(&self) -> usize {
        let rest = &self.bytes[self.position..];
        let mut index = 0;
        while let Some(&byte) = rest.get(index) {
            match byte {
                b'"' | b'$' | b'%' | b'\r' | b'\n' => break,
                b'\\' => match rest.get(index + 1) {
                    None | Some(b'\r' | b'\n') => break,
                    // Of a longer character this jumps over the first byte; the others follow as text.
                    Some(_) => index += 2,
                },
                _ => index += 1,
            }
        }
        index
    }

    /// Reads one token of a heredoc.
    pub(super) fn heredoc_template(&mut self) {
        let Some(length) = self.marker_or_text() else { return };
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

    /// Reads a token that starts with a `$` or `%` and cannot end a line, if there is one. Otherwise
    /// returns the length of the text that may be followed by a line end.
    fn marker_or_text(&mut self) -> Option<usize> {
        if !matches!(self.byte_at(0), b'$' | b'%') {
            return Some(self.plain_text_length());
        }
        if self.sequence_start() {
            return None;
        }
        if self.byte_at(1) == self.byte_at(0) && self.byte_at(2) == b'{' {
            return Some(self.lone_marker_length());
        }
        self.set_at_line_start(false);
        self.push(TokenKind::PlainText, self.lone_marker_in_line_length());
        None
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
        let Some(length) = self.marker_or_text() else { return };
        let newline = newline_length(&self.bytes[self.position + length..]);
        // A carriage return that ends no line makes all that follows literal, as in Terraform.
        let length = if length + newline == 0 { self.bytes.len() - self.position } else { length + newline };
        self.push(TokenKind::PlainText, length);
    }

    /// Measures text up to a line end or a character that may start a sequence.
    fn plain_text_length(&self) -> usize {
        let rest = &self.bytes[self.position..];
        rest.iter().position(|byte| matches!(byte, b'$' | b'%' | b'\r' | b'\n')).unwrap_or(rest.len())
    }

    /// Reads `${` or `%{`, with a strip mark if there is one; otherwise reads nothing.
    fn sequence_start(&mut self) -> bool {
        if self.byte_at(1) != b'{' {
            return false;
        }
        let is_interpolation = self.byte_at(0) == b'$';
        let kind = if is_interpolation { TokenKind::OpenInterpolation } else { TokenKind::OpenDirective };
        self.set_at_line_start(false);
        self.push(kind, if self.byte_at(2) == b'~' { 3 } else { 2 });
        self.modes.push(Mode::Code { sequence: true, braces: 0 });
        true
    }

    /// Measures a single `$` or `%` where text may go on over several lines. Terraform takes one more
    /// character if the line ends behind it, which strip marks let one see.
    fn lone_marker_in_line_length(&self) -> usize {
        let goes_on = self.byte_at(1).is_ascii() && self.byte_at(1) != b'{';
        if goes_on && matches!(self.byte_at(2), b'\r' | b'\n') { 2 } else { 1 }
    }

    /// Measures a `$` or `%` that starts no sequence: alone, or doubled to escape one.
    fn lone_marker_length(&self) -> usize {
        if self.byte_at(1) != self.byte_at(0) || self.byte_at(2) != b'{' {
            return 1;
        }
        if self.byte_at(3) == b'~' { 4 } else { 3 }
    }
}
