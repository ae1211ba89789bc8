//! Changing a cluster in place: nodes that stand still are started, nodes come and go, labels change; and what
//! an interrupted creation has left undone is done.

use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::{Map, Value as Json, json};
use terrane_provider::Progress;

use super::addons::{addon_manifests, install_addons};
use super::cluster_api::ClusterApi;
use super::config::{ClusterConfig, Role};
use super::create::{
    CreateRequest, Created, create, expected_duration, open_single, published_url, start_load_balancer,
    wait_ready, write_load_balancer_config,
};
use super::delete::remove_containers;
use super::drain::drain;
use super::error::ClusterError;
use super::etcd::remove_member;
use super::images::ensure_images;
use super::join::{join, join_permits, shared_files};
use super::kubeadm_config::taint_object;
use super::load_balancer::LOAD_BALANCER_IMAGE;
use super::names::{NamedNode, load_balancer_name, named_nodes};
use super::network::{ensure_cluster_network, network_name};
use super::observe::{Observed, observe};
use super::plan::{NodeChange, Prior, node_change};
use super::run::{ClusterRun, Surroundings};
use crate::docker::{Command, Engine};

/// The longest that an API server may take to answer after its node was started.
const API_PATIENCE: Duration = Duration::from_secs(120);

const API_PAUSE: Duration = Duration::from_millis(200);

/// What a change depends on.
pub(crate) struct ReconcileRequest<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) surroundings: &'a Surroundings,
    /// The cluster as it shall be.
    pub(crate) cluster: &'a ClusterConfig,
    /// The cluster as it was last seen.
    pub(crate) prior: &'a Prior,
    pub(crate) image_archive: Option<&'a Path>,
    pub(crate) wait_for_ready: bool,
    /// Whether the first control plane was never initialised, so that nothing is worth keeping.
    pub(crate) must_start_over: bool,
    pub(crate) progress: &'a dyn Progress,
}

/// What is to be done to the nodes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Steps {
    /// Containers to remove, each with its role.
    remove: Vec<(String, Role)>,
    /// Nodes to make and let join.
    add: Vec<NamedNode>,
    /// Nodes whose labels or taints are to be set.
    relabel: Vec<NamedNode>,
}

/// Makes a cluster what it shall be.
///
/// # Errors
/// When a step fails; what has been done until then stays.
pub(crate) async fn reconcile(request: &ReconcileRequest<'_>) -> Result<Created, ClusterError> {
    let ReconcileRequest { engine, cluster, .. } = *request;
    if request.must_start_over {
        return start_over(request).await;
    }
    start_stopped(request).await?;
    let observed = observe(engine, &cluster.name).await?;
    let found = observed.and_then(|observed| Some((observed.access.clone()?, observed)));
    let Some((access, observed)) = found else {
        return Err(ClusterError::Invalid(
            "no control plane of the cluster is left that answers; replace the cluster".to_owned(),
        ));
    };
    let endpoint = observed.endpoint().unwrap_or_default().to_owned();
    let network = ensure_cluster_network(engine, &network_name(&request.surroundings.environment)).await?;
    let run = ClusterRun {
        engine,
        engine_facts: engine.facts().await?,
        surroundings: request.surroundings,
        cluster,
        network: observed.network.clone().unwrap_or(network),
        endpoint,
        progress: request.progress,
        expected: expected_duration(cluster),
    };
    let steps = steps(request.prior, cluster, &observed);
    refuse_to_lose_all(&steps, &observed)?;
    let mut images: Vec<&str> = steps.add.iter().map(|node| node.config.image.as_str()).collect();
    if cluster.has_load_balancer() {
        images.push(LOAD_BALANCER_IMAGE);
    }
    images.sort_unstable();
    images.dedup();
    ensure_images(engine, &images, request.image_archive, request.progress).await?;
    ensure_load_balancer(&run, &observed).await?;
    let api = ClusterApi::connect(&access).await?;
    wait_for_api(&run, &api).await?;
    remove_nodes(&run, &api, &steps, &observed).await?;
    add_nodes(&run, &steps, &observed).await?;
    finish(&run, &api, &steps, request.prior).await?;
    if request.wait_for_ready {
        let names: Vec<String> = named_nodes(cluster).into_iter().map(|node| node.name).collect();
        wait_ready(&run, &api, &names).await?;
    }
    let entrance =
        if cluster.has_load_balancer() { load_balancer_name(&cluster.name) } else { run.endpoint.clone() };
    let url = published_url(engine, &entrance).await?;
    let access = access.at(&url);
    Ok(Created { access, network: run.network })
}

