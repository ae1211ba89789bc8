//! Durations such as `1h30m` or `-1.5s`, as Go writes them.

use std::fmt::Write;

/// Reads a duration: an optional sign and numbers, each with a unit. Returns nanoseconds.
///
/// # Errors
/// With Go's sentence about what is wrong.
pub(super) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (is_negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    // One more than fits, since the smallest number has no positive counterpart.
    const LIMIT: u64 = 1 << 63;
    let mut total = 0u64;
    while !rest.is_empty() {
        let whole_length = digits(rest);
        let whole = &rest[..whole_length];
        rest = &rest[whole_length..];
        let fraction = match rest.strip_prefix('.') {
            Some(after) => {
                let length = digits(after);
                rest = &after[length..];
                &after[..length]
            }
            None => "",
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let unit_length = rest.find(|char: char| char == '.' || char.is_ascii_digit()).unwrap_or(rest.len());
        let unit = &rest[..unit_length];
        rest = &rest[unit_length..];
        let nanoseconds = unit_nanoseconds(unit).ok_or_else(|| match unit {
            "" => format!("time: missing unit in duration {}", quote(text)),
            unit => format!("time: unknown unit {} in duration {}", quote(unit), quote(text)),
        })?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        let part = whole.checked_mul(nanoseconds).filter(|part| *part <= LIMIT).ok_or_else(invalid)?;
        let part = part.checked_add(fraction_nanoseconds(fraction, nanoseconds)).ok_or_else(invalid)?;
        total = total.checked_add(part).filter(|total| *total <= LIMIT).ok_or_else(invalid)?;
    }
    match (is_negative, i64::try_from(total)) {
        (true, Ok(total)) => Ok(-total),
        (true, Err(_)) => Ok(i64::MIN),
        (false, total) => total.map_err(|_| invalid()),
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn unit_nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // Both the micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// Digits that no longer fit a number are left out; they are far below a nanosecond.
fn fraction_nanoseconds(digits: &str, unit_nanoseconds: u64) -> u64 {
    let digits = &digits[..digits.len().min(18)];
    let scale = 10f64.powi(i32::try_from(digits.len()).unwrap_or_default());
    let fraction: u64 = digits.parse().unwrap_or_default();
    (fraction as f64 * (unit_nanoseconds as f64 / scale)) as u64
}

/// Quotes as Go's package `time` does: whatever is not plain ASCII byte by byte.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' | 0x7f => quoted.push(char::from(byte)),
            // Writing into a string cannot fail.
            byte => _ = write!(quoted, "\\x{byte:02x}"),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_in_go() {
        for (text, expected) in [
            ("10m", Ok(600_000_000_000)),
            ("1.5h", Ok(5_400_000_000_000)),
            ("-1h2m3.5s", Ok(-3_723_500_000_000)),
            ("0", Ok(0)),
            (".5s", Ok(500_000_000)),
            ("5.s", Ok(5_000_000_000)),
            ("1µs", Ok(1000)),
            ("-9223372036854775808ns", Ok(i64::MIN)),
            ("1d", Err("time: unknown unit \"d\" in duration \"1d\"")),
            ("", Err("time: invalid duration \"\"")),
            ("10", Err("time: missing unit in duration \"10\"")),
            (".s", Err("time: invalid duration \".s\"")),
            ("é", Err("time: invalid duration \"\\xc3\\xa9\"")),
            ("9223372036854775808ns", Err("time: invalid duration \"9223372036854775808ns\"")),
        ] {
            assert_eq!(parse_duration(text), expected.map_err(str::to_owned), "{text}");
        }
    }
}
