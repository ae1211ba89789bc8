//! Files as the editor has them, and the way to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lsp_types::Uri;
use terrane_language::functions::FileError;
use terrane_language::modules::SourceReader;

use crate::file_system::FileSystem;

/// The open files by their paths.
#[derive(Debug, Default)]
pub(super) struct Documents {
    texts: BTreeMap<PathBuf, String>,
}

impl Documents {
    pub(super) fn set(&mut self, path: PathBuf, text: String) {
        self.texts.insert(path, text);
    }

    pub(super) fn close(&mut self, path: &Path) {
        self.texts.remove(path);
    }

    pub(super) fn text(&self, path: &Path) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.texts.keys().map(PathBuf::as_path)
    }
}

/// The files of a directory, in the editor's version where that is another.
pub(super) struct EditedFiles<'d> {
    pub(super) directory: &'d Path,
    pub(super) documents: &'d Documents,
}

impl SourceReader for EditedFiles<'_> {
    fn list(&self, directory: &str) -> Result<Vec<String>, FileError> {
        let absolute = join(self.directory, directory);
        let mut names = FileSystem.list(&absolute.to_string_lossy()).or_else(|error| match error {
            // A new file may be the first of its directory.
            FileError::NotFound if self.documents.paths().any(|path| path.parent() == Some(&absolute)) => {
                Ok(Vec::new())
            }
            error => Err(error),
        })?;
        let opened = self.documents.paths().filter(|path| path.parent() == Some(&absolute));
        for name in opened.filter_map(|path| path.file_name()?.to_str()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let absolute = join(self.directory, path);
        match self.documents.text(&absolute) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => FileSystem.read(&absolute.to_string_lossy()),
        }
    }
}

/// Resolves a path against a directory, without `.` and `..` in the result.
pub(super) fn join(directory: &Path, path: &str) -> PathBuf {
    let mut joined = PathBuf::new();
    for part in directory.join(path).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                joined.pop();
            }
            part => joined.push(part),
        }
    }
    joined
}

/// Returns the path of a `file:` address.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let path = &rest[rest.find('/')?..];
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.bytes();
    while let Some(byte) = left.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [left.next()?, left.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    Some(PathBuf::from(String::from_utf8(bytes).ok()?))
}

/// Returns the `file:` address of a path.
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    let mut text = "file://".to_owned();
    for byte in path.to_str()?.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    Uri::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_are_the_same() {
        let path = Path::new("/a b/é/main.tf");
        let uri = uri_of(path);
        assert_eq!(uri.as_ref().map(|uri| uri.as_str()), Some("file:///a%20b/%C3%A9/main.tf"));
        assert_eq!(uri.and_then(|uri| path_of(&uri)).as_deref(), Some(path));
        assert_eq!(join(Path::new("/a/b"), "./../c/x.tf"), Path::new("/a/c/x.tf"));
    }
}
