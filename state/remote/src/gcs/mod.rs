//! States as objects in a bucket of Google Cloud Storage.
//!
//! A state is the object `PREFIX/WORKSPACE.tfstate`. A lock is the object `PREFIX/WORKSPACE.tflock`, which is only made
//! where there is none; its id is the number of its generation.

mod bucket;
mod credentials;

use std::sync::Arc;

use async_trait::async_trait;
use terrane_model::Str;
use terrane_state::{BackendError, LockError, LockInfo, LockRequest, StateBackend, ordered_workspaces};

use crate::error::unreachable;
use crate::kind::{Argument, ArgumentType, RemoteKind};
use crate::settings::{ConfigError, Settings};
use crate::workspaces;
use bucket::{Bucket, CreateError, DeleteError};

/// The kind.
pub(crate) const KIND: RemoteKind = RemoteKind { name: "gcs", arguments: ARGUMENTS, open };

const ARGUMENTS: &[Argument] = &[
    Argument::text("bucket").required(),
    Argument::text("prefix"),
    Argument::secret("credentials").or(&["GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS"]),
    Argument::secret("access_token").or(&["GOOGLE_OAUTH_ACCESS_TOKEN"]),
    Argument::text("impersonate_service_account")
        .or(&["GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"]),
    Argument::of("impersonate_service_account_delegates", ArgumentType::Texts),
    Argument::secret("encryption_key").or(&["GOOGLE_ENCRYPTION_KEY"]),
    Argument::text("kms_encryption_key").or(&["GOOGLE_KMS_ENCRYPTION_KEY"]),
    Argument::text("storage_custom_endpoint")
        .or(&["GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_STORAGE_CUSTOM_ENDPOINT"]),
];

fn open(settings: &Settings<'_>) -> Result<Arc<dyn StateBackend>, ConfigError> {
    let prefix = settings.text("prefix").unwrap_or_default();
    let prefix = prefix.trim_matches('/');
    Ok(Arc::new(GoogleBackend {
        bucket: Bucket::read(settings)?,
        prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
        version: settings.version(),
    }))
}

struct GoogleBackend {
    bucket: Bucket,
    /// Empty, or with a slash at its end.
    prefix: String,
    version: Str,
}

impl GoogleBackend {
    fn object(&self, workspace: &str) -> String {
        format!("{}{workspace}.tfstate", self.prefix)
    }

    fn lock_file(&self, workspace: &str) -> String {
        format!("{}{workspace}.tflock", self.prefix)
    }

    /// Returns the id that is written in a lock, and the lock with the id that it has.
    async fn holder(&self, workspace: &str) -> Option<(String, LockInfo)> {
        let object = self.lock_file(workspace);
        let content = self.bucket.get(&object, false).await.ok()??;
        let mut holder: LockInfo = serde_json::from_slice(&content).ok()?;
        // The number was not known yet when the object was written.
        let generation = self.bucket.generation(&object).await.ok()??;
        let written_id = std::mem::replace(&mut holder.id, generation);
        Some((written_id, holder))
    }
}

#[async_trait]
impl StateBackend for GoogleBackend {
    async fn workspaces(&self) -> Result<Vec<Str>, BackendError> {
        let names = self.bucket.names(&self.prefix).await?;
        let workspaces = names.iter().filter_map(|name| {
            let name = name.strip_prefix(&self.prefix)?.strip_suffix(".tfstate")?;
            (!name.contains('/')).then(|| Str::from(name))
        });
        Ok(ordered_workspaces(workspaces))
    }

    async fn create_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::create(self, workspace, &self.version).await
    }

    async fn delete_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::check_deletable(workspace)?;
        self.write(workspace, b"").await
    }

    async fn read(&self, workspace: &str) -> Result<Vec<u8>, BackendError> {
        Ok(self.bucket.get(&self.object(workspace), true).await?.unwrap_or_default())
    }

    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError> {
        let object = self.object(workspace);
        if !content.is_empty() {
            return self.bucket.put(&object, content).await;
        }
        match self.bucket.delete(&object, None).await {
            Ok(()) | Err(DeleteError::Absent) => Ok(()),
            Err(DeleteError::Changed) => Err(crate::error::remote("the state was changed meanwhile")),
            Err(DeleteError::Other(error)) => Err(error),
        }
    }

    async fn lock(&self, workspace: &str, request: &LockRequest) -> Result<LockInfo, LockError> {
        let object = self.lock_file(workspace);
        let mut lock = LockInfo::new(request, format!("gs://{}/{object}", self.bucket.name));
        match self.bucket.create(&object, lock.to_json().as_bytes()).await {
            Ok(generation) => {
                lock.id = generation;
                Ok(lock)
            }
            Err(CreateError::Present) => {
                let (written_id, holder) = self.holder(workspace).await.unzip();
                // The answer to the first of two tries may have got lost.
                match holder {
                    Some(holder) if written_id == Some(lock.id) => Ok(holder),
                    holder => {
                        let cause = format!("{} is there already", lock.path);
                        Err(LockError::Held { cause, holder: holder.map(Box::new) })
                    }
                }
            }
            Err(CreateError::Other(error)) => Err(unreachable(error)),
        }
    }

    async fn unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        let object = self.lock_file(workspace);
        let existing = self.bucket.generation(&object).await.map_err(unreachable)?;
        let Some(existing) = existing else { return Err(LockError::NotLocked) };
        let wrong = || LockError::WrongId { given: id.to_owned(), existing: existing.clone() };
        if existing != id {
            return Err(wrong());
        }
        match self.bucket.delete(&object, Some(id)).await {
            Ok(()) => Ok(()),
            Err(DeleteError::Absent) => Err(LockError::NotLocked),
            Err(DeleteError::Changed) => Err(wrong()),
            Err(DeleteError::Other(error)) => Err(unreachable(error)),
        }
    }

    async fn force_unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        self.unlock(workspace, id).await
    }
}
