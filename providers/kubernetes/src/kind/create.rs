//! Creating a cluster. What can happen at the same time does: several control planes begin together, or, where their
//! configuration is patched, join a first one at once; while they are initialised, workers boot and the pod network is
//! installed.

use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::json;
use terrane_provider::Progress;
use tokio::sync::{Semaphore, watch};

use super::addons::{addon_manifests, install_addons};
use super::cluster_api::{ClusterApi, is_ready};
use super::config::{API_SERVER_PORT, ClusterConfig, Role};
use super::container_config::load_balancer_container;
use super::enlist::enlist;
use super::error::ClusterError;
use super::images::ensure_images;
use super::join::{ADMIN_CONF_PATH, SharedFiles, join, join_permits, shared_files};
use super::kubeadm_config::{BOOTSTRAP_TOKEN, CONTROL_PLANE_TAINT, KUBEADM_CONFIG_PATH, init_skip_phases};
use super::kubeconfig::Access;
use super::load_balancer::{LOAD_BALANCER_CONFIG_PATH, LOAD_BALANCER_IMAGE, haproxy_config};
use super::names::{NamedNode, cluster_filter, load_balancer_name, named_nodes};
use super::network::{ensure_cluster_network, network_name};
use super::ports::{HeldPorts, Publication, api_server_mapping};
use super::run::{ClusterRun, Surroundings};
use super::together::{begin, begin_together, etcd_members, make_authorities, note_sockets};
use super::version::Version;
use crate::docker::{ArchiveEntry, Command, Engine, NetworkFacts};

/// How often the nodes are asked whether they are ready.
const READY_PAUSE: Duration = Duration::from_millis(150);

/// How often a file is looked for that kubeadm is about to write.
const FILE_PAUSE: Duration = Duration::from_millis(250);

/// The longest that nodes may take to become ready.
pub(crate) const READY_PATIENCE: Duration = Duration::from_secs(300);

/// The label with which kubeadm keeps load balancers of clouds off control planes.
const EXCLUDED_LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// What has been created.
#[derive(Debug, Clone)]
pub(crate) struct Created {
    pub(crate) access: Access,
    pub(crate) network: NetworkFacts,
}

/// What a creation depends on beside the cluster's own configuration.
pub(crate) struct CreateRequest<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) cluster: &'a ClusterConfig,
    /// An archive that may hold the node image.
    pub(crate) image_archive: Option<&'a Path>,
    pub(crate) wait_for_ready: bool,
    pub(crate) progress: &'a dyn Progress,
}

/// Creates a cluster of which nothing is there yet. What it has made when it fails stays.
///
/// # Errors
/// When a container of that cluster is there already, or any step fails.
pub(crate) async fn create(request: &CreateRequest<'_>) -> Result<Created, ClusterError> {
    let CreateRequest { engine, cluster, progress, .. } = *request;
    let mut images = cluster.images();
    if cluster.has_load_balancer() {
        images.push(LOAD_BALANCER_IMAGE);
    }
    let filter = cluster_filter(&cluster.name);
    let network_name = network_name(&request.surroundings.environment);
    let (engine_facts, existing, network) = tokio::try_join!(
        async { engine.facts().await.map_err(ClusterError::from) },
        async { engine.list_containers(Some(&filter)).await.map_err(ClusterError::from) },
        ensure_cluster_network(engine, &network_name),
    )?;
    if let Some(container) = existing.first() {
        return Err(ClusterError::Exists {
            cluster: cluster.name.clone(),
            container: container.name.clone(),
        });
    }
    check_engine(&engine_facts)?;
    ensure_images(engine, &images, request.image_archive, progress).await?;
    let mut control_planes: Vec<NamedNode> = named_nodes(cluster);
    control_planes.retain(|node| node.config.role == Role::ControlPlane);
    control_planes.sort_by(|a, b| a.name.cmp(&b.name));
    let Some(bootstrap) = control_planes.first() else {
        return Err(ClusterError::Invalid("the cluster has no control plane".to_owned()));
    };
    let endpoint =
        if cluster.has_load_balancer() { load_balancer_name(&cluster.name) } else { bootstrap.name.clone() };
    let run = ClusterRun {
        engine,
        engine_facts,
        surroundings: request.surroundings,
        cluster,
        network,
        endpoint,
        progress,
        expected: expected_duration(cluster),
    };
    let access = run_all(&run, bootstrap, request.wait_for_ready).await?;
    Ok(Created { access, network: run.network })
}

