//! From settings to the form in which clients of clusters are configured, with all files read.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use kube::config::{
    AuthInfo, Cluster, Context, ExecConfig, ExecInteractiveMode, Kubeconfig, NamedAuthInfo, NamedCluster,
    NamedContext,
};
use terrane_model::with_causes;

use super::settings::{Exec, Settings};

/// The name of everything in the configurations made here.
const NAME: &str = "terrane";

/// Reads the files that the settings name and lays the settings over them. The result has one context.
///
/// # Errors
/// When a file cannot be read or does not have what the settings name.
pub(crate) fn resolve(settings: &Settings) -> Result<Kubeconfig, String> {
    let (mut cluster, mut user, namespace) = if settings.config_paths.is_empty() {
        (Cluster::default(), AuthInfo::default(), None)
    } else {
        chosen(&read_files(settings)?, settings)?
    };
    lay_over_cluster(&mut cluster, settings);
    lay_over_user(&mut user, settings);
    if cluster.server.as_deref().unwrap_or_default().is_empty() {
        return Err("no server is named: neither host nor the kubeconfig's cluster does.".to_owned());
    }
    Ok(Kubeconfig {
        clusters: vec![NamedCluster {
            name: NAME.to_owned(),
            cluster: Some(cluster),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: NAME.to_owned(),
            auth_info: Some(user),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: NAME.to_owned(),
            context: Some(Context {
                cluster: NAME.to_owned(),
                user: Some(NAME.to_owned()),
                namespace,
                ..Context::default()
            }),
            ..NamedContext::default()
        }],
        current_context: Some(NAME.to_owned()),
        kind: Some("Config".to_owned()),
        api_version: Some("v1".to_owned()),
        ..Kubeconfig::default()
    })
}

fn read_files(settings: &Settings) -> Result<Kubeconfig, String> {
    let mut merged = Kubeconfig::default();
    for path in &settings.config_paths {
        let read = Kubeconfig::read_from(path).map_err(|error| {
            format!("the kubeconfig {} cannot be read: {}", path.display(), with_causes(&error))
        })?;
        merged = merged.merge(read).map_err(|error| with_causes(&error))?;
    }
    Ok(merged)
}

/// Returns the cluster, user and namespace that the settings choose among those of the files.
fn chosen(files: &Kubeconfig, settings: &Settings) -> Result<(Cluster, AuthInfo, Option<String>), String> {
    let files_are = || {
        let paths: Vec<String> =
            settings.config_paths.iter().map(|path| path.display().to_string()).collect();
        paths.join(", ")
    };
    let context_name =
        settings.context.as_ref().or(files.current_context.as_ref()).filter(|name| !name.is_empty());
    let context = match context_name {
        Some(name) => {
            let context = files.contexts.iter().find(|context| context.name == *name);
            let context = context.and_then(|context| context.context.clone());
            Some(context.ok_or_else(|| {
                let names: Vec<&str> = files.contexts.iter().map(|context| context.name.as_str()).collect();
                format!(
                    "there is no context named {name:?} in {}; there are: {}.",
                    files_are(),
                    names.join(", ")
                )
            })?)
        }
        None => None,
    };
    let cluster_name =
        settings.context_cluster.clone().or_else(|| context.as_ref().map(|c| c.cluster.clone()));
    let user_name = settings.context_user.clone().or_else(|| context.as_ref().and_then(|c| c.user.clone()));
    let cluster = match &cluster_name {
        Some(name) => {
            let cluster = files.clusters.iter().find(|cluster| cluster.name == *name);
            let cluster = cluster.and_then(|cluster| cluster.cluster.clone());
            cluster.ok_or_else(|| format!("there is no cluster named {name:?} in {}.", files_are()))?
        }
        None if settings.host.is_some() => Cluster::default(),
        None => return Err(format!("{} name no current context; set config_context.", files_are())),
    };
    let user = match &user_name {
        Some(name) => {
            let user = files.auth_infos.iter().find(|user| user.name == *name);
            user.and_then(|user| user.auth_info.clone())
                .ok_or_else(|| format!("there is no user named {name:?} in {}.", files_are()))?
        }
        None => AuthInfo::default(),
    };
    Ok((cluster, user, context.and_then(|context| context.namespace)))
}

