//! Functions that read files.

use terrane_model::{Type, Value};

use super::path::{clean, expand_home};
use super::quote::{quote, redact};
use super::{
    Arguments, FileError, FileKind, Function, FunctionError, Parameter, ParameterType, Returns, base64_code,
};

const PATH: &[Parameter] = &[Parameter::string("path").or_marked().or_unknown()];
const STRING: Returns = Returns::Always(ParameterType::String);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("file", PATH, STRING, file, "Returns the content of a UTF-8 file."),
    Function::new("filebase64", PATH, STRING, filebase64, "Returns the content of a file as base64."),
    Function::new(
        "fileexists",
        PATH,
        Returns::Always(ParameterType::Bool),
        fileexists,
        "Tells whether there is a file at a path.",
    ),
];

fn file(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let path = arguments.value(0);
    if !path.is_known() {
        return Ok(Value::unknown(Type::String).with_marks(path.marks()));
    }
    Ok(Value::string(read_text(arguments)?).with_marks(path.marks()))
}

fn filebase64(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let path = arguments.value(0);
    if !path.is_known() {
        return Ok(Value::unknown(Type::String).with_marks(path.marks()));
    }
    Ok(Value::string(base64_code::encode(&read(arguments)?)).with_marks(path.marks()))
}

/// Reads the file named by the first argument, which is known, as text.
pub(super) fn read_text(arguments: &Arguments<'_>) -> Result<String, FunctionError> {
    String::from_utf8(read(arguments)?).map_err(|_| {
        let path = redact(quote(arguments.text(0)), arguments.value(0));
        FunctionError::new(format!(
            "contents of {path} are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded \
             contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results \
             instead"
        ))
    })
}

fn read(arguments: &Arguments<'_>) -> Result<Vec<u8>, FunctionError> {
    let argument = arguments.value(0);
    let path = located_path(arguments).map_err(|error| FunctionError { argument: Some(0), ..error })?;
    arguments.environment.read_file(&path).map_err(|error| {
        let message = match error {
            FileError::NotFound => {
                let path = redact(quote(arguments.text(0)), argument);
                format!(
                    "no file exists at {path}; this function works only with files that are distributed as part \
                     of the configuration source code, so if this file will be created by a resource in this \
                     configuration you must instead obtain this result from an attribute of that resource"
                )
            }
            error => {
                let message = describe(&path, &error, argument);
                let prefix = if message.starts_with("read ") { "failed to read file: " } else { "" };
                format!("{prefix}{message}")
            }
        };
        FunctionError::argument(0, message)
    })
}

/// Reads the file named by the first argument for hashing.
pub(super) fn read_for_hash(arguments: &Arguments<'_>) -> Result<Vec<u8>, FunctionError> {
    let path = located_path(arguments)?;
    let read = arguments.environment.read_file(&path);
    read.map_err(|error| FunctionError::new(describe(&path, &error, arguments.value(0))))
}

/// Returns the path of the first argument without `~` and detours.
fn located_path(arguments: &Arguments<'_>) -> Result<String, FunctionError> {
    let expanded = expand_home(arguments.text(0), arguments.environment);
    let expanded = expanded.map_err(|error| FunctionError::new(format!("failed to expand ~: {error}")))?;
    Ok(clean(&expanded))
}

/// Says as Terraform does what failed: folders can be opened, but not read.
fn describe(path: &str, error: &FileError, argument: &Value) -> String {
    let problem = error.to_string();
    // The system's own words come with a capital and their number.
    let problem = match problem.split(" (os error").next().unwrap_or_default() {
        nul if nul.contains("NUL byte") => "invalid argument",
        problem => problem,
    };
    let mut letters = problem.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let problem: String = first.into_iter().chain(letters).collect();
    let operation = if problem == "is a directory" { "read" } else { "open" };
    format!("{operation} {}: {problem}", redact(path.to_owned(), argument))
}

fn fileexists(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let argument = arguments.value(0);
    let marks = argument.marks();
    if !argument.is_known() {
        return Ok(Value::unknown(Type::Bool).with_marks(marks));
    }
    let path = located_path(arguments)?;
    let shown = redact(quote(&path), argument);
    let kind = arguments.environment.file_kind(&path);
    let exists = match kind.map_err(|_| FunctionError::new(format!("failed to stat {shown}")))? {
        None => false,
        Some(FileKind::File) => true,
        Some(FileKind::Folder) => {
            return Err(FunctionError::new(format!("{shown} is a directory, not a file")));
        }
        Some(FileKind::Other) => return Err(FunctionError::new(format!("{shown} is not a regular file"))),
    };
    Ok(Value::from(exists).with_marks(marks))
}
