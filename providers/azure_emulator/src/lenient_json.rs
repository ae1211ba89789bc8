//! JSON as the Resource Manager reads templates: with comments, and with names that are not quoted.
//!
//! Templates are written by people, and the az CLI sends them as they stand.

/// Rewrites a text as strict JSON: comments go, and names get their quotes. What is wrong otherwise stays wrong.
pub(crate) fn to_strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if character == '"' {
            let end = string_end(rest);
            strict.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
        } else if character.is_ascii_alphabetic() || character == '_' || character == '$' {
            let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '$' | '-' | '.' | '+');
            let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
            let is_name = rest[end..].trim_start().starts_with(':');
            let quote = if is_name { "\"" } else { "" };
            strict.push_str(&format!("{quote}{}{quote}", &rest[..end]));
            rest = &rest[end..];
        } else {
            // Numbers as a whole, so that the `e` of an exponent is no name.
            let is_number = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '+' | '-');
            let length = if character.is_ascii_digit() {
                rest.find(|it| !is_number(it)).unwrap_or(rest.len())
            } else {
                character.len_utf8()
            };
            strict.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    strict
}

/// Where the string at the beginning of a text ends, its quotes included.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    for (position, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return position + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Option<Value> {
        serde_json::from_str(&to_strict(text)).ok()
    }

    #[test]
    fn comments_and_bare_names_are_understood() {
        let text =
            "{\"a\": 1.5e3, // one\n template:{ /* two */ $schema: \"https://x//y\", b: [true, null, -2]}}";
        let expected = json!({"a": 1500.0, "template": {"$schema": "https://x//y", "b": [true, null, -2]}});
        assert_eq!(read(text), Some(expected));
        assert_eq!(read("{\"a\\\"// b\": \"c: /* d\"}"), Some(json!({"a\"// b": "c: /* d"})));
    }

    #[test]
    fn nonsense_stays_nonsense() {
        for bad in ["{a b: 1}", "{", "{a: }", "{\"a", "/*", "{a: b}", "é"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
