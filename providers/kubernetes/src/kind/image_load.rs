//! `kind_image_load`: an image in the nodes of a cluster, so that pods need not pull it.

use futures_util::future::try_join_all;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Type, Value};
use terrane_provider::{ApplyRequest, ApplyResponse, PlanRequest, Private, ReadRequest, ReadResponse};

use super::cluster_resource::Call;
use super::config::{text, texts};
use super::error::ClusterError;
use super::observe::list_cluster;
use super::values::with_attributes;
use crate::docker::{Command, Engine, plain_lines};

/// Plans an image: its id is known beforehand where Docker has the image already.
pub(super) async fn plan(engine: Option<&Engine>, request: &PlanRequest) -> (Value, Vec<AttributePath>) {
    let (prior, config) = (&request.prior_state, &request.config);
    let root = AttributePath::root();
    let replaced = ["cluster_name", "image"].map(|name| root.attribute(name));
    let known = |name: &str| config.get(name).and_then(Value::as_str);
    let unknown = || Value::unknown_not_null(Type::String);
    let id = match (known("cluster_name"), known("image")) {
        (Some(cluster), Some(image)) => Value::from(format!("{cluster}/{image}")),
        _ => unknown(),
    };
    let from_docker = config.get("archive").is_none_or(Value::is_null);
    let present = match (engine, known("image")) {
        (Some(engine), Some(image)) if from_docker => engine.inspect_image(image).await.ok().flatten(),
        _ => None,
    };
    let same = ["cluster_name", "image", "archive", "nodes"]
        .iter()
        .all(|name| !prior.is_null() && prior.attribute(name) == request.proposed_new_state.attribute(name));
    let image_id = match present.and_then(|image| image.id) {
        Some(id) => Value::from(id),
        None if same => prior.attribute("image_id"),
        None => unknown(),
    };
    let planned = with_attributes(&request.proposed_new_state, &[("id", id), ("image_id", image_id)]);
    let replace = if prior.is_null() { Vec::new() } else { replaced.to_vec() };
    (planned, replace)
}

/// Loads an image, or takes it out again.
pub(super) async fn apply(call: &Call<'_>, request: ApplyRequest) -> ApplyResponse {
    let applied = if request.planned_state.is_null() {
        unload(call.engine, &request.prior_state).await.map(|()| request.planned_state.clone())
    } else {
        load(call, &request.planned_state).await
    };
    let (new_state, diagnostics) = match applied {
        Ok(state) => (state, Diagnostics::new()),
        Err(error) => {
            let summary = "Image cannot be loaded";
            (request.prior_state, Diagnostics::from(error.diagnostic(summary, &[], "")))
        }
    };
    ApplyResponse {
        new_state,
        private: Private::new(),
        new_identity: None,
        legacy_type_system: false,
        diagnostics,
    }
}

/// Reads an image: gone when a node lacks it.
pub(super) async fn read(engine: &Engine, request: ReadRequest) -> ReadResponse {
    let state = &request.current_state;
    let image = text(state, "image");
    let found = async {
        let nodes = target_nodes(engine, state).await?;
        let ids = try_join_all(nodes.iter().map(|node| id_in_node(engine, node, &image))).await?;
        Ok::<_, ClusterError>(!nodes.is_empty() && ids.iter().all(Option::is_some))
    };
    let (new_state, diagnostics) = match found.await {
        Ok(true) => (request.current_state, Diagnostics::new()),
        Ok(false) => (Value::Null(request.current_state.ty()), Diagnostics::new()),
        Err(error) => {
            let diagnostic: Diagnostic = error.diagnostic("Image cannot be read", &[], "");
            (request.current_state, diagnostic.into())
        }
    };
    ReadResponse { new_state, private: request.private, new_identity: None, diagnostics }
}

/// Returns the nodes that run among those that are meant.
async fn target_nodes(engine: &Engine, state: &Value) -> Result<Vec<String>, ClusterError> {
    let (nodes, _) = list_cluster(engine, &text(state, "cluster_name")).await?;
    let wanted = texts(state, "nodes");
    let meant =
        nodes.into_iter().filter(|node| node.running && (wanted.is_empty() || wanted.contains(&node.name)));
    Ok(meant.map(|node| node.name).collect())
}

