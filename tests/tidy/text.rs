//! What texts must not contain, and what they must.

use crate::tree::{File, Tree};

/// Hosts of package registries: people have mirrors of their own.
const REGISTRIES: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("proxy.golang", ".org"),
    concat!("sum.golang", ".org"),
    concat!("py", "pi.org"),
    concat!("registry.npmjs", ".org"),
    concat!("deb.debian", ".org"),
    concat!("repo1.maven", ".org"),
];

/// Folders of one machine.
const MACHINES: &[&str] = &[concat!("/ro", "ot/"), concat!("/wo", "rk/")];

/// Marks of what somebody meant to do later.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
];

/// Lints that the product must not switch off.
const LINTS: &[&str] = &["clippy::unwrap_used", "clippy::todo", "clippy::unimplemented", "clippy::dbg_macro"];

/// Returns Rust files that do not say what they are about.
pub(crate) fn without_subject(tree: &Tree) -> Vec<String> {
    let silent = |file: &&File| !file.is_test() && !file.text.lines().any(|line| line.starts_with("//!"));
    tree.rust().filter(silent).map(|file| file.path.clone()).collect()
}

/// Returns marks of unfinished work.
pub(crate) fn unfinished(tree: &Tree) -> Vec<String> {
    find(tree.files.iter(), |line| UNFINISHED.iter().find(|mark| has_word(line, mark)).copied())
}

/// Returns places in the product that switch off lints which all of it should keep.
pub(crate) fn silenced_lints(tree: &Tree) -> Vec<String> {
    find(tree.rust().filter(|file| !file.is_test()), |line| {
        LINTS.iter().find(|lint| line.contains(*lint)).copied()
    })
}

/// Returns names that hold on one machine or at one company only.
pub(crate) fn foreign_names(tree: &Tree) -> Vec<String> {
    find(tree.files.iter().filter(|file| file.path != "Cargo.lock"), |line| {
        let registry = REGISTRIES.iter().find(|host| line.contains(**host));
        registry.or_else(|| MACHINES.iter().find(|folder| has_word(line, folder))).copied()
    })
}

/// Returns lines that end in white space, and files whose last line does not end.
pub(crate) fn untidy_lines(tree: &Tree) -> Vec<String> {
    const WRITTEN: &[&str] = &[".toml", ".md", ".tf", ".hcl", ".tfvars", ".table", ".arm"];
    let written = || tree.files.iter().filter(|file| WRITTEN.iter().any(|end| file.path.ends_with(end)));
    let mut problems =
        find(written(), |line| line.ends_with([' ', '\t']).then_some("white space at the end"));
    let cut = |file: &&File| !file.text.is_empty() && !file.text.ends_with('\n');
    problems.extend(written().filter(cut).map(|file| format!("{}: the last line does not end", file.path)));
    problems
}

/// Returns what a look at each line finds, with its place.
fn find<'f>(
    files: impl Iterator<Item = &'f File>,
    look: impl Fn(&str) -> Option<&'static str>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(found) = look(line) {
                problems.push(format!("{}:{}: {found}", file.path, number + 1));
            }
        }
    }
    problems
}

/// Tells whether a word stands alone, and is no part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let ends_in_letter = word.ends_with(is_word);
        let goes_on = before.is_some_and(is_word) || ends_in_letter && after.is_some_and(is_word);
        !goes_on
    })
}
