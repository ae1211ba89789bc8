//! HCL modules: each explains itself and is tested.

use crate::tree::{File, Tree};

/// Helpers of the modules' tests.
const HELPERS: &str = "/testing/";

/// Returns what modules lack: a document, tests, descriptions and types of their inputs and outputs.
pub(crate) fn incomplete(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for file in
        tree.files.iter().filter(|file| file.path.starts_with("modules/") && file.path.ends_with(".tf"))
    {
        problems.extend(undescribed(file));
        let Some(folder) = file.path.strip_suffix("/main.tf") else { continue };
        if folder.contains(HELPERS) {
            continue;
        }
        for needed in ["README.md", "variables.tf", "outputs.tf", "versions.tf", "tests"] {
            if !tree.has(&format!("{folder}/{needed}")) {
                problems.push(format!("{folder} has no {needed}"));
            }
        }
        problems.extend(undocumented(tree, folder));
    }
    problems
}

/// Returns variables and outputs that the module's document does not list.
fn undocumented(tree: &Tree, folder: &str) -> Vec<String> {
    let find = |name: &str| tree.files.iter().find(|file| file.path == format!("{folder}/{name}"));
    let Some(document) = find("README.md") else { return Vec::new() };
    let declared = ["variables.tf", "outputs.tf"].into_iter().filter_map(find).flat_map(declarations);
    declared
        .filter(|(_, name, _)| !document.text.contains(&format!("| `{name}` |")))
        .map(|(kind, name, _)| format!("{folder}/README.md does not list the {kind} {name}"))
        .collect()
}

fn undescribed(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (kind, name, body) in declarations(file) {
        let has = |argument: &str| body.iter().any(|line| line.trim_start().starts_with(argument));
        if !has("description") {
            problems.push(format!("{}: the {kind} {name} has no description", file.path));
        }
        if kind == "variable" && !has("type") {
            problems.push(format!("{}: the variable {name} has no type", file.path));
        }
    }
    problems
}

/// Returns the variables and outputs of a file with their bodies.
fn declarations(file: &File) -> Vec<(&str, &str, Vec<&str>)> {
    let mut found = Vec::new();
    let mut lines = file.text.lines();
    while let Some(line) = lines.next() {
        let Some((kind, rest)) = line.split_once(" \"") else { continue };
        let (true, Some((name, _))) = (kind == "variable" || kind == "output", rest.split_once('"')) else {
            continue;
        };
        found.push((kind, name, lines.by_ref().take_while(|line| *line != "}").collect()));
    }
    found
}