/// Without root, nodes need more of the machine than Docker itself.
pub(crate) fn check_engine(facts: &crate::docker::EngineFacts) -> Result<(), ClusterError> {
    if facts.rootless && !(facts.cgroup_v2 && facts.has_limits) {
        let reason = "Docker runs without root here, and nodes then need cgroup v2 with the memory, pids and cpu \
                      controllers delegated to the user";
        return Err(ClusterError::Invalid(reason.to_owned()));
    }
    Ok(())
}

/// Returns how long creating a cluster usually takes.
pub(crate) fn expected_duration(cluster: &ClusterConfig) -> Duration {
    let more_control_planes = cluster.count(Role::ControlPlane).saturating_sub(1) as u64;
    let nodes = cluster.nodes.len() as u64;
    Duration::from_secs(12 + 6 * more_control_planes + nodes)
}

/// What the other nodes wait for.
#[derive(Clone)]
enum Milestone {
    /// The first control plane's container is being made.
    Starting,
    /// It runs: others may have the disk.
    Started,
    /// It takes others in.
    Initialised(Option<SharedFiles>),
}

async fn run_all(run: &ClusterRun<'_>, bootstrap: &NamedNode, wait: bool) -> Result<Access, ClusterError> {
    let (milestone, reached) = watch::channel(Milestone::Starting);
    let permits = Semaphore::new(0);
    let balancer = async {
        if run.cluster.has_load_balancer() { start_load_balancer(run).await.map(Some) } else { Ok(None) }
    };
    let (connection, connected) = watch::channel(None);
    let together = begin_together(run.cluster);
    let first = async {
        if together {
            bring_up_together(run, &milestone, &connection).await
        } else {
            bring_up_first(run, bootstrap, &milestone, &connection, &permits).await
        }
    };
    let is_other = |node: &NamedNode| {
        if together { node.config.role != Role::ControlPlane } else { node.name != bootstrap.name }
    };
    let others = named_nodes(run.cluster).into_iter().filter(is_other);
    let host = Host { bootstrap, reached, connected, permits: &permits };
    let others = try_join_all(others.map(|node| bring_up(run, node, host.clone())));
    let (balancer, first, _) = tokio::try_join!(balancer, first, others)?;
    let entrance = balancer.as_ref().unwrap_or(&first.publication);
    let container = if balancer.is_some() { &run.endpoint } else { &bootstrap.name };
    let endpoint = endpoint_url(run.engine, container, entrance).await?;
    let access = access(&first.admin_conf, &run.cluster.name, &endpoint)?;
    if wait {
        // As the kind command does: workers have joined by now, and take pods when they are ready.
        let names: Vec<String> =
            run.nodes_with_role(Role::ControlPlane).into_iter().map(|node| node.name).collect();
        wait_ready(run, &first.api, &names).await?;
    }
    Ok(access)
}

/// What the other nodes come to.
#[derive(Clone)]
struct Host<'a> {
    /// The first control plane.
    bootstrap: &'a NamedNode,
    reached: watch::Receiver<Milestone>,
    /// Its API server, which may still be coming up; the authorities are there.
    connected: watch::Receiver<Option<ClusterApi>>,
    permits: &'a Semaphore,
}

/// The first control plane, initialised.
struct First {
    publication: Publication,
    admin_conf: String,
    api: ClusterApi,
}

