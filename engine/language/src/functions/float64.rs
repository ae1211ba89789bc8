//! Logarithms and powers of 64-bit floats, computed as Go's standard library computes them.
//!
//! The last digits of a logarithm or power depend on the method, and they end up in state files. What the
//! system's mathematical library answers differs from Go, and from one system to another, so the methods are
//! written out: fdlibm's for the logarithm, a Taylor series after argument reduction (as in SLEEF) for the
//! exponential, repeated squaring of the significand for powers.

use std::f64::consts::{FRAC_1_SQRT_2, LOG2_E};

/// Returns the natural logarithm; minus infinity for zero, NaN for negative numbers.
pub(super) fn natural_log(x: f64) -> f64 {
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    /// Coefficients of the polynomial in s², alternating between the two sums.
    const L: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    let (mut significand, mut exponent) = split(x);
    if significand < FRAC_1_SQRT_2 {
        significand *= 2.0;
        exponent -= 1;
    }
    let f = significand - 1.0;
    let k = f64::from(exponent);
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * (L[0] + s4 * (L[2] + s4 * (L[4] + s4 * L[6])));
    let even = s4 * (L[1] + s4 * (L[3] + s4 * L[5]));
    let half_square = 0.5 * f * f;
    k * LN2_HIGH - ((half_square - (s * (half_square + (odd + even)) + k * LN2_LOW)) - f)
}

/// Returns x to the power of y, with the special cases of IEEE 754.
pub(super) fn power(x: f64, y: f64) -> f64 {
    if let Some(special) = special_power(x, y) {
        return special;
    }
    let mut whole = y.abs().trunc();
    let mut fraction = y.abs().fract();
    if fraction != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    if whole >= -(i64::MIN as f64) {
        return match (x == -1.0, (x.abs() < 1.0) == (y > 0.0)) {
            (true, _) => 1.0,
            (_, true) => 0.0,
            _ => f64::INFINITY,
        };
    }
    let mut significand = 1.0;
    if fraction != 0.0 {
        if fraction > 0.5 {
            fraction -= 1.0;
            whole += 1.0;
        }
        significand = exponential(fraction * natural_log(x));
    }
    let (significand, exponent) = times_whole_power(significand, x, whole as i64);
    if y < 0.0 {
        return scale(1.0 / significand, -exponent);
    }
    scale(significand, exponent)
}

/// Multiplies by x to a whole power, by squaring; returns significand and power of two.
fn times_whole_power(mut significand: f64, x: f64, mut power: i64) -> (f64, i64) {
    let (mut square, square_exponent) = split(x);
    let mut square_exponent = i64::from(square_exponent);
    let mut exponent = 0i64;
    while power != 0 {
        if square_exponent.abs() > 1 << 12 {
            // Far beyond the range of floats; the factors still to come only lead further away.
            exponent += square_exponent;
            break;
        }
        if power & 1 == 1 {
            significand *= square;
            exponent += square_exponent;
        }
        square *= square;
        square_exponent *= 2;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        power >>= 1;
    }
    (significand, exponent)
}

fn special_power(x: f64, y: f64) -> Option<f64> {
    let is_odd = |y: f64| y.abs() < 9_007_199_254_740_992.0 && y.fract() == 0.0 && y as i64 & 1 == 1;
    if y == 0.0 || x == 1.0 {
        return Some(1.0);
    }
    if y == 1.0 || x.is_nan() {
        return Some(x);
    }
    if y.is_nan() {
        return Some(y);
    }
    if x == 0.0 {
        let magnitude = if y < 0.0 { f64::INFINITY } else { 0.0 };
        return Some(if is_odd(y) { magnitude.copysign(x) } else { magnitude });
    }
    if y.is_infinite() {
        return Some(match (x == -1.0, (x.abs() < 1.0) == (y > 0.0)) {
            (true, _) => 1.0,
            (_, true) => 0.0,
            _ => f64::INFINITY,
        });
    }
    if x.is_infinite() {
        return if x < 0.0 { Some(power(-0.0, -y)) } else { Some(if y < 0.0 { 0.0 } else { f64::INFINITY }) };
    }
    match y {
        0.5 => Some(x.sqrt()),
        -0.5 => Some(1.0 / x.sqrt()),
        _ => None,
    }
}

