//! Values as `console` and `output` show them.

use terrane_model::{Type, Value};

/// Lays a value out in the syntax of the language, with `indent` blanks before the lines inside it.
pub fn format_value(value: &Value, indent: usize) -> String {
    match value {
        Value::Marked(marked) if matches!(marked.value(), Value::Unknown(_)) => {
            format_value(marked.value(), indent)
        }
        Value::Marked(marked) if marked.marks().is_sensitive() => "(sensitive value)".to_owned(),
        Value::Marked(marked) if marked.marks().is_ephemeral() => "(ephemeral value)".to_owned(),
        Value::Marked(marked) => format_value(marked.value(), indent),
        Value::Unknown(_) => "(known after apply)".to_owned(),
        Value::Null(ty) => format_null(ty),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format_multiline(text, indent).unwrap_or_else(|| quote(text)),
        Value::Object(object) => format_entries(object.attributes(), indent),
        Value::Map(map) => format!("tomap({})", format_entries(map.entries(), indent)),
        Value::Tuple(tuple) => format_elements(tuple.elements(), indent),
        Value::List(list) => format!("tolist({})", format_elements(list.elements(), indent)),
        Value::Set(set) => format!("toset({})", format_elements(set.elements(), indent)),
    }
}

fn format_null(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "null".to_owned(),
        Type::String => "tostring(null)".to_owned(),
        Type::Number => "tonumber(null)".to_owned(),
        Type::Bool => "tobool(null)".to_owned(),
        Type::List(element) => format!("tolist(null) /* of {} */", element.friendly_name()),
        Type::Set(element) => format!("toset(null) /* of {} */", element.friendly_name()),
        Type::Map(element) => format!("tomap(null) /* of {} */", element.friendly_name()),
        other => format!("null /* {} */", other.friendly_name()),
    }
}

/// A text of several lines is shown as a heredoc.
fn format_multiline(text: &str, indent: usize) -> Option<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    if lines.len() < 2 {
        return None;
    }
    let mut delimiter = "EOT".to_owned();
    while lines.iter().any(|line| line.trim() == delimiter) {
        delimiter.push('_');
    }
    let blanks = " ".repeat(indent);
    let mut heredoc = format!("{}{delimiter}", if indent > 0 { "<<-" } else { "<<" });
    for line in lines.into_iter().chain([delimiter.as_str()]) {
        heredoc.push('\n');
        heredoc.push_str(&blanks);
        heredoc.push_str(line);
    }
    Some(heredoc)
}

fn format_entries(entries: &[(terrane_model::Str, Value)], indent: usize) -> String {
    if entries.is_empty() {
        return "{}".to_owned();
    }
    let blanks = " ".repeat(indent + 2);
    let mut text = "{".to_owned();
    for (key, value) in entries {
        text.push_str(&format!("\n{blanks}{} = {}", quote(key), format_value(value, indent + 2)));
    }
    text.push_str(&format!("\n{}}}", " ".repeat(indent)));
    text
}

fn format_elements(elements: &[Value], indent: usize) -> String {
    if elements.is_empty() {
        return "[]".to_owned();
    }
    let blanks = " ".repeat(indent + 2);
    let mut text = "[".to_owned();
    for value in elements {
        text.push_str(&format!("\n{blanks}{},", format_value(value, indent + 2)));
    }
    text.push_str(&format!("\n{}]", " ".repeat(indent)));
    text
}

/// Quotes a text as Go's `strconv.Quote` does: what cannot be seen is escaped.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{7f}' => quoted.push_str(&format!("\\x{:02x}", u32::from(character))),
            visible if is_printable(visible) => quoted.push(visible),
            hidden if u32::from(hidden) < 0x10000 => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(hidden)));
            }
            hidden => quoted.push_str(&format!("\\U{:08x}", u32::from(hidden))),
        }
    }
    quoted.push('"');
    quoted
}

/// Tells whether a character leaves ink: letters, marks, numbers, punctuation, symbols, and the plain blank.
fn is_printable(character: char) -> bool {
    // `escape_debug` escapes what has no glyph, and combining marks, which do have one.
    character == ' ' || character == '\'' || is_combining(character) || character.escape_debug().count() == 1
}

fn is_combining(character: char) -> bool {
    use unicode_width::UnicodeWidthChar;
    let is_format = matches!(u32::from(character),
        0xAD | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x180E | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF
        | 0xFFF9..=0xFFFB | 0xE0000..=0xE007F);
    character.width() == Some(0) && !is_format
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_in_the_language() {
        let value = Value::object([
            ("a", Value::tuple([1.into(), Value::unknown(Type::String)])),
            ("b", Value::list(Type::String, ["x\ny".into()])),
            ("c", Value::from("secret").sensitive()),
            ("d", Value::Null(Type::list(Type::String))),
        ]);
        assert_eq!(
            format_value(&value, 0),
            "{\n  \"a\" = [\n    1,\n    (known after apply),\n  ]\n  \"b\" = tolist([\n    <<-EOT\n    x\n    y\n    EOT,\n  \
             ])\n  \"c\" = (sensitive value)\n  \"d\" = tolist(null) /* of string */\n}"
        );
    }

    #[test]
    fn hidden_characters_are_escaped() {
        assert_eq!(quote("a\u{200d}b\u{1}é e\u{301} 👍\u{a0}"), "\"a\\u200db\\x01é e\u{301} 👍\\u00a0\"");
    }
}
