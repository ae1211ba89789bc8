//! `graph`: what depends on what, in the language of Graphviz.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use terrane_language::config::Declaration;
use terrane_language::modules::ModuleTree;
use terrane_model::{Diagnostic, Diagnostics};
use terrane_plan::resource_dependencies::config_resource;
use terrane_plan::{DependencyGraph, NodeId, NodeKind, PreparedConfiguration};

use super::Command;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::project::load_project;

pub(super) const COMMAND: Command = Command {
    name: "graph",
    summary: "Generate a Graphviz graph of the steps in an operation",
    usage: "graph [options]",
    flags: &[&[
        Flag::value(
            "type",
            "plan",
            "Type of operation graph to output. Can be: plan, plan-refresh-only, plan-destroy, or apply. Without it, only resources are shown.",
        ),
        Flag::value("plan", "tfplan", ""),
        Flag::switch("draw-cycles", ""),
        Flag::value("module-depth", "n", ""),
    ]],
    run,
};

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let (project, _) = match load_project(context) {
        Ok(loaded) => loaded,
        Err((problems, sources)) => {
            context.show(&problems, &sources);
            return ExitCode::Error;
        }
    };
    match draw(&project.tree, &project.sources, flags) {
        Ok(text) => {
            context.terminal.text(&text);
            ExitCode::Success
        }
        Err(problems) => {
            context.show(&problems, &project.sources);
            ExitCode::Error
        }
    }
}

fn draw(
    tree: &Arc<ModuleTree>,
    sources: &Arc<terrane_model::SourceMap>,
    flags: &ParsedFlags,
) -> Result<String, Diagnostics> {
    let invalid = |detail: &str| Diagnostics::from(Diagnostic::error("Invalid graph options", detail));
    if flags.text("plan").is_some() {
        return Err(invalid(
            "Graphs of saved plans cannot be drawn. Leave out -plan to draw the configuration's.",
        ));
    }
    let configuration = PreparedConfiguration::prepare(Arc::clone(tree), Arc::clone(sources))?;
    match flags.text("type") {
        None | Some("") => Ok(resources(&configuration)),
        Some("plan" | "plan-refresh-only" | "plan-destroy" | "apply") => Ok(declarations(&configuration)),
        Some(other) => Err(invalid(&format!(
            "The graph type {other:?} is not known: there are plan, plan-refresh-only, plan-destroy and apply."
        ))),
    }
}

/// Draws the resources alone. What a resource depends on through another is not drawn twice.
fn resources(configuration: &PreparedConfiguration) -> String {
    let (tree, graph) = (&configuration.tree, &configuration.graph);
    let nodes: Vec<NodeId> = graph.nodes().map(|(id, _)| id).filter(|id| is_resource(graph, *id)).collect();
    let mut by_module: BTreeMap<String, Vec<(String, NodeId)>> = BTreeMap::new();
    for id in nodes {
        let module = tree.node(graph.node(id).module).path.to_string();
        by_module.entry(module).or_default().push((resource_name(tree, graph, id), id));
    }
    let mut text =
        "digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n".to_owned();
    let mut edges = String::new();
    for (module, resources) in &mut by_module {
        resources.sort();
        let indent = if module.is_empty() { "  " } else { "    " };
        if !module.is_empty() {
            text.push_str(&format!(
                "  subgraph \"cluster_{module}\" {{\n    label = \"{}\"\n    fontname = \"sans-serif\"\n",
                escaped(module)
            ));
        }
        for (name, id) in resources.iter() {
            let address = address(configuration, *id);
            text.push_str(&format!("{indent}\"{}\" [label=\"{}\"];\n", escaped(&address), escaped(name)));
            let mut targets: Vec<String> = needed(configuration, *id)
                .into_iter()
                .map(|target| self::address(configuration, target))
                .collect();
            targets.sort();
            for target in targets {
                edges.push_str(&format!("  \"{}\" -> \"{}\";\n", escaped(&address), escaped(&target)));
            }
        }
        if !module.is_empty() {
            text.push_str("  }\n");
        }
    }
    text + &edges + "}\n"
}

fn is_resource(graph: &DependencyGraph, id: NodeId) -> bool {
    matches!(graph.node(id).kind, NodeKind::Declaration(Declaration::Resource(_)))
}

fn address(configuration: &PreparedConfiguration, id: NodeId) -> String {
    let (tree, graph) = (&configuration.tree, &configuration.graph);
    config_resource(graph, tree, id).map_or_else(|| graph.describe(tree, id), |resource| resource.to_string())
}

fn resource_name(tree: &ModuleTree, graph: &DependencyGraph, id: NodeId) -> String {
    let node = graph.node(id);
    match node.kind {
        NodeKind::Declaration(Declaration::Resource(position)) => {
            tree.module(node.module).resources[position].address.to_string()
        }
        _ => graph.describe(tree, id),
    }
}

/// Returns the resources that a resource depends on without another in between.
fn needed(configuration: &PreparedConfiguration, id: NodeId) -> Vec<NodeId> {
    let graph = &configuration.graph;
    let mut direct = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut pending: Vec<NodeId> = graph.dependencies(id).to_vec();
    while let Some(next) = pending.pop() {
        if next == id || !seen.insert(next) {
            continue;
        }
        if is_resource(graph, next) {
            direct.insert(next);
        } else {
            pending.extend_from_slice(graph.dependencies(next));
        }
    }
    let is_behind_another = |target: &NodeId| {
        let mut others = direct.iter().filter(|other| *other != target);
        others.any(|other| configuration.dependencies.of(*other).contains(target))
    };
    direct.iter().filter(|target| !is_behind_another(target)).copied().collect()
}

/// Draws everything that is declared, in the layout of Terraform's graphs of operations.
fn declarations(configuration: &PreparedConfiguration) -> String {
    let (tree, graph) = (&configuration.tree, &configuration.graph);
    let mut nodes = BTreeSet::new();
    let mut edges = BTreeSet::new();
    for (id, node) in graph.nodes() {
        let name = format!("[root] {}", graph.describe(tree, id));
        let shape = match node.kind {
            NodeKind::Declaration(Declaration::Resource(_)) => Some("box"),
            NodeKind::Declaration(Declaration::Provider(_)) => Some("diamond"),
            NodeKind::Declaration(Declaration::Variable(_)) => Some("note"),
            _ => None,
        };
        if let Some(shape) = shape {
            let label = escaped(&graph.describe(tree, id));
            nodes.insert(format!("\t\t\"{}\" [label = \"{label}\", shape = \"{shape}\"]\n", escaped(&name)));
        }
        for target in graph.dependencies(id) {
            let target = format!("[root] {}", graph.describe(tree, *target));
            edges.insert(format!("\t\t\"{}\" -> \"{}\"\n", escaped(&name), escaped(&target)));
        }
    }
    let mut text =
        "digraph {\n\tcompound = \"true\"\n\tnewrank = \"true\"\n\tsubgraph \"root\" {\n".to_owned();
    text.extend(nodes);
    text.extend(edges);
    text + "\t}\n}\n"
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
