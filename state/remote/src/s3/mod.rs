//! States as objects in a bucket of Amazon S3, or of a service that speaks as it does.
//!
//! A state is the object `key`, that of another workspace `PREFIX/WORKSPACE/key`. A lock is the object
//! `KEY.tflock` (`use_lockfile`), which is only made where there is none, or an item of a DynamoDB table, or both.
//! Such a table has a checksum of the state besides.

mod arguments;
mod bucket;
mod credentials;
mod lock_table;
mod profiles;
mod roles;
mod service;
mod signature;
mod single_sign_on;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use md5::{Digest, Md5};
use terrane_model::Str;
use terrane_state::{
    BackendError, DEFAULT_WORKSPACE, LockError, LockInfo, LockRequest, StateBackend, ordered_workspaces,
};

use crate::error::{remote, unreachable};
use crate::kind::RemoteKind;
use crate::settings::{ConfigError, Settings};
use crate::workspaces;
use bucket::{Bucket, CreateError, ListError};
use lock_table::{LockTable, PutError};
use service::Service;
pub(crate) use signature::hex;

/// The kind.
pub(crate) const KIND: RemoteKind = RemoteKind { name: "s3", arguments: arguments::ARGUMENTS, open };

/// What the prefix of workspaces is where nobody says.
const USUAL_PREFIX: &str = "env:";
/// How often a state is read until it is the one that the table has the checksum of.
const READS_MAX: usize = 6;
/// The time between two reads.
const READ_DELAY: Duration = Duration::from_secs(2);

fn open(settings: &Settings<'_>) -> Result<Arc<dyn StateBackend>, ConfigError> {
    let key = settings.required("key")?;
    if key.starts_with('/') || key.ends_with('/') {
        return Err(ConfigError::invalid("key", "it must not begin or end with a slash"));
    }
    let workspace_prefix = settings.required("workspace_key_prefix")?;
    if workspace_prefix.starts_with('/') {
        return Err(ConfigError::invalid("workspace_key_prefix", "it must not begin with a slash"));
    }
    Ok(Arc::new(S3Backend {
        bucket: Bucket::read(settings)?,
        service: Service::read(settings)?,
        key,
        workspace_prefix: workspace_prefix.trim_end_matches('/').to_owned(),
        uses_lock_file: settings.flag("use_lockfile")?,
        lock_table: settings.text("dynamodb_table").map(|name| LockTable { name }),
        version: settings.version(),
    }))
}

struct S3Backend {
    service: Service,
    bucket: Bucket,
    key: String,
    workspace_prefix: String,
    uses_lock_file: bool,
    lock_table: Option<LockTable>,
    version: Str,
}

impl S3Backend {
    fn object(&self, workspace: &str) -> String {
        if workspace == DEFAULT_WORKSPACE {
            self.key.clone()
        } else {
            format!("{}/{workspace}/{}", self.workspace_prefix, self.key)
        }
    }

    fn lock_file(&self, workspace: &str) -> String {
        format!("{}.tflock", self.object(workspace))
    }

    /// What is locked, as the table's items are called.
    fn lock_path(&self, workspace: &str) -> String {
        format!("{}/{}", self.bucket.name, self.object(workspace))
    }

    fn digest_id(&self, workspace: &str) -> String {
        format!("{}-md5", self.lock_path(workspace))
    }

    async fn file_holder(&self, workspace: &str) -> Result<Option<LockInfo>, BackendError> {
        let content = self.bucket.get(&self.service, &self.lock_file(workspace)).await?;
        Ok(content.and_then(|content| serde_json::from_slice(&content).ok()))
    }

    async fn table_holder(
        &self,
        table: &LockTable,
        workspace: &str,
    ) -> Result<Option<LockInfo>, BackendError> {
        let json = table.get(&self.service, &self.lock_path(workspace), "Info").await?;
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }

    async fn lock_by_file(&self, workspace: &str, lock: &LockInfo) -> Result<(), LockError> {
        let content = lock.to_json();
        match self.bucket.create(&self.service, &self.lock_file(workspace), content.as_bytes()).await {
            Ok(()) => Ok(()),
            Err(CreateError::Other(error)) => Err(unreachable(error)),
            Err(CreateError::Present) => {
                let holder = self.file_holder(workspace).await.ok().flatten();
                // The answer to the first of two tries may have got lost.
                if holder.as_ref().is_some_and(|holder| holder.id == lock.id) {
                    return Ok(());
                }
                Err(held(holder))
            }
        }
    }

    async fn lock_by_table(
        &self,
        table: &LockTable,
        workspace: &str,
        lock: &LockInfo,
    ) -> Result<(), LockError> {
        match table.create(&self.service, &self.lock_path(workspace), "Info", &lock.to_json()).await {
            Ok(()) => Ok(()),
            Err(PutError::Other(error)) => Err(unreachable(error)),
            Err(PutError::Present) => {
                let holder = self.table_holder(table, workspace).await.ok().flatten();
                if holder.as_ref().is_some_and(|holder| holder.id == lock.id) {
                    return Ok(());
                }
                Err(held(holder))
            }
        }
    }

