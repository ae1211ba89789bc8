//! The canonical layout of configuration files, byte for byte as `terraform fmt` makes it.
//!
//! Works on tokens: only blanks between them change, apart from a few outdated ways of writing
//! (`format_rewrite.rs`). Nothing is ever reordered or dropped but comments between block labels.

use terrane_model::{Diagnostics, FileId};

use super::format_layout::lay_out;
use super::format_rewrite::rewrite;
use super::lexer::lex;
use super::parse::parse_file;
use super::token::TokenKind;

/// Returns the text of a configuration file in canonical layout.
///
/// # Errors
///
/// Returns what is wrong with the text when it cannot be parsed: then no layout can be trusted.
pub fn format_source(file: FileId, text: &str) -> Result<String, Diagnostics> {
    let (body, diagnostics) = parse_file(file, text);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let mut texts = Texts { source: text, added: String::new() };
    let mut tokens = rewrite(&body, lex(text), &mut texts);
    drop(body);
    lay_out(&mut tokens, &texts);
    Ok(write(&tokens, &texts))
}

/// Returns text that the program itself has written, without comments, in canonical layout. It is not
/// parsed, so nothing can be wrong with it.
pub fn lay_out_source(text: &str) -> String {
    let texts = Texts { source: text, added: String::new() };
    let tokens = lex(text).into_iter();
    let mut tokens: Vec<_> = tokens
        .map(|token| FormatToken { kind: token.kind, start: token.start, end: token.end, spaces: 0 })
        .collect();
    lay_out(&mut tokens, &texts);
    write(&tokens, &texts)
}

/// A token and the blanks in front of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct FormatToken {
    pub(super) kind: TokenKind,
    /// Offset of the first byte in [`Texts`].
    pub(super) start: u32,
    /// Offset behind the last byte in [`Texts`].
    pub(super) end: u32,
    /// Number of blanks.
    pub(super) spaces: u32,
}

/// The text that is formatted and, behind it, what was added to it.
pub(super) struct Texts<'a> {
    pub(super) source: &'a str,
    pub(super) added: String,
}

impl Texts<'_> {
    /// Makes a token with a text of its own.
    pub(super) fn add(&mut self, kind: TokenKind, text: &str) -> FormatToken {
        let start = (self.source.len() + self.added.len()) as u32;
        self.added.push_str(text);
        FormatToken { kind, start, end: start + text.len() as u32, spaces: 0 }
    }

    /// Returns the text of a token.
    pub(super) fn text(&self, token: FormatToken) -> &str {
        let (start, end) = (token.start as usize, token.end as usize);
        let text = match start.checked_sub(self.source.len()) {
            Some(start) if end > self.source.len() => self.added.get(start..end - self.source.len()),
            _ => self.source.get(start..end),
        };
        text.unwrap_or_default()
    }
}

fn write(tokens: &[FormatToken], texts: &Texts<'_>) -> String {
    let mut result = String::with_capacity(texts.source.len() + texts.source.len() / 8);
    for &token in tokens {
        result.extend(std::iter::repeat_n(' ', token.spaces as usize));
        result.push_str(texts.text(token));
    }
    result
}
