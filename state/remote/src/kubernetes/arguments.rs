//! The arguments of the block, with the variables that stand in for them.

use crate::kind::{Argument, ArgumentType};

pub(super) const ARGUMENTS: &[Argument] = &[
    // What is kept where.
    Argument::text("secret_suffix").required(),
    Argument::of("labels", ArgumentType::TextMap),
    Argument::text("namespace").or(&["KUBE_NAMESPACE"]).by_default("default"),
    // Which cluster.
    Argument::flag("in_cluster_config").or(&["KUBE_IN_CLUSTER_CONFIG"]),
    Argument::flag("load_config_file").or(&["KUBE_LOAD_CONFIG_FILE"]),
    Argument::text("config_path").or(&["KUBE_CONFIG_PATH"]),
    Argument::of("config_paths", ArgumentType::Texts),
    Argument::text("config_context").or(&["KUBE_CTX"]),
    Argument::text("config_context_auth_info").or(&["KUBE_CTX_AUTH_INFO"]),
    Argument::text("config_context_cluster").or(&["KUBE_CTX_CLUSTER"]),
    Argument::text("host").or(&["KUBE_HOST"]),
    Argument::text("proxy_url").or(&["KUBE_PROXY_URL"]),
    Argument::flag("insecure").or(&["KUBE_INSECURE"]),
    Argument::text("cluster_ca_certificate").or(&["KUBE_CLUSTER_CA_CERT_DATA"]),
    // As whom.
    Argument::text("username").or(&["KUBE_USER"]),
    Argument::secret("password").or(&["KUBE_PASSWORD"]),
    Argument::secret("token").or(&["KUBE_TOKEN"]),
    Argument::text("client_certificate").or(&["KUBE_CLIENT_CERT_DATA"]),
    Argument::secret("client_key").or(&["KUBE_CLIENT_KEY_DATA"]),
    Argument::of("exec", ArgumentType::Block(EXEC)),
];

const EXEC: &[Argument] = &[
    Argument::text("api_version"),
    Argument::text("command"),
    Argument::of("args", ArgumentType::Texts),
    Argument::of("env", ArgumentType::TextMap),
];
