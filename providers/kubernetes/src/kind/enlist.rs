//! Workers of a cluster that is being made: they need not join, for who makes a cluster can give them what joining would
//! get them. Their kubelets start as soon as the API server answers, while kubeadm still does the rest.
//!
//! What joining does, and what is left of it here: the cluster's description is not looked up but known; the kubelet's
//! certificate is not asked for with a token and then signed, but made by kubeadm in the control plane, as it makes the
//! control plane's own.

use std::time::Duration;

use super::cluster_api::ClusterApi;
use super::error::ClusterError;
use super::kubeadm_config::{CA_PATH, KUBEADM_CONFIG_PATH};
use super::names::NamedNode;
use super::run::ClusterRun;
use super::together::{KUBELET_CONF_PATH, note_sockets, rotation_script};
use crate::docker::{ArchiveEntry, Command};

/// The configuration with which a worker's kubelet starts.
const ENLIST_CONFIG_PATH: &str = "/kind/kubeadm-enlist.conf";

/// How often the API server is asked for what is about to be there.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest that a kubelet may take to register its node.
const PATIENCE: Duration = Duration::from_secs(180);

/// Makes a worker that is up a node of the cluster.
///
/// `first` is the control plane whose certificates are there, `api` its API server, which may still be coming up, and
/// `config` what [`super::kubeadm_config::enlist_config`] wrote for the worker.
pub(super) async fn enlist(
    run: &ClusterRun<'_>,
    node: &NamedNode,
    config: String,
    first: &str,
    api: &ClusterApi,
) -> Result<(), ClusterError> {
    let name = &node.name;
    let (kubelet_conf, ca) = tokio::try_join!(kubelet_conf(run, name, first), ca(run, first))?;
    let files = [
        ArchiveEntry::private(KUBELET_CONF_PATH, kubelet_conf),
        ArchiveEntry::public(CA_PATH, ca),
        ArchiveEntry::private(ENLIST_CONFIG_PATH, config),
    ];
    run.engine.upload(name, &files).await?;
    // A kubelet that finds no API server looks again later and later. Whether one comes at all is for kubeadm to say.
    while !api.answers().await {
        tokio::time::sleep(PAUSE).await;
    }
    run.report(format!("joining {name}"));
    let config = format!("--config={ENLIST_CONFIG_PATH}");
    run.exec(name, Command::new(["kubeadm", "init", "phase", "kubelet-start", &config])).await?;
    registered(api, name).await?;
    let rotation = Command::new(["sh", "-c", &rotation_script()]);
    tokio::try_join!(run.exec(name, rotation), note_sockets(api, std::slice::from_ref(node)))?;
    run.report(format!("{name} has joined"));
    Ok(())
}

/// Lets kubeadm make a kubelet's access, as it does for a control plane's own.
async fn kubelet_conf(run: &ClusterRun<'_>, node: &str, first: &str) -> Result<Vec<u8>, ClusterError> {
    let user = format!("--client-name=system:node:{node}");
    let config = format!("--config={KUBEADM_CONFIG_PATH}");
    let command = Command::new(["kubeadm", "kubeconfig", "user", &config, &user, "--org=system:nodes"]);
    Ok(run.exec(first, command).await?.stdout)
}

async fn ca(run: &ClusterRun<'_>, first: &str) -> Result<Vec<u8>, ClusterError> {
    run.engine
        .read_file(first, CA_PATH)
        .await?
        .ok_or_else(|| ClusterError::Node { node: first.to_owned(), reason: format!("lacks {CA_PATH}") })
}

/// Waits until a node is registered.
async fn registered(api: &ClusterApi, node: &str) -> Result<(), ClusterError> {
    let ask = async {
        while !api.has_node(node).await {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(PATIENCE, ask).await.map_err(|_| ClusterError::Node {
        node: node.to_owned(),
        reason: format!("was not registered {} s after its kubelet was started", PATIENCE.as_secs()),
    })
}
