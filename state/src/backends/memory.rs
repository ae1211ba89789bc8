//! States in memory, for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use terrane_model::Str;

use crate::backend::{BackendError, StateBackend, ordered_workspaces};
use crate::lock::{LockError, LockInfo, LockRequest};
use crate::workspace::{DEFAULT_WORKSPACE, check_workspace_name};

/// Keeps states in memory.
#[derive(Default)]
pub struct MemoryBackend {
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    states: BTreeMap<Str, Vec<u8>>,
    locks: BTreeMap<Str, LockInfo>,
    refuses_writes: bool,
}

impl MemoryBackend {
    /// Makes an empty backend.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets all writes fail from now on, or no longer.
    pub fn refuse_writes(&self, refuses_writes: bool) {
        self.content().refuses_writes = refuses_writes;
    }

    // A panic in between leaves nothing half done: every change is a single one.
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl StateBackend for MemoryBackend {
    async fn workspaces(&self) -> Result<Vec<Str>, BackendError> {
        Ok(ordered_workspaces(self.content().states.keys().cloned()))
    }

    async fn create_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        check_workspace_name(workspace)?;
        let mut content = self.content();
        if workspace == DEFAULT_WORKSPACE || content.states.contains_key(workspace) {
            return Err(BackendError::WorkspaceExists { workspace: workspace.to_owned() });
        }
        content.states.insert(workspace.into(), Vec::new());
        Ok(())
    }

    async fn delete_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        if workspace == DEFAULT_WORKSPACE {
            return Err(BackendError::DefaultWorkspace);
        }
        match self.content().states.remove(workspace) {
            Some(_) => Ok(()),
            None => Err(BackendError::NoWorkspace { workspace: workspace.to_owned() }),
        }
    }

    async fn read(&self, workspace: &str) -> Result<Vec<u8>, BackendError> {
        Ok(self.content().states.get(workspace).cloned().unwrap_or_default())
    }

    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError> {
        let mut own = self.content();
        if own.refuses_writes {
            return Err(BackendError::Remote("the backend refuses to write".to_owned()));
        }
        own.states.insert(workspace.into(), content.to_vec());
        Ok(())
    }

    async fn lock(&self, workspace: &str, request: &LockRequest) -> Result<LockInfo, LockError> {
        let mut content = self.content();
        if let Some(holder) = content.locks.get(workspace) {
            let holder = Some(Box::new(holder.clone()));
            return Err(LockError::Held { cause: "state is locked".to_owned(), holder });
        }
        let info = LockInfo::new(request, workspace.to_owned());
        content.locks.insert(workspace.into(), info.clone());
        Ok(info)
    }

    async fn unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        let mut content = self.content();
        match content.locks.get(workspace) {
            None => Err(LockError::NotLocked),
            Some(info) if info.id != id => {
                Err(LockError::WrongId { given: id.to_owned(), existing: info.id.clone() })
            }
            Some(_) => {
                content.locks.remove(workspace);
                Ok(())
            }
        }
    }

    async fn force_unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        self.unlock(workspace, id).await
    }
}
