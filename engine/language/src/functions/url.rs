//! `urlencode` and `urldecode`, as query strings have it: a space is a plus.

use std::fmt::Write;

use terrane_model::Value;

use super::quote::quote;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);
const STR: &[Parameter] = &[Parameter::string("str")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("urldecode", STR, STRING, urldecode, "Undoes the escapes of a text from a URL's query."),
    Function::new("urlencode", STR, STRING, urlencode, "Escapes a text for use in a URL's query."),
];

fn urlencode(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let mut encoded = String::new();
    for byte in arguments.text(0).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            // Writing into a string cannot fail.
            byte => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    Ok(Value::string(encoded))
}

fn urldecode(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let text = arguments.text(0);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
                bytes.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            (b'%', after) => {
                let wrong = String::from_utf8_lossy(&after[..after.len().min(2)]);
                let escape = quote(&format!("%{wrong}"));
                let message = format!("failed to decode URL '{text}': invalid URL escape {escape}");
                return Err(FunctionError::new(message));
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    let decoded = String::from_utf8(bytes)
        .map_err(|_| FunctionError::new("the result of decoding the provided string is not valid UTF-8"))?;
    Ok(Value::string(decoded))
}
