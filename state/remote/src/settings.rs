//! What a backend is told: its block, else the environment, else what is usual.

use std::collections::BTreeMap;

use terrane_model::{Str, Value};

use crate::kind::Argument;

/// Why a backend cannot be opened as it is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Nobody says what has to be said.
    #[error("the argument {argument:?} is required, but no definition was found")]
    Missing {
        /// The argument.
        argument: &'static str,
    },
    /// An argument or variable makes no sense.
    #[error("{argument}: {reason}")]
    Invalid {
        /// The argument.
        argument: String,
        /// Why. No secret is in it.
        reason: String,
    },
    /// Something about all of it.
    #[error("{0}")]
    Other(String),
}

impl ConfigError {
    pub(crate) fn invalid(argument: &str, reason: impl Into<String>) -> Self {
        Self::Invalid { argument: argument.to_owned(), reason: reason.into() }
    }
}

/// What a backend is told. Empty texts count as absent.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// What may be written.
    pub arguments: &'static [Argument],
    /// What is written: a value of the arguments' schema, wholly known.
    pub config: &'a Value,
    /// The environment.
    pub environment: &'a BTreeMap<String, String>,
    /// The version that is written into states, as Terraform numbers its own.
    pub terraform_version: &'a str,
}

impl Settings<'_> {
    /// Checks that nothing is missing.
    pub(crate) fn check_required(&self) -> Result<(), ConfigError> {
        for argument in self.arguments.iter().filter(|argument| argument.is_required) {
            self.required(argument.name)?;
        }
        Ok(())
    }

    fn argument(&self, name: &str) -> &'static Argument {
        let found = self.arguments.iter().find(|argument| argument.name == name);
        found.expect("backends ask for arguments that their tables have")
    }

    /// Returns a text, a number or a truth value as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.written(name).or_else(|| self.argument(name).default.map(str::to_owned))
    }

    /// Returns a text that is written in the block or the environment.
    pub(crate) fn written(&self, name: &str) -> Option<String> {
        let argument = self.argument(name);
        as_text(&self.config.attribute(name)).or_else(|| self.variable(argument.variables))
    }

    /// Returns a text that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        self.text(name).ok_or(ConfigError::Missing { argument: name })
    }

    /// Returns a truth value; false where nobody says anything.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        match self.text(name) {
            None => Ok(false),
            Some(text) => truth(&text)
                .ok_or_else(|| ConfigError::invalid(name, format!("{text:?} is neither true nor false"))),
        }
    }

    /// Returns a number that is not negative; the given one where nobody says anything.
    pub(crate) fn number(&self, name: &str, default: u32) -> Result<u32, ConfigError> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| {
                ConfigError::invalid(name, format!("{text:?} is not a number without sign and fraction"))
            }),
        }
    }

    /// Returns texts of a list or set.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let value = self.config.attribute(name);
        value.as_sequence().unwrap_or_default().iter().filter_map(as_text).collect()
    }

    /// Returns texts by name; null counts as empty.
    pub(crate) fn text_map(&self, name: &str) -> BTreeMap<String, String> {
        let value = self.config.attribute(name);
        let entries = value.as_entries().unwrap_or_default().iter();
        entries.map(|(key, value)| (key.to_string(), as_text(value).unwrap_or_default())).collect()
    }

    /// Returns the settings inside of an object or block, if it is written.
    pub(crate) fn nested(&self, name: &str) -> Option<Value> {
        Some(self.config.attribute(name)).filter(|value| !value.is_null())
    }

    /// Returns the first of some variables that is set and not empty.
    pub(crate) fn variable(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.environment.get(*name).filter(|value| !value.is_empty()).cloned())
    }

    pub(crate) fn version(&self) -> Str {
        self.terraform_version.into()
    }
}

/// Returns a text, number or truth value as text; nothing for null and the empty text.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    let text = value.as_str().map(ToString::to_string);
    let text = text.or_else(|| value.as_number().map(ToString::to_string));
    let text = text.or_else(|| value.as_bool().map(|truth| truth.to_string()));
    text.filter(|text| !text.is_empty())
}

/// Reads a truth value as Go's `strconv.ParseBool` does.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGUMENTS: &[Argument] = &[
        Argument::text("a").or(&["FIRST", "SECOND"]).by_default("d").required(),
        Argument::flag("f").or(&["FLAG"]),
        Argument::number("n").or(&["NUMBER"]),
        Argument::text("r").required(),
    ];

    #[test]
    fn the_block_counts_before_the_environment_and_that_before_the_usual() {
        let variables = |entries: &[(&str, &str)]| -> BTreeMap<String, String> {
            entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        for (written, environment, expected) in [
            (Some("w"), vec![("FIRST", "1")], "w"),
            (Some(""), vec![("FIRST", ""), ("SECOND", "2")], "2"),
            (None, vec![("FIRST", "1"), ("SECOND", "2")], "1"),
            (None, vec![], "d"),
        ] {
            let config = Value::object(written.map(|text| ("a", Value::string(text))));
            let environment = variables(&environment);
            let settings = Settings {
                arguments: ARGUMENTS,
                config: &config,
                environment: &environment,
                terraform_version: "1.11.4",
            };
            assert_eq!(settings.text("a").as_deref(), Some(expected));
            assert_eq!(settings.check_required(), Err(ConfigError::Missing { argument: "r" }));
        }
        let environment = variables(&[("FLAG", "T"), ("NUMBER", "many")]);
        let config = Value::empty_object();
        let settings = Settings {
            arguments: ARGUMENTS,
            config: &config,
            environment: &environment,
            terraform_version: "1.11.4",
        };
        assert_eq!(settings.flag("f"), Ok(true));
        assert!(settings.number("n", 1).is_err());
    }
}
