//! Durations as Go writes them: `1h30m`, `-1.5s`, `300ms`.

const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration in nanoseconds.
pub(super) fn parse_nanoseconds(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned == "0" {
        return Some(0);
    }
    let mut rest = unsigned;
    let mut total = 0_i128;
    while !rest.is_empty() {
        let (number, after) = split_at_end_of(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split_at_end_of(after, |c| !c.is_ascii_digit() && c != '.');
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total += scaled(number, *unit)?;
        rest = after;
    }
    if unsigned.is_empty() {
        return None;
    }
    i64::try_from(if text.starts_with('-') { -total } else { total }).ok()
}

fn split_at_end_of(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

/// Multiplies a decimal number with a unit and drops what is left below a nanosecond.
fn scaled(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() > 19 {
        return None;
    }
    let parse = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
    // Digits behind the fifteenth are worth nothing: the largest unit has 3.6·10¹² nanoseconds.
    let fraction = &fraction[..fraction.len().min(15)];
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    Some(parse(whole)? * unit + parse(fraction)? * unit / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, nanoseconds) in [
            ("0", Some(0)),
            ("1h30m", Some(5_400_000_000_000)),
            ("-1.5s", Some(-1_500_000_000)),
            ("+.5us", Some(500)),
            ("1.h", Some(3_600_000_000_000)),
            ("2µs3ns", Some(2_003)),
            ("0.1234567890123456789s", Some(123_456_789)),
            ("2562047h47m16.854775807s", Some(i64::MAX)),
            ("2562048h", None),
            ("99999999999999999999s", None),
            ("", None),
            ("-", None),
            ("3", None),
            (".s", None),
            ("1..5s", None),
            ("1d", None),
            ("1 s", None),
        ] {
            assert_eq!(parse_nanoseconds(text), nanoseconds, "{text}");
        }
    }
}
