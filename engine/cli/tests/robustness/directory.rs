//! Working directories in which the program is run, watched, and stopped.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A working directory.
pub(crate) struct Directory(TempDir);

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// What it wrote to standard output.
    pub(crate) stdout: String,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
}

impl Directory {
    /// Makes a directory with one configuration file.
    pub(crate) fn new(configuration: &str) -> Self {
        let directory = Self(tempfile::tempdir().unwrap());
        fs::write(directory.join("main.tf"), configuration).unwrap();
        directory
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.join(name)).unwrap_or_default()
    }

    /// Returns the program with these words as arguments, ready to be started here.
    pub(crate) fn command(&self, words: &str) -> Command {
        let program =
            std::env::var("TERRANE_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_terrane").to_owned());
        let mut command = Command::new(program);
        command.args(words.split_whitespace()).current_dir(self.path());
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("TF_") || name.starts_with("ARM_"))
        {
            command.env_remove(name);
        }
        command.env("TF_INPUT", "0").env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    /// Starts the program and lets it run.
    pub(crate) fn start(&self, words: &str) -> Child {
        self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, words: &str) -> Run {
        self.command(words).output().unwrap().into()
    }

    /// Runs the program to its end, which must be a good one.
    #[track_caller]
    pub(crate) fn succeed(&self, words: &str) -> String {
        let run = self.run(words);
        assert_eq!(run.code, Some(0), "{words}: {run:#?}");
        run.stdout
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
