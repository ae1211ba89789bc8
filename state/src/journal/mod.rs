//! The journal: what happened to a state since its last snapshot, in a file that is only ever appended to.
//!
//! ```text
//! frame 0   prologue: which snapshot the records build upon
//! frame 1   that snapshot itself, where it is not the state file's content (or may not be)
//! frame 2   checksums of the content that is being replaced, likewise
//! frame …   records
//! ```
//!
//! The encoding is private to this program and has a version of its own.

mod encoding;
mod file;
mod frame;
mod prologue;
mod record;
mod writer;

pub use encoding::DecodeError;
pub(crate) use encoding::{decode, encode};
pub(crate) use file::{JournalFile, read_abandoned, with_suffix};
pub(crate) use frame::{End, Frame, read_frames};
pub(crate) use prologue::{Base, Blocks, Fingerprint, Prologue};
pub use record::{Change, Intent, Operation, Outcome, Record, Ticket};
pub use writer::JournalError;
