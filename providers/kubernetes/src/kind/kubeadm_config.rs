//! The configuration that kubeadm makes a node from: five documents in one file, the same for every node but
//! for its own address, labels and patches, and good for `kubeadm init` as well as for `kubeadm join`.

use serde_json::{Value as Json, json};

use super::config::{API_SERVER_PORT, ClusterConfig, IpFamily, Role};
use super::names::NamedNode;
use super::patches::merge_documents;
use super::run::Addresses;
use super::version::Version;
use crate::yaml;

/// Where the file lies in a node.
pub(crate) const KUBEADM_CONFIG_PATH: &str = "/kind/kubeadm.conf";

/// Where every node keeps the certificate of the cluster's authority.
pub(crate) const CA_PATH: &str = "/etc/kubernetes/pki/ca.crt";

/// Id and secret of the token with which nodes join. It is the same in every cluster, for it is of no use outside of the
/// cluster's own network.
pub(crate) const BOOTSTRAP_TOKEN: (&str, &str) = ("abcdef", "0123456789abcdef");

fn bootstrap_token() -> String {
    let (id, secret) = BOOTSTRAP_TOKEN;
    format!("{id}.{secret}")
}

/// The taint that keeps ordinary pods off control planes.
pub(crate) const CONTROL_PLANE_TAINT: &str = "node-role.kubernetes.io/control-plane";

/// What a node's configuration depends on beside the cluster's.
#[derive(Debug, Clone)]
pub(crate) struct NodeFacts<'a> {
    pub(crate) node: &'a NamedNode,
    /// The Kubernetes version in the node's image.
    pub(crate) version: &'a Version,
    /// The node's addresses in the cluster's network.
    pub(crate) addresses: &'a Addresses,
    /// The name of the container that all nodes reach the API server at.
    pub(crate) endpoint: &'a str,
    /// Whether Docker runs without root.
    pub(crate) rootless: bool,
    /// The members that etcd begins with, where they are several; nothing where one begins and others join.
    pub(crate) etcd_members: Option<&'a str>,
}

impl NodeFacts<'_> {
    /// Returns the node's addresses, the one of the cluster's first family first.
    fn addresses(&self, cluster: &ClusterConfig) -> Vec<&str> {
        self.addresses.of(cluster)
    }
}

/// Writes the configuration of a node.
///
/// # Errors
/// When a patch cannot be read.
pub(crate) fn kubeadm_config(cluster: &ClusterConfig, facts: &NodeFacts<'_>) -> Result<String, String> {
    Ok(written(&documents(cluster, facts)?))
}

fn written(documents: &[Json]) -> String {
    let documents = documents.iter().filter(|document| !document.is_null());
    documents.map(yaml::write).collect::<Vec<String>>().join("---\n")
}

/// Returns the documents of a node with the patches in them: of the cluster, of a node that begins it and of one that
/// joins, of the kubelet and of kube-proxy, which is null where there is none.
fn documents(cluster: &ClusterConfig, facts: &NodeFacts<'_>) -> Result<[Json; 5], String> {
    let has_proxy = cluster.networking.kube_proxy_mode != "none";
    let mut documents = [
        cluster_configuration(cluster, facts),
        init_configuration(cluster, facts),
        join_configuration(cluster, facts),
        kubelet_configuration(cluster, facts),
        if has_proxy { kube_proxy_configuration(cluster, facts) } else { Json::Null },
    ];
    merge_documents(&mut documents, &cluster.kubeadm_config_patches)?;
    merge_documents(&mut documents, &facts.node.config.kubeadm_config_patches)?;
    Ok(documents)
}

/// Writes the configuration with which a worker's kubelet starts without joining: registered as a node that joins, with
/// the kubelet's configuration of the first control plane, which is what nodes get when they join. Nothing where more is
/// patched than that can say, or where the worker's version may be another one.
///
/// # Errors
/// When a patch cannot be read.
pub(crate) fn enlist_config(
    cluster: &ClusterConfig,
    facts: &NodeFacts<'_>,
    first: &NamedNode,
) -> Result<Option<String>, String> {
    if !facts.version.at_least(1, 23) || facts.node.config.image != first.config.image {
        return Ok(None);
    }
    let [mut of_cluster, _, mut join, ..] = documents(cluster, facts)?;
    let [.., mut of_kubelet, _] = documents(cluster, &NodeFacts { node: first, ..facts.clone() })?;
    let mut plain = join_configuration(cluster, facts);
    let mut registration = join["nodeRegistration"].take();
    plain["nodeRegistration"].take();
    if join != plain || registration.get("name").is_some() || of_cluster.get("certificatesDir").is_some() {
        return Ok(None);
    }
    if registration.get("taints").is_none_or(Json::is_null) {
        // Without a word about them, kubeadm takes the node for a control plane.
        registration["taints"] = json!([]);
    }
    let mut init = init_configuration(cluster, facts);
    init["nodeRegistration"] = registration;
    // Where there is an authority's certificate without its key, kubeadm wants to see what that has signed.
    of_cluster["certificatesDir"] = json!("/kind/none");
    let x509 = &mut of_kubelet["authentication"]["x509"];
    if x509.get("clientCAFile").is_none() {
        x509["clientCAFile"] = json!(CA_PATH);
    }
    Ok(Some(written(&[of_cluster, init, of_kubelet])))
}

