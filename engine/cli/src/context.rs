//! What every command knows: how it was called, where it works, and what it may write to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use terrane_model::{Diagnostics, SourceMap};

use crate::args::ParsedFlags;
use crate::cli_config::CliConfig;
use crate::emulation::Emulation;
use crate::terminal::Terminal;
use crate::view::human::diagnostic::render_all;

/// The surroundings of one command.
pub struct Context {
    /// Where to write.
    pub terminal: Arc<Terminal>,
    /// The environment variables.
    pub environment: BTreeMap<String, String>,
    /// The working directory before `-chdir`.
    pub original_directory: PathBuf,
    /// The flags of the command that runs: some values are needed before anything else is read.
    pub flags: ParsedFlags,
    /// What the user sets for all working directories.
    pub cli_config: CliConfig,
    /// The emulated cloud, where one stands for Azure.
    pub emulation: Option<Emulation>,
}

impl Context {
    /// Returns an environment variable that is set to something.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the folder for what belongs to the working directory but not to the configuration.
    pub fn data_directory(&self) -> PathBuf {
        self.variable("TF_DATA_DIR").map_or_else(|| PathBuf::from(".terraform"), PathBuf::from)
    }

    /// Tells whether the user may be asked questions.
    pub fn may_ask(&self) -> bool {
        !matches!(self.variable("TF_INPUT"), Some("0" | "false"))
    }

    /// Shows messages: errors on standard error, warnings where the output goes.
    pub fn show(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        render_all(diagnostics, sources, &self.terminal, false);
    }
}
