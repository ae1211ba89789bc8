//! Tuples, objects and `for` expressions.

use super::parser::Parser;
use super::static_forms::constant_keyword;
use super::token::{Token, TokenKind};
use super::tree::{Expression, ExpressionKind, For, Identifier, ObjectItem, Traversal};

const BAD_FOR: &str = "Invalid 'for' expression";

impl Parser<'_> {
    pub(super) fn parse_tuple_or_for(&mut self) -> Expression {
        let open = self.read();
        let newlines = self.set_newlines(false);
        let result = if self.at_keyword("for") { self.parse_for(open) } else { self.parse_tuple(open) };
        self.set_newlines(newlines);
        result
    }

    pub(super) fn parse_object_or_for(&mut self) -> Expression {
        let open = self.read();
        // Line ends matter in an object but not in a `for`, not even in front of the keyword.
        let newlines = self.set_newlines(false);
        let result = if self.at_keyword("for") {
            self.parse_for(open)
        } else {
            self.set_newlines(true);
            self.parse_object(open)
        };
        self.set_newlines(newlines);
        result
    }

    fn parse_tuple(&mut self, open: Token) -> Expression {
        let first = self.pending_elements.len();
        let mut height = 0;
        let close = loop {
            if self.at(TokenKind::CloseBracket) {
                break self.read();
            }
            let mark = self.mark();
            let element = self.parse_expression();
            self.pending_elements.push(element);
            height = height.max(self.height);
            if self.lost_since(mark) {
                break self.recover(TokenKind::CloseBracket);
            }
            match self.peek().kind {
                TokenKind::Comma => {
                    self.read();
                }
                TokenKind::CloseBracket => break self.read(),
                _ => {
                    self.report_tuple_end(open);
                    break self.recover(TokenKind::CloseBracket);
                }
            }
        };
        let elements = self.pending_elements.drain(first..).collect();
        let span = self.between(open, close);
        self.set_height(height + 1, span);
        Expression { kind: ExpressionKind::Tuple(elements), span }
    }

    fn report_tuple_end(&mut self, open: Token) {
        let next = self.peek();
        if next.kind == TokenKind::End {
            self.report_first(
                "Unterminated tuple constructor expression",
                "There is no corresponding closing bracket before the end of the file. This may be caused \
                 by incorrect bracket nesting elsewhere in this file.",
                self.token_span(open),
                None,
            );
        } else {
            self.report_first(
                "Missing item separator",
                "Expected a comma to mark the beginning of the next item.",
                self.token_span(next),
                Some(self.between(open, next)),
            );
        }
    }

    fn parse_object(&mut self, open: Token) -> Expression {
        let mut items = Vec::new();
        let mut height = 0;
        let close = loop {
            match self.peek().kind {
                TokenKind::Newline => {
                    self.read();
                    continue;
                }
                TokenKind::CloseBrace => break self.read(),
                _ => {}
            }
            let Some(item) = self.parse_object_item(open) else {
                break self.recover(TokenKind::CloseBrace);
            };
            items.push(item);
            height = height.max(self.height);
            match self.peek().kind {
                TokenKind::Comma | TokenKind::Newline => {
                    self.read();
                }
                TokenKind::CloseBrace => break self.read(),
                _ => {
                    self.report_object_end(open);
                    break self.recover(TokenKind::CloseBrace);
                }
            }
        };
        items.shrink_to_fit();
        let span = self.between(open, close);
        self.set_height(height + 1, span);
        Expression { kind: ExpressionKind::Object(items), span }
    }

    /// Parses `key = value`; nothing is returned where the position is lost.
    fn parse_object_item(&mut self, open: Token) -> Option<ObjectItem> {
        let mark = self.mark();
        let mut key = self.parse_expression();
        let key_height = self.height;
        if self.lost_since(mark) {
            return None;
        }
        let separator = self.peek();
        if !matches!(separator.kind, TokenKind::Equal | TokenKind::Colon) {
            self.report_no_key_separator(open, separator);
            return None;
        }
        self.read();
        // A word that means a value elsewhere is only a name here.
        if let Some(word) = constant_keyword(&key.kind) {
            let root = Identifier { name: word.into(), span: key.span };
            key.kind = ExpressionKind::Traversal(Traversal { root, steps: Vec::new() });
        }
        let value = self.parse_expression();
        self.height = self.height.max(key_height);
        (!self.lost_since(mark)).then_some(ObjectItem { key, value })
    }

    fn report_no_key_separator(&mut self, open: Token, next: Token) {
        let separator_summary = "Missing key/value separator";
        let (summary, detail) = match next.kind {
            TokenKind::Newline | TokenKind::Comma => (
                "Missing attribute value",
                "Expected an attribute value, introduced by an equals sign (\"=\").",
            ),
            TokenKind::Identifier => (
                separator_summary,
                "Expected an equals sign (\"=\") to mark the beginning of the attribute value. If you \
                 intended to given an attribute name containing periods or spaces, write the name in \
                 quotes to create a string literal.",
            ),
            TokenKind::End => return self.report_open_object(open),
            _ => (
                separator_summary,
                "Expected an equals sign (\"=\") to mark the beginning of the attribute value.",
            ),
        };
        self.report_first(summary, detail, self.token_span(next), Some(self.between(open, next)));
    }

    fn report_object_end(&mut self, open: Token) {
        let next = self.peek();
        if next.kind == TokenKind::End {
            return self.report_open_object(open);
        }
        self.report_first(
            "Missing attribute separator",
            "Expected a newline or comma to mark the beginning of the next attribute.",
            self.token_span(next),
            Some(self.between(open, next)),
        );
    }

    fn report_open_object(&mut self, open: Token) {
        self.report_first(
            "Unterminated object constructor expression",
            "There is no corresponding closing brace before the end of the file. This may be caused by \
             incorrect brace nesting elsewhere in this file.",
            self.token_span(open),
            None,
        );
    }

    /// Parses a `for` expression from the keyword on. Line ends must not count.
    fn parse_for(&mut self, open: Token) -> Expression {
        let makes_object = open.kind == TokenKind::OpenBrace;
        let end = if makes_object { TokenKind::CloseBrace } else { TokenKind::CloseBracket };
        match self.parse_for_inside(open, end) {
            Some((for_expression, height)) => {
                let last = self.previous();
                let span = self.between(open, last);
                self.set_height(height + 1, span);
                Expression { kind: ExpressionKind::For(Box::new(for_expression)), span }
            }
            None => {
                let close = self.recover(end);
                let span = self.between(open, close);
                self.invalid(span)
            }
        }
    }

    /// Parses a `for` expression up to and with its closing bracket; nothing is returned where the
    /// position is lost. Returns the height of the highest part, too.
    fn parse_for_inside(&mut self, open: Token, end: TokenKind) -> Option<(For, usize)> {
        self.read();
        let (key_name, value_name) = self.parse_for_names(open)?;
        let mark = self.mark();
        let collection = self.parse_expression();
        let mut height = self.height;
        if self.lost_since(mark) {
            return None;
        }
        let introduction = self.token_span(open).to(collection.span);
        if !self.at(TokenKind::Colon) {
            return self
                .report_bad_for(open, "For expression requires a colon after the collection expression.");
        }
        self.read();
        let (key, value) = self.parse_for_result(&mut height);
        if self.lost_since(mark) {
            return None;
        }
        let ellipsis = if self.at(TokenKind::Ellipsis) { Some(self.read()) } else { None };
        let mut condition = None;
        if self.at_keyword("if") {
            self.read();
            condition = Some(self.parse_expression());
            height = height.max(self.height);
            if self.lost_since(mark) {
                return None;
            }
        }
        self.parse_for_end(open, end);
        let result = For {
            key_name,
            value_name,
            collection,
            key,
            value,
            condition,
            grouping: ellipsis.is_some(),
            introduction,
        };
        self.check_for(&result, open, ellipsis);
        Some((result, height))
    }

    /// Parses `key => value` or only a value.
    fn parse_for_result(&mut self, height: &mut usize) -> (Option<Expression>, Expression) {
        let mut key = None;
        let mut value = self.parse_expression();
        *height = (*height).max(self.height);
        if self.at(TokenKind::FatArrow) {
            self.read();
            key = Some(value);
            value = self.parse_expression();
            *height = (*height).max(self.height);
        }
        (key, value)
    }

    /// Parses the names behind `for`, and `in`.
    fn parse_for_names(&mut self, open: Token) -> Option<(Option<Identifier>, Identifier)> {
        if !self.at(TokenKind::Identifier) {
            return self.report_bad_for(open, "For expression requires variable name after 'for'.");
        }
        let mut key_name = None;
        let mut value_name = self.read();
        if self.at(TokenKind::Comma) {
            self.read();
            if !self.at(TokenKind::Identifier) {
                return self.report_bad_for(open, "For expression requires value variable name after comma.");
            }
            key_name = Some(self.identifier(value_name));
            value_name = self.read();
        }
        if !self.at_keyword("in") {
            return self.report_bad_for(
                open,
                "For expression requires the 'in' keyword after its name declarations.",
            );
        }
        self.read();
        Some((key_name, self.identifier(value_name)))
    }

    fn parse_for_end(&mut self, open: Token, end: TokenKind) {
        if self.at(end) {
            self.read();
            return;
        }
        self.report_bad_for::<()>(open, "Extra characters after the end of the 'for' expression.");
        self.recover(end);
    }

    /// Complains about the next token, and returns nothing.
    fn report_bad_for<T>(&mut self, open: Token, detail: &'static str) -> Option<T> {
        let next = self.peek();
        let context = Some(self.between(open, next));
        self.report_first(BAD_FOR, detail, self.token_span(next), context);
        None
    }

    /// Complains about parts that are missing or too many for what the brackets make.
    fn check_for(&mut self, result: &For, open: Token, ellipsis: Option<Token>) {
        let last = self.previous();
        let context = Some(self.between(open, last));
        let makes_object = open.kind == TokenKind::OpenBrace;
        if makes_object && result.key.is_none() {
            let detail = "Key expression is required when building an object.";
            self.report(BAD_FOR, detail, result.value.span, context);
        }
        if makes_object {
            return;
        }
        if let Some(key) = &result.key {
            self.report(BAD_FOR, "Key expression is not valid when building a tuple.", key.span, context);
        }
        if let Some(ellipsis) = ellipsis {
            let detail = "Grouping ellipsis (...) cannot be used when building a tuple.";
            self.report(BAD_FOR, detail, self.token_span(ellipsis), context);
        }
    }
}
