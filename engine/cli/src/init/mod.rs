//! What `init` installs, and what other commands ask about it: modules, provider packages, the lock file.

pub mod dependency_lock_file;
pub mod http_client;
pub mod install_providers;
pub mod installed_packages;
pub mod lock_packages;
pub mod modules;
mod network_mirror;
pub mod package_sources;
pub mod progress;
pub mod provider_requirements;
pub mod provider_step;
mod registry_client;
pub mod service_discovery;
mod signature;
pub mod whole_file;