fn lay_over_cluster(cluster: &mut Cluster, settings: &Settings) {
    if let Some(host) = &settings.host {
        let has_tls = settings.cluster_ca_certificate.is_some() || settings.client_certificate.is_some();
        cluster.server = Some(server_url(host, has_tls && !settings.insecure));
    }
    if settings.insecure {
        cluster.insecure_skip_tls_verify = Some(true);
        cluster.certificate_authority = None;
        cluster.certificate_authority_data = None;
    } else if let Some(pem) = &settings.cluster_ca_certificate {
        cluster.certificate_authority = None;
        cluster.certificate_authority_data = Some(BASE64.encode(pem));
    }
    cluster.tls_server_name = settings.tls_server_name.clone().or(cluster.tls_server_name.take());
    cluster.proxy_url = settings.proxy_url.clone().or(cluster.proxy_url.take());
}

fn lay_over_user(user: &mut AuthInfo, settings: &Settings) {
    if let Some(pem) = &settings.client_certificate {
        user.client_certificate = None;
        user.client_certificate_data = Some(BASE64.encode(pem));
    }
    if let Some(pem) = &settings.client_key {
        user.client_key = None;
        user.client_key_data = Some(BASE64.encode(pem).into());
    }
    user.username = settings.username.clone().or(user.username.take());
    user.password = settings.password.clone().map(Into::into).or(user.password.take());
    if let Some(token) = &settings.token {
        user.token = Some(token.clone().into());
        user.token_file = None;
        user.exec = None;
    }
    if let Some(exec) = &settings.exec {
        user.exec = Some(exec_config(exec));
    }
}

fn exec_config(exec: &Exec) -> ExecConfig {
    let env = exec.env.iter().map(|(name, value)| {
        HashMap::from([("name".to_owned(), name.clone()), ("value".to_owned(), value.clone())])
    });
    ExecConfig {
        api_version: Some(exec.api_version.clone()),
        command: Some(exec.command.clone()),
        args: Some(exec.args.clone()),
        env: Some(env.collect()),
        interactive_mode: Some(ExecInteractiveMode::Never),
        ..ExecConfig::default()
    }
}

/// Completes an address as clients of the API do: without a scheme it is HTTPS where there is anything to verify
/// it by, and HTTP otherwise.
fn server_url(host: &str, has_tls: bool) -> String {
    if host.contains("://") {
        return host.trim_end_matches('/').to_owned();
    }
    format!("{}://{}", if has_tls { "https" } else { "http" }, host.trim_end_matches('/'))
}

/// Writes a configuration to a file that only its owner can read.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(kubeconfig: &Kubeconfig, path: &Path) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(&to_json(kubeconfig)?)
}

/// Kubeconfigs are YAML, and JSON is YAML.
fn to_json(kubeconfig: &Kubeconfig) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(kubeconfig)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed() {
        assert_eq!(server_url("https://a:6443/", false), "https://a:6443");
        assert_eq!(server_url("a:6443", true), "https://a:6443");
        assert_eq!(server_url("localhost:8080", false), "http://localhost:8080");
    }

    #[test]
    fn settings_lie_over_nothing() {
        let settings = Settings {
            host: Some("https://h".to_owned()),
            token: Some("t".to_owned()),
            cluster_ca_certificate: Some("PEM".to_owned()),
            ..Settings::default()
        };
        let json = serde_json::to_value(resolve(&settings).unwrap()).unwrap();
        assert_eq!(json["clusters"][0]["cluster"]["server"], "https://h");
        assert_eq!(json["clusters"][0]["cluster"]["certificate-authority-data"], BASE64.encode("PEM"));
        assert_eq!(json["users"][0]["user"]["token"], "t");
    }

    #[test]
    fn nothing_at_all_names_no_server() {
        assert!(resolve(&Settings::default()).unwrap_err().contains("no server is named"));
    }
}
