//! Manifests: who depends on whom, and where versions stand.

use crate::tree::Tree;

/// The crates with what each may use of the others, as ARCHITECTURE.md draws it.
const DRAWN: &[(&str, &[&str])] = &[
    ("engine/model", &[]),
    ("engine/network", &[]),
    ("engine/language", &["terrane-model"]),
    ("state", &["terrane-model"]),
    ("state/remote", &["terrane-azure-identity", "terrane-model", "terrane-network", "terrane-state"]),
    ("providers/protocol", &["terrane-model"]),
    ("engine/plan", &["terrane-language", "terrane-model", "terrane-provider", "terrane-state"]),
    (
        "engine/apply",
        &["terrane-language", "terrane-model", "terrane-plan", "terrane-provider", "terrane-state"],
    ),
    ("providers/standard", &["terrane-model", "terrane-network", "terrane-provider"]),
    ("providers/azure_identity", &["terrane-model"]),
    ("providers/azure", &["terrane-azure-identity", "terrane-model", "terrane-network", "terrane-provider"]),
    ("providers/azure_emulator", &[]),
    ("providers/kubernetes", &["terrane-model", "terrane-provider"]),
    ("providers/plugin", &["terrane-model", "terrane-provider"]),
    ("providers/provisioners", &["terrane-model", "terrane-provider"]),
    ("providers/testing", &["terrane-model", "terrane-provider"]),
    (
        "engine/cli",
        &[
            "terrane-apply",
            "terrane-azure-emulator",
            "terrane-language",
            "terrane-model",
            "terrane-network",
            "terrane-plan",
            "terrane-provider",
            "terrane-provider-azure",
            "terrane-provider-kubernetes",
            "terrane-provider-plugin",
            "terrane-provider-standard",
            "terrane-provisioners",
            "terrane-state",
            "terrane-state-remote",
        ],
    ),
    (
        "tests/fuzz",
        &[
            "terrane-language",
            "terrane-model",
            "terrane-plan",
            "terrane-provider",
            "terrane-provider-standard",
            "terrane-state",
        ],
    ),
    ("tests/tidy", &[]),
];

/// Returns dependencies between crates that are not drawn, and crates that are not.
pub(crate) fn undrawn_dependencies(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        let folder = file.path.trim_end_matches("/Cargo.toml");
        let Some((_, allowed)) = DRAWN.iter().find(|(drawn, _)| *drawn == folder) else {
            problems.push(format!("{folder} is a crate that nobody has drawn"));
            continue;
        };
        for (section, line) in entries(&file.text) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if section == "dependencies" && name.starts_with("terrane-") && !allowed.contains(&name) {
                problems.push(format!("{folder} must not use {name}"));
            }
        }
    }
    problems
}

/// Returns dependencies whose version is not the workspace's.
pub(crate) fn scattered_versions(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        for (section, line) in entries(&file.text) {
            let is_dependency = section.ends_with("dependencies");
            if is_dependency && !line.contains("workspace = true") {
                problems.push(format!("{}: {line}", file.path));
            }
        }
    }
    problems
}

/// Returns the entries of a manifest with their sections.
fn entries(manifest: &str) -> Vec<(&str, &str)> {
    let mut section = "";
    let mut entries = Vec::new();
    for line in manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim_matches(['[', ']']);
        } else if line.contains('=') {
            entries.push((section, line));
        }
    }
    entries
}
