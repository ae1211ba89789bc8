//! Gzip (RFC 1952) with the choices that Go's compressor makes at its default level, so that packed texts are the same
//! bytes as Terraform's: which matches are taken, where blocks end, and which of equally short codes is used.

use super::huffman::{Code, codes};

const WINDOW: usize = 1 << 15;
const MATCH_MIN: usize = 4;
const MATCH_MAX: usize = 258;
/// How much must lie ahead before a match is looked for, unless the text ends.
const AHEAD_MIN: usize = MATCH_MIN + MATCH_MAX;
/// How many earlier places are tried for a match.
const TRIES: usize = 128;
/// A match of this length is not improved on by looking further back.
const GOOD_ENOUGH: usize = 128;
/// After a match of this length, none is looked for one byte later.
const LAZY_MAX: usize = 16;
/// The shortest matches have to be this near to be worth their distance.
const SHORT_DISTANCE_MAX: usize = 4096;
const BLOCK_TOKENS_MAX: usize = 1 << 14;
const STORED_MAX: usize = 65_535;
const HASH_BITS: u32 = 17;
const END_OF_BLOCK: usize = 256;

/// Packs bytes.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    // No name, no time, an unknown system.
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut bits = BitWriter { bytes: Vec::new(), pending: 0, count: 0 };
    Compressor::new(bytes).run(&mut bits);
    // The text is flushed before it is closed: an empty block for each.
    for is_last in [false, true] {
        bits.stored(&[], is_last);
    }
    packed.append(&mut bits.bytes);
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    packed.extend(crc.sum().to_le_bytes());
    packed.extend((bytes.len() as u32).to_le_bytes());
    packed
}

/// A byte, or the length and the distance of what is repeated.
#[derive(Clone, Copy)]
enum Token {
    Literal(u8),
    Match { length: usize, distance: usize },
}

/// The search for repetitions. Only so much of the text is in reach as a window of twice the greatest distance would
/// hold, which is moved on by one distance when it has been gone through.
struct Compressor<'a> {
    text: &'a [u8],
    /// Where the window begins.
    base: usize,
    at: usize,
    /// The last place of each hash, plus one.
    heads: Vec<usize>,
    /// The place before with the same hash, plus one, by place modulo the greatest distance.
    previous: Vec<usize>,
    tokens: Vec<Token>,
    /// Where the tokens begin; nothing when that has left the window.
    block_start: Option<usize>,
}

impl<'a> Compressor<'a> {
    fn new(text: &'a [u8]) -> Self {
        let (heads, previous) = (vec![0; 1 << HASH_BITS], vec![0; WINDOW]);
        Self { text, base: 0, at: 0, heads, previous, tokens: Vec::new(), block_start: Some(0) }
    }

    fn run(mut self, bits: &mut BitWriter) {
        let (mut length, mut distance) = (MATCH_MIN - 1, 0);
        let mut is_byte_pending = false;
        loop {
            let end = self.text.len().min(self.base + 2 * WINDOW);
            let ahead = end - self.at;
            if ahead < AHEAD_MIN && end < self.text.len() {
                self.block_start = self.block_start.filter(|start| *start >= self.base + WINDOW);
                self.base += WINDOW;
                continue;
            }
            if ahead == 0 {
                break;
            }
            let head = self.insert(self.at);
            let (before_length, before_distance) = (length, distance);
            (length, distance) = (MATCH_MIN - 1, 0);
            if ahead > before_length
                && before_length < LAZY_MAX
                && let Some(found) = head.and_then(|head| self.find(head, ahead))
            {
                (length, distance) = found;
            }
            if before_length >= MATCH_MIN && length <= before_length {
                self.tokens.push(Token::Match { length: before_length, distance: before_distance });
                let next = self.at + before_length - 1;
                for place in self.at + 1..next {
                    self.insert(place);
                }
                self.at = next;
                is_byte_pending = false;
                length = MATCH_MIN - 1;
                self.end_full_block(bits);
            } else {
                if is_byte_pending {
                    self.tokens.push(Token::Literal(self.text[self.at - 1]));
                    self.end_full_block(bits);
                }
                self.at += 1;
                is_byte_pending = true;
            }
        }
        if is_byte_pending {
            self.tokens.push(Token::Literal(self.text[self.at - 1]));
        }
        if !self.tokens.is_empty() {
            self.end_block(bits);
        }
    }

