//! The `helm` command: finding it, knowing its version, running it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// The variable that names the command.
pub(crate) const VARIABLE: &str = "TERRANE_HELM";

/// How long the command may take to leave a release in order when it is told to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Folders where package managers put commands, beside those of the path.
const KNOWN_FOLDERS: [&str; 4] =
    ["/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin", "/snap/bin"];

/// Why a run of the command has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HelmError {
    /// There is no command.
    #[error("there is no helm command")]
    NotInstalled,
    /// The command cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The command has failed; what it has said about it.
    #[error("{0}")]
    Failed(String),
    /// The command was told to stop, because of an interruption.
    #[error("interrupted")]
    Interrupted,
}

/// A command with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// The major version: 3 or 4.
    pub(crate) major: u32,
}

/// What a run is given.
#[derive(Default)]
pub(crate) struct Run<'a> {
    pub(crate) arguments: Vec<String>,
    /// What is written to the command's standard input.
    pub(crate) input: Vec<u8>,
    /// Stops the run when it becomes true.
    pub(crate) stop: Option<watch::Receiver<bool>>,
    /// The folder that the command runs in.
    pub(crate) folder: Option<&'a Path>,
    /// Is told the process, once there is one.
    pub(crate) started: Option<&'a (dyn Fn(u32) + Send + Sync)>,
}

impl Program {
    /// Finds the command that an environment leads to.
    ///
    /// # Errors
    /// When there is none, or it does not tell its version.
    pub(crate) async fn find(environment: &BTreeMap<String, String>) -> Result<Self, HelmError> {
        let path = locate(environment).ok_or(HelmError::NotInstalled)?;
        let run = Run {
            arguments: vec!["version".into(), "--template".into(), "{{.Version}}".into()],
            ..Run::default()
        };
        let version = Self { path: path.clone(), major: 0 }.run(environment, run).await?;
        let major = major(&version).ok_or_else(|| {
            HelmError::Unusable(format!("{} does not tell its version: {:?}", path.display(), version.trim()))
        })?;
        if !(3..=4).contains(&major) {
            let detail = format!("{} is version {major} of Helm; 3 or 4 is needed", path.display());
            return Err(HelmError::Unusable(detail));
        }
        Ok(Self { path, major })
    }

    /// Runs the command and returns what it prints.
    ///
    /// # Errors
    /// When it cannot be started, fails, or is stopped.
    pub(crate) async fn run(
        &self,
        environment: &BTreeMap<String, String>,
        run: Run<'_>,
    ) -> Result<String, HelmError> {
        let mut command = Command::new(&self.path);
        command.args(&run.arguments).env_clear().envs(environment);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        if let Some(folder) = run.folder.filter(|folder| !folder.as_os_str().is_empty()) {
            command.current_dir(folder);
        }
        let unusable =
            |error: std::io::Error| HelmError::Unusable(format!("{}: {error}", self.path.display()));
        let mut child = command.spawn().map_err(unusable)?;
        let process = child.id();
        if let (Some(process), Some(started)) = (process, run.started) {
            started(process);
        }
        let input = child.stdin.take();
        let feed = async move {
            if let Some(mut input) = input {
                // A command that does not read its input ends before it is written.
                let _ = input.write_all(&run.input).await;
            }
        };
        let finish = async { tokio::join!(feed, child_output(child)).1 };
        tokio::pin!(finish);
        let output = match run.stop {
            None => finish.await,
            Some(stop) => tokio::select! {
                output = &mut finish => output,
                () = stopped(stop) => {
                    terminate(process);
                    let _ = tokio::time::timeout(GRACE, &mut finish).await;
                    return Err(HelmError::Interrupted);
                }
            },
        };
        let output = output.map_err(unusable)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(HelmError::Failed(said(&String::from_utf8_lossy(&output.stderr))))
    }
}

async fn child_output(child: Child) -> std::io::Result<std::process::Output> {
    child.wait_with_output().await
}

/// Comes to its end when the run is to stop, and never if nobody can say so any more.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Asks a process to end in order: Helm marks the release as failed and lets go of it.
#[cfg(unix)]
pub(super) fn terminate(process: Option<u32>) {
    let process = process.and_then(|process| i32::try_from(process).ok());
    if let Some(process) = process {
        let _ =
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), nix::sys::signal::Signal::SIGTERM);
    }
}

/// Elsewhere there is no such request; the process ends when its handle is dropped.
#[cfg(not(unix))]
pub(super) fn terminate(_process: Option<u32>) {}

fn locate(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    if let Some(named) = environment.get(VARIABLE).filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let name = if cfg!(windows) { "helm.exe" } else { "helm" };
    let path = environment.get("PATH").map(String::as_str).unwrap_or_default();
    let home = environment.get("HOME").map(PathBuf::from);
    let own = home.iter().flat_map(|home| [home.join(".local/bin"), home.join("go/bin")]);
    let folders = std::env::split_paths(path).chain(KNOWN_FOLDERS.iter().map(PathBuf::from)).chain(own);
    let mut candidates = folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join(name));
    candidates.find(|candidate| candidate.is_file())
}

fn major(version: &str) -> Option<u32> {
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Returns what a failed command has said, without what it says on the side.
fn said(text: &str) -> String {
    let is_aside = |line: &str| {
        line.starts_with("WARNING:")
            || line.starts_with("Use --debug flag")
            || line.starts_with("level=")
            || line.starts_with("time=")
    };
    let lines: Vec<&str> = text.lines().filter(|line| !is_aside(line)).collect();
    let text = lines.join("\n");
    let text = text.trim().strip_prefix("Error: ").unwrap_or(text.trim()).to_owned();
    if text.is_empty() { "helm has failed without a word".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_loosely() {
        for (text, expected) in
            [("v3.18.4\n", Some(3)), ("v4.3", Some(4)), ("3.9.0+g1", Some(3)), ("unknown", None)]
        {
            assert_eq!(major(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_said_on_the_side_is_left_out() {
        let text = "WARNING: Kubernetes configuration file is group-readable\nError: INSTALLATION FAILED: no\nmore\n";
        assert_eq!(said(text), "INSTALLATION FAILED: no\nmore");
        assert_eq!(said(""), "helm has failed without a word");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn runs_can_be_stopped() {
        let program = Program { path: PathBuf::from("/bin/sh"), major: 3 };
        let (sender, stop) = watch::channel(false);
        let script = "trap 'exit 1' TERM; cat; echo ready >&2; while :; do sleep 0.05; done";
        let run = Run { arguments: vec!["-c".into(), script.into()], stop: Some(stop), ..Run::default() };
        sender.send_replace(true);
        assert_eq!(program.run(&BTreeMap::new(), run).await, Err(HelmError::Interrupted));
        let run = Run { arguments: vec!["-c".into(), "cat; echo no >&2; exit 3".into()], ..Run::default() };
        assert_eq!(program.run(&BTreeMap::new(), run).await, Err(HelmError::Failed("no".to_owned())));
        let run = Run { arguments: vec!["-c".into(), "cat".into()], input: b"in".to_vec(), ..Run::default() };
        let environment = BTreeMap::from([("PATH".to_owned(), "/bin:/usr/bin".to_owned())]);
        assert_eq!(program.run(&environment, run).await, Ok("in".to_owned()));
        let missing = BTreeMap::from([("PATH".to_owned(), "/nowhere".to_owned())]);
        if !KNOWN_FOLDERS.iter().any(|folder| Path::new(folder).join("helm").is_file()) {
            assert_eq!(Program::find(&missing).await, Err(HelmError::NotInstalled));
        }
    }
}
