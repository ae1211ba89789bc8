//! Single settings: the provider block counts before the environment.

use std::collections::HashMap;
use std::path::PathBuf;

use terrane_model::Value;

use crate::error::IdentityError;

/// Where settings come from.
pub struct SettingSources<'a> {
    /// The provider block's value, wholly known.
    pub config: &'a Value,
    /// The environment.
    pub environment: &'a HashMap<String, String>,
}

impl SettingSources<'_> {
    /// Returns a text; empty texts count as absent.
    pub fn text(&self, argument: &str, variables: &[&str]) -> Option<String> {
        let value = self.config.attribute(argument);
        let configured = value.as_str().map(ToString::to_string).filter(|text| !text.is_empty());
        configured.or_else(|| self.variable(variables))
    }

    /// Returns a text, else the first line of a file that another argument names.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn text_or_file(
        &self,
        (argument, variables): (&str, &[&str]),
        (file_argument, file_variables): (&str, &[&str]),
    ) -> Result<Option<String>, IdentityError> {
        if let Some(text) = self.text(argument, variables) {
            return Ok(Some(text));
        }
        let Some(path) = self.text(file_argument, file_variables) else { return Ok(None) };
        let text = String::from_utf8_lossy(&read_file(file_argument, &path)?).trim().to_owned();
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Returns the bytes of a file that an argument names.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn file(&self, argument: &str, variables: &[&str]) -> Result<Option<Vec<u8>>, IdentityError> {
        self.text(argument, variables).map(|path| read_file(argument, &path)).transpose()
    }

    /// Returns a path.
    pub fn path(&self, argument: &str, variables: &[&str]) -> Option<PathBuf> {
        self.text(argument, variables).map(PathBuf::from)
    }

    /// Returns a truth value.
    pub fn flag(&self, argument: &str, variables: &[&str], default: bool) -> bool {
        let configured = self.config.attribute(argument).as_bool();
        configured.or_else(|| truth(&self.variable(variables)?)).unwrap_or(default)
    }

    /// Returns the first variable of the environment that is set and not empty.
    pub fn variable(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.environment.get(*name).filter(|value| !value.is_empty()).cloned())
    }

    /// Returns an argument of a block inside of a block, each of which occurs once.
    pub fn nested(&self, path: &[&str]) -> Value {
        let mut value = self.config.clone();
        for step in path {
            if let Some(elements) = value.as_sequence() {
                value = elements.first().cloned().unwrap_or_else(Value::dynamic_null);
            }
            value = value.attribute(step);
        }
        value
    }
}

/// Reads a truth value as Go's `strconv.ParseBool` does.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn read_file(argument: &str, path: &str) -> Result<Vec<u8>, IdentityError> {
    std::fs::read(path).map_err(|error| {
        IdentityError::Settings(format!("The file {path} that {argument} names cannot be read: {error}."))
    })
}
