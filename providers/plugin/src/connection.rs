//! A connection to a plugin: its process, calls, and messages about calls without an answer.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use terrane_model::{Diagnostic, Diagnostics};
use tonic::{Code, Status};

use crate::client::{Client, MESSAGE_BYTES_MAX};
use crate::handshake::Handshake;
use crate::launch::{Process, launch};
use crate::mutual_tls::ClientIdentity;
use crate::options::PluginOptions;
use crate::output::Output;
use crate::reattach::Reattach;
use crate::start_error::{StartError, describe_exit, quote};
use crate::transport::{Address, connect};
use crate::wire;

/// How long to wait for news of the process's end after a call broke off.
const CRASH_PATIENCE: Duration = Duration::from_millis(500);

/// How long a process may take to end itself before it is killed.
const EXIT_PATIENCE: Duration = Duration::from_secs(2);

/// A plugin that can be called.
pub(crate) struct Connection {
    pub(crate) provider: String,
    pub(crate) client: Client,
    pub(crate) output: Arc<Output>,
    /// None for a plugin that somebody else started.
    process: Option<Process>,
    /// A socket in the file system, which is removed with the process.
    socket: Option<SocketFile>,
}

impl Connection {
    /// Starts a plugin and connects to it.
    ///
    /// # Errors
    /// A message that says why the plugin cannot be used.
    pub(crate) async fn start(options: &PluginOptions) -> Result<Self, Diagnostics> {
        let output = Arc::new(Output::new(options.name.clone(), options.log.clone()));
        match start_process(options, &output).await {
            Ok(connection) => {
                connection.pump_output();
                Ok(connection)
            }
            Err(error) => Err(error.into_diagnostics(&options.name, &output.last_words())),
        }
    }

    /// Connects to a plugin that runs already.
    ///
    /// # Errors
    /// A message when nobody listens there.
    pub(crate) async fn attach(options: &PluginOptions, reattach: &Reattach) -> Result<Self, Diagnostics> {
        let provider = options.name.clone();
        let channel = connect(reattach.address.clone(), None).await;
        let channel = channel.map_err(|error| connect_error(&error).into_diagnostics(&provider, ""))?;
        let output = Arc::new(Output::new(provider.clone(), options.log.clone()));
        let client = Client::new(channel, reattach.protocol);
        Ok(Self { provider, client, output, process: None, socket: None })
    }

    /// Takes what the plugin prints while it serves, so that it does not stand still with its pipes full.
    fn pump_output(&self) {
        let (client, output) = (self.client.clone(), Arc::clone(&self.output));
        tokio::spawn(async move {
            let Ok(mut stream) = client.stream_output().await else { return };
            while let Ok(Some(piece)) = stream.message().await {
                output.take_piece(&piece.data);
            }
        });
    }

    /// Returns the message about a plugin that can be called and is of no use nevertheless.
    pub(crate) fn unusable(&self, error: impl Into<StartError>) -> Diagnostics {
        error.into().into_diagnostics(&self.provider, &self.output.last_words())
    }

    /// Makes a call.
    ///
    /// # Errors
    /// A message when there is no answer, because the plugin crashed or does not know the call.
    pub(crate) async fn call<R: wire::Request>(&self, request: R) -> Result<R::Response, Diagnostics> {
        match self.client.call(request).await {
            Ok(response) => Ok(response),
            Err(status) => Err(self.explain::<R>(&status).await.into()),
        }
    }

    /// Makes a call that is answered by a stream.
    ///
    /// # Errors
    /// A message when there is no answer, because the plugin crashed or does not know the call.
    pub(crate) async fn call_stream<R: wire::Request>(
        &self,
        request: R,
    ) -> Result<tonic::Streaming<R::Response>, Diagnostics> {
        match self.client.call_stream(request).await {
            Ok(stream) => Ok(stream),
            Err(status) => Err(self.explain::<R>(&status).await.into()),
        }
    }

