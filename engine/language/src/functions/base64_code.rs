//! Base64 with the standard alphabet and padding, as RFC 4648 section 4 describes it.
//!
//! Reading skips line ends and says where a text is wrong by Go's count, which `textdecodebase64` shows.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes bytes as base64.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let sextet = bits >> (18 - 6 * position) & 63;
            let is_padding = position > group.len();
            text.push(if is_padding { '=' } else { char::from(ALPHABET[sextet as usize]) });
        }
    }
    text
}

/// Reads base64.
///
/// # Errors
/// With the offset, in bytes, of what is wrong.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, usize> {
    let is_line_end = |byte: u8| matches!(byte, b'\r' | b'\n');
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut symbols = text.bytes().enumerate().filter(|(_, byte)| !is_line_end(*byte));
    let (mut bits, mut count) = (0u32, 0usize);
    for (offset, symbol) in symbols.by_ref() {
        if symbol == b'=' {
            return decode_end(bytes, bits, count, offset, text, symbols);
        }
        bits = bits << 6 | sextet(symbol).ok_or(offset)?;
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    if count == 0 { Ok(bytes) } else { Err(text.len() - count) }
}

/// Reads what comes with the first padding, behind `count` symbols of a last group.
fn decode_end(
    mut bytes: Vec<u8>,
    bits: u32,
    count: usize,
    offset: usize,
    text: &str,
    mut rest: impl Iterator<Item = (usize, u8)>,
) -> Result<Vec<u8>, usize> {
    match count {
        2 => {
            match rest.next() {
                None => return Err(text.len()),
                Some((_, b'=')) => {}
                Some((wrong, _)) => return Err(wrong.saturating_sub(1).max(offset)),
            }
            bytes.push((bits >> 4) as u8);
        }
        3 => bytes.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]),
        _ => return Err(offset),
    }
    match rest.next() {
        None => Ok(bytes),
        Some((surplus, _)) => Err(surplus),
    }
}

fn sextet(symbol: u8) -> Option<u32> {
    let value = match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wrong_text_is_blamed_where_it_is_wrong() {
        for (text, expected) in [
            ("SGVs\nbG8=", Ok(b"Hello".to_vec())),
            ("", Ok(Vec::new())),
            ("YQ", Err(0)),
            ("YQ=", Err(3)),
            ("YQ==x", Err(4)),
            ("Y!==", Err(1)),
            ("=", Err(0)),
            ("YWJjY", Err(4)),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }
    }
}
