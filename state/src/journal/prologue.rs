//! The first frames of a journal: which snapshot its records build upon.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use terrane_model::Str;

use super::encoding::DecodeError;
use super::frame::{Frame, frame_head};

/// Version of the encoding of journals.
const VERSION: u64 = 1;

/// Bytes of a state file that one checksum covers; no larger than what a disk writes at once.
const BLOCK_BYTES: usize = 512;

/// Tells one content of a state file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    length_bytes: u64,
    crc32: u32,
}

impl Fingerprint {
    pub(crate) fn of(content: &[u8]) -> Self {
        Self { length_bytes: content.len() as u64, crc32: crc32fast::hash(content) }
    }
}

/// Checksums of a content's parts: a content that was only partly overwritten is recognized by them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Blocks(Vec<u32>);

impl Blocks {
    pub(crate) fn of(content: &[u8]) -> Self {
        Self(content.chunks(BLOCK_BYTES).map(crc32fast::hash).collect())
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|checksum| checksum.to_le_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let words = bytes.chunks_exact(4);
        Self(words.map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
    }

    /// Tells whether a content is what is left when overwriting this one with `new` was interrupted: every
    /// part is the old or the new one, or was never filled.
    pub(crate) fn were_being_replaced(&self, content: &[u8], new: &[u8]) -> bool {
        content.chunks(BLOCK_BYTES).enumerate().all(|(index, block)| {
            let start = (index * BLOCK_BYTES).min(new.len());
            let new_block = &new[start..(start + BLOCK_BYTES).min(new.len())];
            let is_new =
                !new_block.is_empty() && (new_block.starts_with(block) || block.starts_with(new_block));
            let is_old = self.0.get(index) == Some(&crc32fast::hash(block));
            is_new || is_old || (index >= self.0.len() && block.iter().all(|byte| *byte == 0))
        })
    }
}

/// What the records of a journal build upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base<'a> {
    /// The state file's content.
    StateFile(Fingerprint),
    /// A content of the state file that the journal itself holds, since it may not be there yet.
    Inline {
        /// The content.
        text: &'a [u8],
        /// The content that it replaces.
        replaces: Fingerprint,
        /// The parts of that.
        replaces_blocks: Blocks,
    },
}

/// The first frames of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prologue<'a> {
    /// The state's lineage; for a state that is new, the one that it will have.
    pub(crate) lineage: Str,
    /// The base's serial.
    pub(crate) serial: u64,
    /// What the records build upon.
    pub(crate) base: Base<'a>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    terrane_journal: u64,
    lineage: String,
    serial: u64,
    state_file: Fingerprint,
    is_inline: bool,
}

impl<'a> Prologue<'a> {
    /// Writes the frames. Returns how many they are and their length in bytes.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub(crate) fn write_to(&self, out: &mut impl Write) -> io::Result<(u64, u64)> {
        let (state_file, is_inline) = match &self.base {
            Base::StateFile(fingerprint) => (*fingerprint, false),
            Base::Inline { replaces, .. } => (*replaces, true),
        };
        let lineage = self.lineage.to_string();
        let head = Head { terrane_journal: VERSION, lineage, serial: self.serial, state_file, is_inline };
        let head = serde_json::to_vec(&head).expect("numbers and text have a form in JSON");
        let blocks;
        let payloads = match &self.base {
            Base::StateFile(_) => vec![&head[..]],
            Base::Inline { text, replaces_blocks, .. } => {
                blocks = replaces_blocks.to_bytes();
                vec![&head[..], text, &blocks]
            }
        };
        let mut length = 0;
        for (number, payload) in (0..).zip(&payloads) {
            let frame_head = frame_head(number, payload);
            out.write_all(&frame_head)?;
            out.write_all(payload)?;
            length += (frame_head.len() + payload.len()) as u64;
        }
        Ok((payloads.len() as u64, length))
    }

    /// Takes the prologue off the frames of a journal; nothing when it is not whole.
    ///
    /// # Errors
    /// When the journal is of a newer version.
    pub(crate) fn split<'f>(frames: &'f [Frame<'a>]) -> Result<Option<(Self, &'f [Frame<'a>])>, DecodeError> {
        let Some((first, rest)) = frames.split_first() else { return Ok(None) };
        let head: Head = serde_json::from_slice(first.payload).map_err(DecodeError::new)?;
        if head.terrane_journal != VERSION {
            let version = head.terrane_journal;
            return Err(DecodeError::new(format_args!("the journal has version {version}")));
        }
        let (base, rest) = match (head.is_inline, rest) {
            (false, rest) => (Base::StateFile(head.state_file), rest),
            (true, [text, blocks, rest @ ..]) => {
                let replaces_blocks = Blocks::from_bytes(blocks.payload);
                (Base::Inline { text: text.payload, replaces: head.state_file, replaces_blocks }, rest)
            }
            (true, _) => return Ok(None),
        };
        Ok(Some((Self { lineage: head.lineage.into(), serial: head.serial, base }, rest)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::journal::frame::{read_frames, write_frame};

    #[test]
    fn prologues_read_back_as_written() {
        let inline = Base::Inline {
            text: b"new",
            replaces: Fingerprint::of(b"old"),
            replaces_blocks: Blocks::of(&[1; 2000]),
        };
        for base in [Base::StateFile(Fingerprint::of(b"x")), inline] {
            let prologue = Prologue { lineage: "l".into(), serial: u64::MAX, base };
            let mut bytes = Vec::new();
            let written = prologue.write_to(&mut bytes).unwrap();
            let (frames, _) = read_frames(&bytes);
            assert_eq!(written, (frames.len() as u64, bytes.len() as u64));
            assert_eq!(Prologue::split(&frames).unwrap().unwrap(), (prologue, &[][..]));
        }
    }

    #[test]
    fn newer_versions_are_refused() {
        let mut bytes = Vec::new();
        let head = br#"{"terrane_journal":2,"lineage":"","serial":0,"state_file":{"length_bytes":0,"crc32":0},"is_inline":false}"#;
        write_frame(&mut bytes, 0, head);
        let error = Prologue::split(&read_frames(&bytes).0).unwrap_err();
        assert_eq!(error.to_string(), "a record is not understood: the journal has version 2");
    }

    proptest! {
        #[test]
        fn partly_overwritten_contents_are_recognized(
            old in prop::collection::vec(1..=255_u8, 0..4000),
            new in prop::collection::vec(1..=255_u8, 1..4000),
            written in any::<prop::sample::Index>(),
            is_cut in any::<bool>(),
        ) {
            // Pages are written one after the other, then the length is set.
            let pages = new.len().div_ceil(BLOCK_BYTES);
            let written = ((written.index(pages + 1)) * BLOCK_BYTES).min(new.len());
            let mut content = old.clone();
            content.resize(old.len().max(written), 0);
            content[..written].copy_from_slice(&new[..written]);
            if is_cut && written == new.len() {
                content.truncate(written);
            }
            prop_assert!(Blocks::of(&old).were_being_replaced(&content, &new));
        }

        #[test]
        fn other_contents_are_not_taken_for_that(at in 0..3000_usize) {
            let old = vec![b'o'; 3000];
            let new = vec![b'n'; 2900];
            let mut content = old.clone();
            content[..1024].fill(b'n');
            content[at] = b'x';
            prop_assert!(!Blocks::of(&old).were_being_replaced(&content, &new));
        }
    }
}
