//! What is configured about the cluster: the arguments of the `provider` block, and environment variables for what
//! is not written there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use terrane_model::Value;

/// Which cluster, as whom.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Settings {
    /// The server's address, with or without scheme.
    pub(crate) host: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) insecure: bool,
    pub(crate) tls_server_name: Option<String>,
    /// Certificates and key in PEM.
    pub(crate) client_certificate: Option<String>,
    pub(crate) client_key: Option<String>,
    pub(crate) cluster_ca_certificate: Option<String>,
    /// Files to read, in order of precedence.
    pub(crate) config_paths: Vec<PathBuf>,
    pub(crate) context: Option<String>,
    pub(crate) context_user: Option<String>,
    pub(crate) context_cluster: Option<String>,
    pub(crate) proxy_url: Option<String>,
    pub(crate) exec: Option<Exec>,
    /// Where the cluster's own pods find their way to it.
    pub(crate) in_cluster: bool,
}

/// A program that hands out credentials.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Exec {
    pub(crate) api_version: String,
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
}

/// Where settings come from, beside the configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// Environment variables.
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// What relative paths are relative to.
    pub(crate) working_folder: &'a Path,
}

impl Settings {
    /// Reads the arguments that name a cluster; nothing when one of them is not known yet.
    pub(crate) fn read(config: &Value, surroundings: Surroundings<'_>) -> Option<Self> {
        const ARGUMENTS: [&str; 16] = [
            "host",
            "username",
            "password",
            "token",
            "insecure",
            "tls_server_name",
            "client_certificate",
            "client_key",
            "cluster_ca_certificate",
            "config_path",
            "config_paths",
            "config_context",
            "config_context_auth_info",
            "config_context_cluster",
            "proxy_url",
            "exec",
        ];
        if !config.is_known()
            || ARGUMENTS.iter().any(|name| config.get(name).is_some_and(|v| !v.is_wholly_known()))
        {
            return None;
        }
        let text = |name: &str, variable: &str| {
            let written = config.get(name).and_then(Value::as_str).map(ToString::to_string);
            let from_environment = || surroundings.environment.get(variable).cloned();
            written.filter(|text| !text.is_empty()).or_else(from_environment).filter(|text| !text.is_empty())
        };
        let insecure = config.get("insecure").and_then(Value::as_bool);
        let insecure_variable = surroundings.environment.get("KUBE_INSECURE");
        let is_true = |text: &String| matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True");
        Some(Self {
            host: text("host", "KUBE_HOST"),
            username: text("username", "KUBE_USER"),
            password: text("password", "KUBE_PASSWORD"),
            token: text("token", "KUBE_TOKEN"),
            insecure: insecure.unwrap_or_else(|| insecure_variable.is_some_and(is_true)),
            tls_server_name: text("tls_server_name", "KUBE_TLS_SERVER_NAME"),
            client_certificate: text("client_certificate", "KUBE_CLIENT_CERT_DATA"),
            client_key: text("client_key", "KUBE_CLIENT_KEY_DATA"),
            cluster_ca_certificate: text("cluster_ca_certificate", "KUBE_CLUSTER_CA_CERT_DATA"),
            config_paths: config_paths(config, text("config_path", "KUBE_CONFIG_PATH"), surroundings),
            context: text("config_context", "KUBE_CTX"),
            context_user: text("config_context_auth_info", "KUBE_CTX_AUTH_INFO"),
            context_cluster: text("config_context_cluster", "KUBE_CTX_CLUSTER"),
            proxy_url: text("proxy_url", "KUBE_PROXY_URL"),
            exec: config.get("exec").and_then(exec),
            in_cluster: surroundings.environment.contains_key("KUBERNETES_SERVICE_HOST"),
        })
    }

    /// Tells whether nothing says which cluster is meant.
    pub(crate) fn names_no_cluster(&self) -> bool {
        self.host.is_none() && self.config_paths.is_empty()
    }
}

fn config_paths(config: &Value, single: Option<String>, surroundings: Surroundings<'_>) -> Vec<PathBuf> {
    let written = config.get("config_paths").and_then(Value::as_sequence).unwrap_or_default();
    let mut paths: Vec<String> = written.iter().filter_map(|path| Some(path.as_str()?.to_string())).collect();
    if let Some(single) = single {
        paths = vec![single];
    } else if paths.is_empty()
        && let Some(list) = surroundings.environment.get("KUBE_CONFIG_PATHS")
    {
        paths = std::env::split_paths(list).map(|path| path.to_string_lossy().into_owned()).collect();
    }
    let home = surroundings.environment.get("HOME").or_else(|| surroundings.environment.get("USERPROFILE"));
    let expand = |path: String| match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => surroundings.working_folder.join(path),
    };
    paths.into_iter().filter(|path| !path.is_empty()).map(expand).collect()
}

/// The argument is a list of blocks in one provider and an object in the other.
fn exec(value: &Value) -> Option<Exec> {
    let exec = value.as_sequence().map_or(Some(value), <[Value]>::first)?;
    let text = |name: &str| exec.get(name).and_then(Value::as_str).map(ToString::to_string);
    let args = exec.get("args").and_then(Value::as_sequence).unwrap_or_default();
    let env = exec.get("env").and_then(Value::as_entries).unwrap_or_default();
    Some(Exec {
        api_version: text("api_version")?,
        command: text("command")?,
        args: args.iter().filter_map(|arg| Some(arg.as_str()?.to_string())).collect(),
        env: env
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_string())))
            .collect(),
    })
}
