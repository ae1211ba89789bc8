//! Tokens for services: from the environment, from `credentials` blocks, from `login`, from a helper program.
//!
//! A token is never shown: [`Credentials`] has a `Debug` form without them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use super::locations::config_folder;

/// The file that `login` writes, in the folder for settings.
pub const CREDENTIALS_FILE: &str = "credentials.tfrc.json";

/// What is known about who the user is, by host.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    environment: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    helper: Option<CredentialsHelper>,
    /// The helper's program and its state folder are found through these.
    helper_folders: Vec<PathBuf>,
}

/// A program that keeps tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsHelper {
    /// The program is called `terraform-credentials-NAME`.
    pub name: String,
    /// What it is called with, before the verb.
    pub arguments: Vec<String>,
}

/// Why a token was not stored or forgotten.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file's content is no JSON.
    #[error("{}: {source}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hosts: Vec<&String> = self.environment.keys().chain(self.files.keys()).collect();
        formatter.debug_struct("Credentials").field("hosts", &hosts).field("helper", &self.helper).finish()
    }
}

impl Credentials {
    /// Sets the token of a host as a file has it.
    pub(super) fn insert(&mut self, host: &str, token: String) {
        self.files.entry(host.to_lowercase()).or_insert(token);
    }

    pub(super) fn set_helper(&mut self, helper: CredentialsHelper) {
        self.helper.get_or_insert(helper);
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (host, token) in other.files {
            self.files.entry(host).or_insert(token);
        }
        self.helper = self.helper.take().or(other.helper);
    }

    /// Takes `TF_TOKEN_…` variables, and what `login` has written.
    pub(super) fn apply_environment(&mut self, environment: &BTreeMap<String, String>) {
        for (name, token) in environment {
            if let Some(host) = name.strip_prefix("TF_TOKEN_").filter(|_| !token.is_empty()) {
                self.environment.insert(host_of_variable(host), token.clone());
            }
        }
        let Some(folder) = config_folder(environment) else { return };
        if let Ok(bytes) = std::fs::read(folder.join(CREDENTIALS_FILE))
            && let Ok(json) = serde_json::from_slice::<Json>(&bytes)
        {
            for (host, entry) in json["credentials"].as_object().into_iter().flatten() {
                if let Some(token) = entry["token"].as_str() {
                    self.insert(host, token.to_owned());
                }
            }
        }
        self.helper_folders = vec![PathBuf::from("terraform.d/plugins"), folder.join("plugins")];
    }

    /// Returns the token for a host (`name` or `name:port`), if there is one. A helper is asked last.
    pub fn token(&self, host: &str) -> Option<String> {
        let host = host.to_lowercase();
        let known = self.environment.get(&host).or_else(|| self.files.get(&host));
        known.cloned().or_else(|| self.helper.as_ref()?.ask(&host, &self.helper_folders))
    }
}

/// Reads the host that a variable's name stands for: `_` is a dot, `__` a dash.
fn host_of_variable(name: &str) -> String {
    name.replace("__", "-").replace('_', ".").to_lowercase()
}

impl CredentialsHelper {
    fn ask(&self, host: &str, folders: &[PathBuf]) -> Option<String> {
        let name = format!("terraform-credentials-{}", self.name);
        let local = folders.iter().map(|folder| folder.join(&name)).find(|path| path.is_file());
        let program = local.unwrap_or_else(|| PathBuf::from(&name));
        let mut command = Command::new(program);
        command.args(&self.arguments).args(["get", host]).stdin(Stdio::null()).stderr(Stdio::null());
        let output = command.output().ok().filter(|output| output.status.success())?;
        let answer: Json = serde_json::from_slice(&output.stdout).ok()?;
        answer["token"].as_str().map(str::to_owned)
    }
}

/// Writes a host's token to the file for them, or takes it out.
///
/// # Errors
/// When the file cannot be read or written.
pub fn store_token(folder: &Path, host: &str, token: Option<&str>) -> Result<PathBuf, StoreError> {
    let path = folder.join(CREDENTIALS_FILE);
    let file_error = |source| StoreError::File { path: path.clone(), source };
    let mut json = match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|source| StoreError::Content { path: path.clone(), source })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => json!({}),
        Err(error) => return Err(file_error(error)),
    };
    if !json["credentials"].is_object() {
        json["credentials"] = json!({});
    }
    if let Some(entries) = json["credentials"].as_object_mut() {
        match token {
            Some(token) => entries.insert(host.to_owned(), json!({ "token": token })),
            None => entries.remove(host),
        };
    }
    let text = serde_json::to_string_pretty(&json).unwrap_or_default();
    write_private(&path, &text).map_err(file_error)?;
    Ok(path)
}

/// Writes a file that only its owner may read, in one step.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Such files are made for their owner alone.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_name_hosts() {
        assert_eq!(host_of_variable("app_example_com"), "app.example.com");
        assert_eq!(host_of_variable("my__registry_example_com"), "my-registry.example.com");
    }

    #[test]
    fn tokens_are_stored_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(CREDENTIALS_FILE), r#"{"credentials":{"a.test":{"token":"1"}}}"#)
            .unwrap();
        let path = store_token(folder.path(), "b.test", Some("2")).unwrap();
        let json: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(json, json!({"credentials": {"a.test": {"token": "1"}, "b.test": {"token": "2"}}}));
        store_token(folder.path(), "a.test", None).unwrap();
        let json: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(json, json!({"credentials": {"b.test": {"token": "2"}}}));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(store_token(folder.path(), "a.test", None), Err(StoreError::Content { .. })));
    }

    #[test]
    fn the_environment_wins_over_files() {
        let mut credentials = Credentials::default();
        credentials.insert("A.test", "file".to_owned());
        let environment = BTreeMap::from([("TF_TOKEN_a_test".to_owned(), "variable".to_owned())]);
        assert_eq!(credentials.token("a.test").as_deref(), Some("file"));
        credentials.apply_environment(&environment);
        assert_eq!(credentials.token("a.test").as_deref(), Some("variable"));
        assert_eq!(credentials.token("b.test"), None);
        assert!(!format!("{credentials:?}").contains("variable"));
    }
}
