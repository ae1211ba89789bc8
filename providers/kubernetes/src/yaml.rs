//! YAML in and out, through JSON values. Maps are written in the order of their keys and lists without
//! indentation, as Kubernetes' own tools write them.

use std::fmt::Write;

use serde_json::Value as Json;

/// Reads the documents of a text, without empty ones.
///
/// # Errors
/// When the text is not YAML; the error says where.
pub(crate) fn read_all(text: &str) -> Result<Vec<Json>, String> {
    let documents: Vec<Json> = serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// Reads the only document of a text; null where there is none.
///
/// # Errors
/// When the text is not YAML.
pub(crate) fn read(text: &str) -> Result<Json, String> {
    Ok(read_all(text)?.into_iter().next().unwrap_or(Json::Null))
}

/// Returns the documents of a text that are not blank.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let (mut start, mut position) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            documents.push(&text[start..position]);
            start = position + line.len();
        }
        position += line.len();
    }
    documents.push(&text[start..]);
    documents.retain(|document| !document.trim().is_empty());
    documents
}

/// Writes a document.
pub(crate) fn write(value: &Json) -> String {
    let mut text = String::new();
    match value {
        Json::Object(map) if !map.is_empty() => write_map(&mut text, map, 0, true),
        Json::Array(list) if !list.is_empty() => write_list(&mut text, list, 0),
        scalar => {
            write_scalar(&mut text, scalar);
            text.push('\n');
        }
    }
    text
}

fn write_map(
    text: &mut String,
    map: &serde_json::Map<String, Json>,
    indent: usize,
    mut first_is_indented: bool,
) {
    for (key, value) in map {
        if std::mem::replace(&mut first_is_indented, true) {
            text.push_str(&" ".repeat(indent));
        }
        write_text(text, key);
        text.push(':');
        match value {
            Json::Object(inner) if !inner.is_empty() => {
                text.push('\n');
                write_map(text, inner, indent + 2, true);
            }
            Json::Array(inner) if !inner.is_empty() => {
                text.push('\n');
                write_list(text, inner, indent);
            }
            scalar => {
                text.push(' ');
                write_scalar(text, scalar);
                text.push('\n');
            }
        }
    }
}

fn write_list(text: &mut String, list: &[Json], indent: usize) {
    for value in list {
        text.push_str(&" ".repeat(indent));
        text.push_str("- ");
        match value {
            Json::Object(inner) if !inner.is_empty() => write_map(text, inner, indent + 2, false),
            Json::Array(inner) if !inner.is_empty() => {
                // A list in a list is rare enough to be written on one line.
                let _ = writeln!(text, "{}", Json::Array(inner.clone()));
            }
            scalar => {
                write_scalar(text, scalar);
                text.push('\n');
            }
        }
    }
}

fn write_scalar(text: &mut String, value: &Json) {
    match value {
        Json::String(string) => write_text(text, string),
        Json::Object(_) => text.push_str("{}"),
        Json::Array(_) => text.push_str("[]"),
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

/// Writes a text without quotes where no reader can take it for anything else.
fn write_text(text: &mut String, string: &str) {
    if is_plain(string) {
        text.push_str(string);
    } else {
        // JSON's strings are YAML's double-quoted ones.
        text.push_str(&Json::String(string.to_owned()).to_string());
    }
}

fn is_plain(string: &str) -> bool {
    let inner = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '=' | ',' | '%' | '@')
    };
    let mut characters = string.chars();
    let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '/' || c == '_');
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let mut previous = ' ';
    let follows = |c: char| {
        // A colon or hash is text where no space makes it a sign.
        let fine = inner(c) || (c == ':' && previous != ' ') || (c == '#' && previous != ' ');
        previous = c;
        fine
    };
    starts
        && string.chars().skip(1).all(follows)
        && !string.ends_with(':')
        && !words.iter().any(|word| string.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_written_as_kubernetes_tools_write_them() {
        let value = serde_json::json!({
            "kind": "Config",
            "empty": {},
            "list": [{"a": 1, "b": ["x", "y"]}, "text", []],
            "quoted": ["true", "1.5", "", "a: b", "x:", "- y", "ümlaut", "~", "0x10"],
            "server": "https://127.0.0.1:40123",
            "nothing": null,
        });
        let text = write(&value);
        insta::assert_snapshot!(text, @r#"
        empty: {}
        kind: Config
        list:
        - a: 1
          b:
          - x
          - "y"
        - text
        - []
        nothing: null
        quoted:
        - "true"
        - "1.5"
        - ""
        - "a: b"
        - "x:"
        - "- y"
        - "ümlaut"
        - "~"
        - "0x10"
        server: https://127.0.0.1:40123
        "#);
        assert_eq!(read(&text), Ok(value));
    }

    #[test]
    fn texts_may_hold_several_documents() {
        let documents = read_all("# only a comment\n---\na: 1\n---\n---\nb: [x]\n").unwrap();
        assert_eq!(documents, [serde_json::json!({"a": 1}), serde_json::json!({"b": ["x"]})]);
        assert!(read("a: [").is_err());
        assert_eq!(read(""), Ok(Json::Null));
    }
}
