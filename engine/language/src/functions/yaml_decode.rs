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

/// How many values a document may stand for with all aliases written out, unless it is itself as long.
const EXPANDED_VALUES_MAX: usize = 1_000_000;

/// How many bytes of text count as much as a value.
const BYTES_PER_VALUE: usize = 16;

/// Reads a text with one document.
///
/// # Errors
/// If the text is not YAML, has no or several documents, or has what no value can be.
pub fn decode(text: &str) -> Result<Value, String> {
    // An empty text is read as one empty line.
    let text = if text.is_empty() { "\n" } else { text };
    let mut reader = Reader {
        parser: Parser::new(text)?,
        anchors: FxHashMap::default(),
        open: Vec::new(),
        size_max: EXPANDED_VALUES_MAX.max(text.len()),
    };
    if reader.parser.start_document()?.is_none() {
        return Err(reader.parser.mark()?.describe("missing start of document"));
    }
    let value = reader.document()?;
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

/// A sequence or mapping that is being read.
#[derive(Debug)]
struct Collection {
    mark: Mark,
    anchor: Option<String>,
    entries: Entries,
    parts: Parts,
    /// How many values it is when written out, with the parts read so far.
    size: usize,
}

#[derive(Debug)]
enum Parts {
    Elements(Vec<Value>),
    Attributes { attributes: Vec<(Str, Value)>, key: Key },
}

/// The key of the value that is being read.
#[derive(Debug)]
enum Key {
    Name(Str),
    /// The value is a mapping whose attributes are to be taken over.
    Merge(Mark),
}

struct Reader<'a> {
    parser: Parser<'a>,
    anchors: FxHashMap<String, Anchor>,
    /// Collections around the place where the reader is, innermost last.
    open: Vec<Collection>,
    size_max: usize,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Value, String> {
        let mut node = self.parser.document_node()?;
        loop {
            let mut finished = self.start(node)?;
            node = loop {
                let Some(collection) = self.open.last_mut() else {
                    return finished.map(|read| read.value).ok_or_else(|| "invalid YAML syntax".to_owned());
                };
                if let Some(read) = finished.take() {
                    collection.add(read, self.size_max)?;
                }
                match collection.next_node(&mut self.parser)? {
                    Some(node) => break node,
                    None => finished = self.finish(),
                }
            };
        }
    }

    /// Reads what a node contains; nothing if it is a collection, which then is open.
    fn start(&mut self, node: Node) -> Result<Option<Sized>, String> {
        let Node { mark, anchor, tag, content } = node;
        let (entries, parts) = match content {
            Content::Alias(name) => return self.anchored(&name, mark).map(Some),
            Content::Scalar(text, style) => {
                let value = scalar_value(&tag, &text, style).map_err(|error| mark.describe(&error))?;
                let read = Sized { value, size: 1 + text.len() / BYTES_PER_VALUE };
                if let Some(anchor) = anchor {
                    self.anchors.entry(anchor).or_default().value = Some(read.clone());
                }
                return Ok(Some(read));
            }
            Content::Sequence(_) if !matches!(tag.as_str(), "" | "tag:yaml.org,2002:seq") => {
                return Err(mark.describe(&format!("can't interpret sequence as {tag}")));
            }
            Content::Mapping(_) if !matches!(tag.as_str(), "" | "tag:yaml.org,2002:map") => {
                return Err(mark.describe(&format!("can't interpret mapping as {tag}")));
            }
            Content::Sequence(entries) => (entries, Parts::Elements(Vec::new())),
            Content::Mapping(entries) => {
                (entries, Parts::Attributes { attributes: Vec::new(), key: Key::Merge(mark) })
            }
        };
        if self.open.len() >= DEPTH_MAX {
            return Err(mark.describe("exceeded max depth"));
        }
        if let Some(anchor) = &anchor {
            self.anchors.entry(anchor.clone()).or_default().open += 1;
        }
        self.open.push(Collection { mark, anchor, entries, parts, size: 1 });
        Ok(None)
    }

    /// Closes the innermost collection.
    fn finish(&mut self) -> Option<Sized> {
        let Collection { anchor, parts, size, .. } = self.open.pop()?;
        let value = match parts {
            Parts::Elements(elements) => Value::tuple(elements),
            Parts::Attributes { attributes, .. } => Value::object(attributes),
        };
        let read = Sized { value, size };
        if let Some(anchor) = anchor {
            let anchor = self.anchors.entry(anchor).or_default();
            anchor.open -= 1;
            anchor.value = Some(read.clone());
        }
        Some(read)
    }

    fn anchored(&self, name: &str, mark: Mark) -> Result<Sized, String> {
        let problem = match self.anchors.get(name) {
            Some(Anchor { open: 0, value: Some(value) }) => return Ok(value.clone()),
            Some(_) => format!("cannot refer to anchor {} from inside its own definition", quote(name)),
            None => format!("reference to undefined anchor {}", quote(name)),
        };
        Err(mark.describe(&problem))
    }
}

