//! Starting and stopping an emulator.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::certificate::CertificateFiles;
use crate::config::{EmulatorConfig, EmulatorError, Throttling};
use crate::core::{Cloud, Core};
use crate::credentials::{Identity, random_hex};
use crate::environment;
use crate::faults::Faults;
use crate::front::token;
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
    /// Serves, if the emulator was started in the background.
    thread: Option<thread::JoinHandle<()>>,
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
        let (ended, _) = watch::channel(());
        Emulator::launch(config, ended).await
    }

    /// Starts an emulator on a thread of its own, which ends with it. When this returns, it accepts connections.
    ///
    /// For callers without a runtime, and for those whose runtime is busy with other work. It may be called from
    /// asynchronous code, but blocks while the world is read.
    ///
    /// # Errors
    ///
    /// See [`EmulatorError`].
    pub fn start_in_background(config: EmulatorConfig) -> Result<Emulator, EmulatorError> {
        let (report, started) = mpsc::channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(EmulatorError::Thread)?;
        let serve = move || {
            runtime.block_on(async {
                let (ended, mut end) = watch::channel(());
                // The one who asked is gone only if its thread was ended, and then so is everything.
                let _ = report.send(Emulator::launch(config, ended).await);
                // An error says that the server has dropped its end.
                while end.changed().await.is_ok() {}
            });
        };
        let thread = thread::Builder::new()
            .name("azure emulator".into())
            .spawn(serve)
            .map_err(EmulatorError::Thread)?;
        let gone = |_| EmulatorError::Thread(io::Error::other("it ended before the emulator started"));
        let mut emulator = started.recv().map_err(gone)??;
        emulator.thread = Some(thread);
        Ok(emulator)
    }

    /// `ended` is dropped when the server has ended.
    async fn launch(config: EmulatorConfig, ended: watch::Sender<()>) -> Result<Emulator, EmulatorError> {
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
        let serving = server::serve(listener, acceptor, shared.clone(), stopped);
        let server = tokio::spawn(async move {
            serving.await;
            drop(ended);
        });
        Ok(Emulator { shared, stop, server, thread: None, files, directory, temporary, _lock: lock })
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

    /// Returns the environment variables by which other processes find the emulator and sign in to it: Terraform's
    /// azurerm and azapi, the Azure SDKs, the az CLI, terrane itself.
    ///
    /// They include `HTTPS_PROXY`: the emulator answers as a proxy for the data planes of emulated resources and
    /// passes everything else on, so they may be set for a whole shell.
    #[must_use]
    pub fn env(&self) -> BTreeMap<String, String> {
        environment::of(&self.shared.core.settings, &self.files, &self.directory)
    }

    /// Returns [`Emulator::env`] for a client in this process that talks to the emulator alone, such as terrane's
    /// Azure provider: it trusts the emulator's authority and no other, which spares it reading the system's.
    #[must_use]
    pub fn provider_env(&self) -> BTreeMap<String, String> {
        let mut env = self.env();
        env.insert("SSL_CERT_FILE".to_owned(), self.files.ca.display().to_string());
        env
    }

    /// Returns the line that `terrane emulator azure` prints when it is ready: a JSON object with `url`, `ca_file`
    /// and `env`, without a line break.
    ///
    /// `env` holds the client's secret; the line is for the one who started the emulator.
    #[must_use]
    pub fn ready_line(&self) -> String {
        json!({"url": self.url(), "ca_file": self.ca_file(), "env": self.env()}).to_string()
    }

    /// Returns a bearer token for the Resource Manager, good for an hour, for clients that do not sign in
    /// themselves.
    #[must_use]
    pub fn management_token(&self) -> String {
        let core = &self.shared.core;
        token::issue(&core.settings, core.clock.now(), &core.settings.base_url)
    }

    /// Returns the ids of all resource groups and resources, in an order that does not depend on when they were
    /// made.
    #[must_use]
    pub fn resource_ids(&self) -> Vec<String> {
        self.shared.core.lock().world.ids().map(str::to_owned).collect()
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
        if let Some(thread) = self.thread.take() {
            // The lock must not be given up before the last write. A panic there has been reported already.
            let _ = thread.join();
        }
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
        cores_per_region: config.cores_per_region,
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
