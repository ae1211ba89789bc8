//! Archives as bytes: zip, and tar in gzip.
//!
//! Every entry gets the same time, so that only contents, names and permissions make a difference.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::contents::{Content, Entry};

/// Larger files need the 64-bit fields of zip.
const SMALL_FILE_MAX: u64 = u32::MAX as u64;

/// Which form an archive has.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Zip,
    TarGz,
}

impl Form {
    /// Returns the form with a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "zip" => Some(Self::Zip),
            "tar.gz" => Some(Self::TarGz),
            _ => None,
        }
    }
}

/// Writes an archive in place of what was there. Where `mode` is given, files get it in place of their own.
///
/// # Errors
/// When files cannot be read or the archive cannot be written.
pub(super) fn write(path: &Path, form: Form, entries: &[Entry], mode: Option<u32>) -> io::Result<()> {
    let file = BufWriter::new(File::create(path)?);
    match form {
        Form::Zip => write_zip(file, entries, mode),
        Form::TarGz => write_tar(file, entries, mode),
    }
}

/// The bytes of an entry, and how many there are.
fn open(entry: &Entry) -> io::Result<(u64, Box<dyn Read + '_>)> {
    match &entry.content {
        Content::Written(bytes) => {
            let length = u64::try_from(bytes.len()).map_err(io::Error::other)?;
            Ok((length, Box::new(bytes.as_slice())))
        }
        Content::File(path) => {
            let about =
                |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            let file = File::open(path).map_err(about)?;
            Ok((file.metadata().map_err(about)?.len(), Box::new(file)))
        }
    }
}

/// Files are dated as hashicorp/archive dates them, where a time of nothing overflows into the year 2049; written
/// contents have the format's earliest date.
fn write_zip(file: BufWriter<File>, entries: &[Entry], mode: Option<u32>) -> io::Result<()> {
    let of_files = DateTime::from_date_and_time(2049, 1, 1, 0, 0, 0).map_err(io::Error::other)?;
    let mut archive = ZipWriter::new(file);
    for entry in entries {
        let (length, mut content) = open(entry)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(length > SMALL_FILE_MAX);
        // Contents have no permissions of their own, and a mode is not for them.
        let options = match entry.mode {
            Some(own) => options.last_modified_time(of_files).unix_permissions(mode.unwrap_or(own)),
            None => options.last_modified_time(DateTime::default()),
        };
        archive.start_file(entry.name.as_str(), options).map_err(io::Error::other)?;
        io::copy(&mut content, &mut archive)?;
    }
    archive.finish().map_err(io::Error::other)?.flush()
}

fn write_tar(file: BufWriter<File>, entries: &[Entry], mode: Option<u32>) -> io::Result<()> {
    let compressed = GzBuilder::new().write(file, Compression::default());
    let mut archive = tar::Builder::new(compressed);
    for entry in entries {
        let (length, content) = open(entry)?;
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(length);
        header.set_mode(mode.or(entry.mode).unwrap_or(0));
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        // A file that grows while it is read must not break the archive.
        archive.append_data(&mut header, &entry.name, content.take(length))?;
    }
    archive.into_inner()?.finish()?.flush()
}
