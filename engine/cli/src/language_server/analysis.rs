//! A directory as a module: what it declares, what is wrong with it, and what its providers offer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use terrane_language::config::{EarlyValues, Module};
use terrane_language::modules::{ModuleTree, load_with};
use terrane_model::{Diagnostics, ProviderSource, SourceMap};
use terrane_plan::provider_functions::LoadedFunctions;
use terrane_plan::validate::validate;
use terrane_plan::{PreparedConfiguration, ProviderPool};

use super::documents::{Documents, EditedFiles, join};
use crate::context::Context;
use crate::project::{InstalledModules, Phase, surroundings};
use crate::registry::registry;
use crate::session::block_on;

/// What is known of a directory.
pub(super) struct Analysis {
    /// The directory.
    pub(super) directory: PathBuf,
    /// Its modules; the root module may be incomplete.
    pub(super) tree: Arc<ModuleTree>,
    /// All files.
    pub(super) sources: Arc<SourceMap>,
    /// Schemas.
    pub(super) providers: ProviderPool,
    /// What is wrong.
    pub(super) diagnostics: Diagnostics,
}

impl Analysis {
    /// Reads and checks a directory. Schemas that were loaded before are taken over.
    pub(super) fn of(context: &Context, directory: &Path, documents: &Documents) -> Self {
        // Plugins, lock files and installed modules are found relative to the working directory.
        let is_there = std::env::set_current_dir(directory).is_ok();
        let reader = EditedFiles { directory, documents };
        let installed = InstalledModules::read(context);
        let configuration = load_with(".", &reader, &installed, &|_| EarlyValues::new());
        let mut diagnostics = configuration.diagnostics;
        let (tree, sources) = (Arc::new(configuration.tree), configuration.sources);
        let mut providers = ProviderPool::new(Arc::new(registry(context, &tree)));
        if is_there && !tree.is_empty() && !diagnostics.has_errors() {
            diagnostics.extend(check(context, &tree, &sources, &mut providers));
        }
        let mut analysis = Self { directory: directory.to_owned(), tree, sources, providers, diagnostics };
        analysis.load_mentioned();
        analysis
    }

    /// Loads the providers that the root module mentions, as far as they can be: completion needs them however much else
    /// is wrong.
    fn load_mentioned(&mut self) {
        let Some(module) = self.module() else { return };
        let module = Arc::clone(module);
        let resources = module
            .resources
            .iter()
            .map(|resource| module.provider_source(module.provider_local_name(resource)));
        let actions = module.actions.iter().map(|action| module.provider_source_of_action(action));
        let required = module.settings.required_providers.iter().map(|required| required.source.clone());
        let blocks = module.provider_blocks.iter().map(|block| module.provider_source(&block.local_name));
        for source in resources.chain(actions).chain(required).chain(blocks) {
            self.load(&source);
        }
    }

    /// Loads a provider, if it is there.
    pub(super) fn load(&mut self, source: &ProviderSource) {
        if self.providers.schemas(source).is_none() {
            drop(block_on(self.providers.load(source)));
        }
    }

    /// Returns the root module.
    pub(super) fn module(&self) -> Option<&Arc<Module>> {
        (!self.tree.is_empty()).then(|| self.tree.root())
    }

    /// Returns the absolute path of a file of the configuration.
    pub(super) fn path_of(&self, file: &str) -> PathBuf {
        join(&self.directory, file)
    }

    /// Returns the texts of the root module's own files by their absolute paths.
    pub(super) fn own_files(&self) -> BTreeMap<PathBuf, Arc<str>> {
        let files =
            self.sources.files().map(|(_, file)| (self.path_of(file.path()), Arc::clone(file.text())));
        files.filter(|(path, _)| path.parent() == Some(&self.directory)).collect()
    }
}

fn check(
    context: &Context,
    tree: &Arc<ModuleTree>,
    sources: &Arc<SourceMap>,
    providers: &mut ProviderPool,
) -> Diagnostics {
    let configuration = match PreparedConfiguration::prepare(Arc::clone(tree), Arc::clone(sources)) {
        Ok(configuration) => configuration,
        Err(problems) => return problems,
    };
    block_on(async {
        let mut diagnostics = Diagnostics::new();
        for source in configuration.provider_sources() {
            diagnostics.extend(providers.load(&source).await);
        }
        if diagnostics.has_errors() {
            return diagnostics;
        }
        let phase = Phase {
            validating: true,
            provider_functions: Some(Arc::new(LoadedFunctions::of(providers))),
            ..Phase::default()
        };
        diagnostics
            .extend(validate(&configuration, providers, surroundings(context, "default", &phase)).await);
        diagnostics
    })
}
