//! What happens when things go wrong around the program: files that are damaged, processes that are killed, users who
//! press Ctrl-C.
//!
//! The tests run few cases each unless an environment variable says otherwise: `TERRANE_DAMAGED_FILES` (damaged files
//! given to the program), `TERRANE_KILLS` (runs that are killed), `TERRANE_FAULTS` (lives of a
//! platform in a cloud that fails). `TERRANE_PROGRAM` is a program to test in place of the
//! one that was built with the tests: a release build takes a tenth of the time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod damaged_files;
mod destruction;
mod directory;
mod faults;
mod hard_inputs;
mod interrupts;
mod kills;
mod random;