fn kubeadm_api(version: &Version) -> &'static str {
    if version.at_least(1, 23) { "kubeadm.k8s.io/v1beta3" } else { "kubeadm.k8s.io/v1beta2" }
}

fn cluster_configuration(cluster: &ClusterConfig, facts: &NodeFacts<'_>) -> Json {
    let gates = feature_gates_argument(cluster);
    let with_gates = |mut arguments: Json| {
        if let (Some(gates), Json::Object(arguments)) = (&gates, &mut arguments) {
            arguments.insert("feature-gates".to_owned(), json!(gates));
        }
        arguments
    };
    let runtime_config: Vec<String> =
        cluster.runtime_config.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut controller_manager = json!({
        "enable-hostpath-provisioner": "true",
        // Each controller asks for something when it starts; at the pace that a large cluster needs, that takes seconds.
        "kube-api-qps": "200",
        "kube-api-burst": "300",
    });
    let mut scheduler = json!({});
    if cluster.networking.ip_family == IpFamily::Ipv6 {
        controller_manager["bind-address"] = json!("::");
        scheduler["bind-address"] = json!("::1");
    }
    let mut document = json!({
        "apiVersion": kubeadm_api(facts.version),
        "kind": "ClusterConfiguration",
        "kubernetesVersion": facts.version.to_string(),
        "clusterName": cluster.name,
        "controlPlaneEndpoint": format!("{}:{API_SERVER_PORT}", facts.endpoint),
        "apiServer": {
            "certSANs": ["localhost", cluster.networking.api_server_address],
            "extraArgs": with_gates(json!({"runtime-config": runtime_config.join(",")})),
        },
        "controllerManager": {"extraArgs": with_gates(controller_manager)},
        "scheduler": {"extraArgs": with_gates(scheduler)},
        "networking": {
            "podSubnet": cluster.networking.pod_subnet,
            "serviceSubnet": cluster.networking.service_subnet,
        },
    });
    if let Some(members) = facts.etcd_members {
        document["etcd"] = json!({"local": {"extraArgs": {"initial-cluster": members}}});
    }
    document
}

/// Returns the gates in the form of an argument; nothing where there are none.
fn feature_gates_argument(cluster: &ClusterConfig) -> Option<String> {
    let gates: Vec<String> = cluster.feature_gates.iter().map(|(name, on)| format!("{name}={on}")).collect();
    (!gates.is_empty()).then(|| gates.join(","))
}

fn init_configuration(cluster: &ClusterConfig, facts: &NodeFacts<'_>) -> Json {
    let mut document = json!({
        "apiVersion": kubeadm_api(facts.version),
        "kind": "InitConfiguration",
        "bootstrapTokens": [{"token": bootstrap_token()}],
        "localAPIEndpoint": local_api_endpoint(cluster, facts),
        "nodeRegistration": node_registration(cluster, facts),
    });
    if facts.version.at_least(1, 23) {
        document["skipPhases"] = json!(init_skip_phases(cluster));
    }
    document
}

/// Returns the phases of `kubeadm init` that clusters in containers do without.
pub(crate) fn init_skip_phases(cluster: &ClusterConfig) -> Vec<&'static str> {
    let mut phases = vec!["preflight"];
    if cluster.networking.kube_proxy_mode == "none" {
        phases.push("addon/kube-proxy");
    }
    phases
}

fn join_configuration(cluster: &ClusterConfig, facts: &NodeFacts<'_>) -> Json {
    let mut document = json!({
        "apiVersion": kubeadm_api(facts.version),
        "kind": "JoinConfiguration",
        "discovery": {"bootstrapToken": {
            "apiServerEndpoint": format!("{}:{API_SERVER_PORT}", facts.endpoint),
            "token": bootstrap_token(),
            "unsafeSkipCAVerification": true,
        }},
        "nodeRegistration": node_registration(cluster, facts),
    });
    if facts.node.config.role == Role::ControlPlane {
        document["controlPlane"] = json!({"localAPIEndpoint": local_api_endpoint(cluster, facts)});
    }
    if facts.version.at_least(1, 23) {
        document["skipPhases"] = json!(["preflight"]);
    }
    document
}

