//! Reproducible randomness: the generator that `hashicorp/random` seeds, so that a seed draws the same numbers.
//!
//! It is the additive lagged Fibonacci generator of Go's `math/rand`: each number is the sum, modulo 2⁶⁴, of
//! those 273 and 607 places before it. A seed fills the first 607 places with the output of a small
//! multiplicative generator, mixed with the state that the large generator has 7.8·10¹² steps after seed 1.
//! Go ships that state as a table; here it is computed by raising the recurrence's polynomial to that power.

use std::sync::LazyLock;

const LENGTH: usize = 607;
const TAP: usize = 273;
/// Steps after which the generator's state is the one that seeds are mixed with.
const WARM_UP_STEPS: u64 = 7_800_000_000_000;

/// A seeded generator.
pub(super) struct SeededRandom {
    places: Box<[u64; LENGTH]>,
    tap: usize,
    feed: usize,
}

impl SeededRandom {
    /// Seeds a generator with the CRC-64 (ISO) of a text.
    pub(super) fn from_text(seed: &str) -> Self {
        Self::new(crc64_iso(seed.as_bytes()).cast_signed())
    }

    fn new(seed: i64) -> Self {
        static MIXED_IN: LazyLock<Box<[u64; LENGTH]>> = LazyLock::new(state_after_warm_up);
        let mut places = small_generator_places(seed, 20);
        for (place, mixed_in) in places.iter_mut().zip(MIXED_IN.iter()) {
            *place ^= mixed_in;
        }
        Self { places, tap: 0, feed: LENGTH - TAP }
    }

    fn next(&mut self) -> u64 {
        self.tap = (self.tap + LENGTH - 1) % LENGTH;
        self.feed = (self.feed + LENGTH - 1) % LENGTH;
        self.places[self.feed] = self.places[self.feed].wrapping_add(self.places[self.tap]);
        self.places[self.feed]
    }

    /// Draws a number from 0 up to a bound, which must be positive.
    pub(super) fn below(&mut self, bound: i64) -> i64 {
        // Small bounds take the upper 31 of the 63 bits that are used, others all of them.
        let bits = if bound < 1 << 31 { 31 } else { 63 };
        let range = 1_u64 << bits;
        let bound = bound.unsigned_abs().max(1);
        let limit = if bound.is_power_of_two() { range } else { range - range % bound };
        loop {
            let drawn = (self.next() & (u64::MAX >> 1)) >> (63 - bits);
            if drawn < limit {
                return (drawn % bound).cast_signed();
            }
        }
    }

    /// Draws an order of the numbers from 0 up to a count.
    pub(super) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order = vec![0; count];
        for position in 0..count {
            let bound = i64::try_from(position + 1).unwrap_or(i64::MAX);
            let other = usize::try_from(self.below(bound)).unwrap_or(0);
            order[position] = order[other];
            order[other] = position;
        }
        order
    }
}

/// Fills the places from three consecutive numbers each of the multiplicative generator modulo 2³¹ − 1,
/// shifted against each other by this many bits.
fn small_generator_places(seed: i64, shift: u32) -> Box<[u64; LENGTH]> {
    const MODULUS: i64 = (1 << 31) - 1;
    let mut x = match seed.rem_euclid(MODULUS) {
        0 => 89_482_311,
        seed => seed.unsigned_abs(),
    };
    let mut next = || {
        x = x * 48_271 % MODULUS.unsigned_abs();
        x
    };
    for _ in 0..20 {
        next();
    }
    let mut places = Box::new([0; LENGTH]);
    places.fill_with(|| (next() << (2 * shift)) ^ (next() << shift) ^ next());
    places
}

/// Returns the generator's places after the warm-up.
fn state_after_warm_up() -> Box<[u64; LENGTH]> {
    // The numbers as one sequence y(n), of which the initial places are y(-607) to y(-1); the place that step n
    // writes is 333 - n modulo 607.
    let place_of = |step: i64| usize::try_from((333 - step).rem_euclid(607)).unwrap_or(0);
    let initial = small_generator_places(1, 10);
    let mut sequence: Vec<u64> = (-607..0).map(|step| initial[place_of(step)]).collect();
    for index in LENGTH..2 * LENGTH {
        sequence.push(sequence[index - LENGTH].wrapping_add(sequence[index - TAP]));
    }
    // If xᴺ is the sum of c(k)·xᵏ modulo the recurrence's polynomial, then y(n + N) is that of c(k)·y(n + k).
    let coefficients = power_of_x(WARM_UP_STEPS);
    let mut places = Box::new([0; LENGTH]);
    let last_steps = WARM_UP_STEPS.cast_signed() - 607..WARM_UP_STEPS.cast_signed();
    for (step, window) in last_steps.zip(sequence.windows(LENGTH)) {
        let terms = coefficients.iter().zip(window);
        places[place_of(step)] = terms.fold(0_u64, |sum, (c, y)| sum.wrapping_add(c.wrapping_mul(*y)));
    }
    places
}

/// Returns the coefficients of a power of x modulo x⁶⁰⁷ − x³³⁴ − 1, with coefficients modulo 2⁶⁴.
fn power_of_x(exponent: u64) -> Vec<u64> {
    let mut result = vec![0_u64; LENGTH];
    result[0] = 1;
    for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
        let mut product = vec![0_u64; 2 * LENGTH];
        for (i, a) in result.iter().enumerate().filter(|(_, a)| **a != 0) {
            for (sum, b) in product[i..].iter_mut().zip(&result) {
                *sum = sum.wrapping_add(a.wrapping_mul(*b));
            }
        }
        if exponent >> bit & 1 == 1 {
            product.rotate_right(1);
        }
        for degree in (LENGTH..2 * LENGTH).rev() {
            let coefficient = product[degree];
            product[degree - LENGTH] = product[degree - LENGTH].wrapping_add(coefficient);
            product[degree - TAP] = product[degree - TAP].wrapping_add(coefficient);
        }
        product.truncate(LENGTH);
        result = product;
    }
    result
}

fn crc64_iso(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0xD800_0000_0000_0000;
    let crc = bytes.iter().fold(u64::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u64::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 },
        )
    });
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_state_is_the_known_one() {
        let places = state_after_warm_up();
        let first: Vec<i64> = places[..3].iter().map(|place| place.cast_signed()).collect();
        assert_eq!(
            first,
            [-4_181_792_142_133_755_926, -4_576_982_950_128_230_565, 1_395_769_623_340_756_751]
        );
    }

    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc64_iso(b"123456789"), 0xb909_56c7_75a4_1001);
    }
}