async fn start_over(request: &ReconcileRequest<'_>) -> Result<Created, ClusterError> {
    remove_containers(request.engine, &request.cluster.name).await?;
    let creation = CreateRequest {
        engine: request.engine,
        surroundings: request.surroundings,
        cluster: request.cluster,
        image_archive: request.image_archive,
        wait_for_ready: request.wait_for_ready,
        progress: request.progress,
    };
    match create(&creation).await {
        // What a run that was killed has asked of the engine may be done only now.
        Err(ClusterError::Exists { .. }) => {
            remove_containers(request.engine, &request.cluster.name).await?;
            create(&creation).await
        }
        created => created,
    }
}

/// Starts containers that stand still, the load balancer and control planes first.
async fn start_stopped(request: &ReconcileRequest<'_>) -> Result<(), ClusterError> {
    let (nodes, load_balancer) = super::observe::list_cluster(request.engine, &request.cluster.name).await?;
    if let Some(container) = load_balancer.filter(|container| !container.running) {
        request.engine.start_container(&container.name).await?;
    }
    let stopped = nodes.iter().filter(|node| !node.running);
    try_join_all(stopped.map(|node| request.engine.start_container(&node.name))).await?;
    Ok(())
}

/// Decides what is to be done. A container whose node has never joined is made anew.
fn steps(prior: &Prior, cluster: &ClusterConfig, observed: &Observed) -> Steps {
    let desired = named_nodes(cluster);
    let mut steps = Steps::default();
    for node in &observed.nodes {
        if !desired.iter().any(|desired| desired.name == node.name && desired.config.role == node.role) {
            steps.remove.push((node.name.clone(), node.role));
        }
    }
    for node in desired {
        let Some(there) = observed.nodes.iter().find(|there| there.name == node.name) else {
            steps.add.push(node);
            continue;
        };
        let change = match prior.nodes.get(&node.name) {
            _ if !observed.is_registered(&node.name) => NodeChange::Recreate,
            Some(old) => node_change(old, &node.config, prior.imported),
            // Nobody knows how it was made: it stays, but its labels are set.
            None => NodeChange::Relabel,
        };
        match change {
            NodeChange::Keep => {}
            NodeChange::Relabel => steps.relabel.push(node),
            NodeChange::Recreate => {
                steps.remove.push((there.name.clone(), there.role));
                steps.add.push(node);
            }
        }
    }
    steps
}

/// Without a control plane that stays, there would be nothing to join.
fn refuse_to_lose_all(steps: &Steps, observed: &Observed) -> Result<(), ClusterError> {
    let goes = |name: &str| steps.remove.iter().any(|(removed, _)| removed == name);
    let stays = observed
        .nodes
        .iter()
        .any(|node| node.role == Role::ControlPlane && node.running && !goes(&node.name));
    if stays {
        return Ok(());
    }
    Err(ClusterError::Invalid("the change would leave no control plane; replace the cluster".to_owned()))
}

async fn ensure_load_balancer(run: &ClusterRun<'_>, observed: &Observed) -> Result<(), ClusterError> {
    if !run.cluster.has_load_balancer() {
        return Ok(());
    }
    if observed.load_balancer.is_none() {
        start_load_balancer(run).await?;
        return Ok(());
    }
    write_load_balancer_config(run).await?;
    // The signal makes haproxy read its configuration anew, without losing connections.
    run.exec(&load_balancer_name(&run.cluster.name), Command::new(["kill", "-s", "HUP", "1"])).await?;
    Ok(())
}

async fn wait_for_api(run: &ClusterRun<'_>, api: &ClusterApi) -> Result<(), ClusterError> {
    run.report("waiting for the API server");
    let answers = async {
        while !api.is_ready().await {
            tokio::time::sleep(API_PAUSE).await;
        }
    };
    tokio::time::timeout(API_PATIENCE, answers).await.map_err(|_| ClusterError::Timeout {
        what: "waiting for the API server".to_owned(),
        seconds: API_PATIENCE.as_secs(),
    })
}

