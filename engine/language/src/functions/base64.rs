//! Functions that put bytes into text and back.

use std::io::Read;

use flate2::read::GzDecoder;
use terrane_model::{Type, Value};

use super::base64_code::{decode, encode};
use super::gzip::gzip;
use super::quote::{quote, redact};
use super::text::TEXT_MAX;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);
const STR: Parameter = Parameter::string("str");

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "base64decode",
        &[STR.or_marked().or_unknown()],
        STRING,
        base64decode,
        "Reads base64 as UTF-8 text.",
    ),
    Function::new(
        "base64encode",
        &[STR],
        STRING,
        |arguments| Ok(Value::string(encode(arguments.text(0).as_bytes()))),
        "Writes the UTF-8 bytes of a text as base64.",
    ),
    Function::new(
        "base64gunzip",
        &[STR.or_marked()],
        STRING,
        base64gunzip,
        "Reads base64, unpacks it with gzip and reads the result as UTF-8 text.",
    ),
    Function::new(
        "base64gzip",
        &[STR],
        STRING,
        base64gzip,
        "Packs the UTF-8 bytes of a text with gzip and writes them as base64.",
    ),
];

fn base64decode(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let encoded = arguments.value(0);
    let marks = encoded.marks();
    let Some(text) = encoded.as_str() else { return Ok(Value::unknown(Type::String).with_marks(marks)) };
    let bytes = decode(text).map_err(|_| undecodable(text, encoded))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| FunctionError::new("the result of decoding the provided string is not valid UTF-8"))?;
    Ok(Value::string(text).with_marks(marks))
}

fn undecodable(text: &str, origin: &Value) -> FunctionError {
    FunctionError::new(format!("failed to decode base64 data {}", redact(quote(text), origin)))
}

fn base64gzip(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    Ok(Value::string(encode(&gzip(arguments.text(0).as_bytes()))))
}

fn base64gunzip(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let encoded = arguments.value(0);
    let text = arguments.text(0);
    let bytes = decode(text).map_err(|_| undecodable(text, encoded))?;
    let mut unpacked = Vec::new();
    // Small data can unpack to very much.
    let mut decoder = GzDecoder::new(bytes.as_slice()).take(TEXT_MAX as u64 + 1);
    decoder
        .read_to_end(&mut unpacked)
        .map_err(|error| FunctionError::new(format!("failed to gunzip bytestream: {error}")))?;
    if unpacked.len() > TEXT_MAX {
        return Err(FunctionError::argument(0, "the result would be too long"));
    }
    let text = String::from_utf8(unpacked)
        .map_err(|_| FunctionError::new("the result of unpacking the provided string is not valid UTF-8"))?;
    Ok(Value::string(text).with_marks(encoded.marks()))
}
