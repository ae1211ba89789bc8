//! What the rest of the program calls to parse native syntax.

use terrane_model::{Diagnostic, Diagnostics, FileId, Span};

use super::lexer::lex;
use super::parse_template::parse_template_text;
use super::parser::{Parser, TextOrigin};
use super::token::TokenKind;
use super::tree::{Body, Expression, ExpressionKind, Traversal};

/// Parses the text of a configuration file.
///
/// The body holds whatever could be understood; each error that was found is among the diagnostics.
pub fn parse_file(file: FileId, text: &str) -> (Body, Diagnostics) {
    if let Some(error) = check_size(text, file.into()) {
        let nowhere = Span::new(file, 0, 0);
        let body =
            Body { attributes: Vec::new(), blocks: Vec::new(), span: nowhere, start: nowhere, end: nowhere };
        return (body, error.into());
    }
    let mut parser = Parser::new(text, lex(text), file.into());
    let body = parser.parse_file_body();
    (body, parser.into_diagnostics())
}

/// Parses a text that is one expression, such as a line typed at the console.
///
/// Line ends do not matter in it.
pub fn parse_expression(text: &str, origin: impl Into<TextOrigin>) -> (Expression, Diagnostics) {
    let origin = origin.into();
    if let Some(error) = check_size(text, origin) {
        return (invalid_expression(origin), error.into());
    }
    let mut parser = Parser::new(text, lex(text), origin);
    parser.set_newlines(false);
    let expression = parser.parse_expression();
    let next = parser.peek();
    if next.kind != TokenKind::End {
        parser.report_first(
            "Extra characters after expression",
            "An expression was successfully parsed, but extra characters were found after it.",
            parser.token_span(next),
            None,
        );
    }
    (expression, parser.into_diagnostics())
}

/// Parses a text that is a template without quotes around it, such as a file for `templatefile`.
pub fn parse_template(text: &str, origin: impl Into<TextOrigin>) -> (Expression, Diagnostics) {
    let origin = origin.into();
    if let Some(error) = check_size(text, origin) {
        return (invalid_expression(origin), error.into());
    }
    let (expression, parser) = parse_template_text(text, origin, 0);
    (expression, parser.into_diagnostics())
}

/// Parses a text that is a name with constant steps, such as an address.
///
/// # Errors
///
/// Returns what is wrong with the text when it is anything else.
pub fn parse_traversal(text: &str, origin: impl Into<TextOrigin>) -> Result<Traversal, Diagnostics> {
    let origin = origin.into();
    if let Some(error) = check_size(text, origin) {
        return Err(error.into());
    }
    let mut parser = Parser::new(text, lex(text), origin);
    let traversal = parser.parse_whole_traversal();
    let diagnostics = parser.into_diagnostics();
    match traversal {
        Some(traversal) if diagnostics.is_empty() => Ok(traversal),
        _ => Err(diagnostics),
    }
}

/// Refuses texts whose places do not fit into a span.
fn check_size(text: &str, origin: TextOrigin) -> Option<Diagnostic> {
    let offset = match origin {
        TextOrigin::File { offset, .. } => offset as usize,
        TextOrigin::Derived(_) => 0,
    };
    (text.len() + offset >= u32::MAX as usize).then(|| {
        let detail = "A source text must be smaller than 4 GiB. Split it into several files.";
        Diagnostic::error("Source text too large", detail).at(origin_start(origin))
    })
}

fn invalid_expression(origin: TextOrigin) -> Expression {
    Expression { kind: ExpressionKind::Invalid, span: origin_start(origin) }
}

fn origin_start(origin: TextOrigin) -> Span {
    match origin {
        TextOrigin::File { file, offset } => Span::new(file, offset as usize, offset as usize),
        TextOrigin::Derived(span) => span,
    }
}
