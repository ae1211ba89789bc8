//! Names over all files that they stand in: those of a module, and those of the modules that call it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use lsp_types::{Location, ReferenceParams, RenameParams, TextEdit, Uri, WorkspaceEdit};
use terrane_language::modules::ModuleId;
use terrane_language::syntax::identifiers::is_valid_identifier;

use super::analysis::Analysis;
use super::documents::uri_of;
use super::occurrences::{Name, called_name_at, in_call, name_at, occurrences};
use super::positions::range;
use super::server::{Refusal, Server};

/// Places by file, with the file's text.
type Places = BTreeMap<PathBuf, (String, Vec<Range<usize>>)>;

impl Server<'_> {
    pub(super) fn references(&mut self, params: ReferenceParams) -> Result<Option<Vec<Location>>, Refusal> {
        let Some((path, text, offset)) = self.place(&params.text_document_position) else { return Ok(None) };
        let Some((directory, name)) = self.subject(&path, &text, offset) else { return Ok(None) };
        let mut locations = Vec::new();
        for (path, (text, ranges)) in self.places(&directory, &name) {
            let Some(uri) = uri_of(&path) else { continue };
            let places = ranges.into_iter().map(|found| range(&text, found.start, found.end));
            locations.extend(places.map(|range| Location { uri: uri.clone(), range }));
        }
        Ok(Some(locations))
    }

    pub(super) fn rename(&mut self, params: RenameParams) -> Result<Option<WorkspaceEdit>, Refusal> {
        let Some((path, text, offset)) = self.place(&params.text_document_position) else { return Ok(None) };
        let Some((directory, name)) = self.subject(&path, &text, offset) else {
            return Err("Only variables, local values and outputs can be renamed.".to_owned());
        };
        let new_name = params.new_name;
        if !is_valid_identifier(&new_name) {
            return Err(format!("{new_name:?} is not a valid name."));
        }
        if directory.components().any(|part| part.as_os_str() == ".terraform") {
            return Err("The module was installed from elsewhere, where its names are decided.".to_owned());
        }
        if self.is_declared(&directory, &name, &new_name) {
            return Err(format!("There is a declaration of the name {new_name:?} already."));
        }
        // The protocol's type is a map by address, which has interior caches that do not matter here.
        #[expect(clippy::mutable_key_type, reason = "the protocol's type")]
        let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
        for (path, (text, ranges)) in self.places(&directory, &name) {
            let Some(uri) = uri_of(&path) else { continue };
            let edits = ranges.into_iter().map(|found| TextEdit {
                range: range(&text, found.start, found.end),
                new_text: new_name.clone(),
            });
            changes.insert(uri, edits.collect());
        }
        Ok(Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }))
    }

    /// Finds out which name stands at a place, and which module gives it: that of the file, or one that it calls.
    fn subject(&mut self, path: &Path, text: &str, offset: usize) -> Option<(PathBuf, Name)> {
        if let Some((name, _)) = name_at(text, offset) {
            return Some((path.parent()?.to_owned(), name));
        }
        let (call, name) = called_name_at(text, offset)?;
        let analysis = self.analysis(path)?;
        let (position, _) = analysis.module()?.module_call(&call)?;
        let child = analysis.tree.node(ModuleId::ROOT).children[position]?;
        let directory = analysis.path_of(&analysis.tree.module(child).directory);
        Some((directory, name))
    }

    fn is_declared(&mut self, directory: &Path, name: &Name, new_name: &str) -> bool {
        let Some(module) =
            self.analysis(&directory.join("main.tf")).and_then(|analysis| analysis.module().cloned())
        else {
            return false;
        };
        match name {
            Name::Variable(_) => module.variable(new_name).is_some(),
            Name::Local(_) => module.local(new_name).is_some(),
            Name::Output(_) => module.output(new_name).is_some(),
        }
    }

    /// Finds a name that a module gives, in its own files and in those of its callers.
    fn places(&mut self, directory: &Path, name: &Name) -> Places {
        let files = self.files_of(directory);
        let native = files.iter().filter(|(path, _)| !is_json(path));
        let found = occurrences(name, native.map(|(path, text)| (path.as_path(), text.as_str())));
        let with_text = found.into_iter().filter_map(|(path, ranges)| {
            let text = files.get(&path)?.clone();
            Some((path, (text, ranges)))
        });
        let mut places: Places = with_text.collect();
        if matches!(name, Name::Local(_)) {
            return places;
        }
        for (caller, call) in self.callers(directory) {
            for (path, text) in self.files_of(&caller).into_iter().filter(|(path, _)| !is_json(path)) {
                let ranges = in_call(name, &call, &text);
                if !ranges.is_empty() {
                    let (_, all) = places.entry(path).or_insert_with(|| (text, Vec::new()));
                    all.extend(ranges);
                    all.sort_by_key(|range| range.start);
                    all.dedup();
                }
            }
        }
        places
    }

    /// Returns the directories that call a module, with the names of the calls, as far as the editor has opened what leads
    /// there.
    fn callers(&mut self, directory: &Path) -> Vec<(PathBuf, String)> {
        // A change takes away what was known of the modules that it touches.
        let open: Vec<PathBuf> = self.documents.paths().map(Path::to_owned).collect();
        let roots = self.workspace.iter().map(|root| root.join("main.tf"));
        for path in roots.chain(open).collect::<Vec<_>>() {
            self.analysis(&path);
        }
        let mut callers: Vec<(PathBuf, String)> = Vec::new();
        // In any order: the callers are sorted in the end.
        let analyses: Vec<&Analysis> = self.analyses.values().collect();
        for analysis in analyses {
            for (_, node) in analysis.tree.nodes() {
                let Some((caller, call)) = node.caller else { continue };
                if analysis.path_of(&node.module.directory) == directory {
                    let caller = analysis.tree.module(caller);
                    let name = caller.module_calls[call].name.to_string();
                    callers.push((analysis.path_of(&caller.directory), name));
                }
            }
        }
        callers.sort();
        callers.dedup();
        callers
    }

    /// Returns the texts of a directory's files: of the module, and of values for its variables.
    fn files_of(&mut self, directory: &Path) -> BTreeMap<PathBuf, String> {
        let own = self.analysis(&directory.join("main.tf")).map(|analysis| Analysis::own_files(analysis));
        let own = own.into_iter().flatten().map(|(path, text)| (path, text.to_string()));
        let mut files: BTreeMap<PathBuf, String> = own.collect();
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "tfvars") {
                let text = self.documents.text(&path).map(str::to_owned);
                files.extend(text.or_else(|| std::fs::read_to_string(&path).ok()).map(|text| (path, text)));
            }
        }
        files
    }
}

fn is_json(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".json")
}
