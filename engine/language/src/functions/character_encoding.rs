//! `textencodebase64` and `textdecodebase64`: text in other character sets than UTF-8.

use encoding_rs::Encoding;
use terrane_model::Value;

use super::base64_code;
use super::character_sets::{Coding, find};
use super::quote::quote;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "textdecodebase64",
        &[Parameter::string("source"), Parameter::string("encoding")],
        STRING,
        textdecodebase64,
        "Reads base64 as text in a character set.",
    ),
    Function::new(
        "textencodebase64",
        &[Parameter::string("string"), Parameter::string("encoding")],
        STRING,
        textencodebase64,
        "Writes a text in a character set, as base64.",
    ),
];

fn unsupported(name: &str) -> FunctionError {
    let name = quote(name);
    let message = format!("{name} is not a supported IANA encoding name or alias in this Terraform version");
    FunctionError::argument(1, message)
}

fn textencodebase64(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let set = find(arguments.text(1)).ok_or_else(|| unsupported(arguments.text(1)))?;
    let bytes = encode(arguments.text(0), set.coding).ok_or_else(|| {
        let name = set.name;
        let message = format!("the given string contains characters that cannot be represented in {name}");
        FunctionError::argument(0, message)
    })?;
    Ok(Value::string(base64_code::encode(&bytes)))
}

fn textdecodebase64(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let set = find(arguments.text(1)).ok_or_else(|| unsupported(arguments.text(1)))?;
    let bytes = base64_code::decode(arguments.text(0)).map_err(|offset| {
        let message = format!("the given value is has an invalid base64 symbol at offset {offset}");
        FunctionError::argument(0, message)
    })?;
    let text = decode(&bytes, set.coding).filter(|text| !text.contains(char::REPLACEMENT_CHARACTER));
    text.map(Value::string).ok_or_else(|| {
        let name = set.name;
        let message = format!("the given string contains symbols that are not defined for {name}");
        FunctionError::argument(0, message)
    })
}

/// Letters that Latin 5 has in place of Latin 1's.
const TURKISH: [(u8, char); 6] =
    [(0xd0, 'Ğ'), (0xdd, 'İ'), (0xde, 'Ş'), (0xf0, 'ğ'), (0xfd, 'ı'), (0xfe, 'ş')];

/// Writes text; nothing where a character is not in the set.
fn encode(text: &str, coding: Coding) -> Option<Vec<u8>> {
    let by_char = |byte: fn(char) -> Option<u8>| text.chars().map(byte).collect::<Option<Vec<u8>>>();
    match coding {
        Coding::Utf8 => Some(text.as_bytes().to_vec()),
        Coding::Ascii => by_char(|char| char.is_ascii().then_some(char as u8)),
        Coding::Latin1 => by_char(|char| u8::try_from(char).ok()),
        Coding::Latin5 => by_char(latin5_byte),
        Coding::CodePage(page) => {
            let byte = |char: char| match page.chars().position(|other| other == char) {
                _ if char.is_ascii() => Some(char as u8),
                Some(position) => u8::try_from(128 + position).ok(),
                None => None,
            };
            text.chars().map(byte).collect()
        }
        Coding::Utf16 => {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            Some(units.flat_map(u16::to_be_bytes).collect())
        }
        Coding::Utf16Be => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        Coding::Utf16Le => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        Coding::Library(encoding) => {
            let (bytes, _, has_unmappable) = encoding.encode(text);
            (!has_unmappable && !has_unassigned(text, encoding)).then(|| bytes.into_owned())
        }
    }
}

fn latin5_byte(char: char) -> Option<u8> {
    if let Some((byte, _)) = TURKISH.iter().find(|(_, turkish)| *turkish == char) {
        return Some(*byte);
    }
    u8::try_from(char).ok().filter(|byte| !TURKISH.iter().any(|(replaced, _)| replaced == byte))
}

/// Reads text; nothing where bytes are not in the set.
fn decode(bytes: &[u8], coding: Coding) -> Option<String> {
    match coding {
        Coding::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
        Coding::Ascii => bytes.is_ascii().then(|| bytes.iter().copied().map(char::from).collect()),
        Coding::Latin1 => Some(bytes.iter().copied().map(char::from).collect()),
        Coding::Latin5 => {
            let char = |byte: &u8| {
                let turkish = TURKISH.iter().find(|(replaced, _)| replaced == byte);
                turkish.map_or(char::from(*byte), |(_, char)| *char)
            };
            Some(bytes.iter().map(char).collect())
        }
        Coding::CodePage(page) => {
            let page: Vec<char> = page.chars().collect();
            let char = |byte: &u8| match usize::from(*byte).checked_sub(128) {
                Some(position) => page.get(position).copied(),
                None => Some(char::from(*byte)),
            };
            bytes.iter().map(char).collect()
        }
        Coding::Utf16 => match bytes {
            [0xff, 0xfe, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
            bytes => decode_utf16(bytes, u16::from_be_bytes),
        },
        Coding::Utf16Be => decode_utf16(bytes, u16::from_be_bytes),
        Coding::Utf16Le => decode_utf16(bytes, u16::from_le_bytes),
        Coding::Library(encoding) => {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
            (!has_unassigned(&text, encoding)).then(|| text.into_owned())
        }
    }
}

/// Tells whether a text has control characters that the Web puts where a set of single bytes has nothing.
fn has_unassigned(text: &str, encoding: &'static Encoding) -> bool {
    encoding.is_single_byte() && text.contains(|char| matches!(char, '\u{80}'..='\u{9f}'))
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_iana_says() {
        let coding = |name: &str| find(name).unwrap().coding;
        assert_eq!(encode("é€", coding("windows-1252")), Some(vec![0xe9, 0x80]));
        assert_eq!(encode("é€", coding("ISO-8859-1")), None);
        assert_eq!(encode("é€", coding("ISO-8859-15")), Some(vec![0xe9, 0xa4]));
        assert_eq!(decode(&[0x80], coding("latin1")).as_deref(), Some("\u{80}"));
        assert_eq!(encode("ığ", coding("latin5")), Some(vec![0xfd, 0xf0]));
        assert_eq!(encode("ý", coding("latin5")), None);
        assert_eq!(encode("Ü█", coding("cp437")), Some(vec![0x9a, 0xdb]));
        assert_eq!(decode(&[0x93, 0xfa, 0x96, 0x7b], coding("Shift_JIS")).as_deref(), Some("日本"));
        assert_eq!(encode("a😀", coding("UTF-16LE")), Some(vec![0x61, 0, 0x3d, 0xd8, 0, 0xde]));
        assert_eq!(decode(&[0xff, 0xfe, 0x61, 0], coding("UTF-16")).as_deref(), Some("a"));
        assert_eq!(decode(&[0x61], coding("UTF-16BE")), None);
        assert!(find("nope").is_none());
    }
}
