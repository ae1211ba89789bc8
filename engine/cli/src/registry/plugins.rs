//! Installed plugins as providers: those that run already, those under development, those that `init` has installed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use terrane_language::modules::ModuleTree;
use terrane_language::modules::provider_bindings::version_constraints;
use terrane_model::{Diagnostic, Diagnostics, ProviderSource};
use terrane_provider::{Provider, ProviderFactory};
use terrane_provider_plugin::install::{Platform, program_in};
use terrane_provider_plugin::{PluginFactory, PluginOptions, Reattach, SchemaCache, parse_reattach};

use super::Factories;
use super::plugin_log::plugin_log;
use crate::context::Context;
use crate::emulation::Emulation;
use crate::init::dependency_lock_file::{DependencyLocks, ProviderLock};
use crate::init::installed_packages::{InstalledPackage, installed_package};

/// Names the providers whose plugins are used although they are built in: sources separated by commas, or `all`.
pub const PLUGIN_PROVIDERS_VARIABLE: &str = "TERRANE_PLUGIN_PROVIDERS";

/// Tells whether the user prefers a provider's plugin to what is built in.
pub fn prefers_plugin(context: &Context, source: &ProviderSource) -> bool {
    let wanted = context.variable(PLUGIN_PROVIDERS_VARIABLE).unwrap_or_default();
    let names = |text: &str| text == "all" || ProviderSource::parse(text).as_ref() == Some(source);
    !source.is_builtin() && wanted.split(',').map(str::trim).any(names)
}

/// Returns the plugins that were started by somebody else.
///
/// # Errors
/// When the variable cannot be read.
pub fn attached(context: &Context) -> Result<BTreeMap<ProviderSource, Reattach>, Diagnostic> {
    let text = context.variable("TF_REATTACH_PROVIDERS").unwrap_or_default();
    parse_reattach(text).map_err(|error| {
        Diagnostic::error("Invalid TF_REATTACH_PROVIDERS", format!("The variable cannot be used: {error}."))
    })
}

/// Returns the providers for which plugins stand. Those of `built_in` come only from where they are named one by
/// one, or where the user prefers plugins.
pub(super) fn plugins(
    context: &Context,
    tree: &ModuleTree,
    built_in: &BTreeSet<ProviderSource>,
) -> Factories {
    let attached = match attached(context) {
        Ok(attached) => attached,
        Err(problem) => {
            return required_sources(tree, built_in).map(|source| (source, failing(&problem))).collect();
        }
    };
    let mut factories = Factories::new();
    for (source, reattach) in attached {
        let options = options(context, &source, PathBuf::new());
        factories.push((source, Arc::new(PluginFactory::attached(options, reattach))));
    }
    let is_taken =
        |factories: &Factories, source: &ProviderSource| factories.iter().any(|(taken, _)| taken == source);
    for (source, folder) in &context.cli_config.dev_overrides {
        if !is_taken(&factories, source) {
            factories.push((source.clone(), under_development(context, source, folder)));
        }
    }
    let locks = match DependencyLocks::read() {
        Ok(locks) => locks,
        Err(problems) => {
            let problem = unreadable_lock_file(&problems.0);
            let sources = required_sources(tree, built_in).filter(|source| !built_in.contains(source));
            let sources: Vec<_> = sources.filter(|source| !is_taken(&factories, source)).collect();
            factories.extend(sources.into_iter().map(|source| (source, failing(&problem))));
            return factories;
        }
    };
    for (source, lock) in locks.providers() {
        let is_wanted = !built_in.contains(source) || prefers_plugin(context, source);
        if is_wanted && !is_taken(&factories, source) {
            factories.push((source.clone(), locked(context, tree, source, lock)));
        }
    }
    factories
}

/// Warns of programs that stand for providers whatever version is wanted.
pub fn development_warnings(context: &Context) -> Option<Diagnostic> {
    let overrides = &context.cli_config.dev_overrides;
    let list = overrides
        .iter()
        .map(|(source, folder)| format!(" - {} in {}", source.for_display(), folder.display()));
    let list = list.collect::<Vec<_>>().join("\n");
    (!overrides.is_empty()).then(|| {
        let detail = format!(
            "The following provider development overrides are set in the CLI configuration:\n{list}\n\nThe behavior may \
             therefore not match any released version of the provider and applying changes may cause the state to become \
             incompatible with published releases."
        );
        Diagnostic::warning("Provider development overrides are in effect", detail)
    })
}

fn required_sources<'t>(
    tree: &'t ModuleTree,
    built_in: &'t BTreeSet<ProviderSource>,
) -> impl Iterator<Item = ProviderSource> + 't {
    let required = crate::init::provider_requirements::provider_requirements(tree).into_keys();
    required.chain(built_in.iter().filter(|source| !source.is_builtin()).cloned())
}