    /// Enters a place; returns the one before it with the same hash, plus one. The last places have no hash.
    fn insert(&mut self, place: usize) -> Option<usize> {
        let four: [u8; MATCH_MIN] = self.text.get(place..place + MATCH_MIN)?.try_into().ok()?;
        let hash = u32::from_be_bytes(four).wrapping_mul(0x1e35_a7bd) >> (32 - HASH_BITS);
        let head = std::mem::replace(&mut self.heads[hash as usize], place + 1);
        self.previous[place % WINDOW] = head;
        Some(head)
    }

    /// Finds the longest match for the place, of the nearest places first. Returns length and distance.
    fn find(&self, head: usize, ahead: usize) -> Option<(usize, usize)> {
        let longest = ahead.min(MATCH_MAX);
        let oldest = self.base.max(self.at.saturating_sub(WINDOW));
        let mut best = (MATCH_MIN - 1, 0);
        let mut next = head;
        for _ in 0..TRIES {
            let Some(candidate) = next.checked_sub(1).filter(|candidate| *candidate >= oldest) else { break };
            if self.text[candidate + best.0] == self.text[self.at + best.0] {
                let pairs = self.text[candidate..].iter().zip(&self.text[self.at..self.at + longest]);
                let length = pairs.take_while(|(a, b)| a == b).count();
                let distance = self.at - candidate;
                if length > best.0 && (length > MATCH_MIN || distance <= SHORT_DISTANCE_MAX) {
                    best = (length, distance);
                    if length >= longest.min(GOOD_ENOUGH) {
                        break;
                    }
                }
            }
            if self.at - candidate == WINDOW {
                break;
            }
            next = self.previous[candidate % WINDOW];
        }
        (best.1 > 0).then_some(best)
    }

    fn end_full_block(&mut self, bits: &mut BitWriter) {
        if self.tokens.len() == BLOCK_TOKENS_MAX {
            self.end_block(bits);
        }
    }

    fn end_block(&mut self, bits: &mut BitWriter) {
        let input = self.block_start.map(|start| &self.text[start..self.at]);
        write_block(bits, &self.tokens, input);
        self.block_start = Some(self.at);
        self.tokens.clear();
    }
}

