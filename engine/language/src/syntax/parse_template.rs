//! Templates, first step: from tokens to a flat list of texts, interpolations and directives.
//!
//! Strip marks and the indentation of heredocs are dealt with here, because they look at the texts as they
//! stand side by side. [`super::build_template`] then nests what is between directives.

use std::borrow::Cow;

use terrane_model::Span;

use super::build_template::nest_directives;
use super::identifiers::normalize;
use super::parser::{Parser, TextOrigin};
use super::strip_heredoc::strip_indentation;
use super::suggest::did_you_mean;
use super::template_text::TemplateText;
use super::token::{Token, TokenKind};
use super::tree::{Expression, ExpressionKind, Identifier};

const BAD_FOR: &str = "Invalid 'for' directive";
const DIRECTIVES: [&str; 5] = ["if", "for", "else", "endif", "endfor"];

/// A part of a template before directives are nested.
pub(super) enum Piece<'a> {
    Text(TemplateText<'a>),
    Interpolation { expression: Expression, height: usize },
    If { condition: Expression, height: usize, opening: Directive },
    For { names: ForNames, collection: Expression, height: usize, opening: Directive },
    Else(Directive),
    EndIf(Directive),
    EndFor(Directive),
}

/// The names that a `%{for}` binds: perhaps one for keys, and one for values.
pub(super) type ForNames = (Option<Identifier>, Identifier);

/// Where a directive stands.
#[derive(Clone, Copy)]
pub(super) struct Directive {
    /// All of it.
    pub(super) span: Span,
    /// Its first token.
    pub(super) start: Token,
}

/// The pieces of one template.
pub(super) struct Pieces<'a> {
    pub(super) list: Vec<Piece<'a>>,
    /// The first token inside, or what ends the template.
    start: Token,
    /// What ends the template.
    pub(super) end: Token,
}

impl<'a> Parser<'a> {
    /// Parses the whole text as a bare template.
    pub(super) fn parse_bare_template(&mut self) -> Expression {
        self.parse_template_until(TokenKind::End, false)
    }

    /// Parses a template behind its opening mark, up to and with the token that ends it.
    pub(super) fn parse_template_until(&mut self, end: TokenKind, is_flush: bool) -> Expression {
        if let Some(expression) = self.parse_plain_text(end) {
            return expression;
        }
        let mut pieces = self.parse_pieces(end);
        if is_flush {
            strip_indentation(&mut pieces.list);
        }
        let span = self.between(pieces.start, pieces.end);
        let is_wrap = matches!(pieces.list.as_slice(), [Piece::Interpolation { .. }]);
        let mut parts = nest_directives(self, pieces);
        let kind = match parts.as_mut_slice() {
            [] => ExpressionKind::String(normalize("")),
            [Expression { kind: ExpressionKind::String(text), .. }] if !is_wrap => {
                ExpressionKind::String(std::mem::take(text))
            }
            _ if is_wrap => {
                self.set_height(self.height + 1, span);
                match parts.pop() {
                    Some(part) => ExpressionKind::TemplateWrap(Box::new(part)),
                    None => ExpressionKind::Invalid,
                }
            }
            _ => {
                self.set_height(self.height + 1, span);
                ExpressionKind::Template(parts)
            }
        };
        Expression { kind, span }
    }

    /// Parses a quoted template of at most one token, as nearly all are; otherwise reads nothing.
    fn parse_plain_text(&mut self, end: TokenKind) -> Option<Expression> {
        if end != TokenKind::CloseQuote {
            return None;
        }
        let token = self.peek();
        if token.kind == end {
            self.read();
            let kind = ExpressionKind::String(normalize(""));
            return Some(Expression { kind, span: self.token_span(token) });
        }
        if token.kind != TokenKind::QuotedText || self.kind_behind_next() != Some(end) {
            return None;
        }
        self.read();
        let close = self.read();
        let text = normalize(&self.literal_text(token));
        Some(Expression { kind: ExpressionKind::String(text), span: self.between(token, close) })
    }