    /// Returns the message about a call that has no answer.
    pub(crate) async fn explain<R: wire::Request>(&self, status: &Status) -> Diagnostic {
        let call = R::METHOD.name(self.client.protocol);
        let has_broken_off = status.code() == Code::Unavailable || status.source().is_some();
        if has_broken_off
            && let Some(process) = &self.process
            && let Some(exit) = process.exit_status(CRASH_PATIENCE).await
        {
            let detail = format!(
                "Provider {} failed to answer the {call} call: its plugin process ended unexpectedly{}. This is most \
                 likely a bug in the provider, which should be reported in its own issue tracker.{}",
                self.provider,
                describe_exit(Some(exit)),
                quote(&self.output.last_words())
            );
            return Diagnostic::error("Plugin did not respond", detail);
        }
        describe_status(&self.provider, call, status)
    }

    /// Asks to end what is under way.
    pub(crate) async fn stop(&self) {
        // A plugin that cannot be told will be ended with its process.
        let _ = self.client.call(wire::provider::StopRequest {}).await;
    }
}

impl Drop for Connection {
    /// Lets the process end itself, in the background; it is killed when it does not, or when the runtime ends.
    fn drop(&mut self) {
        let (client, process, socket) = (self.client.clone(), self.process.take(), self.socket.take());
        let (Some(process), Ok(runtime)) = (process, tokio::runtime::Handle::try_current()) else { return };
        runtime.spawn(async move {
            client.shut_down().await;
            process.exit_status(EXIT_PATIENCE).await;
            drop(process);
            drop(socket);
        });
    }
}

/// A socket in the file system; removed with the process that made it, since a killed process leaves it behind.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileTypeExt;
            let is_socket =
                std::fs::symlink_metadata(&self.0).is_ok_and(|found| found.file_type().is_socket());
            if is_socket {
                // Whoever removed it first did the same.
                let _ = std::fs::remove_file(&self.0);
            }
        }
    }
}

async fn start_process(options: &PluginOptions, output: &Arc<Output>) -> Result<Connection, StartError> {
    let identity = ClientIdentity::generate().map_err(|error| StartError::Certificate(error.to_string()))?;
    let (process, handshake) = launch(options, &identity.certificate_pem, output).await?;
    let Handshake { protocol, address, certificate } = handshake;
    let tls = certificate.map(|der| identity.client_config(CertificateDer::from(der))).transpose();
    let tls = tls.map_err(|error| StartError::Connect(error.to_string()))?;
    let socket = match &address {
        Address::Unix(path) => Some(SocketFile(path.clone())),
        Address::Tcp(_) => None,
    };
    let channel = connect(address, tls.map(Arc::new)).await.map_err(|error| connect_error(&error))?;
    Ok(Connection {
        provider: options.name.clone(),
        client: Client::new(channel, protocol),
        output: Arc::clone(output),
        process: Some(process),
        socket,
    })
}

/// The outer error only says that there was one.
fn connect_error(error: &tonic::transport::Error) -> StartError {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    StartError::Connect(innermost.to_string())
}

fn describe_status(provider: &str, call: &str, status: &Status) -> Diagnostic {
    let message = status.message();
    let (summary, detail) = match status.code() {
        Code::Unavailable => (
            "Plugin did not respond",
            format!(
                "Provider {provider} failed to answer the {call} call: the connection to its plugin broke off. Its \
                 logs may contain more details."
            ),
        ),
        Code::Cancelled => ("Request cancelled", format!("The {call} request was cancelled.")),
        Code::Unimplemented => (
            "Unsupported plugin method",
            format!("Provider {provider} does not support the {call} call; a newer version of it may."),
        ),
        Code::OutOfRange | Code::ResourceExhausted => (
            "Plugin message too large",
            format!(
                "Provider {provider} and the {call} call: a message is larger than the {} MiB that are allowed \
                 ({message}).",
                MESSAGE_BYTES_MAX / (1024 * 1024)
            ),
        ),
        code => (
            "Plugin error",
            format!("Provider {provider} returned an unexpected error from {call}: {code:?}: {message}"),
        ),
    };
    Diagnostic::error(summary, detail)
}
