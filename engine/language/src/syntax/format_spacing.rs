//! Whether a blank stands between two tokens of a line.

use super::format::{FormatToken, Texts};
use super::token::TokenKind as Kind;

/// Tells whether a blank stands between `subject` and the token behind it, of kind `after`. The kind of
/// the token in front of `subject` is `before`, if there is one in the same cell of the line.
pub(super) fn needs_space(
    before: Option<Kind>,
    subject: FormatToken,
    after: Kind,
    texts: &Texts<'_>,
) -> bool {
    let kind = subject.kind;
    if is_never_split(kind, after) {
        return false;
    }
    if kind == Kind::Comma {
        return true;
    }
    if is_inside_template(kind, after) {
        return false;
    }
    // In `for x in [y]` the bracket does not index.
    if kind == Kind::Identifier && before == Some(Kind::Identifier) && texts.text(subject) == "in" {
        return true;
    }
    if after == Kind::OpenBracket && can_be_indexed(kind) {
        return false;
    }
    match kind {
        Kind::Not => return false,
        Kind::Minus => return before.is_some_and(|before| !expects_operand(before)),
        _ => {}
    }
    needs_space_at_bracket(kind, after)
}

fn is_never_split(kind: Kind, after: Kind) -> bool {
    matches!(
        (kind, after),
        (_, Kind::Newline | Kind::Dot | Kind::Comma | Kind::Ellipsis)
            | (Kind::Dot, _)
            | (Kind::Identifier, Kind::OpenParenthesis | Kind::DoubleColon)
            | (Kind::DoubleColon, Kind::Identifier)
    )
}

/// Tells whether blanks here would be part of a text.
fn is_inside_template(kind: Kind, after: Kind) -> bool {
    matches!(kind, Kind::QuotedText | Kind::PlainText | Kind::OpenQuote | Kind::OpenHeredoc)
        || matches!(after, Kind::QuotedText | Kind::PlainText | Kind::CloseQuote | Kind::CloseHeredoc)
}

fn can_be_indexed(kind: Kind) -> bool {
    matches!(kind, Kind::Identifier | Kind::Number) || kind.bracket_change() < 0
}

/// Tells whether a minus behind such a token negates rather than subtracts.
fn expects_operand(before: Kind) -> bool {
    matches!(
        before,
        Kind::OpenParenthesis
            | Kind::OpenBrace
            | Kind::OpenBracket
            | Kind::Equal
            | Kind::Colon
            | Kind::Comma
            | Kind::Question
            | Kind::Plus
            | Kind::Star
            | Kind::Slash
            | Kind::Percent
            | Kind::Minus
            | Kind::EqualEqual
            | Kind::NotEqual
            | Kind::Greater
            | Kind::GreaterOrEqual
            | Kind::Less
            | Kind::LessOrEqual
            | Kind::And
            | Kind::Or
            | Kind::Not
    )
}

fn needs_space_at_bracket(kind: Kind, after: Kind) -> bool {
    match (kind, after) {
        (Kind::OpenBrace, Kind::CloseBrace) => false,
        // Braces keep a distance, also from the marks of template sequences.
        (Kind::OpenBrace, _) | (_, Kind::CloseBrace) => true,
        (Kind::OpenInterpolation | Kind::OpenDirective, Kind::OpenBrace) => true,
        (Kind::CloseBrace, Kind::CloseSequence) => true,
        (Kind::CloseSequence, Kind::OpenInterpolation | Kind::OpenDirective) => false,
        _ => kind.bracket_change() <= 0 && after.bracket_change() >= 0,
    }
}
