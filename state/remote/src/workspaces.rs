//! New workspaces: services know a workspace by its state only, so that it gets an empty one.

use terrane_model::Str;
use terrane_state::{
    BackendError, DEFAULT_WORKSPACE, LockRequest, StateBackend, StateSnapshot, check_workspace_name,
    current_user, new_lineage, write_state,
};

use crate::error::remote;

/// Makes a workspace with an empty state, under its lock.
///
/// # Errors
/// When it has a state already, or cannot be locked.
pub(crate) async fn create(
    backend: &dyn StateBackend,
    workspace: &str,
    version: &Str,
) -> Result<(), BackendError> {
    check_workspace_name(workspace)?;
    let exists = || BackendError::WorkspaceExists { workspace: workspace.to_owned() };
    if workspace == DEFAULT_WORKSPACE {
        return Err(exists());
    }
    let request = LockRequest {
        operation: "init".to_owned(),
        info: String::new(),
        who: current_user(),
        version: version.to_string(),
    };
    let lock = backend.lock(workspace, &request).await.map_err(|error| remote(error.to_string()))?;
    let written = async {
        if !backend.read(workspace).await?.is_empty() {
            return Err(exists());
        }
        backend.write(workspace, empty_state(version).as_bytes()).await
    }
    .await;
    let unlocked = backend.unlock(workspace, &lock.id).await.map_err(|error| remote(error.to_string()));
    written.and(unlocked)
}

/// Refuses to delete the default workspace.
pub(crate) fn check_deletable(workspace: &str) -> Result<(), BackendError> {
    if workspace == DEFAULT_WORKSPACE { Err(BackendError::DefaultWorkspace) } else { Ok(()) }
}

fn empty_state(version: &Str) -> String {
    let empty = StateSnapshot {
        lineage: new_lineage(),
        terraform_version: version.clone(),
        ..StateSnapshot::default()
    };
    write_state(&empty).expect("a state without values has a form in JSON")
}
