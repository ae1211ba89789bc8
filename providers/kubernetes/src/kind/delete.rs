//! Removing a cluster.

use std::path::PathBuf;

use futures_util::future::try_join_all;

use super::error::ClusterError;
use super::kubeconfig_file::{default_files, remove_from};
use super::names::cluster_filter;
use super::run::Surroundings;
use crate::docker::Engine;

/// Removes all containers of a cluster, with their volumes. A cluster that is gone is fine; the network stays,
/// for it is every cluster's.
pub(crate) async fn remove_containers(engine: &Engine, cluster: &str) -> Result<(), ClusterError> {
    let containers = engine.list_containers(Some(&cluster_filter(cluster))).await?;
    try_join_all(containers.iter().map(|container| engine.remove_container(&container.name))).await?;
    Ok(())
}

/// Takes a cluster's entries out of the default kubeconfig files and out of further ones.
pub(crate) async fn remove_kubeconfig(
    surroundings: &Surroundings,
    cluster: &str,
    further: Vec<PathBuf>,
) -> Result<(), ClusterError> {
    let mut files = default_files(&surroundings.environment, &surroundings.working_directory);
    files.extend(further);
    let cluster = cluster.to_owned();
    let removed = tokio::task::spawn_blocking(move || {
        let mut first_error = None;
        for file in files {
            if let Err(error) = remove_from(&file, &cluster) {
                first_error.get_or_insert(error);
            }
        }
        first_error
    });
    match removed.await {
        Ok(None) => Ok(()),
        Ok(Some(error)) => Err(error.into()),
        Err(error) => Err(ClusterError::Invalid(error.to_string())),
    }
}
