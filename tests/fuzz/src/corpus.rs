//! Where inputs start from: recorded cases of `tests/conformance`, and `corpus/TARGET` beside this crate.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes beyond which a file is no seed: small ones are altered to better effect.
const SEED_BYTES_MAX: u64 = 16 * 1024;

/// Returns the seeds of a target that lie in this tree, in the order of their paths.
pub(crate) fn own_seeds(target: &str) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    collect(&crate_folder().join("corpus").join(target), &|_| true, &mut seeds);
    seeds
}

/// Returns the recorded files below a folder of `tests/conformance` whose names end in one of these.
pub(crate) fn recorded_files(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let wanted = |name: &str| endings.iter().any(|ending| name.ends_with(ending));
    collect(&conformance().join(folder), &wanted, &mut seeds);
    seeds
}

/// Returns the recorded expressions.
pub(crate) fn recorded_expressions() -> Vec<Vec<u8>> {
    let text = fs::read_to_string(conformance().join("expr/public/expected-expr.jsonl")).unwrap_or_default();
    let cases = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    cases.filter_map(|case| Some(case["expr"].as_str()?.as_bytes().to_vec())).collect()
}

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn conformance() -> PathBuf {
    crate_folder().join("../conformance")
}

fn collect(folder: &Path, wanted: &dyn Fn(&str) -> bool, seeds: &mut Vec<Vec<u8>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, wanted, seeds);
            continue;
        }
        let is_small = fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= SEED_BYTES_MAX);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if is_small && wanted(name) {
            seeds.extend(fs::read(&path));
        }
    }
}