/// Writes tokens in the shortest of the three forms that the format has. `input` is what they stand for, where it may be
/// stored as it is.
fn write_block(bits: &mut BitWriter, tokens: &[Token], input: Option<&[u8]>) {
    let (mut literals, mut distances) = (vec![0_u32; 286], vec![0_u32; 30]);
    literals[END_OF_BLOCK] = 1;
    let mut extra_bits = 0;
    for token in tokens {
        match token {
            Token::Literal(byte) => literals[usize::from(*byte)] += 1,
            Token::Match { length, distance } => {
                let (length, distance) = (length_symbol(*length), distance_symbol(*distance));
                literals[length.symbol] += 1;
                distances[distance.symbol] += 1;
                extra_bits += length.extra_bits as usize + distance.extra_bits as usize;
            }
        }
    }
    let used = |counts: &[u32]| counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
    if used(&distances) == 0 {
        distances[0] = 1;
    }
    let own = (codes(&literals, 15), codes(&distances, 15));
    let mut lengths: Vec<u8> = own.0[..used(&literals)].iter().map(|code| code.length).collect();
    lengths.extend(own.1[..used(&distances)].iter().map(|code| code.length));
    let header = LengthCodes::of(&lengths);
    let fixed = (fixed_literals(), fixed_distances());
    let size = |pair: &(Vec<Code>, Vec<Code>)| {
        let of = |counts: &[u32], codes: &[Code]| -> usize {
            counts.iter().zip(codes).map(|(count, code)| *count as usize * usize::from(code.length)).sum()
        };
        of(&literals, &pair.0) + of(&distances, &pair.1)
    };
    let (own_size, fixed_size) = (header.size() + size(&own) + extra_bits, 3 + size(&fixed) + extra_bits);
    if let Some(input) = input.filter(|input| input.len() <= STORED_MAX)
        && (input.len() + 5) * 8 < own_size.min(fixed_size)
    {
        bits.stored(input, false);
        return;
    }
    let (literal_codes, distance_codes) = if own_size < fixed_size {
        bits.write(0b100, 3);
        header.write(bits, used(&literals), used(&distances));
        own
    } else {
        bits.write(0b010, 3);
        fixed
    };
    for token in tokens {
        match token {
            Token::Literal(byte) => bits.code(literal_codes[usize::from(*byte)]),
            Token::Match { length, distance } => {
                let (length, distance) = (length_symbol(*length), distance_symbol(*distance));
                bits.code(literal_codes[length.symbol]);
                bits.write(length.extra, length.extra_bits);
                bits.code(distance_codes[distance.symbol]);
                bits.write(distance.extra, distance.extra_bits);
            }
        }
    }
    bits.code(literal_codes[END_OF_BLOCK]);
}

/// A symbol with the bits that follow it.
struct Symbol {
    symbol: usize,
    extra: u32,
    extra_bits: u32,
}

/// RFC 1951, section 3.2.5: the first table.
fn length_symbol(length: usize) -> Symbol {
    let rest = (length - 3) as u32;
    if rest < 8 {
        return Symbol { symbol: 257 + rest as usize, extra: 0, extra_bits: 0 };
    }
    if length == MATCH_MAX {
        return Symbol { symbol: 285, extra: 0, extra_bits: 0 };
    }
    let extra_bits = rest.ilog2() - 2;
    let symbol = 257 + 4 * extra_bits + (rest >> extra_bits);
    Symbol { symbol: symbol as usize, extra: rest & ((1 << extra_bits) - 1), extra_bits }
}

/// The second table.
fn distance_symbol(distance: usize) -> Symbol {
    let rest = (distance - 1) as u32;
    if rest < 4 {
        return Symbol { symbol: rest as usize, extra: 0, extra_bits: 0 };
    }
    let extra_bits = rest.ilog2() - 1;
    let symbol = 2 * extra_bits + (rest >> extra_bits);
    Symbol { symbol: symbol as usize, extra: rest & ((1 << extra_bits) - 1), extra_bits }
}

/// Section 3.2.6.
fn fixed_literals() -> Vec<Code> {
    let lengths = (0..288).map(|symbol| match symbol {
        0..144 => 8,
        144..256 => 9,
        256..280 => 7,
        _ => 8,
    });
    super::huffman::canonical(&lengths.collect::<Vec<u8>>())
}

fn fixed_distances() -> Vec<Code> {
    super::huffman::canonical(&[5; 32])
}

/// The lengths of a block's codes, as section 3.2.7 packs them.
struct LengthCodes {
    /// Symbols with the bits that follow them.
    symbols: Vec<Symbol>,
    codes: Vec<Code>,
    /// How many of the codes' own lengths are written.
    written: usize,
}

const LENGTH_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

