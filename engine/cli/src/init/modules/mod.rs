//! Getting the modules that a configuration calls.

mod archive;
mod fetch;
mod git;
mod installer;
pub mod manifest;
pub mod package_address;
mod registry;

pub use fetch::{Fetcher, copy_folder};
pub use installer::{InstallOptions, InstallingResolver, fetch_root};