fn local_api_endpoint(cluster: &ClusterConfig, facts: &NodeFacts<'_>) -> Json {
    json!({"advertiseAddress": facts.addresses(cluster)[0], "bindPort": API_SERVER_PORT})
}

fn node_registration(cluster: &ClusterConfig, facts: &NodeFacts<'_>) -> Json {
    let node = facts.node;
    let labels: Vec<String> =
        node.config.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut registration = json!({
        "criSocket": "unix:///run/containerd/containerd.sock",
        "kubeletExtraArgs": {
            "node-ip": facts.addresses(cluster).join(","),
            "node-labels": labels.join(","),
            "provider-id": format!("kind://docker/{}/{}", cluster.name, node.name),
        },
    });
    if !node.config.taints.is_empty() {
        let mut taints: Vec<Json> = node.config.taints.iter().map(|taint| taint_object(taint)).collect();
        if node.config.role == Role::ControlPlane {
            // What kubeadm adds by itself, where no taints are named.
            taints.insert(0, json!({"key": CONTROL_PLANE_TAINT, "effect": "NoSchedule"}));
        }
        registration["taints"] = Json::Array(taints);
    }
    registration
}

/// Reads a taint as it is written: `key=value:Effect` or `key:Effect`.
pub(crate) fn taint_object(taint: &str) -> Json {
    let (subject, effect) = taint.rsplit_once(':').unwrap_or((taint, "NoSchedule"));
    match subject.split_once('=') {
        Some((key, value)) => json!({"key": key, "value": value, "effect": effect}),
        None => json!({"key": subject, "effect": effect}),
    }
}

fn kubelet_configuration(cluster: &ClusterConfig, facts: &NodeFacts<'_>) -> Json {
    let mut gates = json!(cluster.feature_gates);
    if facts.rootless {
        gates["KubeletInUserNamespace"] = json!(true);
    }
    let mut document = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupDriver": if facts.version.at_least(1, 24) { "systemd" } else { "cgroupfs" },
        "cgroupRoot": "/kubelet",
        // Nodes share the machine's swap and disk: neither says anything about a node.
        "failSwapOn": false,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"imagefs.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%"},
        "featureGates": gates,
    });
    if cluster.networking.ip_family == IpFamily::Ipv6 {
        document["address"] = json!("::");
        document["healthzBindAddress"] = json!("::");
    }
    document
}

fn kube_proxy_configuration(cluster: &ClusterConfig, facts: &NodeFacts<'_>) -> Json {
    let mode = cluster.networking.kube_proxy_mode.as_str();
    let mut conntrack = json!({"maxPerCore": 0});
    if facts.rootless {
        // Sysctls that a user namespace must not write.
        conntrack["tcpEstablishedTimeout"] = json!("0s");
        conntrack["tcpCloseWaitTimeout"] = json!("0s");
    } else if mode == "nftables" {
        conntrack["tcpBeLiberal"] = json!(true);
    }
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": mode,
        "featureGates": cluster.feature_gates,
        "iptables": {"minSyncPeriod": "1s"},
        "conntrack": conntrack,
    })
}

#[cfg(test)]
mod tests {
    use super::super::config::NodeConfig;
    use super::super::names::named_nodes;
    use super::*;

    fn cluster() -> ClusterConfig {
        let value = terrane_model::Value::object([("name", terrane_model::Value::from("demo"))]);
        ClusterConfig::from_value(&value, None, "image")
    }

    fn try_config(
        cluster: &ClusterConfig,
        position: usize,
        version: &str,
        rootless: bool,
    ) -> Result<String, String> {
        with_facts(cluster, position, version, |facts| {
            kubeadm_config(cluster, &NodeFacts { rootless, ..facts.clone() })
        })
    }

