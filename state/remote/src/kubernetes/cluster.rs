//! The way to a cluster: kubeconfigs, the pod that this runs in, and what the block says beside them.

use std::collections::HashMap;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use terrane_model::with_causes;
use terrane_state::BackendError;

use crate::error::remote;
use crate::settings::{ConfigError, Settings, as_text};

/// What is known of a cluster before anybody was asked.
pub(super) struct Cluster {
    in_cluster: bool,
    files: Vec<PathBuf>,
    options: KubeConfigOptions,
    host: Option<String>,
    proxy: Option<String>,
    insecure: bool,
    authorities_pem: Option<String>,
    /// What is written counts before what files say.
    login: AuthInfo,
}

impl Cluster {
    /// Reads the settings.
    ///
    /// # Errors
    /// When they make no sense.
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, ConfigError> {
        let encoded = |name| settings.text(name).map(|pem| STANDARD.encode(pem));
        Ok(Self {
            in_cluster: settings.flag("in_cluster_config")?,
            files: files(settings),
            options: KubeConfigOptions {
                context: settings.text("config_context"),
                cluster: settings.text("config_context_cluster"),
                user: settings.text("config_context_auth_info"),
            },
            host: settings.text("host"),
            proxy: settings.text("proxy_url"),
            insecure: settings.flag("insecure")?,
            authorities_pem: settings.text("cluster_ca_certificate"),
            login: AuthInfo {
                username: settings.text("username"),
                password: settings.text("password").map(Into::into),
                token: settings.text("token").map(Into::into),
                client_certificate_data: encoded("client_certificate"),
                client_key_data: encoded("client_key").map(Into::into),
                exec: exec(settings),
                ..AuthInfo::default()
            },
        })
    }

    /// Makes a client.
    ///
    /// # Errors
    /// When files cannot be read, or what they say does not suffice.
    pub(super) async fn client(&self) -> Result<Client, BackendError> {
        let mut config = self.base().await?;
        if let Some(host) = &self.host {
            config.cluster_url = uri("host", &with_scheme(host))?;
        }
        if let Some(proxy) = &self.proxy {
            config.proxy_url = Some(uri("proxy_url", proxy)?);
        }
        config.accept_invalid_certs |= self.insecure;
        if let Some(pem) = &self.authorities_pem {
            config.root_cert = Some(certificates(pem)?);
        }
        let (own, login) = (&mut config.auth_info, &self.login);
        own.username = login.username.clone().or(own.username.take());
        own.password = login.password.clone().or(own.password.take());
        own.token = login.token.clone().or(own.token.take());
        own.exec = login.exec.clone().or(own.exec.take());
        if login.client_certificate_data.is_some() {
            own.client_certificate_data.clone_from(&login.client_certificate_data);
            own.client_certificate = None;
        }
        if login.client_key_data.is_some() {
            own.client_key_data.clone_from(&login.client_key_data);
            own.client_key = None;
        }
        Client::try_from(config).map_err(|error| unusable(&error))
    }

    async fn base(&self) -> Result<Config, BackendError> {
        if self.in_cluster {
            return Config::incluster().map_err(|error| unusable(&error));
        }
        let mut merged: Option<Kubeconfig> = None;
        for path in self.files.iter().filter(|path| path.exists()) {
            let unreadable = |error: &dyn std::error::Error| {
                remote(format!("the kubeconfig {} cannot be used: {}", path.display(), with_causes(error)))
            };
            let read = Kubeconfig::read_from(path).map_err(|error| unreadable(&error))?;
            merged = Some(match merged {
                None => read,
                Some(merged) => merged.merge(read).map_err(|error| unreadable(&error))?,
            });
        }
        match (merged, &self.host) {
            (Some(merged), _) => {
                Config::from_custom_kubeconfig(merged, &self.options).await.map_err(|error| unusable(&error))
            }
            (None, Some(host)) => Ok(Config::new(uri("host", &with_scheme(host))?)),
            (None, None) => Config::incluster().map_err(|_| {
                remote("no cluster is named: neither by config_path (KUBE_CONFIG_PATH) nor by host, and this is no pod")
            }),
        }
    }
}

fn files(settings: &Settings<'_>) -> Vec<PathBuf> {
    let mut named: Vec<String> = settings.text("config_path").into_iter().collect();
    if named.is_empty() {
        named = settings.texts("config_paths");
    }
    if named.is_empty() {
        let paths = settings.variable(&["KUBE_CONFIG_PATHS"]);
        named = paths.iter().flat_map(|paths| paths.split(':')).map(str::to_owned).collect();
    }
    let home = settings.variable(&["HOME"]).map(PathBuf::from);
    let at_home = |path: String| match (path.strip_prefix("~/"), &home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    };
    named.into_iter().filter(|path| !path.is_empty()).map(at_home).collect()
}

fn exec(settings: &Settings<'_>) -> Option<ExecConfig> {
    let block = settings.nested("exec")?;
    let text = |name: &str| as_text(&block.attribute(name));
    let arguments = block.attribute("args");
    let arguments = arguments.as_sequence().unwrap_or_default().iter();
    let variables = block.attribute("env");
    let variables = variables.as_entries().unwrap_or_default().iter();
    Some(ExecConfig {
        api_version: text("api_version"),
        command: text("command"),
        args: Some(arguments.map(|argument| as_text(argument).unwrap_or_default()).collect()),
        env: Some(
            variables
                .map(|(name, value)| {
                    let value = as_text(value).unwrap_or_default();
                    HashMap::from([("name".to_owned(), name.to_string()), ("value".to_owned(), value)])
                })
                .collect(),
        ),
        interactive_mode: Some(ExecInteractiveMode::Never),
        ..ExecConfig::default()
    })
}

fn with_scheme(host: &str) -> String {
    if host.contains("://") { host.to_owned() } else { format!("https://{host}") }
}

fn uri(argument: &str, text: &str) -> Result<http::Uri, BackendError> {
    text.parse().map_err(|_| remote(format!("{argument} is no address")))
}

fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, BackendError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let read = read.map_err(|error| remote(format!("cluster_ca_certificate: {error}")))?;
    Ok(read.into_iter().map(|certificate| certificate.to_vec()).collect())
}

fn unusable(error: &dyn std::error::Error) -> BackendError {
    remote(format!("the cluster cannot be reached: {}", with_causes(error)))
}
