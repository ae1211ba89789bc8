//! Packages in git repositories, through the system's git: it knows the user's keys, proxies and helpers.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::fetch::FetchError;
use super::package_address::take_parameter;

/// Clones a repository; the address may say which revision (`ref`), how much of the history (`depth`), and a key
/// for SSH in base64 (`sshkey`).
///
/// # Errors
/// With what git says.
pub(super) fn clone(url: &str, folder: &Path) -> Result<(), FetchError> {
    let (revision, url) = take_parameter(url, "ref");
    let (depth, url) = take_parameter(&url, "depth");
    let (key, url) = take_parameter(&url, "sshkey");
    let fail = |reason: String| FetchError::Download { url: url.clone(), reason };
    if revision.as_ref().is_some_and(|revision| revision.starts_with('-')) {
        return Err(fail("the ref starts with a dash".to_owned()));
    }
    let depth = depth
        .map(|depth| depth.parse::<u32>())
        .transpose()
        .map_err(|_| fail("the depth is no number".to_owned()))?;
    let key = key.map(|key| KeyFile::write(&key)).transpose().map_err(&fail)?;
    let run = |arguments: &[&str], place: Option<&Path>| git(arguments, place, key.as_ref()).map_err(&fail);
    let target = folder.display().to_string();
    match (depth.filter(|depth| *depth > 0), &revision) {
        (Some(depth), revision) => {
            let depth = depth.to_string();
            let mut arguments = vec!["clone", "--depth", &depth];
            if let Some(revision) = revision {
                arguments.extend(["--branch", revision]);
            }
            arguments.extend(["--", &url, &target]);
            run(&arguments, None)?;
        }
        (None, revision) => {
            run(&["clone", "--", &url, &target], None)?;
            if let Some(revision) = revision {
                run(&["checkout", revision], Some(folder))?;
            }
        }
    }
    run(&["submodule", "update", "--init", "--recursive"], Some(folder))
}

fn git(arguments: &[&str], place: Option<&Path>, key: Option<&KeyFile>) -> Result<(), String> {
    let mut command = Command::new("git");
    command.args(arguments).stdin(Stdio::null());
    if let Some(place) = place {
        command.current_dir(place);
    }
    if let Some(key) = key {
        let path = key.file.path().display().to_string();
        command.env("GIT_SSH_COMMAND", format!("ssh -o StrictHostKeyChecking=no -i '{path}'"));
    }
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "git must be available and on the PATH".to_owned(),
        _ => error.to_string(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let code = output.status.code().map_or_else(|| "by a signal".to_owned(), |code| format!("with {code}"));
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("git ended {code}: {}", said.trim()))
}

/// A key for SSH in a file that only its owner may read, for as long as git runs.
struct KeyFile {
    file: tempfile::NamedTempFile,
}

impl KeyFile {
    fn write(base64: &str) -> Result<Self, String> {
        let key = STANDARD.decode(base64).map_err(|_| "the sshkey is not base64".to_owned())?;
        let mut file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        file.write_all(&key).map_err(|error| error.to_string())?;
        Ok(Self { file })
    }
}