    fn with_facts<T>(
        cluster: &ClusterConfig,
        position: usize,
        version: &str,
        then: impl FnOnce(&NodeFacts<'_>) -> T,
    ) -> T {
        then(&NodeFacts {
            node: &named_nodes(cluster)[position],
            version: &Version::parse(version).unwrap(),
            addresses: &Addresses { ipv4: "172.18.0.2".to_owned(), ipv6: "fc00:f853:ccd:e793::2".to_owned() },
            endpoint: "demo-control-plane",
            rootless: false,
            etcd_members: None,
        })
    }

    fn config(cluster: &ClusterConfig, position: usize) -> String {
        try_config(cluster, position, "v1.33.1", false).unwrap()
    }

    #[test]
    fn the_simplest_cluster() {
        insta::assert_snapshot!("simplest", config(&cluster(), 0));
    }

    #[test]
    fn everything_that_a_cluster_can_say() {
        let mut cluster = cluster();
        cluster.networking.ip_family = IpFamily::Dual;
        cluster.networking.pod_subnet = "10.244.0.0/16,fd00:10:244::/56".to_owned();
        cluster.networking.service_subnet = "fd00:10:96::/112,10.96.0.0/16".to_owned();
        cluster.networking.kube_proxy_mode = "nftables".to_owned();
        cluster.feature_gates = [("A".to_owned(), true), ("B".to_owned(), false)].into();
        cluster.runtime_config = [("api/alpha".to_owned(), "false".to_owned())].into();
        cluster.kubeadm_config_patches = vec![
            "kind: KubeletConfiguration\nmaxPods: 50\nevictionHard: {imagefs.available: null}".to_owned(),
        ];
        let mut worker = NodeConfig::control_plane("image".to_owned());
        worker.role = Role::Worker;
        worker.labels =
            [("net".to_owned(), "metallb-gateway".to_owned()), ("a".to_owned(), "b".to_owned())].into();
        worker.taints = vec!["dedicated=io:NoExecute".to_owned(), "slow:PreferNoSchedule".to_owned()];
        worker.kubeadm_config_patches =
            vec!["kind: JoinConfiguration\nnodeRegistration: {kubeletExtraArgs: {v: '4'}}".to_owned()];
        cluster.nodes.push(worker);
        insta::assert_snapshot!("everything", config(&cluster, 1));
    }

    #[test]
    fn ipv6_without_root_and_proxy() {
        let mut cluster = cluster();
        cluster.networking.ip_family = IpFamily::Ipv6;
        cluster.networking.kube_proxy_mode = "none".to_owned();
        insta::assert_snapshot!("ipv6_rootless", try_config(&cluster, 0, "v1.33.1", true).unwrap());
    }

    #[test]
    fn old_versions_have_no_phases_to_skip() {
        let config = try_config(&cluster(), 0, "v1.20.2", false).unwrap();
        assert!(
            config.contains("kubeadm.k8s.io/v1beta2") && config.contains("cgroupDriver: cgroupfs"),
            "{config}"
        );
        assert!(!config.contains("skipPhases"), "{config}");
    }

    fn enlisted(cluster: &ClusterConfig, worker: &str) -> Option<String> {
        let mut cluster = cluster.clone();
        let mut config = NodeConfig::control_plane("image".to_owned());
        config.role = Role::Worker;
        config.kubeadm_config_patches = vec![worker.to_owned()];
        cluster.nodes.push(config);
        let first = &named_nodes(&cluster)[0];
        with_facts(&cluster, 1, "v1.33.1", |facts| enlist_config(&cluster, facts, first).unwrap())
    }

    #[test]
    fn a_worker_registers_as_if_it_had_joined() {
        let mut cluster = cluster();
        cluster.nodes[0].kubeadm_config_patches = vec!["kind: KubeletConfiguration\nmaxPods: 50".to_owned()];
        let registered = "kind: JoinConfiguration\nnodeRegistration: {kubeletExtraArgs: {v: '4'}}\n---\nkind: \
                          KubeletConfiguration\nmaxPods: 60\n---\nkind: InitConfiguration\nnodeRegistration: {taints: [{}]}";
        insta::assert_snapshot!("enlisted", enlisted(&cluster, registered).unwrap());
    }

    #[test]
    fn what_else_is_patched_is_for_joining() {
        let table = [
            ("kind: ClusterConfiguration\nimageRepository: registry.test", true),
            ("kind: JoinConfiguration\nnodeRegistration: {name: other}", false),
            ("kind: JoinConfiguration\nskipPhases: [preflight, kubelet-start]", false),
            ("kind: ClusterConfiguration\ncertificatesDir: /elsewhere", false),
        ];
        for (patch, enlists) in table {
            assert_eq!(enlisted(&cluster(), patch).is_some(), enlists, "{patch}");
        }
    }

    #[test]
    fn a_patch_that_is_no_yaml_is_an_error() {
        let mut cluster = cluster();
        cluster.kubeadm_config_patches = vec!["a: [".to_owned()];
        assert!(try_config(&cluster, 0, "v1.33.1", false).is_err());
    }
}
