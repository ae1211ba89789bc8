//! Finding and reading test files.

use std::collections::BTreeSet;
use std::path::Path;

use terrane_language::config::test_file::{MockType, Override, TestFile, decode_mock_file};
use terrane_language::syntax::{ConfigBody, decode_source, parse_file, parse_json_file};
use terrane_model::{Diagnostic, Diagnostics, SourceMap};

/// All tests of a working directory.
#[derive(Debug, Default)]
pub struct Suite {
    /// The files, by their paths.
    pub files: Vec<SuiteFile>,
    /// Their texts.
    pub sources: SourceMap,
}

/// A test file that was read.
#[derive(Debug)]
pub struct SuiteFile {
    /// Its path.
    pub path: String,
    /// What it says.
    pub test: TestFile,
}

const ENDINGS: [&str; 4] = [".tftest.hcl", ".tftest.json", ".tofutest.hcl", ".tofutest.json"];

/// Where test files are looked for when nothing else is said.
pub const TEST_DIRECTORY_DEFAULT: &str = "tests";

/// Reads the test files beside the configuration and in a directory below it; with `filter`, these alone. Their texts are
/// added to `sources`.
pub fn read_suite(test_directory: &str, filter: &[String], sources: SourceMap) -> (Suite, Diagnostics) {
    let mut suite = Suite { files: Vec::new(), sources };
    let mut diagnostics = Diagnostics::new();
    if test_directory != TEST_DIRECTORY_DEFAULT && !Path::new(test_directory).is_dir() {
        let detail = format!("Requested test directory {test_directory} does not exist.");
        diagnostics.push(Diagnostic::warning("Test directory does not exist", detail));
    }
    let mut paths = BTreeSet::new();
    find(".", "", &mut paths);
    let prefix = test_directory.trim_start_matches("./").trim_end_matches('/');
    if !prefix.is_empty() && prefix != "." {
        find(test_directory, &format!("{prefix}/"), &mut paths);
    }
    for wanted in filter {
        let wanted = wanted.trim_start_matches("./");
        if !paths.contains(wanted) {
            let detail = format!(
                "There is no test file {wanted:?} beside the configuration or in {test_directory:?}."
            );
            diagnostics.push(Diagnostic::warning("Unknown test file", detail));
        }
    }
    let is_wanted = |path: &&String| {
        filter.is_empty() || filter.iter().any(|f| f.trim_start_matches("./") == path.as_str())
    };
    for path in paths.iter().filter(is_wanted) {
        let Some(body) = read_body(path, &mut suite.sources, &mut diagnostics) else { continue };
        let (mut test, problems) = TestFile::decode(&body);
        diagnostics.extend(problems);
        for mock in &mut test.mocks {
            let Some(source) = mock.source.clone() else { continue };
            let (types, overrides) = read_mocks(&source, &mut suite.sources, &mut diagnostics);
            // What the block says itself counts before what its files say.
            mock.types.splice(0..0, types);
            mock.overrides.splice(0..0, overrides);
        }
        suite.files.push(SuiteFile { path: path.clone(), test });
    }
    (suite, diagnostics)
}

fn find(directory: &str, prefix: &str, paths: &mut BTreeSet<String>) {
    // A directory that is not there has no tests.
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if ENDINGS.iter().any(|ending| name.ends_with(ending)) && entry.path().is_file() {
            paths.insert(format!("{prefix}{name}"));
        }
    }
}

fn read_mocks(
    directory: &str,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> (Vec<MockType>, Vec<Override>) {
    let mut found = (Vec::new(), Vec::new());
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            let detail = format!("The directory {directory:?} with mock data cannot be read: {error}.");
            diagnostics.push(Diagnostic::error("Failed to read mock data", detail));
            return found;
        }
    };
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    for name in names.iter().filter(|name| name.ends_with(".tfmock.hcl") || name.ends_with(".tfmock.json")) {
        let path = Path::new(directory).join(name).display().to_string();
        let Some(body) = read_body(&path, sources, diagnostics) else { continue };
        let (types, overrides, problems) = decode_mock_file(&body);
        diagnostics.extend(problems);
        found.0.extend(types);
        found.1.extend(overrides);
    }
    found
}

fn read_body(path: &str, sources: &mut SourceMap, diagnostics: &mut Diagnostics) -> Option<ConfigBody> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let detail = format!("The file {path:?} could not be read: {error}.");
            diagnostics.push(Diagnostic::error("Failed to read file", detail));
            return None;
        }
    };
    let text = match decode_source(bytes) {
        Ok(text) => text,
        Err(error) => {
            let id = sources.add(path, error.text.as_str());
            diagnostics.push(error.diagnostic(id));
            return None;
        }
    };
    let id = sources.add(path, text.clone());
    let (body, problems) = if path.ends_with(".json") {
        parse_json_file(id, &text)
    } else {
        let (body, problems) = parse_file(id, &text);
        (ConfigBody::from_native(body), problems)
    };
    diagnostics.extend(problems);
    Some(body)
}
