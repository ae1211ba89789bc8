//! Errors about characters that never have a place in the language, whatever stands around them.

use super::token::{Token, TokenKind};

/// How often each kind of unsupported operator is reported in one text.
const BITWISE_REPORTS_MAX: usize = 4;

/// What is wrong with a token.
pub(super) struct InvalidToken {
    pub(super) token: Token,
    pub(super) summary: &'static str,
    pub(super) detail: &'static str,
}

/// Lists the tokens that never have a place, leaving out repetitions that would teach nothing new.
pub(super) fn find_invalid_tokens<'a>(
    text: &'a str,
    tokens: &'a [Token],
) -> impl Iterator<Item = InvalidToken> + 'a {
    let mut seen = Seen::default();
    tokens.iter().filter_map(move |&token| {
        let (summary, detail) = describe(token, text, &mut seen)?;
        Some(InvalidToken { token, summary, detail })
    })
}

#[derive(Default)]
struct Seen {
    bitwise: usize,
    backticks: usize,
    apostrophes: usize,
    semicolons: usize,
}

fn describe(token: Token, text: &str, seen: &mut Seen) -> Option<(&'static str, &'static str)> {
    match token.kind {
        TokenKind::BitAnd | TokenKind::BitOr | TokenKind::BitNot | TokenKind::BitXor => {
            seen.bitwise += 1;
            let detail = bitwise_detail(token.kind);
            (seen.bitwise <= BITWISE_REPORTS_MAX).then_some(("Unsupported operator", detail))
        }
        // Of the quote marks around a text, the first is enough.
        TokenKind::Backtick => {
            seen.backticks += 1;
            (seen.backticks == 1 || seen.backticks == 3).then_some((
                "Invalid character",
                "The \"`\" character is not valid. To create a multi-line string, use the \"heredoc\" \
                 syntax, like \"<<EOT\".",
            ))
        }
        TokenKind::Apostrophe => {
            seen.apostrophes += 1;
            (seen.apostrophes == 1 || seen.apostrophes == 3).then_some((
                "Invalid character",
                "Single quotes are not valid. Use double quotes (\") to enclose strings.",
            ))
        }
        TokenKind::Semicolon => {
            seen.semicolons += 1;
            (seen.semicolons == 1).then_some((
                "Invalid character",
                "The \";\" character is not valid. Use newlines to separate arguments and blocks, and \
                 commas to separate items in collection values.",
            ))
        }
        TokenKind::QuotedNewline => Some((
            "Invalid multi-line string",
            "Quoted strings may not be split over multiple lines. To produce a multi-line string, either \
             use the \\n escape to represent a newline character or use the \"heredoc\" multi-line \
             template syntax.",
        )),
        TokenKind::Invalid => Some(("Invalid character", invalid_character_detail(token.text(text)))),
        _ => None,
    }
}

fn bitwise_detail(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::BitAnd => "Bitwise operators are not supported. Did you mean boolean AND (\"&&\")?",
        TokenKind::BitOr => "Bitwise operators are not supported. Did you mean boolean OR (\"||\")?",
        TokenKind::BitNot => "Bitwise operators are not supported. Did you mean boolean NOT (\"!\")?",
        _ => "Bitwise operators are not supported.",
    }
}

fn invalid_character_detail(character: &str) -> &'static str {
    match character {
        "“" | "”" => {
            "\"Curly quotes\" are not valid here. These can sometimes be inadvertently introduced when \
             sharing code via documents or discussion forums. It might help to replace the character \
             with a \"straight quote\"."
        }
        _ => "This character is not used within the language.",
    }
}
