//! How an emulator is configured, and why it may fail to start.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Configuration of an [`Emulator`](crate::Emulator).
#[derive(Clone, Debug, PartialEq)]
pub struct EmulatorConfig {
    /// Where to listen; a loopback address. Port 0 takes the port of the last time (kept in `data_dir`) or any free
    /// one. Default: `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// Where the world, the credentials and the certificates are kept. `None` keeps nothing.
    pub data_dir: Option<PathBuf>,
    /// Multiplies realistic durations of operations: 1 is as slow as Azure, 0 (the default) finishes everything at
    /// the first poll.
    pub operation_time: f64,
    /// A file of fault rules: JSON `{"seed": 7, "rules": [{"method": "PUT", "type": "Microsoft.Network/*",
    /// "probability": 0.05, "status": 429, "retry_after": 1}]}`. Rules match by `method`, `type` and `path` (a regular
    /// expression), skip `after` requests, hit `count` at most, and wait (`delay_ms`), answer (`status`, `code`,
    /// `message`), close the connection (`drop`: `before` or `after` the work) or let the operation that is started
    /// fail (`fail_operation`: `{"code", "message"}`).
    pub faults: Option<PathBuf>,
    /// A file that gets one JSON line per request, without secrets.
    pub request_log: Option<PathBuf>,
    /// A kubeconfig that Kubernetes clusters hand out instead of a generated one.
    pub aks_kubeconfig: Option<PathBuf>,
    /// How many cores of machines a subscription may have in a region. Default: as many as anybody wants.
    pub cores_per_region: Option<u32>,
    /// Whether requests are limited as Azure limits them.
    pub throttling: Throttling,
    /// Items per page of a list. Default: 1000.
    pub page_size: usize,
    /// Whether API versions are answered that Azure has switched off. Default: no.
    pub accept_retired_versions: bool,
    /// Namespaces that must be registered before use. Default: none, everything is registered.
    pub unregistered_namespaces: Vec<String>,
    /// Whether every subscription exists that a client names. Default: no, there is one.
    pub any_subscription: bool,
}

/// Whether requests are limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Throttling {
    /// No limits; answers show full buckets.
    #[default]
    Off,
    /// Azure's token buckets: 250 reads (25 more per second), 200 writes and 200 deletes (10 more per second), and
    /// the stricter limits of single services.
    Realistic,
}

impl Default for EmulatorConfig {
    fn default() -> EmulatorConfig {
        EmulatorConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data_dir: None,
            operation_time: 0.0,
            faults: None,
            request_log: None,
            aks_kubeconfig: None,
            cores_per_region: None,
            throttling: Throttling::Off,
            page_size: 1000,
            accept_retired_versions: false,
            unregistered_namespaces: Vec::new(),
            any_subscription: false,
        }
    }
}

/// Why an emulator could not start, or not keep its world.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// The address is reachable from other machines.
    #[error("{0} is not a loopback address; the emulator listens on 127.0.0.1 or [::1] only")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data directory cannot be used, or what is in it is damaged.
    #[error("cannot use the data directory {path}")]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another emulator uses the data directory.
    #[error(
        "the emulated cloud in {0} is in use by another process; wait for it to end, or use another directory"
    )]
    DataDirectoryInUse(PathBuf),
    /// Certificates could not be made.
    #[error("cannot make certificates: {0}")]
    Certificate(String),
    /// The fault file is not understood.
    #[error("fault file {path}: {message}")]
    Faults {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The request log cannot be written.
    #[error("cannot write the request log {path}")]
    RequestLog {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The thread that serves could not be started.
    #[error("cannot start the emulator's thread")]
    Thread(#[source] std::io::Error),
    /// A setting is out of range.
    #[error("{0}")]
    Setting(String),
    /// A snapshot is not one.
    #[error("not a snapshot of a world: {0}")]
    Snapshot(String),
}
