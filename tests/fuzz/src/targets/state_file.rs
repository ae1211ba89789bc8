//! State files of all versions, and journals.

use terrane_state::{peek, read_state, write_state};

use super::{Target, outcome};
use crate::corpus;

pub(super) const SNAPSHOT: Target =
    Target { name: "state-file", seeds: state_seeds, generate: None, run: read };

pub(super) const JOURNAL: Target =
    Target { name: "journal", seeds: journal_seeds, generate: None, run: replay };

fn state_seeds() -> Vec<Vec<u8>> {
    let mut seeds = corpus::own_seeds("state-file");
    seeds.extend(corpus::recorded_files("configs", &[".tfstate"]));
    seeds.extend(corpus::recorded_files("expr", &[".tfstate"]));
    seeds.extend(corpus::recorded_files("../../state/tests/fixtures", &[".json", ".tfstate"]));
    seeds
}

fn journal_seeds() -> Vec<Vec<u8>> {
    corpus::own_seeds("journal")
}

fn read(input: &[u8]) -> Result<String, String> {
    let snapshot = match read_state(input) {
        Ok(snapshot) => snapshot,
        Err(error) => return Ok(outcome::shape("error", &error.to_string())),
    };
    let text = write_state(&snapshot).map_err(|error| format!("what was read cannot be written: {error}"))?;
    match read_state(text.as_bytes()) {
        Ok(again) if again.same_content(&snapshot) => Ok(format!("read {}", snapshot.resources.len().min(3))),
        Ok(again) => Err(format!("written and read, the state is {again:#?} and not {snapshot:#?}")),
        Err(error) => Err(format!("what was written cannot be read: {error}: {text}")),
    }
}

/// The input is a journal over an empty state: once as it is, once as the lines of text in its frames. The frames carry
/// checksums, so that most alterations of the former only cut it off.
fn replay(input: &[u8]) -> Result<String, String> {
    let mut outcomes = String::new();
    for journal in [input, &framed(input)] {
        outcomes += &match peek(&[], Some(journal)) {
            Ok(snapshot) => {
                format!("{} resources, {} outputs/", snapshot.resources.len(), snapshot.outputs.len())
            }
            Err(error) => outcome::shape("error", &error.to_string()),
        };
    }
    Ok(outcomes)
}

/// Puts each line into a frame: a mark, length, number, and checksums of both.
fn framed(input: &[u8]) -> Vec<u8> {
    let mut journal = Vec::new();
    for (number, payload) in input.split(|byte| *byte == b'\n').enumerate() {
        let mut head = vec![0xf5, b'T', b'J', 0xf6];
        head.extend((payload.len() as u32).to_le_bytes());
        head.extend((number as u64).to_le_bytes());
        head.extend(crc32fast::hash(payload).to_le_bytes());
        head.extend(crc32fast::hash(&head).to_le_bytes());
        journal.extend(head);
        journal.extend_from_slice(payload);
    }
    journal
}
