//! Numbers as text in the forms that `printf` knows.

use crate::Number;
use crate::decimal_digits::DecimalDigits;

/// Without an exponent limit of its own, `%g` changes to the form with an exponent from here on.
const GENERAL_DIGITS: isize = 6;

impl Number {
    /// Writes the number with a fixed count of decimals, as `%.2f` does, rounding half to even.
    pub fn to_fixed(&self, decimals: usize) -> String {
        self.with_sign(self.exact_digits().map(|digits| fixed(&digits, decimals)))
    }

    /// Writes the number with an exponent of at least two digits, as `%.2e` does; with as many decimals as
    /// it takes where their count is absent.
    pub fn to_scientific(&self, decimals: Option<usize>) -> String {
        let digits = match decimals {
            Some(decimals) => {
                self.exact_digits().map(|digits| digits.rounded(as_signed(decimals).saturating_add(1)))
            }
            None => self.shortest_digits(),
        };
        self.with_sign(digits.map(|digits| {
            let decimals = decimals.unwrap_or(digits.digits.len().saturating_sub(1));
            scientific(&digits, decimals)
        }))
    }

    /// Writes the number in the shorter of both forms, as `%g` does, with at most as many digits, or as
    /// many as it takes.
    pub fn to_general(&self, digits_max: Option<usize>) -> String {
        let digits = match digits_max {
            Some(max) => self.exact_digits().map(|digits| digits.rounded(as_signed(max.max(1)))),
            None => self.shortest_digits(),
        };
        self.with_sign(digits.map(|digits| general(&digits, digits_max)))
    }

    fn with_sign(&self, magnitude: Option<String>) -> String {
        match magnitude {
            Some(magnitude) if self.is_negative() => format!("-{magnitude}"),
            Some(magnitude) => magnitude,
            None => self.to_string(),
        }
    }
}

fn as_signed(count: usize) -> isize {
    isize::try_from(count).unwrap_or(isize::MAX)
}

fn digit(digits: &DecimalDigits, index: isize) -> char {
    let digit = usize::try_from(index).ok().and_then(|index| digits.digits.get(index));
    char::from(b'0' + digit.copied().unwrap_or(0))
}

fn fixed(exact: &DecimalDigits, decimals: usize) -> String {
    let digits = exact.rounded(exact.point.saturating_add(as_signed(decimals)));
    let mut text = String::new();
    if digits.point <= 0 {
        text.push('0');
    }
    text.extend((0..digits.point).map(|index| digit(&digits, index)));
    if decimals > 0 {
        text.push('.');
        text.extend((0..as_signed(decimals)).map(|offset| digit(&digits, digits.point + offset)));
    }
    text
}

fn scientific(digits: &DecimalDigits, decimals: usize) -> String {
    let mut text = String::from(digit(digits, 0));
    if decimals > 0 {
        text.push('.');
        text.extend((1..=as_signed(decimals)).map(|index| digit(digits, index)));
    }
    let exponent = if digits.digits.is_empty() { 0 } else { digits.point - 1 };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{text}e{sign}{:02}", exponent.unsigned_abs())
}

fn general(digits: &DecimalDigits, digits_max: Option<usize>) -> String {
    let count = digits.digits.len();
    let limit = match digits_max {
        // All digits of a whole number count, even where fewer were asked for.
        Some(max) if max.max(1) > count && as_signed(count) >= digits.point => as_signed(count),
        Some(max) => as_signed(max.max(1)),
        None => GENERAL_DIGITS,
    };
    let exponent = digits.point - 1;
    if !digits.digits.is_empty() && (exponent < -4 || exponent >= limit) {
        return scientific(digits, count.saturating_sub(1));
    }
    let decimals = usize::try_from(as_signed(count) - digits.point).unwrap_or(0);
    fixed(digits, if count == 0 { 0 } else { decimals })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn numbers_take_the_forms_of_printf() {
        for (text, decimals, fixed, scientific) in [
            ("3.14159", 2, "3.14", "3.14e+00"),
            ("0", 0, "0", "0e+00"),
            ("-0", 1, "-0.0", "-0.0e+00"),
            ("0.5", 0, "0", "5e-01"),
            ("1.5", 0, "2", "2e+00"),
            ("2.5", 0, "2", "2e+00"),
            ("0.6", 0, "1", "6e-01"),
            ("9.125", 2, "9.12", "9.12e+00"),
            ("99.96", 1, "100.0", "1.0e+02"),
            ("-12345.678", 2, "-12345.68", "-1.23e+04"),
            ("1e30", 1, "1000000000000000000000000000000.0", "1.0e+30"),
            ("1e-100", 3, "0.000", "1.000e-100"),
        ] {
            assert_eq!(number(text).to_fixed(decimals), fixed, "{text}");
            assert_eq!(number(text).to_scientific(Some(decimals)), scientific, "{text}");
        }
    }

    #[test]
    fn the_general_form_is_the_shorter_one() {
        for (text, digits, expected) in [
            ("100000", None, "100000"),
            ("1000000", None, "1e+06"),
            ("1234567", None, "1.234567e+06"),
            ("12345.678", None, "12345.678"),
            ("0.0001", None, "0.0001"),
            ("0.00001", None, "1e-05"),
            ("0", None, "0"),
            ("0.1", None, "0.1"),
            ("123456", Some(3), "1.23e+05"),
            ("1000000", Some(20), "1000000"),
            ("0.00012345", Some(2), "0.00012"),
            ("100", Some(1), "1e+02"),
        ] {
            assert_eq!(number(text).to_general(digits), expected, "{text}");
        }
        assert_eq!(Number::INFINITY.to_general(None), "+Inf");
        assert_eq!(Number::INFINITY.negate().to_fixed(3), "-Inf");
    }

    proptest! {
        #[test]
        fn fixed_and_scientific_forms_agree_with_rusts(float in -1e15f64..1e15, decimals in 0usize..20) {
            let number = Number::from_f64(float).unwrap();
            prop_assert_eq!(number.to_fixed(decimals), format!("{float:.decimals$}"));
            let (mantissa, exponent) = number.to_scientific(Some(decimals)).split_once('e').map(|(m, e)| (m.to_owned(), e.parse::<i32>().unwrap())).unwrap();
            prop_assert_eq!(format!("{mantissa}e{exponent}"), format!("{float:.decimals$e}"));
        }
    }
}
