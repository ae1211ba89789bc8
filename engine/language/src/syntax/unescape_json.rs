//! What a JSON string means.

use std::borrow::Cow;

/// Returns the text of a JSON string, given with its quotes.
///
/// Halves of surrogate pairs that stand alone become U+FFFD.
///
/// # Errors
///
/// Where an escape is wrong or the closing quote is missing: the offset behind the offending byte.
pub(super) fn unescape_json(quoted: &str) -> Result<Cow<'_, str>, usize> {
    let Some(inside) = quoted.strip_prefix('"') else { return Err(0) };
    let Some(first) = inside.find(['\\', '"']) else { return Err(quoted.len()) };
    if first + 1 == inside.len() && inside.ends_with('"') {
        return Ok(Cow::Borrowed(&inside[..first]));
    }
    let mut result = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(index) = rest.find(['\\', '"']) {
        result.push_str(&rest[..index]);
        let escape = &rest[index..];
        if escape.starts_with('"') {
            return Ok(Cow::Owned(result));
        }
        let length =
            unescape_one(escape, &mut result).map_err(|offset| quoted.len() - escape.len() + offset)?;
        rest = &escape[length..];
    }
    Err(quoted.len())
}

/// Adds what the escape at the start of `text` means; returns its length, or the offset behind the byte
/// that is wrong.
fn unescape_one(text: &str, result: &mut String) -> Result<usize, usize> {
    let character = match text.as_bytes().get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unescape_code_unit(text, result),
        Some(_) => return Err(2),
        None => return Err(text.len()),
    };
    result.push(character);
    Ok(2)
}

fn unescape_code_unit(text: &str, result: &mut String) -> Result<usize, usize> {
    let high = code_unit(text)?;
    if let Some(character) = char::from_u32(high) {
        result.push(character);
        return Ok(6);
    }
    let is_high = (0xd800..0xdc00).contains(&high) && text.get(6..8) == Some("\\u");
    if is_high && let Ok(low @ 0xdc00..0xe000) = code_unit(&text[6..]) {
        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        result.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        return Ok(12);
    }
    result.push(char::REPLACEMENT_CHARACTER);
    Ok(6)
}

/// Returns the number in the `\u` escape at the start of `text`, or the offset behind the byte that is
/// wrong.
fn code_unit(text: &str) -> Result<u32, usize> {
    let digits = text.as_bytes().get(2..).unwrap_or_default();
    let mut code = 0;
    for index in 0..4 {
        let digit = digits.get(index).and_then(|&byte| char::from(byte).to_digit(16));
        match digit {
            Some(digit) => code = code * 16 + digit,
            None => return Err((index + 3).min(text.len())),
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_json_defines_them() {
        for (quoted, expected) in [
            (r#""""#, Ok("")),
            (r#""plain é""#, Ok("plain é")),
            (r#""\"\\\/\b\f\n\r\t""#, Ok("\"\\/\u{8}\u{c}\n\r\t")),
            (r#""\u00e9\uD83D\uDE00""#, Ok("é😀")),
            (r#""\ud83d\u0041""#, Ok("\u{fffd}A")),
            (r#""\ude00x""#, Ok("\u{fffd}x")),
            (r#""a\x""#, Err(4)),
            (r#""a\u00zz""#, Err(7)),
            (r#""open"#, Err(5)),
            (r#""open\""#, Err(7)),
        ] {
            assert_eq!(unescape_json(quoted), expected.map(Cow::Borrowed), "{quoted}");
        }
    }
}
