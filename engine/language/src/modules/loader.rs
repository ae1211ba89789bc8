//! Reading a configuration: the root module and everything that it calls.

use std::collections::HashMap;
use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, FileId, ModulePath, SourceMap, Span, Str};

use super::module_tree::{ModuleId, ModuleNode, ModuleTree};
use super::source_address::SourceAddress;
use crate::config::{CallSource, EarlyScope, EarlyValues, Module, ModuleParts, parse_module_call_source};
use crate::evaluate::evaluate;
use crate::functions::FileError;
use crate::syntax::{ConfigBody, decode_source, parse_file, parse_json_file};

/// Gives access to source files.
pub trait SourceReader: Sync {
    /// Lists the names of the files in a directory, in any order.
    ///
    /// # Errors
    /// When there is no such directory.
    fn list(&self, directory: &str) -> Result<Vec<String>, FileError>;

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;
}

/// Finds the directories of called modules.
pub trait ModuleResolver {
    /// Finds the directory of a module.
    ///
    /// # Errors
    /// With the reason why there is none.
    fn resolve(
        &self,
        call: &ModulePath,
        source: &SourceAddress,
        caller_directory: &str,
    ) -> Result<ResolvedModule, Diagnostic>;

    /// Finds the directory of a module, for those who want to know more of the call than where its module is.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    fn resolve_call(
        &self,
        call: &ModulePath,
        source: &CallSource,
        caller_directory: &str,
    ) -> Result<ResolvedModule, Diagnostic> {
        self.resolve(call, &source.address, caller_directory)
    }
}

/// Where a called module is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedModule {
    /// Its directory, as it is shown to users.
    pub directory: String,
    /// Its version, where it has one.
    pub version: Option<Str>,
}

/// A configuration that was read.
#[derive(Debug)]
pub struct Configuration {
    /// All modules.
    pub tree: ModuleTree,
    /// All files that were read.
    pub sources: Arc<SourceMap>,
    /// What is wrong; the tree holds whatever could be understood.
    pub diagnostics: Diagnostics,
}

/// Reads the configuration whose root module lies in `directory`.
pub fn load(directory: &str, reader: &dyn SourceReader, resolver: &dyn ModuleResolver) -> Configuration {
    load_with(directory, reader, resolver, &|_| EarlyValues::new())
}

/// Reads a configuration as [`load`] does; `values` gives the `const` variables of the root module their values.
pub fn load_with(
    directory: &str,
    reader: &dyn SourceReader,
    resolver: &dyn ModuleResolver,
    values: &dyn Fn(&Module) -> EarlyValues,
) -> Configuration {
    load_all(SourceMap::new(), directory, reader, resolver, values)
}

/// Reads a configuration as [`load`] does, with its files behind others.
pub fn load_beside(
    sources: SourceMap,
    directory: &str,
    reader: &dyn SourceReader,
    resolver: &dyn ModuleResolver,
) -> Configuration {
    load_all(sources, directory, reader, resolver, &|_| EarlyValues::new())
}

fn load_all(
    sources: SourceMap,
    directory: &str,
    reader: &dyn SourceReader,
    resolver: &dyn ModuleResolver,
    values: &dyn Fn(&Module) -> EarlyValues,
) -> Configuration {
    let mut loader = Loader {
        reader,
        resolver,
        sources,
        by_directory: HashMap::new(),
        tree: ModuleTree::default(),
        early: Vec::new(),
        diagnostics: Diagnostics::new(),
    };
    loader.load_root(directory, values);
    Configuration { tree: loader.tree, sources: Arc::new(loader.sources), diagnostics: loader.diagnostics }
}

struct Loader<'a> {
    reader: &'a dyn SourceReader,
    resolver: &'a dyn ModuleResolver,
    sources: SourceMap,
    by_directory: HashMap<String, Arc<Module>>,
    tree: ModuleTree,
    /// The `const` variables of each module of the tree.
    early: Vec<EarlyValues>,
    diagnostics: Diagnostics,
}

