//! `-emulate`: an Azure of the working directory's own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use terrane_azure_emulator::{Emulator, EmulatorConfig, EmulatorError};
use terrane_model::Diagnostic;
use terrane_provider_azure::AzureEndpoint;

use crate::session::block_on;

/// Where the emulated world is kept, seen from the working directory.
pub const WORLD_DIRECTORY: &str = ".terrane/azure";

/// An emulator that runs in this process.
pub struct Emulation {
    emulator: Emulator,
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
        let endpoint = AzureEndpoint::from_variables(&emulator.env()).ok_or_else(|| {
            Diagnostic::error("The emulated Azure could not be started", "It does not say where it is.")
        })?;
        Ok(Self { emulator, endpoint })
    }

    /// Returns the variables by which Azure's clients find the emulator.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.emulator.env()
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
        block_on(self.emulator.shutdown()).map_err(|error| problem(&error))
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
