//! The lines of the language's inventory, each shown by a transcript: `cases/NUMBER-SUBJECT.case`, to which docs/compatibility.md refers.
//!
//! A transcript is a text with three kinds of parts, in any order and number. `--- NAME` begins a file, which is written when the
//! transcript comes to it; `$ COMMAND` is given to a shell in which `terrane` is the program under test; what follows a command, up to
//! the next part, is what it wrote to both of its outputs, with `[N]` at the end for an exit code that is not 0. What stands before the
//! first part says what is shown. Ids, times and the working directory are replaced by names.
//!
//! `TERRANE_TRANSCRIPTS=write` writes what commands answer into the files. When they were written, the answers were compared with
//! those of Terraform 1.11; where it has no such thing, the head has a line `differs: REASON`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod transcript;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use transcript::Transcript;

/// Returns the files of the cases, in the order of their names.
fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventory/cases");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    files
}

#[test]
fn transcripts_are_as_they_were() {
    let program = Path::new(env!("CARGO_BIN_EXE_terrane"));
    let write = std::env::var("TERRANE_TRANSCRIPTS").is_ok_and(|value| value == "write");
    let waiting = Mutex::new(cases());
    let differences = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(file) = waiting.lock().unwrap().pop() else { break };
                    let text = std::fs::read_to_string(&file).unwrap();
                    let found = Transcript::read(&text).play(program).to_string();
                    if write {
                        std::fs::write(&file, found).unwrap();
                    } else if found != text {
                        let diff = similar::TextDiff::from_lines(&text, &found);
                        let diff = diff.unified_diff().context_radius(4).to_string();
                        differences.lock().unwrap().push(format!("{}\n{diff}", file.display()));
                    }
                }
            });
        }
    });
    let mut differences = differences.into_inner().unwrap();
    differences.sort();
    assert!(differences.is_empty(), "{} transcripts differ:\n{}", differences.len(), differences.join("\n"));
}
