//! The files of the project.

use std::fs;
use std::path::{Path, PathBuf};

/// Recorded answers and data of others: not written here, so not to be tidied here.
const RECORDED: &[&str] = &["tests/conformance/", "tests/fuzz/corpus/"];

/// Folders that builds and runs make.
const MADE: &[&str] = &["target", ".git", ".terraform", ".terrane", "artifacts"];

/// A text file, by its path from the root.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// Tells whether the file is part of the tests rather than of the product.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let in_tests = ["tests/", "benches/", "examples/"]
            .iter()
            .any(|folder| self.path.starts_with(folder) || self.path.contains(&format!("/{folder}")));
        in_tests || name == "tests.rs" || name == "testing.rs" || name.ends_with("_tests.rs")
    }

    /// Tells whether this is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// All text files but recorded ones.
pub(crate) struct Tree {
    root: PathBuf,
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// Reads the project.
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut tree = Self { root, files: Vec::new() };
        tree.read_folder("");
        tree.files.sort_by(|one, other| one.path.cmp(&other.path));
        assert!(tree.files.len() > 100, "the project is not where it should be: {}", tree.root.display());
        tree
    }

    fn read_folder(&mut self, folder: &str) {
        let entries = fs::read_dir(self.root.join(folder)).expect("folders of the project can be read");
        for entry in entries {
            let entry = entry.expect("folders of the project can be read");
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let kind = entry.file_type().expect("files of the project can be looked at");
            if kind.is_dir() {
                if !MADE.contains(&name.as_str()) && !RECORDED.contains(&format!("{path}/").as_str()) {
                    self.read_folder(&path);
                }
            } else if kind.is_file()
                && name != ".git"
                && !name.contains(".tfstate")
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                self.files.push(File { path, text });
            }
        }
    }

    /// Returns the Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// Returns a file that has to be there.
    pub(crate) fn file(&self, path: &str) -> &File {
        self.files
            .iter()
            .find(|file| file.path == path)
            .unwrap_or_else(|| panic!("the project has no {path}"))
    }

    /// Reads a recorded file, which is not among the others.
    pub(crate) fn recorded(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Tells whether a file or folder exists.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }
}
