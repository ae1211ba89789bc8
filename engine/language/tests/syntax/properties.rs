//! What holds for every text, also for nonsense.

use proptest::prelude::*;
use terrane_language::syntax::lexer::{lex, lex_template};
use terrane_language::syntax::token::{Token, TokenKind};
use terrane_language::syntax::{
    BodySchema, ConfigBody, format_source, parse_expression, parse_file, parse_json_file, parse_template,
    parse_traversal,
};
use terrane_model::{Diagnostics, FileId};

const NOTHING: BodySchema<'static> = BodySchema { attributes: &[], blocks: &[] };

/// Pieces that mean something, so that random texts get far into the parser.
const PIECES: [&str; 72] = [
    "a",
    "b1",
    "for",
    "in",
    "if",
    "null",
    "true",
    "é",
    "日",
    "1",
    "2.5",
    "1e3",
    "1.2.3",
    "\"",
    "\"x\"",
    "${",
    "%{",
    "${~",
    "~}",
    "$${",
    "%{if a}",
    "%{else}",
    "%{endif}",
    "%{for a in b}",
    "%{endfor}",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    "[*]",
    ".*",
    ".",
    "...",
    ",",
    ":",
    "::",
    "?",
    "=",
    "==",
    "=>",
    "!=",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "<",
    ">=",
    "&&",
    "||",
    "&",
    "'",
    ";",
    "`",
    "\\",
    "\\n",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "# c\n",
    "// c\n",
    "/* c */",
    "/*",
    "<<E\n",
    "<<-E\n",
    "E\n",
    "\u{feff}",
];

/// Pieces of valid files.
const ITEMS: [&str; 20] = [
    "a = 1\n",
    "bb=[1,2]\n",
    "ccc = {\n  a = 1\n}\n",
    "d = \"${e}\"\n",
    "f = \"x ${g} y\" # c\n",
    "\n",
    "# comment\n",
    "block {\n",
    "block \"l\" m {\n",
    "}\n",
    "h = <<-EOT\n    i\n      j\n  EOT\n",
    "k = [for x in y : x if x != null]\n",
    "l = f(m...)\n",
    "n = o ? p : -q\n",
    "r = s[*].t[0]\n",
    "block { u = 1 }\n",
    "/* v */\n",
    "variable \"w\" {\n  type = \"list\"\n}\n",
    "x = (\n  1 +\n  2\n)\n",
    "\"y\" = 1\n",
];

const JSON_PIECES: [&str; 20] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"${b}\"",
    "\"%{if c}\"",
    "\"\\u00e9\"",
    "\"\\x\"",
    "\"",
    "1",
    "-2.5e3",
    "01",
    "true",
    "nul",
    " ",
    "\n",
    "=",
];

fn nonsense() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat()),
        2 => prop::collection::vec(prop::sample::select(&ITEMS[..]), 0..12).prop_map(|items| items.concat()),
        1 => ".*",
        1 => prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
    ]
}

fn json_nonsense() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&JSON_PIECES[..]), 0..40).prop_map(|pieces| pieces.concat())
}

/// Checks that tokens and the blanks between them are the text.
fn check_tokens(text: &str, tokens: &[Token]) -> Result<(), TestCaseError> {
    let mut end = if text.starts_with('\u{feff}') { 3 } else { 0 };
    for token in tokens {
        let between = &text[end..token.start as usize];
        prop_assert!(between.bytes().all(|byte| matches!(byte, b' ' | b'\t')), "{between:?} in {text:?}");
        prop_assert!(text.is_char_boundary(token.end as usize));
        prop_assert!(token.kind == TokenKind::End || token.start < token.end);
        end = token.end as usize;
    }
    prop_assert_eq!(end, text.len());
    prop_assert_eq!(tokens.last().map(|token| token.kind), Some(TokenKind::End));
    Ok(())
}

/// Checks that all places lie in the text.
fn check_places(text: &str, diagnostics: &Diagnostics) -> Result<(), TestCaseError> {
    for diagnostic in diagnostics {
        for span in diagnostic.subject.iter().chain(&diagnostic.context) {
            prop_assert!(span.start <= span.end && span.end as usize <= text.len(), "{diagnostic:?}");
        }
    }
    Ok(())
}

/// Returns the kinds and texts of tokens.
fn meaning(text: &str) -> Vec<(TokenKind, String)> {
    lex(text).into_iter().map(|token| (token.kind, token.text(text).to_owned())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn tokens_make_up_the_text(text in nonsense()) {
        check_tokens(&text, &lex(&text))?;
        let tokens = lex_template(&text);
        check_tokens(&text, &tokens)?;
    }

    #[test]
    fn parsing_always_ends_with_places_in_the_text(text in nonsense()) {
        let file = FileId(0);
        let (body, errors) = parse_file(file, &text);
        check_places(&text, &errors)?;
        let (_, errors) = ConfigBody::from_native(body).content(&NOTHING);
        check_places(&text, &errors)?;
        let (expression, errors) = parse_expression(&text, file);
        check_places(&text, &errors)?;
        for reference in expression.variables() {
            prop_assert!(reference.span.end as usize <= text.len());
        }
        let (_, errors) = parse_template(&text, file);
        check_places(&text, &errors)?;
        if let Err(errors) = parse_traversal(&text, file) {
            prop_assert!(errors.has_errors());
            check_places(&text, &errors)?;
        }
    }

    #[test]
    fn formatting_changes_blanks_only_and_nothing_the_second_time(text in nonsense()) {
        if let Ok(formatted) = format_source(FileId(0), &text) {
            let again = format_source(FileId(0), &formatted);
            prop_assert!(again.is_ok(), "{text:?} became {formatted:?}");
            let outdated = ["\"${", "type", "block \"l\" m"];
            if !outdated.iter().any(|sign| text.contains(sign)) {
                prop_assert_eq!(&again, &Ok(formatted.clone()));
                let is_inside_labels = |token: &(TokenKind, String)| token.0 == TokenKind::Comment;
                let strip = |text: &str| meaning(text).into_iter().filter(|token| !is_inside_labels(token)).count();
                prop_assert!(strip(&formatted) >= strip(&text), "{text:?} became {formatted:?}");
            }
        }
    }

    #[test]
    fn json_is_read_to_the_end(text in json_nonsense()) {
        let (body, errors) = parse_json_file(FileId(0), &text);
        check_places(&text, &errors)?;
        let (attributes, errors) = body.just_attributes();
        check_places(&text, &errors)?;
        for attribute in &attributes {
            prop_assert!(attribute.expression.variables().count() <= text.len());
        }
        let (_, errors) = body.content(&NOTHING);
        check_places(&text, &errors)?;
    }
}
