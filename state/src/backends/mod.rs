//! The backends.

mod local;
mod memory;
mod state_file;
#[cfg(test)]
mod tests;

pub use local::{Backup, LocalBackend, LocalOptions};
pub use memory::MemoryBackend;
pub(crate) use state_file::write_whole;
