//! Arguments and blocks.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_model::{Span, Str};

use super::parser::Parser;
use super::token::{Token, TokenKind};
use super::tree::{Attribute, Block, Body, Identifier};

const ITEM_REQUIRED: &str = "Argument or block definition required";

impl Parser<'_> {
    /// Parses the whole text as the content of a file.
    pub(super) fn parse_file_body(&mut self) -> Body {
        let first = self.peek();
        let mut items = Items::default();
        let end = self.parse_items(&mut items, TokenKind::End, first);
        let span = self.span(0, self.text.len() as u32);
        items.into_body(span, self.token_span(first).at_start(), end)
    }

    /// Parses the rest of a block behind its opening brace, up to and with the closing one.
    fn parse_block_body(&mut self, open_brace: Token) -> Body {
        let mut items = Items::default();
        let end = self.parse_items(&mut items, TokenKind::CloseBrace, open_brace);
        let open = self.token_span(open_brace);
        items.into_body(open.at_end().to(end.at_start()), open.at_start(), end)
    }

    /// Parses arguments and blocks up to and with the token that ends them; returns where that stands.
    fn parse_items(&mut self, items: &mut Items, end: TokenKind, opening: Token) -> Span {
        loop {
            match self.peek().kind {
                kind if kind == end => {
                    let token = self.read();
                    return self.token_span(token);
                }
                TokenKind::Newline => {
                    self.read();
                }
                TokenKind::Identifier => {
                    self.parse_item(items);
                    self.resume_at_new_item();
                }
                _ => {
                    self.report_no_item(opening);
                    let end_token = self.recover(end);
                    return self.token_span(end_token);
                }
            }
        }
    }

    /// Reads a token that starts neither an argument nor a block.
    fn report_no_item(&mut self, opening: Token) {
        let bad = self.read();
        let (summary, detail, subject) = match bad.kind {
            TokenKind::OpenQuote => ("Invalid argument name", "Argument names must not be quoted.", bad),
            TokenKind::End => (
                "Unclosed configuration block",
                "There is no closing brace for this block before the end of the file. This may be caused \
                 by incorrect brace nesting elsewhere in this file.",
                opening,
            ),
            _ => (ITEM_REQUIRED, "An argument or block definition is required here.", bad),
        };
        self.report_first(summary, detail, self.token_span(subject), None);
    }

    fn parse_item(&mut self, items: &mut Items) {
        let name = self.read();
        match self.peek().kind {
            TokenKind::Equal => {
                let attribute = self.parse_attribute(name, true);
                if let Some(first) = items.position_of(&attribute.name.name) {
                    self.report_redefined(&attribute, first);
                }
                items.push_attribute(attribute, name);
            }
            TokenKind::OpenQuote | TokenKind::OpenBrace | TokenKind::Identifier => {
                let block = self.parse_block(name);
                items.blocks.push(block);
            }
            _ => self.report_no_definition(name),
        }
    }

    fn report_redefined(&mut self, attribute: &Attribute, first: Token) {
        let detail = format!(
            "The argument \"{}\" was already set{}. Each argument may be set only once.",
            attribute.name.name,
            self.at_line(first)
        );
        self.report("Attribute redefined", detail, attribute.name.span, None);
    }

    /// Complains about a name that nothing sensible follows.
    fn report_no_definition(&mut self, name: Token) {
        self.recover_after_item();
        self.report(
            ITEM_REQUIRED,
            "An argument or block definition is required here. To set an argument, use the equals sign \
             \"=\" to introduce the argument value.",
            self.token_span(name),
            None,
        );
    }

    /// Parses `= expression` behind a name, and the line end if one must follow.
    fn parse_attribute(&mut self, name: Token, needs_newline: bool) -> Attribute {
        self.read();
        let mark = self.mark();
        let expression = self.parse_expression();
        let end = self.previous();
        if self.lost_since(mark) {
            // It is hard to say where the expression ends; the next item starts on a line of its own.
            self.recover_after_item();
        } else if needs_newline {
            self.parse_argument_end(name);
        }
        Attribute {
            name: self.identifier(name),
            expression: Arc::new(expression),
            span: self.between(name, end),
        }
    }

    fn parse_argument_end(&mut self, name: Token) {
        let next = self.peek();
        if matches!(next.kind, TokenKind::Newline | TokenKind::End) {
            self.read();
            return;
        }
        let (summary, detail) = if next.kind == TokenKind::Comma {
            (
                "Unexpected comma after argument",
                "Argument definitions must be separated by newlines, not commas. An argument definition \
                 must end with a newline.",
            )
        } else {
            ("Missing newline after argument", "An argument definition must end with a newline.")
        };
        self.report_first(summary, detail, self.token_span(next), Some(self.between(name, next)));
        self.recover_after_item();
    }

    fn parse_block(&mut self, block_type: Token) -> Block {
        let labels = self.parse_labels();
        let header_end = self.previous();
        let header = self.between(block_type, header_end);
        if !self.at(TokenKind::OpenBrace) {
            return self.report_no_body(block_type, labels, header);
        }
        let open_brace = self.read();
        let body = if self.enter() {
            self.parse_braced(block_type, open_brace)
        } else {
            Items::default().into_body(header, header, header)
        };
        self.leave();
        let close = self.previous();
        let close_brace = self.token_span(close);
        self.parse_block_end(block_type);
        Block {
            block_type: self.identifier(block_type),
            labels,
            body: Arc::new(body),
            header,
            open_brace: self.token_span(open_brace),
            close_brace: if close.kind == TokenKind::CloseBrace { close_brace } else { close_brace.at_end() },
        }
    }

    fn parse_labels(&mut self) -> Vec<Identifier> {
        let mut labels = Vec::new();
        loop {
            match self.peek().kind {
                TokenKind::OpenQuote => labels.push(self.parse_quoted_literal()),
                TokenKind::Identifier => {
                    let token = self.read();
                    labels.push(self.identifier(token));
                }
                _ => break,
            }
        }
        labels.shrink_to_fit();
        labels
    }

    fn report_no_body(&mut self, block_type: Token, labels: Vec<Identifier>, header: Span) -> Block {
        let next = self.peek();
        let subject = self.token_span(next);
        let context = Some(self.between(block_type, next));
        let summary = "Invalid block definition";
        match next.kind {
            TokenKind::Equal => self.report(
                summary,
                "The equals sign \"=\" indicates an argument definition, and must not be used when \
                 defining a block.",
                subject,
                context,
            ),
            TokenKind::Newline => {
                // The brace is probably on the next line.
                self.distrust_places();
                self.report(
                    summary,
                    "A block definition must have block content delimited by \"{\" and \"}\", starting on \
                     the same line as the block header.",
                    subject,
                    context,
                );
            }
            _ => self.report_first(
                summary,
                "Either a quoted string block label or an opening brace (\"{\") is expected here.",
                subject,
                context,
            ),
        }
        self.recover_after_item();
        let end = header.at_end();
        Block {
            block_type: self.identifier(block_type),
            labels,
            body: Arc::new(Items::default().into_body(end, end, end)),
            header,
            open_brace: end,
            close_brace: end,
        }
    }

    /// Parses what is behind the opening brace of a block: over several lines, or a single argument.
    fn parse_braced(&mut self, block_type: Token, open_brace: Token) -> Body {
        match self.peek().kind {
            TokenKind::Newline | TokenKind::End | TokenKind::CloseBrace => self.parse_block_body(open_brace),
            _ => {
                let body = self.parse_single_argument_body(open_brace);
                self.parse_single_argument_end(block_type, open_brace);
                body
            }
        }
    }

    fn parse_single_argument_body(&mut self, open_brace: Token) -> Body {
        let mut items = Items::default();
        let name = self.read();
        if name.kind != TokenKind::Identifier {
            self.recover_after_item();
            let detail = "An argument or block definition is required here.";
            self.report(ITEM_REQUIRED, detail, self.token_span(name), None);
        } else {
            let next = self.peek();
            match next.kind {
                TokenKind::Equal => {
                    let attribute = self.parse_attribute(name, false);
                    items.push_attribute(attribute, name);
                }
                TokenKind::OpenQuote | TokenKind::OpenBrace | TokenKind::Identifier => {
                    self.recover_after_item();
                    let detail = format!(
                        "A single-line block definition can contain only a single argument. If you meant \
                         to define argument \"{}\", use an equals sign to assign it a value. To define a \
                         nested block, place it on a line of its own within its parent block.",
                        name.text(self.text)
                    );
                    self.report("Argument definition required", detail, self.between(name, next), None);
                }
                _ => self.report_no_definition(name),
            }
        }
        let open = self.token_span(open_brace);
        let last = self.previous();
        let end = self.token_span(last).at_end();
        items.into_body(open.at_end().to(end), open.at_start(), end)
    }

    /// Parses the closing brace behind a single argument.
    fn parse_single_argument_end(&mut self, block_type: Token, open_brace: Token) {
        let next = self.peek();
        let subject = self.token_span(next);
        let summary = "Invalid single-argument block definition";
        match next.kind {
            TokenKind::CloseBrace => {
                self.read();
                return;
            }
            TokenKind::Comma => self.report(
                summary,
                "Single-line block syntax can include only one argument definition. To define multiple \
                 arguments, use the multi-line block syntax with one argument definition per line.",
                subject,
                None,
            ),
            TokenKind::Newline => self.report(
                summary,
                "An argument definition on the same line as its containing block creates a single-line \
                 block definition, which must also be closed on the same line. Place the block's closing \
                 brace immediately after the argument definition.",
                subject,
                None,
            ),
            TokenKind::End => self.report_first(
                "Unclosed configuration block",
                "There is no closing brace for this block before the end of the file. This may be caused \
                 by incorrect brace nesting elsewhere in this file.",
                self.token_span(open_brace),
                Some(self.between(block_type, open_brace)),
            ),
            _ => self.report_first(
                summary,
                "A single-line block definition must end with a closing brace immediately after its \
                 single argument definition.",
                subject,
                None,
            ),
        }
        self.recover(TokenKind::CloseBrace);
    }

    fn parse_block_end(&mut self, block_type: Token) {
        let close = self.previous();
        let next = self.peek();
        if matches!(next.kind, TokenKind::Newline | TokenKind::End) {
            self.read();
            if close.kind == TokenKind::CloseBrace {
                self.expect_new_item();
            }
            return;
        }
        self.report_first(
            "Missing newline after block definition",
            "A block definition must end with a newline.",
            self.token_span(next),
            Some(self.between(block_type, next)),
        );
        self.recover_after_item();
    }
}

