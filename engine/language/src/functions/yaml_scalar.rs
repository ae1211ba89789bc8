//! What a YAML scalar means: number, bool, null, time or text, by the rules of Terraform's YAML reader.
//!
//! They are those of YAML 1.1 for words (`yes`, `off`, `~`) and mostly those of 1.2 for numbers (`017` is
//! seventeen). Times become RFC 3339 text. There is no type for binary data, which stays base64.

use terrane_model::convert::convert;
use terrane_model::{Number, Type, Value};

use super::base64_code;
use super::quote::quote;
use super::timestamp::Timestamp;

/// Tags in full.
const PREFIX: &str = "tag:yaml.org,2002:";

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    Block,
}

/// What a scalar stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Value(Value),
    /// `<<`, which as a key merges a mapping.
    Merge,
}

/// Finds out what a scalar stands for. The tag is in full, empty where there is none.
pub(super) fn resolve(tag: &str, text: &str, style: Style) -> Result<Scalar, String> {
    let kind = tag.strip_prefix(PREFIX).unwrap_or(tag);
    let is_known_tag =
        matches!(kind, "str" | "bool" | "int" | "float" | "null" | "timestamp" | "binary") && kind != tag;
    if !tag.is_empty() && !is_known_tag {
        return Err(format!("unsupported tag {}", quote(tag)));
    }
    let cannot_parse = |why: &str| format!("cannot parse {} as {tag}{why}", quote(text));
    if !matches!(kind, "str" | "binary") && has_meaning(text) {
        if style == Style::Quoted {
            return Ok(Scalar::Value(Value::string(text)));
        }
        if let Some(value) = word(text) {
            return Ok(Scalar::Value(value));
        }
        if tag.is_empty() && matches!(text, ".nan" | ".NaN" | ".NAN") {
            return Err("floating point NaN is not supported".to_owned());
        }
        if let Some(value) = number_or_time(kind, text, &cannot_parse)? {
            return Ok(Scalar::Value(value));
        }
    }
    if tag.is_empty() && text == "<<" {
        return Ok(Scalar::Merge);
    }
    let value = match kind {
        "binary" if base64_code::decode(text).is_err() => return Err(cannot_parse(": not valid base64")),
        "bool" => word(text).filter(|value| value.as_bool().is_some()).ok_or_else(|| cannot_parse(""))?,
        "int" | "float" => number(text).ok_or_else(|| cannot_parse(""))?,
        "timestamp" => time(text).ok_or_else(|| cannot_parse(""))?,
        "null" => Value::dynamic_null(),
        _ => Value::string(text),
    };
    Ok(Scalar::Value(value))
}

/// Tells from its first character whether a text may be anything but text.
fn has_meaning(text: &str) -> bool {
    text.bytes().next().is_none_or(|first| b"+-.0123456789yYnNtTfFoO~".contains(&first))
}

fn word(text: &str) -> Option<Value> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => true.into(),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => false.into(),
        "" | "~" | "null" | "Null" | "NULL" => Value::dynamic_null(),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Number(Number::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Number(Number::INFINITY.negate()),
        _ => return None,
    })
}

/// Reads what starts with a digit, a sign or a point, if it is a number or a time.
fn number_or_time(
    kind: &str,
    text: &str,
    cannot_parse: &dyn Fn(&str) -> String,
) -> Result<Option<Value>, String> {
    match text.bytes().next() {
        Some(b'.') => return Ok(decimal(text)),
        Some(b'+' | b'-' | b'0'..=b'9') => {}
        _ => return Ok(None),
    }
    if matches!(kind, "" | "timestamp")
        && let Some(time) = time(text)
    {
        return Ok(Some(time));
    }
    if !is_int_literal(text) && !is_float_literal(text) {
        return Ok(None);
    }
    // What looks like a number is read as one, whatever its tag says.
    let tag = if is_int_literal(text) { "int" } else { "float" };
    let unreadable = || match kind {
        "" => format!("cannot parse {} as {PREFIX}{tag}", quote(text)),
        _ => cannot_parse(""),
    };
    number(text).map(Some).ok_or_else(unreadable)
}

