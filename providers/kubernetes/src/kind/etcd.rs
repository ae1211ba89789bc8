//! etcd's members: one that is gone has to be taken off the list, or it counts against the majority and keeps
//! its successor of the same name out.

use serde_json::{Value as Json, json};

use super::error::ClusterError;
use super::run::ClusterRun;
use crate::docker::Command;

/// Asks etcd through its HTTP gateway, which needs no program but curl in the node.
async fn ask(run: &ClusterRun<'_>, node: &str, path: &str, body: &Json) -> Result<Json, ClusterError> {
    let pki = "/etc/kubernetes/pki/etcd";
    let command = Command::new([
        "curl".to_owned(),
        "--silent".to_owned(),
        "--show-error".to_owned(),
        "--fail".to_owned(),
        "--max-time".to_owned(),
        "20".to_owned(),
        "--cacert".to_owned(),
        format!("{pki}/ca.crt"),
        "--cert".to_owned(),
        format!("{pki}/healthcheck-client.crt"),
        "--key".to_owned(),
        format!("{pki}/healthcheck-client.key"),
        "--data".to_owned(),
        body.to_string(),
        format!("https://127.0.0.1:2379/v3/cluster/member/{path}"),
    ]);
    let output = run.exec(node, command).await?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| ClusterError::Invalid(format!("etcd's answer in {node} cannot be read: {error}")))
}

/// Removes a member by its name, as seen from another control plane. One that is not there is fine.
pub(crate) async fn remove_member(run: &ClusterRun<'_>, from: &str, name: &str) -> Result<(), ClusterError> {
    let listed = ask(run, from, "list", &json!({})).await?;
    for member in listed.get("members").and_then(Json::as_array).into_iter().flatten() {
        if member.get("name").and_then(Json::as_str) == Some(name)
            && let Some(id) = member.get("ID")
        {
            ask(run, from, "remove", &json!({"ID": id})).await?;
        }
    }
    Ok(())
}
