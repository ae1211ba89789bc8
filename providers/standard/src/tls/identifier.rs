//! The identifiers of keys, requests and chains: checksums of what they are.

use crate::checksums::sha1_hex;

/// Computes the identifier of some content: SHA-1 without white space around it, as hashicorp/tls has it even where
/// the content is no text.
pub(super) fn identifier(content: &[u8]) -> String {
    sha1_hex(without_space_at_end(without_space_at_start(content)))
}

fn without_space_at_start(mut content: &[u8]) -> &[u8] {
    while let Some(length) = (1..=3).find(|length| content.get(..*length).is_some_and(is_space)) {
        content = &content[length..];
    }
    content
}

fn without_space_at_end(mut content: &[u8]) -> &[u8] {
    loop {
        let starts = (1..=3).filter_map(|length| content.len().checked_sub(length));
        let Some(start) = starts.into_iter().find(|start| is_space(&content[*start..])) else {
            return content;
        };
        content = &content[..start];
    }
}

/// Tells whether this is one character of white space in UTF-8.
fn is_space(bytes: &[u8]) -> bool {
    let mut characters = std::str::from_utf8(bytes).unwrap_or("").chars();
    characters.next().is_some_and(char::is_whitespace) && characters.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_around_contents_does_not_count() {
        assert_eq!(identifier(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        for padded in [&b" abc\n"[..], b"\x0babc\t\r\n", "\u{a0}\u{2003}abc\u{85}\u{3000}".as_bytes()] {
            assert_eq!(identifier(padded), identifier(b"abc"), "{padded:?}");
        }
        assert_ne!(identifier(b"abc\x85"), identifier(b"abc"));
    }
}
