//! Amounts of resources, as `resource.Quantity` of the Kubernetes API writes them: `100m`, `1.5Gi`, `2e3`.

/// Tells whether two texts are the same amount.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
}

/// Tells whether a text is an amount.
pub(crate) fn is_quantity(text: &str) -> bool {
    parse(text).is_some()
}

/// The number of nano-units; rounded up like the API does. Saturates at the largest amount, as the API does too.
fn parse(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let nanos = scaled(whole, fraction, Scale::of(suffix)?)?;
    Some(if negative { -nanos } else { nanos })
}

/// What a suffix multiplies by.
enum Scale {
    Ten(i32),
    Two(u32),
}

impl Scale {
    fn of(suffix: &str) -> Option<Self> {
        const DECIMAL: [(&str, i32); 10] = [
            ("n", -9),
            ("u", -6),
            ("m", -3),
            ("", 0),
            ("k", 3),
            ("M", 6),
            ("G", 9),
            ("T", 12),
            ("P", 15),
            ("E", 18),
        ];
        const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
            return Some(Self::Ten(*exponent));
        }
        if let Some(position) = BINARY.iter().position(|name| *name == suffix) {
            return Some(Self::Two(10 * (u32::try_from(position).ok()? + 1)));
        }
        let exponent = suffix.strip_prefix(['e', 'E'])?;
        exponent.parse().ok().filter(|exponent| (-18..=18).contains(exponent)).map(Self::Ten)
    }
}

fn scaled(whole: &str, fraction: &str, scale: Scale) -> Option<i128> {
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.len() > 30 {
        return None;
    }
    let mut amount: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let mut exponent = 9 - i32::try_from(fraction.len()).ok()?;
    match scale {
        Scale::Ten(power) => exponent += power,
        Scale::Two(power) => amount = amount.checked_shl(power).filter(|wide| wide >> power == amount)?,
    }
    let factor = 10i128.checked_pow(exponent.unsigned_abs())?;
    if exponent >= 0 { amount.checked_mul(factor) } else { Some((amount + factor - 1) / factor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_equal_however_they_are_written() {
        for (a, b) in [
            ("1", "1000m"),
            ("0.5", "500m"),
            ("1Gi", "1024Mi"),
            ("1k", "1e3"),
            ("1.5Gi", "1536Mi"),
            ("-1", "-1000m"),
            ("100M", "100000k"),
            ("1n", "0.0000000001"),
        ] {
            assert!(equal(a, b), "{a} = {b}");
        }
        for (a, b) in [("1", "1001m"), ("1G", "1Gi"), ("1", "-1")] {
            assert!(!equal(a, b), "{a} != {b}");
        }
    }

    #[test]
    fn what_is_no_amount_is_equal_to_nothing() {
        for text in ["", "x", "1x", "1.2.3", "Gi", "1e99", "--1", "1e", "9999999999999999999999999999999Ei"] {
            assert!(!is_quantity(text), "{text}");
            assert!(!equal(text, text), "{text}");
        }
    }
}
