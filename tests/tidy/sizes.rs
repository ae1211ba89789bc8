//! How long files and functions are.

use crate::tree::{File, Tree};

/// The aim is 500; what goes on growing is stopped here.
const FILE_LINES: usize = 600;
/// The aim is 70.
const FUNCTION_LINES: usize = 80;

/// Files that may be longer: one subject that is harder to read in parts.
const LONG_FILES: &[(&str, usize)] = &[
    ("engine/cli/src/testing/runner.rs", 700),
    ("engine/language/src/config/module.rs", 700),
    ("engine/model/src/number.rs", 700),
    ("engine/model/src/value.rs", 800),
];

/// Functions that may be longer: one sequence of steps whose parts would share everything.
const LONG_FUNCTIONS: &[(&str, &str, usize)] = &[("engine/plan/src/plan_resource.rs", "start_resource", 120)];

/// Returns the files that are longer than they may be.
pub(crate) fn long_files(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let lines = file.text.lines().count();
        let limit = exception(&file.path).unwrap_or(FILE_LINES);
        if lines > limit {
            problems.push(format!("{}: {lines} lines, at most {limit}", file.path));
        }
    }
    problems
}

/// Returns the product's functions that are longer than they may be.
pub(crate) fn long_functions(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for file in tree.rust().filter(|file| !file.is_test()) {
        for (name, lines) in functions(file) {
            let limit = LONG_FUNCTIONS
                .iter()
                .find(|(path, function, _)| *path == file.path && *function == name)
                .map_or(FUNCTION_LINES, |(_, _, limit)| *limit);
            if lines > limit {
                problems.push(format!("{}: {name} has {lines} lines, at most {limit}", file.path));
            }
        }
    }
    problems
}

fn exception(path: &str) -> Option<usize> {
    LONG_FILES.iter().find(|(exempt, _)| *exempt == path).map(|(_, limit)| *limit)
}

/// Returns the functions of a file with their lengths in lines. The files are formatted, so a function ends with the
/// first brace that stands where its first line begins.
fn functions(file: &File) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line.trim_start()) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let ends = |line: &str| {
            line.starts_with(indent) && line[indent.len()..].starts_with(['}', ')']) && !line.ends_with('{')
        };
        // Declarations without a body end with a semicolon, on their first line or behind their parameters.
        match lines[first..].iter().position(|line| ends(line)) {
            Some(last) if !line.ends_with(';') && !lines[first + last].ends_with(';') => {
                found.push((name, last + 1));
            }
            _ => {}
        }
    }
    found
}

/// Returns the name of the function that a line begins.
fn function_name(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let is_declaration = before.split_whitespace().all(|word| {
        word.starts_with("pub") || ["const", "async", "unsafe"].contains(&word) || word.ends_with(')')
    });
    let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_')?;
    (is_declaration && end > 0).then(|| &rest[..end])
}