/// From how many arguments on it pays to look names up in a map.
const INDEX_MIN: usize = 16;

/// The content of a body while it grows.
#[derive(Default)]
struct Items {
    attributes: Vec<Attribute>,
    blocks: Vec<Block>,
    /// The name token of each argument.
    names: Vec<Token>,
    /// Index of the first argument of each name, once there are many.
    index: FxHashMap<Str, usize>,
}

impl Items {
    fn push_attribute(&mut self, attribute: Attribute, name: Token) {
        let position = self.attributes.len();
        if position >= INDEX_MIN {
            self.index.entry(attribute.name.name.clone()).or_insert(position);
        }
        self.attributes.push(attribute);
        self.names.push(name);
        if position + 1 == INDEX_MIN {
            for (position, attribute) in self.attributes.iter().enumerate() {
                self.index.entry(attribute.name.name.clone()).or_insert(position);
            }
        }
    }

    /// Returns the name token of the first argument with this name.
    fn position_of(&self, name: &Str) -> Option<Token> {
        let position = if self.attributes.len() < INDEX_MIN {
            self.attributes.iter().position(|attribute| attribute.name.name == *name)
        } else {
            self.index.get(name).copied()
        };
        position.map(|position| self.names[position])
    }

    fn into_body(mut self, span: Span, start: Span, end: Span) -> Body {
        self.attributes.shrink_to_fit();
        self.blocks.shrink_to_fit();
        Body { attributes: self.attributes, blocks: self.blocks, span, start, end }
    }
}
