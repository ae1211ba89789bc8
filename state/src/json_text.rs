//! JSON text, as Go's encoder lays it out: state files of both programs are compared byte by byte.
//!
//! Attributes of objects are never turned into values here. They are taken over as text, made compact when
//! read and indented when written; numbers keep their digits and strings their escapes.

use terrane_model::encode_json::write_json_string;

/// How [`JsonWriter`] lays out its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// No white space.
    Compact,
    /// A line for every element, two spaces for every level; empty containers stay `{}` and `[]`.
    Indented,
}

/// Appends JSON to a string, element by element.
///
/// The caller opens and closes containers in pairs and writes a key before every value in an object.
pub(crate) struct JsonWriter {
    out: String,
    layout: Layout,
    depth: usize,
    is_first: bool,
}

impl JsonWriter {
    pub(crate) fn new(layout: Layout, capacity_bytes: usize) -> Self {
        Self { out: String::with_capacity(capacity_bytes), layout, depth: 0, is_first: true }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    pub(crate) fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
        self.is_first = true;
    }

    pub(crate) fn close(&mut self, bracket: char) {
        self.depth -= 1;
        if !self.is_first {
            self.new_line();
        }
        self.out.push(bracket);
        self.is_first = false;
    }

    /// Starts an element of an array.
    pub(crate) fn element(&mut self) {
        if !self.is_first {
            self.out.push(',');
        }
        self.is_first = false;
        self.new_line();
    }

    /// Starts an entry of an object.
    pub(crate) fn key(&mut self, key: &str) {
        self.element();
        write_json_string(&mut self.out, key);
        self.out.push_str(if self.layout == Layout::Indented { ": " } else { ":" });
    }

    pub(crate) fn string(&mut self, text: &str) {
        write_json_string(&mut self.out, text);
    }

    /// Writes what needs no escaping: numbers, `true`, `false`, `null`.
    pub(crate) fn literal(&mut self, literal: impl std::fmt::Display) {
        use std::fmt::Write;
        let _ = write!(self.out, "{literal}");
    }

    /// Writes a value given as compact JSON.
    pub(crate) fn json(&mut self, compact: &str) {
        if self.layout == Layout::Compact {
            self.out.push_str(compact);
            return;
        }
        let bytes = compact.as_bytes();
        let mut copied = 0;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    at = end_of_string(bytes, at);
                    continue;
                }
                b'{' | b'[' if matches!(bytes.get(at + 1), Some(b'}' | b']')) => at += 1,
                b'{' | b'[' => {
                    self.out.push_str(&compact[copied..=at]);
                    copied = at + 1;
                    self.depth += 1;
                    self.new_line();
                }
                b'}' | b']' => {
                    self.out.push_str(&compact[copied..at]);
                    copied = at;
                    self.depth = self.depth.saturating_sub(1);
                    self.new_line();
                }
                b',' => {
                    self.out.push_str(&compact[copied..=at]);
                    copied = at + 1;
                    self.new_line();
                }
                b':' => {
                    self.out.push_str(&compact[copied..=at]);
                    copied = at + 1;
                    self.out.push(' ');
                }
                _ => {}
            }
            at += 1;
        }
        self.out.push_str(&compact[copied..]);
    }

    fn new_line(&mut self) {
        const SPACES: &str = "                                                                ";
        if self.layout == Layout::Compact {
            return;
        }
        self.out.push('\n');
        let mut rest = self.depth * 2;
        while rest > 0 {
            let part = rest.min(SPACES.len());
            self.out.push_str(&SPACES[..part]);
            rest -= part;
        }
    }
}

/// Returns the offset behind the string that starts at `start`, or the end of the text.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Levels of brackets that are taken over. Indentation grows with the square of the depth, so that a small
/// hostile file would otherwise become a huge one.
const NESTING_MAX: usize = 1_000;

/// A value has more levels of brackets than any real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value is nested more than {NESTING_MAX} levels deep")]
pub(crate) struct NestedTooDeeply;

/// Takes the white space out of well-formed JSON and escapes what Go's encoder escapes in strings.
///
/// # Errors
/// For values that are nested too deeply.
pub(crate) fn compact(json: &str) -> Result<String, NestedTooDeeply> {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(compact_length_guess(json));
    let mut copied = 0;
    let mut at = 0;
    let mut depth = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(bytes, at);
                if needs_escapes(&bytes[at..end]) {
                    out.push_str(&json[copied..at]);
                    escape_for_html(&mut out, &json[at..end]);
                    copied = end;
                }
                at = end;
            }
            b' ' | b'\n' | b'\r' | b'\t' => {
                out.push_str(&json[copied..at]);
                while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
                    at += 1;
                }
                copied = at;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > NESTING_MAX {
                    return Err(NestedTooDeeply);
                }
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    out.push_str(&json[copied..]);
    Ok(out)
}

/// Indentation is about half of an indented text; a compact one needs no second allocation.
fn compact_length_guess(json: &str) -> usize {
    if json.as_bytes().first_chunk::<2>().is_some_and(|start| start[1] == b'\n') {
        json.len() / 2
    } else {
        json.len()
    }
}

fn needs_escapes(string: &[u8]) -> bool {
    string.iter().any(|byte| matches!(byte, b'<' | b'>' | b'&' | 0xe2))
}

fn escape_for_html(out: &mut String, string: &str) {
    for character in string.chars() {
        match character {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn indented(compact: &str) -> String {
        let mut writer = JsonWriter::new(Layout::Indented, 0);
        writer.json(compact);
        writer.finish()
    }

    #[test]
    fn text_is_laid_out_as_go_does() {
        let text = r#"{"a":[],"b":{},"c":[1,{"d\"[":"x,y:{"}],"e":null}"#;
        assert_eq!(
            indented(text),
            "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\\\"[\": \"x,y:{\"\n    }\n  ],\n  \"e\": null\n}"
        );
        assert_eq!(compact(&indented(text)).unwrap(), text);
    }

    #[test]
    fn numbers_and_escapes_stay_as_they_are() {
        let text = "{ \"a\" : 1.50e+3 ,\r\n\t\"b\":\"\\/\\u00e9\\u003C<>&\u{2028}é😀\\\\\" }";
        assert_eq!(
            compact(text).unwrap(),
            "{\"a\":1.50e+3,\"b\":\"\\/\\u00e9\\u003C\\u003c\\u003e\\u0026\\u2028é😀\\\\\"}"
        );
    }

    #[test]
    fn writers_of_both_layouts_agree() {
        let write = |layout| {
            let mut writer = JsonWriter::new(layout, 0);
            writer.open('{');
            writer.key("a<");
            writer.open('[');
            writer.element();
            writer.literal(1);
            writer.element();
            writer.json("{\"x\":[]}");
            writer.close(']');
            writer.key("b");
            writer.open('{');
            writer.close('}');
            writer.close('}');
            writer.finish()
        };
        assert_eq!(write(Layout::Compact), "{\"a\\u003c\":[1,{\"x\":[]}],\"b\":{}}");
        assert_eq!(write(Layout::Indented), indented(&write(Layout::Compact)));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[\\[\\]{}\",:\\\\ a\u{2028}]{0,40}") {
            let _ = compact(&text);
            let _ = indented(&text);
        }
    }
}
