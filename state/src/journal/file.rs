//! The journal's file: created, replaced as a whole, found after a crash.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::frame::write_frame;
use super::prologue::Prologue;
use super::writer::{JournalError, JournalWriter, Sink, WhenDurable};
use crate::file_lock::{make_folder_of, sync_folder_of, try_lock};

/// Journals contain secrets.
const MODE: u32 = 0o600;

/// A journal that is being written.
pub(crate) struct JournalFile {
    path: PathBuf,
    writer: JournalWriter,
}

impl JournalFile {
    /// Creates a journal without waiting for the disk; the first flush does.
    ///
    /// # Errors
    /// When there is a journal already, or the file cannot be made.
    pub(crate) fn create(path: &Path, prologue: &Prologue<'_>) -> Result<Self, JournalError> {
        let error = |source| JournalError::new(path, source);
        make_folder_of(path).map_err(error)?;
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(MODE).open(path).map_err(error)?;
        Self::lock(&file).map_err(error)?;
        let (count, length) = prologue.write_to(&mut file).map_err(|source| {
            // Nothing has been promised yet: a journal without a prologue is none.
            let _ = std::fs::remove_file(path);
            error(source)
        })?;
        let sink = FileSink { file, path: path.to_owned(), is_folder_flushed: false };
        let writer = JournalWriter::start(path, sink, length, count).map_err(error)?;
        Ok(Self { path: path.to_owned(), writer })
    }

    /// Puts a journal on disk in place of another one or of none: at any moment, one of them is there.
    ///
    /// # Errors
    /// When the disk does not take it. The old journal is still there then.
    pub(crate) fn replace(
        path: &Path,
        prologue: &Prologue<'_>,
        records: &[Vec<u8>],
    ) -> Result<Self, JournalError> {
        let new_path = with_suffix(path, ".new");
        let error = |source| {
            let _ = std::fs::remove_file(&new_path);
            JournalError::new(path, source)
        };
        make_folder_of(path).map_err(error)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(MODE)
            .open(&new_path)
            .map_err(error)?;
        Self::lock(&file).map_err(error)?;
        let (mut count, mut length) = prologue.write_to(&mut file).map_err(error)?;
        let mut bytes = Vec::new();
        for record in records {
            write_frame(&mut bytes, count, record);
            count += 1;
        }
        length += bytes.len() as u64;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(error)?;
        std::fs::rename(&new_path, path).map_err(error)?;
        sync_folder_of(path).map_err(|source| JournalError::new(path, source))?;
        let sink = FileSink { file, path: path.to_owned(), is_folder_flushed: true };
        let writer = JournalWriter::start(path, sink, length, count)
            .map_err(|source| JournalError::new(path, source))?;
        Ok(Self { path: path.to_owned(), writer })
    }

    fn lock(file: &File) -> io::Result<()> {
        if try_lock(file)? { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }

    pub(crate) fn append(&self, record: Vec<u8>) -> Result<(), JournalError> {
        self.writer.append(record)
    }

    pub(crate) fn flush(&self, when_durable: WhenDurable) {
        self.writer.flush(when_durable);
    }

    pub(crate) fn check(&self) -> Result<(), JournalError> {
        self.writer.check()
    }

    /// Puts everything on disk and ends writing; the file stays.
    ///
    /// # Errors
    /// When something could not be written.
    pub(crate) fn close(self) -> Result<(), JournalError> {
        self.writer.close()
    }

    /// Ends writing and removes the file: what it says is in the snapshot.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub(crate) fn remove(self) -> Result<(), JournalError> {
        let Self { path, writer } = self;
        // What could not be written is in the snapshot all the same.
        let _ = writer.close();
        std::fs::remove_file(&path).map_err(|source| JournalError::new(&path, source))
    }
}

/// Returns the path with something behind the file's name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

struct FileSink {
    file: File,
    path: PathBuf,
    /// Whether the folder's entry of a new file is on disk.
    is_folder_flushed: bool,
}

impl Sink for FileSink {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn flush_to_disk(&mut self) -> io::Result<()> {
        self.file.flush_to_disk()?;
        if !self.is_folder_flushed {
            sync_folder_of(&self.path)?;
            self.is_folder_flushed = true;
        }
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.cut(length)
    }
}

/// A journal that a run has left behind. The lock on it lasts as long as this value.
pub(crate) struct Abandoned {
    pub(crate) bytes: Vec<u8>,
    _lock: File,
}

/// Reads the journal that a run has left behind, if there is one.
///
/// # Errors
/// When it cannot be read; `WouldBlock` when the run that writes it is still going on.
pub(crate) fn read_abandoned(path: &Path) -> Result<Option<Abandoned>, JournalError> {
    let error = |source| JournalError::new(path, source);
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(error(source)),
    };
    if !try_lock(&file).map_err(error)? {
        return Err(error(io::ErrorKind::WouldBlock.into()));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(error)?;
    Ok(Some(Abandoned { bytes, _lock: file }))
}
