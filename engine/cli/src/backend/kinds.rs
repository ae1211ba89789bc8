//! The backends that there are: files here, and what is kept elsewhere.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use terrane_model::{Attribute, Block, Diagnostic, Diagnostics, Str, Type, Value};
use terrane_state::{Backup, LocalBackend, LocalOptions, StateBackend};
use terrane_state_remote::{ConfigError, KINDS, RemoteKind, Settings};

use crate::args::ParsedFlags;
use crate::project::TERRAFORM_VERSION;

/// A kind of backend.
#[derive(Clone, Copy)]
pub enum BackendKind {
    /// Files in the working directory.
    Local,
    /// Anything else.
    Remote(&'static RemoteKind),
}

impl BackendKind {
    /// Returns its name in `backend "NAME"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote(kind) => kind.name,
        }
    }

    /// Returns what may be written in its block.
    pub fn schema(self) -> Block {
        match self {
            Self::Local => local_schema(),
            Self::Remote(kind) => kind.schema(),
        }
    }

    /// Opens it with the variables of the environment, a command's flags, and a value of its schema; touches no
    /// state.
    ///
    /// # Errors
    /// When it is not told enough, or what makes no sense.
    pub fn open(
        self,
        environment: &BTreeMap<String, String>,
        flags: &ParsedFlags,
        config: &Value,
    ) -> Result<Arc<dyn StateBackend>, Diagnostics> {
        let kind = match self {
            Self::Local => return Ok(Arc::new(LocalBackend::new(local_options(flags, config)))),
            Self::Remote(kind) => kind,
        };
        let settings =
            Settings { arguments: kind.arguments, config, environment, terraform_version: TERRAFORM_VERSION };
        (kind.open)(&settings).map_err(|error| {
            let summary = match &error {
                ConfigError::Missing { .. } => "Missing required argument",
                ConfigError::Invalid { .. } | ConfigError::Other(_) => "Failed to configure the backend",
            };
            Diagnostic::error(summary, format!("{}.", capitalized(&error.to_string()))).into()
        })
    }
}

/// Backends that Terraform has and that are not there.
const ABSENT: &[&str] = &["cloud", "consul", "cos", "inmem", "oci", "oss", "remote"];

/// Returns a kind by its name.
///
/// # Errors
/// When there is none.
pub fn find_kind(name: &str) -> Result<BackendKind, Diagnostic> {
    if name == "local" {
        return Ok(BackendKind::Local);
    }
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == name) {
        return Ok(BackendKind::Remote(kind));
    }
    let mut known: Vec<String> = KINDS.iter().map(|kind| format!("{:?}", kind.name)).collect();
    known.insert(0, "\"local\"".to_owned());
    let last = known.pop().unwrap_or_default();
    let known = format!("{} and {last}", known.join(", "));
    if ABSENT.contains(&name) {
        let what = if name == "cloud" { "HCP Terraform" } else { "the backend" };
        let detail = format!(
            "States cannot be kept in {what} {name:?} yet: Terrane has the backends {known}. To work on a copy of the state in a \
             local file, fetch it with \"terraform state pull\" and use the backend \"local\"."
        );
        return Err(Diagnostic::error("Unsupported backend type", detail));
    }
    Err(Diagnostic::error("Unsupported backend type", format!("There is no backend type named {name:?}.")))
}

/// Returns a text as the beginning of a sentence.
pub fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn local_schema() -> Block {
    let text = || Attribute::optional(Type::String);
    Block::new([("path", text()), ("workspace_dir", text())].map(|(name, text)| (Str::from(name), text)), [])
}

/// Returns where the local backend keeps states; flags of a command win over the configuration.
pub fn local_options(flags: &ParsedFlags, config: &Value) -> LocalOptions {
    let mut options = LocalOptions::default();
    if let Some(path) =
        flags.text("state").map(PathBuf::from).or_else(|| text(config, "path").map(PathBuf::from))
    {
        options.path = path;
    }
    if let Some(folder) = text(config, "workspace_dir") {
        options.workspace_folder = folder.into();
    }
    options.output_path = flags.text("state-out").map(Into::into);
    options.backup = match flags.text("backup") {
        None | Some("") => Backup::Beside,
        Some("-") => Backup::Off,
        Some(path) => Backup::At(path.into()),
    };
    options
}

fn text(config: &Value, name: &str) -> Option<String> {
    config.get(name).and_then(Value::as_str).map(ToString::to_string).filter(|text| !text.is_empty())
}
