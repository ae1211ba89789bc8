//! The text form of keys and certificates (RFC 7468): base64 between two lines that say what it is.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// What a block holds, as its first line says.
pub(super) mod label {
    pub(crate) const PUBLIC_KEY: &str = "PUBLIC KEY";
    pub(crate) const PRIVATE_KEY: &str = "PRIVATE KEY";
    pub(crate) const RSA_PRIVATE_KEY: &str = "RSA PRIVATE KEY";
    pub(crate) const EC_PRIVATE_KEY: &str = "EC PRIVATE KEY";
    pub(crate) const OPENSSH_PRIVATE_KEY: &str = "OPENSSH PRIVATE KEY";
    pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
    pub(crate) const CERTIFICATE_REQUEST: &str = "CERTIFICATE REQUEST";
}

const CHARACTERS_PER_LINE: usize = 64;

/// A text with more blocks that cannot be read is not looked through to its end.
const UNREADABLE_BLOCKS_MAX: usize = 100;

/// Writes a block, with a line break at its end.
pub(super) fn encode(label: &str, content: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(content);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(CHARACTERS_PER_LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// A block that has been read.
pub(super) struct Block<'a> {
    pub(super) label: &'a str,
    /// Lines such as `Proc-Type: 4,ENCRYPTED` before the content.
    pub(super) headers: &'a str,
    pub(super) content: Vec<u8>,
}

/// Reads the first block of a text that can be read.
pub(super) fn decode(text: &str) -> Option<Block<'_>> {
    const BEGIN: &str = "-----BEGIN ";
    let mut rest = text;
    for _ in 0..=UNREADABLE_BLOCKS_MAX {
        let start = rest.find(BEGIN)?;
        let at_line_start = start == 0 || rest.as_bytes()[start - 1] == b'\n';
        rest = &rest[start + BEGIN.len()..];
        if let Some(block) = at_line_start.then(|| block(rest)).flatten() {
            return Some(block);
        }
    }
    None
}

/// Reads what follows the beginning of a block's first line.
fn block(text: &str) -> Option<Block<'_>> {
    let (first_line, rest) = text.split_once('\n')?;
    let label = first_line.trim_end().strip_suffix("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let encoded_at = if body.contains(':') { end_of_headers(body) } else { 0 };
    let (headers, encoded) = body.split_at(encoded_at);
    let encoded: String = encoded.split_ascii_whitespace().collect();
    let content = BASE64_STANDARD.decode(encoded).ok()?;
    Some(Block { label, headers, content })
}

fn end_of_headers(body: &str) -> usize {
    let mut position = 0;
    for line in body.split_inclusive('\n') {
        if line.trim().is_empty() {
            break;
        }
        position += line.len();
    }
    position
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_in_texts() {
        let written = encode(label::CERTIFICATE, &[7; 60]);
        assert_eq!(written.lines().map(str::len).max(), Some(64));
        for text in [
            written.clone(),
            format!("anything before\n{written}and after\n"),
            format!("-----BEGIN THIS-----\nis no base64!\n-----END THIS-----\n{written}"),
            written.replace('\n', "\r\n"),
            written.replacen('\n', "\nA: b\nC: d\n\n", 1),
        ] {
            let block = decode(&text).expect("there is a block");
            assert_eq!((block.label, block.content), ("CERTIFICATE", vec![7; 60]), "{text}");
        }
        for text in
            ["", "-----BEGIN ", "-----BEGIN A-----\nYQ==\n", "x-----BEGIN A-----\nYQ==\n-----END A-----"]
        {
            assert!(decode(text).is_none(), "{text}");
        }
    }
}