impl LengthCodes {
    fn of(lengths: &[u8]) -> Self {
        let mut symbols = Vec::new();
        for run in lengths.chunk_by(|a, b| a == b) {
            let (length, mut left) = (usize::from(run[0]), run.len());
            let mut push = |symbol: usize, extra: usize, extra_bits: u32| {
                symbols.push(Symbol { symbol, extra: extra as u32, extra_bits });
            };
            if length > 0 {
                push(length, 0, 0);
                left -= 1;
                while left >= 3 {
                    let count = left.min(6);
                    push(16, count - 3, 2);
                    left -= count;
                }
            } else {
                while left >= 11 {
                    let count = left.min(138);
                    push(18, count - 11, 7);
                    left -= count;
                }
                if left >= 3 {
                    push(17, left - 3, 3);
                    left = 0;
                }
            }
            (0..left).for_each(|_| push(length, 0, 0));
        }
        let mut counts = [0_u32; 19];
        symbols.iter().for_each(|symbol| counts[symbol.symbol] += 1);
        let written = LENGTH_ORDER.iter().rposition(|symbol| counts[*symbol] > 0).map_or(0, |last| last + 1);
        Self { symbols, codes: codes(&counts, 7), written: written.max(4) }
    }

    /// Returns the size of the block's header in bits.
    fn size(&self) -> usize {
        let of = |symbol: &Symbol| usize::from(self.codes[symbol.symbol].length) + symbol.extra_bits as usize;
        3 + 5 + 5 + 4 + 3 * self.written + self.symbols.iter().map(of).sum::<usize>()
    }

    fn write(&self, bits: &mut BitWriter, literals: usize, distances: usize) {
        bits.write(literals as u32 - 257, 5);
        bits.write(distances as u32 - 1, 5);
        bits.write(self.written as u32 - 4, 4);
        for symbol in &LENGTH_ORDER[..self.written] {
            bits.write(u32::from(self.codes[*symbol].length), 3);
        }
        for symbol in &self.symbols {
            bits.code(self.codes[symbol.symbol]);
            bits.write(symbol.extra, symbol.extra_bits);
        }
    }
}

struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl BitWriter {
    fn write(&mut self, bits: u32, count: u32) {
        self.pending |= u64::from(bits) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    fn code(&mut self, code: Code) {
        self.write(u32::from(code.bits), u32::from(code.length));
    }

    /// Writes a block of bytes as they are. There must be no more of them than such a block holds.
    fn stored(&mut self, bytes: &[u8], is_last: bool) {
        self.write(u32::from(is_last), 3);
        self.write(0, (8 - self.count) % 8);
        let length = bytes.len() as u32 & 0xffff;
        self.write(length, 16);
        self.write(!length & 0xffff, 16);
        self.bytes.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::functions::base64_code::encode;

    fn unpacked(packed: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// What Terraform answers.
    #[test]
    fn bytes_are_those_of_the_original() {
        let cases = [
            ("", "H4sIAAAAAAAA/wAAAP//AQAA//8AAAAAAAAAAA=="),
            ("hello hello hello", "H4sIAAAAAAAA/8pIzcnJV0AiAQAAAP//AQAA//+AiPnlEQAAAA=="),
        ];
        for (text, expected) in cases {
            assert_eq!(encode(&gzip(text.as_bytes())), expected, "{text}");
        }
        // Several blocks, and more than the window holds.
        let lines =
            (0..40_u32).flat_map(|a| (0..1000_u32).map(move |i| format!("{} line {i}", (i * i + a) % 1009)));
        let text = lines.collect::<Vec<_>>().join("\n");
        let hash = Sha256::digest(encode(&gzip(text.as_bytes())));
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "b8cc808f0c181879c0862841a3656b1e4467ffdc6a22082be2a609d4045f6234");
    }

    proptest! {
        #[test]
        fn texts_unpack_to_themselves(parts in prop::collection::vec(("[a-c]{0,9}", 0_usize..400), 0..60)) {
            let text: String = parts.iter().map(|(part, times)| part.repeat(*times)).collect();
            prop_assert_eq!(unpacked(&gzip(text.as_bytes())), text.as_bytes());
        }
    }

    #[test]
    fn bytes_without_any_pattern_are_stored() {
        let mut seed = 1_u32;
        let bytes: Vec<u8> = (0..200_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        let packed = gzip(&bytes);
        assert!(packed.len() < bytes.len() + 200, "{}", packed.len());
        assert_eq!(unpacked(&packed), bytes);
    }
}
