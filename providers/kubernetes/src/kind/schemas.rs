//! The schemas: those of `tehcyx/kind`, with a few attributes more.

use std::sync::Arc;

use terrane_model::{Attribute, Block, NestedBlock, Nesting, Schema, Str, Type};
use terrane_provider::{ProviderSchemas, ResourceSchema};

/// The type of `kind_cluster`'s network facts.
pub(super) fn network_type() -> Type {
    Type::object([("ipv4_cidr", Type::String), ("load_balancer_range", Type::String), ("name", Type::String)])
}

/// Returns all schemas.
pub(super) fn schemas() -> ProviderSchemas {
    let resources = [("kind_cluster", cluster()), ("kind_image_load", image_load())];
    let with_schema = |block| ResourceSchema::new(Schema { version: 0, block: Arc::new(block) });
    ProviderSchemas {
        resources: resources.map(|(name, block)| (Str::from(name), with_schema(block))).into(),
        ..ProviderSchemas::default()
    }
}

type Attributes = Vec<(&'static str, Attribute)>;
type Blocks = Vec<(&'static str, NestedBlock)>;

fn block(attributes: Attributes, blocks: Blocks) -> Block {
    Block::new(
        attributes.into_iter().map(|(name, attribute)| (Str::from(name), attribute)),
        blocks.into_iter().map(|(name, block)| (Str::from(name), block)),
    )
}

fn list(attributes: Attributes, blocks: Blocks, max_items: usize) -> NestedBlock {
    NestedBlock {
        nesting: Nesting::List,
        block: Arc::new(block(attributes, blocks)),
        min_items: 0,
        max_items,
    }
}

fn text(description: &str) -> Attribute {
    Attribute::optional(Type::String).describe(description)
}

fn number(description: &str) -> Attribute {
    Attribute::optional(Type::Number).describe(description)
}

fn flag(description: &str) -> Attribute {
    Attribute::optional(Type::Bool).describe(description)
}

fn texts(description: &str) -> Attribute {
    Attribute::optional(Type::list(Type::String)).describe(description)
}

fn map(description: &str) -> Attribute {
    Attribute::optional(Type::map(Type::String)).describe(description)
}

fn found(ty: Type, description: &str) -> Attribute {
    Attribute::computed(ty).describe(description)
}

fn timeouts() -> NestedBlock {
    let attributes = vec![
        ("create", text("How long creating may take, such as `10m`.")),
        ("delete", text("How long deleting may take.")),
        ("update", text("How long changing may take.")),
    ];
    NestedBlock {
        nesting: Nesting::Single,
        block: Arc::new(block(attributes, Vec::new())),
        min_items: 0,
        max_items: 0,
    }
}

fn cluster() -> Block {
    let either = |description: &str| Attribute::optional_computed(Type::String).describe(description);
    block(
        vec![
            ("client_certificate", found(Type::String, "The administrator's certificate, in PEM.")),
            ("client_key", found(Type::String, "The administrator's key, in PEM.")),
            (
                "cluster_ca_certificate",
                found(Type::String, "The certificate of the cluster's authority, in PEM."),
            ),
            ("completed", found(Type::Bool, "Whether every node is there, runs and has joined.")),
            ("endpoint", found(Type::String, "The API server's URL.")),
            ("id", either("Name and node image.")),
            ("kubeconfig", found(Type::String, "A kubeconfig for the administrator.")),
            (
                "kubeconfig_path",
                either(
                    "The file that the kubeconfig is merged into; `NAME-config` in the working \
                                        folder, beside kubectl's own file, if none is named.",
                ),
            ),
            ("name", Attribute::required(Type::String).describe("The cluster's name.")),
            (
                "network",
                found(
                    network_type(),
                    "The Docker network: its name, its IPv4 range, and the addresses at its \
                                               end that are kept for load balancers.",
                ),
            ),
            ("node_image", either("The image of every node.")),
            (
                "node_image_archive",
                text("An archive that is loaded when Docker does not have the node image."),
            ),
            ("wait_for_ready", flag("Whether to wait until every node is ready.")),
        ],
        vec![("kind_config", kind_config()), ("timeouts", timeouts())],
    )
}

fn kind_config() -> NestedBlock {
    list(
        vec![
            ("api_version", Attribute::required(Type::String).describe("Always `kind.x-k8s.io/v1alpha4`.")),
            ("containerd_config_patches", texts("Merge patches of containerd's configuration, in TOML.")),
            ("feature_gates", map("Kubernetes' feature gates, each `true` or `false`.")),
            ("kind", Attribute::required(Type::String).describe("Always `Cluster`.")),
            (
                "kubeadm_config_patches",
                texts("Merge patches of every node's kubeadm configuration, in YAML."),
            ),
            ("runtime_config", map("APIs to switch on or off; `_` stands for `/`.")),
        ],
        vec![("networking", networking()), ("node", node())],
        1,
    )
}

fn networking() -> NestedBlock {
    let attributes = vec![
        ("api_server_address", text("The address of this machine for the API server.")),
        (
            "api_server_port",
            number("The port of this machine for the API server; one that is free if none is named."),
        ),
        ("disable_default_cni", flag("Whether the pod network is left to others.")),
        ("dns_search", texts("Search domains of the nodes.")),
        ("ip_family", text("`ipv4`, `ipv6` or `dual`.")),
        ("kube_proxy_mode", text("`iptables`, `ipvs`, `nftables` or `none`.")),
        ("pod_subnet", text("The pods' addresses.")),
        ("service_subnet", text("The services' addresses.")),
    ];
    list(attributes, Vec::new(), 1)
}

fn node() -> NestedBlock {
    let mounts = vec![
        ("container_path", text("The path in the node.")),
        ("host_path", text("The path on this machine.")),
        ("propagation", text("`None`, `HostToContainer` or `Bidirectional`.")),
        ("read_only", flag("Whether the node may not write.")),
        ("selinux_relabel", flag("Whether SELinux labels are changed to fit.")),
    ];
    let ports = vec![
        ("container_port", number("The port in the node.")),
        ("host_port", number("The port of this machine; 0 for one that is free.")),
        ("listen_address", text("The address of this machine; all if none is named.")),
        ("protocol", text("`TCP`, `UDP` or `SCTP`.")),
    ];
    let attributes = vec![
        ("image", text("The node's image.")),
        ("kubeadm_config_patches", texts("Merge patches of the node's kubeadm configuration, in YAML.")),
        ("labels", map("The node's labels.")),
        ("role", text("`control-plane` or `worker`.")),
        ("taints", texts("The node's taints, each as `key=value:Effect`.")),
    ];
    list(
        attributes,
        vec![
            ("extra_mounts", list(mounts, Vec::new(), 0)),
            ("extra_port_mappings", list(ports, Vec::new(), 0)),
        ],
        0,
    )
}

fn image_load() -> Block {
    block(
        vec![
            ("archive", text("An image archive of this machine; without one, the image comes from Docker.")),
            ("cluster_name", Attribute::required(Type::String).describe("The cluster's name.")),
            ("id", found(Type::String, "Cluster and image.")),
            ("image", Attribute::required(Type::String).describe("The image's name, with tag.")),
            ("image_id", found(Type::String, "The image's id when it was loaded.")),
            ("nodes", texts("Names of the nodes to load into; all if none are named.")),
        ],
        Vec::new(),
    )
}
