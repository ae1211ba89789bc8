//! Moving a node's pods elsewhere before the node goes.

use std::time::Duration;

use super::cluster_api::ClusterApi;
use super::error::ClusterError;
use super::run::ClusterRun;
use tokio::time::Instant;

/// The longest that pods may take to go. Then the node goes nevertheless: its container is what the user wants
/// gone, and a disruption budget that is never fulfilled must not keep it for ever.
const PATIENCE: Duration = Duration::from_secs(90);

const PAUSE: Duration = Duration::from_millis(300);

/// Moves all pods off a node that can move.
pub(crate) async fn drain(run: &ClusterRun<'_>, api: &ClusterApi, node: &str) -> Result<(), ClusterError> {
    match api.cordon(node).await {
        Err(error) if error.is_api_status(404) => return Ok(()),
        other => other?,
    }
    let give_up = Instant::now() + PATIENCE;
    loop {
        let pods = api.movable_pods(node).await?;
        if pods.is_empty() || Instant::now() >= give_up {
            return Ok(());
        }
        run.report(format!("draining {node} ({} pods)", pods.len()));
        for pod in pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()) {
            api.evict(pod).await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
