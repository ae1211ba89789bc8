//! A state file on the local disk: locked as Terraform does, overwritten in place.
//!
//! In place, because the lock is on the file itself. Were a new file renamed into its place, a Terraform that
//! waits for the lock would get the one of the old file, go on with the old content, and write its own into
//! a file that has no name any more. What an interrupted overwriting leaves behind is made good from the
//! journal, which has the new content before the first byte is touched.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::file_lock::{make_folder_of, sync_folder_of, try_lock};
use crate::lock::{LockError, LockInfo, LockRequest};

/// State files contain secrets. One that exists keeps its mode.
const MODE: u32 = 0o600;

/// How often the file is opened anew because another one has taken its place meanwhile.
const REOPENED_MAX: usize = 100;

/// A state file that this process has locked.
#[derive(Debug)]
pub(super) struct LockedFile {
    file: File,
    path: PathBuf,
    info: LockInfo,
    was_created: bool,
}

impl LockedFile {
    /// Tries once to lock a state file, which is made if it is missing.
    pub(super) fn lock(path: &Path, request: &LockRequest) -> Result<Self, LockError> {
        let io = |source| LockError::Io { path: path.to_owned(), source };
        for _ in 0..REOPENED_MAX {
            let (file, was_created) = open_or_create(path).map_err(io)?;
            if !try_lock(&file).map_err(io)? {
                return Err(held(path));
            }
            // Whoever had the lock before may have removed the file, as Terraform does with an empty one.
            if !is_at(&file, path).map_err(io)? {
                continue;
            }
            let info = LockInfo::new(request, path.display().to_string());
            let locked = Self { file, path: path.to_owned(), info, was_created };
            write_private(&info_path(path), locked.info.to_json().as_bytes()).map_err(io)?;
            return Ok(locked);
        }
        Err(io(io::Error::other("another program keeps replacing the file")))
    }

    pub(super) fn info(&self) -> &LockInfo {
        &self.info
    }

    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        read_all(&self.file)
    }

    pub(super) fn overwrite(&self, content: &[u8]) -> io::Result<()> {
        overwrite(&self.file, content)
    }

    /// Gives the lock back. A file that was made for the lock only is removed.
    pub(super) fn unlock(self) -> io::Result<()> {
        if self.was_created && self.file.metadata()?.len() == 0 {
            remove_if_there(&self.path)?;
        }
        // The lock ends when the file is closed, after its description is gone.
        remove_if_there(&info_path(&self.path))
    }
}

/// Overwrites a state file that is not locked by this process.
pub(super) fn overwrite_unlocked(path: &Path, content: &[u8]) -> io::Result<()> {
    let (file, was_created) = open_or_create(path)?;
    overwrite(&file, content)?;
    if was_created { sync_folder_of(path) } else { Ok(()) }
}

/// Reads a state file that is not locked by this process; nothing when it is missing.
pub(super) fn read_unlocked(path: &Path) -> io::Result<Vec<u8>> {
    match File::open(path) {
        Ok(file) => read_all(&file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Breaks the lock that a process which ended has left behind.
pub(super) fn break_lock(path: &Path, id: &str) -> Result<(), LockError> {
    let io = |source| LockError::Io { path: path.to_owned(), source };
    let Some(info) = read_info(path) else { return Err(LockError::NotLocked) };
    if info.id != id {
        return Err(LockError::WrongId { given: id.to_owned(), existing: info.id });
    }
    if let Ok(file) = OpenOptions::new().read(true).write(true).open(path)
        && !try_lock(&file).map_err(io)?
    {
        return Err(LockError::Alive);
    }
    remove_if_there(&info_path(path)).map_err(io)
}

/// Keeps a content under another name, with the mode of a file that it belongs to.
pub(super) fn write_backup(path: &Path, content: &[u8], like: &Path) -> io::Result<()> {
    write_whole(path, content)?;
    let mode = std::fs::metadata(like)?.permissions().mode() & 0o777;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Writes a file that only this user may read: all of it, or none.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let new_path = crate::journal::with_suffix(path, ".new");
    let result = write_private(&new_path, content)
        .and_then(|()| File::open(&new_path)?.sync_data())
        .and_then(|()| std::fs::rename(&new_path, path));
    if result.is_err() {
        let _ = std::fs::remove_file(&new_path);
    }
    result
}

fn open_or_create(path: &Path) -> io::Result<(File, bool)> {
    make_folder_of(path)?;
    match OpenOptions::new().read(true).write(true).create_new(true).mode(MODE).open(path) {
        Ok(file) => Ok((file, true)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // It may be gone again; then the next one makes it.
            Ok((
                OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .mode(MODE)
                    .open(path)?,
                false,
            ))
        }
        Err(error) => Err(error),
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((own.dev(), own.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_all(file: &File) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    let mut content = vec![0; length];
    let mut filled = 0;
    while filled < content.len() {
        match file.read_at(&mut content[filled..], filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    content.truncate(filled);
    Ok(content)
}

/// Writes the new content over the old one and puts it on disk. The room for it is reserved first, so that a
/// full disk is noticed while the old content is untouched.
fn overwrite(file: &File, content: &[u8]) -> io::Result<()> {
    reserve(file, content.len())?;
    file.write_all_at(content, 0)?;
    file.set_len(content.len() as u64)?;
    file.sync_data()
}

#[cfg(target_os = "linux")]
fn reserve(file: &File, length: usize) -> io::Result<()> {
    use nix::errno::Errno;
    use nix::fcntl::{FallocateFlags, fallocate};
    let length = i64::try_from(length).map_err(io::Error::other)?;
    if length == 0 {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, length) {
        // Not every file system can.
        Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(_file: &File, _length: usize) -> io::Result<()> {
    Ok(())
}

fn held(path: &Path) -> LockError {
    let cause = io::Error::from(nix::errno::Errno::EAGAIN).to_string();
    // Terraform prints the system's words without their number.
    let cause = cause.split(" (os error").next().unwrap_or_default().to_lowercase();
    LockError::Held { cause, holder: read_info(path).map(Box::new) }
}

/// Returns where the description of a lock lies: `.NAME.lock.info` beside the state.
fn info_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.lock.info"))
}

fn read_info(path: &Path) -> Option<LockInfo> {
    serde_json::from_slice(&std::fs::read(info_path(path)).ok()?).ok()
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path)?;
    file.write_all(content)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
