//! Reading YAML: mappings become objects, sequences tuples; anchors, aliases and merge keys are followed.
//!
//! Of equal keys the last counts, also of those that a merge brings. A document may use an alias any number
//! of times, but what it stands for when written out is bounded.

use rustc_hash::FxHashMap;
use terrane_model::convert::convert;
use terrane_model::{Str, Type, Value};

use super::quote::quote;
use super::yaml_cursor::Mark;
use super::yaml_parse::{Content, Entries, Node, Parser};
use super::yaml_scalar::{Scalar, Style, resolve};

/// How deep mappings and sequences may nest.
const DEPTH_MAX: usize = 1000;

/// How many values a document may stand for with all aliases written out.
const EXPANDED_VALUES_MAX: usize = 10_000_000;

/// Reads a text with one document.
///
/// # Errors
/// If the text is not YAML, has no or several documents, or has what no value can be.
pub(super) fn decode(text: &str) -> Result<Value, String> {
    // An empty text is read as one empty line.
    let text = if text.is_empty() { "\n" } else { text };
    let mut reader = Reader { parser: Parser::new(text)?, anchors: FxHashMap::default(), depth: 0 };
    if reader.parser.start_document()?.is_none() {
        return Err(reader.parser.mark()?.describe("missing start of document"));
    }
    let node = reader.parser.document_node()?;
    let value = reader.value(node)?.value;
    reader.parser.end_document()?;
    match reader.parser.start_document()? {
        Some(mark) => Err(mark.describe("unexpected extra content after value")),
        None => Ok(value),
    }
}

/// A value, and how many values it is when written out.
#[derive(Debug, Clone)]
struct Sized {
    value: Value,
    size: usize,
}

#[derive(Debug, Default)]
struct Anchor {
    /// How many values of the name are being read.
    open: usize,
    /// The last that was read.
    value: Option<Sized>,
}

struct Reader<'a> {
    parser: Parser<'a>,
    anchors: FxHashMap<String, Anchor>,
    depth: usize,
}

impl Reader<'_> {
    /// Reads what a node contains.
    fn value(&mut self, node: Node) -> Result<Sized, String> {
        let Node { mark, anchor, tag, content } = node;
        let value = match content {
            Content::Alias(name) => return self.anchored(&name, mark),
            Content::Scalar(text, style) => {
                let value = scalar_value(&tag, &text, style).map_err(|error| mark.describe(&error))?;
                Sized { value, size: 1 }
            }
            Content::Sequence(entries) => {
                if !matches!(tag.as_str(), "" | "tag:yaml.org,2002:seq") {
                    return Err(mark.describe(&format!("can't interpret sequence as {tag}")));
                }
                self.nested(anchor.as_ref(), mark, entries, Self::sequence)?
            }
            Content::Mapping(entries) => {
                if !matches!(tag.as_str(), "" | "tag:yaml.org,2002:map") {
                    return Err(mark.describe(&format!("can't interpret mapping as {tag}")));
                }
                self.nested(anchor.as_ref(), mark, entries, Self::mapping)?
            }
        };
        if let Some(anchor) = anchor {
            self.anchors.entry(anchor).or_default().value = Some(value.clone());
        }
        Ok(value)
    }

    fn anchored(&self, name: &str, mark: Mark) -> Result<Sized, String> {
        let problem = match self.anchors.get(name) {
            Some(Anchor { open: 0, value: Some(value) }) => return Ok(value.clone()),
            Some(_) => format!("cannot refer to anchor {} from inside its own definition", quote(name)),
            None => format!("reference to undefined anchor {}", quote(name)),
        };
        Err(mark.describe(&problem))
    }

    fn nested(
        &mut self,
        anchor: Option<&String>,
        mark: Mark,
        entries: Entries,
        read: fn(&mut Self, Entries) -> Result<Sized, String>,
    ) -> Result<Sized, String> {
        if let Some(anchor) = anchor {
            self.anchors.entry(anchor.clone()).or_default().open += 1;
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(mark.describe("exceeded max depth"));
        }
        let value = read(self, entries)?;
        self.depth -= 1;
        if let Some(anchor) = anchor.and_then(|anchor| self.anchors.get_mut(anchor)) {
            anchor.open -= 1;
        }
        if value.size > EXPANDED_VALUES_MAX {
            return Err(mark.describe("document contains excessive aliasing"));
        }
        Ok(value)
    }

    fn sequence(&mut self, mut entries: Entries) -> Result<Sized, String> {
        let mut elements = Vec::new();
        let mut size = 1usize;
        while let Some(node) = self.parser.element(&mut entries)? {
            let element = self.value(node)?;
            size = size.saturating_add(element.size);
            elements.push(element.value);
        }
        Ok(Sized { value: Value::tuple(elements), size })
    }

    fn mapping(&mut self, mut entries: Entries) -> Result<Sized, String> {
        let mut attributes: Vec<(Str, Value)> = Vec::new();
        let mut size = 1usize;
        while let Some(key_node) = self.parser.key(&mut entries)? {
            let mark = key_node.mark;
            let Content::Scalar(text, style) = &key_node.content else {
                return Err(mark.describe("only strings are allowed as mapping keys"));
            };
            let key = resolve(&key_node.tag, text, *style)?;
            let name = match &key {
                Scalar::Merge => None,
                Scalar::Value(key) => {
                    let key = convert(key, &Type::String).unwrap_or_else(|_| key.clone());
                    Some(key.as_str().cloned().ok_or_else(|| mark.describe("mapping key cannot be null"))?)
                }
            };
            let node = self.parser.value(&mut entries)?;
            let read = self.value(node)?;
            size = size.saturating_add(read.size);
            match name {
                Some(name) => attributes.push((name, read.value)),
                None => {
                    let entries = read.value.as_entries().ok_or_else(|| {
                        let kind = read.value.ty().friendly_name();
                        mark.describe(&format!("cannot merge {kind} into mapping"))
                    })?;
                    attributes.extend(entries.iter().cloned());
                }
            }
        }
        Ok(Sized { value: Value::object(attributes), size })
    }
}

