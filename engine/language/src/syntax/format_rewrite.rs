//! Outdated ways of writing that the formatter brings up to date, as Terraform's does: arguments that are
//! nothing but one interpolation, quoted types of variables, and labels without quotes.
//!
//! Terraform loses labels and index keys of some rare forms here; we keep them.

use std::ops::Range;

use terrane_model::Span;
use unicode_normalization::char::is_combining_mark;

use super::format::{FormatToken, Texts};
use super::token::{Token, TokenKind};
use super::tree::{Attribute, Block, Body, Expression, ExpressionKind, Identifier};

/// Returns the tokens of a file with everything outdated replaced.
pub(super) fn rewrite(body: &Body, tokens: Vec<Token>, texts: &mut Texts<'_>) -> Vec<FormatToken> {
    let mut rewriting = Rewriting { tokens: &tokens, texts, edits: Vec::new() };
    rewriting.visit_body(body, BodyPlace::File);
    let mut edits = rewriting.edits;
    edits.sort_by_key(|edit| edit.replaced.start);
    let mut result = Vec::with_capacity(tokens.len());
    let mut position = 0;
    let keep = |range: Range<usize>, result: &mut Vec<FormatToken>| {
        for index in range {
            let token = tokens[index];
            let previous_end = index.checked_sub(1).map_or(0, |previous| tokens[previous].end);
            let spaces = token.start - previous_end;
            result.push(FormatToken { kind: token.kind, start: token.start, end: token.end, spaces });
        }
    };
    for edit in edits {
        keep(position..edit.replaced.start, &mut result);
        result.extend(edit.replacement);
        position = edit.replaced.end;
    }
    keep(position..tokens.len(), &mut result);
    result
}

/// Tokens that take the place of others.
struct Edit {
    /// Indices of the tokens that go.
    replaced: Range<usize>,
    replacement: Vec<FormatToken>,
}

/// What a body belongs to.
#[derive(Clone, Copy, PartialEq)]
enum BodyPlace {
    File,
    /// A `variable` block of the file.
    Variable,
    OtherBlock,
}

struct Rewriting<'a, 'b> {
    tokens: &'a [Token],
    texts: &'a mut Texts<'b>,
    edits: Vec<Edit>,
}

impl Rewriting<'_, '_> {
    fn visit_body(&mut self, body: &Body, place: BodyPlace) {
        for attribute in &body.attributes {
            self.visit_attribute(attribute, place);
        }
        for block in &body.blocks {
            self.visit_labels(block);
            let is_variable = place == BodyPlace::File && block.block_type.name == "variable";
            let inside = if is_variable { BodyPlace::Variable } else { BodyPlace::OtherBlock };
            self.visit_body(&block.body, inside);
        }
    }

    fn visit_attribute(&mut self, attribute: &Attribute, place: BodyPlace) {
        let edit = if place == BodyPlace::Variable && attribute.name.name == "type" {
            self.modern_type(&attribute.expression)
        } else if matches!(attribute.expression.kind, ExpressionKind::TemplateWrap(_)) {
            self.unwrapped(&attribute.expression)
        } else {
            None
        };
        self.edits.extend(edit);
    }

    /// Returns the indices of the tokens under a span.
    fn tokens_of(&self, span: Span) -> Range<usize> {
        let index_of = |offset| self.tokens.partition_point(|token| token.start < offset);
        index_of(span.start)..index_of(span.end)
    }

    fn kept(&self, range: Range<usize>) -> Vec<FormatToken> {
        let keep =
            |token: &Token| FormatToken { kind: token.kind, start: token.start, end: token.end, spaces: 0 };
        self.tokens[range].iter().map(keep).collect()
    }

    /// Replaces bare collection types, and types in quotes.
    fn modern_type(&mut self, expression: &Expression) -> Option<Edit> {
        let replaced = self.tokens_of(expression.span);
        let kinds: Vec<TokenKind> =
            self.tokens[replaced.clone()].iter().take(4).map(|token| token.kind).collect();
        let (word, element) = match kinds.as_slice() {
            [TokenKind::Identifier] => (self.tokens[replaced.start], "any"),
            // Before elements had types, they were strings.
            [TokenKind::OpenQuote, TokenKind::QuotedText, TokenKind::CloseQuote] => {
                (self.tokens[replaced.start + 1], "string")
            }
            _ => return None,
        };
        let has_element = match (word.text(self.texts.source), element) {
            ("list" | "map", _) | ("set", "any") => true,
            ("string", "string") => false,
            _ => return None,
        };
        let name = FormatToken { kind: TokenKind::Identifier, start: word.start, end: word.end, spaces: 0 };
        let mut replacement = vec![name];
        if has_element {
            replacement.push(self.texts.add(TokenKind::OpenParenthesis, "("));
            replacement.push(self.texts.add(TokenKind::Identifier, element));
            replacement.push(self.texts.add(TokenKind::CloseParenthesis, ")"));
        }
        Some(Edit { replaced, replacement })
    }

