//! YAML as JSON, as far as a kubeconfig needs it: scalars are texts.

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value as Json};

/// Deeper documents are no kubeconfigs.
const DEPTH_MAX: usize = 64;

/// Reads the first document of a text; nothing when it is no YAML.
pub(crate) fn parse(text: &str) -> Option<Json> {
    let mut events = Parser::new_from_str(text);
    loop {
        match events.next()?.ok()?.0 {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
            event => return node(event, &mut events, 0),
        }
    }
}

fn node<'input>(
    event: Event<'input>,
    events: &mut impl Iterator<Item = Result<(Event<'input>, saphyr_parser::Span), saphyr_parser::ScanError>>,
    depth: usize,
) -> Option<Json> {
    if depth > DEPTH_MAX {
        return None;
    }
    match event {
        Event::Scalar(text, ..) => Some(Json::String(text.into_owned())),
        Event::SequenceStart(..) => {
            let mut elements = Vec::new();
            loop {
                match events.next()?.ok()?.0 {
                    Event::SequenceEnd => return Some(Json::Array(elements)),
                    event => elements.push(node(event, events, depth + 1)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Map::new();
            loop {
                let key = match events.next()?.ok()?.0 {
                    Event::MappingEnd => return Some(Json::Object(entries)),
                    Event::Scalar(text, ..) => text.into_owned(),
                    _ => return None,
                };
                let value = events.next()?.ok()?.0;
                entries.insert(key, node(value, events, depth + 1)?);
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_sequences_and_scalars_are_read() {
        let read = parse("a: 1\nb:\n- c: \"x y\"\n- |\n  text\n").unwrap();
        assert_eq!(read, serde_json::json!({"a": "1", "b": [{"c": "x y"}, "text\n"]}));
        assert_eq!(parse("{\"json\": [true]}"), Some(serde_json::json!({"json": ["true"]})));
        assert_eq!(parse("a: [1"), None);
    }
}
