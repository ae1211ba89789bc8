//! Nodes that join a cluster whose first control plane is there.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::config::Role;
use super::error::ClusterError;
use super::kubeadm_config::KUBEADM_CONFIG_PATH;
use super::names::NamedNode;
use super::run::ClusterRun;
use super::version::Version;
use crate::docker::{ArchiveEntry, Command};

/// The authorities that all control planes share, below `/etc/kubernetes/pki`.
const SHARED_PKI: [&str; 8] = [
    "ca.crt",
    "ca.key",
    "etcd/ca.crt",
    "etcd/ca.key",
    "front-proxy-ca.crt",
    "front-proxy-ca.key",
    "sa.key",
    "sa.pub",
];

/// Where the administrator's kubeconfig lies in a control plane.
pub(crate) const ADMIN_CONF_PATH: &str = "/etc/kubernetes/admin.conf";

/// From this minor version on, etcd takes new members as learners, so that several control planes may join at
/// once without losing the majority on the way.
const LEARNERS_SINCE: u32 = 29;

/// What new control planes need of the first one.
#[derive(Debug, Clone)]
pub(crate) struct SharedFiles(Arc<Vec<ArchiveEntry>>);

/// Reads what new control planes need out of one that is there.
pub(crate) async fn shared_files(
    run: &ClusterRun<'_>,
    control_plane: &str,
) -> Result<SharedFiles, ClusterError> {
    let (authorities, admin_conf) = tokio::try_join!(authorities(run, control_plane), async {
        run.engine.download(control_plane, ADMIN_CONF_PATH).await.map_err(ClusterError::from)
    })?;
    let mut files = authorities;
    files
        .extend(admin_conf.into_iter().map(|file| ArchiveEntry { path: ADMIN_CONF_PATH.to_owned(), ..file }));
    Ok(SharedFiles(Arc::new(files)))
}

/// Reads the authorities that control planes share out of one that has them.
pub(super) async fn shared_authorities(
    run: &ClusterRun<'_>,
    control_plane: &str,
) -> Result<SharedFiles, ClusterError> {
    Ok(SharedFiles(Arc::new(authorities(run, control_plane).await?)))
}

async fn authorities(run: &ClusterRun<'_>, control_plane: &str) -> Result<Vec<ArchiveEntry>, ClusterError> {
    let pki = run.engine.download(control_plane, "/etc/kubernetes/pki").await?;
    let files: Vec<ArchiveEntry> = pki
        .into_iter()
        .filter(|file| file.path.strip_prefix("pki/").is_some_and(|path| SHARED_PKI.contains(&path)))
        .map(|file| ArchiveEntry { path: format!("/etc/kubernetes/{}", file.path), ..file })
        .collect();
    if files.len() < SHARED_PKI.len() {
        let reason = "lacks some of the cluster's certificates".to_owned();
        return Err(ClusterError::Node { node: control_plane.to_owned(), reason });
    }
    Ok(files)
}

impl SharedFiles {
    /// Puts the files into a node.
    pub(super) async fn upload(&self, run: &ClusterRun<'_>, node: &str) -> Result<(), ClusterError> {
        Ok(run.engine.upload(node, &self.0).await?)
    }
}

/// How many control planes may join at once.
pub(crate) fn join_permits(version: &Version) -> Semaphore {
    let all = usize::try_from(u32::MAX >> 3).unwrap_or(1);
    Semaphore::new(if version.at_least(1, LEARNERS_SINCE) { all } else { 1 })
}

/// Lets a node that is up join.
pub(crate) async fn join(
    run: &ClusterRun<'_>,
    node: &NamedNode,
    version: &Version,
    shared: Option<&SharedFiles>,
    permits: &Semaphore,
) -> Result<(), ClusterError> {
    let _permit = match (node.config.role, shared) {
        (Role::ControlPlane, Some(files)) => {
            files.upload(run, &node.name).await?;
            permits.acquire().await.ok()
        }
        _ => None,
    };
    run.report(format!("joining {}", node.name));
    let mut arguments = vec!["kubeadm", "join", "--config", KUBEADM_CONFIG_PATH];
    if !version.at_least(1, 23) {
        arguments.push("--skip-phases=preflight");
    }
    run.exec(&node.name, Command::new(arguments)).await?;
    run.report(format!("{} has joined", node.name));
    Ok(())
}