/// Returns e to the power of x, for the small |x| that powers lead to.
fn exponential(x: f64) -> f64 {
    const LN2_HIGH: f64 = 0.693_147_180_559_662_956_511_601_805_686_950_683_593_75;
    const LN2_LOW: f64 = 0.282_352_905_630_315_771_225_884_481_750_134_360_255_254_120_68e-12;
    const OVERFLOW: f64 = 709.782_712_893_384;
    if x.is_nan() || x == f64::INFINITY || x > OVERFLOW {
        return if x.is_nan() { x } else { f64::INFINITY };
    }
    if x < -1000.0 {
        return 0.0;
    }
    let exponent = (LOG2_E * x).round_ties_even();
    let reduced = (-LN2_LOW).mul_add(exponent, (-LN2_HIGH).mul_add(exponent, x)) * 0.0625;
    // 1/8!, 1/7!, … 1/2!, 1: the series of e^r − 1, divided by r.
    let series = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
    let sum = series.iter().fold(1.0 / 40320.0, |sum: f64, term| sum.mul_add(reduced, *term));
    // (1 + y)² − 1 = y (y + 2), four times, undoes the division by sixteen.
    let mut y = reduced * sum;
    for _ in 0..3 {
        y *= y + 2.0;
    }
    let result = (y + 2.0).mul_add(y, 1.0);
    scale(result, exponent as i64)
}

/// Splits a finite number that is not zero into a significand in [0.5, 1) and a power of two.
fn split(x: f64) -> (f64, i32) {
    const SUBNORMAL_SHIFT: f64 = 18_014_398_509_481_984.0; // 2^54
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (x, shift) = if x.is_subnormal() { (x * SUBNORMAL_SHIFT, -54) } else { (x, 0) };
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1022;
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), exponent + shift)
}

/// Multiplies by a power of two, rounding once.
fn scale(x: f64, exponent: i64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let (significand, own) = split(x);
    let exponent = exponent + i64::from(own);
    let power = |exponent: i64| f64::from_bits(((exponent + 1023) as u64) << 52);
    match exponent {
        1025.. => f64::INFINITY.copysign(x),
        // The significand is below one, so the largest finite numbers have exponent 1024.
        1024 => significand * 2.0 * power(1023),
        -1021..1024 => significand * power(exponent),
        -1075..-1021 => significand * power(exponent + 54) * power(-54),
        _ => 0f64.copysign(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_have_gos_last_digit() {
        let cases = [(2.0, 10.0, 0.301_029_995_663_981_14), (50.0, 10.0, 1.698_970_004_336_018_5)];
        for (number, base, expected) in cases {
            assert_eq!(natural_log(number) / natural_log(base), expected);
        }
        assert_eq!(natural_log(0.0), f64::NEG_INFINITY);
        assert!(natural_log(-1.0).is_nan());
    }

    #[test]
    fn powers_have_gos_last_digit() {
        for (x, y, expected) in [
            (2.0, 100.0, 1_267_650_600_228_229_401_496_703_205_376.0),
            (2.0, -1.0, 0.5),
            (0.0, -1.0, f64::INFINITY),
            (-0.0, -1.0, f64::NEG_INFINITY),
            (2.0, 1024.0, f64::INFINITY),
            (2.0, -1074.0, 5e-324),
            (2.0, 1023.0, 8.98846567431158e307),
            (-2.0, 3.0, -8.0),
            (9.0, 0.5, 3.0),
            (f64::NEG_INFINITY, 3.0, f64::NEG_INFINITY),
            (0.5, f64::INFINITY, 0.0),
        ] {
            assert_eq!(power(x, y), expected, "{x} ^ {y}");
        }
        assert!(power(-8.0, 1.0 / 3.0).is_nan());
    }
}
