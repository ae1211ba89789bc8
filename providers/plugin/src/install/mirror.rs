//! What is in a folder of packages.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use terrane_model::ProviderSource;

use super::{PackageError, PackageLocation, Platform, provider_folder};

/// A package in a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPackage {
    /// The version, as the mirror writes it.
    pub version: String,
    /// What it is made for.
    pub platform: Platform,
    /// Where it is.
    pub location: PackageLocation,
}

/// Returns all packages of a provider in a mirror, for every platform; by version as text, unpacked ones first.
/// A mirror that does not exist is empty. Names that follow no layout are passed over.
///
/// # Errors
/// When a folder cannot be read.
pub fn find_in_mirror(mirror: &Path, source: &ProviderSource) -> Result<Vec<FoundPackage>, PackageError> {
    let mut found = Vec::new();
    for (name, path) in entries(&provider_folder(mirror, source))? {
        if path.is_dir() {
            if is_version(&name) {
                find_unpacked(&name, &path, &mut found)?;
            }
        } else if let Some((version, platform)) = read_archive_name(&name, source) {
            found.push(FoundPackage { version, platform, location: PackageLocation::Archive(path) });
        }
    }
    found.sort_by(|a, b| (&a.version, &a.platform, &a.location).cmp(&(&b.version, &b.platform, &b.location)));
    Ok(found)
}

fn find_unpacked(version: &str, folder: &Path, found: &mut Vec<FoundPackage>) -> Result<(), PackageError> {
    for (name, path) in entries(folder)? {
        if let Some(platform) = Platform::parse(&name)
            && path.is_dir()
        {
            let location = PackageLocation::Folder(path);
            found.push(FoundPackage { version: version.to_owned(), platform, location });
        }
    }
    Ok(())
}

/// Returns the sources of all providers that have a folder in a mirror.
///
/// # Errors
/// When a folder cannot be read.
pub fn sources_in_mirror(mirror: &Path) -> Result<BTreeSet<ProviderSource>, PackageError> {
    let mut sources = BTreeSet::new();
    for (host, path) in folders(mirror)? {
        for (namespace, path) in folders(&path)? {
            for (name, _) in folders(&path)? {
                sources.extend(ProviderSource::parse(&format!("{host}/{namespace}/{name}")));
            }
        }
    }
    Ok(sources)
}

/// Only real folders are searched: links could lead back to where they are.
fn folders(path: &Path) -> Result<Vec<(String, PathBuf)>, PackageError> {
    let mut folders = entries(path)?;
    folders.retain(|(_, path)| std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()));
    Ok(folders)
}

fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, PackageError> {
    let listing = match std::fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(source) => return Err(PackageError::File { path: folder.to_owned(), source }),
    };
    let mut entries = Vec::new();
    for entry in listing {
        let entry = entry.map_err(PackageError::file(folder))?;
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, entry.path()));
        }
    }
    entries.sort();
    Ok(entries)
}

/// Reads `terraform-provider-NAME_VERSION_OS_ARCH.zip`; upper and lower case are the same here.
fn read_archive_name(file_name: &str, source: &ProviderSource) -> Option<(String, Platform)> {
    let file_name = file_name.to_lowercase();
    let rest = file_name.strip_prefix("terraform-provider-")?.strip_prefix(source.name.as_str())?;
    let (version, platform) = rest.strip_prefix('_')?.strip_suffix(".zip")?.split_once('_')?;
    let platform = Platform::parse(platform)?;
    is_version(version).then(|| (version.to_owned(), platform))
}

/// Tells whether a text looks like `1.2.3`, `1.2.3-beta.1` or `1.2.3+build`.
fn is_version(text: &str) -> bool {
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let core: Vec<&str> = text[..end].split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_suffix = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    core.len() == 3 && core.iter().all(is_number) && text[end..].bytes().all(is_suffix)
}
