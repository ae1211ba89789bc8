//! The backend that commands use: the one that `init` has chosen, as long as the configuration asks for the same.

use std::sync::Arc;

use terrane_language::config::Module;
use terrane_language::modules::{ModuleResolver, ResolvedModule, SourceAddress, load};
use terrane_model::{Diagnostic, Diagnostics, ModulePath, SourceMap, Value};

use super::config::{block_hash, read_backend};
use super::kinds::{BackendKind, find_kind};
use super::record::BackendRecord;
use crate::context::Context;
use crate::file_system::FileSystem;
use crate::project::{configuration_files, early_values};

/// A backend and its configuration.
pub struct Selected {
    /// The kind.
    pub kind: BackendKind,
    /// A value of its schema.
    pub config: Value,
}

impl Selected {
    /// Returns the backend that is used where nobody asks for any.
    ///
    /// # Errors
    /// Never, as long as there is a local backend.
    pub fn implied() -> Result<Self, Diagnostics> {
        let kind = find_kind("local")?;
        let config = kind.schema().empty_value();
        Ok(Self { kind, config })
    }
}

/// Finds the backend for a command.
///
/// # Errors
/// When `init` has to choose first.
pub fn selected(context: &Context) -> Result<Selected, Diagnostics> {
    let record = BackendRecord::read(context)?;
    let (root, mut sources) = match root_with_backend() {
        Some((root, sources)) => (Some(root), sources),
        None => (None, Arc::default()),
    };
    let block = root.and_then(|root| Some((root.settings.backend.clone()?, root)));
    match (block, record) {
        (None, None) => Selected::implied(),
        (None, Some(record)) => {
            let reason = format!("Unsetting the previously set backend {:?}", record.kind);
            Err(initialization_required(&reason).into())
        }
        (Some((block, _)), None) => {
            // What cannot be had at all is to be said first.
            find_kind(&block.backend_type)?;
            let reason =
                format!("Initial configuration of the requested backend {:?}", block.backend_type.as_str());
            Err(initialization_required(&reason).into())
        }
        (Some((block, root)), Some(record)) => {
            let values = early_values(context, &root);
            let wanted = read_backend(&block, &root, &values, &[], &mut sources).map_err(without_places)?;
            let schema = wanted.kind.schema();
            if wanted.kind.name() != record.kind {
                let reason =
                    format!("Backend type changed from {:?} to {:?}", record.kind, wanted.kind.name());
                return Err(initialization_required(&reason).into());
            }
            let config = record.config(&schema)?;
            let is_same = block_hash(&record.kind, &wanted.written) == record.hash || wanted.config == config;
            if !is_same {
                return Err(initialization_required("Backend configuration block has changed").into());
            }
            Ok(Selected { kind: wanted.kind, config })
        }
    }
}

/// Texts outside of the configuration's own files cannot be shown by whoever shows these messages.
fn without_places(mut diagnostics: Diagnostics) -> Diagnostics {
    for problem in diagnostics.iter_mut() {
        problem.subject = None;
        problem.context = None;
    }
    diagnostics
}

fn initialization_required(reason: &str) -> Diagnostic {
    let summary = "Backend initialization required, please run \"terrane init\"";
    let detail = format!(
        "Reason: {reason}\n\nThe \"backend\" is the interface that Terrane uses to store state, perform operations, etc. If this \
         message is showing up, it means that the configuration you're using is using a custom configuration for the \
         backend.\n\nChanges to backend configurations require reinitialization. This allows Terrane to set up the new \
         configuration, copy existing state, etc. Please run \"terrane init\" with either the \"-reconfigure\" or \
         \"-migrate-state\" flags to use the current configuration.\n\nIf the change reason above is incorrect, please verify \
         your configuration hasn't changed and try again. At this point, no changes to your existing configuration or state \
         have been made."
    );
    Diagnostic::error(summary, detail)
}

/// Returns the `backend` block of the root module. Nothing else of the configuration is needed, and most have no
/// such block: files in which there can be none are not even parsed.
fn root_with_backend() -> Option<(Arc<Module>, Arc<SourceMap>)> {
    let may_have = |name: String| may_have_backend(&std::fs::read(name).unwrap_or_default());
    if !configuration_files().into_iter().any(may_have) {
        return None;
    }
    let configuration = load(".", &FileSystem, &NoModules);
    if configuration.tree.is_empty() {
        return None;
    }
    let root = Arc::clone(configuration.tree.root());
    root.settings.backend.is_some().then_some((root, configuration.sources))
}

/// Tells whether a text has the word `backend` or `cloud` where a block or JSON's property may start. Azure's
/// resources have many arguments with these words in their names.
fn may_have_backend(text: &[u8]) -> bool {
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
    ["backend", "cloud"].iter().any(|word| {
        let mut windows = text.windows(word.len()).enumerate();
        windows.any(|(start, window)| {
            window == word.as_bytes()
                && !is_part(start.checked_sub(1).and_then(|before| text.get(before)))
                && !is_part(text.get(start + word.len()))
        })
    })
}

/// Knows no called module.
struct NoModules;

impl ModuleResolver for NoModules {
    fn resolve(&self, _: &ModulePath, _: &SourceAddress, _: &str) -> Result<ResolvedModule, Diagnostic> {
        Err(Diagnostic::error("Module not installed", "Only the root module is read."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_the_words_in_them_are_no_blocks() {
        for (text, may_have) in [
            ("terraform {\n  backend \"local\" {}\n}", true),
            ("{\"terraform\": {\"backend\": {\"local\": {}}}}", true),
            ("terraform {\n  cloud {}\n}", true),
            ("backend_address_pool_id = azurerm_lb_backend_address_pool.a.id", false),
            ("resource \"google_cloud_run\" \"a\" {}", false),
            ("", false),
        ] {
            assert_eq!(may_have_backend(text.as_bytes()), may_have, "{text}");
        }
    }
}
