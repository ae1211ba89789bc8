//! Numbers in the fields of format strings.

use dashu_int::IBig;
use dashu_int::ops::UnsignedAbs;
use terrane_model::Number;

use super::format_verb::Verb;

/// Formats a whole number for `%b`, `%d`, `%o`, `%x` or `%X`.
pub(super) fn format_integer(verb: &Verb<'_>, int: &IBig) -> String {
    let magnitude = int.unsigned_abs();
    let (radix, prefix) = match verb.letter {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let prefix = if verb.flags.sharp { prefix } else { "" };
    let digits = magnitude.in_radix(radix).to_string();
    let digits = if verb.letter == 'X' { digits.to_uppercase() } else { digits };
    let sign = if *int < IBig::ZERO { "-" } else { sign_of_positive(verb) };
    if verb.precision == Some(0) && magnitude.is_zero() {
        return String::new();
    }
    let mut zeros = verb.precision.unwrap_or(0).saturating_sub(digits.len());
    let length = sign.len() + prefix.len() + zeros + digits.len();
    let missing = verb.width.unwrap_or(0).saturating_sub(length);
    let (mut left, mut right) = (0, 0);
    if verb.flags.minus {
        right = missing;
    } else if verb.flags.zero && verb.precision.is_none() {
        zeros = missing;
    } else {
        left = missing;
    }
    let (left, zeros, right) = (" ".repeat(left), "0".repeat(zeros), " ".repeat(right));
    format!("{left}{sign}{prefix}{zeros}{digits}{right}")
}

/// Formats a number for `%e`, `%E`, `%f`, `%g` or `%G`.
pub(super) fn format_float(verb: &Verb<'_>, number: &Number) -> String {
    const DECIMALS: usize = 6;
    let text = match verb.letter {
        'e' | 'E' => number.to_scientific(Some(verb.precision.unwrap_or(DECIMALS))),
        'f' => number.to_fixed(verb.precision.unwrap_or(DECIMALS)),
        _ => number.to_general(verb.precision),
    };
    let text = if verb.letter.is_ascii_uppercase() { text.replace('e', "E") } else { text };
    let (sign, digits) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(digits), _) => ("-", digits),
        (_, Some(digits)) => (if verb.flags.space { " " } else { "+" }, digits),
        _ => (sign_of_positive(verb), text.as_str()),
    };
    let missing = verb.width.unwrap_or(0).saturating_sub(sign.len() + digits.len());
    if verb.flags.zero && !number.is_infinite() {
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    let padding = " ".repeat(missing);
    if verb.flags.minus { format!("{sign}{digits}{padding}") } else { format!("{padding}{sign}{digits}") }
}

fn sign_of_positive(verb: &Verb<'_>) -> &'static str {
    match (verb.flags.plus, verb.flags.space) {
        (true, _) => "+",
        (false, true) => " ",
        (false, false) => "",
    }
}
