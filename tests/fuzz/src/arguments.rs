//! The command line.

use std::path::PathBuf;

use crate::targets::{self, Target};

/// Seconds for each target unless told otherwise.
const SECONDS_DEFAULT: u64 = 60;

/// What the program is to do.
pub(crate) enum Mode {
    /// Print the targets.
    List,
    /// Start a worker for each target and watch it.
    Supervise,
    /// Run cases until time is up.
    Worker,
    /// Run the case in this file.
    Case(PathBuf),
}

/// The command line, understood.
pub(crate) struct Arguments {
    /// What to do.
    pub(crate) mode: Mode,
    /// What to fuzz; all unless some are named.
    pub(crate) targets: Vec<&'static Target>,
    /// How long, each.
    pub(crate) seconds: u64,
    /// Where random numbers start.
    pub(crate) seed: u64,
}

impl Arguments {
    /// Reads the command line.
    ///
    /// # Errors
    /// With a sentence about what is wrong with it.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments =
            Self { mode: Mode::Supervise, targets: Vec::new(), seconds: SECONDS_DEFAULT, seed: 1 };
        while let Some(word) = words.next() {
            let mut number = || {
                let value = words.next().and_then(|value| value.parse().ok());
                value.ok_or_else(|| format!("{word} takes a number"))
            };
            match word.as_str() {
                "--list" => arguments.mode = Mode::List,
                "--worker" => arguments.mode = Mode::Worker,
                "--seconds" => arguments.seconds = number()?,
                "--seed" => arguments.seed = number()?,
                "--case" => {
                    let path = words.next().ok_or("--case takes the path of a file")?;
                    arguments.mode = Mode::Case(path.into());
                }
                name => arguments.targets.push(targets::find(name).ok_or_else(|| {
                    let names: Vec<_> = targets::ALL.iter().map(|target| target.name).collect();
                    format!("there is no target {name:?}; there are {}", names.join(", "))
                })?),
            }
        }
        if arguments.targets.is_empty() {
            arguments.targets = targets::ALL.iter().collect();
        }
        Ok(arguments)
    }
}
