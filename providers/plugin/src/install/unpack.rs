//! Unpacking packages.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zip::ZipArchive;
use zip::read::ZipFile;

use super::PackageError;

/// Largest content of a package. The largest provider known has a fifth of it.
const CONTENT_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// Unpacks an archive to a folder, in place of what is there. The folder appears when it is complete.
///
/// # Errors
/// When the archive is damaged, holds what does not belong there, or something cannot be written; the folder is
/// then as it was before.
pub fn unpack(archive_path: &Path, folder: &Path) -> Result<(), PackageError> {
    let file = File::open(archive_path).map_err(PackageError::file(archive_path))?;
    let mut archive = ZipArchive::new(file).map_err(PackageError::archive(archive_path))?;
    let parent = folder.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(parent).map_err(PackageError::file(parent))?;
    // Beside its place, so that it can be moved there in one step.
    let staging = tempfile::Builder::new().prefix(".unpacking-").tempdir_in(parent);
    let staging = staging.map_err(PackageError::file(parent))?;
    let content = staging.path().join("content");
    std::fs::create_dir(&content).map_err(PackageError::file(&content))?;
    let mut bytes_left = CONTENT_BYTES_MAX;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(PackageError::archive(archive_path))?;
        unpack_entry(archive_path, entry, &content, &mut bytes_left)?;
    }
    let replaced = staging.path().join("replaced");
    match std::fs::rename(folder, &replaced) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(PackageError::File { path: folder.to_owned(), source });
        }
        _ => {}
    }
    std::fs::rename(&content, folder).map_err(|source| {
        // Whether there was anything to put back makes no difference to the error.
        let _ = std::fs::rename(&replaced, folder);
        PackageError::File { path: folder.to_owned(), source }
    })
}

fn unpack_entry(
    archive_path: &Path,
    mut entry: ZipFile<'_, File>,
    folder: &Path,
    bytes_left: &mut u64,
) -> Result<(), PackageError> {
    let Some(path) = entry.enclosed_name().filter(|_| !entry.is_symlink()) else {
        let entry = entry.name().map_err(PackageError::archive(archive_path))?.into_owned();
        return Err(PackageError::UnsafeEntry { path: archive_path.to_owned(), entry });
    };
    let path = folder.join(path);
    if entry.is_dir() {
        return std::fs::create_dir_all(&path).map_err(PackageError::file(&path));
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(PackageError::file(parent))?;
    }
    let mut file = File::create(&path).map_err(PackageError::file(&path))?;
    // The size that the archive states may be a lie: what counts is what comes out.
    let mut limited = (&mut entry).take(*bytes_left + 1);
    let written = std::io::copy(&mut limited, &mut file).map_err(PackageError::file(&path))?;
    *bytes_left = bytes_left.checked_sub(written).ok_or_else(|| PackageError::TooLarge {
        path: archive_path.to_owned(),
        limit_bytes: CONTENT_BYTES_MAX,
    })?;
    #[cfg(unix)]
    if let Some(mode) = entry.unix_mode() {
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::Permissions::from_mode(mode & 0o755 | 0o600);
        file.set_permissions(permissions).map_err(PackageError::file(&path))?;
    }
    Ok(())
}
