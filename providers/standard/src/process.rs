//! Running programs: input in, output out, and an end when the provider is to stop.

use std::io;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::watch;

/// A program to run.
pub(crate) struct Program<'a> {
    /// Name, to be found on the `PATH`, or path of the executable.
    pub(crate) command: &'a str,
    /// What it is called with.
    pub(crate) arguments: Vec<&'a str>,
    /// Where it runs; in the engine's working directory when not given.
    pub(crate) directory: Option<&'a str>,
    /// What is added to its environment.
    pub(crate) environment: Vec<(String, String)>,
    /// What it can read; nothing when not given.
    pub(crate) input: Option<Vec<u8>>,
}

/// What came of a program.
pub(crate) struct Outcome {
    /// Exit code; nothing when a signal ended it.
    pub(crate) exit_code: Option<i32>,
    /// All of its standard output.
    pub(crate) output: Vec<u8>,
    /// All of its standard error.
    pub(crate) errors: Vec<u8>,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// There is no such program, or it may not be run.
    #[error("{0}")]
    NotFound(io::Error),
    /// It could not be started or talked to.
    #[error("{0}")]
    Failed(#[from] io::Error),
    /// The provider is to stop.
    #[error("interrupted")]
    Stopped,
}

/// Runs a program to its end.
pub(crate) async fn run(program: Program<'_>, mut stop: watch::Receiver<bool>) -> Result<Outcome, RunError> {
    let mut command = Command::new(program.command);
    command.args(&program.arguments).envs(program.environment).kill_on_drop(true);
    command.stdin(if program.input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(directory) = program.directory.filter(|directory| !directory.is_empty()) {
        command.current_dir(directory);
    }
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => RunError::NotFound(error),
        _ => RunError::Failed(error),
    })?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let run = async {
        let write = async {
            if let (Some(mut stdin), Some(input)) = (stdin, program.input) {
                // A program need not read its input: a closed pipe is no failure.
                let _ = stdin.write_all(&input).await;
            }
        };
        let ((), output, errors) = tokio::join!(write, read_all(stdout), read_all(stderr));
        let status = child.wait().await?;
        Ok(Outcome { exit_code: status.code(), output: output?, errors: errors? })
    };
    tokio::select! {
        outcome = run => outcome,
        _ = stop.wait_for(|stopped| *stopped) => Err(RunError::Stopped),
    }
}

async fn read_all(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