async fn bring_up_first(
    run: &ClusterRun<'_>,
    node: &NamedNode,
    milestone: &watch::Sender<Milestone>,
    connection: &watch::Sender<Option<ClusterApi>>,
    permits: &Semaphore,
) -> Result<First, ClusterError> {
    run.report(format!("starting {}", node.name));
    let publication = own_publication(run.make_node(node).await?)?;
    let version = run.version_of(&node.name).await?;
    let manifests = addon_manifests(run, &node.name).await?;
    run.start_node(node, &version).await?;
    milestone.send_replace(Milestone::Started);
    permits.add_permits(join_permits(&version).available_permits());
    run.wait_up(&node.name).await?;
    run.report(format!("initialising {}", node.name));
    let initialise = async {
        initialise(run, &node.name, &version).await?;
        run.report(format!("{} is initialised", node.name));
        describe(run, connection.subscribe()).await?;
        let shared =
            if run.cluster.has_load_balancer() { Some(shared_files(run, &node.name).await?) } else { None };
        milestone.send_replace(Milestone::Initialised(shared));
        Ok::<(), ClusterError>(())
    };
    let install = install(run, node, &publication, &manifests, connection);
    let ((), (admin_conf, api)) = tokio::try_join!(initialise, install)?;
    if run.cluster.nodes.len() == 1 {
        open_single(&api, &node.name).await?;
    }
    Ok(First { publication, admin_conf, api })
}

/// Brings up all control planes at once.
async fn bring_up_together(
    run: &ClusterRun<'_>,
    milestone: &watch::Sender<Milestone>,
    connection: &watch::Sender<Option<ClusterApi>>,
) -> Result<First, ClusterError> {
    let nodes = run.nodes_with_role(Role::ControlPlane);
    let Some((node, others)) = nodes.split_first() else { return Err(ClusterError::Stopped) };
    let started = try_join_all(nodes.iter().map(|node| async {
        run.report(format!("starting {}", node.name));
        let publications = run.make_node(node).await?;
        Ok::<_, ClusterError>((publications, run.start_container(node).await?))
    }));
    let (publications, addresses): (Vec<_>, Vec<_>) = started.await?.into_iter().unzip();
    let publication = own_publication(publications.into_iter().next().unwrap_or_default())?;
    let (version, manifests) =
        tokio::try_join!(run.version_of(&node.name), addon_manifests(run, &node.name))?;
    let members = etcd_members(run.cluster, &nodes.iter().zip(&addresses).collect::<Vec<_>>());
    let configured = nodes.iter().zip(&addresses);
    let configured = configured.map(|(node, own)| run.write_config(node, &version, own, Some(&members)));
    try_join_all(configured).await?;
    milestone.send_replace(Milestone::Started);
    let authorities = make_authorities(run, &node.name).await?;
    try_join_all(others.iter().map(|node| authorities.upload(run, &node.name))).await?;
    let initialise = async {
        let begin = nodes.iter().map(|control_plane| async {
            run.wait_up(&control_plane.name).await?;
            begin(run, &control_plane.name, control_plane.name == node.name).await?;
            if control_plane.name == node.name {
                describe(run, connection.subscribe()).await?;
                milestone.send_replace(Milestone::Initialised(None));
            }
            Ok::<(), ClusterError>(())
        });
        try_join_all(begin).await
    };
    let install = install(run, node, &publication, &manifests, connection);
    let (_, (admin_conf, api)) = tokio::try_join!(initialise, install)?;
    note_sockets(&api, others).await?;
    Ok(First { publication, admin_conf, api })
}

/// Finds where a control plane's own API server is published: last.
fn own_publication(publications: Vec<Publication>) -> Result<Publication, ClusterError> {
    let api_port = i64::from(API_SERVER_PORT);
    let publication = publications.into_iter().rfind(|publication| publication.container_port == api_port);
    publication.ok_or_else(|| ClusterError::Invalid("the API server has no port".to_owned()))
}

/// Lets nodes that join trust the description of the cluster.
async fn describe(
    run: &ClusterRun<'_>,
    connected: watch::Receiver<Option<ClusterApi>>,
) -> Result<(), ClusterError> {
    if run.cluster.nodes.len() > 1 {
        let api: ClusterApi = connected_api(connected).await?;
        let (id, secret) = BOOTSTRAP_TOKEN;
        api.sign_description(id, secret).await?;
    }
    Ok(())
}

/// Installs pod network and storage class as soon as a control plane's API server answers.
async fn install(
    run: &ClusterRun<'_>,
    node: &NamedNode,
    publication: &Publication,
    manifests: &[serde_json::Value],
    connection: &watch::Sender<Option<ClusterApi>>,
) -> Result<(String, ClusterApi), ClusterError> {
    let admin_conf = wait_for_admin_conf(run, &node.name).await?;
    let own_url = endpoint_url(run.engine, &node.name, publication).await?;
    let api = ClusterApi::connect(&access(&admin_conf, &run.cluster.name, &own_url)?).await?;
    connection.send_replace(Some(api.clone()));
    install_addons(&api, manifests).await?;
    run.report("pod network and storage class are installed");
    Ok((admin_conf, api))
}

