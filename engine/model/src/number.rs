//! Exact numbers: binary floating point with 512 bits of precision, as Terraform computes with.
//!
//! Whole numbers that fit 64 bits, nearly all numbers of real configurations, take a fast path without
//! allocation.
//! Printing gives the shortest decimal text that reads back as the same number at its precision, which is
//! what Go's `big.Float.Text('f', -1)` prints and what state files and plan JSON therefore contain.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dashu_float::{Context, FBig, Repr as FloatRepr, round::mode::HalfEven};
use dashu_int::ops::{BitTest, DivRem};
use dashu_int::{IBig, Sign, UBig};

use crate::decimal_digits::{DecimalDigits, shortest_digits};

/// Precision in bits of numbers that were written in decimal, and of what is computed from them.
pub const PRECISION_BITS: usize = 512;

/// Precision in bits of results of functions that compute with 64-bit floats.
const FLOAT64_PRECISION_BITS: usize = 53;

/// Bits before or behind the binary point beyond which a result is infinite or zero: about 100,000 decimal digits.
/// Without a bound, some multiplications make a number whose digits no memory holds.
const MAGNITUDE_BITS_MAX: isize = 333_000;

/// Digits, and powers of ten, that are read: more than any number within the bound is printed with.
const DECIMAL_DIGITS_MAX: i64 = 110_000;

pub(crate) type Float = FBig<HalfEven, 2>;

/// A number.
#[derive(Clone)]
pub struct Number(Repr);

#[derive(Clone)]
enum Repr {
    Int(i64),
    /// The zero that prints as `-0`; equal to `Int(0)`.
    NegativeZero,
    /// Anything finite that is not a whole number within 64 bits.
    Float(Arc<Float>),
    PositiveInfinity,
    NegativeInfinity,
}