/// Removes nodes: control planes one after the other, so that etcd keeps its majority.
async fn remove_nodes(
    run: &ClusterRun<'_>,
    api: &ClusterApi,
    steps: &Steps,
    observed: &Observed,
) -> Result<(), ClusterError> {
    let workers = steps.remove.iter().filter(|(_, role)| *role == Role::Worker);
    try_join_all(workers.map(|(name, _)| remove_node(run, api, name, observed))).await?;
    let goes = |name: &str| steps.remove.iter().any(|(removed, _)| removed == name);
    let staying = observed.nodes.iter().find(|node| {
        node.role == Role::ControlPlane
            && node.running
            && !goes(&node.name)
            && observed.is_registered(&node.name)
    });
    for (name, _) in steps.remove.iter().filter(|(_, role)| *role == Role::ControlPlane) {
        if let Some(staying) = staying {
            remove_member(run, &staying.name, name).await?;
        }
        remove_node(run, api, name, observed).await?;
    }
    // Members whose container is gone already would keep their successors out.
    for node in steps.add.iter().filter(|node| node.config.role == Role::ControlPlane) {
        if let Some(staying) = staying.filter(|_| !goes(&node.name)) {
            remove_member(run, &staying.name, &node.name).await?;
            api.delete_node(&node.name).await?;
        }
    }
    Ok(())
}

async fn remove_node(
    run: &ClusterRun<'_>,
    api: &ClusterApi,
    name: &str,
    observed: &Observed,
) -> Result<(), ClusterError> {
    if observed.is_registered(name) {
        drain(run, api, name).await?;
        api.delete_node(name).await?;
    }
    run.report(format!("removing {name}"));
    Ok(run.engine.remove_container(name).await?)
}

async fn add_nodes(run: &ClusterRun<'_>, steps: &Steps, observed: &Observed) -> Result<(), ClusterError> {
    let goes = |name: &str| steps.remove.iter().any(|(removed, _)| removed == name);
    let source = observed
        .nodes
        .iter()
        .find(|node| node.role == Role::ControlPlane && node.running && !goes(&node.name));
    let needs_certificates = steps.add.iter().any(|node| node.config.role == Role::ControlPlane);
    let (Some(source), false) = (source, steps.add.is_empty()) else { return Ok(()) };
    let shared = if needs_certificates { Some(shared_files(run, &source.name).await?) } else { None };
    let permits = join_permits(&run.version_of(&source.name).await?);
    let added = try_join_all(steps.add.iter().map(|node| async {
        run.report(format!("starting {}", node.name));
        run.make_node(node).await?;
        let version = run.version_of(&node.name).await?;
        run.start_node(node, &version).await?;
        run.wait_up(&node.name).await?;
        join(run, node, &version, shared.as_ref(), &permits).await
    }));
    added.await.map(|_| ())
}

/// Does what is done once per cluster, which an interrupted creation may have left, and sets labels.
async fn finish(
    run: &ClusterRun<'_>,
    api: &ClusterApi,
    steps: &Steps,
    prior: &Prior,
) -> Result<(), ClusterError> {
    let control_planes = run.nodes_with_role(Role::ControlPlane);
    if let Some(first) = control_planes.first() {
        install_addons(api, &addon_manifests(run, &first.name).await?).await?;
        if run.cluster.nodes.len() == 1 {
            open_single(api, &first.name).await?;
        }
    }
    for node in &steps.relabel {
        let patch = label_patch(prior, node);
        api.patch_node(&node.name, &patch).await?;
        if prior.nodes.get(&node.name).is_some_and(|old| old.taints != node.config.taints) {
            set_taints(api, prior, node).await?;
        }
    }
    Ok(())
}

/// Sets the labels that are wanted and removes those that were.
fn label_patch(prior: &Prior, node: &NamedNode) -> Json {
    let old = prior.nodes.get(&node.name).map(|old| &old.labels);
    let removed = old.into_iter().flatten().map(|(key, _)| (key.clone(), Json::Null));
    let wanted = node.config.labels.iter().map(|(key, value)| (key.clone(), json!(value)));
    json!({"metadata": {"labels": removed.chain(wanted).collect::<Map<_, _>>()}})
}

/// Replaces those taints that the configuration had by those that it has.
async fn set_taints(api: &ClusterApi, prior: &Prior, node: &NamedNode) -> Result<(), ClusterError> {
    let nodes = api.nodes().await?;
    let live = nodes.iter().find(|live| live.metadata.name.as_deref() == Some(&node.name));
    let live = live.and_then(|live| live.spec.as_ref()?.taints.clone()).unwrap_or_default();
    let objects =
        |taints: &[String]| -> Vec<Json> { taints.iter().map(|taint| taint_object(taint)).collect() };
    let old = prior.nodes.get(&node.name).map(|old| objects(&old.taints)).unwrap_or_default();
    let is_old =
        |taint: &Json| old.iter().any(|old| old["key"] == taint["key"] && old["effect"] == taint["effect"]);
    let mut taints: Vec<Json> =
        live.iter().map(|taint| json!(taint)).filter(|taint| !is_old(taint)).collect();
    taints.extend(objects(&node.config.taints));
    api.patch_node(&node.name, &json!({"spec": {"taints": taints}})).await
}
