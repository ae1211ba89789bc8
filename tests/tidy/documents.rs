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

/// Returns lines of the table in docs/compatibility.md whose tests do not exist, or that name none.
///
/// A test is a transcript (`case/NAME`), a case or group of the conformance cases (`configs/NAME`, `invalid/NAME`, `fmt/NAME`,
/// `expr GROUP`), or a path.
pub(crate) fn unshown_lines(tree: &Tree) -> Vec<String> {
    let document = &tree.file("docs/compatibility.md").text;
    let expressions = tree.recorded("tests/conformance/expr/public/expected-expr.jsonl");
    let exists = |test: &str| match test.split_once(['/', ' ']) {
        Some(("case", name)) => tree.has(&format!("engine/cli/tests/inventory/cases/{name}.case")),
        Some(("configs", name)) => tree.has(&format!("tests/conformance/configs/public/{name}/case.json")),
        Some(("invalid", name)) => {
            tree.has(&format!("tests/conformance/invalid/public/{name}/expected.json"))
        }
        Some(("fmt", name)) => tree.has(&format!("tests/conformance/fmt/public/{name}.in.tf")),
        Some(("expr", group)) => expressions.contains(&format!("\"group\": \"{group}\"")),
        _ => tree.has(test),
    };
    let mut problems = Vec::new();
    let table =
        document.split("\n## What there is, line by line").nth(1).and_then(|rest| rest.split("\n## ").next());
    for row in table
        .unwrap_or_default()
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| |") && !line.starts_with("| -"))
    {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [subject, state, tests] = cells.as_slice() else {
            problems.push(format!("not three cells: {row}"));
            continue;
        };
        let tests: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if tests.is_empty() && state.trim().starts_with("works") {
            problems.push(format!("{} is shown by nothing", subject.trim()));
        }
        problems.extend(
            tests.iter().filter(|test| !exists(test)).map(|test| format!("{}: {test}", subject.trim())),
        );
    }
    if table.is_none() {
        problems.push("there is no table".to_owned());
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
