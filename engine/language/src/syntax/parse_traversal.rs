//! Names with constant steps as a text of their own: addresses, and references in JSON syntax.

use terrane_model::Span;

use super::identifiers::normalize;
use super::parser::Parser;
use super::token::{Token, TokenKind};
use super::tree::{Step, StepKind, Traversal};

impl Parser<'_> {
    /// Parses the whole text as a name and constant steps; nothing is returned after an error.
    pub(super) fn parse_whole_traversal(&mut self) -> Option<Traversal> {
        self.set_newlines(false);
        let root = self.read();
        if root.kind != TokenKind::Identifier {
            let detail = "Must begin with a variable name.";
            self.report("Variable name required", detail, self.token_span(root), None);
            return None;
        }
        let mut steps = Vec::new();
        loop {
            let step = match self.peek().kind {
                TokenKind::End => break,
                TokenKind::Dot => self.parse_whole_traversal_attribute(root)?,
                TokenKind::OpenBracket => self.parse_whole_traversal_index(root)?,
                _ => {
                    let next = self.peek();
                    let detail = "Expected an attribute access or an index operator.";
                    return self.report_in_traversal("Invalid character", detail, root, next);
                }
            };
            steps.push(step);
        }
        steps.shrink_to_fit();
        Some(Traversal { root: self.identifier(root), steps })
    }

    fn parse_whole_traversal_attribute(&mut self, root: Token) -> Option<Step> {
        let dot = self.read();
        let name = self.read();
        if name.kind == TokenKind::Identifier {
            let kind = StepKind::Attribute(self.name(name));
            return Some(Step { kind, span: self.between(dot, name) });
        }
        let detail = if name.kind == TokenKind::Star {
            "Splat expressions (.*) may not be used here."
        } else {
            "Dot must be followed by attribute name."
        };
        self.report_in_traversal("Attribute name required", detail, root, name)
    }

    fn parse_whole_traversal_index(&mut self, root: Token) -> Option<Step> {
        let open = self.read();
        let key = self.peek();
        let mark = self.mark();
        let kind = match key.kind {
            TokenKind::Number => {
                self.read();
                StepKind::NumberKey(self.number(key))
            }
            TokenKind::OpenQuote => StepKind::StringKey(normalize(&self.parse_quoted_literal().name)),
            TokenKind::Star => {
                let detail = "Splat expressions ([*]) may not be used here.";
                return self.report_in_traversal("Attribute name required", detail, root, key);
            }
            _ => {
                let detail = "Index brackets must contain either a literal number or a literal string.";
                return self.report_in_traversal("Index value required", detail, root, key);
            }
        };
        let close = self.read();
        if close.kind != TokenKind::CloseBracket {
            let detail = "Index key must be followed by a closing bracket.";
            return self.report_in_traversal("Unclosed index brackets", detail, open, close);
        }
        (!self.failed_since(mark)).then(|| Step { kind, span: self.between(open, close) })
    }

    fn report_in_traversal<T>(
        &mut self,
        summary: &'static str,
        detail: &'static str,
        context_start: Token,
        subject: Token,
    ) -> Option<T> {
        let context: Span = self.between(context_start, subject);
        self.report(summary, detail, self.token_span(subject), Some(context));
        None
    }
}
