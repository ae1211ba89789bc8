//! Templates, second step: what stands between directives becomes conditionals and `for` expressions.
//!
//! Directives nest, but the open ones are kept on the heap: deep nesting costs no call stack.

use super::identifiers::normalize;
use super::parse_template::{Directive, ForNames, Piece, Pieces};
use super::parser::Parser;
use super::token::Token;
use super::tree::{Expression, ExpressionKind, For};

/// Turns pieces into the parts of a template, without empty texts. The parser's height is then that of
/// the highest part.
pub(super) fn nest_directives(parser: &mut Parser<'_>, pieces: Pieces<'_>) -> Vec<Expression> {
    let mut open: Vec<Open> = Vec::new();
    let mut content = Content::default();
    for piece in pieces.list {
        match piece {
            Piece::Text(text) => {
                content.push(Expression::text(normalize(text.as_str()), text.span), 0);
            }
            Piece::Interpolation { expression, height } => content.push(expression, height),
            Piece::If { condition, height, opening } => {
                let kind = OpenKind::If { condition, height, then: None };
                open.push(Open { kind, opening, outer: std::mem::take(&mut content) });
            }
            Piece::For { names, collection, height, opening } => {
                let kind = OpenKind::For { names, collection, height };
                open.push(Open { kind, opening, outer: std::mem::take(&mut content) });
            }
            Piece::Else(directive) => on_else(parser, &mut open, &mut content, directive),
            Piece::EndIf(directive) => {
                close(parser, &mut open, &mut content, directive, "endif");
            }
            Piece::EndFor(directive) => {
                close(parser, &mut open, &mut content, directive, "endfor");
            }
        }
        if parser.has_given_up() {
            return Vec::new();
        }
    }
    while let Some(unclosed) = open.pop() {
        report_unclosed(parser, &unclosed, pieces.end);
        content = unclosed.outer;
    }
    content.parts.shrink_to_fit();
    parser.height = content.height;
    content.parts
}

/// A directive that waits for its end.
struct Open {
    kind: OpenKind,
    opening: Directive,
    /// What was read around it so far.
    outer: Content,
}

enum OpenKind {
    If {
        condition: Expression,
        height: usize,
        /// What stands before `else`, once that was read.
        then: Option<Content>,
    },
    For {
        names: ForNames,
        collection: Expression,
        height: usize,
    },
}

/// Parts, and the height of the highest of them.
#[derive(Default)]
struct Content {
    parts: Vec<Expression>,
    height: usize,
}

impl Content {
    fn push(&mut self, part: Expression, height: usize) {
        if !matches!(&part.kind, ExpressionKind::String(text) if text.is_empty()) {
            self.height = self.height.max(height);
            self.parts.push(part);
        }
    }

    /// Makes one expression of the parts, whose value is always a string.
    fn into_expression(mut self, when_empty: terrane_model::Span) -> Expression {
        let span = match (self.parts.first(), self.parts.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => return Expression::text(normalize(""), when_empty),
        };
        if let [Expression { kind: ExpressionKind::String(_), .. }] = self.parts.as_slice()
            && let Some(only) = self.parts.pop()
        {
            return only;
        }
        self.parts.shrink_to_fit();
        Expression { kind: ExpressionKind::Template(self.parts), span }
    }
}

impl Expression {
    fn text(text: terrane_model::Str, span: terrane_model::Span) -> Self {
        Self { kind: ExpressionKind::String(text), span }
    }
}

fn on_else(parser: &mut Parser<'_>, open: &mut Vec<Open>, content: &mut Content, directive: Directive) {
    let detail = match open.last_mut() {
        Some(Open { kind: OpenKind::If { then: then @ None, .. }, .. }) => {
            *then = Some(std::mem::take(content));
            return;
        }
        Some(Open { kind: OpenKind::If { .. }, opening, .. }) => {
            let line = parser.at_line(opening.start);
            format!("Already in the else clause for the if started{line}.")
        }
        Some(_) => "An else clause is not expected for a for directive.".to_owned(),
        None => "The control directives within this template are unbalanced.".to_owned(),
    };
    report_unexpected(parser, open, content, directive, "else", detail);
}