fn scalar_value(tag: &str, text: &str, style: Style) -> Result<Value, String> {
    let value = match resolve(tag, text, style)? {
        Scalar::Value(value) => value,
        Scalar::Merge => "<<".into(),
    };
    if tag.is_empty() && style == Style::Block {
        // A block is text; yet what it says is read first, so that `yes` becomes `true`.
        return Ok(convert(&value, &Type::String).unwrap_or_else(|_| Value::string(text)));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match decode(text) {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn documents_become_values() {
        for (text, expected) in [
            ("a: 1\nb: [x, {c: ~}]", r#"{"a": 1, "b": ["x", {"c": null(any)}]}"#),
            ("- &a x\n- *a", r#"["x", "x"]"#),
            ("a: &a {w: 1, x: 2}\nb:\n  <<: *a\n  x: 3", r#"{"a": {"w": 1, "x": 2}, "b": {"w": 1, "x": 3}}"#),
            ("b:\n  x: 3\n  <<: {w: 1, x: 2}", r#"{"b": {"w": 1, "x": 2}}"#),
            ("1: a\ntrue: b", r#"{"1": "a", "true": "b"}"#),
            ("a: 1\na: 2", r#"{"a": 2}"#),
            ("a: |-\n  yes", r#"{"a": "true"}"#),
            ("--- x", r#""x""#),
            ("%TAG !y! tag:yaml.org,2002:\n---\n!y!str 1\n...\n", r#""1""#),
            ("a:\n- 1\n- - 2\n  - 3", r#"{"a": [1, [2, 3]]}"#),
            ("? a\n: b\nc:\n", r#"{"a": "b", "c": null(any)}"#),
            ("{a: 1, b, ? c : [d: 2, 'e']}", r#"{"a": 1, "b": null(any), "c": [{"d": 2}, "e"]}"#),
            ("a: |\n  x\n   y\n\nb: >+\n x\n y\n\n z\n\n", r#"{"a": "x\n y\n", "b": "x y\nz\n\n"}"#),
            ("a: |2-\n   x", r#"{"a": " x"}"#),
            ("a: |\n  x", r#"{"a": "x"}"#),
            ("a: x\n  y\n\n  z # no text", r#"{"a": "x y\nz"}"#),
            (
                r#""\x41\u00e9\t\
               end""#,
                r#""Aé\tend""#,
            ),
            ("'it''s\n  folded'", r#""it's folded""#),
            ("{a:}", r#"{"a:": null(any)}"#),
        ] {
            assert_eq!(check(text), expected, "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, expected) in [
            ("", "error: on line 1, column 1: missing start of document"),
            ("? [a]\n: b", "error: only strings are allowed as mapping keys"),
            ("a: 1\n<<: x", "error: on line 1, column 1: cannot merge string into mapping"),
            ("a: .nan", "error: floating point NaN is not supported"),
            ("a\n---\nb", "error: on line 1, column 1: unexpected extra content after value"),
            ("!x a", "error: unsupported tag \"!x\""),
            ("~: a", "error: mapping key cannot be null"),
            ("- &a [*a]", r#"error: cannot refer to anchor "a" from inside its own definition"#),
            ("x: 1\ny: *b", r#"error: on line 1, column 4: reference to undefined anchor "b""#),
            ("a: b: c", "error: mapping values are not allowed in this context"),
            ("a: - b", "error: block sequence entries are not allowed in this context"),
            ("x:\n  a: 1\n b: 2", "error: on line 2, column 2: did not find expected key"),
            ("a: 1\nb", "error: on line 3, column 1: could not find expected ':'"),
            ("[a", "error: on line 1, column 1: did not find expected ',' or ']'"),
            ("{a", "error: on line 1, column 1: did not find expected ',' or '}'"),
            ("- a\nb: 1", "error: on line 1, column 1: did not find expected '-' indicator"),
            ("x:\n \"a", "error: on line 2, column 1: found unexpected end of stream"),
            (r#""\q""#, "error: found unknown escape character"),
            ("a: @b", "error: found character that cannot start any token"),
            (
                "a: |\n\tx",
                "error: on line 2, column 1: found a tab character where an indentation space is expected",
            ),
            ("%YAML 1.2\n---\na", "error: found incompatible YAML document"),
            ("!e!x a", "error: found undefined tag handle"),
            ("a\u{7}", "error: control characters are not allowed"),
        ] {
            assert_eq!(check(text), expected, "{text}");
        }
        assert!(decode(&"[".repeat(10_000)).is_err());
        assert!(decode(&"- ".repeat(10_000)).is_err());
    }

    #[test]
    fn aliases_of_aliases_are_bounded() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let inner = format!("*a{}, ", level - 1).repeat(10);
            bomb += &format!("a{level}: &a{level} [{inner}]\n");
        }
        assert!(check(&bomb).contains("document contains excessive aliasing"));
    }
}