impl Collection {
    /// Takes in an element or the value of the key that was read.
    fn add(&mut self, read: Sized, size_max: usize) -> Result<(), String> {
        self.size = self.size.saturating_add(read.size);
        if self.size > size_max {
            return Err(self.mark.describe("document contains excessive aliasing"));
        }
        match &mut self.parts {
            Parts::Elements(elements) => elements.push(read.value),
            Parts::Attributes { attributes, key: Key::Name(name) } => {
                self.size += name.len() / BYTES_PER_VALUE;
                attributes.push((name.clone(), read.value));
            }
            Parts::Attributes { attributes, key: Key::Merge(mark) } => {
                let Some(entries) = read.value.as_entries() else {
                    let kind = read.value.ty().friendly_name();
                    return Err(mark.describe(&format!("cannot merge {kind} into mapping")));
                };
                attributes.extend(entries.iter().cloned());
            }
        }
        Ok(())
    }

    /// Reads the start of the next element, or a key and the start of its value. Nothing behind the last.
    fn next_node(&mut self, parser: &mut Parser<'_>) -> Result<Option<Node>, String> {
        let key = match &mut self.parts {
            Parts::Elements(_) => return parser.element(&mut self.entries),
            Parts::Attributes { key, .. } => key,
        };
        let Some(node) = parser.key(&mut self.entries)? else { return Ok(None) };
        *key = read_key(&node)?;
        parser.value(&mut self.entries).map(Some)
    }
}

fn read_key(node: &Node) -> Result<Key, String> {
    let mark = node.mark;
    let Content::Scalar(text, style) = &node.content else {
        return Err(mark.describe("only strings are allowed as mapping keys"));
    };
    match resolve(&node.tag, text, *style)? {
        Scalar::Merge => Ok(Key::Merge(mark)),
        Scalar::Value(value) => {
            let value = convert(&value, &Type::String).unwrap_or(value);
            let name = value.as_str().cloned();
            name.map(Key::Name).ok_or_else(|| mark.describe("mapping key cannot be null"))
        }
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
        let bomb = |levels: usize, start: &str| {
            let mut bomb = format!("a0: &a0 {start}\n");
            for level in 1..levels {
                let inner = format!("*a{}, ", level - 1).repeat(10);
                bomb += &format!("a{level}: &a{level} [{inner}]\n");
            }
            decode(&bomb).map(drop)
        };
        let long = "x".repeat(10_000);
        assert_eq!(bomb(4, "[x, x]"), Ok(()));
        assert_eq!(bomb(4, &long), Ok(()));
        // A key longer than 1,024 characters is no key.
        let keyed = format!("{{\"{}\": x}}", &long[..1_000]);
        for (levels, start) in [(20, "[x, x]"), (5, &long), (6, &keyed)] {
            let error = bomb(levels, start).unwrap_err();
            assert!(error.to_string().contains("document contains excessive aliasing"), "{error}");
        }
    }
}
