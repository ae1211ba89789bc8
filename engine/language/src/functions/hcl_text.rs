//! Values written as expressions of the language.
//!
//! A general HCL writer would not do: numbers must keep all their digits, characters that cannot be seen
//! must be escaped, and objects must take linear time.

use std::fmt::Write;

use terrane_model::convert::convert;
use terrane_model::{Str, Type, Value};

use super::quote::is_printable;
use crate::syntax::identifiers::is_valid_identifier;
use crate::syntax::lay_out_source;

/// Returns a value as an expression in the layout of `terraform fmt`. Of sets and maps only their elements
/// stay; marks are not written, and what is unknown is written as null.
pub fn expression_text(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    lay_out_source(&text)
}

/// Returns a file of arguments with these values, in the layout of `terraform fmt`.
pub(super) fn arguments_text(arguments: &[(Str, Value)]) -> String {
    let mut text = String::new();
    for (name, value) in arguments {
        text.extend([name.as_str(), "="]);
        write_value(&mut text, value);
        text.push('\n');
    }
    lay_out_source(&text)
}

fn write_value(text: &mut String, value: &Value) {
    if let Some(elements) = value.as_sequence() {
        text.push('[');
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            write_value(text, element);
        }
        text.push(']');
    } else if let Some(entries) = value.as_entries() {
        text.push('{');
        for (index, (key, value)) in entries.iter().enumerate() {
            if index == 0 {
                text.push('\n');
            }
            if is_valid_identifier(key) {
                text.push_str(key);
            } else {
                write_string(text, key);
            }
            text.push('=');
            write_value(text, value);
            text.push('\n');
        }
        text.push('}');
    } else if let Some(string) = value.as_str() {
        write_string(text, string);
    } else {
        let written = convert(&value.clone().unmark().0, &Type::String);
        text.push_str(written.as_ref().ok().and_then(Value::as_str).map_or("null", |written| written));
    }
}

fn write_string(text: &mut String, string: &str) {
    text.push('"');
    let mut rest = string.chars();
    while let Some(character) = rest.next() {
        match character {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '"' | '\\' => text.extend(['\\', character]),
            '$' | '%' => {
                text.push(character);
                if rest.as_str().starts_with('{') {
                    text.push(character);
                }
            }
            _ if is_printable(character) => text.push(character),
            // Writing into a string cannot fail.
            _ => {
                let _ = match u32::from(character) {
                    code @ 0..0x1_0000 => write!(text, "\\u{code:04x}"),
                    code => write!(text, "\\U{code:08x}"),
                };
            }
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_laid_out() {
        let empty = || Value::object::<&str>([]);
        let inner = Value::object([("a", true.into()), ("k 1", Value::tuple(vec![])), ("long", empty())]);
        let value =
            Value::tuple(vec![inner, Value::dynamic_null(), "${x} %%{y} $\u{a0}\n\u{e0001}\"".into()]);
        assert_eq!(
            expression_text(&value),
            "[{\n  a     = true\n  \"k 1\" = []\n  long  = {}\n}, null, \
             \"$${x} %%%{y} $\\u00a0\\n\\U000e0001\\\"\"]"
        );
        assert_eq!(expression_text(&Value::string("")), "\"\"");
    }
}
