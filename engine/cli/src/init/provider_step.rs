//! `init`'s last step: the providers, and the lock file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use terrane_language::modules::ModuleTree;
use terrane_model::{Diagnostic, Diagnostics, ProviderSource, SourceMap};
use terrane_provider_plugin::install::Platform;
use terrane_state::{StateSnapshot, read_state};

use super::dependency_lock_file::{DependencyLocks, LOCK_FILE};
use super::install_providers::{Installed, ProviderInstaller};
use super::package_sources::PackageSources;
use super::progress::InitProgress;
use super::provider_requirements::{add_state_requirements, provider_requirements};
use super::whole_file::write_whole;
use crate::args::ParsedFlags;
use crate::backend::Selected;
use crate::context::Context;
use crate::registry::{attached, built_in_sources};
use crate::session::{block_on, selected_workspace};

/// What the step depends on.
pub struct ProviderStep<'a> {
    /// The surroundings.
    pub context: &'a Context,
    /// The command's flags: `-upgrade`, `-lockfile`, `-plugin-dir`.
    pub flags: &'a ParsedFlags,
    /// Gets told what happens.
    pub progress: &'a InitProgress,
    /// The configuration.
    pub tree: &'a ModuleTree,
    /// The backend whose state needs providers too.
    pub selected: Option<&'a Selected>,
}

/// Installs the providers that configuration and state need, and writes the lock file.
///
/// # Errors
/// With everything that did not work out.
pub fn install_providers(step: &ProviderStep<'_>) -> Result<(), Diagnostics> {
    let context = step.context;
    step.progress.headline("initializing_provider_plugin_message", "Initializing provider plugins...");
    let mut requirements = provider_requirements(step.tree);
    if let Some(state) = step.selected.map(|selected| read(context, selected)).transpose()?.flatten() {
        add_state_requirements(&mut requirements, &state);
    }
    let previous = DependencyLocks::read().map_err(|problems| {
        // The places are in a file that whoever shows the messages does not have.
        let (mut diagnostics, sources) = *problems;
        for problem in diagnostics.iter_mut() {
            let place = problem.subject.take().map(|span| sources.describe(span)).unwrap_or_default();
            problem.detail = format!("{place}: {}", problem.detail);
        }
        diagnostics
    })?;
    let built_in = built_in_sources(context);
    let unmanaged = unmanaged(step)?;
    let folders = plugin_folders(context, step.flags)?;
    let config = &context.cli_config;
    let sources = match folders.as_slice() {
        [] => PackageSources::configured(config, &context.environment),
        folders => PackageSources::only_folders(folders, config, &context.environment),
    };
    let sources = sources.map_err(|error| {
        Diagnostics::from(Diagnostic::error("Failed to install providers", format!("{error}.")))
    })?;
    let installer = ProviderInstaller {
        context,
        progress: step.progress,
        sources: &sources,
        built_in: &built_in,
        unmanaged: &unmanaged,
        upgrade: step.flags.switch("upgrade", false),
    };
    let installed = installer.install(&requirements, &previous)?;
    say_what_places_say(step.progress, &installed);
    save(step, &previous, &installed)
}

/// Returns the providers that somebody else looks after.
fn unmanaged(step: &ProviderStep<'_>) -> Result<BTreeSet<ProviderSource>, Diagnostics> {
    let overridden: Vec<ProviderSource> = step.context.cli_config.dev_overrides.keys().cloned().collect();
    if !overridden.is_empty() {
        let list: Vec<String> =
            overridden.iter().map(|source| format!(" - {}", source.for_display())).collect();
        let detail = format!(
            "The following provider development overrides are set in the CLI configuration:\n{}\n\nSkip \"terrane init\" when \
             using provider development overrides: it is not necessary for them and may fail unexpectedly.",
            list.join("\n")
        );
        let warning = Diagnostic::warning("Provider development overrides are in effect", detail);
        step.progress.diagnostics(&warning.into(), &SourceMap::new());
    }
    let running = attached(step.context)?.into_keys();
    Ok(running.chain(overridden).collect())
}

fn read(context: &Context, selected: &Selected) -> Result<Option<StateSnapshot>, Diagnostics> {
    let failed = |error: String| {
        Diagnostics::from(Diagnostic::error(
            "Error refreshing state",
            format!("The state could not be read: {error}."),
        ))
    };
    let backend = selected.kind.open(&context.environment, &ParsedFlags::default(), &selected.config)?;
    let content =
        block_on(backend.read(&selected_workspace(context))).map_err(|error| failed(error.to_string()))?;
    if content.is_empty() {
        return Ok(None);
    }
    read_state(&content).map(Some).map_err(|error| failed(error.to_string()))
}