/// An operation that has no number as its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Such as `0 / 0` or infinity minus infinity.
    #[error("the result is not a number")]
    NotANumber,
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Int(0));

    /// Positive infinity, the result of `1 / 0`.
    pub const INFINITY: Self = Self(Repr::PositiveInfinity);

    /// Reads a decimal number: digits with an optional sign, fraction and exponent, nothing else.
    ///
    /// Returns nothing for any other text, and for numbers of more than about 100,000 digits before or behind the
    /// decimal point.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() <= 18
            && let Ok(int) = text.parse::<i64>()
            && !text.starts_with('+')
        {
            return Some(if int == 0 && text.starts_with('-') {
                Self(Repr::NegativeZero)
            } else {
                int.into()
            });
        }
        Decimal::parse(text)?.to_number()
    }

    /// Converts a 64-bit float exactly; its later printing keeps to the precision of such floats.
    ///
    /// Returns nothing for NaN.
    pub fn from_f64(float: f64) -> Option<Self> {
        if float.is_nan() {
            return None;
        }
        if float.is_infinite() {
            return Some(Self(if float > 0.0 { Repr::PositiveInfinity } else { Repr::NegativeInfinity }));
        }
        if float == 0.0 && float.is_sign_negative() {
            return Some(Self(Repr::NegativeZero));
        }
        let repr = FloatRepr::<2>::try_from(float).expect("a finite float has a significand");
        Some(Self::from_float(Float::from_repr(repr, Context::new(FLOAT64_PRECISION_BITS))))
    }

    /// Converts a whole number of any size, exactly; one of more than 512 bits keeps its own precision.
    pub fn from_big_int(int: IBig) -> Self {
        match i64::try_from(&int) {
            Ok(small) => small.into(),
            Err(_) => {
                let precision = PRECISION_BITS.max(int.bit_len());
                let exact = Float::from_repr(FloatRepr::new(int, 0), Context::new(0));
                Self::from_float(exact.with_precision(precision).value())
            }
        }
    }

    /// Returns the number as a 64-bit integer when it is one.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(int) => Some(*int),
            Repr::NegativeZero => Some(0),
            Repr::Float(float) => small_int(float),
            Repr::PositiveInfinity | Repr::NegativeInfinity => None,
        }
    }

    /// Returns the number as an index or count when it is a whole number that fits.
    pub fn to_usize(&self) -> Option<usize> {
        self.to_i64().and_then(|int| usize::try_from(int).ok())
    }

    /// Returns the nearest 64-bit float.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Int(int) => *int as f64,
            Repr::NegativeZero => -0.0,
            Repr::Float(float) => float.to_f64().value(),
            Repr::PositiveInfinity => f64::INFINITY,
            Repr::NegativeInfinity => f64::NEG_INFINITY,
        }
    }

    /// Returns the number when it is whole, whatever its size.
    pub fn to_big_int(&self) -> Option<IBig> {
        match &self.0 {
            Repr::Int(int) => Some(IBig::from(*int)),
            Repr::NegativeZero => Some(IBig::ZERO),
            Repr::Float(float) if float.repr().is_int() => Some(float.to_int().value()),
            _ => None,
        }
    }

    /// Tells whether the number has no fraction; infinities have none but are not whole.
    pub fn is_whole(&self) -> bool {
        match &self.0 {
            Repr::Int(_) | Repr::NegativeZero => true,
            Repr::Float(float) => float.repr().is_int(),
            Repr::PositiveInfinity | Repr::NegativeInfinity => false,
        }
    }

    /// Tells whether this is one of the infinities.
    pub fn is_infinite(&self) -> bool {
        matches!(self.0, Repr::PositiveInfinity | Repr::NegativeInfinity)
    }

    /// Tells whether this is zero of either sign.
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Repr::Int(0) | Repr::NegativeZero)
    }

    /// Tells whether the sign is negative; `-0` is negative.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Int(int) => *int < 0,
            Repr::NegativeZero | Repr::NegativeInfinity => true,
            Repr::Float(float) => float.repr().sign() == Sign::Negative,
            Repr::PositiveInfinity => false,
        }
    }

    /// Adds.
    ///
    /// # Errors
    /// For infinities of opposite signs.
    pub fn add(&self, other: &Self) -> Result<Self, NumberError> {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && let Some(sum) = a.checked_add(*b)
        {
            return Ok(sum.into());
        }
        match (self.is_infinite(), other.is_infinite()) {
            (true, true) if self.is_negative() != other.is_negative() => Err(NumberError::NotANumber),
            (true, _) => Ok(self.clone()),
            (_, true) => Ok(other.clone()),
            _ if self.is_zero() && other.is_zero() => {
                let negative = self.is_negative() && other.is_negative();
                Ok(Self(if negative { Repr::NegativeZero } else { Repr::Int(0) }))
            }
            _ => {
                let sum = Self::from_float(self.to_float() + other.to_float());
                // What cancels out is zero without a sign.
                Ok(if sum.is_zero() { Self::ZERO } else { sum })
            }
        }
    }

    /// Subtracts.
    ///
    /// # Errors
    /// For infinities of the same sign.
    pub fn subtract(&self, other: &Self) -> Result<Self, NumberError> {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && let Some(difference) = a.checked_sub(*b)
        {
            return Ok(difference.into());
        }
        self.add(&other.negate())
    }

    /// Multiplies.
    ///
    /// # Errors
    /// For zero times infinity.
    pub fn multiply(&self, other: &Self) -> Result<Self, NumberError> {
        let negative = self.is_negative() != other.is_negative();
        match (self.is_zero() || other.is_zero(), self.is_infinite() || other.is_infinite()) {
            (true, true) => return Err(NumberError::NotANumber),
            (true, false) => return Ok(Self(if negative { Repr::NegativeZero } else { Repr::Int(0) })),
            (false, true) => return Ok(Self::infinity(negative)),
            (false, false) => {}
        }
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && let Some(product) = a.checked_mul(*b)
        {
            return Ok(product.into());
        }
        Ok(Self::from_float(self.to_float() * other.to_float()))
    }

    /// Divides; dividing by zero gives an infinity.
    ///
    /// # Errors
    /// For zero by zero and infinity by infinity.
    pub fn divide(&self, other: &Self) -> Result<Self, NumberError> {
        let negative = self.is_negative() != other.is_negative();
        if self.is_zero() && other.is_zero() || self.is_infinite() && other.is_infinite() {
            return Err(NumberError::NotANumber);
        }
        if other.is_zero() || self.is_infinite() {
            return Ok(Self::infinity(negative));
        }
        if self.is_zero() || other.is_infinite() {
            return Ok(Self(if negative { Repr::NegativeZero } else { Repr::Int(0) }));
        }
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && a.checked_rem(*b) == Some(0)
        {
            return Ok((a / b).into());
        }
        Ok(Self::from_float(self.to_float() / other.to_float()))
    }

    /// Returns the remainder of the division rounded towards zero; `a % 0` is `a`, as in Terraform.
    ///
    /// # Errors
    /// When the quotient is not a number.
    pub fn modulo(&self, other: &Self) -> Result<Self, NumberError> {
        if other.is_zero() {
            return Ok(self.clone());
        }
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && let Some(remainder) = a.checked_rem(*b)
        {
            return Ok(remainder.into());
        }
        let quotient = self.divide(other)?;
        let whole = if quotient.is_negative() { quotient.ceil() } else { quotient.floor() };
        self.subtract(&whole.multiply(other)?)
    }

    /// Changes the sign.
    #[must_use]
    pub fn negate(&self) -> Self {
        match &self.0 {
            Repr::Int(0) => Self(Repr::NegativeZero),
            Repr::Int(int) => {
                int.checked_neg().map_or_else(|| Self::from_float(-self.to_float()), Self::from)
            }
            Repr::NegativeZero => Self::ZERO,
            Repr::Float(float) => Self::from_float(-(**float).clone()),
            Repr::PositiveInfinity => Self(Repr::NegativeInfinity),
            Repr::NegativeInfinity => Self(Repr::PositiveInfinity),
        }
    }

    /// Returns the absolute value.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() { self.negate() } else { self.clone() }
    }

    /// Returns the largest whole number that is not larger.
    #[must_use]
    pub fn floor(&self) -> Self {
        match &self.0 {
            Repr::Float(float) => Self::from_float((**float).clone().floor()),
            _ => self.clone(),
        }
    }

    /// Returns the smallest whole number that is not smaller.
    #[must_use]
    pub fn ceil(&self) -> Self {
        match &self.0 {
            Repr::Float(float) => Self::from_float((**float).clone().ceil()),
            _ => self.clone(),
        }
    }

    /// Returns all decimal digits of the magnitude; nothing for infinities.
    pub(crate) fn exact_digits(&self) -> Option<DecimalDigits> {
        (!self.is_infinite()).then(|| DecimalDigits::of_float(&self.to_float()))
    }

    /// Returns the fewest decimal digits of the magnitude that read back as the same number; nothing for
    /// infinities.
    pub(crate) fn shortest_digits(&self) -> Option<DecimalDigits> {
        match &self.0 {
            Repr::Float(float) => Some(shortest_digits(float)),
            _ => self.exact_digits(),
        }
    }

    fn infinity(negative: bool) -> Self {
        Self(if negative { Repr::NegativeInfinity } else { Repr::PositiveInfinity })
    }

    /// Brings a finite float into the one representation of its value. What is out of range is infinite or zero.
    fn from_float(float: Float) -> Self {
        let repr = float.repr();
        if repr.is_neg_zero() {
            return Self(Repr::NegativeZero);
        }
        let magnitude = repr.exponent().saturating_add_unsigned(repr.significand().bit_len());
        let is_negative = repr.sign() == Sign::Negative;
        if magnitude > MAGNITUDE_BITS_MAX {
            return Self(if is_negative { Repr::NegativeInfinity } else { Repr::PositiveInfinity });
        }
        if magnitude < -MAGNITUDE_BITS_MAX {
            return Self(if is_negative { Repr::NegativeZero } else { Repr::Int(0) });
        }
        // Beyond 2^53 the text of a 64-bit float is shorter than its exact digits.
        let exact_text = |int: i64| {
            float.precision() > FLOAT64_PRECISION_BITS || int.unsigned_abs() <= 1 << FLOAT64_PRECISION_BITS
        };
        match small_int(&float) {
            Some(int) if exact_text(int) => int.into(),
            _ => Self(Repr::Float(Arc::new(float))),
        }
    }

    /// Returns a finite number as a float; infinities were sorted out by the caller.
    fn to_float(&self) -> Float {
        match &self.0 {
            Repr::Int(int) => round_to_precision(IBig::from(*int), 0),
            Repr::Float(float) => (**float).clone(),
            Repr::NegativeZero | Repr::PositiveInfinity | Repr::NegativeInfinity => {
                round_to_precision(IBig::ZERO, 0)
            }
        }
    }
}

