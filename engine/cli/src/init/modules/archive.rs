//! Archives of modules: zip, tar, tar.gz.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use terrane_provider_plugin::install::unpack;

/// Largest content of an archive of modules.
const CONTENT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// The form of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArchiveForm {
    Zip,
    Tar,
    TarGz,
}

/// What an address says about the form of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormOfName {
    /// It is an archive that can be unpacked.
    Known(ArchiveForm),
    /// It is an archive that cannot.
    Unsupported,
    /// It is no archive.
    None,
}

/// Tells the form from a name or from what `?archive=` says.
pub(super) fn form_of_name(name: &str) -> FormOfName {
    let known = [
        ("zip", FormOfName::Known(ArchiveForm::Zip)),
        ("tar.gz", FormOfName::Known(ArchiveForm::TarGz)),
        ("tgz", FormOfName::Known(ArchiveForm::TarGz)),
        ("tar", FormOfName::Known(ArchiveForm::Tar)),
        ("tar.bz2", FormOfName::Unsupported),
        ("tbz2", FormOfName::Unsupported),
        ("tar.xz", FormOfName::Unsupported),
        ("txz", FormOfName::Unsupported),
        ("tar.zst", FormOfName::Unsupported),
        ("gz", FormOfName::Unsupported),
        ("bz2", FormOfName::Unsupported),
        ("xz", FormOfName::Unsupported),
    ];
    let fits =
        |ending: &str| name == ending || name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.'));
    known.iter().find(|(ending, _)| fits(ending)).map_or(FormOfName::None, |(_, form)| *form)
}

/// Unpacks an archive to a folder that is not there yet. Nothing is written outside of it.
///
/// # Errors
/// Says what is wrong with the archive.
pub(super) fn unpack_archive(archive: &Path, form: ArchiveForm, folder: &Path) -> Result<(), String> {
    match form {
        ArchiveForm::Zip => unpack(archive, folder).map_err(|error| error.to_string()),
        ArchiveForm::Tar => unpack_tar(open(archive)?, folder),
        ArchiveForm::TarGz => unpack_tar(GzDecoder::new(open(archive)?), folder),
    }
}

fn open(archive: &Path) -> Result<BufReader<File>, String> {
    File::open(archive).map(BufReader::new).map_err(|error| error.to_string())
}

fn unpack_tar(reader: impl Read, folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut limited = tar::Archive::new(reader.take(CONTENT_BYTES_MAX));
    for entry in limited.entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        if entry.header().entry_type() == tar::EntryType::XGlobalHeader {
            continue;
        }
        let is_inside = entry.unpack_in(folder).map_err(|error| error.to_string())?;
        if !is_inside {
            return Err("an entry lies outside of the archive's folder".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_from_names() {
        assert_eq!(form_of_name("a/b.zip"), FormOfName::Known(ArchiveForm::Zip));
        assert_eq!(form_of_name("tar.gz"), FormOfName::Known(ArchiveForm::TarGz));
        assert_eq!(form_of_name("a.tgz"), FormOfName::Known(ArchiveForm::TarGz));
        assert_eq!(form_of_name("a.tar.bz2"), FormOfName::Unsupported);
        assert_eq!(form_of_name("azip"), FormOfName::None);
        assert_eq!(form_of_name("https://example.com/module"), FormOfName::None);
    }
}
