//! What all parts of a running emulator need to know.

use std::path::PathBuf;
use std::time::Duration;

use crate::credentials::Identity;

/// Fixed when the emulator starts.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `https://localhost:PORT`, without a slash.
    pub(crate) base_url: String,
    /// The port that the server listens on.
    pub(crate) port: u16,
    pub(crate) identity: Identity,
    /// Multiplies the durations of operations; 0 finishes them at the first look.
    pub(crate) operation_time: f64,
    /// Items per page of a list.
    pub(crate) page_size: usize,
    /// Whether API versions that Azure has switched off are answered all the same.
    pub(crate) accept_retired_versions: bool,
    /// Namespaces that start unregistered; all others are registered.
    pub(crate) unregistered_namespaces: Vec<String>,
    /// Whether every subscription exists.
    pub(crate) any_subscription: bool,
    /// Cores of machines that a subscription may have in each region; nothing is refused where it is not said.
    pub(crate) cores_per_region: Option<u32>,
    /// Given out by `listClusterUserCredential` instead of a generated one.
    pub(crate) aks_kubeconfig: Option<PathBuf>,
}

impl Settings {
    /// Scales the duration of an operation.
    pub(crate) fn scaled(&self, duration: Duration) -> Duration {
        Duration::try_from_secs_f64(duration.as_secs_f64() * self.operation_time).unwrap_or(Duration::MAX)
    }

    /// Returns whether operations finish at the first look.
    pub(crate) fn is_instant(&self) -> bool {
        self.operation_time <= 0.0
    }
}
