//! Post-renderers: programs that see what a chart renders to and may change it.
//!
//! Version 3 of Helm takes a program. Version 4 takes the name of a plugin; a program becomes one here, in a folder of
//! its own, so that configurations mean the same with both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

/// The argument of the command that names the post-renderer.
const ARGUMENT: &str = "--post-renderer";
/// The variable that names the folders of plugins.
const PLUGINS: &str = "HELM_PLUGINS";

/// Makes plugins of the programs that arguments for version 4 name, in a private `folder`. What is no program of this
/// machine is taken for the name of a plugin.
///
/// # Errors
/// When the plugin cannot be written.
pub(super) fn as_plugins(
    folder: &Path,
    working_folder: &Path,
    arguments: &mut [String],
    environment: &mut BTreeMap<String, String>,
) -> std::io::Result<()> {
    for at in 1..arguments.len() {
        if arguments[at - 1] != ARGUMENT {
            continue;
        }
        let Some(program) = find(&arguments[at], working_folder, environment) else { continue };
        let name = write(folder, &program)?;
        let known = environment.get(PLUGINS).map(PathBuf::from);
        let all = std::env::join_paths(std::iter::once(folder.to_owned()).chain(known));
        if let Ok(all) = all {
            environment.insert(PLUGINS.to_owned(), all.to_string_lossy().into_owned());
        }
        arguments[at] = name;
    }
    Ok(())
}

/// Finds a program as version 3 would: by its path, or in the folders of programs.
fn find(program: &str, working_folder: &Path, environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    if program.contains(['/', '\\']) {
        let path = working_folder.join(program);
        return std::path::absolute(&path).ok().filter(|path| path.is_file());
    }
    let folders = environment.get("PATH").map(String::as_str).unwrap_or_default();
    std::env::split_paths(folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn write(folder: &Path, program: &Path) -> std::io::Result<String> {
    let path = program.to_string_lossy();
    let digest: String =
        Sha256::digest(path.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("terrane-{digest}");
    let home = folder.join(&name);
    std::fs::create_dir_all(&home)?;
    let plugin = json!({
        "apiVersion": "v1", "type": "postrenderer/v1", "name": name, "version": "0.1.0",
        "runtime": "subprocess", "runtimeConfig": {"platformCommand": [{"command": path}]},
    });
    std::fs::write(home.join("plugin.yaml"), plugin.to_string())?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_become_plugins_and_names_stay() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("edit");
        std::fs::write(&program, "#!/bin/sh\ncat\n").unwrap();
        let plugins = folder.path().join("plugins");
        let mut environment = BTreeMap::from([("PATH".to_owned(), folder.path().display().to_string())]);
        let mut check = |named: &str| {
            let mut arguments = vec!["template".to_owned(), ARGUMENT.to_owned(), named.to_owned()];
            as_plugins(&plugins, folder.path(), &mut arguments, &mut environment).unwrap();
            arguments.remove(2)
        };
        let by_path = check("./edit");
        assert!(by_path.starts_with("terrane-"), "{by_path}");
        assert!(check("edit").starts_with("terrane-"));
        assert_eq!(check("kustomizer"), "kustomizer");
        let written = std::fs::read_to_string(plugins.join(&by_path).join("plugin.yaml")).unwrap();
        assert!(written.contains("postrenderer/v1"), "{written}");
        assert!(environment[PLUGINS].starts_with(&plugins.display().to_string()));
    }
}
