//! States as blobs in an Azure storage account, locked by leases on them.
//!
//! A state is the blob `key`, that of another workspace `keyenv:WORKSPACE`. A lock is a lease without end whose id
//! is the lock's; who holds it stands in the blob's metadata, `terraformlockid`, as JSON in Base64.

mod account;
mod arguments;
mod blobs;
mod shared_key;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use terrane_model::Str;
use terrane_state::{
    BackendError, DEFAULT_WORKSPACE, LockError, LockInfo, LockRequest, StateBackend, ordered_workspaces,
};
use tokio::sync::{Mutex, OnceCell};

use crate::error::unreachable;
use crate::kind::RemoteKind;
use crate::settings::{ConfigError, Settings};
use crate::workspaces;
use account::Account;
use blobs::{Container, LeaseError, Properties};

/// The kind.
pub(crate) const KIND: RemoteKind = RemoteKind { name: "azurerm", arguments: arguments::ARGUMENTS, open };

/// What follows the key in the names of workspaces' blobs.
const WORKSPACE_SIGN: &str = "env:";
const LOCK_KEY: &str = "terraformlockid";

fn open(settings: &Settings<'_>) -> Result<Arc<dyn StateBackend>, ConfigError> {
    Ok(Arc::new(AzureBackend {
        account: Account::read(settings)?,
        container: OnceCell::new(),
        container_name: settings.required("container_name")?,
        key: settings.required("key")?,
        takes_snapshots: settings.flag("snapshot")?,
        version: settings.version(),
        leases: Mutex::default(),
    }))
}

struct AzureBackend {
    account: Account,
    container: OnceCell<Container>,
    container_name: String,
    key: String,
    takes_snapshots: bool,
    version: Str,
    /// Leases that this process has, by workspace: whoever writes has to name them.
    leases: Mutex<BTreeMap<String, String>>,
}

impl AzureBackend {
    async fn container(&self) -> Result<&Container, BackendError> {
        self.container.get_or_try_init(|| self.account.open()).await
    }

    fn blob(&self, workspace: &str) -> String {
        if workspace == DEFAULT_WORKSPACE {
            self.key.clone()
        } else {
            format!("{}{WORKSPACE_SIGN}{workspace}", self.key)
        }
    }

    async fn lease(&self, workspace: &str) -> Option<String> {
        self.leases.lock().await.get(workspace).cloned()
    }

    async fn give_back(&self, blob: &str, id: &str, properties: Properties) -> Result<(), LockError> {
        let container = self.container().await.map_err(unreachable)?;
        let mut metadata = properties.metadata;
        if metadata.remove(LOCK_KEY).is_some() {
            container.set_metadata(blob, &metadata, id).await.map_err(unreachable)?;
        }
        container.release_lease(blob, id).await.map_err(unreachable)
    }

    async fn held(&self, blob: &str) -> LockError {
        let properties = match self.container().await {
            Ok(container) => container.properties(blob).await.ok().flatten(),
            Err(_) => None,
        };
        let holder = properties.as_ref().and_then(holder).map(Box::new);
        LockError::Held { cause: "state blob is already locked".to_owned(), holder }
    }
}

fn holder(properties: &Properties) -> Option<LockInfo> {
    let json = STANDARD.decode(properties.metadata.get(LOCK_KEY)?).ok()?;
    serde_json::from_slice(&json).ok()
}

#[async_trait]
impl StateBackend for AzureBackend {
    async fn workspaces(&self) -> Result<Vec<Str>, BackendError> {
        let prefix = format!("{}{WORKSPACE_SIGN}", self.key);
        let names = self.container().await?.names(&prefix).await?;
        let workspaces = names.iter().filter_map(|name| name.strip_prefix(&prefix));
        Ok(ordered_workspaces(workspaces.filter(|name| !name.contains('/')).map(Str::from)))
    }

    async fn create_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::create(self, workspace, &self.version).await
    }

    async fn delete_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::check_deletable(workspace)?;
        let lease = self.lease(workspace).await;
        self.container().await?.delete(&self.blob(workspace), lease.as_deref()).await
    }

    async fn read(&self, workspace: &str) -> Result<Vec<u8>, BackendError> {
        let lease = self.lease(workspace).await;
        let content = self.container().await?.get(&self.blob(workspace), lease.as_deref()).await?;
        Ok(content.unwrap_or_default())
    }

    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError> {
        let (container, blob) = (self.container().await?, self.blob(workspace));
        let lease = self.lease(workspace).await;
        if content.is_empty() && lease.is_none() {
            return container.delete(&blob, None).await;
        }
        if self.takes_snapshots {
            container.snapshot(&blob, lease.as_deref()).await?;
        }
        // Replacing a blob replaces its metadata, and in there is who has locked it.
        let metadata = container.properties(&blob).await?.map(|properties| properties.metadata);
        container.put(&blob, content, &metadata.unwrap_or_default(), lease.as_deref()).await
    }

    async fn lock(&self, workspace: &str, request: &LockRequest) -> Result<LockInfo, LockError> {
        let (container, blob) = (self.container().await.map_err(unreachable)?, self.blob(workspace));
        let lock = LockInfo::new(request, format!("{}/{blob}", self.container_name));
        match container.properties(&blob).await.map_err(unreachable)? {
            // Only what is there can be leased. An empty blob is no state.
            None => container.create(&blob).await.map_err(unreachable)?,
            Some(properties) if properties.is_leased => return Err(self.held(&blob).await),
            Some(_) => {}
        }
        match container.acquire_lease(&blob, &lock.id).await {
            Ok(()) => {}
            Err(LeaseError::Present) => return Err(self.held(&blob).await),
            Err(LeaseError::Other(error)) => return Err(unreachable(error)),
        }
        self.leases.lock().await.insert(workspace.to_owned(), lock.id.clone());
        let noted = async {
            let properties = container.properties(&blob).await?;
            let mut metadata = properties.map(|properties| properties.metadata).unwrap_or_default();
            metadata.insert(LOCK_KEY.to_owned(), STANDARD.encode(lock.to_json()));
            container.set_metadata(&blob, &metadata, &lock.id).await
        };
        if let Err(error) = noted.await {
            self.leases.lock().await.remove(workspace);
            // Nobody could tell whose lock that is.
            let _ = container.release_lease(&blob, &lock.id).await;
            return Err(unreachable(error));
        }
        Ok(lock)
    }

    async fn unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        self.force_unlock(workspace, id).await?;
        self.leases.lock().await.remove(workspace);
        Ok(())
    }

    async fn force_unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        let (container, blob) = (self.container().await.map_err(unreachable)?, self.blob(workspace));
        let Some(properties) = container.properties(&blob).await.map_err(unreachable)? else {
            return Err(LockError::NotLocked);
        };
        if !properties.is_leased {
            return Err(LockError::NotLocked);
        }
        // Who died between the lease and the note has left the lease alone, under the same id.
        if let Some(holder) = holder(&properties)
            && holder.id != id
        {
            return Err(LockError::WrongId { given: id.to_owned(), existing: holder.id });
        }
        self.give_back(&blob, id, properties).await
    }
}
