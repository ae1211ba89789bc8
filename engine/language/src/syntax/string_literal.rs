//! Literal text: escapes, and strings in which no template sequence may stand.

use std::borrow::Cow;

use super::parser::Parser;
use super::token::{Token, TokenKind};
use super::tree::Identifier;

const BAD_ESCAPE: &str = "Invalid escape sequence";
const BAD_LITERAL: &str = "Invalid string literal";

impl<'a> Parser<'a> {
    /// Returns what a token of literal text means.
    pub(super) fn literal_text(&mut self, token: Token) -> Cow<'a, str> {
        let text = token.text(self.text);
        if text.starts_with("$${") || text.starts_with("%%{") {
            // Nothing but a line end can follow in the same token.
            return Cow::Borrowed(&text[1..]);
        }
        if token.kind == TokenKind::QuotedText && text.contains('\\') {
            return Cow::Owned(self.unescape(token, text));
        }
        Cow::Borrowed(text)
    }

    fn unescape(&mut self, token: Token, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(index) = rest.find('\\') {
            result.push_str(&rest[..index]);
            let escape = &rest[index..];
            let start = token.start + (text.len() - escape.len()) as u32;
            let length = self.unescape_one(escape, start, &mut result);
            rest = &escape[length..];
        }
        result.push_str(rest);
        result
    }

    /// Adds what the escape at the start of `text` means; returns how many bytes it takes up.
    fn unescape_one(&mut self, text: &str, start: u32, result: &mut String) -> usize {
        let Some(selector) = text[1..].chars().next() else {
            let detail = "Backslash must be followed by an escape sequence selector character.";
            self.report(BAD_ESCAPE, detail, self.span(start, start + 1), None);
            return 1;
        };
        match selector {
            'n' => result.push('\n'),
            'r' => result.push('\r'),
            't' => result.push('\t'),
            '"' => result.push('"'),
            '\\' => result.push('\\'),
            'u' => return self.unescape_code_point(text, 4, start, result),
            'U' => return self.unescape_code_point(text, 8, start, result),
            _ => {
                let length = 1 + selector.len_utf8();
                let symbol = selector.to_string();
                let detail = format!("The symbol {symbol:?} is not a valid escape sequence selector.");
                self.report(BAD_ESCAPE, detail, self.span(start, start + length as u32), None);
                result.push(selector);
                return length;
            }
        }
        2
    }

    fn unescape_code_point(&mut self, text: &str, digits: usize, start: u32, result: &mut String) -> usize {
        let hex = text[2..].bytes().take(digits).take_while(u8::is_ascii_hexdigit).count();
        let length = 2 + hex;
        let subject = self.span(start, start + length as u32);
        if hex < digits {
            let detail = if digits == 4 {
                "The \\u escape sequence must be followed by four hexadecimal digits."
            } else {
                "The \\U escape sequence must be followed by eight hexadecimal digits."
            };
            self.report(BAD_ESCAPE, detail, subject, None);
            return length;
        }
        // At most eight hexadecimal digits always fit.
        let code = u32::from_str_radix(&text[2..length], 16).unwrap_or(u32::MAX);
        match char::from_u32(code) {
            Some(character) => result.push(character),
            None => {
                let detail = format!("Cannot encode character U+{code:04x} in UTF-8.");
                self.report(BAD_ESCAPE, detail, subject, None);
            }
        }
        length
    }

    /// Parses a quoted string without template sequences, such as a label.
    pub(super) fn parse_quoted_literal(&mut self) -> Identifier {
        let open = self.read();
        let mut text = String::new();
        let end = loop {
            let token = self.read();
            let context = Some(self.between(open, token));
            match token.kind {
                TokenKind::CloseQuote => break token,
                TokenKind::QuotedText => text.push_str(&self.literal_text(token)),
                TokenKind::OpenInterpolation | TokenKind::OpenDirective => {
                    let marker = if token.kind == TokenKind::OpenInterpolation { '$' } else { '%' };
                    let detail = format!(
                        "Template sequences are not allowed in this string. To include a literal \
                         \"{marker}\", double it (as \"{marker}{marker}\") to escape it."
                    );
                    self.report(BAD_LITERAL, detail, self.token_span(token), context);
                    self.recover(TokenKind::CloseSequence);
                }
                TokenKind::End => {
                    self.report(
                        "Unterminated string literal",
                        "Unable to find the closing quote mark before the end of the file.",
                        self.token_span(token),
                        context,
                    );
                    break token;
                }
                _ => {
                    let detail = "This item is not valid in a string literal.";
                    self.report(BAD_LITERAL, detail, self.token_span(token), context);
                    self.recover(TokenKind::CloseQuote);
                    break token;
                }
            }
        };
        Identifier { name: super::identifiers::normalize(&text), span: self.between(open, end) }
    }
}