fn small_int(float: &Float) -> Option<i64> {
    let repr = float.repr();
    let may_fit = repr.is_int() && repr.exponent() <= 64;
    may_fit.then(|| i64::try_from(float.to_int().value()).ok()).flatten()
}

fn round_to_precision(significand: IBig, exponent: isize) -> Float {
    let exact = Float::from_repr(FloatRepr::new(significand, exponent), Context::new(0));
    exact.with_precision(PRECISION_BITS).value()
}

/// Digits and a power of ten, as written.
struct Decimal {
    negative: bool,
    digits: UBig,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if exponent.abs() > DECIMAL_DIGITS_MAX || mantissa.len() as i64 > DECIMAL_DIGITS_MAX {
            return None;
        }
        let digits = UBig::from_str_radix(&format!("0{whole}{fraction}"), 10).ok()?;
        Some(Self { negative, digits, exponent })
    }

    /// Returns the nearest number, unless it is out of range.
    fn to_number(&self) -> Option<Number> {
        if self.digits.is_zero() {
            return Some(Number(if self.negative { Repr::NegativeZero } else { Repr::Int(0) }));
        }
        let number = Number::from_float(self.to_float());
        (!number.is_infinite() && !number.is_zero()).then_some(number)
    }

    fn to_float(&self) -> Float {
        let sign = if self.negative { Sign::Negative } else { Sign::Positive };
        let power = UBig::from(10u8).pow(self.exponent.unsigned_abs() as usize);
        if self.exponent >= 0 {
            return round_to_precision(IBig::from_parts(sign, &self.digits * power), 0);
        }
        // The quotient gets a few bits more than the precision, and a last bit that is set when
        // anything remains, so that rounding it once is exact.
        let wanted_bits = PRECISION_BITS + 8;
        let shift = (wanted_bits + power.bit_len()).saturating_sub(self.digits.bit_len());
        let (quotient, remainder) = (&self.digits << shift).div_rem(&power);
        let sticky = if remainder.is_zero() { UBig::ZERO } else { UBig::ONE };
        let significand = IBig::from_parts(sign, (quotient << 1) | sticky);
        round_to_precision(significand, -(shift as isize) - 1)
    }
}

