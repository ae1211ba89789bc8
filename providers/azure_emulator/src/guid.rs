//! GUIDs as Azure writes them: lower case, with hyphens.

use ring::digest;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Returns a random (version 4) GUID.
pub(crate) fn random() -> String {
    let mut bytes = [0; 16];
    fill_random(&mut bytes);
    format(bytes, 0x40)
}

/// Returns the GUID that belongs to a list of names: the same names give the same GUID in every process.
pub(crate) fn derived(parts: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part.as_bytes());
        // A separator that occurs in no name, so that ("ab", "c") and ("a", "bc") differ.
        context.update(&[0]);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&context.finish().as_ref()[..16]);
    format(bytes, 0x50)
}

/// Returns whether `text` is 32 hexadecimal digits grouped as a GUID.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(idx, byte)| match idx {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Fills `bytes` from the operating system's generator.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).expect("the operating system has random bytes");
}

fn format(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | version;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (idx, byte) in bytes.iter().enumerate() {
        if matches!(idx, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(char::from_digit(u32::from(byte >> 4), 16).expect("a nibble is a digit"));
        text.push(char::from_digit(u32::from(byte & 15), 16).expect("a nibble is a digit"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_have_azures_form() {
        assert!(is_guid(&random()));
        assert_ne!(random(), random());
        assert_eq!(derived(&["a", "b"]), derived(&["a", "b"]));
        assert_ne!(derived(&["ab", "c"]), derived(&["a", "bc"]));
        assert!(is_guid("7F951DDA-4ed3-4680-a7ca-43fe172d538d"));
        assert!(!is_guid("7f951dda4ed34680a7ca43fe172d538d"));
    }
}
