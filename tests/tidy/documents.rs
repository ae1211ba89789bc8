//! Documents: their links, and the paths that they name.

use crate::tree::{File, Tree};

/// Returns links between documents that lead nowhere.
pub(crate) fn dead_links(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        for target in links(&file.text) {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let path = format!("{folder}/{target}");
            if !tree.has(path.trim_start_matches('/')) {
                problems.push(format!("{}: {target}", file.path));
            }
        }
    }
    problems
}

/// Returns paths in the map of the house that do not exist.
pub(crate) fn missing_paths(tree: &Tree) -> Vec<String> {
    const ROOTS: &[&str] = &["engine/", "state/", "providers/", "modules/", "examples/", "tests/", "docs/"];
    let map = tree.file("ARCHITECTURE.md");
    let mut problems = Vec::new();
    for path in code_spans(map) {
        let is_path = ROOTS.iter().any(|root| path.starts_with(root)) && !path.contains([' ', '*', '{']);
        if is_path && !tree.has(path) {
            problems.push(path.to_owned());
        }
    }
    problems
}

fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices("](") {
        let rest = &text[start + 2..];
        if let Some(end) = rest.find(')')
            && !rest[..end].contains([' ', '\n'])
        {
            found.push(&rest[..end]);
        }
    }
    found
}

/// Returns what stands between back quotes.
fn code_spans(file: &File) -> impl Iterator<Item = &str> {
    file.text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}
