//! The backends.

mod local;
mod memory;
mod state_file;

pub use local::{Backup, LocalBackend, LocalOptions};
pub use memory::MemoryBackend;
