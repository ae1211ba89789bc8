//! Checksums of packages, as dependency lock files hold them.
//!
//! `h1:` stands for the content whether it is packed or not: the SHA-256, in base64, of a list with one line per
//! file in the order of names, `SHA-256 in hex, two spaces, name`. It is the hash that Go has for modules.
//! `zh:` stands for the archive: the SHA-256 of the file, in hex.

use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::{PackageError, PackageLocation};

const BUFFER_BYTES: usize = 128 * 1024;

/// Returns the `h1:` hash of a package.
///
/// # Errors
/// When a file cannot be read, or the archive is damaged.
pub fn hash_package(package: &PackageLocation) -> Result<String, PackageError> {
    let mut files = match package {
        PackageLocation::Folder(folder) => hash_folder(folder)?,
        PackageLocation::Archive(archive) => hash_entries(archive)?,
    };
    files.sort();
    let mut list = String::new();
    for (name, hash) in files {
        let _ = writeln!(list, "{}  {name}", hex(&hash));
    }
    Ok(format!("h1:{}", STANDARD.encode(Sha256::digest(list))))
}

/// Returns the `zh:` hash of an archive.
///
/// # Errors
/// When the file cannot be read.
pub fn hash_archive(archive: &Path) -> Result<String, PackageError> {
    Ok(format!("zh:{}", hex(&sha256_of_file(archive).map_err(PackageError::file(archive))?)))
}

/// Tells whether a package has one of the hashes. Hashes of kinds that are unknown, or that such a package
/// cannot have, do not match.
///
/// # Errors
/// As [`hash_package`].
pub fn matches_any_hash<'h>(
    package: &PackageLocation,
    hashes: impl IntoIterator<Item = &'h str>,
) -> Result<bool, PackageError> {
    let hashes: Vec<&str> = hashes.into_iter().collect();
    let has = |kind: &str| hashes.iter().any(|hash| hash.starts_with(kind));
    if has("h1:") && hashes.contains(&hash_package(package)?.as_str()) {
        return Ok(true);
    }
    match package {
        PackageLocation::Archive(archive) if has("zh:") => {
            Ok(hashes.contains(&hash_archive(archive)?.as_str()))
        }
        _ => Ok(false),
    }
}

/// Returns the SHA-256 of a file.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn sha256_of_file(path: &Path) -> std::io::Result<[u8; 32]> {
    sha256_of(File::open(path)?)
}

fn sha256_of(mut reader: impl Read) -> std::io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            length => hash.update(&buffer[..length]),
        }
    }
}

fn hash_folder(root: &Path) -> Result<Vec<(String, [u8; 32])>, PackageError> {
    let mut files = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(PackageError::file(&folder))? {
            let entry = entry.map_err(PackageError::file(&folder))?;
            let path = entry.path();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().map_err(PackageError::file(&path))?.is_dir() {
                folders.push((path, format!("{name}/")));
            } else {
                files.push((name, sha256_of_file(&path).map_err(PackageError::file(&path))?));
            }
        }
    }
    Ok(files)
}

fn hash_entries(path: &Path) -> Result<Vec<(String, [u8; 32])>, PackageError> {
    let file = File::open(path).map_err(PackageError::file(path))?;
    let mut archive = ZipArchive::new(file).map_err(PackageError::archive(path))?;
    let mut files = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(PackageError::archive(path))?;
        let name = entry.name().map_err(PackageError::archive(path))?.into_owned();
        // Folders have no content, but where an archive lists them they count.
        files.push((name, sha256_of(entry).map_err(PackageError::file(path))?));
    }
    Ok(files)
}

/// Returns bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
