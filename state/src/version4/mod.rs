//! State files of version 4: Terraform's since 0.12 and OpenTofu's.
//!
//! What Terraform 1.11 writes reads back byte by byte the same, as far as Terraform itself is deterministic.
//! The format is Terraform's private one; the facts here were found by looking at files that it wrote.

mod error;
mod object;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use error::{AddressKind, OutputPart, StateFileError};
pub(crate) use object::{Instance4, object_from, structure, write_object_fields};
pub use read::read_state;
pub(crate) use read::{
    CheckResult4, Output4, legacy_provider_config, read_check_result, read_output, terraform_version,
};
pub use write::{WriteError, write_state};
pub(crate) use write::{write_check_results, write_outputs};

/// The version of the format.
pub const VERSION: u64 = 4;