    /// Replaces `"${x}"` by `x`.
    fn unwrapped(&mut self, expression: &Expression) -> Option<Edit> {
        let replaced = self.tokens_of(expression.span);
        let tokens = &self.tokens[replaced.clone()];
        let kind_at = |index: usize| tokens.get(index).map(|token| token.kind);
        let is_wrap = tokens.len() >= 5
            && kind_at(0) == Some(TokenKind::OpenQuote)
            && kind_at(1) == Some(TokenKind::OpenInterpolation)
            && kind_at(tokens.len() - 2) == Some(TokenKind::CloseSequence)
            && kind_at(tokens.len() - 1) == Some(TokenKind::CloseQuote);
        if !is_wrap {
            return None;
        }
        let mut inside = replaced.start + 2..replaced.end - 2;
        if has_sequence_outside_quotes(&self.tokens[inside.clone()]) {
            return None;
        }
        while !inside.is_empty() && self.tokens[inside.start].kind == TokenKind::Newline {
            inside.start += 1;
        }
        while !inside.is_empty() && self.tokens[inside.end - 1].kind == TokenKind::Newline {
            inside.end -= 1;
        }
        let needs_parentheses = self.needs_parentheses(inside.clone());
        let mut replacement = self.kept(inside);
        if needs_parentheses {
            replacement.insert(0, self.texts.add(TokenKind::OpenParenthesis, "("));
            replacement.push(self.texts.add(TokenKind::CloseParenthesis, ")"));
        }
        Some(Edit { replaced, replacement })
    }

    /// Tells whether an expression goes over several lines, which it may not without a bracket around it.
    ///
    /// Terraform does not see line ends in comments, nor that the first and the last parenthesis need not
    /// belong together, and leaves such expressions broken.
    fn needs_parentheses(&self, expression: Range<usize>) -> bool {
        let tokens = &self.tokens[expression];
        let has_parentheses = tokens.first().is_some_and(|token| token.kind == TokenKind::OpenParenthesis)
            && tokens.last().is_some_and(|token| token.kind == TokenKind::CloseParenthesis);
        let has_newline = tokens.iter().any(|token| token.kind == TokenKind::Newline);
        (has_newline && !has_parentheses) || self.is_broken_by_line_end(tokens)
    }

    /// Tells whether a line ends outside of all brackets, with more of the expression behind it.
    fn is_broken_by_line_end(&self, tokens: &[Token]) -> bool {
        let mut depth = 0;
        let mut has_line_end = false;
        for token in tokens {
            depth += token.kind.bracket_change();
            if !matches!(token.kind, TokenKind::Newline | TokenKind::Comment) && has_line_end {
                return true;
            }
            has_line_end |= depth == 0 && token.ends_line(self.texts.source);
        }
        false
    }

    /// Puts labels into quotes, and drops comments in front of them.
    fn visit_labels(&mut self, block: &Block) {
        let Some(last) = block.labels.last() else { return };
        let replaced = self.tokens_of(block.block_type.span).end..self.tokens_of(last.span).end;
        let mut expected = replaced.start;
        let is_canonical = block.labels.iter().all(|label| {
            let tokens = self.tokens_of(label.span);
            let has_neighbour = tokens.start == std::mem::replace(&mut expected, tokens.end);
            has_neighbour && self.is_canonical_label(label)
        });
        if is_canonical {
            return;
        }
        let mut replacement = Vec::new();
        for label in &block.labels {
            let tokens = self.tokens_of(label.span);
            // Terraform loses labels of several pieces, such as "a$b".
            if tokens.len() > 3 {
                replacement.extend(self.kept(tokens));
                continue;
            }
            let text = escape(&label.name);
            replacement.push(self.texts.add(TokenKind::OpenQuote, "\""));
            if !text.is_empty() {
                replacement.push(self.texts.add(TokenKind::QuotedText, &text));
            }
            replacement.push(self.texts.add(TokenKind::CloseQuote, "\""));
        }
        self.edits.push(Edit { replaced, replacement });
    }

    /// Tells whether a label stands in quotes and has nothing in it that could be written in another way.
    fn is_canonical_label(&self, label: &Identifier) -> bool {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'$' | b'%');
        label.name.bytes().all(is_plain) && label.span.len() == label.name.len() + 2
    }
}

/// Tells whether there is a template sequence or text that does not belong to a string further inside.
fn has_sequence_outside_quotes(tokens: &[Token]) -> bool {
    let mut quotes = 0;
    for token in tokens {
        match token.kind {
            TokenKind::OpenQuote => quotes += 1,
            TokenKind::CloseQuote => quotes -= 1,
            TokenKind::OpenInterpolation | TokenKind::CloseSequence | TokenKind::QuotedText
                if quotes <= 0 =>
            {
                return true;
            }
            _ => {}
        }
    }
    false
}

/// Returns a text as it is written between quotes when it has no template sequences.
fn escape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '$' | '%' => {
                result.push(character);
                if characters.peek() == Some(&'{') {
                    result.push(character);
                }
            }
            _ if is_printable(character) => result.push(character),
            _ if (character as u32) < 0x10000 => result.push_str(&format!("\\u{:04x}", character as u32)),
            _ => result.push_str(&format!("\\U{:08x}", character as u32)),
        }
    }
    result
}

/// Tells whether one can see a character; of all blanks, only the common one counts.
fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\0'..='\u{a0}' => false,
        _ if character.is_whitespace() => false,
        _ => is_combining_mark(character) || !character.escape_debug().eq(character.escape_unicode()),
    }
}