async fn load(call: &Call<'_>, planned: &Value) -> Result<Value, ClusterError> {
    let (image, archive) = (text(planned, "image"), text(planned, "archive"));
    let nodes = target_nodes(call.engine, planned).await?;
    let missing: Vec<String> =
        texts(planned, "nodes").into_iter().filter(|node| !nodes.contains(node)).collect();
    if nodes.is_empty() || !missing.is_empty() {
        let cluster = text(planned, "cluster_name");
        let what = if missing.is_empty() {
            "no node that runs".to_owned()
        } else {
            format!("no {}", missing.join(", "))
        };
        return Err(ClusterError::Invalid(format!("the cluster {cluster:?} has {what}")));
    }
    let bytes = if archive.is_empty() {
        if call.engine.inspect_image(&image).await?.is_none() {
            return Err(ClusterError::Invalid(format!("Docker does not have the image {image:?}")));
        }
        call.engine.save_images(&[&image]).await?
    } else {
        let path = call.surroundings.working_directory.join(&archive);
        tokio::fs::read(&path)
            .await
            .map_err(|error| ClusterError::Invalid(format!("{} cannot be read: {error}", path.display())))?
    };
    try_join_all(nodes.iter().map(|node| import(call.engine, node, &bytes))).await?;
    let id = match planned.attribute("image_id").as_str() {
        Some(id) => Value::from(id.as_str()),
        None => {
            let found = id_in_node(call.engine, &nodes[0], &image).await?;
            let lacks =
                || ClusterError::Invalid(format!("the archive {archive} does not hold the image {image:?}"));
            Value::from(found.ok_or_else(lacks)?)
        }
    };
    Ok(with_attributes(planned, &[("image_id", id)]))
}

async fn import(engine: &Engine, node: &str, archive: &[u8]) -> Result<(), ClusterError> {
    let arguments = ["ctr", "--namespace=k8s.io", "images", "import", "--all-platforms", "--digests"];
    let arguments = arguments.into_iter().chain(["--snapshotter=overlayfs", "-"]);
    succeed(engine, node, Command::new(arguments).input(archive)).await.map(|_| ())
}

async fn succeed(engine: &Engine, node: &str, command: Command) -> Result<String, ClusterError> {
    let line = command.line();
    let output = engine.exec(node, command).await?;
    if output.is_success() {
        return Ok(output.text());
    }
    Err(ClusterError::Command {
        node: node.to_owned(),
        command: line,
        status: output.status,
        output: plain_lines(&String::from_utf8_lossy(&output.all), 10),
    })
}

/// Returns the id of an image in a node; nothing when the node does not have it.
async fn id_in_node(engine: &Engine, node: &str, image: &str) -> Result<Option<String>, ClusterError> {
    let output = engine.exec(node, Command::new(["crictl", "inspecti", image])).await?;
    if !output.is_success() {
        return Ok(None);
    }
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok(answer.pointer("/status/id").and_then(|id| id.as_str()).map(str::to_owned))
}

/// Takes the image out of the nodes that are still there; pods that run keep what they have.
async fn unload(engine: &Engine, prior: &Value) -> Result<(), ClusterError> {
    let reference = full_reference(&text(prior, "image"));
    for node in target_nodes(engine, prior).await? {
        let command = Command::new(["ctr", "--namespace=k8s.io", "images", "rm", &reference]);
        succeed(engine, &node, command).await?;
    }
    Ok(())
}

/// Returns an image's name as containerd keeps it: with registry, folder and tag.
fn full_reference(image: &str) -> String {
    let (first, rest) = image.split_once('/').unwrap_or(("", image));
    let has_registry = first.contains(['.', ':']) || first == "localhost";
    let name = match (has_registry, first) {
        (true, _) => image.to_owned(),
        (false, "") => format!("docker.io/library/{rest}"),
        (false, _) => format!("docker.io/{image}"),
    };
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) { name } else { format!("{name}:latest") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_written_out() {
        let table = [
            ("app", "docker.io/library/app:latest"),
            ("app:v1", "docker.io/library/app:v1"),
            ("team/app:v1", "docker.io/team/app:v1"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("registry.test/app:v1", "registry.test/app:v1"),
        ];
        for (image, reference) in table {
            assert_eq!(full_reference(image), reference);
        }
    }
}
