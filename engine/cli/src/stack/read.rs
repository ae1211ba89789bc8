//! Reading a stack file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use terrane_language::config::stack_file::StackFile;
use terrane_language::syntax::{ConfigBody, decode_source, parse_file};
use terrane_model::{Diagnostic, Diagnostics, SourceMap};

use crate::run::Failure;

/// The file that is read when no other is named.
pub const STACK_FILE: &str = "terrane.stack.hcl";

/// A stack file that was read.
#[derive(Debug)]
pub struct LoadedStack {
    /// What it says.
    pub file: StackFile,
    /// Its text.
    pub sources: Arc<SourceMap>,
    /// The directory that the paths in it are relative to.
    pub directory: PathBuf,
}

/// Reads a stack file.
///
/// # Errors
/// When it cannot be read, says something that it must not, or names directories that are not there.
pub fn read_stack(path: &str) -> Result<LoadedStack, Failure> {
    let mut sources = SourceMap::new();
    let fail = |problem: Diagnostic, sources: SourceMap| (Diagnostics::from(problem), Arc::new(sources));
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let detail = format!("The stack file {path:?} cannot be read: {error}.");
            return Err(fail(Diagnostic::error("Failed to read stack file", detail), sources));
        }
    };
    let text = match decode_source(bytes) {
        Ok(text) => text,
        Err(error) => {
            let id = sources.add(path, error.text.as_str());
            return Err(fail(error.diagnostic(id), sources));
        }
    };
    let id = sources.add(path, text.clone());
    let (body, mut diagnostics) = parse_file(id, &text);
    let (file, problems) = StackFile::decode(&ConfigBody::from_native(body));
    diagnostics.extend(problems);
    let directory = Path::new(path).parent().unwrap_or(Path::new("")).to_owned();
    for unit in &file.units {
        if !directory.join(&*unit.source).is_dir() {
            let detail = format!(
                "The unit {:?} is to be the root module in {:?}, but there is no such directory.",
                unit.name.as_str(),
                unit.source.as_str()
            );
            diagnostics.push(Diagnostic::error("Missing directory of a unit", detail).at(unit.span));
        }
    }
    if diagnostics.has_errors() {
        return Err((diagnostics, Arc::new(sources)));
    }
    Ok(LoadedStack { file, sources: Arc::new(sources), directory })
}
