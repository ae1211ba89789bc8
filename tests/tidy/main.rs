//! Checks of the source tree itself: what reviewers would otherwise have to remember.
//!
//! Every check returns what it finds wrong, a line each, so that one run reports everything.

mod crates;
mod documents;
mod modules;
mod sizes;
mod text;
mod tree;

use tree::Tree;

/// Fails with everything that a check found.
fn expect_nothing(what: &str, problems: Vec<String>) {
    assert!(problems.is_empty(), "{what}:\n  {}\n", problems.join("\n  "));
}

#[test]
fn files_are_short() {
    expect_nothing("files that are too long", sizes::long_files(&Tree::read()));
}

#[test]
fn functions_are_short() {
    expect_nothing("functions that are too long", sizes::long_functions(&Tree::read()));
}

#[test]
fn files_open_with_their_subject() {
    expect_nothing("files without a first line of documentation", text::without_subject(&Tree::read()));
}

#[test]
fn nothing_is_left_to_do() {
    expect_nothing("marks of unfinished work", text::unfinished(&Tree::read()));
}

#[test]
fn lints_hold_outside_of_tests() {
    expect_nothing("lints that are switched off", text::silenced_lints(&Tree::read()));
}

#[test]
fn no_machine_and_no_package_registry_is_named() {
    expect_nothing("names of machines and registries", text::foreign_names(&Tree::read()));
}

#[test]
fn lines_end_cleanly() {
    expect_nothing("white space at the ends of lines", text::untidy_lines(&Tree::read()));
}

#[test]
fn what_is_said_to_work_is_shown() {
    expect_nothing("lines without a test", documents::unshown_lines(&Tree::read()));
}

#[test]
fn crates_depend_as_drawn() {
    expect_nothing(
        "dependencies that ARCHITECTURE.md does not draw",
        crates::undrawn_dependencies(&Tree::read()),
    );
}

#[test]
fn versions_stand_in_the_root_manifest() {
    expect_nothing("versions outside of the root manifest", crates::scattered_versions(&Tree::read()));
}

#[test]
fn links_lead_somewhere() {
    expect_nothing("links that lead nowhere", documents::dead_links(&Tree::read()));
}

#[test]
fn paths_in_the_architecture_exist() {
    expect_nothing("paths that ARCHITECTURE.md names", documents::missing_paths(&Tree::read()));
}

#[test]
fn hcl_modules_are_complete() {
    expect_nothing("HCL modules", modules::incomplete(&Tree::read()));
}
