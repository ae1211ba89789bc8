//! Terms: literals, names, parentheses and calls.

use terrane_model::Str;

use super::parser::Parser;
use super::token::{Token, TokenKind};
use super::tree::{Call, Expression, ExpressionKind, Identifier, Traversal};

impl Parser<'_> {
    /// Parses a term and the steps taken from it.
    pub(super) fn parse_term_with_steps(&mut self) -> Expression {
        let term = self.parse_term();
        if matches!(self.peek().kind, TokenKind::Dot | TokenKind::OpenBracket) {
            self.parse_steps(term)
        } else {
            term
        }
    }

    fn parse_term(&mut self) -> Expression {
        self.height = 0;
        match self.peek().kind {
            TokenKind::Identifier => self.parse_name_or_call(),
            TokenKind::OpenQuote | TokenKind::OpenHeredoc => self.parse_string(),
            TokenKind::Number => self.parse_number(),
            TokenKind::OpenParenthesis => self.parse_parentheses(),
            TokenKind::OpenBracket => self.parse_tuple_or_for(),
            TokenKind::OpenBrace => self.parse_object_or_for(),
            _ => self.report_no_expression(),
        }
    }

    fn report_no_expression(&mut self) -> Expression {
        let next = self.peek();
        let span = self.token_span(next);
        let (summary, detail) = if next.kind == TokenKind::End {
            ("Missing expression", "Expected the start of an expression, but found the end of the file.")
        } else {
            (
                "Invalid expression",
                "Expected the start of an expression, but found an invalid expression token.",
            )
        };
        self.report_first(summary, detail, span, None);
        self.recovering = true;
        self.invalid(span)
    }

    fn parse_number(&mut self) -> Expression {
        let token = self.read();
        let text = self.number(token);
        Expression { kind: ExpressionKind::Number(text), span: self.token_span(token) }
    }

    /// Returns the text of a number token, and complains where it is none.
    pub(super) fn number(&mut self, token: Token) -> Str {
        let text = token.text(self.text);
        if !is_number(text) {
            self.report(
                "Invalid number literal",
                "Failed to recognize the value of this number literal.",
                self.token_span(token),
                None,
            );
        }
        Str::from(text)
    }

    fn parse_parentheses(&mut self) -> Expression {
        let open = self.read();
        let newlines = self.set_newlines(false);
        let mark = self.mark();
        let inner = self.parse_expression();
        if self.failed_since(mark) {
            self.recover(TokenKind::CloseParenthesis);
            self.set_newlines(newlines);
            return inner;
        }
        let close = self.peek();
        if close.kind != TokenKind::CloseParenthesis {
            let context = self.between(open, close);
            self.report(
                "Unbalanced parentheses",
                "Expected a closing parenthesis to terminate the expression.",
                self.token_span(close),
                Some(context),
            );
            self.recovering = true;
        }
        let close = self.read();
        self.set_newlines(newlines);
        let span = self.between(open, close);
        self.set_height(self.height + 1, span);
        Expression { kind: ExpressionKind::Parentheses(Box::new(inner)), span }
    }

    fn parse_name_or_call(&mut self) -> Expression {
        let name = self.read();
        let span = self.token_span(name);
        if matches!(self.peek().kind, TokenKind::OpenParenthesis | TokenKind::DoubleColon) {
            return self.parse_call(name);
        }
        let kind = match name.text(self.text) {
            "true" => ExpressionKind::Bool(true),
            "false" => ExpressionKind::Bool(false),
            "null" => ExpressionKind::Null,
            _ => ExpressionKind::Traversal(Traversal { root: self.identifier(name), steps: Vec::new() }),
        };
        Expression { kind, span }
    }

    fn parse_call(&mut self, first_name: Token) -> Expression {
        let mut last_name = first_name;
        let mut open = self.read();
        while open.kind == TokenKind::DoubleColon {
            last_name = self.read();
            if last_name.kind != TokenKind::Identifier {
                return self.report_bad_call(
                    first_name,
                    last_name,
                    "Missing function name",
                    "Function scope resolution symbol :: must be followed by a function name in this scope.",
                );
            }
            open = self.read();
        }
        if open.kind != TokenKind::OpenParenthesis {
            return self.report_bad_call(
                first_name,
                open,
                "Missing open parenthesis",
                "Function selector must be followed by an open parenthesis to begin the function call.",
            );
        }
        let newlines = self.set_newlines(false);
        let arguments = self.parse_arguments(first_name, last_name, open);
        self.set_newlines(newlines);
        let name = Identifier {
            name: self.namespaced_name(first_name, last_name),
            span: self.between(first_name, last_name),
        };
        let span = self.between(first_name, arguments.close);
        self.set_height(arguments.height + 1, span);
        let call = Call {
            name,
            arguments: arguments.expressions,
            expand_final: arguments.expand_final,
            open_parenthesis: self.token_span(open),
            close_parenthesis: self.token_span(arguments.close),
        };
        Expression { kind: ExpressionKind::Call(Box::new(call)), span }
    }

    /// Returns a name and its namespaces without what may stand between them, such as blanks.
    fn namespaced_name(&self, first: Token, last: Token) -> Str {
        if first == last {
            return self.name(first);
        }
        let text = self.text.get(first.start as usize..last.end as usize).unwrap_or_default();
        let names = super::lexer::lex(text).into_iter();
        let names = names.filter(|token| token.kind == TokenKind::Identifier).map(|token| token.text(text));
        super::identifiers::normalize(&names.collect::<Vec<_>>().join("::"))
    }

    fn report_bad_call(
        &mut self,
        first_name: Token,
        bad: Token,
        summary: &'static str,
        detail: &'static str,
    ) -> Expression {
        let context = self.between(first_name, bad);
        self.report(summary, detail, self.token_span(bad), Some(context));
        self.recover_over_parentheses();
        self.invalid(context)
    }

    fn parse_arguments(&mut self, first_name: Token, last_name: Token, open: Token) -> Arguments {
        let first = self.pending_elements.len();
        let mut arguments =
            Arguments { expressions: Vec::new(), expand_final: false, close: last_name, height: 0 };
        loop {
            if self.at(TokenKind::CloseParenthesis) {
                arguments.close = self.read();
                break;
            }
            let mark = self.mark();
            let argument = self.parse_expression();
            self.pending_elements.push(argument);
            arguments.height = arguments.height.max(self.height);
            if self.lost_since(mark) {
                arguments.close = self.recover(TokenKind::CloseParenthesis);
                break;
            }
            let separator = self.read();
            match separator.kind {
                TokenKind::Comma => {}
                TokenKind::CloseParenthesis => {
                    arguments.close = separator;
                    break;
                }
                TokenKind::Ellipsis => {
                    arguments.expand_final = true;
                    arguments.close = self.parse_end_behind_ellipsis(first_name, separator);
                    break;
                }
                _ => {
                    self.report_no_separator(first_name, open, separator);
                    arguments.close = self.recover(TokenKind::CloseParenthesis);
                    break;
                }
            }
        }
        arguments.expressions = self.pending_elements.drain(first..).collect();
        arguments
    }

    fn parse_end_behind_ellipsis(&mut self, name: Token, ellipsis: Token) -> Token {
        if self.at(TokenKind::CloseParenthesis) {
            return self.read();
        }
        self.report_first(
            "Missing closing parenthesis",
            "An expanded function argument (with ...) must be immediately followed by closing parentheses.",
            self.token_span(ellipsis),
            Some(self.between(name, ellipsis)),
        );
        self.recover(TokenKind::CloseParenthesis)
    }

    fn report_no_separator(&mut self, name: Token, open: Token, separator: Token) {
        if separator.kind == TokenKind::End {
            self.report(
                "Unterminated function call",
                "There is no closing parenthesis for this function call before the end of the file. This \
                 may be caused by incorrect parenthesis nesting elsewhere in this file.",
                self.between(name, open),
                None,
            );
        } else {
            self.report(
                "Missing argument separator",
                "A comma is required to separate each function argument from the next.",
                self.token_span(separator),
                Some(self.between(name, separator)),
            );
        }
    }

    fn parse_string(&mut self) -> Expression {
        let open = self.read();
        let end =
            if open.kind == TokenKind::OpenQuote { TokenKind::CloseQuote } else { TokenKind::CloseHeredoc };
        let is_flush = open.kind == TokenKind::OpenHeredoc && open.text(self.text).starts_with("<<-");
        let kind = self.parse_template_until(end, is_flush).kind;
        let close = self.previous();
        let span = self.between(open, close);
        self.set_height(self.height, span);
        Expression { kind, span }
    }
}

struct Arguments {
    expressions: Vec<Expression>,
    expand_final: bool,
    close: Token,
    height: usize,
}

/// Tells whether the text of a number token is one number: digits, at most one point, at most one
/// exponent at the end, which must fit into 64 bits.
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    mantissa.bytes().filter(|&byte| byte == b'.').count() <= 1
        && exponent.is_none_or(|exponent| exponent.parse::<i64>().is_ok())
}
