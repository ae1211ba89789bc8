//! What a node has to say when something went wrong with it.

use super::error::{ClusterError, NodeLog};
use super::names::{CLUSTER_LABEL, cluster_filter};
use crate::docker::{Command, Engine, plain_lines};

/// How many lines of each source are shown.
const LINES: usize = 12;

/// How many nodes are looked at when it is not known which one is to blame.
const NODES_MAX: usize = 2;

/// Collects the logs of the node that an error is about, or of those nodes that do not run.
pub(crate) async fn node_logs(engine: &Engine, cluster: &str, error: &ClusterError) -> Vec<NodeLog> {
    if matches!(error, ClusterError::Stopped | ClusterError::Invalid(_) | ClusterError::Kubeconfig(_)) {
        return Vec::new();
    }
    let Ok(containers) = engine.list_containers(Some(&cluster_filter(cluster))).await else {
        return Vec::new();
    };
    let mut logs = Vec::new();
    let blamed = containers.iter().filter(|container| match error.node() {
        Some(node) => container.name == node,
        None => !container.running,
    });
    for container in blamed.take(NODES_MAX) {
        debug_assert!(container.labels.contains_key(CLUSTER_LABEL));
        logs.extend(logs_of(engine, &container.name, container.running).await);
    }
    logs
}

async fn logs_of(engine: &Engine, name: &str, running: bool) -> Vec<NodeLog> {
    let mut logs = Vec::new();
    if running {
        // The kubelet's complaints repeat: the last errors say most.
        let script = "journalctl --no-pager --output=cat --unit=kubelet --lines=200 | grep -E '^E|^F|rror|atal' | \
                      tail --lines=12";
        if let Ok(output) = engine.exec(name, Command::new(["bash", "-c", script])).await {
            let lines = plain_lines(&output.text(), LINES);
            logs.push(NodeLog { heading: format!("The kubelet of {name} wrote:"), lines });
        }
    } else {
        let state = engine.inspect_container(name).await.ok().and_then(|inspected| inspected.state);
        if let Some(state) = state {
            let mut lines = vec![format!("exit status {}", state.exit_code.unwrap_or(0))];
            if state.oom_killed == Some(true) {
                lines.push("killed for want of memory: not enough memory".to_owned());
            }
            lines.extend(state.error.filter(|error| !error.is_empty()));
            logs.push(NodeLog { heading: format!("{name} does not run:"), lines });
        }
    }
    if let Ok(lines) = engine.log_tail(name, LINES).await {
        logs.push(NodeLog { heading: format!("The log of {name} ends with:"), lines });
    }
    logs.retain(|log| !log.lines.is_empty());
    logs
}
