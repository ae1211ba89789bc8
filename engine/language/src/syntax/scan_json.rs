//! Cuts JSON text into tokens, leniently: the reader complains about what is inside of them.

/// What a token of JSON is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonTokenKind {
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Comma,
    Colon,
    /// Not JSON, but what people write who are used to the native syntax.
    Equal,
    Keyword,
    String,
    Number,
    Invalid,
    End,
}

/// A piece of JSON text.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonToken {
    pub(super) kind: JsonTokenKind,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Cuts a text into tokens up to the first character that cannot start any. The last token is always
/// [`JsonTokenKind::End`]. A byte order mark at the start is skipped.
pub(super) fn scan_json(text: &str) -> Vec<JsonToken> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(text.len() / 8 + 1);
    let mut position = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some(&first) = bytes.get(position) {
        let rest = &bytes[position..];
        let (kind, length) = match first {
            b' ' | b'\n' | b'\r' | b'\t' => {
                position += 1;
                continue;
            }
            b'{' => (JsonTokenKind::OpenBrace, 1),
            b'}' => (JsonTokenKind::CloseBrace, 1),
            b'[' => (JsonTokenKind::OpenBracket, 1),
            b']' => (JsonTokenKind::CloseBracket, 1),
            b',' => (JsonTokenKind::Comma, 1),
            b':' => (JsonTokenKind::Colon, 1),
            b'=' => (JsonTokenKind::Equal, 1),
            b'"' => (JsonTokenKind::String, string_length(rest)),
            b'-' | b'+' | b'.' | b'0'..=b'9' => {
                let is_part = |byte: u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                (JsonTokenKind::Number, run_length(rest, is_part))
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                (JsonTokenKind::Keyword, run_length(rest, |byte| byte.is_ascii_alphabetic() || byte == b'_'))
            }
            _ => (JsonTokenKind::Invalid, text[position..].chars().next().map_or(1, char::len_utf8)),
        };
        let start = position as u32;
        position += length;
        tokens.push(JsonToken { kind, start, end: position as u32 });
        if kind == JsonTokenKind::Invalid {
            break;
        }
    }
    tokens.push(JsonToken { kind: JsonTokenKind::End, start: position as u32, end: position as u32 });
    tokens
}

fn run_length(bytes: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| !is_part(byte)).unwrap_or(bytes.len())
}

/// Measures a string with its quotes. One that is not closed ends in front of the first control character.
fn string_length(bytes: &[u8]) -> usize {
    let mut escaped = false;
    for (index, &byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            b'\\' => escaped = !escaped,
            b'"' if !escaped => return index + 1,
            0..32 => return index,
            _ => escaped = false,
        }
    }
    bytes.len()
}
