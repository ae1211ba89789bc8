//! `-emulate`: an Azure of the working directory's own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use terrane_azure_emulator::{Emulator, EmulatorConfig, EmulatorError};
use terrane_model::Diagnostic;
use terrane_provider_azure::AzureEndpoint;

use crate::session::block_on;

/// Where the emulated world is kept, seen from the working directory.
pub const WORLD_DIRECTORY: &str = ".terrane/azure";

/// The variable by which a process that this program starts is told of the emulator to use: its variables, as JSON.
pub const EMULATION_VARIABLE: &str = "TERRANE_EMULATION";

/// An emulator that runs in this process, or in the one that has started it.
pub struct Emulation {
    emulator: Option<Emulator>,
    variables: BTreeMap<String, String>,
    endpoint: AzureEndpoint,
}

impl Emulation {
    /// Starts the emulator on the world of the working directory.
    ///
    /// # Errors
    /// When the world is in use or cannot be read.
    pub fn start() -> Result<Self, Diagnostic> {
        let config = EmulatorConfig {
            data_dir: Some(PathBuf::from(WORLD_DIRECTORY)),
            any_subscription: true,
            ..EmulatorConfig::default()
        };
        let emulator = Emulator::start_in_background(config).map_err(|error| problem(&error))?;
        let variables = emulator.env();
        let endpoint = AzureEndpoint::from_variables(&variables).ok_or_else(|| {
            Diagnostic::error("The emulated Azure could not be started", "It does not say where it is.")
        })?;
        Ok(Self { emulator: Some(emulator), variables, endpoint })
    }

    /// Uses the emulator of the process that has started this one, which `text` of [`EMULATION_VARIABLE`] describes.
    pub fn of_parent(text: &str) -> Option<Self> {
        let variables: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
        let endpoint = AzureEndpoint::from_variables(&variables)?;
        Some(Self { emulator: None, variables, endpoint })
    }

    /// Returns the value of [`EMULATION_VARIABLE`] for a process that is to use this emulator.
    pub fn for_child(&self) -> String {
        let mut variables = self.variables.clone();
        // It may run in a directory of its own.
        for value in variables.values_mut().filter(|value| value.starts_with(WORLD_DIRECTORY)) {
            if let Ok(path) = std::path::absolute(&value) {
                *value = path.display().to_string();
            }
        }
        serde_json::json!(variables).to_string()
    }

    /// Returns the variables by which Azure's clients find the emulator.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.variables.clone()
    }

    /// Returns what the Azure provider is to use in place of Azure.
    pub fn azure_endpoint(&self) -> AzureEndpoint {
        self.endpoint.clone()
    }

    /// Lets go of the world.
    ///
    /// # Errors
    /// When the world cannot be written in its short form; nothing is lost then.
    pub fn end(self) -> Result<(), Diagnostic> {
        let Some(emulator) = self.emulator else { return Ok(()) };
        block_on(emulator.shutdown()).map_err(|error| problem(&error))
    }
}

/// Says why an emulator does not start, or not end well.
pub fn problem(error: &EmulatorError) -> Diagnostic {
    let mut detail = format!("{error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        detail.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    if let EmulatorError::DataDirectoryInUse(_) = error {
        detail.push_str(". Wait until the other command has ended, and try again");
    }
    Diagnostic::error("The emulated Azure could not be started", format!("{detail}."))
}
