//! What follows a term: attribute access, indexing and splats.

use super::parser::Parser;
use super::token::{Token, TokenKind};
use super::tree::{Expression, ExpressionKind, Step, StepKind};

impl Parser<'_> {
    /// Parses all steps taken from an expression.
    pub(super) fn parse_steps(&mut self, from: Expression) -> Expression {
        let mut result = from;
        loop {
            let height = self.height;
            result = match self.peek().kind {
                TokenKind::Dot => self.parse_dot(result),
                TokenKind::OpenBracket => self.parse_brackets(result),
                _ => break,
            };
            // Each form may add a level; steps that join a traversal do not.
            self.height = self.height.max(height);
        }
        if let ExpressionKind::Traversal(traversal) = &mut result.kind {
            traversal.steps.shrink_to_fit();
        } else if let ExpressionKind::RelativeTraversal { steps, .. } = &mut result.kind {
            steps.shrink_to_fit();
        }
        result
    }

    fn parse_dot(&mut self, from: Expression) -> Expression {
        let dot = self.read();
        let next = self.peek();
        match next.kind {
            TokenKind::Identifier => {
                self.read();
                let kind = StepKind::Attribute(self.name(next));
                let span = self.between(dot, next);
                self.add_step(from, Step { kind, span })
            }
            TokenKind::Number => {
                let step = self.parse_number_step(dot, "Use the proper index syntax instead");
                self.add_step(from, step)
            }
            TokenKind::Star => self.parse_attribute_splat(from, dot),
            _ => {
                self.report(
                    "Invalid attribute name",
                    "An attribute name is required after a dot.",
                    self.token_span(next),
                    None,
                );
                self.recovering = true;
                let span = from.span.to(self.token_span(dot));
                self.invalid(span)
            }
        }
    }

    /// Parses the number behind a dot, as old configurations write an index.
    fn parse_number_step(&mut self, dot: Token, advice: &str) -> Step {
        let token = self.read();
        let text = token.text(self.text);
        let span = self.between(dot, token);
        if let Some((first, second)) = text.split_once('.') {
            let detail = format!(
                "When using the legacy index syntax, chaining two indexes together is not permitted. \
                 {advice}, like [{first}][{second}]."
            );
            self.report("Invalid legacy index syntax", detail, self.token_span(token), None);
            return Step { kind: StepKind::NumberKey(text.into()), span };
        }
        Step { kind: StepKind::NumberKey(self.number(token)), span }
    }

    /// Parses `.*` and the attributes behind it: the old splat, which takes nothing else along.
    fn parse_attribute_splat(&mut self, from: Expression, dot: Token) -> Expression {
        let star = self.read();
        let marker = self.between(dot, star);
        let mut steps: Vec<Step> = Vec::new();
        let mut end = marker;
        while self.at(TokenKind::Dot) {
            let dot = self.read();
            let next = self.peek();
            let step = match next.kind {
                TokenKind::Number => self.parse_number_step(
                    dot,
                    "Use the proper index syntax with a full splat expression [*] instead",
                ),
                TokenKind::Identifier => {
                    self.read();
                    Step { kind: StepKind::Attribute(self.name(next)), span: self.between(dot, next) }
                }
                _ => {
                    self.report_bad_splat_attribute(star, next);
                    return from;
                }
            };
            end = step.span;
            steps.push(step);
        }
        steps.shrink_to_fit();
        let item = Expression { kind: ExpressionKind::SplatItem, span: marker };
        let each = match steps.first() {
            None => item,
            Some(first) => {
                let span = first.span.to(end);
                let kind = ExpressionKind::RelativeTraversal { source: Box::new(item), steps };
                Expression { kind, span }
            }
        };
        let span = from.span.to(end);
        self.set_height(self.height + 2, span);
        let kind = ExpressionKind::Splat { source: Box::new(from), each: Box::new(each), marker };
        Expression { kind, span }
    }

    fn report_bad_splat_attribute(&mut self, star: Token, next: Token) {
        let (summary, detail, subject) = if next.kind == TokenKind::Star {
            (
                "Nested splat expression not allowed",
                "A splat expression (*) cannot be used inside another attribute-only splat expression.",
                next,
            )
        } else {
            ("Invalid attribute name", "An attribute name is required after a dot.", star)
        };
        self.report_first(summary, detail, self.token_span(subject), None);
        self.recovering = true;
    }

    fn parse_brackets(&mut self, from: Expression) -> Expression {
        let open = self.read();
        if self.at(TokenKind::Star) {
            return self.parse_full_splat(from, open);
        }
        let from_height = self.height;
        let newlines = self.set_newlines(false);
        let mark = self.mark();
        let key = self.parse_expression();
        let close = if self.lost_since(mark) {
            self.recover(TokenKind::CloseBracket)
        } else {
            self.parse_close_bracket(
                open,
                "Missing close bracket on index",
                "The index operator must end with a closing bracket (\"]\").",
            )
        };
        self.set_newlines(newlines);
        let brackets = self.between(open, close);
        match key.kind {
            ExpressionKind::Number(text) => {
                self.height = from_height;
                self.add_step(from, Step { kind: StepKind::NumberKey(text), span: brackets })
            }
            ExpressionKind::String(text) => {
                self.height = from_height;
                self.add_step(from, Step { kind: StepKind::StringKey(text), span: brackets })
            }
            _ => {
                let span = from.span.to(brackets);
                self.set_height(from_height.max(self.height) + 1, span);
                let kind = ExpressionKind::Index { collection: Box::new(from), key: Box::new(key), brackets };
                Expression { kind, span }
            }
        }
    }

    /// Reads the closing bracket, looking for it further on if need be. Terraform blames the place where
    /// that search ends, which may be far away: the message says where the bracket was opened.
    fn parse_close_bracket(&mut self, open: Token, summary: &'static str, detail: &str) -> Token {
        let next = self.read();
        if next.kind == TokenKind::CloseBracket || self.recovering {
            return next;
        }
        let close = self.recover(TokenKind::CloseBracket);
        let line = self.at_line(open);
        let detail = format!("{detail} The bracket was opened{line}.");
        self.report(summary, detail, self.token_span(close), Some(self.between(open, next)));
        close
    }

    /// Parses `*]` behind an opening bracket, and all steps behind it, which are taken from each element.
    fn parse_full_splat(&mut self, from: Expression, open: Token) -> Expression {
        let from_height = self.height;
        self.read();
        let close = self.parse_close_bracket(
            open,
            "Missing close bracket on splat index",
            "The star for a full splat operator must be immediately followed by a closing bracket (\"]\").",
        );
        let marker = self.between(open, close);
        let item = Expression { kind: ExpressionKind::SplatItem, span: marker };
        self.height = 0;
        let each = if self.enter() { self.parse_steps(item) } else { item };
        self.leave();
        let span = from.span.to(each.span);
        self.set_height(from_height.max(self.height) + 1, span);
        let kind = ExpressionKind::Splat { source: Box::new(from), each: Box::new(each), marker };
        Expression { kind, span }
    }

    /// Adds a constant step to an expression, joining the steps that are there already.
    fn add_step(&mut self, source: Expression, step: Step) -> Expression {
        let span = source.span.to(step.span);
        let Expression { mut kind, span: source_span } = source;
        match &mut kind {
            ExpressionKind::Traversal(traversal) => {
                if traversal.steps.is_empty() {
                    traversal.steps.reserve_exact(1 + self.count_names_ahead());
                }
                traversal.steps.push(step);
            }
            ExpressionKind::RelativeTraversal { steps, .. } => steps.push(step),
            _ => {
                self.set_height(self.height + 1, span);
                let source = Box::new(Expression { kind, span: source_span });
                kind = ExpressionKind::RelativeTraversal { source, steps: vec![step] };
            }
        }
        Expression { kind, span }
    }
}
