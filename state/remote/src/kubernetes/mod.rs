//! States as secrets in a Kubernetes cluster, locked by leases.
//!
//! A state is the secret `tfstate-WORKSPACE-SUFFIX`, compressed; what does not fit goes on in `…-part-1` and so on. A
//! lock is the holder of the lease `lock-tfstate-WORKSPACE-SUFFIX`, with an annotation that says who that is.

mod arguments;
mod cluster;
mod names;
mod secrets;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client};
use terrane_model::Str;
use terrane_state::{BackendError, LockError, LockInfo, LockRequest, StateBackend, ordered_workspaces};
use tokio::sync::OnceCell;

use crate::error::unreachable;
use crate::kind::RemoteKind;
use crate::settings::{ConfigError, Settings};
use crate::workspaces;
use cluster::Cluster;
use names::{LOCK_ANNOTATION, Names, STATE_KEY, SUFFIX_LABEL, WORKSPACE_LABEL, ends_with_number};
use secrets::{failed, is_absent, is_conflict};

/// The kind.
pub(crate) const KIND: RemoteKind = RemoteKind { name: "kubernetes", arguments: arguments::ARGUMENTS, open };

fn open(settings: &Settings<'_>) -> Result<Arc<dyn StateBackend>, ConfigError> {
    let suffix = settings.required("secret_suffix")?;
    if ends_with_number(&suffix) {
        let reason = "it must not end with a hyphen and a number, which stand for the parts of large states";
        return Err(ConfigError::invalid("secret_suffix", reason));
    }
    Ok(Arc::new(KubernetesBackend {
        cluster: Cluster::read(settings)?,
        client: OnceCell::new(),
        namespace: settings.required("namespace")?,
        suffix,
        labels: settings.text_map("labels"),
        version: settings.version(),
    }))
}

struct KubernetesBackend {
    cluster: Cluster,
    client: OnceCell<Client>,
    namespace: String,
    suffix: String,
    labels: BTreeMap<String, String>,
    version: Str,
}

impl KubernetesBackend {
    async fn client(&self) -> Result<Client, BackendError> {
        self.client.get_or_try_init(|| self.cluster.client()).await.cloned()
    }

    async fn secrets(&self) -> Result<Api<Secret>, BackendError> {
        Ok(Api::namespaced(self.client().await?, &self.namespace))
    }

    async fn leases(&self) -> Result<Api<Lease>, BackendError> {
        Ok(Api::namespaced(self.client().await?, &self.namespace))
    }

    fn names(&self, workspace: &str) -> Result<Names, BackendError> {
        Names::new(workspace, &self.suffix, &self.labels)
    }

    /// Writes a lock into the lease. The cluster refuses it where somebody else was faster.
    async fn take(
        &self,
        leases: &Api<Lease>,
        names: &Names,
        present: Option<Lease>,
        lock: &LockInfo,
    ) -> Result<(), kube::Error> {
        let name = names.lease();
        let mut lease = present.clone().unwrap_or_else(|| Lease {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                labels: Some(names.labels.clone()),
                ..ObjectMeta::default()
            },
            spec: None,
        });
        lease.spec.get_or_insert_with(LeaseSpec::default).holder_identity = Some(lock.id.clone());
        let annotations = lease.metadata.annotations.get_or_insert_default();
        annotations.insert(LOCK_ANNOTATION.to_owned(), lock.to_json());
        match present {
            Some(_) => leases.replace(&name, &PostParams::default(), &lease).await.map(drop),
            None => leases.create(&PostParams::default(), &lease).await.map(drop),
        }
    }
}

fn holder_id(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref().filter(|id| !id.is_empty())
}

fn held(lease: Option<&Lease>) -> LockError {
    let holder = lease.and_then(|lease| {
        let json = lease.metadata.annotations.as_ref()?.get(LOCK_ANNOTATION)?;
        serde_json::from_str::<LockInfo>(json).ok()
    });
    LockError::Held {
        cause: "the state is already locked by another client".to_owned(),
        holder: holder.map(Box::new),
    }
}

#[async_trait]
impl StateBackend for KubernetesBackend {
    async fn workspaces(&self) -> Result<Vec<Str>, BackendError> {
        let wanted = ListParams::default().labels(&format!("{STATE_KEY}=true"));
        let found = self.secrets().await?.list(&wanted).await.map_err(failed)?;
        let workspaces = found.items.iter().filter_map(|secret| {
            let labels = secret.metadata.labels.as_ref()?;
            let is_ours = labels.get(SUFFIX_LABEL)? == &self.suffix;
            labels.get(WORKSPACE_LABEL).filter(|_| is_ours).map(|name| Str::from(name.as_str()))
        });
        let mut workspaces: Vec<Str> = workspaces.collect();
        workspaces.sort();
        workspaces.dedup();
        Ok(ordered_workspaces(workspaces))
    }

    async fn create_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::create(self, workspace, &self.version).await
    }

    async fn delete_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::check_deletable(workspace)?;
        let names = self.names(workspace)?;
        secrets::delete(&self.secrets().await?, &names).await?;
        match self.leases().await?.delete(&names.lease(), &DeleteParams::background()).await {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    async fn read(&self, workspace: &str) -> Result<Vec<u8>, BackendError> {
        secrets::read(&self.secrets().await?, &self.names(workspace)?).await
    }

    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError> {
        let (api, names) = (self.secrets().await?, self.names(workspace)?);
        if content.is_empty() {
            secrets::delete(&api, &names).await
        } else {
            secrets::write(&api, &names, content).await
        }
    }

    async fn lock(&self, workspace: &str, request: &LockRequest) -> Result<LockInfo, LockError> {
        let leases = self.leases().await.map_err(unreachable)?;
        let names = self.names(workspace).map_err(unreachable)?;
        let lock = LockInfo::new(request, String::new());
        let present = leases.get_opt(&names.lease()).await.map_err(|error| unreachable(failed(error)))?;
        if present.as_ref().is_some_and(|lease| holder_id(lease).is_some()) {
            return Err(held(present.as_ref()));
        }
        match self.take(&leases, &names, present, &lock).await {
            Ok(()) => Ok(lock),
            Err(error) if is_conflict(&error) => {
                let now = leases.get_opt(&names.lease()).await.ok().flatten();
                Err(held(now.as_ref()))
            }
            Err(error) => Err(unreachable(failed(error))),
        }
    }

    async fn unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        let leases = self.leases().await.map_err(unreachable)?;
        let name = self.names(workspace).map_err(unreachable)?.lease();
        let lease = leases.get_opt(&name).await.map_err(|error| unreachable(failed(error)))?;
        let Some(mut lease) = lease else { return Err(LockError::NotLocked) };
        match holder_id(&lease) {
            None => return Err(LockError::NotLocked),
            Some(existing) if existing != id => {
                return Err(LockError::WrongId { given: id.to_owned(), existing: existing.to_owned() });
            }
            Some(_) => {}
        }
        if let Some(spec) = &mut lease.spec {
            spec.holder_identity = None;
        }
        if let Some(annotations) = &mut lease.metadata.annotations {
            annotations.remove(LOCK_ANNOTATION);
        }
        let replaced = leases.replace(&name, &PostParams::default(), &lease).await;
        replaced.map(drop).map_err(|error| unreachable(failed(error)))
    }

    async fn force_unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        self.unlock(workspace, id).await
    }
}
