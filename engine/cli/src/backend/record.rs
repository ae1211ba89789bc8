//! `.terraform/terraform.tfstate`: the backend that `init` has chosen, in Terraform's form.

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};
use terrane_model::encode_json::{value_from_json, write_json};
use terrane_model::{Block, Diagnostic, Value};

use super::config::block_hash;
use crate::context::Context;
use crate::init::whole_file::write_whole;
use crate::project::TERRAFORM_VERSION;

/// The choice of a backend.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendRecord {
    /// The kind.
    pub kind: String,
    /// Its configuration, whatever it says.
    config: Json,
    /// What the block was when the choice was made.
    pub hash: u32,
}

fn path(context: &Context) -> PathBuf {
    context.data_directory().join("terraform.tfstate")
}

impl BackendRecord {
    /// Makes a record of a configuration; `written` is what the block alone says.
    pub fn new(kind: &str, config: &Value, written: &Value) -> Self {
        Self { kind: kind.to_owned(), config: to_json(config), hash: block_hash(kind, written) }
    }

    /// Reads the record of the working directory.
    ///
    /// # Errors
    /// When there is one that is not understood.
    pub fn read(context: &Context) -> Result<Option<Self>, Diagnostic> {
        let path = path(context);
        let Ok(bytes) = std::fs::read(&path) else { return Ok(None) };
        let json: Json = serde_json::from_slice(&bytes).map_err(|error| {
            let detail = format!("The file {} is not understood: {error}.", path.display());
            Diagnostic::error("Failed to read the chosen backend", detail)
        })?;
        let backend = &json["backend"];
        let Some(kind) = backend["type"].as_str().filter(|kind| !kind.is_empty()) else { return Ok(None) };
        let hash = backend["hash"].as_u64().and_then(|hash| u32::try_from(hash).ok()).unwrap_or_default();
        Ok(Some(Self { kind: kind.to_owned(), config: backend["config"].clone(), hash }))
    }

    /// Writes the record of the working directory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, context: &Context) -> Result<(), Diagnostic> {
        let json = json!({
            "version": 3,
            "terraform_version": TERRAFORM_VERSION,
            "backend": { "type": self.kind, "config": self.config, "hash": self.hash },
        });
        let text = serde_json::to_string_pretty(&json).unwrap_or_default();
        save(context, Some(&text))
    }

    /// Forgets the choice.
    ///
    /// # Errors
    /// When the record cannot be removed.
    pub fn remove(context: &Context) -> Result<(), Diagnostic> {
        save(context, None)
    }

    /// Returns the configuration as a value of a schema; what the schema does not know is left out.
    ///
    /// # Errors
    /// When a part has the wrong type.
    pub fn config(&self, schema: &Block) -> Result<Value, Diagnostic> {
        let names = schema.attributes().iter().map(|(name, _)| name.to_string());
        let known: Map<String, Json> = names.map(|name| (name.clone(), self.config[&name].clone())).collect();
        let text = Json::Object(known).to_string();
        value_from_json(&text, schema.implied_type()).map_err(|error| {
            let detail = format!(
                "The configuration of the chosen backend {:?} is not understood: {error}. To choose it anew, run \"terrane \
                 init -reconfigure\".",
                self.kind
            );
            Diagnostic::error("Failed to read the chosen backend", detail)
        })
    }
}

fn save(context: &Context, text: Option<&str>) -> Result<(), Diagnostic> {
    let path = path(context);
    let saved = match text {
        Some(text) => write_whole(&path, text.as_bytes()).and_then(|()| restrict(&path)),
        None if path.exists() => std::fs::remove_file(&path),
        None => Ok(()),
    };
    saved.map_err(|error| {
        let detail = format!("Error saving the backend configuration to {}: {error}.", path.display());
        Diagnostic::error("Failed to save the chosen backend", detail)
    })
}

/// Backends' passwords are in the file.
#[cfg(unix)]
fn restrict(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_path: &std::path::Path) -> std::io::Result<()> {
    Ok(())
}

fn to_json(config: &Value) -> Json {
    let mut text = String::new();
    let written = write_json(&mut text, config, &config.ty());
    // Configurations of backends have no marks, and nothing in them is unknown.
    written.ok().and_then(|()| serde_json::from_str(&text).ok()).unwrap_or_default()
}
