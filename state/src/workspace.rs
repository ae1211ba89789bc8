//! Workspaces: several states of one configuration.

use std::path::{Path, PathBuf};

/// The workspace that is always there.
pub const DEFAULT_WORKSPACE: &str = "default";

/// A name that no workspace can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "The workspace name {name:?} is not allowed. The name must contain only URL safe\ncharacters, and no \
     path separators."
)]
pub struct InvalidWorkspaceName {
    /// The name.
    pub name: String,
}

/// Checks a workspace's name: Terraform's rule, without the names that lead to other folders.
///
/// # Errors
/// When it is empty or contains what a path segment of a URL would have to escape.
pub fn check_workspace_name(name: &str) -> Result<(), InvalidWorkspaceName> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.~$&+:=@".contains(c);
    if name.is_empty() || matches!(name, "." | "..") || !name.chars().all(is_safe) {
        return Err(InvalidWorkspaceName { name: name.to_owned() });
    }
    Ok(())
}

/// Returns where the local backend keeps a workspace's state.
pub fn local_state_path(path: &Path, workspace_folder: &Path, workspace: &str) -> PathBuf {
    if workspace == DEFAULT_WORKSPACE {
        path.to_owned()
    } else {
        workspace_folder.join(workspace).join("terraform.tfstate")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_terraform_allows() {
        for name in ["default", "a@b+c=d:e$&~._-", "A1", "..."] {
            assert_eq!(check_workspace_name(name), Ok(()));
        }
        for name in ["", ".", "..", "a b", "a/b", "é", "a,b", "a;b", "a%20", "a\\b", "a?b"] {
            assert!(check_workspace_name(name).is_err(), "{name}");
        }
    }
}
