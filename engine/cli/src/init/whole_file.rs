//! Files that are seen whole or not at all.

use std::ffi::OsString;
use std::io;
use std::path::Path;

/// Writes a file in one step; the folder is made if need be.
///
/// # Errors
/// When the file cannot be written; what was there before is still there then.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut beside = OsString::from(".");
    beside.push(path.file_name().unwrap_or_default());
    beside.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(beside);
    let written = std::fs::write(&beside, content).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What cannot be written can often not be removed either; the first reason is the one to tell.
        let _ = std::fs::remove_file(&beside);
    }
    written
}
