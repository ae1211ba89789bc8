//! What is wrong with planned clusters on this machine: names and ports that are taken, images that nobody has,
//! too little memory. All changes are looked at together, so that what one gives up another one may take.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};
use terrane_provider::PlannedResource;

use super::cluster_resource::cluster_exists;
use super::config::{ClusterConfig, Role, text};
use super::create::check_engine;
use super::load_balancer::LOAD_BALANCER_IMAGE;
use super::names::{CLUSTER_LABEL, load_balancer_name, named_nodes};
use super::ports::{api_server_mapping, collide, is_free, node_mappings};
use super::run::Surroundings;
use crate::docker::{ContainerFacts, Engine, ImageAbsence};

/// What nodes take at least, measured with Kubernetes 1.33 and nothing running on them.
const CONTROL_PLANE_BYTES: u64 = 500 << 20;
const WORKER_BYTES: u64 = 110 << 20;

/// A cluster that is to be made.
struct New<'a> {
    change: &'a PlannedResource,
    cluster: ClusterConfig,
}

/// Checks all changes of a plan.
pub(super) async fn check_plan(
    engine: &Engine,
    surroundings: &Surroundings,
    changes: &[PlannedResource],
) -> Diagnostics {
    let clusters: Vec<&PlannedResource> =
        changes.iter().filter(|change| change.type_name == "kind_cluster").collect();
    let created: Vec<New<'_>> = clusters
        .iter()
        .filter(|change| !change.planned_state.is_null() && makes_anew(change))
        .map(|change| New { change, cluster: planned_cluster(&change.planned_state) })
        .collect();
    if created.is_empty() {
        return Diagnostics::new();
    }
    let given_up: Vec<String> = clusters
        .iter()
        .filter(|change| !change.prior_state.is_null())
        .map(|change| text(&change.prior_state, "name"))
        .collect();
    let (containers, facts) = match tokio::try_join!(engine.list_containers(None), engine.facts()) {
        Ok(found) => found,
        Err(error) => return error.diagnostic("Docker cannot be read").into(),
    };
    let staying: Vec<&ContainerFacts> = containers
        .iter()
        .filter(|container| {
            container.labels.get(CLUSTER_LABEL).is_none_or(|cluster| !given_up.contains(cluster))
        })
        .collect();
    let mut diagnostics = Diagnostics::new();
    if let (Err(error), Some(new)) = (check_engine(&facts), created.first()) {
        diagnostics.push(error.diagnostic("Docker cannot run clusters", &[], "").about(&new.change.address));
    }
    for (position, new) in created.iter().enumerate() {
        let about = |diagnostic: Diagnostic| diagnostic.about(&new.change.address);
        diagnostics.extend(name_problems(new, &created[..position], &staying).into_iter().map(about));
        diagnostics.extend(
            port_problems(new, &created[..position], &staying, engine, &given_up).into_iter().map(about),
        );
        diagnostics.extend(image_problems(new, engine, surroundings).await.into_iter().map(about));
    }
    diagnostics.extend(memory_problem(&created, facts.memory_bytes));
    diagnostics
}

/// Tells whether a change makes containers from nothing; the engine shows replacements as one change whose
/// outputs are not known.
fn makes_anew(change: &PlannedResource) -> bool {
    change.prior_state.is_null() || !change.planned_state.attribute("kubeconfig").is_known()
}

fn planned_cluster(planned: &Value) -> ClusterConfig {
    ClusterConfig::from_value(planned, None, &text(planned, "node_image"))
}

fn name_problems(new: &New<'_>, others: &[New<'_>], staying: &[&ContainerFacts]) -> Vec<Diagnostic> {
    let name = &new.cluster.name;
    if name.is_empty() {
        return Vec::new();
    }
    let at = |diagnostic: Diagnostic| diagnostic.on_attribute(AttributePath::root().attribute("name"));
    if let Some(other) = others.iter().find(|other| other.cluster.name == *name) {
        let detail = format!("{} makes a cluster named {name:?}, too.", other.change.address);
        return vec![at(Diagnostic::error("Cluster name used twice", detail))];
    }
    if let Some(container) =
        staying.iter().find(|container| container.labels.get(CLUSTER_LABEL) == Some(name))
    {
        return vec![cluster_exists(name, &container.name)];
    }
    let mut wanted: Vec<String> = named_nodes(&new.cluster).into_iter().map(|node| node.name).collect();
    if new.cluster.has_load_balancer() {
        wanted.push(load_balancer_name(name));
    }
    let taken = staying.iter().filter(|container| wanted.contains(&container.name));
    taken
        .map(|container| {
            let detail = format!(
                "There is a container named {:?}, made from {}, which belongs to no cluster. Remove it or choose another \
                 name for the cluster.",
                container.name, container.image
            );
            at(Diagnostic::error("Container name taken", detail))
        })
        .collect()
}

