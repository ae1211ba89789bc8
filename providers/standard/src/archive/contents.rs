//! What goes into an archive: the files of a folder, one file, or written contents.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use terrane_model::Value;

use super::glob::Glob;
use crate::object::Fields;

/// One file in an archive.
pub(super) struct Entry {
    /// With `/` between its parts.
    pub(super) name: String,
    pub(super) content: Content,
    /// The permissions of the file that it is made from.
    pub(super) mode: Option<u32>,
}

/// Where the bytes of an entry are.
pub(super) enum Content {
    Written(Vec<u8>),
    File(PathBuf),
}

/// Returns what the arguments say, in the order in which it goes into the archive.
///
/// # Errors
/// When files are missing or cannot be read, patterns are none, or nothing would be left.
pub(super) fn entries(arguments: &Value) -> Result<Vec<Entry>, String> {
    if let Some(folder) = arguments.text("source_dir") {
        return Folder::new(folder, arguments)
            .and_then(Folder::entries)
            .map_err(|error| format!("error archiving directory: {error}"));
    }
    if let Some(file) = arguments.text("source_file") {
        return single_file(file).map_err(|error| format!("error archiving file: {error}"));
    }
    if let Some(name) = arguments.text("source_content_filename") {
        let content = arguments.text("source_content").unwrap_or("");
        return Ok(vec![written(name, content)]);
    }
    let blocks = arguments.get("source").and_then(Value::as_sequence).unwrap_or_default();
    let by_name: BTreeMap<&str, &str> = blocks
        .iter()
        .map(|block| (block.text("filename").unwrap_or(""), block.text("content").unwrap_or("")))
        .collect();
    Ok(by_name.into_iter().map(|(name, content)| written(name, content)).collect())
}

fn written(name: &str, content: &str) -> Entry {
    let content = Content::Written(content.as_bytes().to_vec());
    Entry { name: name.to_owned(), content, mode: None }
}

fn single_file(file: &str) -> Result<Vec<Entry>, String> {
    let path = PathBuf::from(file);
    let metadata = metadata(&path)?;
    if metadata.is_dir() {
        return Err(format!("{file} is a directory; name it in source_dir"));
    }
    let name = path.file_name().ok_or_else(|| format!("{file} has no file name"))?;
    let name = name.to_str().ok_or_else(|| not_utf8(&path))?.to_owned();
    let mode = Some(mode(&metadata));
    Ok(vec![Entry { name, content: Content::File(path), mode }])
}

fn metadata(path: &Path) -> Result<Metadata, String> {
    fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("could not archive missing file: {}", path.display()),
        _ => format!("{}: {error}", path.display()),
    })
}

fn not_utf8(path: &Path) -> String {
    format!("the name of {} is not in UTF-8", path.display())
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
}

#[cfg(not(unix))]
fn mode(metadata: &Metadata) -> u32 {
    if metadata.permissions().readonly() { 0o444 } else { 0o666 }
}

/// A folder and what is not wanted of it.
struct Folder {
    root: PathBuf,
    excludes: Vec<Glob>,
    skips_linked_folders: bool,
    /// The archive itself, which may lie in the folder from the last time.
    archive: Option<PathBuf>,
    found: Vec<Entry>,
    /// The folders that lead to the one that is looked at: a link to one of them would never end.
    open: Vec<PathBuf>,
}

impl Folder {
    fn new(folder: &str, arguments: &Value) -> Result<Self, String> {
        let root = PathBuf::from(folder);
        match fs::metadata(&root) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(format!("could not archive directory that is a file: {folder}")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(format!("could not archive missing directory: {folder}"));
            }
            Err(error) => return Err(format!("{folder}: {error}")),
        }
        let patterns = arguments.texts("excludes").into_iter().filter(|pattern| !pattern.is_empty());
        let excludes: Result<Vec<Glob>, String> = patterns.map(Glob::new).collect();
        Ok(Self {
            root,
            excludes: excludes.map_err(|error| format!("error checking excludes matches: {error}"))?,
            skips_linked_folders: arguments.boolean("exclude_symlink_directories") == Some(true),
            archive: fs::canonicalize(arguments.text("output_path").unwrap_or("")).ok(),
            found: Vec::new(),
            open: Vec::new(),
        })
    }

    fn entries(mut self) -> Result<Vec<Entry>, String> {
        // The folder itself is called so, and a pattern that matches this excludes everything.
        if !self.is_excluded(".") {
            self.walk(&self.root.clone(), "")?;
        }
        if self.found.is_empty() {
            return Err("archive has not been created as it would be empty".to_owned());
        }
        Ok(self.found)
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> Result<(), String> {
        let unreadable = |error| format!("error encountered during file walk: {}: {error}", folder.display());
        let real = fs::canonicalize(folder).map_err(unreadable)?;
        if self.open.contains(&real) {
            return Err(format!("{} is a link to a folder that it is in", folder.display()));
        }
        self.open.push(real);
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            names.push(entry.map_err(unreadable)?.file_name());
        }
        names.sort();
        for name in names {
            let path = folder.join(&name);
            let name = name.to_str().ok_or_else(|| not_utf8(&path))?;
            let inside = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            self.visit(path, inside)?;
        }
        self.open.pop();
        Ok(())
    }

    fn visit(&mut self, path: PathBuf, name: String) -> Result<(), String> {
        if self.is_excluded(&name) {
            return Ok(());
        }
        let metadata = metadata(&path)?;
        if metadata.is_dir() {
            return if self.skips_linked_folders && path.is_symlink() {
                Ok(())
            } else {
                self.walk(&path, &name)
            };
        }
        if self.archive.is_some() && fs::canonicalize(&path).ok() == self.archive {
            return Ok(());
        }
        self.found.push(Entry { name, content: Content::File(path), mode: Some(mode(&metadata)) });
        Ok(())
    }

    fn is_excluded(&self, name: &str) -> bool {
        self.excludes.iter().any(|glob| glob.matches(name))
    }
}
