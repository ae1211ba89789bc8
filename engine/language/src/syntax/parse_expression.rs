//! Operators: conditionals, binary and unary operations.

use terrane_model::Span;

use super::parser::Parser;
use super::token::TokenKind;
use super::tree::{BinaryOperator, Expression, ExpressionKind, UnaryOperator};

impl Parser<'_> {
    /// Parses an expression of any form.
    pub(super) fn parse_expression(&mut self) -> Expression {
        let expression = if self.enter() {
            self.parse_conditional()
        } else {
            let next = self.peek();
            let span = self.token_span(next);
            self.invalid(span)
        };
        self.leave();
        expression
    }

    fn parse_conditional(&mut self) -> Expression {
        let start = self.peek();
        let mark = self.mark();
        let condition = self.parse_operation();
        if self.lost_since(mark) || !self.at(TokenKind::Question) {
            return condition;
        }
        let mut height = self.height;
        self.read();
        let when_true = self.parse_expression();
        height = height.max(self.height);
        if self.lost_since(mark) {
            return condition;
        }
        let colon = self.peek();
        if colon.kind != TokenKind::Colon {
            self.report(
                "Missing false expression in conditional",
                "The conditional operator (...?...:...) requires a false expression, delimited by a colon.",
                self.token_span(colon),
                Some(self.between(start, colon)),
            );
            return condition;
        }
        self.read();
        let when_false = self.parse_expression();
        height = height.max(self.height);
        if self.lost_since(mark) {
            return condition;
        }
        let span = self.token_span(start).to(when_false.span);
        self.set_height(height + 1, span);
        let kind = ExpressionKind::Conditional {
            condition: Box::new(condition),
            when_true: Box::new(when_true),
            when_false: Box::new(when_false),
        };
        Expression { kind, span }
    }

    /// Parses operands with binary operators between them.
    fn parse_operation(&mut self) -> Expression {
        let mark = self.mark();
        let first = self.parse_operand();
        if self.lost_since(mark) || binary_operator(self.peek().kind).is_none() {
            return first;
        }
        let bottom = self.pending_operands.len();
        let mut operators = Vec::new();
        self.pending_operands.push((first, self.height));
        while let Some((operator, precedence)) = binary_operator(self.peek().kind) {
            let token = self.read();
            self.combine_down_to(&mut operators, precedence);
            operators.push(PendingOperator { operator, precedence, span: self.token_span(token) });
            let operand = self.parse_operand();
            self.pending_operands.push((operand, self.height));
            if self.lost_since(mark) {
                break;
            }
        }
        self.combine_down_to(&mut operators, 0);
        let result = self.pending_operands.drain(bottom..).next();
        match result {
            Some((expression, height)) => {
                self.height = height;
                expression
            }
            None => {
                let start = self.span(0, 0);
                self.invalid(start)
            }
        }
    }

    /// Combines the operands around all waiting operators that bind at least as tightly.
    fn combine_down_to(&mut self, operators: &mut Vec<PendingOperator>, precedence: u8) {
        while operators.last().is_some_and(|waiting| waiting.precedence >= precedence) {
            let (Some(waiting), Some((right, right_height)), Some((left, left_height))) =
                (operators.pop(), self.pending_operands.pop(), self.pending_operands.pop())
            else {
                return;
            };
            let span = left.span.to(right.span);
            let height = left_height.max(right_height) + 1;
            self.set_height(height, span);
            let kind = ExpressionKind::Binary {
                operator: waiting.operator,
                operator_span: waiting.span,
                left: Box::new(left),
                right: Box::new(right),
            };
            self.pending_operands.push((Expression { kind, span }, height));
        }
    }

    /// Parses a term with the unary operators in front of it.
    fn parse_operand(&mut self) -> Expression {
        if unary_operator(self.peek().kind).is_none() {
            return self.parse_term_with_steps();
        }
        let mut operators = Vec::new();
        while let Some(operator) = unary_operator(self.peek().kind) {
            let token = self.read();
            operators.push((operator, self.token_span(token)));
        }
        let mut expression = self.parse_term_with_steps();
        for (operator, operator_span) in operators.into_iter().rev() {
            let span = operator_span.to(expression.span);
            self.set_height(self.height + 1, span);
            let kind = ExpressionKind::Unary { operator, operator_span, operand: Box::new(expression) };
            expression = Expression { kind, span };
            if self.has_given_up() {
                break;
            }
        }
        expression
    }
}

/// An operator whose operands are not combined yet.
struct PendingOperator {
    operator: BinaryOperator,
    precedence: u8,
    span: Span,
}

/// Returns the operator that a token stands for, and how tightly it binds. All associate to the left.
fn binary_operator(kind: TokenKind) -> Option<(BinaryOperator, u8)> {
    Some(match kind {
        TokenKind::Or => (BinaryOperator::Or, 1),
        TokenKind::And => (BinaryOperator::And, 2),
        TokenKind::EqualEqual => (BinaryOperator::Equal, 3),
        TokenKind::NotEqual => (BinaryOperator::NotEqual, 3),
        TokenKind::Greater => (BinaryOperator::Greater, 4),
        TokenKind::GreaterOrEqual => (BinaryOperator::GreaterOrEqual, 4),
        TokenKind::Less => (BinaryOperator::Less, 4),
        TokenKind::LessOrEqual => (BinaryOperator::LessOrEqual, 4),
        TokenKind::Plus => (BinaryOperator::Add, 5),
        TokenKind::Minus => (BinaryOperator::Subtract, 5),
        TokenKind::Star => (BinaryOperator::Multiply, 6),
        TokenKind::Slash => (BinaryOperator::Divide, 6),
        TokenKind::Percent => (BinaryOperator::Modulo, 6),
        _ => return None,
    })
}

fn unary_operator(kind: TokenKind) -> Option<UnaryOperator> {
    match kind {
        TokenKind::Minus => Some(UnaryOperator::Negate),
        TokenKind::Not => Some(UnaryOperator::Not),
        _ => None,
    }
}
