//! The world on disk: an append-only file of lines, compacted when most of it is out of date.
//!
//! A line is written before the request that made it is answered, so whatever was acknowledged survives the end of
//! the process at any moment. (Not forced to the disk: an emulated cloud need not survive a power failure.)

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::World;
use super::record::{Record, from_line, to_line};

const FILE_NAME: &str = "world.jsonl";

/// Compaction waits until the file has grown by this much, and to twice what the last compaction left.
const GROWTH_MIN_BYTES: u64 = 4 << 20;

/// Records per line when a whole world is written.
const RECORDS_PER_LINE: usize = 256;

/// The open journal file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    size_bytes: u64,
    compacted_bytes: u64,
    /// A line that could not be written yet, because the disk was full.
    unwritten: Vec<u8>,
}

impl Journal {
    /// Opens the journal in `directory` and rebuilds the world from it.
    ///
    /// A last line that was cut off, because the process ended while writing it, is dropped: its request was never
    /// answered. Any other damage is an error.
    pub(crate) fn open(directory: &Path) -> io::Result<(Journal, World)> {
        let path = directory.join(FILE_NAME);
        let mut file = private_options().read(true).append(true).create(true).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (world, good_bytes) = replay(&bytes).map_err(|message| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {message}", path.display()))
        })?;
        if good_bytes < bytes.len() as u64 {
            file.set_len(good_bytes)?;
        }
        let journal =
            Journal { path, file, size_bytes: good_bytes, compacted_bytes: 0, unwritten: Vec::new() };
        Ok((journal, world))
    }

    /// Appends what changed in `world` since the last call, and compacts the file when that pays.
    pub(crate) fn append(&mut self, world: &mut World) -> io::Result<()> {
        let changes = world.take_changes();
        if !changes.is_empty() {
            self.unwritten.extend_from_slice(to_line(&changes).as_bytes());
        }
        if self.unwritten.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all(&self.unwritten) {
            // Part of a line may be in the file; the next attempt must not continue it.
            self.file.set_len(self.size_bytes)?;
            return Err(error);
        }
        self.size_bytes += self.unwritten.len() as u64;
        self.unwritten.clear();
        if self.size_bytes > 2 * self.compacted_bytes + GROWTH_MIN_BYTES && self.compact(world).is_err() {
            // The changes are safe in the old file. Grow some more before the next attempt.
            self.compacted_bytes = self.size_bytes;
        }
        Ok(())
    }

    /// Writes the whole world to a new file and puts it in the journal's place.
    pub(crate) fn compact(&mut self, world: &World) -> io::Result<()> {
        let next_path = self.path.with_extension("jsonl.new");
        let mut next = private_options().write(true).create(true).truncate(true).open(&next_path)?;
        let size_bytes = write_world(world, &mut next)?;
        fs::rename(&next_path, &self.path)?;
        self.file = private_options().append(true).open(&self.path)?;
        self.size_bytes = size_bytes;
        self.compacted_bytes = size_bytes;
        self.unwritten.clear();
        Ok(())
    }
}

/// Writes a world as journal lines; returns the number of bytes.
pub(crate) fn write_world(world: &World, out: &mut impl io::Write) -> io::Result<u64> {
    let mut size_bytes = 0;
    let mut batch = Vec::with_capacity(RECORDS_PER_LINE);
    let mut write = |batch: &mut Vec<Record>| {
        let line = to_line(batch);
        batch.clear();
        size_bytes += line.len() as u64;
        out.write_all(line.as_bytes())
    };
    for record in world.to_records() {
        batch.push(record);
        if batch.len() == RECORDS_PER_LINE {
            write(&mut batch)?;
        }
    }
    if !batch.is_empty() {
        write(&mut batch)?;
    }
    Ok(size_bytes)
}

/// Reads a world written by [`write_world`]. Unlike in a journal, a cut-off last line is an error.
pub(crate) fn read_world(bytes: &[u8]) -> Result<World, String> {
    let (world, good_bytes) = replay(bytes)?;
    if good_bytes == bytes.len() as u64 { Ok(world) } else { Err("the last line is cut off".into()) }
}

/// Rebuilds a world from journal bytes; returns it with the number of bytes that are good.
pub(super) fn replay(bytes: &[u8]) -> Result<(World, u64), String> {
    let mut records = Vec::new();
    let mut good_bytes = 0;
    for (idx, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            break;
        }
        let parsed = std::str::from_utf8(line).map_err(|error| error.to_string()).and_then(from_line);
        match parsed {
            Ok(parsed) => records.extend(parsed),
            Err(message) => return Err(format!("line {} is damaged: {message}", idx + 1)),
        }
        good_bytes += line.len() as u64;
    }
    Ok((World::from_records(records), good_bytes))
}

/// Worlds hold keys and passwords: nobody else may read them.
fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