    fn parse_pieces(&mut self, end: TokenKind) -> Pieces<'a> {
        let start = self.peek();
        let mut list = Vec::new();
        let mut trims_next = false;
        let end_token = loop {
            let token = self.read();
            if token.kind == end {
                break token;
            }
            let trims = std::mem::take(&mut trims_next);
            match token.kind {
                TokenKind::PlainText | TokenKind::QuotedText => self.parse_text(&mut list, token, trims),
                TokenKind::OpenInterpolation | TokenKind::OpenDirective => {
                    if token.end - token.start == 3
                        && let Some(Piece::Text(text)) = list.last_mut()
                    {
                        text.trim_end();
                    }
                    let newlines = self.set_newlines(false);
                    trims_next = if token.kind == TokenKind::OpenInterpolation {
                        self.parse_interpolation(&mut list, start, end)
                    } else {
                        self.parse_directive(&mut list, token, start)
                    };
                    self.set_newlines(newlines);
                }
                _ => {
                    let context = Some(self.between(start, token));
                    self.report_first(
                        "Unterminated template string",
                        "No closing marker was found for the string.",
                        self.token_span(token),
                        context,
                    );
                    break self.recover(end);
                }
            }
        };
        Pieces { list, start, end: end_token }
    }

    fn parse_text(&mut self, list: &mut Vec<Piece<'a>>, token: Token, trims: bool) {
        let meaning = self.literal_text(token);
        let meaning = if trims { trim_start(meaning) } else { meaning };
        let span = self.token_span(token);
        match list.last_mut() {
            Some(Piece::Text(text)) => text.push(meaning, span),
            _ => list.push(Piece::Text(TemplateText::new(meaning, span))),
        }
    }

    /// Parses an interpolation behind its opening mark. Returns whether it strips what follows.
    fn parse_interpolation(&mut self, list: &mut Vec<Piece<'a>>, start: Token, end: TokenKind) -> bool {
        let expression = self.parse_expression();
        let height = self.height;
        if !self.at(TokenKind::CloseSequence) {
            self.report_open_interpolation(start, end);
        }
        list.push(Piece::Interpolation { expression, height });
        self.parse_sequence_end()
    }

    /// Reads the closing mark, going forward to it if need be. Returns whether it strips what follows.
    fn parse_sequence_end(&mut self) -> bool {
        if self.at(TokenKind::CloseSequence) {
            let close = self.read();
            close.end - close.start == 2
        } else {
            self.recover(TokenKind::CloseSequence);
            false
        }
    }

    fn report_open_interpolation(&mut self, start: Token, end: TokenKind) {
        let next = self.peek();
        let unclosed = "Unclosed template interpolation sequence";
        let extra = "Extra characters after interpolation expression";
        let at_start = self.token_span(start);
        let at_next = self.token_span(next);
        let context = Some(self.between(start, next));
        match next.kind {
            TokenKind::End => self.report_first(
                unclosed,
                "There is no closing brace for this interpolation sequence before the end of the file. This \
                 might be caused by incorrect nesting inside the given expression.",
                at_start,
                None,
            ),
            TokenKind::Colon => self.report_first(
                extra,
                "Template interpolation doesn't expect a colon at this location. Did you intend this to be \
                 a literal sequence to be processed as part of another language? If so, you can escape it \
                 by starting with \"$${\" instead of just \"${\".",
                at_next,
                context,
            ),
            TokenKind::CloseQuote | TokenKind::OpenQuote if end == TokenKind::CloseQuote => self
                .report_first(
                    unclosed,
                    "There is no closing brace for this interpolation sequence before the end of the \
                     quoted template. This might be caused by incorrect nesting inside the given \
                     expression.",
                    at_start,
                    None,
                ),
            _ => self.report_first(
                extra,
                "Expected a closing brace to end the interpolation expression, but found extra \
                 characters.\n\nThis can happen when you include interpolation syntax for another \
                 language, such as shell scripting, but forget to escape the interpolation start token. If \
                 this is an embedded sequence for another language, escape it by starting with \"$${\" \
                 instead of just \"${\".",
                at_next,
                context,
            ),
        }
    }

    /// Parses a directive behind its opening mark. Returns whether it strips what follows.
    fn parse_directive(&mut self, list: &mut Vec<Piece<'a>>, open: Token, start: Token) -> bool {
        let keyword = self.peek();
        if keyword.kind != TokenKind::Identifier {
            self.report_first(
                "Invalid template directive",
                "A template directive keyword (\"if\", \"for\", etc) is expected at the beginning of a %{ \
                 sequence.",
                self.token_span(keyword),
                Some(self.between(open, keyword)),
            );
            self.recover(TokenKind::CloseSequence);
            return false;
        }
        self.read();
        let word = keyword.text(self.text);
        let Some(piece) = self.parse_directive_inside(word, keyword, open) else {
            self.recover(TokenKind::CloseSequence);
            return false;
        };
        list.push(piece);
        let next = self.peek();
        if next.kind != TokenKind::CloseSequence {
            self.report_first(
                format!("Extra characters in {word} marker"),
                "Expected a closing brace to end the sequence, but found extra characters.",
                self.token_span(next),
                Some(self.between(start, next)),
            );
        }
        self.parse_sequence_end()
    }

    fn parse_directive_inside(&mut self, word: &str, keyword: Token, open: Token) -> Option<Piece<'a>> {
        Some(match word {
            "if" => {
                let condition = self.parse_expression();
                let height = self.height;
                Piece::If { condition, height, opening: self.directive(open) }
            }
            "for" => {
                let names = self.parse_directive_names()?;
                let collection = self.parse_expression();
                let height = self.height;
                Piece::For { names, collection, height, opening: self.directive(open) }
            }
            "else" => Piece::Else(self.directive(open)),
            "endif" => Piece::EndIf(self.directive(open)),
            "endfor" => Piece::EndFor(self.directive(open)),
            _ => {
                let detail = format!(
                    "\"{word}\" is not a valid template control keyword.{}",
                    did_you_mean(word, DIRECTIVES)
                );
                self.report_first(
                    "Invalid template control keyword",
                    detail,
                    self.token_span(keyword),
                    Some(self.between(open, keyword)),
                );
                return None;
            }
        })
    }

    /// Returns the place of a directive whose content was just read.
    fn directive(&mut self, start: Token) -> Directive {
        let next = self.peek();
        Directive { span: self.between(start, next), start }
    }

    fn parse_directive_names(&mut self) -> Option<ForNames> {
        let mut key_name = None;
        let mut value_name =
            self.parse_directive_name("For directive requires variable name after 'for'.")?;
        if self.at(TokenKind::Comma) {
            self.read();
            key_name = Some(value_name);
            value_name =
                self.parse_directive_name("For directive requires value variable name after comma.")?;
        }
        if !self.at_keyword("in") {
            let next = self.peek();
            let detail = "For directive requires 'in' keyword after names.";
            self.report_first(BAD_FOR, detail, self.token_span(next), None);
            return None;
        }
        self.read();
        Some((key_name, value_name))
    }

    fn parse_directive_name(&mut self, complaint: &'static str) -> Option<Identifier> {
        let next = self.peek();
        if next.kind != TokenKind::Identifier {
            self.report_first(BAD_FOR, complaint, self.token_span(next), None);
            return None;
        }
        self.read();
        Some(self.identifier(next))
    }
}

fn trim_start(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_start()),
        Cow::Owned(text) => Cow::Owned(text.trim_start().to_owned()),
    }
}

/// Parses a text as a template that stands inside of something nested already.
pub(super) fn parse_template_text(text: &str, origin: TextOrigin, depth: usize) -> (Expression, Parser<'_>) {
    let mut parser = Parser::new(text, super::lexer::lex_template(text), origin);
    parser.set_depth(depth);
    let expression = parser.parse_bare_template();
    (expression, parser)
}
