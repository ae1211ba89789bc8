//! A folder of a test's own.

use std::path::{Path, PathBuf};

/// A new folder that is removed with everything in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!(
            "terrane-standard-{}",
            uuid::Builder::from_random_bytes(rand::random()).into_uuid()
        ));
        std::fs::create_dir(&path).expect("the folder can be made");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
