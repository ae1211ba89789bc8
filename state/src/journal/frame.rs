//! Bytes of a journal: frames one after the other, each of which proves that it is whole.
//!
//! A frame is a mark (4 bytes), the length of its payload (4), its number (8), a checksum of the payload (4),
//! a checksum of those (4), and the payload; all little-endian, checksums are CRC-32. Numbers start at zero
//! and grow by one, so that a frame that is missing or there twice is noticed.

/// What every frame starts with: no text has these bytes, so that a frame can be found behind damage.
const MARK: [u8; 4] = [0xf5, b'T', b'J', 0xf6];

/// Bytes before the payload.
const HEAD_BYTES: usize = 24;

/// The verification of frames behind damage stops after reading this many times the length of the journal.
const SEARCH_FACTOR_MAX: usize = 8;

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Its number.
    pub(crate) number: u64,
    /// Where it starts in the journal.
    pub(crate) at: usize,
    /// What it contains.
    pub(crate) payload: &'a [u8],
}

/// How the frames of a journal end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End<'a> {
    /// With the last byte.
    Complete,
    /// In the middle of a frame, as when the program dies while it writes.
    Torn {
        /// Offset of the frame.
        at: usize,
    },
    /// With bytes that were changed after they were written.
    Damaged {
        /// Offset of the damage's frame.
        at: usize,
        /// Whole frames behind the damage.
        later: Vec<Frame<'a>>,
    },
}

/// Appends a frame.
///
/// # Panics
/// When the payload has more than 4 GiB.
pub(crate) fn write_frame(out: &mut Vec<u8>, number: u64, payload: &[u8]) {
    out.extend_from_slice(&frame_head(number, payload));
    out.extend_from_slice(payload);
}

/// Returns what comes before a payload.
///
/// # Panics
/// When the payload has more than 4 GiB.
pub(crate) fn frame_head(number: u64, payload: &[u8]) -> [u8; HEAD_BYTES] {
    let length = u32::try_from(payload.len()).expect("BUG: a frame of more than 4 GiB");
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&MARK);
    head[4..8].copy_from_slice(&length.to_le_bytes());
    head[8..16].copy_from_slice(&number.to_le_bytes());
    head[16..20].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    let checksum = crc32fast::hash(&head[..20]);
    head[20..].copy_from_slice(&checksum.to_le_bytes());
    head
}

/// Reads the frames from the start of a journal up to where it ends.
pub(crate) fn read_frames(bytes: &[u8]) -> (Vec<Frame<'_>>, End<'_>) {
    let mut frames = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match frame_at(bytes, at) {
            Parsed::Whole { frame, next } if frame.number == frames.len() as u64 => {
                frames.push(frame);
                at = next;
            }
            Parsed::Cut => return (frames, End::Torn { at }),
            Parsed::Whole { .. } | Parsed::Wrong => {
                let later = find_later(bytes, at + 1);
                // A file that grew but whose new bytes never reached the disk ends with zeros.
                let is_torn = later.is_empty() && bytes[at..].iter().all(|byte| *byte == 0);
                return (frames, if is_torn { End::Torn { at } } else { End::Damaged { at, later } });
            }
        }
    }
    (frames, End::Complete)
}

enum Parsed<'a> {
    Whole {
        frame: Frame<'a>,
        next: usize,
    },
    /// What there is is right, but the end is missing.
    Cut,
    Wrong,
}

