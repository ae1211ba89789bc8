//! Where the CLI configuration and implied mirrors are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use terrane_model::{Diagnostic, Diagnostics};

type Environment = BTreeMap<String, String>;

fn variable<'e>(environment: &'e Environment, name: &str) -> Option<&'e str> {
    environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

fn home(environment: &Environment) -> Option<PathBuf> {
    variable(environment, if cfg!(windows) { "APPDATA" } else { "HOME" }).map(PathBuf::from)
}

/// Returns the folder with a user's further settings: `~/.terraform.d`.
pub fn config_folder(environment: &Environment) -> Option<PathBuf> {
    Some(home(environment)?.join(if cfg!(windows) { "terraform.d" } else { ".terraform.d" }))
}

/// Returns the files to read. A file that a variable names is the only one, and has to be there.
pub(super) fn files(environment: &Environment, diagnostics: &mut Diagnostics) -> Vec<PathBuf> {
    let named = variable(environment, "TF_CLI_CONFIG_FILE").or(variable(environment, "TERRAFORM_CONFIG"));
    if let Some(named) = named {
        let path = PathBuf::from(named);
        if path.exists() {
            return vec![path];
        }
        let detail = format!("The CLI configuration file at {named:?} does not exist.");
        diagnostics.push(Diagnostic::warning("Unable to open CLI configuration file", detail));
        return Vec::new();
    }
    let name = if cfg!(windows) { "terraform.rc" } else { ".terraformrc" };
    let main = home(environment).map(|home| home.join(name)).filter(|path| path.exists());
    main.into_iter().chain(further_files(environment)).collect()
}

/// Returns the `.tfrc` files of the folder for settings, in the order of their names.
fn further_files(environment: &Environment) -> Vec<PathBuf> {
    let listing = config_folder(environment).and_then(|folder| std::fs::read_dir(folder).ok());
    let mut files: Vec<PathBuf> = listing.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| {
        let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        let is_settings = name.ends_with(".tfrc") || name.ends_with(".tfrc.json");
        is_settings && !name.starts_with('.') && path.is_file()
    });
    files.sort();
    files
}

/// Says that a file cannot be read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    let detail = format!("The CLI configuration file {} could not be read: {error}.", path.display());
    Diagnostic::error("Unable to read CLI configuration file", detail)
}

/// Returns the folders that count as mirrors when no installation method is set, whether they exist or not.
pub fn implied_mirror_folders(environment: &Environment) -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("terraform.d/plugins")];
    folders.extend(config_folder(environment).map(|folder| folder.join("plugins")));
    let data_home = variable(environment, "XDG_DATA_HOME").map(PathBuf::from);
    let data_home = data_home.or_else(|| Some(home(environment)?.join(".local/share")));
    let data_folders = variable(environment, "XDG_DATA_DIRS").unwrap_or("/usr/local/share:/usr/share");
    let shared = data_folders.split(':').filter(|folder| !folder.is_empty()).map(PathBuf::from);
    folders.extend(data_home.into_iter().chain(shared).map(|folder| folder.join("terraform/plugins")));
    folders
}