/// Ends the innermost directive, or complains that another end was expected.
fn close(
    parser: &mut Parser<'_>,
    open: &mut Vec<Open>,
    content: &mut Content,
    directive: Directive,
    word: &str,
) {
    let detail = match (open.pop(), word) {
        (Some(Open { kind: OpenKind::If { condition, height, then }, opening, outer }), "endif") => {
            let inner = std::mem::replace(content, outer);
            let (expression, height) =
                build_conditional(parser, condition, height, then, inner, opening, directive);
            return content.push(expression, height);
        }
        (Some(Open { kind: OpenKind::For { names, collection, height }, opening, outer }), "endfor") => {
            let inner = std::mem::replace(content, outer);
            let (expression, height) =
                build_join(parser, names, collection, height, inner, opening, directive);
            return content.push(expression, height);
        }
        (Some(innermost), _) => {
            let line = parser.at_line(innermost.opening.start);
            let detail = match innermost.kind {
                OpenKind::If { .. } => format!("Expecting an endif directive for the if started{line}."),
                OpenKind::For { .. } => {
                    format!("Expecting an endfor directive corresponding to the for directive{line}.")
                }
            };
            open.push(innermost);
            detail
        }
        (None, _) => "The control directives within this template are unbalanced.".to_owned(),
    };
    report_unexpected(parser, open, content, directive, word, detail);
}

/// Complains about a directive that closes nothing, and takes the innermost one as closed.
fn report_unexpected(
    parser: &mut Parser<'_>,
    open: &mut Vec<Open>,
    content: &mut Content,
    directive: Directive,
    word: &str,
    detail: String,
) {
    parser.report(format!("Unexpected {word} directive"), detail, directive.span, None);
    if let Some(innermost) = open.pop() {
        *content = innermost.outer;
    }
}

fn report_unclosed(parser: &mut Parser<'_>, unclosed: &Open, end: Token) {
    let line = parser.at_line(unclosed.opening.start);
    let word = match unclosed.kind {
        OpenKind::If { .. } => "if",
        OpenKind::For { .. } => "for",
    };
    let detail = format!("The {word} directive{line} is missing its corresponding end{word} directive.");
    parser.report("Unexpected end of template", detail, parser.token_span(end), None);
}

fn build_conditional(
    parser: &mut Parser<'_>,
    condition: Expression,
    condition_height: usize,
    then: Option<Content>,
    last: Content,
    opening: Directive,
    closing: Directive,
) -> (Expression, usize) {
    let (then, otherwise) = match then {
        Some(then) => (then, last),
        None => (last, Content::default()),
    };
    let height = condition_height.max(then.height + 1).max(otherwise.height + 1) + 1;
    let span = opening.span.to(closing.span);
    parser.set_height(height, span);
    let kind = ExpressionKind::Conditional {
        condition: Box::new(condition),
        when_true: Box::new(then.into_expression(opening.span.at_end())),
        when_false: Box::new(otherwise.into_expression(closing.span.at_start())),
    };
    (Expression { kind, span }, height)
}

fn build_join(
    parser: &mut Parser<'_>,
    names: ForNames,
    collection: Expression,
    collection_height: usize,
    inner: Content,
    opening: Directive,
    closing: Directive,
) -> (Expression, usize) {
    let height = collection_height.max(inner.height + 1) + 2;
    let span = opening.span.to(closing.span);
    parser.set_height(height, span);
    let (key_name, value_name) = names;
    let inner = For {
        key_name,
        value_name,
        collection,
        key: None,
        value: inner.into_expression(opening.span.at_end()),
        condition: None,
        grouping: false,
        introduction: opening.span,
    };
    let inner = Expression { kind: ExpressionKind::For(Box::new(inner)), span };
    (Expression { kind: ExpressionKind::TemplateJoin(Box::new(inner)), span }, height)
}
