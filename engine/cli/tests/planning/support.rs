//! Working directories in which the program is run.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;
use tempfile::TempDir;

/// A working directory.
pub(crate) struct Project {
    directory: TempDir,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: i32,
    /// What it wrote to standard output.
    pub(crate) stdout: String,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
}

impl Run {
    /// Returns all that was written, after a check that the run was successful.
    #[track_caller]
    pub(crate) fn succeeded(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Returns the messages, after a check that the run failed.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.code, 1, "{}\n{}", self.stdout, self.stderr);
        self.stderr
    }
}

impl Project {
    /// Makes a directory with one configuration file.
    pub(crate) fn new(configuration: &str) -> Self {
        let project = Self { directory: tempfile::tempdir().unwrap() };
        project.write("main.tf", configuration);
        project
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Runs the program with words that are separated by blanks.
    pub(crate) fn run(&self, words: &str) -> Run {
        self.run_with(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the program with words that are separated by blanks, in a changed environment.
    pub(crate) fn run_in(&self, environment: &[(&str, &str)], words: &str) -> Run {
        self.run_all(&words.split_whitespace().collect::<Vec<_>>(), environment)
    }

    pub(crate) fn run_with(&self, arguments: &[&str]) -> Run {
        self.run_all(arguments, &[])
    }

    fn run_all(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_terrane"));
        command.args(arguments).current_dir(self.directory.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TF_")) {
            command.env_remove(name);
        }
        command.env("TF_INPUT", "0").env("NO_COLOR", "1").envs(environment.iter().copied());
        let Output { status, stdout, stderr } = command.output().unwrap();
        Run {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Makes a plan and returns its JSON form.
    #[track_caller]
    pub(crate) fn plan(&self, flags: &str) -> Json {
        self.run(&format!("plan -out=saved.plan {flags}")).succeeded();
        serde_json::from_str(&self.run("show -json saved.plan").succeeded()).unwrap()
    }

    #[track_caller]
    pub(crate) fn apply(&self, flags: &str) -> String {
        self.run(&format!("apply -auto-approve {flags}")).succeeded()
    }

    /// Returns the stored state.
    pub(crate) fn state(&self) -> Json {
        serde_json::from_str(&self.read("terraform.tfstate")).unwrap()
    }

    /// Returns the addresses of a plan's changes with their actions, one a line.
    pub(crate) fn actions(plan: &Json) -> String {
        let changes = plan["resource_changes"].as_array().into_iter().flatten();
        let lines = changes.map(|change| {
            let actions = change["change"]["actions"].as_array().into_iter().flatten();
            let actions: Vec<&str> = actions.filter_map(Json::as_str).collect();
            format!("{} {}", change["address"].as_str().unwrap_or_default(), actions.join("+"))
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
