//! Randomness from the operating system.

use rand::TryRng;
use rand::rngs::SysRng;
use terrane_model::Diagnostics;

use crate::toolkit::failure;

/// More than anyone needs, and little enough to be held several times over.
pub(super) const MAX_LENGTH: i64 = 1 << 26;

/// Draws that many random bytes.
pub(super) fn random_bytes(length: i64) -> Result<Vec<u8>, Diagnostics> {
    let length = checked_length(length)?;
    let mut bytes = vec![0; length];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| read_error(&error))?;
    Ok(bytes)
}

/// Draws a number below a bound, each with the same probability; the bound must not be 0.
pub(super) fn random_below(bound: u64) -> Result<u64, Diagnostics> {
    // Numbers from the incomplete last stretch would make small results more likely.
    let limit = u64::MAX - u64::MAX % bound;
    loop {
        let drawn = SysRng.try_next_u64().map_err(|error| read_error(&error))?;
        if drawn < limit {
            return Ok(drawn % bound);
        }
    }
}

/// Returns the length unless nothing of that length can be made.
pub(super) fn checked_length(length: i64) -> Result<usize, Diagnostics> {
    let fitting = usize::try_from(length).ok().filter(|_| length <= MAX_LENGTH);
    fitting.ok_or_else(|| {
        let detail =
            format!("Nothing of length {length} can be generated; lengths go from 0 to {MAX_LENGTH}.");
        failure("Random Read Error", detail)
    })
}

fn read_error(error: &impl std::fmt::Display) -> Diagnostics {
    let detail = format!("The operating system gives no randomness: {error}.");
    failure("Random Read Error", detail)
}