impl Loader<'_> {
    fn load_root(&mut self, directory: &str, values: &dyn Fn(&Module) -> EarlyValues) {
        let Some(module) = self.module_in(directory, None) else { return };
        let needs_values = module.variables.iter().any(|variable| variable.is_const);
        self.early.push(if needs_values { values(&module) } else { EarlyValues::new() });
        let children = vec![None; module.module_calls.len()];
        let node = ModuleNode {
            path: ModulePath::root(),
            module,
            caller: None,
            children,
            source: Str::new(),
            directory: directory.to_owned(),
            version: None,
        };
        // Calls are followed in a list instead of by recursion: a chain of modules may be long.
        let mut pending = vec![self.tree.add(node)];
        while let Some(id) = pending.pop() {
            for call in 0..self.tree.module(id).module_calls.len() {
                pending.extend(self.load_call(id, call));
            }
        }
    }

    fn load_call(&mut self, caller: ModuleId, call: usize) -> Option<ModuleId> {
        let module = Arc::clone(self.tree.module(caller));
        let module_call = &module.module_calls[call];
        let path = self.tree.node(caller).path.child(&module_call.name);
        let early = std::mem::take(&mut self.early[caller.index()]);
        let scope = EarlyScope::new(&module, &early);
        let source = parse_module_call_source(module_call, &scope, &mut self.diagnostics);
        let loaded = source.and_then(|source| self.load_called(caller, call, path, source, &scope));
        self.early[caller.index()] = early;
        loaded
    }

    /// Evaluates what a call hands to the `const` variables of its module.
    fn early_values(
        &mut self,
        caller: &Module,
        call: usize,
        called: &Module,
        scope: &EarlyScope<'_>,
    ) -> EarlyValues {
        let mut values = EarlyValues::new();
        for variable in called.variables.iter().filter(|variable| variable.is_const) {
            let Some(argument) = caller.call_argument(call, &variable.name) else { continue };
            let (value, problems) = evaluate(&argument, scope);
            if !problems.has_errors() {
                values.insert(variable.name.clone(), value);
            }
            self.diagnostics.extend(problems);
        }
        values
    }

    fn load_called(
        &mut self,
        caller: ModuleId,
        call: usize,
        path: ModulePath,
        source: CallSource,
        scope: &EarlyScope<'_>,
    ) -> Option<ModuleId> {
        let module = Arc::clone(self.tree.module(caller));
        let module_call = &module.module_calls[call];
        let resolved = match self.resolver.resolve_call(&path, &source, &module.directory) {
            Ok(resolved) => resolved,
            Err(problem) => {
                self.diagnostics.push(problem.at(module_call.span));
                return None;
            }
        };
        if self.is_called_by_itself(caller, &resolved.directory) {
            let detail = format!(
                "The module in {} calls itself through module.{}, without end.",
                resolved.directory, module_call.name
            );
            self.diagnostics.push(Diagnostic::error("Module calls itself", detail).at(module_call.span));
            return None;
        }
        let called = self.module_in(&resolved.directory, Some(module_call.span))?;
        let children = vec![None; called.module_calls.len()];
        let early = self.early_values(&module, call, &called, scope);
        self.early.push(early);
        Some(self.tree.add(ModuleNode {
            path,
            module: called,
            caller: Some((caller, call)),
            children,
            source: source.text,
            directory: resolved.directory,
            version: resolved.version,
        }))
    }

    fn is_called_by_itself(&self, caller: ModuleId, directory: &str) -> bool {
        let mut next = Some(caller);
        while let Some(id) = next {
            if self.tree.module(id).directory == directory {
                return true;
            }
            next = self.tree.node(id).caller.map(|(caller, _)| caller);
        }
        false
    }

    fn module_in(&mut self, directory: &str, called_at: Option<Span>) -> Option<Arc<Module>> {
        if let Some(module) = self.by_directory.get(directory) {
            return Some(Arc::clone(module));
        }
        let files = match self.reader.list(directory) {
            Ok(files) => ModuleFiles::choose(files),
            Err(error) => {
                let detail = format!(
                    "The directory {directory} could not be read: {error}. Check the source address of the module call."
                );
                self.diagnostics
                    .push(Diagnostic::error("Unreadable module directory", detail).at_maybe(called_at));
                return None;
            }
        };
        let (parts, diagnostics) = self.read_files(directory, &files);
        self.diagnostics.extend(diagnostics);
        let (module, diagnostics) = Module::from_parts(directory, parts, &self.sources);
        self.diagnostics.extend(diagnostics);
        let module = Arc::new(module);
        self.by_directory.insert(directory.to_owned(), Arc::clone(&module));
        Some(module)
    }

    fn read_files(&mut self, directory: &str, files: &ModuleFiles) -> (ModuleParts, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let mut ids = Vec::new();
        for (name, is_override) in files.all() {
            let path = if directory == "." { name.clone() } else { format!("{directory}/{name}") };
            match self.reader.read(&path).map(decode_source) {
                Ok(Ok(text)) => {
                    ids.push((self.sources.add(path, text), name.ends_with(".json"), is_override));
                }
                Ok(Err(error)) => {
                    let id = self.sources.add(path, error.text.as_str());
                    diagnostics.push(error.diagnostic(id));
                }
                Err(error) => {
                    let detail = format!("The file {path} could not be read: {error}.");
                    diagnostics.push(Diagnostic::error("Failed to read file", detail));
                }
            }
        }
        let parsed = parse_all(&self.sources, &ids);
        let mut parts = ModuleParts::default();
        for ((body, problems), (_, _, is_override)) in parsed.into_iter().zip(ids) {
            diagnostics.extend(problems);
            if is_override { parts.overrides.push(body) } else { parts.files.push(body) }
        }
        (parts, diagnostics)
    }
}

