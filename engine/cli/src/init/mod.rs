//! What `init` installs, and what other commands ask about it: modules, provider packages, the lock file.

pub mod dependency_lock_file;
pub mod installed_packages;
pub mod provider_requirements;
pub mod whole_file;
