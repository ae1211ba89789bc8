//! Values and answers as text, for snapshots.

use std::fmt::Write;

use terrane_model::{Diagnostics, Severity, Value};

/// Writes an object, one attribute a line; nulls are left out.
pub fn object(value: &Value) -> String {
    let Some(entries) = value.as_entries() else { return format!("{}\n", part(value)) };
    let mut text = String::new();
    for (name, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
        let _ = writeln!(text, "{name} = {}", part(value));
    }
    text
}

/// Writes any value on one line.
pub fn part(value: &Value) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Null(_) => "null".to_owned(),
        Value::Unknown(unknown) => format!("(unknown {:?})", unknown.ty),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{text:?}"),
        value => match (value.as_sequence(), value.as_entries()) {
            (Some(elements), _) => format!("[{}]", list(elements.iter().map(part).collect())),
            (_, Some(entries)) => {
                format!(
                    "{{{}}}",
                    list(entries.iter().map(|(key, value)| format!("{key} = {}", part(value))).collect())
                )
            }
            _ => format!("{value:?}"),
        },
    }
}

/// Writes messages, each with the part that it blames.
pub fn diagnostics(diagnostics: &Diagnostics) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
        let at = diagnostic.attribute.as_ref().map(|path| format!(" at {path}")).unwrap_or_default();
        let _ = writeln!(text, "{severity}{at}: {}: {}", diagnostic.summary, diagnostic.detail);
    }
    text
}
