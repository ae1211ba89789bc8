//! Plans in files: everything that carrying a plan out needs, with a checksum.
//!
//! A plan file is the line `TERRANE-PLAN 1`, the SHA-256 of what follows, and the document as zlib-compressed JSON.
//! It holds values that are secret, so whoever writes it keeps others from reading it. It is a format of our own;
//! what other programs read is the plan's JSON form.

mod actions;
mod document;
mod read;
mod values;
mod write;

use std::collections::BTreeMap;

use terrane_language::evaluate::GivenValues;
use terrane_model::{Diagnostic, Str};

use crate::plan::Plan;

pub use read::read_plan_file;
pub use write::write_plan_file;

/// The first bytes of every plan file; the number is the format's version.
const MAGIC: &[u8] = b"TERRANE-PLAN 1\n";

/// What all versions of the format begin with.
const MAGIC_PREFIX: &[u8] = b"TERRANE-PLAN ";

/// Bytes of the checksum.
const CHECKSUM_BYTES: usize = 32;

/// Uncompressed size in bytes beyond which a plan file is not read.
const DOCUMENT_BYTES_MAX: u64 = 4 << 30;

/// A plan with everything that carrying it out needs.
#[derive(Debug, Clone)]
pub struct PlanFile {
    /// The plan.
    pub plan: Plan,
    /// Values for the root module's variables, without ephemeral ones.
    pub given: GivenValues,
    /// The configuration's files by path.
    pub files: BTreeMap<String, String>,
    /// Directories of modules that were not found beside their callers, with their versions, by dotted path.
    pub modules: BTreeMap<String, (String, Option<Str>)>,
    /// The workspace that the plan is for.
    pub workspace: String,
}

/// Why a plan file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is something else.
    #[error("it is not a plan file of terrane")]
    NotAPlan,
    /// It was written by a version with another format.
    #[error("it was written by another version of terrane, with format {0}")]
    OtherFormat(String),
    /// It was cut off or altered.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl PlanFileError {
    /// Returns the error as a message to the user that says what to do.
    pub fn to_diagnostic(&self, path: &str) -> Diagnostic {
        let advice = match self {
            Self::NotAPlan => "Give the path of a file that \"terrane plan -out=FILE\" has written.",
            Self::OtherFormat(_) => "Make a new plan with this version.",
            Self::Damaged(_) => "Nothing was changed. Make a new plan.",
        };
        let detail = format!("The file {path:?} cannot be used as a plan: {self}. {advice}");
        Diagnostic::error(format!("Failed to load {path:?} as a plan file"), detail)
    }
}

#[cfg(test)]
mod tests;
