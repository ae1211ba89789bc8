//! States in files, where and as Terraform's local backend keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use terrane_model::Str;

use super::state_file::{LockedFile, break_lock, overwrite_unlocked, read_unlocked, write_backup};
use crate::backend::{BackendError, StateBackend, ordered_workspaces};
use crate::journal::with_suffix;
use crate::lock::{LockError, LockInfo, LockRequest};
use crate::workspace::{DEFAULT_WORKSPACE, check_workspace_name, local_state_path};

/// Where the local backend keeps states. Relative paths start from the working directory.
#[derive(Debug, Clone)]
pub struct LocalOptions {
    /// The default workspace's state; `terraform.tfstate` as a rule.
    pub path: PathBuf,
    /// The folder of the other workspaces' states; `terraform.tfstate.d` as a rule.
    pub workspace_folder: PathBuf,
    /// Where states are written to, when that is not where they are read from (`-state-out`).
    pub output_path: Option<PathBuf>,
    /// What becomes of the content that is replaced.
    pub backup: Backup,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            path: "terraform.tfstate".into(),
            workspace_folder: "terraform.tfstate.d".into(),
            output_path: None,
            backup: Backup::Beside,
        }
    }
}

/// What becomes of the content that is replaced first in a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Backup {
    /// It is kept beside the state, with `.backup` behind the name.
    #[default]
    Beside,
    /// It is kept under this path (`-backup=PATH`).
    At(PathBuf),
    /// It is not kept (`-backup=-`).
    Off,
}

/// Keeps states in files. Locks exclude Terraform, in both directions.
///
/// The calls wait for the disk; there is no network behind them.
#[derive(Debug, Default)]
pub struct LocalBackend {
    options: LocalOptions,
    run: Mutex<Run>,
}

/// What this process holds and has done.
#[derive(Debug, Default)]
struct Run {
    locked: BTreeMap<Str, LockedFile>,
    backed_up: BTreeSet<Str>,
}

impl LocalBackend {
    /// Makes a backend; touches no file.
    pub fn new(options: LocalOptions) -> Self {
        Self { options, run: Mutex::default() }
    }

    /// Returns the file of a workspace's state.
    pub fn state_path(&self, workspace: &str) -> PathBuf {
        local_state_path(&self.options.path, &self.options.workspace_folder, workspace)
    }

    /// Returns the file that a workspace's state is written to and locked by.
    fn output_path(&self, workspace: &str) -> PathBuf {
        self.options.output_path.clone().unwrap_or_else(|| self.state_path(workspace))
    }

    fn folder(&self, workspace: &str) -> PathBuf {
        self.options.workspace_folder.join(workspace)
    }

    // A panic in between leaves nothing half done: every change is a single one.
    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn back_up(&self, workspace: &str, run: &mut Run) -> Result<(), BackendError> {
        if run.backed_up.contains(workspace) {
            return Ok(());
        }
        let path = self.output_path(workspace);
        let backup = match &self.options.backup {
            Backup::Beside => with_suffix(&path, ".backup"),
            Backup::At(backup) => backup.clone(),
            Backup::Off => return Ok(()),
        };
        let old = match run.locked.get(workspace) {
            Some(locked) => locked.read(),
            None => read_unlocked(&path),
        };
        let old = old.map_err(|source| BackendError::Io { path: path.clone(), source })?;
        if !old.is_empty() {
            write_backup(&backup, &old, &path).map_err(|source| BackendError::Io { path: backup, source })?;
        }
        run.backed_up.insert(workspace.into());
        Ok(())
    }
}

#[async_trait]
impl StateBackend for LocalBackend {
    async fn workspaces(&self) -> Result<Vec<Str>, BackendError> {
        let folder = &self.options.workspace_folder;
        let error = |source| BackendError::Io { path: folder.clone(), source };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(ordered_workspaces([])),
            Err(source) => return Err(error(source)),
        };
        let mut names: Vec<Str> = Vec::new();
        for entry in entries {
            let entry = entry.map_err(error)?;
            if entry.path().is_dir()
                && let Some(name) = entry.file_name().to_str()
            {
                names.push(name.into());
            }
        }
        Ok(ordered_workspaces(names))
    }

    async fn create_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        check_workspace_name(workspace)?;
        let folder = self.folder(workspace);
        if workspace == DEFAULT_WORKSPACE || folder.exists() {
            return Err(BackendError::WorkspaceExists { workspace: workspace.to_owned() });
        }
        std::fs::create_dir_all(&folder).map_err(|source| BackendError::Io { path: folder, source })
    }

    async fn delete_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        if workspace == DEFAULT_WORKSPACE {
            return Err(BackendError::DefaultWorkspace);
        }
        check_workspace_name(workspace)?;
        let folder = self.folder(workspace);
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(BackendError::NoWorkspace { workspace: workspace.to_owned() })
            }
            result => result.map_err(|source| BackendError::Io { path: folder, source }),
        }
    }

    async fn read(&self, workspace: &str) -> Result<Vec<u8>, BackendError> {
        let path = self.state_path(workspace);
        let run = self.run();
        let content = match run.locked.get(workspace) {
            Some(locked) if self.options.output_path.is_none() => locked.read(),
            _ => read_unlocked(&path),
        };
        content.map_err(|source| BackendError::Io { path, source })
    }

    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError> {
        let path = self.output_path(workspace);
        let mut run = self.run();
        self.back_up(workspace, &mut run)?;
        let result = match run.locked.get(workspace) {
            Some(locked) => locked.overwrite(content),
            None => overwrite_unlocked(&path, content),
        };
        result.map_err(|source| BackendError::Io { path, source })
    }

    async fn lock(&self, workspace: &str, request: &LockRequest) -> Result<LockInfo, LockError> {
        let mut run = self.run();
        if let Some(locked) = run.locked.get(workspace) {
            let holder = Some(Box::new(locked.info().clone()));
            return Err(LockError::Held { cause: "state is locked by this process".to_owned(), holder });
        }
        let locked = LockedFile::lock(&self.output_path(workspace), request)?;
        let info = locked.info().clone();
        run.locked.insert(workspace.into(), locked);
        Ok(info)
    }

    async fn unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        let mut run = self.run();
        let existing = run.locked.get(workspace).ok_or(LockError::NotLocked)?.info().id.clone();
        if existing != id {
            return Err(LockError::WrongId { given: id.to_owned(), existing });
        }
        let Some(locked) = run.locked.remove(workspace) else { return Err(LockError::NotLocked) };
        let path = self.output_path(workspace);
        locked.unlock().map_err(|source| LockError::Io { path, source })
    }

    async fn force_unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        break_lock(&self.output_path(workspace), id)
    }

    fn journal_path(&self, workspace: &str, _data_folder: &Path) -> PathBuf {
        with_suffix(&self.output_path(workspace), ".journal")
    }
}
