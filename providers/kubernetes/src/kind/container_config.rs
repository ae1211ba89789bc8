//! What Docker is told to make: the containers of nodes and of the load balancer.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bollard::models::{
    ContainerCreateBody, DeviceMapping, HostConfig, HostConfigCgroupnsModeEnum, PortBinding, RestartPolicy,
    RestartPolicyNameEnum,
};

use super::config::{ClusterConfig, ExtraMount, Role};
use super::load_balancer::LOAD_BALANCER_IMAGE;
use super::names::{CLUSTER_LABEL, LOAD_BALANCER_ROLE, NamedNode, ROLE_LABEL};
use super::ports::Publication;
use crate::docker::EngineFacts;

/// What all containers of a cluster share.
#[derive(Debug, Clone)]
pub(crate) struct ContainerContext<'a> {
    pub(crate) cluster: &'a ClusterConfig,
    pub(crate) engine: &'a EngineFacts,
    /// The network's name.
    pub(crate) network: &'a str,
    /// The network's subnets, which no proxy is asked for.
    pub(crate) subnets: &'a [String],
    /// The names of all containers, which no proxy is asked for.
    pub(crate) names: &'a [String],
    /// The caller's environment variables.
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// Relative paths of mounts start here.
    pub(crate) working_directory: &'a Path,
}

/// Describes the container of a node.
pub(crate) fn node_container(
    context: &ContainerContext<'_>,
    node: &NamedNode,
    publications: &[Publication],
) -> ContainerCreateBody {
    let mut body = common(context, &node.name, node.config.role.name(), &node.config.image, publications);
    body.volumes = Some(vec!["/var".to_owned()]);
    let environment = body.env.get_or_insert_default();
    if let Some(snapshotter) = context.environment.get("KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER") {
        environment.push(format!("KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER={snapshotter}"));
    }
    if node.config.role == Role::ControlPlane {
        environment.push("KUBECONFIG=/etc/kubernetes/admin.conf".to_owned());
    }
    if let Some(host) = &mut body.host_config {
        host.privileged = Some(true);
        host.security_opt = Some(vec!["seccomp=unconfined".to_owned(), "apparmor=unconfined".to_owned()]);
        host.tmpfs = Some(["/tmp", "/run"].map(|path| (path.to_owned(), String::new())).into());
        let binds = host.binds.get_or_insert_default();
        binds.push("/lib/modules:/lib/modules:ro".to_owned());
        binds.extend(node.config.extra_mounts.iter().map(|mount| bind(mount, context.working_directory)));
    }
    body
}

/// Describes the container in front of several control planes.
pub(crate) fn load_balancer_container(
    context: &ContainerContext<'_>,
    name: &str,
    publication: &Publication,
) -> ContainerCreateBody {
    common(context, name, LOAD_BALANCER_ROLE, LOAD_BALANCER_IMAGE, std::slice::from_ref(publication))
}

fn common(
    context: &ContainerContext<'_>,
    name: &str,
    role: &str,
    image: &str,
    publications: &[Publication],
) -> ContainerCreateBody {
    let labels = [(ROLE_LABEL, role), (CLUSTER_LABEL, context.cluster.name.as_str())];
    let port = |publication: &Publication| format!("{}/{}", publication.container_port, publication.protocol);
    let mut port_bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for publication in publications {
        let bindings = port_bindings.entry(port(publication)).or_default();
        bindings.get_or_insert_default().push(PortBinding {
            host_ip: Some(publication.address.clone()),
            // Docker chooses where none is named.
            host_port: Some(publication.host_port.map(|port| port.to_string()).unwrap_or_default()),
        });
    }
    let host_config = HostConfig {
        network_mode: Some(context.network.to_owned()),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::ON_FAILURE),
            maximum_retry_count: Some(1),
        }),
        init: Some(false),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        sysctls: sysctls(context),
        userns_mode: context.engine.user_namespaces.then(|| "host".to_owned()),
        binds: context.engine.needs_device_mapper.then(|| vec!["/dev/mapper:/dev/mapper".to_owned()]),
        devices: context.engine.rootless.then(|| vec![fuse_device()]),
        port_bindings: Some(port_bindings),
        ..HostConfig::default()
    };
    ContainerCreateBody {
        hostname: Some(name.to_owned()),
        labels: Some(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
        tty: Some(true),
        image: Some(image.to_owned()),
        env: Some(environment(context)),
        exposed_ports: Some(publications.iter().map(port).collect()),
        host_config: Some(host_config),
        ..ContainerCreateBody::default()
    }
}