/// Waits for the connection that the installation of the pod network makes first.
async fn connected_api(
    mut connected: watch::Receiver<Option<ClusterApi>>,
) -> Result<ClusterApi, ClusterError> {
    let connection = connected.wait_for(Option::is_some).await.map_err(|_| ClusterError::Stopped)?;
    connection.clone().ok_or(ClusterError::Stopped)
}

/// Lets ordinary pods and load balancers come to a control plane that is all there is.
pub(crate) async fn open_single(api: &ClusterApi, name: &str) -> Result<(), ClusterError> {
    api.patch_node(name, &json!({"metadata": {"labels": {EXCLUDED_LABEL: null}}})).await?;
    let nodes = api.nodes().await?;
    let node = nodes.iter().find(|node| node.metadata.name.as_deref() == Some(name));
    let taints = node.and_then(|node| node.spec.as_ref()).and_then(|spec| spec.taints.as_ref());
    let kept: Vec<_> =
        taints.into_iter().flatten().filter(|taint| taint.key != CONTROL_PLANE_TAINT).collect();
    api.patch_node(name, &json!({"spec": {"taints": kept}})).await
}

async fn initialise(run: &ClusterRun<'_>, node: &str, version: &Version) -> Result<(), ClusterError> {
    let mut arguments = vec![
        "kubeadm".to_owned(),
        "init".to_owned(),
        format!("--config={KUBEADM_CONFIG_PATH}"),
        "--skip-token-print".to_owned(),
    ];
    if !version.at_least(1, 23) {
        arguments.push(format!("--skip-phases={}", init_skip_phases(run.cluster).join(",")));
    }
    run.exec(node, Command::new(arguments)).await.map(|_| ())
}

async fn bring_up(run: &ClusterRun<'_>, node: NamedNode, mut host: Host<'_>) -> Result<(), ClusterError> {
    // The sender only goes when the first control plane has failed, and then so does all of this.
    let gone = |_| ClusterError::Stopped;
    let _ =
        host.reached.wait_for(|milestone| !matches!(milestone, Milestone::Starting)).await.map_err(gone)?;
    run.make_node(&node).await?;
    let version = run.version_of(&node.name).await?;
    let addresses = run.start_container(&node).await?;
    run.write_config(&node, &version, &addresses, None).await?;
    run.wait_up(&node.name).await?;
    if node.config.role == Role::Worker
        && let Some(config) = run.enlist_config(&node, &version, &addresses, host.bootstrap)?
    {
        let api = connected_api(host.connected).await?;
        return enlist(run, &node, config, &host.bootstrap.name, &api).await;
    }
    let initialised = |milestone: &Milestone| matches!(milestone, Milestone::Initialised(_));
    let shared = match &*host.reached.wait_for(initialised).await.map_err(gone)? {
        Milestone::Initialised(shared) => shared.clone(),
        Milestone::Starting | Milestone::Started => None,
    };
    join(run, &node, &version, shared.as_ref(), host.permits).await
}

/// Starts the load balancer with its configuration in place; its servers need not be there yet.
pub(crate) async fn start_load_balancer(run: &ClusterRun<'_>) -> Result<Publication, ClusterError> {
    let name = load_balancer_name(&run.cluster.name);
    let mut held = HeldPorts::default();
    let mapping = api_server_mapping(run.cluster);
    let publication = held.publish(&mapping, run.cluster.networking.ip_family).map_err(|error| {
        ClusterError::Invalid(format!("the API server's port cannot be published: {error}"))
    })?;
    let names = run.container_names();
    let body = load_balancer_container(&run.container_context(&names), &name, &publication);
    run.engine.create_container(&name, body).await?;
    write_load_balancer_config(run).await?;
    drop(held);
    run.engine.start_container(&name).await?;
    Ok(publication)
}

