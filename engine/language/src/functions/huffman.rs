//! Huffman codes of limited length, by package-merge (Larmore and Hirschberg, 1990). Of equally short codes, the one is
//! made that prefers packages to single symbols, as Go does.

/// The code of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Code {
    /// The bits, the first one lowest.
    pub(super) bits: u16,
    /// How many; none for symbols that do not occur.
    pub(super) length: u8,
}

/// Makes codes of at most `length_max` bits for symbols that occur that often.
pub(super) fn codes(counts: &[u32], length_max: usize) -> Vec<Code> {
    let mut symbols: Vec<usize> = (0..counts.len()).filter(|symbol| counts[*symbol] > 0).collect();
    let mut lengths = vec![0_u8; counts.len()];
    if symbols.len() <= 2 {
        symbols.iter().for_each(|symbol| lengths[*symbol] = 1);
        return canonical(&lengths);
    }
    symbols.sort_by_key(|symbol| (counts[*symbol], *symbol));
    let weights: Vec<u32> = symbols.iter().map(|symbol| counts[*symbol]).collect();
    let mut left = symbols.as_slice();
    // The more often a symbol occurs, the shorter its code.
    for (length, count) in (1..).zip(symbols_by_length(&weights, length_max)) {
        let (rest, own) = left.split_at(left.len() - count);
        own.iter().for_each(|symbol| lengths[*symbol] = length);
        left = rest;
    }
    canonical(&lengths)
}

/// Returns how many symbols get a code of one bit, of two bits and so on. `weights` ascend; there are at least three.
fn symbols_by_length(weights: &[u32], length_max: usize) -> Vec<usize> {
    let levels = length_max.min(weights.len() - 1);
    // Each level merges the symbols with pairs of what the level below has; what counts is which is which.
    let mut is_symbol: Vec<Vec<bool>> = Vec::with_capacity(levels);
    let mut below: Vec<u32> = Vec::new();
    for _ in 0..levels {
        let mut merged = Vec::with_capacity(2 * weights.len());
        let mut kinds = Vec::with_capacity(2 * weights.len());
        let mut pairs = below.chunks_exact(2).map(|pair| pair[0].saturating_add(pair[1])).peekable();
        let mut single = weights.iter().copied().peekable();
        loop {
            let takes_symbol = match (single.peek(), pairs.peek()) {
                (None, None) => break,
                (Some(weight), Some(pair)) => weight < pair,
                (Some(_), None) => true,
                (None, Some(_)) => false,
            };
            kinds.push(takes_symbol);
            merged.extend(if takes_symbol { single.next() } else { pairs.next() });
        }
        is_symbol.push(kinds);
        below = merged;
    }
    // From the top, as many as a tree of that many leaves has nodes; below, what their pairs consist of.
    let mut taken = 2 * weights.len() - 2;
    let mut at_level: Vec<usize> = Vec::with_capacity(levels + 1);
    for kinds in is_symbol.iter().rev() {
        let symbols = kinds.iter().take(taken).filter(|is_symbol| **is_symbol).count();
        at_level.push(symbols);
        taken = 2 * (taken - symbols);
    }
    at_level.push(0);
    at_level.windows(2).map(|pair| pair[0] - pair[1]).collect()
}

/// Gives symbols the codes that follow from their lengths, as RFC 1951 says in section 3.2.2.
pub(super) fn canonical(lengths: &[u8]) -> Vec<Code> {
    let mut codes = vec![Code::default(); lengths.len()];
    let mut next = 0_u16;
    for length in 1..16_u8 {
        next <<= 1;
        for (code, own) in codes.iter_mut().zip(lengths) {
            if *own == length {
                *code = Code { bits: next.reverse_bits() >> (16 - length), length };
                next = next.wrapping_add(1);
            }
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frequent_symbols_have_short_codes() {
        let lengths =
            |counts: &[u32], max| codes(counts, max).iter().map(|code| code.length).collect::<Vec<_>>();
        assert_eq!(lengths(&[1, 0, 5], 15), [1, 0, 1]);
        assert_eq!(lengths(&[1, 1, 2, 4], 15), [3, 3, 2, 1]);
        assert_eq!(lengths(&[1, 1, 2, 4, 8, 16], 3), [3, 3, 3, 3, 2, 2]);
    }

    proptest! {
        #[test]
        fn codes_are_complete_and_within_the_limit(counts in prop::collection::vec(0_u32..1000, 3..19)) {
            let used = counts.iter().filter(|count| **count > 0).count();
            let codes = codes(&counts, 7);
            let filled: u32 = codes.iter().filter(|code| code.length > 0).map(|code| 128 >> code.length).sum();
            prop_assert!(used < 3 || filled == 128, "{filled}");
            prop_assert!(codes.iter().all(|code| code.length <= 7));
        }
    }
}