fn failing(problem: &Diagnostic) -> Arc<dyn ProviderFactory> {
    let problem = problem.clone();
    Arc::new(move || -> Result<Arc<dyn Provider>, Diagnostics> { Err(problem.clone().into()) })
}

fn unreadable_lock_file(problems: &Diagnostics) -> Diagnostic {
    let first = problems.iter().next();
    let reason = first.map(|problem| format!("{}: {}", problem.summary, problem.detail)).unwrap_or_default();
    Diagnostic::error("Failed to read dependency lock file", reason)
}

fn under_development(context: &Context, source: &ProviderSource, folder: &Path) -> Arc<dyn ProviderFactory> {
    match program_in(folder, source) {
        Ok(program) => Arc::new(PluginFactory::new(options(context, source, program))),
        Err(error) => {
            let detail = format!(
                "The provider {} is overridden in the CLI configuration, and its program cannot be found: {error}.",
                source.for_display()
            );
            failing(&Diagnostic::error("Failed to find the provider under development", detail))
        }
    }
}

fn locked(
    context: &Context,
    tree: &ModuleTree,
    source: &ProviderSource,
    lock: &ProviderLock,
) -> Arc<dyn ProviderFactory> {
    let constraints = version_constraints(tree, source);
    if !constraints.admits(&lock.version) {
        let detail = format!(
            "The following dependency selections recorded in the lock file are inconsistent with the current \
             configuration:\n  - provider {source}: locked version selection {} doesn't match the updated version constraints \
             {:?}\n\nTo update the locked dependency selections to match a changed configuration, run:\n  terrane init -upgrade",
            lock.version,
            constraints.canonical()
        );
        return failing(&Diagnostic::error("Inconsistent dependency lock file", detail));
    }
    let package = installed_package(context, source, &lock.version, &Platform::current());
    let program = package.as_ref().ok().map(|package| program_in(&package.folder, source));
    match (package, program) {
        (Ok(package), Some(Ok(program))) => Arc::new(CheckedFactory {
            plugin: PluginFactory::new(options(context, source, program)),
            source: source.clone(),
            lock: lock.clone(),
            package,
            checked: OnceLock::new(),
        }),
        (_, Some(Err(error))) => failing(&not_installed(source, &error.to_string())),
        (Err(reason), _) => failing(&not_installed(source, &reason)),
        (Ok(_), None) => failing(&not_installed(source, "it has no program")),
    }
}

fn not_installed(source: &ProviderSource, reason: &str) -> Diagnostic {
    let detail = format!(
        "The installed provider plugins are not consistent with the packages selected in the dependency lock file:\n  - \
         {source}: {reason}\n\nTo download the plugins required for this configuration, run:\n  terrane init"
    );
    Diagnostic::error("Required plugins are not installed", detail)
}

/// Starts a plugin after a look at whether its package is still the one that the lock file speaks of.
struct CheckedFactory {
    plugin: PluginFactory,
    source: ProviderSource,
    lock: ProviderLock,
    package: InstalledPackage,
    checked: OnceLock<Result<(), Diagnostics>>,
}

impl ProviderFactory for CheckedFactory {
    fn start(&self) -> Result<Arc<dyn Provider>, Diagnostics> {
        let check = || {
            let found = self.package.check(&self.lock.hashes);
            found.map_err(|reason| Diagnostics::from(not_installed(&self.source, &reason)))
        };
        self.checked.get_or_init(check).clone()?;
        self.plugin.start()
    }
}

/// Describes how a plugin is run.
pub fn options(context: &Context, source: &ProviderSource, program: PathBuf) -> PluginOptions {
    let mut options = PluginOptions::new(source.to_string(), program);
    let is_azure = matches!(source.name.as_str(), "azurerm" | "azapi" | "azuread");
    if let Some(emulation) = context.emulation.as_ref().filter(|_| is_azure) {
        options.env = emulator_variables(emulation);
    }
    options.schema_cache = schema_cache(context);
    options.log = plugin_log(context);
    options
}

fn emulator_variables(emulation: &Emulation) -> Vec<(OsString, OsString)> {
    emulation.environment().into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// Returns where plugins' schemas are kept: with the user's caches, for all working directories.
fn schema_cache(context: &Context) -> Option<SchemaCache> {
    let home = || Some(PathBuf::from(context.variable("HOME")?).join(".cache"));
    let caches = context.variable("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    // Some providers have variables that switch the schemas of the next major version on.
    let switches = context.environment.iter().filter(|(name, _)| name.ends_with("_BETA"));
    let variant: Vec<String> = switches.map(|(name, value)| format!("{name}={value}")).collect();
    Some(SchemaCache::new(caches.join("terrane").join("schemas")).variant(variant.join(" ")))
}
