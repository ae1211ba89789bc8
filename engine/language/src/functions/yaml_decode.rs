//! Reading YAML: mappings become objects, sequences tuples; anchors, aliases and merge keys are followed.
//!
//! Of equal keys the last counts, also of those that a merge brings. A document may use an alias any number
//! of times, but what it stands for when written out is bounded.

use rustc_hash::FxHashMap;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};
use terrane_model::convert::convert;
use terrane_model::{Str, Type, Value};

use super::yaml_scalar::{Scalar, Style, resolve};

/// How deep mappings and sequences may nest.
const DEPTH_MAX: usize = 1000;

/// How many values a document may stand for with all aliases written out.
const EXPANDED_VALUES_MAX: usize = 10_000_000;

/// Reads a text with one document.
pub(super) fn decode(text: &str) -> Result<Value, String> {
    // An empty text is read as one empty line.
    let text = if text.is_empty() { "\n" } else { text };
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: FxHashMap::default(), depth: 0 };
    let mut event = reader.next()?;
    while matches!(event.0, Event::StreamStart) {
        event = reader.next()?;
    }
    if !matches!(event.0, Event::DocumentStart(_)) {
        return Err(at(event.1, "missing start of document"));
    }
    let node = reader.node()?;
    reader.end()?;
    Ok(node.value)
}

/// A value, and how many values it is when written out.
#[derive(Clone)]
struct Node {
    value: Value,
    size: usize,
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// What anchors stand for; nothing while the value is still being read.
    anchors: FxHashMap<usize, Option<Node>>,
    depth: usize,
}

/// Names the place of a message; the first line is not worth naming.
fn at(span: Span, message: &str) -> String {
    at_marker(span.start, message)
}

fn at_marker(marker: Marker, message: &str) -> String {
    // Terraform counts lines from zero here.
    match marker.line().saturating_sub(1) {
        0 => message.to_owned(),
        line => format!("on line {line}, column {}: {message}", marker.col() + 1),
    }
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), String> {
        let scan_error = |error: ScanError| at_marker(*error.marker(), error.info());
        match self.parser.next_event() {
            Some(event) => event.map_err(scan_error),
            None => Err("expecting value but found end of stream".to_owned()),
        }
    }

    fn end(&mut self) -> Result<(), String> {
        loop {
            match self.next()? {
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), span) => return Err(at(span, "only a single document is allowed")),
                (_, span) => return Err(at(span, "unexpected extra content after value")),
            }
        }
    }

    fn node(&mut self) -> Result<Node, String> {
        let (event, span) = self.next()?;
        self.node_from(event, span)
    }

    fn node_from(&mut self, event: Event<'a>, span: Span) -> Result<Node, String> {
        match event {
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(Some(node)) => Ok(node.clone()),
                Some(None) => Err(at(span, "cannot refer to an anchor from inside its own definition")),
                None => Err(at(span, "reference to undefined anchor")),
            },
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)).unwrap_or_default();
                let value = scalar_value(&tag, &text, style).map_err(|error| at(span, &error))?;
                Ok(self.anchored(anchor, Node { value, size: 1 }))
            }
            Event::SequenceStart(anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)).unwrap_or_default();
                if !matches!(tag.as_str(), "" | "tag:yaml.org,2002:seq") {
                    return Err(at(span, &format!("can't interpret sequence as {tag}")));
                }
                let node = self.nested(anchor, span, Self::sequence)?;
                Ok(self.anchored(anchor, node))
            }
            Event::MappingStart(anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)).unwrap_or_default();
                if !matches!(tag.as_str(), "" | "tag:yaml.org,2002:map") {
                    return Err(at(span, &format!("can't interpret mapping as {tag}")));
                }
                let node = self.nested(anchor, span, Self::mapping)?;
                Ok(self.anchored(anchor, node))
            }
            Event::DocumentStart(_) => Err(at(span, "only a single document is allowed")),
            Event::StreamEnd => Err(at(span, "expecting value but found end of stream")),
            _ => Err(at(span, "unexpected parser event")),
        }
    }

    fn nested(
        &mut self,
        anchor: usize,
        span: Span,
        read: fn(&mut Self) -> Result<Node, String>,
    ) -> Result<Node, String> {
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(at(span, "exceeded max depth"));
        }
        let node = read(self)?;
        self.depth -= 1;
        if node.size > EXPANDED_VALUES_MAX {
            return Err(at(span, "document contains excessive aliasing"));
        }
        Ok(node)
    }

    fn anchored(&mut self, anchor: usize, node: Node) -> Node {
        if anchor > 0 {
            self.anchors.insert(anchor, Some(node.clone()));
        }
        node
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut elements = Vec::new();
        let mut size = 1usize;
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Node { value: Value::tuple(elements), size }),
                (event, span) => {
                    let node = self.node_from(event, span)?;
                    size = size.saturating_add(node.size);
                    elements.push(node.value);
                }
            }
        }
    }

    fn mapping(&mut self) -> Result<Node, String> {
        let mut attributes: Vec<(Str, Value)> = Vec::new();
        let mut size = 1usize;
        loop {
            let (event, span) = self.next()?;
            let (text, style, tag) = match event {
                Event::MappingEnd => return Ok(Node { value: Value::object(attributes), size }),
                Event::Scalar(text, style, _, tag) => (text, style, tag),
                _ => return Err(at(span, "only strings are allowed as mapping keys")),
            };
            let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)).unwrap_or_default();
            let key = resolve(&tag, &text, style_of(style))?;
            let node = self.node()?;
            size = size.saturating_add(node.size);
            match key {
                Scalar::Merge => {
                    let entries = node.value.as_entries().ok_or_else(|| {
                        let kind = node.value.ty().friendly_name();
                        at(span, &format!("cannot merge {kind} into mapping"))
                    })?;
                    attributes.extend(entries.iter().cloned());
                }
                Scalar::Value(key) => {
                    let key = convert(&key, &Type::String).unwrap_or(key);
                    let name = key.as_str().ok_or_else(|| at(span, "mapping key cannot be null"))?;
                    attributes.push((name.clone(), node.value));
                }
            }
        }
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

fn scalar_value(tag: &str, text: &str, style: ScalarStyle) -> Result<Value, String> {
    let style = style_of(style);
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
            ("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3", r#"{"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}"#),
            ("b:\n  y: 3\n  <<: {x: 1, y: 2}", r#"{"b": {"x": 1, "y": 2}}"#),
            ("1: a\ntrue: b", r#"{"1": "a", "true": "b"}"#),
            ("a: 1\na: 2", r#"{"a": 2}"#),
            ("a: |-\n  yes", r#"{"a": "true"}"#),
            ("--- x", r#""x""#),
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
            ("a\n---\nb", "error: on line 1, column 1: only a single document is allowed"),
            ("!x a", "error: unsupported tag \"!x\""),
            ("~: a", "error: mapping key cannot be null"),
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
