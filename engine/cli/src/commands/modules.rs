//! `modules`: the module calls of the configuration.

use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_model::Str;

use super::Command;
use super::tree_drawing::{Branch, draw};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::init::modules::manifest::ModuleManifest;
use crate::project::load_project;
use crate::view::json::writer::{ObjectWriter, array};

pub(super) const COMMAND: Command = Command {
    name: "modules",
    summary: "Show all declared modules in a working directory",
    usage: "modules [options]",
    flags: &[&[Flag::switch("json", "Produce output in a machine-readable JSON format.")]],
    run,
};

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let (project, warnings) = match load_project(context) {
        Ok(loaded) => loaded,
        Err((problems, sources)) => {
            context.show(&problems, &sources);
            return ExitCode::Error;
        }
    };
    let manifest = ModuleManifest::read(&context.data_directory().join("modules"));
    let calls = Calls { tree: &project.tree, manifest };
    if flags.switch("json", false) {
        let mut list = Vec::new();
        calls.collect_json(ModuleId::ROOT, &mut list);
        let mut report = ObjectWriter::new();
        report.text("format_version", "1.0").raw("modules", &array(&list));
        context.terminal.line(&report.finish());
        return ExitCode::Success;
    }
    context.show(&warnings, &project.sources);
    let branches = calls.branches(ModuleId::ROOT);
    if branches.is_empty() {
        context.terminal.line("No modules found in configuration.");
    } else {
        context.terminal.line(&format!("\nModules declared by configuration:\n{}", draw(&branches)));
    }
    ExitCode::Success
}

struct Calls<'a> {
    tree: &'a ModuleTree,
    /// Sources are shown in the full form in which they were installed.
    manifest: ModuleManifest,
}

impl Calls<'_> {
    /// Returns a module's calls in the order of their names.
    fn children(&self, id: ModuleId) -> Vec<(Str, ModuleId)> {
        let node = self.tree.node(id);
        let calls = node.module.module_calls.iter().zip(&node.children);
        let mut children: Vec<_> =
            calls.filter_map(|(call, child)| Some((call.name.clone(), (*child)?))).collect();
        children.sort();
        children
    }

    fn source(&self, id: ModuleId) -> String {
        let node = self.tree.node(id);
        let names: Vec<&str> = node.path.calls().iter().map(Str::as_str).collect();
        let entry = self.manifest.get(&names.join("."));
        entry.map_or_else(|| node.source.to_string(), |entry| entry.source.clone())
    }

    fn collect_json(&self, id: ModuleId, list: &mut Vec<String>) {
        for (name, child) in self.children(id) {
            let mut entry = ObjectWriter::new();
            let version = self.tree.node(child).version.clone().unwrap_or_default();
            entry.text("key", &name).text("source", &self.source(child)).text("version", &version);
            list.push(entry.finish());
            self.collect_json(child, list);
        }
    }

    fn branches(&self, id: ModuleId) -> Vec<Branch> {
        let children = self.children(id).into_iter().map(|(name, child)| {
            let version = self.tree.node(child).version.as_ref();
            let version = version.map_or_else(String::new, |version| format!(" {version}"));
            let label = format!("{:?}[{}]{version}", name.as_str(), self.source(child));
            Branch { label, branches: self.branches(child) }
        });
        children.collect()
    }
}