fn is_int_literal(text: &str) -> bool {
    let all = |digits: &str, is_digit: fn(&u8) -> bool| {
        !digits.is_empty() && digits.as_bytes().iter().all(is_digit)
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let octal = text.strip_prefix("0o").is_some_and(|digits| all(digits, |byte| matches!(byte, b'0'..=b'7')));
    let hexadecimal = text.strip_prefix("0x").is_some_and(|digits| all(digits, u8::is_ascii_hexdigit));
    all(unsigned, u8::is_ascii_digit) || octal || hexadecimal
}

fn is_float_literal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let is_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let has_exponent = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    let has_mantissa = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            is_digits(whole) && is_digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && is_digits(mantissa),
    };
    has_exponent && has_mantissa
}

fn decimal(text: &str) -> Option<Value> {
    convert(&Value::string(text), &Type::Number).ok()
}

/// Reads a number with underscores between digits and the prefixes `0x`, `0o` and `0b`.
fn number(text: &str) -> Option<Value> {
    let plain = text.replace('_', "");
    decimal(&plain).or_else(|| {
        let (negative, digits) = match plain.strip_prefix(['+', '-']) {
            Some(digits) => (plain.starts_with('-'), digits),
            None => (false, plain.as_str()),
        };
        let (prefix, digits) = digits.split_at_checked(2)?;
        let radix = match prefix.to_ascii_lowercase().as_str() {
            "0x" => 16,
            "0o" => 8,
            "0b" => 2,
            _ => return None,
        };
        let magnitude = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))?;
        let magnitude = Number::from_big_int(magnitude.into());
        Some(Value::Number(if negative { magnitude.negate() } else { magnitude }))
    })
}

/// Reads a date, or a date and a time; months, days and hours may have one digit.
fn time(text: &str) -> Option<Value> {
    Timestamp::parse_loosely(text).map(|timestamp| Value::string(timestamp.to_rfc3339()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tag: &str, text: &str, style: Style) -> String {
        match resolve(tag, text, style) {
            Ok(Scalar::Value(value)) => format!("{value:?}"),
            Ok(Scalar::Merge) => "merge".to_owned(),
            Err(error) => error,
        }
    }

    #[test]
    fn plain_scalars_are_read_as_terraform_reads_them() {
        for (text, expected) in [
            ("yes", "true"),
            ("Off", "false"),
            ("~", "null(any)"),
            ("", "null(any)"),
            ("017", "17"),
            ("0o17", "15"),
            ("0x1F", "31"),
            ("0b11", "\"0b11\""),
            ("1_000", "\"1_000\""),
            ("1e3", "1000"),
            (".5", "0.5"),
            ("+.inf", "+Inf"),
            (".nan", "floating point NaN is not supported"),
            ("2001-1-2", "\"2001-01-02T00:00:00Z\""),
            ("2001-12-14t21:59:43.10-05:00", "\"2001-12-14T21:59:43-05:00\""),
            ("2001-12-14 21:59:43.10", "\"2001-12-14T21:59:43Z\""),
            ("2001-13-01", "\"2001-13-01\""),
            ("<<", "merge"),
            ("=", "\"=\""),
            ("yep", "\"yep\""),
            ("0x10000000000000000", "cannot parse \"0x10000000000000000\" as tag:yaml.org,2002:int"),
        ] {
            assert_eq!(check("", text, Style::Plain), expected, "{text}");
        }
        assert_eq!(check("", "12", Style::Quoted), "\"12\"");
        assert_eq!(check("tag:yaml.org,2002:str", "12", Style::Plain), "\"12\"");
        assert_eq!(check("tag:yaml.org,2002:int", "0b11", Style::Plain), "3");
        assert_eq!(check("!x", "12", Style::Plain), "unsupported tag \"!x\"");
    }
}
