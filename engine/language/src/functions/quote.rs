//! Text shown in messages: quoted as Go quotes it, hidden where it is sensitive.

use std::fmt::Write;
use std::sync::OnceLock;

use regex::Regex;
use terrane_model::Value;

/// Returns text in double quotes, as `%q` and `%#v` of Go and therefore the language's own `format` and
/// console write it: what cannot be seen is written as an escape.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        append_escaped(&mut quoted, char);
    }
    quoted.push('"');
    quoted
}

/// Returns a character in single quotes, as Go's `%q` writes it.
pub(super) fn quote_char(char: char) -> String {
    let mut quoted = String::from("'");
    match char {
        '\'' => quoted.push_str("\\'"),
        '"' => quoted.push('"'),
        char => append_escaped(&mut quoted, char),
    }
    quoted.push('\'');
    quoted
}

fn append_escaped(quoted: &mut String, char: char) {
    let short = match char {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{b}' => "\\v",
        _ => "",
    };
    if !short.is_empty() {
        quoted.push_str(short);
    } else if is_printable(char) {
        quoted.push(char);
    } else {
        // Writing into a string cannot fail.
        let _ = match u32::from(char) {
            code @ 0..0x80 => write!(quoted, "\\x{code:02x}"),
            code @ 0x80..0x1_0000 => write!(quoted, "\\u{code:04x}"),
            code => write!(quoted, "\\U{code:08x}"),
        };
    }
}

/// Tells whether a character is a letter, mark, number, punctuation, symbol, or the plain space.
pub(super) fn is_printable(char: char) -> bool {
    static PRINTABLE: OnceLock<Regex> = OnceLock::new();
    if char.is_ascii() {
        return matches!(char, ' '..='~');
    }
    let printable = PRINTABLE
        .get_or_init(|| Regex::new(r"^[\pL\pM\pN\pP\pS]$").expect("the pattern is a valid constant"));
    printable.is_match(char.encode_utf8(&mut [0; 4]))
}

/// Hides text that was made from a sensitive value.
pub(super) fn redact(text: String, origin: &Value) -> String {
    if origin.marks().is_sensitive() { "(sensitive value)".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_follows_go() {
        for (text, quoted) in [
            ("a\"b\\", r#""a\"b\\""#),
            ("\n\t\u{7}\0\u{7f}", r#""\n\t\a\x00\x7f""#),
            ("é\u{301}", "\"é\u{301}\""),
            ("\u{200d}\u{a0}\u{85}", r#""\u200d\u00a0\u0085""#),
            ("\u{e0001}😀", "\"\\U000e0001😀\""),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }
}
