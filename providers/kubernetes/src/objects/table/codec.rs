//! Texts of the language as values of an object, and back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value as Json;

use super::field::Codec;

/// Writes a text in an object; nothing where the text stands for no value.
pub(super) fn encode(codec: Codec, text: &str) -> Option<Json> {
    if text.is_empty() {
        return None;
    }
    let as_text = || Json::String(text.to_owned());
    Some(match codec {
        Codec::Plain | Codec::Quantity => as_text(),
        Codec::NumberOrText | Codec::Number => {
            text.parse::<i64>().map_or_else(|_| as_text(), |number| Json::Number(number.into()))
        }
        Codec::Octal => {
            i64::from_str_radix(text, 8).map_or_else(|_| as_text(), |mode| Json::Number(mode.into()))
        }
        Codec::Bytes => Json::String(BASE64.encode(text)),
    })
}

/// Reads a text from an object.
pub(super) fn decode(codec: Codec, json: &Json) -> String {
    match (codec, json) {
        (Codec::Octal, Json::Number(mode)) => mode.as_i64().map_or_else(String::new, octal),
        (Codec::Bytes, Json::String(bytes)) => BASE64
            .decode(bytes)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_else(|_| bytes.clone()),
        (_, Json::String(text)) => text.clone(),
        (_, Json::Null) => String::new(),
        (_, other) => other.to_string(),
    }
}

/// Tells whether two texts mean the same to the cluster.
pub(super) fn same(codec: Codec, a: &str, b: &str) -> bool {
    a == b || codec == Codec::Quantity && super::quantity::equal(a, b)
}

/// Writes a file mode as people do: four octal digits.
fn octal(mode: i64) -> String {
    format!("{mode:04o}")
}
