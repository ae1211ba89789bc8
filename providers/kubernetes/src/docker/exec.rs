//! Commands inside running containers.

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use super::engine::Engine;
use super::error::{DockerError, While};

/// The most output of a command that is kept; of more, the end counts.
const OUTPUT_BYTES_MAX: usize = 4 << 20;

/// A command to run in a container, as root and with all of the container's rights.
#[derive(Debug, Clone, Default)]
pub(crate) struct Command {
    arguments: Vec<String>,
    input: Option<Vec<u8>>,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    /// The command's exit status.
    pub(crate) status: i64,
    /// What it wrote to its standard output.
    pub(crate) stdout: Vec<u8>,
    /// What it wrote to its standard output and standard error, as it came.
    pub(crate) all: Vec<u8>,
}

impl Command {
    /// A command without input.
    pub(crate) fn new<S: Into<String>>(arguments: impl IntoIterator<Item = S>) -> Self {
        Self { arguments: arguments.into_iter().map(Into::into).collect(), input: None }
    }

    /// Gives the command something to read.
    pub(crate) fn input(self, input: impl Into<Vec<u8>>) -> Self {
        Self { input: Some(input.into()), ..self }
    }

    /// Returns the command as it would be typed.
    pub(crate) fn line(&self) -> String {
        self.arguments.join(" ")
    }
}

impl Output {
    /// Tells whether the command did what it should.
    pub(crate) fn is_success(&self) -> bool {
        self.status == 0
    }

    /// Returns the standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    fn keep(&mut self, message: &[u8], is_stdout: bool) {
        for (buffer, wanted) in [(&mut self.all, true), (&mut self.stdout, is_stdout)] {
            if wanted {
                buffer.extend_from_slice(message);
                if buffer.len() > 2 * OUTPUT_BYTES_MAX {
                    buffer.drain(..buffer.len() - OUTPUT_BYTES_MAX);
                }
            }
        }
    }
}

impl Engine {
    /// Runs a command in a container and waits for its end.
    pub(crate) async fn exec(&self, container: &str, command: Command) -> Result<Output, DockerError> {
        let line = command.line();
        let action = || format!("run {line:?} in {container}");
        let config = ExecConfig {
            attach_stdin: Some(command.input.is_some()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            privileged: Some(true),
            cmd: Some(command.arguments),
            ..ExecConfig::default()
        };
        let id = self.docker.create_exec(container, config).await.during(action)?.id;
        let started = self.docker.start_exec(&id, None::<StartExecOptions>).await.during(action)?;
        let mut result = Output { status: 0, stdout: Vec::new(), all: Vec::new() };
        if let StartExecResults::Attached { mut output, mut input } = started {
            let write = async {
                if let Some(bytes) = command.input {
                    // A command that ends before it has read everything is judged by its exit status.
                    let _ = input.write_all(&bytes).await;
                }
                let _ = input.shutdown().await;
            };
            let read = async {
                while let Some(message) = output.next().await {
                    match message? {
                        LogOutput::StdErr { message } => result.keep(&message, false),
                        LogOutput::StdOut { message }
                        | LogOutput::Console { message }
                        | LogOutput::StdIn { message } => result.keep(&message, true),
                    }
                }
                Ok::<(), bollard::errors::Error>(())
            };
            let (read, ()) = tokio::join!(read, write);
            read.during(action)?;
        }
        let inspected = self.docker.inspect_exec(&id).await.during(action)?;
        // Without a status the container died under the command.
        result.status = inspected.exit_code.unwrap_or(-1);
        Ok(result)
    }
}
