//! Private folders for the `helm` command: what it keeps there, credentials among it, goes with the run.
//!
//! They lie where notes are kept from one run to the next, so that a run finds those of runs that were killed.

use std::path::Path;

use tempfile::TempDir;

/// Where the folders of all runs lie.
const FOLDER: &str = "homes";

/// Makes a folder for this run, in a folder for those of all runs, or in the system's for temporary files.
///
/// # Errors
/// When it cannot be made.
pub(super) fn make(cache: Option<&Path>) -> std::io::Result<TempDir> {
    let Some(cache) = cache else { return tempfile::Builder::new().prefix("terrane-helm-").tempdir() };
    // The command runs in other folders.
    let all = std::path::absolute(cache.join(FOLDER))?;
    std::fs::create_dir_all(&all)?;
    tempfile::Builder::new().prefix(&format!("{}-", std::process::id())).tempdir_in(all)
}

/// Removes what killed runs have left.
pub(super) fn remove_abandoned(cache: &Path) {
    for entry in std::fs::read_dir(cache.join(FOLDER)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.split_once('-').and_then(|(process, _)| process.parse::<u32>().ok());
        if process.is_some_and(|process| process != std::process::id() && !is_running(process)) {
            // What cannot be removed now is tried again by the next run.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Tells whether a process runs.
#[cfg(unix)]
pub(super) fn is_running(process: u32) -> bool {
    let Ok(process) = i32::try_from(process) else { return false };
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), None) != Err(nix::errno::Errno::ESRCH)
}

/// Elsewhere nobody can tell, and whoever asks has to wait.
#[cfg(not(unix))]
pub(super) fn is_running(_process: u32) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_killed_runs_have_left_is_removed() {
        let cache = tempfile::tempdir().unwrap();
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let left = cache.path().join("homes").join(format!("{}-x", ended.id()));
        let others = cache.path().join("homes").join(format!("{}-x", std::os::unix::process::parent_id()));
        for folder in [&left, &others] {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(folder.join("kubeconfig"), "secret").unwrap();
        }
        let first = make(Some(cache.path())).unwrap();
        remove_abandoned(cache.path());
        let second = make(Some(cache.path())).unwrap();
        assert!(first.path().exists() && second.path().exists(), "a run may need several");
        assert!(!left.exists() && others.exists(), "others are at work in theirs");
    }
}