fn frame_at(bytes: &[u8], at: usize) -> Parsed<'_> {
    let rest = &bytes[at..];
    let Some((head, behind)) = rest.split_at_checked(HEAD_BYTES) else {
        let common = rest.len().min(MARK.len());
        return if rest[..common] == MARK[..common] { Parsed::Cut } else { Parsed::Wrong };
    };
    let word = |offset: usize| u32::from_le_bytes([0, 1, 2, 3].map(|index| head[offset + index]));
    if head[..4] != MARK || word(20) != crc32fast::hash(&head[..20]) {
        return Parsed::Wrong;
    }
    let length = word(4) as usize;
    let number = u64::from(word(8)) | u64::from(word(12)) << 32;
    let Some(payload) = behind.get(..length) else { return Parsed::Cut };
    if word(16) != crc32fast::hash(payload) {
        return Parsed::Wrong;
    }
    Parsed::Whole { frame: Frame { number, at, payload }, next: at + HEAD_BYTES + length }
}

/// Finds whole frames at any place from `start` on.
fn find_later(bytes: &[u8], start: usize) -> Vec<Frame<'_>> {
    let mut later = Vec::new();
    let mut budget = bytes.len().saturating_mul(SEARCH_FACTOR_MAX);
    let mut at = start;
    while at < bytes.len() && budget > 0 {
        let Some(offset) = bytes[at..].windows(MARK.len()).position(|window| window == MARK) else { break };
        at += offset;
        let length = bytes
            .get(at + 4..at + 8)
            .map_or(0, |length| u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize);
        budget = budget.saturating_sub(HEAD_BYTES + length.min(bytes.len()));
        match frame_at(bytes, at) {
            Parsed::Whole { frame, next } => {
                later.push(frame);
                at = next;
            }
            Parsed::Cut | Parsed::Wrong => at += 1,
        }
    }
    later
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn journal(payloads: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, payload) in payloads.iter().enumerate() {
            write_frame(&mut bytes, number as u64, payload);
        }
        bytes
    }

    fn payloads<'a>(frames: &[Frame<'a>]) -> Vec<&'a [u8]> {
        frames.iter().map(|frame| frame.payload).collect()
    }

    #[test]
    fn a_journal_cut_anywhere_keeps_its_whole_frames() {
        let all: [&[u8]; 4] = [b"one", b"", b"three", &[0; 40]];
        let bytes = journal(&all);
        for length in 0..bytes.len() {
            let (frames, end) = read_frames(&bytes[..length]);
            assert_eq!(payloads(&frames), all[..frames.len()]);
            let kept: usize = frames.iter().map(|frame| HEAD_BYTES + frame.payload.len()).sum();
            assert_eq!(end, if kept == length { End::Complete } else { End::Torn { at: kept } });
        }
    }

    #[test]
    fn zeros_at_the_end_are_no_damage() {
        let mut bytes = journal(&[b"one"]);
        let length = bytes.len();
        bytes.extend_from_slice(&[0; 100]);
        assert_eq!(read_frames(&bytes).1, End::Torn { at: length });
    }

    #[test]
    fn a_missing_frame_is_noticed() {
        let whole = journal(&[b"one", b"two", b"three"]);
        let first = HEAD_BYTES + 3;
        let without_two = [&whole[..first], &whole[2 * first..]].concat();
        let (frames, end) = read_frames(&without_two);
        assert_eq!(payloads(&frames), [b"one"]);
        assert!(matches!(end, End::Damaged { at, .. } if at == first));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn a_changed_bit_costs_one_frame(position in 0..1_000_usize, bit in 0..8_u8) {
            let all: Vec<Vec<u8>> = (0..8_u8).map(|number| vec![number; usize::from(number) * 5]).collect();
            let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
            let mut bytes = journal(&all);
            let position = position % bytes.len();
            bytes[position] ^= 1 << bit;
            let (frames, end) = read_frames(&bytes);
            prop_assert!(frames.len() < all.len());
            prop_assert_eq!(payloads(&frames), &all[..frames.len()]);
            match end {
                End::Damaged { later, .. } => {
                    prop_assert_eq!(payloads(&later), &all[frames.len() + 1..]);
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(prop::sample::select(vec![0xf5, b'T', b'J', 0xf6, 0, 1, 2]), 0..200)) {
            let _ = read_frames(&bytes);
        }
    }
}