/// Parses files, on several threads when there is enough to do.
fn parse_all(sources: &SourceMap, ids: &[(FileId, bool, bool)]) -> Vec<(ConfigBody, Diagnostics)> {
    let parse = |id: FileId, is_json: bool| {
        let text = sources.file(id).map(|file| Arc::clone(file.text())).unwrap_or_default();
        if is_json {
            parse_json_file(id, &text)
        } else {
            let (body, diagnostics) = parse_file(id, &text);
            (ConfigBody::from_native(body), diagnostics)
        }
    };
    let total: usize =
        ids.iter().filter_map(|(id, ..)| sources.file(*id)).map(|file| file.text().len()).sum();
    if ids.len() < 2 || total < 200_000 {
        return ids.iter().map(|(id, is_json, _)| parse(*id, *is_json)).collect();
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(ids.len());
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut results: Vec<(usize, (ConfigBody, Diagnostics))> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    loop {
                        let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let Some((id, is_json, _)) = ids.get(index) else { return done };
                        done.push((index, parse(*id, *is_json)));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("BUG: the parser never panics")).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The configuration files of a directory.
#[derive(Debug, Default, PartialEq, Eq)]
struct ModuleFiles {
    primary: Vec<String>,
    overrides: Vec<String>,
}

impl ModuleFiles {
    /// Picks the configuration files; those of the `.tofu` family stand in for their `.tf` namesakes.
    fn choose(names: Vec<String>) -> Self {
        let base = |name: &str| {
            [".tf", ".tf.json", ".tofu", ".tofu.json"]
                .into_iter()
                .rev()
                .find_map(|extension| name.strip_suffix(extension).map(|base| (base.to_owned(), extension)))
        };
        let is_hidden = |name: &str| {
            name.starts_with('.') || name.ends_with('~') || name.starts_with('#') && name.ends_with('#')
        };
        let mut files = Self::default();
        let replaced: std::collections::HashSet<String> = names
            .iter()
            .filter_map(|name| base(name))
            .filter(|(_, extension)| extension.starts_with(".tofu"))
            .map(|(base, extension)| format!("{base}{}", extension.replace(".tofu", ".tf")))
            .collect();
        let mut names = names;
        names.sort();
        for name in names {
            let Some((base, _)) = base(&name) else { continue };
            if is_hidden(&name) || replaced.contains(&name) {
                continue;
            }
            if base == "override" || base.ends_with("_override") {
                files.overrides.push(name);
            } else {
                files.primary.push(name);
            }
        }
        files
    }

    fn all(&self) -> impl Iterator<Item = (&String, bool)> {
        self.primary.iter().map(|name| (name, false)).chain(self.overrides.iter().map(|name| (name, true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_chosen_by_their_names() {
        let names = [
            "b.tf",
            "a.tf.json",
            "x_override.tf",
            "override.tf.json",
            ".hidden.tf",
            "c.txt",
            "c.tf~",
            "d.tf",
            "d.tofu",
        ];
        let files = ModuleFiles::choose(names.iter().map(ToString::to_string).collect());
        assert_eq!(files.primary, ["a.tf.json", "b.tf", "d.tofu"]);
        assert_eq!(files.overrides, ["override.tf.json", "x_override.tf"]);
    }
}
