//! Connecting, when somebody first asks: while planning it may not be known yet where to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use terrane_model::with_causes;
use tokio::sync::{Mutex, OnceCell};

use super::discovery::Discovery;
use super::error::ApiError;
use super::kubeconfig;
use super::settings::Settings;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// The way to a cluster that may not be known yet.
#[derive(Clone)]
pub(crate) enum Connection {
    /// It depends on something that is still to be made.
    Unknown,
    /// It is known; the first who asks connects.
    Known(Arc<Known>),
}

/// A way that is known.
pub(crate) struct Known {
    settings: Settings,
    cluster: OnceCell<Result<Arc<Cluster>, ApiError>>,
}

/// A cluster that can be asked.
pub(crate) struct Cluster {
    pub(super) client: kube::Client,
    /// The server's address, for messages.
    pub(crate) server: String,
    /// How to reach it, for other programs.
    pub(crate) kubeconfig: Option<Kubeconfig>,
    pub(super) discovery: Mutex<Option<(Instant, Arc<Discovery>)>>,
}

impl Connection {
    /// Makes a connection from settings, or from nothing where they are not known yet.
    pub(crate) fn new(settings: Option<Settings>) -> Self {
        match settings {
            None => Self::Unknown,
            Some(settings) => Self::Known(Arc::new(Known { settings, cluster: OnceCell::new() })),
        }
    }

    /// Returns the cluster; nothing where it is not known yet which one.
    ///
    /// # Errors
    /// When the settings name no cluster that can be reached. Whether it answers is not tried.
    pub(crate) async fn cluster(&self) -> Result<Option<Arc<Cluster>>, ApiError> {
        match self {
            Self::Unknown => Ok(None),
            Self::Known(known) => {
                let cluster = known.cluster.get_or_init(|| connect(&known.settings)).await;
                cluster.clone().map(Some)
            }
        }
    }
}

async fn connect(settings: &Settings) -> Result<Arc<Cluster>, ApiError> {
    let (mut config, kubeconfig) = if settings.names_no_cluster() && settings.in_cluster {
        let config = Config::incluster()
            .map_err(|error| unusable("the cluster around this pod", &with_causes(&error)))?;
        (config, None)
    } else if settings.names_no_cluster() {
        let detail = "The provider's configuration names no cluster: set host, config_path or config_paths, or the \
                      environment variables KUBE_HOST, KUBE_CONFIG_PATH or KUBE_CONFIG_PATHS.";
        return Err(ApiError::Unusable(detail.to_owned()));
    } else {
        let kubeconfig = kubeconfig::resolve(settings).map_err(|error| unusable("the cluster", &error))?;
        let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &KubeConfigOptions::default())
            .await
            .map_err(|error| unusable("the cluster", &with_causes(&error)))?;
        (config, Some(kubeconfig))
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    // What is worth another try is decided with the message in hand.
    config.default_retry = false;
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let client = tokio::task::spawn_blocking(move || kube::Client::try_from(config))
        .await
        .map_err(|error| ApiError::Unusable(error.to_string()))?
        .map_err(|error| client_error(&server, &error))?;
    Ok(Arc::new(Cluster { client, server, kubeconfig, discovery: Mutex::new(None) }))
}

fn unusable(what: &str, why: &str) -> ApiError {
    ApiError::Unusable(format!("The settings for {what} cannot be used: {why}"))
}

/// Says why there is no answer. What a credentials program has printed is left out: it may be a token.
pub(super) fn client_error(server: &str, error: &kube::Error) -> ApiError {
    match error {
        kube::Error::Auth(kube::client::AuthError::AuthExecRun { cmd, out }) => {
            let said = String::from_utf8_lossy(&out.stderr);
            let status = out.status;
            ApiError::Unusable(format!(
                "The credentials program {cmd} has failed ({status}): {}",
                said.trim()
            ))
        }
        kube::Error::Auth(kube::client::AuthError::AuthExecParse(_)) => {
            ApiError::Unusable("The credentials program has printed no ExecCredential.".to_owned())
        }
        error => ApiError::Unreachable { server: server.to_owned(), message: transport_message(error) },
    }
}

/// The innermost cause says what happened; what lies around it only that something did.
fn transport_message(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
