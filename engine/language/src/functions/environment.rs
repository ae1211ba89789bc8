//! What functions may ask of the world.

use terrane_model::Value;

use super::FunctionError;

/// What lies outside of the language. The evaluator hands in one that fits the phase: while planning, what
/// changes from call to call has no answer, and the function's result is unknown.
pub trait Environment {
    /// Reads a file; relative paths start at the working directory.
    ///
    /// # Errors
    /// With a sentence fit for `…: {error}`.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError>;

    /// Tells what a path leads to, through links; nothing when there is nothing.
    ///
    /// # Errors
    /// When the path cannot be looked at.
    fn file_kind(&self, path: &str) -> Result<Option<FileKind>, FileError>;

    /// Lists what lies directly in a folder, in any order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn read_folder(&self, path: &str) -> Result<Vec<FolderEntry>, FileError>;

    /// Returns the working directory as an absolute path.
    fn working_directory(&self) -> String;

    /// Returns the home directory for `~`.
    fn home_directory(&self) -> Option<String>;

    /// Returns the time of the plan in RFC 3339, once it is fixed.
    fn plan_timestamp(&self) -> Option<String>;

    /// Returns the present time in RFC 3339, or nothing while planning.
    fn timestamp(&self) -> Option<String>;

    /// Returns random bytes, or nothing while planning.
    fn random_bytes(&self) -> Option<[u8; 16]>;

    /// Evaluates a template with these variables (an object or map); `name` is shown in errors.
    ///
    /// # Errors
    /// With what is wrong with the template.
    fn render_template(&self, name: &str, template: &str, variables: &Value) -> Result<Value, FunctionError>;
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file, also through a link.
    File,
    /// A folder, also through a link.
    Folder,
    /// Anything else.
    Other,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// The name without the folder.
    pub name: String,
    /// What it is, through links; [`FileKind::Other`] for links that lead nowhere.
    pub kind: FileKind,
    /// Whether it is itself a link.
    pub is_link: bool,
}

/// Why a file could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("no such file or directory")]
    NotFound,
    /// Anything else, as the system says it.
    #[error("{0}")]
    Other(String),
}
