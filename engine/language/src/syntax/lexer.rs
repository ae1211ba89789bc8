//! Cuts a text into tokens. Every text can be cut: what makes no sense becomes a token that says so.
//!
//! The lexer knows where it is inside templates, because the same characters mean other things there. It
//! keeps a stack of modes on the heap, so nesting costs no call stack.

use super::identifiers::{is_identifier_continue, is_identifier_start};
use super::token::{Token, TokenKind};

/// Cuts the text of a configuration file or of an expression into tokens.
///
/// A byte order mark at the start is skipped. The last token is always [`TokenKind::End`].
pub fn lex(text: &str) -> Vec<Token> {
    Lexer::new(text, Mode::Code { sequence: false, braces: 0 }).run()
}

/// Cuts a bare template, which is text without quotes around it, into tokens.
///
/// A byte order mark at the start is skipped. The last token is always [`TokenKind::End`].
pub fn lex_template(text: &str) -> Vec<Token> {
    Lexer::new(text, Mode::BareTemplate).run()
}

/// What the lexer is inside of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    /// Everything outside of literal text.
    Code {
        /// Whether this is the inside of an interpolation or directive.
        sequence: bool,
        /// Braces opened and not yet closed.
        braces: u32,
    },
    QuotedTemplate,
    HeredocTemplate {
        /// Start of the end word's first appearance.
        word_start: usize,
        /// End of the end word's first appearance.
        word_end: usize,
        /// Whether nothing of the current line was read yet.
        at_line_start: bool,
    },
    BareTemplate,
}

pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) position: usize,
    pub(super) tokens: Vec<Token>,
    /// The innermost mode is the last; never empty.
    pub(super) modes: Vec<Mode>,
    /// Set once a search for the end of a block comment has failed: none can succeed behind that.
    no_comment_end: bool,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, mode: Mode) -> Self {
        let position = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self {
            text,
            bytes: text.as_bytes(),
            position,
            tokens: Vec::with_capacity(text.len() / 5 + 1),
            modes: vec![mode],
            no_comment_end: false,
        }
    }

    fn run(mut self) -> Vec<Token> {
        while self.position < self.bytes.len() {
            match self.modes.last().copied() {
                Some(Mode::QuotedTemplate) => self.quoted_template(),
                Some(Mode::HeredocTemplate { .. }) => self.heredoc_template(),
                Some(Mode::BareTemplate) => self.bare_template(),
                Some(Mode::Code { .. }) | None => self.code(),
            }
        }
        self.push(TokenKind::End, 0);
        self.tokens
    }

    /// Adds a token of the given length in bytes and moves behind it.
    pub(super) fn push(&mut self, kind: TokenKind, length: usize) {
        let start = self.position as u32;
        self.position += length;
        self.tokens.push(Token { kind, start, end: self.position as u32 });
    }

    /// Returns the byte at a distance from the position; zero behind the end.
    pub(super) fn byte_at(&self, distance: usize) -> u8 {
        self.bytes.get(self.position + distance).copied().unwrap_or(0)
    }

    /// Returns the character at the position; the position must not be at the end.
    pub(super) fn character(&self) -> char {
        self.text[self.position..].chars().next().unwrap_or('\0')
    }

    fn code(&mut self) {
        let first = self.byte_at(0);
        let second = self.byte_at(1);
        match first {
            b' ' | b'\t' => self.position += 1,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.identifier(),
            b'0'..=b'9' => self.push(TokenKind::Number, number_length(&self.bytes[self.position..])),
            b'\n' => self.push(TokenKind::Newline, 1),
            b'\r' if second == b'\n' => self.push(TokenKind::Newline, 2),
            b'"' => {
                self.push(TokenKind::OpenQuote, 1);
                self.modes.push(Mode::QuotedTemplate);
            }
            b'{' | b'}' => self.brace(first),
            b'~' if second == b'}' => self.trimming_close(),
            b'#' => self.line_comment(),
            b'/' if second == b'/' => self.line_comment(),
            b'/' if second == b'*' => self.block_comment(),
            b'<' if second == b'<' && self.heredoc_start() => {}
            0x80.. if is_identifier_start(self.character()) => self.identifier(),
            0x80.. => self.push(TokenKind::Invalid, self.character().len_utf8()),
            _ => self.symbol(first, second),
        }
    }

    fn symbol(&mut self, first: u8, second: u8) {
        let (kind, length) = match (first, second) {
            (b'=', b'=') => (TokenKind::EqualEqual, 2),
            (b'=', b'>') => (TokenKind::FatArrow, 2),
            (b'!', b'=') => (TokenKind::NotEqual, 2),
            (b'<', b'=') => (TokenKind::LessOrEqual, 2),
            (b'>', b'=') => (TokenKind::GreaterOrEqual, 2),
            (b'&', b'&') => (TokenKind::And, 2),
            (b'|', b'|') => (TokenKind::Or, 2),
            (b':', b':') => (TokenKind::DoubleColon, 2),
            (b'.', b'.') if self.byte_at(2) == b'.' => (TokenKind::Ellipsis, 3),
            (b'=', _) => (TokenKind::Equal, 1),
            (b'.', _) => (TokenKind::Dot, 1),
            (b',', _) => (TokenKind::Comma, 1),
            (b'[', _) => (TokenKind::OpenBracket, 1),
            (b']', _) => (TokenKind::CloseBracket, 1),
            (b'(', _) => (TokenKind::OpenParenthesis, 1),
            (b')', _) => (TokenKind::CloseParenthesis, 1),
            (b'!', _) => (TokenKind::Not, 1),
            (b'<', _) => (TokenKind::Less, 1),
            (b'>', _) => (TokenKind::Greater, 1),
            (b':', _) => (TokenKind::Colon, 1),
            (b'?', _) => (TokenKind::Question, 1),
            (b'+', _) => (TokenKind::Plus, 1),
            (b'-', _) => (TokenKind::Minus, 1),
            (b'*', _) => (TokenKind::Star, 1),
            (b'/', _) => (TokenKind::Slash, 1),
            (b'%', _) => (TokenKind::Percent, 1),
            (b'&', _) => (TokenKind::BitAnd, 1),
            (b'|', _) => (TokenKind::BitOr, 1),
            (b'~', _) => (TokenKind::BitNot, 1),
            (b'^', _) => (TokenKind::BitXor, 1),
            (b';', _) => (TokenKind::Semicolon, 1),
            (b'`', _) => (TokenKind::Backtick, 1),
            (b'\'', _) => (TokenKind::Apostrophe, 1),
            _ => (TokenKind::Invalid, 1),
        };
        self.push(kind, length);
    }

    fn identifier(&mut self) {
        let rest = &self.bytes[self.position..];
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let mut length = rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
        if rest.get(length).is_some_and(|byte| !byte.is_ascii()) {
            let tail = &self.text[self.position + length..];
            length += tail.find(|character| !is_identifier_continue(character)).unwrap_or(tail.len());
        }
        self.push(TokenKind::Identifier, length);
    }

    fn brace(&mut self, byte: u8) {
        let Some(Mode::Code { sequence, braces }) = self.modes.last_mut() else {
            return self.push(TokenKind::Invalid, 1);
        };
        if byte == b'{' {
            *braces += 1;
            self.push(TokenKind::OpenBrace, 1);
        } else if *sequence && *braces == 0 {
            self.modes.pop();
            self.push(TokenKind::CloseSequence, 1);
        } else {
            *braces = braces.saturating_sub(1);
            self.push(TokenKind::CloseBrace, 1);
        }
    }

    /// Reads `~}`, which is always meant to end a sequence; where it cannot, the parser complains.
    fn trimming_close(&mut self) {
        if let Some(Mode::Code { sequence, braces }) = self.modes.last_mut() {
            if *sequence && *braces == 0 {
                self.modes.pop();
            } else {
                *braces = braces.saturating_sub(1);
            }
        }
        self.push(TokenKind::CloseSequence, 2);
    }

    fn line_comment(&mut self) {
        let rest = &self.bytes[self.position..];
        let length = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |index| index + 1);
        self.push(TokenKind::Comment, length);
    }

    /// Reads `/* ... */`. Without an end, the slash is an operator.
    fn block_comment(&mut self) {
        let inside = &self.text[self.position + 2..];
        let end = if self.no_comment_end { None } else { inside.find("*/") };
        match end {
            Some(index) => self.push(TokenKind::Comment, index + 4),
            None => {
                self.no_comment_end = true;
                self.push(TokenKind::Slash, 1);
            }
        }
    }

    /// Reads `<<NAME` or `<<-NAME` if it fills the rest of the line; otherwise reads nothing.
    fn heredoc_start(&mut self) -> bool {
        let word_start = self.position + if self.byte_at(2) == b'-' { 3 } else { 2 };
        let rest = &self.text[word_start..];
        if !rest.chars().next().is_some_and(is_identifier_start) {
            return false;
        }
        let word_length = rest.find(|character| !is_identifier_continue(character)).unwrap_or(rest.len());
        let newline = newline_length(&rest.as_bytes()[word_length..]);
        if newline == 0 {
            return false;
        }
        let word_end = word_start + word_length;
        self.push(TokenKind::OpenHeredoc, word_end + newline - self.position);
        self.modes.push(Mode::HeredocTemplate { word_start, word_end, at_line_start: true });
        true
    }
}

/// Returns the length of the line end at the start of `bytes`; zero when there is none.
pub(super) fn newline_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    }
}

/// Returns the length of the longest run that looks like a number: digits, points and exponents, ending
/// in a digit. The parser decides whether it is one.
fn number_length(bytes: &[u8]) -> usize {
    let mut length = 1;
    let mut index = 1;
    loop {
        match bytes.get(index) {
            Some(b'0'..=b'9') => {
                index += 1;
                length = index;
            }
            Some(b'.') => index += 1,
            Some(b'e' | b'E') => {
                let sign = usize::from(matches!(bytes.get(index + 1), Some(b'+' | b'-')));
                if !bytes.get(index + 1 + sign).is_some_and(u8::is_ascii_digit) {
                    return length;
                }
                index += sign + 2;
                length = index;
            }
            _ => return length,
        }
    }
}
