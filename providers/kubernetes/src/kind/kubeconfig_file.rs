//! Kubeconfig files: found as kubectl finds them, locked as its library locks them, written so that they are
//! never half there, and readable by their owner only.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::kubeconfig::{is_empty, merge, remove};
use crate::yaml;

/// How long another program may hold a file.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How often a held file is tried.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A kubeconfig file that cannot be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KubeconfigError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    /// Another program holds it, or one has died holding it.
    #[error("{path} is locked by another program; remove {lock} if there is none")]
    Locked { path: PathBuf, lock: PathBuf },
    /// It holds something else.
    #[error("{path} is not a kubeconfig: {reason}")]
    Content { path: PathBuf, reason: String },
}

/// Returns the files that kubectl reads when it is told nothing: those of `KUBECONFIG`, or the one in the home
/// folder.
pub(crate) fn default_files(
    environment: &BTreeMap<String, String>,
    working_directory: &Path,
) -> Vec<PathBuf> {
    let listed = environment.get("KUBECONFIG").map(String::as_str).unwrap_or_default();
    let files: Vec<PathBuf> = std::env::split_paths(listed)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| working_directory.join(path))
        .collect();
    if !files.is_empty() {
        return files;
    }
    let home = environment.get("HOME").filter(|home| !home.is_empty());
    home.map(|home| Path::new(home).join(".kube").join("config")).into_iter().collect()
}

/// Returns the file among the default ones that a new cluster goes into: the first that exists, or the last.
pub(crate) fn default_target(files: &[PathBuf]) -> Option<&PathBuf> {
    files.iter().find(|file| file.exists()).or(files.last())
}

/// Puts a cluster's entries into a file, which is made where there is none.
///
/// # Errors
/// When the file is held by somebody else, holds something else, or cannot be written.
pub(crate) fn merge_into(path: &Path, ours: &Json) -> Result<(), KubeconfigError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
    }
    let _lock = Lock::take(path)?;
    let content = |reason| KubeconfigError::Content { path: path.to_owned(), reason };
    let existing = read(path)?;
    let merged = merge(existing.clone(), ours).map_err(content)?;
    if merged == existing {
        return Ok(());
    }
    write(path, &yaml::write(&merged))
}

/// Takes a cluster's entries out of a file. A file that says nothing more is removed.
///
/// # Errors
/// As for [`merge_into`]. A file that is not there is fine.
pub(crate) fn remove_from(path: &Path, cluster: &str) -> Result<(), KubeconfigError> {
    if !path.exists() {
        return Ok(());
    }
    let _lock = Lock::take(path)?;
    let mut document = read(path)?;
    if !remove(&mut document, cluster) {
        return Ok(());
    }
    if is_empty(&document) {
        return fs::remove_file(path).map_err(|source| file_error(path, source));
    }
    write(path, &yaml::write(&document))
}

/// Tells whether a file has a cluster's entries. One that cannot be read counts as if it had.
pub(crate) fn names_cluster(path: &Path, cluster: &str) -> bool {
    read(path).map_or(true, |mut document| remove(&mut document, cluster))
}

fn read(path: &Path) -> Result<Json, KubeconfigError> {
    match fs::read_to_string(path) {
        Ok(text) => {
            yaml::read(&text).map_err(|reason| KubeconfigError::Content { path: path.to_owned(), reason })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Json::Null),
        Err(source) => Err(file_error(path, source)),
    }
}

/// Writes a new file beside the old one and puts it in its place. A link keeps pointing where it points.
fn write(path: &Path, text: &str) -> Result<(), KubeconfigError> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = target.with_file_name(name);
    let written = private_file(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let placed = written.and_then(|()| fs::rename(&new, &target));
    placed.map_err(|source| {
        // What is left behind is of no use to anybody.
        let _ = fs::remove_file(&new);
        file_error(path, source)
    })
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn file_error(path: &Path, source: io::Error) -> KubeconfigError {
    KubeconfigError::File { path: path.to_owned(), source }
}

/// A held file; other programs see a file beside it.
struct Lock(PathBuf);

impl Lock {
    fn take(path: &Path) -> Result<Self, KubeconfigError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        let lock = path.with_file_name(name);
        let give_up = Instant::now() + LOCK_PATIENCE;
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&lock) {
                Ok(_) => return Ok(Self(lock)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(file_error(&lock, source)),
            }
            if Instant::now() >= give_up {
                return Err(KubeconfigError::Locked { path: path.to_owned(), lock });
            }
            std::thread::sleep(LOCK_PAUSE);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("terrane-kubeconfig-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn ours() -> Json {
        json!({"apiVersion": "v1", "kind": "Config", "current-context": "kind-x",
            "clusters": [{"name": "kind-x", "cluster": {}}], "users": [{"name": "kind-x", "user": {}}],
            "contexts": [{"name": "kind-x", "context": {}}]})
    }

    #[test]
    fn a_new_file_is_private_and_goes_with_its_last_cluster() {
        let folder = Folder::new("new");
        let path = folder.0.join("deep/config");
        merge_into(&path, &ours()).unwrap();
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(!folder.0.join("deep/config.lock").exists());
        remove_from(&path, "y").unwrap();
        assert!(path.exists());
        remove_from(&path, "x").unwrap();
        assert!(!path.exists());
        remove_from(&path, "x").unwrap();
    }

    #[test]
    fn other_clusters_and_links_stay() {
        let folder = Folder::new("link");
        let (real, link) = (folder.0.join("real"), folder.0.join("link"));
        fs::write(&real, "clusters:\n- {name: other, cluster: {}}\ncurrent-context: other\n").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&real, &link).unwrap();
        merge_into(&link, &ours()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        remove_from(&link, "x").unwrap();
        insta::assert_snapshot!(fs::read_to_string(&real).unwrap(), @r#"
        apiVersion: v1
        clusters:
        - cluster: {}
          name: other
        contexts: []
        current-context: ""
        kind: Config
        users: []
        "#);
    }

    #[test]
    fn what_is_no_kubeconfig_is_left_alone() {
        let folder = Folder::new("broken");
        let path = folder.0.join("config");
        fs::write(&path, "- a list").unwrap();
        assert!(merge_into(&path, &ours()).unwrap_err().to_string().contains("is not a kubeconfig"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "- a list");
    }

    #[test]
    fn the_default_file_is_the_first_that_exists() {
        let folder = Folder::new("default");
        let environment = |kubeconfig: &str| -> BTreeMap<String, String> {
            [("KUBECONFIG".to_owned(), kubeconfig.to_owned()), ("HOME".to_owned(), "/home/me".to_owned())]
                .into()
        };
        let files = default_files(&environment("a:b:c"), &folder.0);
        assert_eq!(default_target(&files), Some(&folder.0.join("c")));
        fs::write(folder.0.join("b"), "").unwrap();
        assert_eq!(default_target(&files), Some(&folder.0.join("b")));
        assert_eq!(default_files(&environment(""), &folder.0), [PathBuf::from("/home/me/.kube/config")]);
    }
}
