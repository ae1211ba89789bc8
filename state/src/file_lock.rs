//! Locks on files that exclude other programs, Terraform among them.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// Locks a whole file for writing, without waiting. Tells whether that was possible.
///
/// The lock excludes the record locks (`F_SETLK`) of other processes, which Terraform uses. On Linux it
/// belongs to the open file: unlike a record lock, it does not vanish when some other part of this process
/// opens and closes the same file, as reading one's own state through a data source does. It ends when the
/// file is closed, at the latest with the process.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    let whole_file = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    #[cfg(any(target_os = "linux", target_os = "android"))]
    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file)) {
        // Some network file systems know only record locks.
        Err(nix::errno::Errno::EINVAL | nix::errno::Errno::ENOLCK) => {}
        result => return is_locked(result),
    }
    is_locked(fcntl(file, FcntlArg::F_SETLK(&whole_file)))
}

fn is_locked(result: nix::Result<libc::c_int>) -> io::Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EACCES) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Puts on disk that a file was made, renamed or removed.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes the folder of a file if it is missing.
pub(crate) fn make_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)
}
