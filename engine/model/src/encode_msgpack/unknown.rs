//! Unknown values and the promises about them.

use unicode_segmentation::UnicodeSegmentation;

use super::bytes::{self, Reader, Token};
use super::{MsgpackError, read, write};
use crate::{Number, Refinement, Type, Unknown, Value};

/// The extension for values about which nothing but the type is known; its one byte means nothing.
const PLAIN: i8 = 0;
/// The extension whose body is a map of promises.
const REFINED: i8 = 12;

/// Longest body that readers accept.
const BODY_BYTES_MAX: usize = 1024;
/// Longest prefix that is written, to keep the body below its limit.
const PREFIX_BYTES_MAX: usize = 256;

// Keys of the map of promises.
const NULLNESS: i64 = 1;
const STRING_PREFIX: i64 = 2;
const NUMBER_MIN: i64 = 3;
const NUMBER_MAX: i64 = 4;
const LENGTH_MIN: i64 = 5;
const LENGTH_MAX: i64 = 6;

/// Appends an unknown value.
pub(super) fn write(out: &mut Vec<u8>, unknown: &Unknown) {
    let (count, promises) = encode_promises(unknown);
    if count == 0 {
        return bytes::write_extension(out, PLAIN, &[0]);
    }
    let mut body = Vec::with_capacity(promises.len() + 1);
    bytes::write_map_head(&mut body, count);
    body.extend_from_slice(&promises);
    bytes::write_extension(out, REFINED, &body);
}

fn encode_promises(unknown: &Unknown) -> (usize, Vec<u8>) {
    let Refinement { not_null, string_prefix, number_min, number_max, length_min, length_max } =
        &unknown.refinement;
    let mut count = 0;
    let mut out = Vec::new();
    let mut promise = |key: i64, write_content: &dyn Fn(&mut Vec<u8>)| {
        count += 1;
        bytes::write_int(&mut out, key);
        write_content(&mut out);
    };
    if *not_null {
        promise(NULLNESS, &|out| bytes::write_bool(out, false));
    }
    match &unknown.ty {
        Type::Number => {
            for (key, bound) in [(NUMBER_MIN, number_min), (NUMBER_MAX, number_max)] {
                let Some((number, inclusive)) = bound.as_ref().filter(|(number, _)| !number.is_infinite())
                else {
                    continue;
                };
                promise(key, &|out| {
                    bytes::write_array_head(out, 2);
                    write::write_number(out, number);
                    bytes::write_bool(out, *inclusive);
                });
            }
        }
        Type::String if !string_prefix.is_empty() => {
            promise(STRING_PREFIX, &|out| bytes::write_text(out, shorten_prefix(string_prefix)));
        }
        Type::List(_) | Type::Set(_) | Type::Map(_) => {
            let least = Some(*length_min).filter(|least| *least > 0);
            for (key, length) in [(LENGTH_MIN, least), (LENGTH_MAX, *length_max)] {
                if let Some(length) = length {
                    promise(key, &|out| bytes::write_uint(out, length as u64));
                }
            }
        }
        _ => {}
    }
    (count, out)
}

/// Cuts a prefix that is too long, and with it the last character that the text behind could still change.
fn shorten_prefix(prefix: &str) -> &str {
    if prefix.len() <= PREFIX_BYTES_MAX {
        return prefix;
    }
    let within = prefix.grapheme_indices(true).take_while(|(start, _)| *start < PREFIX_BYTES_MAX - 1);
    within.last().map_or("", |(start, _)| &prefix[..start])
}

/// Reads an unknown value of a type from the body of its extension.
pub(super) fn read(kind: i8, body: &[u8], ty: &Type) -> Result<Value, MsgpackError> {
    if body.len() <= 1 {
        return Ok(Value::unknown(ty.clone()));
    }
    if kind != REFINED {
        let message = format!("unsupported extension type {kind} with length {}", body.len());
        return Err(MsgpackError::new(message));
    }
    if body.len() > BODY_BYTES_MAX {
        return Err(MsgpackError::new("oversize unknown value refinement"));
    }
    let mut reader = Reader::new(body);
    let Ok(Token::Map(count)) = reader.next() else {
        return Err(MsgpackError::new("refinement of an unknown value is not a map"));
    };
    if *ty == Type::Dynamic {
        return Ok(Value::dynamic());
    }
    read_promises(&mut reader, count, ty)
        .ok_or_else(|| MsgpackError::new(format!("invalid refinement of an unknown {}", ty.friendly_name())))
}

/// Reads promises; nothing when one of them is malformed or cannot be made about the type.
fn read_promises(reader: &mut Reader<'_>, count: usize, ty: &Type) -> Option<Value> {
    let mut refinement = Refinement::default();
    let mut is_null = false;
    for _ in 0..count {
        let key = read::read_number(reader.next().ok()?)?.to_i64()?;
        match (key, ty) {
            (NULLNESS, _) => match reader.next().ok()? {
                Token::Bool(null) => {
                    is_null = null;
                    refinement.not_null = !null;
                }
                _ => return None,
            },
            (STRING_PREFIX, Type::String) => match reader.next().ok()? {
                Token::Bytes(prefix) => refinement.string_prefix = str::from_utf8(prefix).ok()?.into(),
                _ => return None,
            },
            (NUMBER_MIN, Type::Number) => refinement.number_min = Some(read_bound(reader)?),
            (NUMBER_MAX, Type::Number) => refinement.number_max = Some(read_bound(reader)?),
            (LENGTH_MIN, ty) if ty.is_collection() => refinement.length_min = read_length(reader)?,
            (LENGTH_MAX, ty) if ty.is_collection() => refinement.length_max = Some(read_length(reader)?),
            (NULLNESS..=LENGTH_MAX, _) => return None,
            // Promises of a later version: they may be ignored, but their content has to be passed over.
            _ => skip(reader, 0)?,
        }
    }
    Some(if is_null { Value::Null(ty.clone()) } else { Value::refined(ty.clone(), refinement) })
}

fn read_length(reader: &mut Reader<'_>) -> Option<usize> {
    read::read_number(reader.next().ok()?)?.to_usize()
}

fn read_bound(reader: &mut Reader<'_>) -> Option<(Number, bool)> {
    let Token::Array(2) = reader.next().ok()? else { return None };
    let number = read::read_number(reader.next().ok()?)?;
    let Token::Bool(inclusive) = reader.next().ok()? else { return None };
    Some((number, inclusive))
}

fn skip(reader: &mut Reader<'_>, depth: usize) -> Option<()> {
    let inner = match reader.next().ok()? {
        Token::Array(length) => length,
        Token::Map(length) => length * 2,
        _ => 0,
    };
    if depth > 16 {
        return None;
    }
    (0..inner).try_for_each(|_| skip(reader, depth + 1))
}
