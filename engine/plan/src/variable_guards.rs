//! What uses a variable waits for the variable's validation too, so that a value that is refused is reported once and
//! not again by everything that it spoils.

use terrane_language::config::{Declaration, Subject, parse_reference};
use terrane_language::modules::ModuleTree;

use crate::dependency_graph::{DependencyGraph, Node, NodeId, NodeKind};

/// Validation nodes by variable node, for those validations that nothing can depend on in turn.
pub(crate) struct VariableGuards(Vec<Option<NodeId>>);

impl VariableGuards {
    /// Finds the validations of all modules.
    ///
    /// In the root module they may look at other variables, whose values come from outside. In a called module they may
    /// look at their own variable only: another one may be given what the module itself puts out. Validations that look
    /// at more guard nothing, since what they look at may use the variable.
    pub(crate) fn find(graph: &DependencyGraph, tree: &ModuleTree) -> Self {
        let mut guards = vec![None; graph.len()];
        for (id, node) in graph.nodes() {
            let NodeKind::Declaration(declaration @ Declaration::VariableValidation(position)) = node.kind
            else {
                continue;
            };
            let is_root = tree.node(node.module).caller.is_none();
            let module = tree.module(node.module);
            let own = &module.variables[position].name;
            let mut is_safe = true;
            module.visit_references(declaration, &mut |traversal, _| {
                is_safe &= match parse_reference(traversal).map(|reference| reference.subject) {
                    Ok(Subject::Variable(name)) => is_root || name == *own,
                    Ok(Subject::Resource { .. } | Subject::Module { .. } | Subject::Local(_)) => false,
                    _ => true,
                };
            });
            if is_safe && let Some(variable) = graph.declaration(node.module, Declaration::Variable(position))
            {
                guards[variable.index()] = Some(id);
            }
        }
        Self(guards)
    }

    /// Adds the validations of the variables among what a node waits for.
    pub(crate) fn add(&self, node: Node, targets: &mut Vec<NodeId>) {
        if !matches!(node.kind, NodeKind::Declaration(Declaration::VariableValidation(_))) {
            let guards: Vec<NodeId> = targets.iter().filter_map(|target| self.0[target.index()]).collect();
            targets.extend(guards);
        }
    }
}
