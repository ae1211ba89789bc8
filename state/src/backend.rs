//! Where states are kept: one trait for all backends that read and write a state as a whole.
//!
//! A backend holds bytes and knows nothing of what is in them. The journal of a run lies on the local disk,
//! also for remote states, until the backend has the state that it led to.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use terrane_model::Str;

use crate::lock::{LockError, LockInfo, LockRequest, RetryDelays};
use crate::store::{StateStore, StoreError};
use crate::workspace::{DEFAULT_WORKSPACE, InvalidWorkspaceName};

/// Why a backend did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The name of a workspace is invalid.
    #[error(transparent)]
    WorkspaceName(#[from] InvalidWorkspaceName),
    /// The workspace does not exist.
    #[error("workspace {workspace:?} does not exist")]
    NoWorkspace {
        /// The workspace.
        workspace: String,
    },
    /// The workspace exists already.
    #[error("workspace {workspace:?} already exists")]
    WorkspaceExists {
        /// The workspace.
        workspace: String,
    },
    /// The default workspace is always there.
    #[error("cannot delete default state")]
    DefaultWorkspace,
    /// A remote backend's own reason.
    #[error("{0}")]
    Remote(String),
}

/// Keeps states, one for each workspace. [`DEFAULT_WORKSPACE`] is always there.
///
/// Locking and writing are independent: with `-lock=false`, a state is written without a lock.
#[async_trait]
pub trait StateBackend: Send + Sync {
    /// Returns the names of the workspaces: the default one, then the others in order.
    async fn workspaces(&self) -> Result<Vec<Str>, BackendError>;

    /// Makes a workspace without a state.
    async fn create_workspace(&self, workspace: &str) -> Result<(), BackendError>;

    /// Deletes a workspace with its state.
    async fn delete_workspace(&self, workspace: &str) -> Result<(), BackendError>;

    /// Returns a state's content; empty when there is none.
    async fn read(&self, workspace: &str) -> Result<Vec<u8>, BackendError>;

    /// Replaces a state's content. It is durable afterwards. When this is interrupted, the content may be
    /// partly the old and partly the new one: the journal has the whole.
    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError>;

    /// Tries once to get a state's lock.
    async fn lock(&self, workspace: &str, request: &LockRequest) -> Result<LockInfo, LockError>;

    /// Gives a lock back.
    async fn unlock(&self, workspace: &str, id: &str) -> Result<(), LockError>;

    /// Breaks a lock that someone else has left behind.
    async fn force_unlock(&self, workspace: &str, id: &str) -> Result<(), LockError>;

    /// Returns where the journal of runs on a state is kept. `data_folder` is the working directory's own
    /// folder for such things, such as `.terraform`.
    fn journal_path(&self, workspace: &str, data_folder: &Path) -> PathBuf {
        data_folder.join("journals").join(format!("{workspace}.journal"))
    }
}

/// Gets a state's lock, trying for as long as the limit says. `wait` is the runtime's timer.
///
/// # Errors
/// When someone else holds the lock to the end, or it cannot be reached.
pub async fn lock_within<W, F>(
    backend: &dyn StateBackend,
    workspace: &str,
    request: &LockRequest,
    limit: Duration,
    mut wait: W,
) -> Result<LockInfo, LockError>
where
    W: FnMut(Duration) -> F,
    F: Future<Output = ()>,
{
    let mut delays = RetryDelays::new(limit);
    loop {
        match backend.lock(workspace, request).await {
            Err(error) if error.is_held() => match delays.next() {
                Some(delay) => wait(delay).await,
                None => return Err(error),
            },
            result => return result,
        }
    }
}

/// Why a state was not published. Its journal has it all the same.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The journal could not be written, or the snapshot has no form in JSON.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The backend did not take the state.
    #[error("cannot write the state: {0}")]
    Backend(#[from] BackendError),
}

/// Publishes what a store holds, if that is anything new: at the end of a run, at checkpoints, and after an
/// interrupted run was recovered. Returns the new serial when something was written.
///
/// # Errors
/// When the journal or the backend fails. The store can go on and publish later.
pub async fn publish(
    store: &mut StateStore,
    backend: &dyn StateBackend,
    workspace: &str,
) -> Result<Option<u64>, PublishError> {
    let Some(pending) = store.prepare()? else { return Ok(None) };
    backend.write(workspace, pending.text().as_bytes()).await?;
    let serial = pending.serial();
    store.finish(pending)?;
    Ok(Some(serial))
}

/// Saves a state that no backend takes, as `errored.tfstate` in a folder. Returns the file.
///
/// # Errors
/// When the disk does not take it either.
pub fn save_errored_state(folder: &Path, text: &str) -> Result<PathBuf, BackendError> {
    let path = folder.join("errored.tfstate");
    match crate::backends::write_whole(&path, text.as_bytes()) {
        Ok(()) => Ok(path),
        Err(source) => Err(BackendError::Io { path, source }),
    }
}

/// Puts the default workspace first and the others in order behind it.
pub fn ordered_workspaces(names: impl IntoIterator<Item = Str>) -> Vec<Str> {
    let mut names: Vec<Str> = names.into_iter().filter(|name| name != DEFAULT_WORKSPACE).collect();
    names.sort();
    names.insert(0, DEFAULT_WORKSPACE.into());
    names
}