/// Returns the folders of `-plugin-dir`, of this time or of the last: they are kept.
fn plugin_folders(context: &Context, flags: &ParsedFlags) -> Result<Vec<PathBuf>, Diagnostic> {
    let path = context.data_directory().join("plugin_path");
    let failed = |error: std::io::Error| {
        Diagnostic::error("Failed to save plugin directories", format!("{}: {error}.", path.display()))
    };
    let given = flags.all("plugin-dir");
    if given.is_empty() {
        let kept = std::fs::read(&path).unwrap_or_default();
        return Ok(serde_json::from_slice(&kept).unwrap_or_default());
    }
    let folders: Vec<String> = given.into_iter().filter(|folder| !folder.is_empty()).collect();
    if folders.is_empty() {
        if path.exists() {
            std::fs::remove_file(&path).map_err(failed)?;
        }
        return Ok(Vec::new());
    }
    let text = serde_json::to_string_pretty(&folders).unwrap_or_default();
    write_whole(&path, text.as_bytes()).map_err(failed)?;
    Ok(folders.into_iter().map(PathBuf::from).collect())
}

fn say_what_places_say(progress: &InitProgress, installed: &Installed) {
    let warnings: Vec<String> = installed
        .warnings
        .iter()
        .flat_map(|(source, texts)| {
            texts.iter().map(move |text| format!("- {}: {text}", source.for_display()))
        })
        .collect();
    if !warnings.is_empty() {
        let warning = Diagnostic::warning(
            "Additional provider information from registry",
            format!("The remote registry returned warnings:\n{}", warnings.join("\n")),
        );
        progress.diagnostics(&warning.into(), &SourceMap::new());
    }
    if installed.has_signatures {
        progress.step(
            "partner_and_community_providers_message",
            "Providers are signed by their developers.\nIf you'd like to know more about provider signing, you can read about it \
             here:\nhttps://developer.hashicorp.com/terraform/cli/plugins/signing",
        );
    }
}

fn save(
    step: &ProviderStep<'_>,
    previous: &DependencyLocks,
    installed: &Installed,
) -> Result<(), Diagnostics> {
    if installed.locks == *previous {
        return Ok(());
    }
    let choices = |locks: &DependencyLocks| -> Vec<_> {
        locks.providers().map(|(source, lock)| (source.clone(), lock.version.clone())).collect()
    };
    if step.flags.text("lockfile") == Some("readonly") {
        if choices(previous) != choices(&installed.locks) {
            let detail = "Changes to the required provider dependencies were detected, but the lock file is read-only. To use \
                          and record these requirements, run \"terrane init\" without the \"-lockfile=readonly\" flag.";
            return Err(Diagnostic::error("Provider dependency changes detected", detail).into());
        }
        let detail = format!(
            "Changes to the provider selections were detected, but not saved in the {LOCK_FILE} file. To record these \
             selections, run \"terrane init\" without the \"-lockfile=readonly\" flag."
        );
        let warning = Diagnostic::warning("Provider lock file not updated", detail);
        step.progress.diagnostics(&warning.into(), &SourceMap::new());
        return Ok(());
    }
    installed.locks.write()?;
    if previous.is_empty() {
        step.progress.step(
            "lock_info",
            "Terrane has created a lock file .terraform.lock.hcl to record the provider\nselections it made above. Include this \
             file in your version control repository\nso that Terrane can guarantee to make the same selections by default \
             when\nyou run \"terrane init\" in the future.\n",
        );
    } else {
        step.progress.step(
            "dependencies_lock_changes_info",
            "Terrane has made some changes to the provider dependency selections recorded\nin the .terraform.lock.hcl file. \
             Review those changes and commit them to your\nversion control system if they represent changes you intended to \
             make.\n",
        );
    }
    if !installed.incomplete.is_empty() {
        step.progress.diagnostics(&incomplete(&installed.incomplete).into(), &SourceMap::new());
    }
    Ok(())
}

fn incomplete(providers: &[ProviderSource]) -> Diagnostic {
    let list: Vec<String> = providers.iter().map(|source| format!("  - {}", source.for_display())).collect();
    let platform = Platform::current();
    let detail = format!(
        "Due to your customized provider installation methods, Terrane was forced to calculate lock file checksums locally for \
         the following providers:\n{}\n\nThe current {LOCK_FILE} file only includes checksums for {platform}, so Terrane running \
         on another platform will fail to install these providers.\n\nTo calculate additional checksums for another platform, \
         run:\n  terrane providers lock -platform=linux_amd64\n(where linux_amd64 is the platform to generate)",
        list.join("\n")
    );
    Diagnostic::warning("Incomplete lock file information for providers", detail)
}