impl From<i64> for Number {
    fn from(int: i64) -> Self {
        Self(Repr::Int(int))
    }
}

impl From<usize> for Number {
    fn from(int: usize) -> Self {
        i64::try_from(int).map_or_else(|_| Self::from_big_int(IBig::from(int)), Self::from)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Int(int) => int.hash(state),
            Repr::NegativeZero => 0i64.hash(state),
            Repr::Float(float) => match small_int(float) {
                Some(int) => int.hash(state),
                None => {
                    float.repr().significand().hash(state);
                    float.repr().exponent().hash(state);
                }
            },
            Repr::PositiveInfinity => f64::INFINITY.to_bits().hash(state),
            Repr::NegativeInfinity => f64::NEG_INFINITY.to_bits().hash(state),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0) {
            return a.cmp(b);
        }
        let rank = |number: &Self| match number.0 {
            Repr::NegativeInfinity => -1,
            Repr::PositiveInfinity => 1,
            _ => 0,
        };
        let by_rank = rank(self).cmp(&rank(other));
        if by_rank != Ordering::Equal || rank(self) != 0 {
            return by_rank;
        }
        self.to_float().repr().cmp(other.to_float().repr())
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, formatter)
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Repr::Int(int) => std::fmt::Display::fmt(int, formatter),
            Repr::NegativeZero => formatter.write_str("-0"),
            Repr::Float(float) => {
                let sign = if self.is_negative() { "-" } else { "" };
                write!(formatter, "{sign}{}", shortest_digits(float).to_plain_text())
            }
            Repr::PositiveInfinity => formatter.write_str("+Inf"),
            Repr::NegativeInfinity => formatter.write_str("-Inf"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn what_is_out_of_range_is_infinite_zero_or_not_read() {
        let large = number("1e99999");
        let square = large.multiply(&large).unwrap();
        assert_eq!(square.to_string(), "+Inf");
        assert_eq!(large.negate().multiply(&large).unwrap().to_string(), "-Inf");
        let small = number("1e-99999");
        assert_eq!(small.multiply(&small).unwrap().to_string(), "0");
        assert_eq!(small.divide(&large).unwrap().to_string(), "0");
        for text in
            ["1e100300", "1e-100300", "12345e109000", &"9".repeat(101_000), "1e110001", "1e-999999999"]
        {
            assert!(Number::parse(text).is_none(), "{text}");
        }
        // Whatever is printed can be read again.
        for extreme in [large.multiply(&number("1e200")).unwrap(), small.divide(&number("3e200")).unwrap()] {
            assert_eq!(number(&extreme.to_string()), extreme);
        }
    }

    #[test]
    fn parsing_accepts_decimal_text_only() {
        for (text, printed) in [
            ("0", "0"),
            ("-0", "-0"),
            ("+5", "5"),
            ("1.0", "1"),
            ("1.10", "1.1"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("1E+2", "100"),
            ("1.5e-3", "0.0015"),
            ("1e21", "1000000000000000000000"),
            ("9223372036854775808", "9223372036854775808"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("123456789012345678901234567890.123", "123456789012345678901234567890.123"),
            ("0.0000001", "0.0000001"),
        ] {
            assert_eq!(number(text).to_string(), printed, "{text}");
        }
        for text in [
            "", "-", ".", "1_000", "0x10", " 1", "1 ", "1e", "1e1.5", "e5", "1.2.3", "inf", "NaN", "1e999999",
        ] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn arithmetic_keeps_512_bits() {
        let third = number("1").divide(&number("3")).unwrap();
        let expected = format!("0.{}5", "3".repeat(154));
        assert_eq!(third.to_string(), expected);
        assert_eq!(number("0.1").add(&number("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(number("0.1").multiply(&number("3")).unwrap(), number("0.3"));
        let product = number("100000000000000000000000").multiply(&number("3")).unwrap();
        assert_eq!(product.to_string(), "300000000000000000000000");
        assert_eq!(
            number("9007199254740993").divide(&number("2")).unwrap().to_string(),
            "4503599627370496.5"
        );
    }

    #[test]
    fn zero_and_infinity_follow_terraform() {
        let (zero, one) = (number("0"), number("1"));
        assert_eq!(one.divide(&zero).unwrap().to_string(), "+Inf");
        assert_eq!(one.negate().divide(&zero).unwrap().to_string(), "-Inf");
        assert_eq!(zero.divide(&zero), Err(NumberError::NotANumber));
        assert_eq!(Number::INFINITY.subtract(&Number::INFINITY), Err(NumberError::NotANumber));
        assert_eq!(Number::INFINITY.multiply(&zero), Err(NumberError::NotANumber));
        assert_eq!(zero.multiply(&one.negate()).unwrap().to_string(), "-0");
        assert_eq!(number("0.5").add(&number("-0.5")).unwrap().to_string(), "0");
        assert_eq!(zero.negate(), zero);
        assert_eq!(one.modulo(&zero).unwrap(), one);
        assert_eq!(number("-7").modulo(&number("3")).unwrap().to_string(), "-1");
        assert_eq!(number("1.5").modulo(&one).unwrap().to_string(), "0.5");
        assert_eq!(number("9223372036854775807").add(&one).unwrap().to_string(), "9223372036854775808");
        assert_eq!(number("-9223372036854775808").negate().to_string(), "9223372036854775808");
    }

    #[test]
    fn big_whole_numbers_are_exact() {
        let digits = "9".repeat(200);
        let int = IBig::from_str_radix(&digits, 10).unwrap();
        assert_eq!(Number::from_big_int(int.clone()).to_string(), digits);
        assert_eq!(Number::from_big_int(int.clone()).to_big_int(), Some(int));
    }

    #[test]
    fn floats_print_at_their_own_precision() {
        assert_eq!(Number::from_f64(2f64.sqrt()).unwrap().to_string(), "1.4142135623730951");
        assert_eq!(Number::from_f64(0.1).unwrap().to_string(), "0.1");
        assert_eq!(Number::from_f64(1e23).unwrap().to_string(), "100000000000000000000000");
        assert_eq!(Number::from_f64(8.0).unwrap(), number("8"));
        assert!(Number::from_f64(f64::NAN).is_none());
    }

    #[test]
    fn rounding_to_whole_numbers() {
        assert_eq!(number("-1.5").floor().to_string(), "-2");
        assert_eq!(number("-1.5").ceil().to_string(), "-1");
        assert_eq!(number("1.5").floor().to_string(), "1");
        assert!(number("1e30").is_whole() && !number("1.5").is_whole() && !Number::INFINITY.is_whole());
    }

    proptest! {
        #[test]
        fn printing_a_float_gives_the_shortest_text_that_reads_back(float in any::<f64>()) {
            prop_assume!(float.is_normal());
            let printed = Number::from_f64(float).unwrap().to_string();
            prop_assert_eq!(printed.parse::<f64>().unwrap(), float);
            let digits = |text: &str| text.trim_start_matches('-').replace('.', "").trim_matches('0').len();
            let plain = float.to_string();
            prop_assert!(digits(&printed) <= digits(&plain));
        }

        #[test]
        fn printed_numbers_read_back_the_same(digits in "-?[0-9]{1,40}\\.[0-9]{1,60}") {
            let number = number(&digits);
            prop_assert_eq!(Number::parse(&number.to_string()).unwrap(), number);
        }

        #[test]
        fn addition_and_subtraction_cancel(a in any::<i64>(), b in any::<i64>()) {
            let (a, b) = (Number::from(a), Number::from(b));
            prop_assert_eq!(a.add(&b).unwrap().subtract(&b).unwrap(), a);
        }
    }
}
