//! Starting and stopping an emulator.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::certificate::CertificateFiles;
use crate::config::{EmulatorConfig, EmulatorError, Throttling};
use crate::core::{Cloud, Core};
use crate::credentials::{Identity, random_hex};
use crate::faults::Faults;
use crate::request_log::RequestLog;
use crate::server::{self, Shared};
use crate::settings::Settings;
use crate::throttle::Throttle;
use crate::world::{Journal, World, read_world, write_world};

/// A running emulator. Dropping it stops the server without waiting; [`Emulator::shutdown`] waits.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    files: CertificateFiles,
    directory: PathBuf,
    /// Removed at the end, if nothing is to be kept.
    temporary: Option<TemporaryDirectory>,
    /// Keeps others out of the data directory.
    _lock: File,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("settings", &self.core.settings).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct TemporaryDirectory(PathBuf);

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's directory for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Emulator {
    /// Starts an emulator on the current Tokio runtime. When this returns, it accepts connections.
    ///
    /// # Errors
    ///
    /// See [`EmulatorError`].
    pub async fn start(config: EmulatorConfig) -> Result<Emulator, EmulatorError> {
        if !config.listen.ip().is_loopback() {
            return Err(EmulatorError::NotLoopback(config.listen));
        }
        if !(0.0..=1000.0).contains(&config.operation_time) {
            return Err(EmulatorError::Setting("the operation time must be between 0 and 1000".into()));
        }
        if config.page_size == 0 {
            return Err(EmulatorError::Setting("a page must have room for an item".into()));
        }
        let (directory, temporary) = match &config.data_dir {
            Some(directory) => (directory.clone(), None),
            None => {
                let directory = std::env::temp_dir().join(format!("azure-emulator-{}", random_hex(8)));
                (directory.clone(), Some(TemporaryDirectory(directory)))
            }
        };
        let unusable = |source| EmulatorError::DataDirectory { path: directory.clone(), source };
        create_private_directory(&directory).map_err(unusable)?;
        let lock = lock(&directory)?;
        let identity = Identity::open(&directory).map_err(unusable)?;
        let files = CertificateFiles::open(&directory).map_err(unusable)?;
        let (journal, world) = match config.data_dir {
            Some(_) => {
                let (journal, world) = Journal::open(&directory).map_err(unusable)?;
                (Some(journal), world)
            }
            None => (None, World::default()),
        };
        let listener = listen(config.listen, &directory).await?;
        let address = listener
            .local_addr()
            .map_err(|source| EmulatorError::Listen { address: config.listen, source })?;
        // So that URLs in the world, such as those of key vaults, stay good.
        fs::write(directory.join("port"), address.port().to_string()).map_err(unusable)?;
        let shared = Arc::new(Shared {
            faults: open_faults(config.faults.as_deref())?,
            request_log: open_log(config.request_log.as_deref())?,
            core: Core::new(
                settings_of(&config, identity, address),
                Cloud { world, journal },
                (config.throttling == Throttling::Realistic).then(Throttle::default),
            ),
        });
        let tls = files.server_config().map_err(EmulatorError::Certificate)?;
        let (stop, stopped) = watch::channel(false);
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let server = tokio::spawn(server::serve(listener, acceptor, shared.clone(), stopped));
        Ok(Emulator { shared, stop, server, files, directory, temporary, _lock: lock })
    }

    /// Returns `https://localhost:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.core.settings.base_url
    }

    /// Returns the file with the certificate of the emulator's authority (PEM).
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.files.ca
    }

    /// Returns the environment variables by which terrane, Terraform's azurerm and azapi, the Azure SDKs and the az
    /// CLI find the emulator and sign in to it.
    #[must_use]
    pub fn env(&self) -> BTreeMap<String, String> {
        let settings = &self.shared.core.settings;
        let (base, identity) = (&settings.base_url, &settings.identity);
        let bundle = self.files.bundle.display().to_string();
        let mut env = BTreeMap::new();
        let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
        for prefix in ["ARM", "AZURE"] {
            set(&format!("{prefix}_TENANT_ID"), &identity.tenant_id);
            set(&format!("{prefix}_SUBSCRIPTION_ID"), &identity.subscription_id);
            set(&format!("{prefix}_CLIENT_ID"), &identity.client_id);
            set(&format!("{prefix}_CLIENT_SECRET"), &identity.client_secret);
        }
        set("ARM_METADATA_HOSTNAME", &format!("localhost:{}", settings.port));
        set("ARM_METADATA_HOST", &format!("localhost:{}", settings.port));
        for method in ["ARM_USE_CLI", "ARM_USE_MSI", "ARM_USE_OIDC", "ARM_USE_AKS_WORKLOAD_IDENTITY"] {
            set(method, "false");
        }
        set("ARM_RESOURCE_PROVIDER_REGISTRATIONS", "none");
        set("ARM_RESOURCE_MANAGER_ENDPOINT", base);
        set("ARM_RESOURCE_MANAGER_AUDIENCE", base);
        set("ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", base);
        set("ARM_DISABLE_INSTANCE_DISCOVERY", "true");
        set("AZURE_AUTHORITY_HOST", base);
        // The az CLI: its clouds, its files, and no question to Microsoft whether the authority is known.
        set("ARM_CLOUD_METADATA_URL", &format!("{base}/metadata/endpoints?api-version=2019-05-01"));
        set("AZURE_CONFIG_DIR", &self.directory.join("azure-cli").display().to_string());
        set("AZURE_CORE_INSTANCE_DISCOVERY", "false");
        set("AZURE_CORE_COLLECT_TELEMETRY", "false");
        for variable in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            set(variable, &bundle);
        }
        set("NODE_EXTRA_CA_CERTS", &self.files.ca.display().to_string());
        // Data planes keep their real names; as a proxy the emulator connects those names to itself.
        for (variable, value) in [
            ("HTTPS_PROXY", format!("http://localhost:{}", settings.port)),
            ("NO_PROXY", "localhost,127.0.0.1,::1".to_owned()),
        ] {
            set(variable, &value);
            set(&variable.to_ascii_lowercase(), &value);
        }
        if settings.is_instant() {
            set("GO_AZURE_SDK_SKIP_POLLING_DELAY", "true");
        }
        env
    }

    /// Moves the emulator's clock forward: operations finish and tokens expire as if the time had passed.
    pub fn advance_clock(&self, duration: Duration) {
        self.shared.core.clock.advance(duration);
    }

    /// Returns the whole world as bytes.
    #[must_use]
    pub fn world_snapshot(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_world(&self.shared.core.lock().world, &mut bytes).expect("memory takes every byte");
        bytes
    }

    /// Replaces the whole world by a snapshot.
    ///
    /// # Errors
    ///
    /// [`EmulatorError::Snapshot`] if the bytes are not a whole snapshot, [`EmulatorError::DataDirectory`] if the new
    /// world cannot be kept.
    pub fn restore(&self, snapshot: &[u8]) -> Result<(), EmulatorError> {
        let world = read_world(snapshot).map_err(EmulatorError::Snapshot)?;
        let mut cloud = self.shared.core.lock();
        if let Some(journal) = &mut cloud.journal {
            let kept = journal.compact(&world);
            kept.map_err(|source| EmulatorError::DataDirectory { path: self.directory.clone(), source })?;
        }
        cloud.world = world;
        Ok(())
    }

    /// Stops accepting requests, lets open ones finish, and writes the world in its shortest form.
    ///
    /// # Errors
    ///
    /// [`EmulatorError::DataDirectory`] if the world cannot be written. Nothing acknowledged is lost by that.
    pub async fn shutdown(mut self) -> Result<(), EmulatorError> {
        // The receiver is gone only if the server has ended already.
        let _ = self.stop.send(true);
        // Keep-alive connections of clients that do not close them must not hold us up.
        let _ = tokio::time::timeout(Duration::from_secs(5), &mut self.server).await;
        self.server.abort();
        let mut cloud = self.shared.core.lock();
        let Cloud { world, journal } = &mut *cloud;
        if let Some(journal) = journal {
            let kept = journal.append(world).and_then(|()| journal.compact(world));
            kept.map_err(|source| EmulatorError::DataDirectory { path: self.directory.clone(), source })?;
        }
        drop(cloud);
        self.temporary.take();
        Ok(())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn settings_of(config: &EmulatorConfig, identity: Identity, address: SocketAddr) -> Settings {
    Settings {
        base_url: format!("https://localhost:{}", address.port()),
        port: address.port(),
        identity,
        operation_time: config.operation_time,
        page_size: config.page_size,
        accept_retired_versions: config.accept_retired_versions,
        unregistered_namespaces: config.unregistered_namespaces.clone(),
        any_subscription: config.any_subscription,
        aks_kubeconfig: config.aks_kubeconfig.clone(),
    }
}

fn create_private_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Two processes must not write one world.
fn lock(directory: &Path) -> Result<File, EmulatorError> {
    let unusable = |source| EmulatorError::DataDirectory { path: directory.to_owned(), source };
    let file = File::create(directory.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(EmulatorError::DataDirectoryInUse(directory.to_owned())),
        Err(fs::TryLockError::Error(source)) => Err(unusable(source)),
    }
}

/// Listens at the address; port 0 means the port of the last time if it is still free.
async fn listen(address: SocketAddr, directory: &Path) -> Result<TcpListener, EmulatorError> {
    if address.port() == 0 {
        let last = fs::read_to_string(directory.join("port")).ok().and_then(|text| text.trim().parse().ok());
        if let Some(port) = last
            && let Ok(listener) = TcpListener::bind(SocketAddr::new(address.ip(), port)).await
        {
            return Ok(listener);
        }
    }
    TcpListener::bind(address).await.map_err(|source| EmulatorError::Listen { address, source })
}

fn open_faults(path: Option<&Path>) -> Result<Faults, EmulatorError> {
    let Some(path) = path else { return Ok(Faults::default()) };
    Faults::open(path).map_err(|message| EmulatorError::Faults { path: path.to_owned(), message })
}

fn open_log(path: Option<&Path>) -> Result<Option<RequestLog>, EmulatorError> {
    let opened = path.map(|path| {
        RequestLog::open(path).map_err(|source| EmulatorError::RequestLog { path: path.to_owned(), source })
    });
    opened.transpose()
}
