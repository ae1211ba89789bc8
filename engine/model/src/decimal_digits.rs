//! Decimal digits of binary numbers: all of them, or the fewest that tell a number from its neighbours.

use dashu_int::UBig;
use dashu_int::ops::{BitTest, UnsignedAbs};

use crate::number::Float;

/// Returns the fewest digits that lie within half a unit of the last binary place.
pub(crate) fn shortest_digits(float: &Float) -> DecimalDigits {
    let (significand, exponent) = float.repr().clone().into_parts();
    let magnitude: UBig = significand.unsigned_abs();
    // One bit more than the precision, so that the last bit is half a unit of the last place.
    let wanted_bits = float.precision().max(1) + 1;
    let shift = wanted_bits.saturating_sub(magnitude.bit_len());
    let magnitude = magnitude << shift;
    let exponent = exponent - shift as isize;
    let inclusive = !magnitude.bit(1);
    let exact = DecimalDigits::new(&magnitude, exponent);
    let lower = DecimalDigits::new(&(&magnitude - UBig::ONE), exponent);
    let upper = DecimalDigits::new(&(&magnitude + UBig::ONE), exponent);
    exact.shorten(&lower, &upper, inclusive)
}

/// The number `0.d1d2d3… × 10^point`, without trailing zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecimalDigits {
    /// Digits from 0 to 9, none for zero.
    pub(crate) digits: Vec<u8>,
    /// Where the point is: before the first digit at 0.
    pub(crate) point: isize,
}

impl DecimalDigits {
    /// Returns the digits of a float's magnitude.
    pub(crate) fn of_float(float: &Float) -> Self {
        let (significand, exponent) = float.repr().clone().into_parts();
        if significand.is_zero() {
            return Self { digits: Vec::new(), point: 0 };
        }
        Self::new(&significand.unsigned_abs(), exponent)
    }

    /// Rounds to a number of digits, half to even; a number below zero leaves all.
    pub(crate) fn rounded(&self, length: isize) -> Self {
        match usize::try_from(length) {
            Ok(length) if length < self.digits.len() => {
                if self.rounds_up_at(length) {
                    self.cut_up(length)
                } else {
                    self.cut_down(length)
                }
            }
            _ => self.clone(),
        }
    }

    fn new(magnitude: &UBig, exponent: isize) -> Self {
        // m × 2^-k = (m × 5^k) × 10^-k, so the digits are those of a whole number either way.
        let (whole, decimal_shift) = if exponent >= 0 {
            (magnitude << exponent as usize, 0)
        } else {
            (magnitude * UBig::from(5u8).pow(exponent.unsigned_abs()), exponent)
        };
        let text = whole.to_string();
        let point = text.len() as isize + decimal_shift;
        Self { digits: text.bytes().map(|byte| byte - b'0').collect(), point }.trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        self
    }

    /// Cuts to the fewest digits that stay between `lower` and `upper`.
    fn shorten(&self, lower: &Self, upper: &Self, inclusive: bool) -> Self {
        // The bounds may have one digit more before the point; then they differ at once.
        let digit = |of: &Self, index: usize| {
            let index = index as isize - (self.point - of.point);
            usize::try_from(index).ok().and_then(|index| of.digits.get(index)).copied().unwrap_or(0)
        };
        let end = |of: &Self| of.digits.len() as isize + (self.point - of.point);
        for (index, &middle) in self.digits.iter().enumerate() {
            let (low, high) = (digit(lower, index), digit(upper, index));
            let next = index as isize + 1;
            let can_go_down = low != middle || inclusive && next == end(lower);
            let can_go_up = middle != high && (inclusive || middle + 1 < high || next < end(upper));
            let nearest_is_up = self.rounds_up_at(index + 1);
            match (can_go_down, can_go_up) {
                (true, true) if nearest_is_up => return self.cut_up(index + 1),
                (true, _) => return self.cut_down(index + 1),
                (false, true) => return self.cut_up(index + 1),
                (false, false) => {}
            }
        }
        self.clone()
    }

    fn rounds_up_at(&self, length: usize) -> bool {
        match self.digits.get(length) {
            Some(5) if length + 1 == self.digits.len() => length > 0 && self.digits[length - 1] % 2 == 1,
            Some(&digit) => digit >= 5,
            None => false,
        }
    }

    fn cut_down(&self, length: usize) -> Self {
        Self { digits: self.digits[..length.min(self.digits.len())].to_vec(), point: self.point }.trimmed()
    }

    fn cut_up(&self, length: usize) -> Self {
        if length >= self.digits.len() {
            return self.clone();
        }
        let mut digits = self.digits[..length].to_vec();
        while let Some(last) = digits.pop() {
            if last < 9 {
                digits.push(last + 1);
                return Self { digits, point: self.point };
            }
        }
        Self { digits: vec![1], point: self.point + 1 }
    }

    /// Writes the number without an exponent.
    pub(crate) fn to_plain_text(&self) -> String {
        let digits = |range: &[u8]| range.iter().map(|digit| char::from(b'0' + digit)).collect::<String>();
        let Ok(point) = usize::try_from(self.point) else {
            return format!("0.{}{}", "0".repeat(self.point.unsigned_abs()), digits(&self.digits));
        };
        if point >= self.digits.len() {
            return format!("{}{}", digits(&self.digits), "0".repeat(point - self.digits.len()));
        }
        let whole = if point == 0 { "0".to_owned() } else { digits(&self.digits[..point]) };
        format!("{whole}.{}", digits(&self.digits[point..]))
    }
}
