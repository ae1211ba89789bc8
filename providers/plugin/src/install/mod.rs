//! Provider packages on disk: finding them in mirrors, checking them, unpacking them.
//!
//! A package is a zip archive or the folder that it unpacks to. Folders with packages, be it a filesystem mirror
//! or a working directory's `.terraform/providers`, have one layout:
//!
//! ```text
//! HOST/NAMESPACE/NAME/VERSION/OS_ARCH/terraform-provider-NAME…          unpacked
//! HOST/NAMESPACE/NAME/terraform-provider-NAME_VERSION_OS_ARCH.zip       packed
//! ```

mod mirror;
mod package_hash;
mod platform;
mod unpack;

use std::path::{Path, PathBuf};

use terrane_model::ProviderSource;

pub use mirror::{FoundPackage, find_in_mirror, sources_in_mirror};
pub use package_hash::{hash_archive, hash_package, matches_any_hash};
pub(crate) use package_hash::{hex, sha256_of_file};
pub use platform::Platform;
pub use unpack::unpack;

/// Where a package is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageLocation {
    /// A folder with the program in it.
    Folder(PathBuf),
    /// A zip archive.
    Archive(PathBuf),
}

/// Why a package cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The archive is damaged or uses what is not supported.
    #[error("{}: {source}", path.display())]
    Archive {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: zip::result::ZipError,
    },
    /// The archive would write outside of its folder, or make links.
    #[error("{}: the entry {entry:?} does not belong in a provider package", path.display())]
    UnsafeEntry {
        /// The archive.
        path: PathBuf,
        /// The entry's name.
        entry: String,
    },
    /// Unpacked, the archive would be larger than any provider is.
    #[error("{}: its content is larger than {limit_bytes} bytes", path.display())]
    TooLarge {
        /// The archive.
        path: PathBuf,
        /// What is allowed.
        limit_bytes: u64,
    },
    /// There is no program in the folder.
    #[error("{}: there is no file whose name starts with {prefix:?}", path.display())]
    NoProgram {
        /// The folder.
        path: PathBuf,
        /// How the program's name has to start.
        prefix: String,
    },
}

impl PackageError {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }

    fn archive(path: &Path) -> impl FnOnce(zip::result::ZipError) -> Self {
        let path = path.to_owned();
        |source| Self::Archive { path, source }
    }
}

/// Returns the folder of a package in a folder of packages.
pub fn package_folder(root: &Path, source: &ProviderSource, version: &str, platform: &Platform) -> PathBuf {
    provider_folder(root, source).join(version).join(platform.to_string())
}

fn provider_folder(root: &Path, source: &ProviderSource) -> PathBuf {
    root.join(source.host.as_str()).join(source.namespace.as_str()).join(source.name.as_str())
}

/// Returns the program in a package's folder: the first file, by name, that is called
/// `terraform-provider-NAME`, whatever follows behind an underscore or a point.
///
/// # Errors
/// When the folder cannot be read, or no file has such a name.
pub fn program_in(folder: &Path, source: &ProviderSource) -> Result<PathBuf, PackageError> {
    let prefix = format!("terraform-provider-{}", source.name);
    let mut programs = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(PackageError::file(folder))? {
        let path = entry.map_err(PackageError::file(folder))?.path();
        let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        let is_named = name
            .strip_prefix(&prefix)
            .is_some_and(|rest| matches!(rest.chars().next(), None | Some('_' | '.')));
        if is_named && !path.is_dir() {
            programs.push(path);
        }
    }
    programs.into_iter().min().ok_or_else(|| PackageError::NoProgram { path: folder.to_owned(), prefix })
}