    async fn unlock_file(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        let holder = self.file_holder(workspace).await.map_err(unreachable)?;
        check_holder(holder, id)?;
        self.bucket.delete(&self.service, &self.lock_file(workspace)).await.map_err(unreachable)
    }

    async fn unlock_table(&self, table: &LockTable, workspace: &str, id: &str) -> Result<(), LockError> {
        let holder = self.table_holder(table, workspace).await.map_err(unreachable)?;
        check_holder(holder, id)?;
        table.delete(&self.service, &self.lock_path(workspace)).await.map_err(unreachable)
    }

    /// Returns the workspace whose state an object is.
    fn workspace_of<'a>(&self, object: &'a str) -> Option<&'a str> {
        let rest = object.strip_prefix(&self.workspace_prefix)?.strip_prefix('/')?;
        let (workspace, key) = rest.split_once('/')?;
        (key == self.key).then_some(workspace)
    }
}

fn held(holder: Option<LockInfo>) -> LockError {
    LockError::Held { cause: "the state is already locked".to_owned(), holder: holder.map(Box::new) }
}

fn check_holder(holder: Option<LockInfo>, id: &str) -> Result<(), LockError> {
    match holder {
        None => Err(LockError::NotLocked),
        Some(holder) if holder.id != id => {
            Err(LockError::WrongId { given: id.to_owned(), existing: holder.id })
        }
        Some(_) => Ok(()),
    }
}

#[async_trait]
impl StateBackend for S3Backend {
    async fn workspaces(&self) -> Result<Vec<Str>, BackendError> {
        let objects = match self.bucket.keys(&self.service, &format!("{}/", self.workspace_prefix)).await {
            Ok(objects) => objects,
            // Many may read their one object and list nothing; they have one workspace.
            Err(ListError::Denied(_)) if self.workspace_prefix == USUAL_PREFIX => Vec::new(),
            Err(ListError::Denied(error) | ListError::Other(error)) => return Err(error),
        };
        Ok(ordered_workspaces(objects.iter().filter_map(|object| self.workspace_of(object)).map(Str::from)))
    }

    async fn create_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::create(self, workspace, &self.version).await
    }

    async fn delete_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::check_deletable(workspace)?;
        self.write(workspace, b"").await
    }

    async fn read(&self, workspace: &str) -> Result<Vec<u8>, BackendError> {
        for attempt in 0..READS_MAX {
            if attempt > 0 {
                tokio::time::sleep(READ_DELAY).await;
            }
            let content = self.bucket.get(&self.service, &self.object(workspace)).await?.unwrap_or_default();
            let Some(table) = &self.lock_table else { return Ok(content) };
            let wanted = table.get(&self.service, &self.digest_id(workspace), "Digest").await?;
            if wanted.is_none_or(|wanted| wanted.is_empty() || wanted == hex(&Md5::digest(&content))) {
                return Ok(content);
            }
        }
        Err(remote(format!(
            "the state {:?} is not the one that the table has the checksum of (item {:?}). Somebody has replaced it \
             without the table, or a write was interrupted. If the state is right, delete that item",
            self.object(workspace),
            self.digest_id(workspace)
        )))
    }

    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError> {
        let object = self.object(workspace);
        if content.is_empty() {
            self.bucket.delete(&self.service, &object).await?;
        } else {
            self.bucket.put(&self.service, &object, content).await?;
        }
        let Some(table) = &self.lock_table else { return Ok(()) };
        let id = self.digest_id(workspace);
        if content.is_empty() {
            table.delete(&self.service, &id).await
        } else {
            table.put(&self.service, &id, "Digest", &hex(&Md5::digest(content))).await
        }
    }

    async fn lock(&self, workspace: &str, request: &LockRequest) -> Result<LockInfo, LockError> {
        let lock = LockInfo::new(request, self.lock_path(workspace));
        if self.uses_lock_file {
            self.lock_by_file(workspace, &lock).await?;
        }
        if let Some(table) = &self.lock_table
            && let Err(error) = self.lock_by_table(table, workspace, &lock).await
        {
            if self.uses_lock_file {
                // What cannot be taken back is in the way of the next run, which says so.
                let _ = self.unlock_file(workspace, &lock.id).await;
            }
            return Err(error);
        }
        Ok(lock)
    }

    async fn unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        // The second lock is given back even when that of the first one fails.
        let file = if self.uses_lock_file { self.unlock_file(workspace, id).await } else { Ok(()) };
        match &self.lock_table {
            Some(table) => self.unlock_table(table, workspace, id).await.and(file),
            None => file,
        }
    }

    async fn force_unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        if !self.uses_lock_file && self.lock_table.is_none() {
            return Err(LockError::NotLocked);
        }
        self.unlock(workspace, id).await
    }
}
