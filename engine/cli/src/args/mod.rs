//! The command line: which command, which flags.

pub mod flags;
pub mod shell_words;

pub use flags::{Flag, FlagKind, ParsedFlags};
