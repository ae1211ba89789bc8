//! JSON inside strings, read as far as differences are made of it. Numbers stay as they are written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::node::{Alignment, Kind, Node, Nulls};

/// How deep arrays and objects may nest; deeper texts are shown as text.
const DEPTH_MAX: usize = 128;

/// Reads a string that holds a JSON object or array; nothing when it holds anything else.
pub(super) fn read(text: &str) -> Option<Node<'_>> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    // Only the first value counts, as in Terraform: what stands behind it is not looked at.
    let first = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>().next()?;
    read_value(first.ok()?.get(), DEPTH_MAX)
}

fn read_value(json: &str, depth_left: usize) -> Option<Node<'_>> {
    let depth_left = depth_left.checked_sub(1)?;
    let kind = match json.as_bytes().first()? {
        b'n' => Kind::Null { typed: false },
        b't' => Kind::Bool(true),
        b'f' => Kind::Bool(false),
        b'"' => Kind::Text(serde_json::from_str::<String>(json).ok()?.into()),
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            let nodes = elements.into_iter().map(|element| read_value(element.get(), depth_left));
            Kind::List(nodes.collect::<Option<_>>()?, Alignment::ContentThenPlaceOfObjects)
        }
        b'{' => {
            // Of equal names the last counts.
            let attributes: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
            let nodes = attributes
                .into_iter()
                .map(|(name, attribute)| Some((name.into(), read_value(attribute.get(), depth_left)?)));
            Kind::Object(nodes.collect::<Option<_>>()?, Nulls::Values)
        }
        _ => Kind::Number(Cow::Borrowed(json)),
    };
    Some(Node { sensitive: false, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_arrays_are_read_and_nothing_else() {
        let node = read(r#"{"b": [1.50, null], "a": "x\n", "a": true} rest"#).unwrap();
        assert_eq!(node.identity(), "{1:aT,1:b[1.50,~,],}");
        for text in ["", "1", "\"x\"", " {}", "{", "{a}", "[1,]"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_not_followed() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(100)).is_some());
        assert_eq!(read(&nested(1000)), None);
        assert_eq!(read(&nested(100_000)), None);
    }
}
