//! Paths as text: cleaned, joined, taken apart. They are written with `/`.

use terrane_model::Value;

use super::{Arguments, Environment, Function, FunctionError, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);
const PATH: &[Parameter] = &[Parameter::string("path")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abspath", PATH, STRING, abspath, "Returns a path from the root of the file system."),
    Function::new("basename", PATH, STRING, basename, "Returns the last name of a path."),
    Function::new("dirname", PATH, STRING, dirname, "Returns a path without its last name."),
    Function::new(
        "pathexpand",
        PATH,
        STRING,
        |arguments| {
            let expanded = expand_home(arguments.text(0), arguments.environment);
            expanded.map(Value::string).map_err(FunctionError::new)
        },
        "Replaces a leading `~` by the home directory.",
    ),
];

fn abspath(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let path = arguments.text(0);
    if path.starts_with('/') {
        return Ok(Value::string(clean(path)));
    }
    Ok(Value::string(join(&arguments.environment.working_directory(), path)))
}

fn basename(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let path = arguments.text(0);
    let trimmed = path.trim_end_matches('/');
    let name = match (path, trimmed) {
        ("", _) => ".",
        (_, "") => "/",
        (_, trimmed) => trimmed.rsplit('/').next().unwrap_or(trimmed),
    };
    Ok(Value::string(name))
}

fn dirname(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let path = arguments.text(0);
    let folder = path.rfind('/').map_or("", |last| &path[..=last]);
    Ok(Value::string(clean(folder)))
}

/// Replaces a leading `~` by the home directory.
pub(super) fn expand_home(path: &str, environment: &dyn Environment) -> Result<String, String> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.to_owned()) };
    if !rest.is_empty() && !rest.starts_with(['/', '\\']) {
        return Err("cannot expand user-specific home dir".to_owned());
    }
    let home = environment.home_directory().ok_or("the home directory is not known")?;
    Ok(join(&home, rest))
}

/// Puts two paths together and cleans the result; empty parts are left out.
pub(super) fn join(first: &str, second: &str) -> String {
    match (first, second) {
        ("", "") => String::new(),
        ("", only) | (only, "") => clean(only),
        (first, second) => clean(&format!("{first}/{second}")),
    }
}

/// Returns the shortest path that means the same: without empty names, `.` and, where that is possible,
/// `..`; `.` for an empty path.
pub(super) fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => match names.last() {
                Some(&last) if last != ".." => _ = names.pop(),
                None if is_absolute => {}
                _ => names.push(".."),
            },
            name => names.push(name),
        }
    }
    let joined = names.join("/");
    match (is_absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Returns the way from a folder to a path; both are clean and of one kind. Nothing where the folder
/// leads upwards by more than is known.
pub(super) fn relative(folder: &str, path: &str) -> Option<String> {
    let names = |path: &str| -> Vec<String> {
        path.split('/').filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect()
    };
    let (folder, path) = (names(folder), names(path));
    let common = folder.iter().zip(&path).take_while(|(a, b)| a == b).count();
    let upwards = &folder[common..];
    if upwards.iter().any(|name| name == "..") {
        return None;
    }
    let way: Vec<&str> =
        upwards.iter().map(|_| "..").chain(path[common..].iter().map(String::as_str)).collect();
    Some(if way.is_empty() { ".".to_owned() } else { way.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned() {
        for (path, expected) in [
            ("", "."),
            ("a//b/./c/", "a/b/c"),
            ("a/../b", "b"),
            ("a/..", "."),
            ("../../a", "../../a"),
            ("a/../../b", "../b"),
            ("/../a", "/a"),
            ("/", "/"),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
        assert_eq!(relative("files", "files/sub/a").as_deref(), Some("sub/a"));
        assert_eq!(relative("files", "main.tf").as_deref(), Some("../main.tf"));
        assert_eq!(relative(".", "a").as_deref(), Some("a"));
        assert_eq!(relative("../x", "a"), None);
    }
}
