//! What can go wrong with a cluster, with the lines of the node that say why.

use terrane_model::Diagnostic;

use super::kubeconfig_file::KubeconfigError;
use crate::docker::DockerError;

/// A step that did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    /// Docker could not do something.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// A command in a node failed.
    #[error("{command:?} failed in the node {node} with exit status {status}")]
    Command { node: String, command: String, status: i64, output: Vec<String> },
    /// A node did not come up.
    #[error("the node {node} {reason}")]
    Node { node: String, reason: String },
    /// The API server refused something or does not answer.
    #[error("failed to {action}: {reason}")]
    Api { action: String, status: u16, reason: String },
    /// A kubeconfig file could not be changed.
    #[error("the kubeconfig cannot be written: {0}")]
    Kubeconfig(#[from] KubeconfigError),
    /// Something that was written or found does not make sense.
    #[error("{0}")]
    Invalid(String),
    /// A cluster of that name is there.
    #[error("a cluster named {cluster:?} exists already: there is a container {container}")]
    Exists { cluster: String, container: String },
    /// Something took too long.
    #[error("{what} took longer than {seconds} s")]
    Timeout { what: String, seconds: u64 },
    /// The user has had enough.
    #[error("it was interrupted")]
    Stopped,
}

/// A node's lines under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeLog {
    pub(crate) heading: String,
    pub(crate) lines: Vec<String>,
}

impl ClusterError {
    /// Returns the node that the error is about.
    pub(crate) fn node(&self) -> Option<&str> {
        match self {
            Self::Command { node, .. } | Self::Node { node, .. } => Some(node),
            _ => None,
        }
    }

    /// Tells whether the API server answered with a status.
    pub(crate) fn is_api_status(&self, wanted: u16) -> bool {
        matches!(self, Self::Api { status, .. } if *status == wanted)
    }

    /// Makes a message. `logs` are what the nodes say, `outcome` what has been done about it.
    pub(crate) fn diagnostic(&self, summary: &str, logs: &[NodeLog], outcome: &str) -> Diagnostic {
        if let Self::Docker(error) = self
            && error.is_unreachable()
        {
            return error.diagnostic(summary);
        }
        let mut detail = capitalised(&self.to_string());
        let mut evidence: Vec<&str> = Vec::new();
        if let Self::Command { output, .. } = self {
            section(&mut detail, "It wrote:", output);
            evidence.extend(output.iter().map(String::as_str));
        }
        for log in logs {
            section(&mut detail, &log.heading, &log.lines);
            evidence.extend(log.lines.iter().map(String::as_str));
        }
        let own_words = self.to_string();
        evidence.push(&own_words);
        for hint in hints(&evidence) {
            detail.push_str("\n\n");
            detail.push_str(hint);
        }
        if !outcome.is_empty() {
            detail.push_str("\n\n");
            detail.push_str(outcome);
        }
        Diagnostic::error(summary, detail)
    }
}

fn capitalised(fragment: &str) -> String {
    let mut characters = fragment.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}

fn section(detail: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    detail.push_str("\n\n");
    detail.push_str(heading);
    for line in lines {
        detail.push_str("\n  ");
        detail.push_str(line);
    }
}

/// What lines mean to those who have not seen them before, and what to do.
const HINTS: [(&str, &str); 11] = [
    (
        "port is already allocated",
        "Another container holds the port. Choose another one, or 0 for one that is free.",
    ),
    (
        "address already in use",
        "Another program holds the port. Choose another one, or 0 for one that is free.",
    ),
    (
        "no space left on device",
        "The disk that Docker keeps its files on is full. `docker system prune` frees what nothing uses.",
    ),
    (
        "unable to apply caps",
        "This machine lacks a capability that privileged containers ask for; Docker's runtime has to leave it out.",
    ),
    (
        "too many open files",
        "The machine's limits on inotify are too low for so many nodes: raise fs.inotify.max_user_instances and \
         fs.inotify.max_user_watches.",
    ),
    (
        "Failed to create control group",
        "The node cannot write its cgroups. Docker has to run with cgroup v2, or with the cgroup v1 hierarchies mounted.",
    ),
    (
        "Failed to allocate manager object",
        "systemd finds no cgroup hierarchy that it can use in the node. Docker has to run with cgroup v2, or with the systemd hierarchy of cgroup v1 mounted.",
    ),
    ("not enough memory", "The machine has too little memory for so many nodes."),
    ("Cannot allocate memory", "The machine has too little memory for so many nodes."),
    (
        "failed to load kubelet config file",
        "A patch of the KubeletConfiguration may not fit this Kubernetes version.",
    ),
    (
        "strict decoding error",
        "A patch of kubeadm's configuration names a field that this Kubernetes version does not know.",
    ),
];

fn hints(lines: &[&str]) -> Vec<&'static str> {
    let applies = |sign: &str| lines.iter().any(|line| line.contains(sign));
    HINTS.iter().filter(|(sign, _)| applies(sign)).map(|(_, hint)| *hint).take(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_show_the_nodes_own_lines() {
        let error = ClusterError::Command {
            node: "demo-control-plane".to_owned(),
            command: "kubeadm init --config=/kind/kubeadm.conf".to_owned(),
            status: 1,
            output: vec!["error execution phase kubelet-start: timed out".to_owned()],
        };
        let log = NodeLog {
            heading: "The kubelet of demo-control-plane wrote:".to_owned(),
            lines: vec!["\"command failed\" err=\"failed to load kubelet config file\"".to_owned()],
        };
        let diagnostic =
            error.diagnostic("Cluster creation failed", &[log], "What had been created was removed.");
        insta::assert_snapshot!(diagnostic.detail, @r#"
        "kubeadm init --config=/kind/kubeadm.conf" failed in the node demo-control-plane with exit status 1.

        It wrote:
          error execution phase kubelet-start: timed out

        The kubelet of demo-control-plane wrote:
          "command failed" err="failed to load kubelet config file"

        A patch of the KubeletConfiguration may not fit this Kubernetes version.

        What had been created was removed.
        "#);
    }
}