fn sysctls(context: &ContainerContext<'_>) -> Option<HashMap<String, String>> {
    let settings = [("net.ipv6.conf.all.disable_ipv6", "0"), ("net.ipv6.conf.all.forwarding", "1")];
    let has_ipv6 = context.cluster.networking.ip_family.has_ipv6();
    has_ipv6.then(|| settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
}

fn fuse_device() -> DeviceMapping {
    DeviceMapping {
        path_on_host: Some("/dev/fuse".to_owned()),
        path_in_container: Some("/dev/fuse".to_owned()),
        cgroup_permissions: Some("rwm".to_owned()),
    }
}

fn environment(context: &ContainerContext<'_>) -> Vec<String> {
    let mut variables = proxy_variables(context);
    if let Some(search) = &context.cluster.networking.dns_search {
        variables.push(format!("KIND_DNS_SEARCH={}", search.join(" ")));
    }
    variables
}

/// Returns the caller's proxies, which the nodes pull images through. What is inside of the cluster goes past
/// them.
fn proxy_variables(context: &ContainerContext<'_>) -> Vec<String> {
    let caller = |name: &str| {
        let set = |name: &str| context.environment.get(name).filter(|value| !value.is_empty());
        set(name).or_else(|| set(&name.to_lowercase())).cloned()
    };
    let (http, https, none) = (caller("HTTP_PROXY"), caller("HTTPS_PROXY"), caller("NO_PROXY"));
    if http.is_none() && https.is_none() && none.is_none() {
        return Vec::new();
    }
    let networking = &context.cluster.networking;
    let mut past: Vec<&str> = context.subnets.iter().map(String::as_str).collect();
    past.extend(none.as_deref());
    past.extend([networking.service_subnet.as_str(), networking.pod_subnet.as_str()]);
    past.extend(context.names.iter().map(String::as_str));
    past.extend([".svc", ".svc.cluster", ".svc.cluster.local"]);
    let variables = [("HTTP_PROXY", http), ("HTTPS_PROXY", https), ("NO_PROXY", Some(past.join(",")))];
    let written = variables.into_iter().filter_map(|(name, value)| Some((name, value?)));
    written
        .flat_map(|(name, value)| [format!("{name}={value}"), format!("{}={value}", name.to_lowercase())])
        .collect()
}

/// Writes a mount as `HOST:CONTAINER[:options]`.
fn bind(mount: &ExtraMount, working_directory: &Path) -> String {
    let host = working_directory.join(&mount.host_path);
    let mut options = Vec::new();
    if mount.read_only {
        options.push("ro");
    }
    if mount.selinux_relabel {
        options.push("Z");
    }
    match mount.propagation.as_str() {
        "Bidirectional" => options.push("rshared"),
        "HostToContainer" => options.push("rslave"),
        _ => {}
    }
    let separator = if options.is_empty() { "" } else { ":" };
    format!("{}:{}{separator}{}", host.display(), mount.container_path, options.join(","))
}

#[cfg(test)]
mod tests {
    use super::super::config::{IpFamily, NodeConfig, PortMapping};
    use super::super::names::named_nodes;
    use super::super::ports::HeldPorts;
    use super::*;

    fn engine() -> EngineFacts {
        EngineFacts {
            cgroup_v2: false,
            rootless: false,
            user_namespaces: false,
            has_limits: true,
            needs_device_mapper: false,
            memory_bytes: 1 << 34,
            processors: 4,
        }
    }

    fn cluster() -> ClusterConfig {
        let value = terrane_model::Value::object([("name", terrane_model::Value::from("demo"))]);
        ClusterConfig::from_value(&value, None, "node:v1")
    }

    fn describe(
        cluster: &ClusterConfig,
        engine: &EngineFacts,
        environment: &BTreeMap<String, String>,
    ) -> String {
        let nodes = named_nodes(cluster);
        let mut names: Vec<String> = nodes.iter().map(|node| node.name.clone()).collect();
        names.sort();
        let context = ContainerContext {
            cluster,
            engine,
            network: "kind",
            subnets: &["172.18.0.0/16".to_owned()],
            names: &names,
            environment,
            working_directory: Path::new("/work-folder"),
        };
        let node = &nodes[0];
        let mut held = HeldPorts::default();
        let mappings = super::super::ports::node_mappings(cluster, &node.config);
        let publications: Vec<Publication> = mappings
            .iter()
            .map(|mapping| held.publish(mapping, cluster.networking.ip_family).unwrap())
            .collect();
        let body = node_container(&context, node, &publications);
        // By way of a value, for an order that does not change.
        serde_json::to_string_pretty(&serde_json::to_value(body).unwrap()).unwrap()
    }

    #[test]
    fn a_plain_control_plane() {
        let mut cluster = cluster();
        cluster.networking.api_server_port = 40123;
        insta::assert_snapshot!("plain_control_plane", describe(&cluster, &engine(), &BTreeMap::new()));
    }

    #[test]
    fn a_node_with_everything() {
        let mut cluster = cluster();
        cluster.networking.ip_family = IpFamily::Dual;
        cluster.networking.dns_search = Some(Vec::new());
        cluster.networking.api_server_port = -1;
        let mut node = NodeConfig::control_plane("node:v1".to_owned());
        let mount = |host: &str, container: &str, read_only, selinux_relabel, propagation: &str| ExtraMount {
            host_path: host.to_owned(),
            container_path: container.to_owned(),
            read_only,
            selinux_relabel,
            propagation: propagation.to_owned(),
        };
        node.extra_mounts = vec![
            mount("/abs", "/a", true, true, "HostToContainer"),
            mount("rel", "/b", false, false, "Bidirectional"),
            mount("/c", "/c", false, false, "None"),
        ];
        node.extra_port_mappings = vec![PortMapping {
            container_port: 53,
            host_port: 5353,
            listen_address: String::new(),
            protocol: "UDP".to_owned(),
        }];
        cluster.nodes = vec![node];
        let engine =
            EngineFacts { user_namespaces: true, needs_device_mapper: true, rootless: true, ..engine() };
        let environment = [
            ("https_proxy".to_owned(), "http://proxy:3128".to_owned()),
            ("NO_PROXY".to_owned(), "corp.test".to_owned()),
        ];
        insta::assert_snapshot!("node_with_everything", describe(&cluster, &engine, &environment.into()));
    }
}
