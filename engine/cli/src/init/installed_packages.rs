//! The working directory's own packages: `.terraform/providers`, or what `-plugin-dir` named.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use terrane_language::config::version_constraint::Version;
use terrane_model::ProviderSource;
use terrane_provider_plugin::install::{PackageLocation, Platform, matches_any_hash, package_folder};

use super::whole_file::write_whole;
use crate::context::Context;

/// A package that is unpacked in the working directory's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledPackage {
    /// Its folder.
    pub folder: PathBuf,
    /// Where it is noted that the package was looked at and is right.
    stamp: PathBuf,
    name: String,
}

/// Returns the folder of installed packages.
pub fn providers_folder(context: &Context) -> PathBuf {
    context.data_directory().join("providers")
}

/// Finds an installed package.
///
/// # Errors
/// Says why there is none.
pub fn installed_package(
    context: &Context,
    source: &ProviderSource,
    version: &Version,
    platform: &Platform,
) -> Result<InstalledPackage, String> {
    let root = providers_folder(context);
    let folder = package_folder(&root, source, &version.to_string(), platform);
    if !folder.is_dir() {
        return Err(format!("there is no package for {source} {version} cached in {}", root.display()));
    }
    let stamp_name = format!("{source}/{version}/{platform}").replace(['/', ':'], "_");
    Ok(InstalledPackage {
        folder,
        stamp: context.data_directory().join("terrane").join("checked").join(stamp_name),
        name: format!("{source} {version} (in {})", root.display()),
    })
}

impl InstalledPackage {
    /// Checks that the package has one of the checksums. Hashing takes a while for large ones: a package that was
    /// right once and whose files have not changed since counts as right.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn check(&self, hashes: &BTreeSet<String>) -> Result<(), String> {
        let unreadable =
            |error: &dyn std::fmt::Display| format!("the package {} cannot be read: {error}", self.name);
        let stamp = self.stamp_with(hashes).map_err(|error| unreadable(&error))?;
        if std::fs::read_to_string(&self.stamp).is_ok_and(|kept| kept == stamp) {
            return Ok(());
        }
        let package = PackageLocation::Folder(self.folder.clone());
        let fits = matches_any_hash(&package, hashes.iter().map(String::as_str))
            .map_err(|error| unreadable(&error))?;
        if !fits {
            return Err(format!(
                "the cached package for {} does not match any of the checksums recorded in the dependency lock file",
                self.name
            ));
        }
        // Without the note, the package is hashed again next time.
        let _ = write_whole(&self.stamp, stamp.as_bytes());
        Ok(())
    }
}

impl InstalledPackage {
    /// Notes that the package, which was just installed, has the checksums.
    pub fn remember(&self, hashes: &BTreeSet<String>) {
        // Without the note, the package is hashed again when it is first used.
        if let Ok(stamp) = self.stamp_with(hashes) {
            let _ = write_whole(&self.stamp, stamp.as_bytes());
        }
    }

    fn stamp_with(&self, hashes: &BTreeSet<String>) -> std::io::Result<String> {
        let mut stamp = stamp_of(&self.folder)?;
        for hash in hashes {
            stamp.push_str(hash);
            stamp.push('\n');
        }
        Ok(stamp)
    }
}

/// Returns what changes whenever a file of a folder changes.
fn stamp_of(folder: &Path) -> std::io::Result<String> {
    let mut lines = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let metadata = std::fs::metadata(&path)?;
            if metadata.is_dir() {
                folders.push(path);
                continue;
            }
            let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            let mut line = format!("{} {} {}", path.display(), metadata.len(), modified.as_nanos());
            #[cfg(unix)]
            {
                use std::os::unix::fs::MetadataExt;
                let (inode, seconds, rest) = (metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
                let _ = write!(line, " {inode} {seconds}.{rest}");
            }
            line.push('\n');
            lines.push(line);
        }
    }
    lines.sort();
    Ok(lines.concat())
}
