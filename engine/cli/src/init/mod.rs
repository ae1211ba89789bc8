//! What `init` installs, and what other commands ask about it: modules, provider packages, the lock file.

pub mod dependency_lock_file;
pub mod whole_file;