fn port_problems(
    new: &New<'_>,
    others: &[New<'_>],
    staying: &[&ContainerFacts],
    engine: &Engine,
    given_up: &[String],
) -> Vec<Diagnostic> {
    let family = new.cluster.networking.ip_family;
    let mut problems = Vec::new();
    for (mapping, at) in fixed_mappings(&new.cluster) {
        let taken = |by: String| {
            let (port, protocol) = (mapping.host_port, &mapping.protocol);
            let detail = format!(
                "The port {port} ({protocol}) is taken by {by}. Choose another one, or 0 for one that is free."
            );
            Diagnostic::error("Port taken", detail).on_attribute(at.clone())
        };
        let other = others
            .iter()
            .find(|other| fixed_mappings(&other.cluster).iter().any(|(theirs, _)| collide(theirs, &mapping)));
        let container = staying.iter().find(|container| {
            container.published.iter().any(|published| {
                i64::from(published.host_port) == mapping.host_port
                    && (published.address == mapping.listen_address
                        || matches!(published.address.as_str(), "" | "0.0.0.0" | "::")
                        || matches!(mapping.listen_address.as_str(), "" | "0.0.0.0" | "::"))
            })
        });
        if let Some(other) = other {
            problems.push(taken(other.change.address.clone()));
        } else if let Some(container) = container {
            problems.push(taken(format!("the container {}", container.name)));
        } else if engine.is_local && given_up.is_empty() && !is_free(&mapping, family) {
            problems.push(taken("another program on this machine".to_owned()));
        }
    }
    problems
}

/// Returns the ports that are named, each with the part of the configuration that names it.
fn fixed_mappings(cluster: &ClusterConfig) -> Vec<(super::config::PortMapping, AttributePath)> {
    let block = AttributePath::root().attribute("kind_config").position(0);
    let mut mappings = Vec::new();
    let api = api_server_mapping(cluster);
    if api.host_port > 0 {
        mappings.push((api, block.attribute("networking").position(0).attribute("api_server_port")));
    }
    for (position, node) in cluster.nodes.iter().enumerate() {
        let count = node.extra_port_mappings.len();
        for (number, mapping) in node_mappings(cluster, node).into_iter().take(count).enumerate() {
            if mapping.host_port > 0 {
                let at = block.attribute("node").position(position).attribute("extra_port_mappings");
                mappings.push((mapping, at.position(number).attribute("host_port")));
            }
        }
    }
    mappings
}

async fn image_problems(new: &New<'_>, engine: &Engine, surroundings: &Surroundings) -> Vec<Diagnostic> {
    let archive = text(&new.change.planned_state, "node_image_archive");
    if !archive.is_empty() {
        let path = surroundings.working_directory.join(&archive);
        if path.exists() {
            return Vec::new();
        }
        // It may be made in the same apply.
        let detail =
            format!("There is no file {}. It has to be there when the cluster is created.", path.display());
        let at = AttributePath::root().attribute("node_image_archive");
        return vec![Diagnostic::warning("Image archive not found", detail).on_attribute(at)];
    }
    let mut images: Vec<String> = new.cluster.images().into_iter().map(str::to_owned).collect();
    if new.cluster.has_load_balancer() {
        images.push(LOAD_BALANCER_IMAGE.to_owned());
    }
    join_all(images.into_iter().map(|image| image_problem(engine, image)))
        .await
        .into_iter()
        .flatten()
        .collect()
}

async fn image_problem(engine: &Engine, image: String) -> Option<Diagnostic> {
    if image.is_empty() || !matches!(engine.inspect_image(&image).await, Ok(None)) {
        return None;
    }
    let at = AttributePath::root().attribute("node_image");
    let diagnostic = match engine.check_registry(&image).await? {
        ImageAbsence::Refused(reason) => Diagnostic::error(
            "Image not found",
            format!("Docker does not have the image {image:?}, and its registry does not give it: {reason}."),
        ),
        ImageAbsence::Unreachable(reason) => Diagnostic::warning(
            "Image may be missing",
            format!(
                "Docker does not have the image {image:?}, and its registry cannot be asked: {reason}. It will be tried \
                 again when the cluster is created."
            ),
        ),
    };
    Some(diagnostic.on_attribute(at))
}

fn memory_problem(created: &[New<'_>], memory_bytes: u64) -> Option<Diagnostic> {
    let count = |role: Role| -> u64 { created.iter().map(|new| new.cluster.count(role) as u64).sum() };
    let (control_planes, workers) = (count(Role::ControlPlane), count(Role::Worker));
    let needed = control_planes * CONTROL_PLANE_BYTES + workers * WORKER_BYTES;
    if memory_bytes == 0 || needed <= memory_bytes {
        return None;
    }
    let detail = format!(
        "{control_planes} control planes and {workers} workers take {} MiB at least, and Docker's machine has {} MiB. Plan \
         fewer nodes, or give the machine more memory.",
        needed >> 20,
        memory_bytes >> 20
    );
    let diagnostic = Diagnostic::error("Too little memory", detail);
    let addresses: BTreeMap<&str, ()> = created.iter().map(|new| (new.change.address.as_str(), ())).collect();
    Some(addresses.keys().next().map_or(diagnostic.clone(), |address| diagnostic.about(address)))
}