/// Writes the load balancer's configuration for the cluster's control planes.
pub(crate) async fn write_load_balancer_config(run: &ClusterRun<'_>) -> Result<(), ClusterError> {
    let control_planes = run.nodes_with_role(Role::ControlPlane);
    let names: Vec<&str> = control_planes.iter().map(|node| node.name.as_str()).collect();
    let config = haproxy_config(&names, run.cluster.networking.ip_family);
    let file = ArchiveEntry::public(LOAD_BALANCER_CONFIG_PATH, config);
    Ok(run.engine.upload(&load_balancer_name(&run.cluster.name), &[file]).await?)
}

/// kubeadm writes the administrator's kubeconfig long before it has finished.
async fn wait_for_admin_conf(run: &ClusterRun<'_>, node: &str) -> Result<String, ClusterError> {
    loop {
        if let Some(content) =
            run.engine.read_file(node, ADMIN_CONF_PATH).await?.filter(|file| !file.is_empty())
        {
            return Ok(String::from_utf8_lossy(&content).into_owned());
        }
        tokio::time::sleep(FILE_PAUSE).await;
    }
}

/// Makes access out of the administrator's kubeconfig.
pub(crate) fn access(admin_conf: &str, cluster: &str, endpoint: &str) -> Result<Access, ClusterError> {
    Access::from_admin_conf(admin_conf, cluster, endpoint).map_err(|reason| {
        ClusterError::Invalid(format!("the kubeconfig of the control plane cannot be used: {reason}"))
    })
}

/// Returns the URL at which a published API server is reached, once its container runs.
async fn endpoint_url(
    engine: &Engine,
    container: &str,
    publication: &Publication,
) -> Result<String, ClusterError> {
    match publication.host_port {
        Some(port) => Ok(api_url(&publication.address, port)),
        None => published_url(engine, container).await,
    }
}

/// Returns the URL at which the API server behind a running container is reached, as Docker says.
pub(crate) async fn published_url(engine: &Engine, container: &str) -> Result<String, ClusterError> {
    let inspected = engine.inspect_container(container).await?;
    published_in(&inspected).ok_or_else(|| ClusterError::Node {
        node: container.to_owned(),
        reason: "publishes no port for the API server".to_owned(),
    })
}

/// Reads the API server's URL out of a container's facts: where the container runs the port that it has, else
/// the one that it will have, if that is fixed.
pub(crate) fn published_in(inspected: &bollard::models::ContainerInspectResponse) -> Option<String> {
    let port = format!("{API_SERVER_PORT}/tcp");
    let current = inspected.network_settings.as_ref().and_then(|settings| settings.ports.as_ref());
    let wanted = inspected.host_config.as_ref().and_then(|host| host.port_bindings.as_ref());
    let found = [current, wanted].into_iter().flatten().find_map(|ports| {
        let binding = ports.get(&port)?.as_ref()?.first()?;
        let number = binding.host_port.as_deref()?.parse::<u16>().ok()?;
        Some((binding.host_ip.clone().unwrap_or_default(), number))
    });
    found.map(|(address, port)| api_url(&address, port))
}

fn api_url(address: &str, port: u16) -> String {
    if address.contains(':') {
        format!("https://[{address}]:{port}")
    } else {
        format!("https://{address}:{port}")
    }
}

/// Waits until nodes are there and ready.
pub(crate) async fn wait_ready(
    run: &ClusterRun<'_>,
    api: &ClusterApi,
    names: &[String],
) -> Result<(), ClusterError> {
    let ask = async {
        loop {
            // An API server behind a load balancer may be away for a moment while members join.
            if let Ok(nodes) = api.nodes().await {
                let ready: Vec<&str> = nodes
                    .iter()
                    .filter(|node| is_ready(node))
                    .filter_map(|node| node.metadata.name.as_deref())
                    .collect();
                let waited_for: Vec<&str> =
                    names.iter().map(String::as_str).filter(|name| !ready.contains(name)).collect();
                if waited_for.is_empty() {
                    return;
                }
                run.report(format!("waiting for {} to be ready", waited_for.join(", ")));
            }
            tokio::time::sleep(READY_PAUSE).await;
        }
    };
    tokio::time::timeout(READY_PATIENCE, ask).await.map_err(|_| ClusterError::Timeout {
        what: "waiting for the nodes to be ready".to_owned(),
        seconds: READY_PATIENCE.as_secs(),
    })
}
