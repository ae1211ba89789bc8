//! Files as the language reads them, and what else its functions ask of the world.

use std::fs;
use std::io::ErrorKind;

use terrane_language::evaluate::render_template;
use terrane_language::functions::{Environment, FileError, FileKind, FolderEntry, FunctionError};
use terrane_language::modules::SourceReader;
use terrane_model::Value;

/// The files of this machine.
pub struct FileSystem;

fn file_error(error: &std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::NotFound,
        _ => FileError::Other(error.to_string()),
    }
}

impl SourceReader for FileSystem {
    fn list(&self, directory: &str) -> Result<Vec<String>, FileError> {
        let entries = fs::read_dir(directory).map_err(|error| file_error(&error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| file_error(&error))?;
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if let (false, Some(name)) = (is_folder, entry.file_name().to_str()) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        fs::read(path).map_err(|error| file_error(&error))
    }
}

/// What functions may ask of the world, in one phase of a run.
pub struct WorldEnvironment {
    /// The time of the plan, once it is fixed.
    pub plan_timestamp: Option<String>,
    /// Whether functions that answer differently each time may answer at all.
    pub allow_impure: bool,
    /// The working directory before `-chdir`.
    pub working_directory: String,
}

impl Environment for WorldEnvironment {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        fs::read(path).map_err(|error| file_error(&error))
    }

    fn file_kind(&self, path: &str) -> Result<Option<FileKind>, FileError> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(Some(FileKind::File)),
            Ok(metadata) if metadata.is_dir() => Ok(Some(FileKind::Folder)),
            Ok(_) => Ok(Some(FileKind::Other)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(file_error(&error)),
        }
    }

    fn read_folder(&self, path: &str) -> Result<Vec<FolderEntry>, FileError> {
        let entries = fs::read_dir(path).map_err(|error| file_error(&error))?;
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| file_error(&error))?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let kind = match fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_file() => FileKind::File,
                Ok(metadata) if metadata.is_dir() => FileKind::Folder,
                _ => FileKind::Other,
            };
            let is_link = entry.file_type().is_ok_and(|file_type| file_type.is_symlink());
            found.push(FolderEntry { name, kind, is_link });
        }
        Ok(found)
    }

    fn working_directory(&self) -> String {
        std::env::current_dir()
            .map_or_else(|_| self.working_directory.clone(), |path| path.display().to_string())
    }

    fn home_directory(&self) -> Option<String> {
        std::env::var("HOME").ok().filter(|home| !home.is_empty())
    }

    fn plan_timestamp(&self) -> Option<String> {
        self.plan_timestamp.clone()
    }

    fn timestamp(&self) -> Option<String> {
        self.allow_impure.then(now_rfc3339)
    }

    fn random_bytes(&self) -> Option<[u8; 16]> {
        if !self.allow_impure {
            return None;
        }
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        Some(bytes)
    }

    fn render_template(&self, name: &str, template: &str, variables: &Value) -> Result<Value, FunctionError> {
        render_template(name, template, variables, self)
    }
}

/// Returns the present time in RFC 3339, to the second, in UTC.
pub fn now_rfc3339() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
