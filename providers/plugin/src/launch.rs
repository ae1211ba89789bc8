//! Starting a plugin's process, listening to it, and ending it.

use std::io::ErrorKind;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::BufReader;
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::handshake::{
    CERTIFICATE_VARIABLE, COOKIE, Handshake, PORT_VARIABLES, VERSIONS_VARIABLE, read_handshake,
};
use crate::log::LogLevel;
use crate::method::Protocol;
use crate::options::PluginOptions;
use crate::output::{Output, start_of_line};
use crate::start_error::StartError;

/// How often a program is started whose file is still being written by a process that is about to close it.
const BUSY_ATTEMPTS: u32 = 5;

/// How long a process may take to be gone once its pipes are closed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait for the rest of what an ended process printed.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(200);

/// A plugin's process. Dropping it ends the process at once.
pub(crate) struct Process {
    /// Its end is watched elsewhere, by a task that kills the process when this is dropped.
    _alive: oneshot::Sender<()>,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Returns how the process ended; waits for it as long as `patience` lasts.
    pub(crate) async fn exit_status(&self, patience: Duration) -> Option<ExitStatus> {
        let mut exit = self.exit.clone();
        let waited = timeout(patience, exit.wait_for(Option::is_some)).await;
        waited.ok()?.ok().and_then(|status| *status)
    }
}

/// Starts a plugin and waits for its handshake.
///
/// # Errors
/// When it cannot be started, ends, keeps silent, or says what cannot be understood.
pub(crate) async fn launch(
    options: &PluginOptions,
    certificate_pem: &str,
    output: &Arc<Output>,
) -> Result<(Process, Handshake), StartError> {
    let mut child = spawn(options, certificate_pem).await?;
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let taker = Arc::clone(output);
    let stderr = tokio::spawn(async move {
        if let Some(pipe) = stderr {
            taker.take_lines(BufReader::new(pipe), LogLevel::Info).await;
        }
    });
    let process = watch_process(child, stderr);
    let handshake = greet(&process, stdout, options.start_timeout, output).await?;
    Ok((process, handshake))
}

async fn greet(
    process: &Process,
    stdout: Option<ChildStdout>,
    limit: Duration,
    output: &Arc<Output>,
) -> Result<Handshake, StartError> {
    let Some(stdout) = stdout else { return Err(StartError::Exited { status: None }) };
    let mut stdout = BufReader::new(stdout);
    let line = timeout(limit, start_of_line(&mut stdout)).await.map_err(|_| StartError::Timeout { limit })?;
    let Ok(Some((line, _))) = line else {
        return Err(StartError::Exited { status: process.exit_status(EXIT_TIMEOUT).await });
    };
    let output = Arc::clone(output);
    tokio::spawn(async move { output.take_lines(stdout, LogLevel::Info).await });
    Ok(read_handshake(&line)?)
}

async fn spawn(options: &PluginOptions, certificate_pem: &str) -> Result<Child, StartError> {
    let versions = Protocol::ALL.map(|protocol| protocol.number().to_string()).join(",");
    let mut command = Command::new(&options.path);
    command
        .args(&options.args)
        .envs(options.env.iter().map(|(name, value)| (name, value)))
        .env(COOKIE.0, COOKIE.1)
        .env(VERSIONS_VARIABLE, versions)
        .env(CERTIFICATE_VARIABLE, certificate_pem)
        .envs(PORT_VARIABLES)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut attempts = 1;
    loop {
        match command.spawn() {
            Ok(child) => return Ok(child),
            // A file that was just unpacked may still be open in a process that forked meanwhile.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && attempts < BUSY_ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(20) * attempts).await;
                attempts += 1;
            }
            Err(source) => return Err(StartError::Spawn { path: options.path.clone(), source }),
        }
    }
}

/// Hands the process to a task that waits for its end, and brings it about when nobody needs it any more.
fn watch_process(mut child: Child, stderr: JoinHandle<()>) -> Process {
    let (alive, mut dropped) = oneshot::channel::<()>();
    let (exited, exit) = watch::channel(None);
    tokio::spawn(async move {
        let status = tokio::select! {
            status = child.wait() => status,
            _ = &mut dropped => {
                // It may have ended just now; then there is nothing to kill.
                let _ = child.start_kill();
                child.wait().await
            }
        };
        // What it printed belongs to its end; a child of its own may keep the pipe open, though.
        let _ = timeout(OUTPUT_TIMEOUT, stderr).await;
        exited.send_replace(status.ok());
    });
    Process { _alive: alive, exit }
}
