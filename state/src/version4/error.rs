//! Why a text is no state file. Summaries and details are Terraform's where it has the case.

use terrane_model::Diagnostic;

use crate::json_text::NestedTooDeeply;

/// Why a state file could not be read.
///
/// `Display` gives summary and detail in one line, as Terraform prints them behind "Failed to load state: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.summary(), self.detail())]
pub enum StateFileError {
    /// The text is not JSON, or stops too early.
    NotJson {
        /// Bytes up to and including the one that is wrong.
        offset: usize,
    },
    /// The version attribute is missing.
    NoVersion,
    /// The version is no positive whole number.
    InvalidVersion {
        /// What it is.
        got: String,
    },
    /// The version is zero.
    VersionZero,
    /// The version is newer than this program.
    NewerVersion {
        /// The version.
        version: u64,
        /// Which Terraform wrote the file; empty when it does not say.
        terraform_version: String,
    },
    /// The Terraform version that the file names cannot be one.
    InvalidTerraformVersion {
        /// What the file says.
        got: String,
    },
    /// A field has a value of the wrong type.
    InvalidField {
        /// The field, with dots between levels.
        field: &'static str,
        /// What it is.
        got: String,
    },
    /// The JSON does not have the shape of a state file.
    Structure {
        /// What is wrong, with line and column.
        message: String,
    },
    /// An output's type or value is invalid.
    InvalidOutput {
        /// Which of the two: `type` or `value`.
        part: OutputPart,
        /// The output's name.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A resource's mode is neither managed nor data.
    InvalidMode {
        /// What it is.
        mode: String,
        /// The resource's type.
        resource_type: String,
        /// The resource's name.
        name: String,
    },
    /// An address of a module, resource or provider configuration is invalid.
    InvalidAddress {
        /// What kind of address.
        kind: AddressKind,
        /// The address.
        address: String,
        /// What is wrong with it.
        message: String,
    },
    /// Something about an instance is invalid.
    InvalidInstance {
        /// A full sentence.
        message: String,
    },
    /// An object is there twice.
    DuplicateObject {
        /// The object: an instance's address, with the key of a deposed object behind it.
        object: String,
    },
    /// A path of a sensitive attribute is invalid.
    InvalidPath {
        /// A full sentence.
        message: String,
    },
    /// A file of an older format could not be brought to the present one.
    Upgrade {
        /// The file's format.
        from: u64,
        /// What is wrong.
        message: String,
    },
}

/// Which part of an output is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum OutputPart {
    Type,
    Value,
}

/// What an invalid address should name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum AddressKind {
    Module,
    ProviderConfig,
    Dependency,
}

impl StateFileError {
    /// Returns a fixed short phrase.
    pub fn summary(&self) -> &'static str {
        match self {
            Self::NotJson { .. }
            | Self::NoVersion
            | Self::InvalidVersion { .. }
            | Self::VersionZero
            | Self::NewerVersion { .. } => "Unsupported state file format",
            Self::InvalidTerraformVersion { .. } => "Invalid Terraform version string",
            Self::InvalidField { .. } | Self::Structure { .. } => "Invalid state file format",
            Self::InvalidOutput { part: OutputPart::Type, .. } => "Invalid output value type in state",
            Self::InvalidOutput { part: OutputPart::Value, .. } => "Invalid output value saved in state",
            Self::InvalidMode { .. } => "Invalid resource mode in state",
            Self::InvalidAddress { kind: AddressKind::Module, .. } => "Invalid module instance address",
            Self::InvalidAddress { kind: AddressKind::ProviderConfig, .. } => {
                "Invalid provider configuration address"
            }
            Self::InvalidAddress { kind: AddressKind::Dependency, .. } => "Invalid address",
            Self::InvalidInstance { .. } => "Invalid resource instance metadata in state",
            Self::DuplicateObject { .. } => "Duplicate resource instance in state",
            Self::InvalidPath { .. } => "Invalid path of a sensitive attribute in state",
            Self::Upgrade { .. } => "State format upgrade failed",
        }
    }

    /// Returns full sentences: what is wrong.
    pub fn detail(&self) -> String {
        match self {
            Self::NotJson { offset } => {
                format!("The state file could not be parsed as JSON: syntax error at byte offset {offset}.")
            }
            Self::NoVersion => "The state file does not have a \"version\" attribute, which is required to \
                                identify the format version."
                .to_owned(),
            Self::InvalidVersion { got } => {
                format!("The version in the state file is {got}. A positive whole number is required.")
            }
            Self::VersionZero => "The state file uses JSON syntax but has a version number of zero. There \
                                  was never a JSON-based state format zero, so this state file is invalid \
                                  and cannot be processed."
                .to_owned(),
            Self::NewerVersion { version, terraform_version } => newer_version(*version, terraform_version),
            Self::InvalidTerraformVersion { got } => format!(
                "State file claims to have been written by Terraform version {got:?}, which is not a valid \
                 version string."
            ),
            Self::InvalidField { field, got } => {
                format!("The state file field {field:?} has invalid value {got}")
            }
            Self::Structure { message } => {
                format!("The state file does not conform to the expected JSON data structure: {message}.")
            }
            Self::InvalidOutput { part: OutputPart::Type, name, message } => {
                format!("The state file has an invalid type specification for output {name:?}: {message}.")
            }
            Self::InvalidOutput { part: OutputPart::Value, name, message } => {
                format!("The state file has an invalid value for output {name:?}: {message}.")
            }
            Self::InvalidMode { mode, resource_type, name } => format!(
                "State contains a resource with mode {mode:?} ({resource_type:?} {name:?}) which is not \
                 supported."
            ),
            Self::InvalidAddress { address, message, .. } => format!("{address:?} is invalid: {message}"),
            Self::InvalidInstance { message } | Self::InvalidPath { message } => message.clone(),
            Self::DuplicateObject { object } => {
                format!("Instance {object} appears multiple times in the state file.")
            }
            Self::Upgrade { from, message } => format!(
                "Error upgrading state file format from version {from} to version {}: {message}.",
                from + 1
            ),
        }
    }

    /// Returns the error as a message to the user.
    pub fn to_diagnostic(&self) -> Diagnostic {
        Diagnostic::error(self.summary(), self.detail())
    }
}

impl From<NestedTooDeeply> for StateFileError {
    fn from(error: NestedTooDeeply) -> Self {
        Self::Structure { message: error.to_string() }
    }
}

fn newer_version(version: u64, terraform_version: &str) -> String {
    let mut detail = format!(
        "The state file uses format version {version}, which is not supported by Terrane {}.",
        env!("CARGO_PKG_VERSION")
    );
    if !terraform_version.is_empty() {
        detail += &format!(" This state file was created by Terraform {terraform_version}.");
    }
    detail
}
