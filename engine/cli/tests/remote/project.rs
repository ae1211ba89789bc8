//! Working directories whose states are in one place.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where states are kept: a kind of backend, and what its block says.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) kind: &'static str,
    /// Arguments with their expressions.
    pub(crate) arguments: Vec<(&'static str, String)>,
    pub(crate) environment: BTreeMap<String, String>,
    /// Whether a lock stays when its process is killed.
    pub(crate) locks_stay: bool,
}

impl Place {
    fn lines(&self) -> String {
        self.arguments.iter().map(|(name, value)| format!("    {name} = {value}\n")).collect()
    }

    /// Returns the block.
    pub(crate) fn block(&self) -> String {
        format!("terraform {{\n  backend \"{}\" {{\n{}  }}\n}}\n", self.kind, self.lines())
    }

    /// Returns a data source that reads the outputs.
    pub(crate) fn data(&self) -> String {
        format!(
            "data \"terraform_remote_state\" \"it\" {{\n  backend = \"{}\"\n  config = {{\n{}  }}\n}}\n\
             output \"seen\" {{\n  value = data.terraform_remote_state.it.outputs\n}}\n",
            self.kind,
            self.lines()
        )
    }
}

/// A working directory.
pub(crate) struct Project {
    directory: TempDir,
    environment: BTreeMap<String, String>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) text: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeded(self) -> String {
        assert_eq!(self.code, 0, "{}", self.text);
        self.text
    }

    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.code, 1, "{}", self.text);
        self.text
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Self { code: output.status.code().unwrap_or(-1), text }
    }
}

/// The program, or Terraform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Terrane,
    Terraform,
}

impl Program {
    /// Returns the programs that there are.
    pub(crate) fn all() -> Vec<Self> {
        let terraform = Command::new("terraform").arg("version").output();
        if terraform.is_ok_and(|output| output.status.success()) {
            vec![Self::Terrane, Self::Terraform]
        } else {
            println!("skipped: there is no terraform command to take turns with");
            vec![Self::Terrane]
        }
    }
}

impl Project {
    pub(crate) fn new(place: &Place) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), environment: place.environment.clone() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn terrane(&self, words: &str) -> Run {
        self.run(Program::Terrane, words)
    }

    pub(crate) fn run(&self, program: Program, words: &str) -> Run {
        self.command(program, words).output().unwrap().into()
    }

    /// Starts a run in the background.
    pub(crate) fn start(&self, program: Program, words: &str) -> Child {
        self.command(program, words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Waits for a file.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str) {
        let start = Instant::now();
        while !self.path(name).exists() {
            assert!(start.elapsed() < PATIENCE, "{name} does not come");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn command(&self, program: Program, words: &str) -> Command {
        let mut command = match program {
            Program::Terrane => Command::new(env!("CARGO_BIN_EXE_terrane")),
            Program::Terraform => Command::new("terraform"),
        };
        command.args(words.split_whitespace()).current_dir(self.directory.path()).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.directory.path()).env("TF_INPUT", "0").env("NO_COLOR", "1");
        command.env("CHECKPOINT_DISABLE", "1").envs(&self.environment);
        command
    }
}
