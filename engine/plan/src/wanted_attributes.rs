//! Which attributes of each resource make a difference: those that its block sets, and those that anything refers to.
//!
//! Providers may leave out of a refresh what takes calls of its own and matters to nobody, such as access keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_language::config::module::Expr;
use terrane_language::config::{Declaration, Subject, parse_reference};
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_language::syntax::references::Reference;
use terrane_language::syntax::tree::{Step, StepKind, Traversal};
use terrane_model::{ModulePath, ResourceAddress, ResourceInstanceAddress, ResourceMode, Str};

use crate::dependency_graph::NodeKind;
use crate::prepared::PreparedConfiguration;

/// The block that repeats another one by an expression.
const DYNAMIC: &str = "dynamic";

/// Which attributes of each resource make a difference.
pub(crate) struct WantedAttributes {
    by_resource: FxHashMap<(ModulePath, ResourceAddress), Wanted>,
    nothing: Arc<BTreeSet<Str>>,
}

enum Wanted {
    Everything,
    Named(Arc<BTreeSet<Str>>),
}

impl WantedAttributes {
    /// Goes through all of a configuration once.
    pub(crate) fn find(configuration: &PreparedConfiguration) -> Self {
        let tree = &*configuration.tree;
        let mut wanted = Self { by_resource: FxHashMap::default(), nothing: Arc::default() };
        for (id, node) in tree.nodes() {
            for call in &node.module.module_calls {
                call.body.visit_references(&mut |reference| wanted.add(tree, id, reference, None));
            }
        }
        for (_, node) in configuration.graph.nodes() {
            let NodeKind::Declaration(declaration) = node.kind else { continue };
            let module = tree.module(node.module);
            let resource = match declaration {
                Declaration::Resource(position) => Some(&module.resources[position]),
                _ => None,
            };
            let order: &[Traversal] = match declaration {
                Declaration::Resource(position) => &module.resources[position].depends_on,
                Declaration::Output(position) => &module.outputs[position].depends_on,
                Declaration::Call(position) => &module.module_calls[position].depends_on,
                _ => &[],
            };
            let own = resource.map(|resource| &resource.address);
            module.visit_references(declaration, &mut |reference| {
                // To come after an object is not to use what it holds.
                if !order.iter().any(|other| std::ptr::eq(other, reference.traversal)) {
                    wanted.add(tree, node.module, reference, own);
                }
            });
            if let (Declaration::Resource(position), Some(resource)) = (declaration, resource) {
                let key = (tree.node(node.module).path.clone(), resource.address.clone());
                match resource.body.as_native() {
                    Some(body) => {
                        let attributes = body.attributes.iter().map(|attribute| &attribute.name.name);
                        let blocks = body.blocks.iter().map(|block| match block.labels.first() {
                            Some(label) if &*block.block_type.name == DYNAMIC => &label.name,
                            _ => &block.block_type.name,
                        });
                        attributes.chain(blocks).for_each(|name| wanted.name(key.clone(), name));
                    }
                    // Which of its names are arguments, only the schema knows.
                    None => wanted.everything(key),
                }
                for block in configuration.imports.of(node.module, position) {
                    block.visit_expressions(tree, &mut |expression: &Expr| {
                        for reference in expression.variables() {
                            wanted.add(tree, block.module, reference, None);
                        }
                    });
                }
            }
        }
        wanted
    }

    /// Returns the attributes of an object that make a difference; nothing when all of them may.
    pub(crate) fn of(&self, address: &ResourceInstanceAddress) -> Option<Arc<BTreeSet<Str>>> {
        match self.by_resource.get(&(address.module.path(), address.resource.clone())) {
            Some(Wanted::Everything) => None,
            Some(Wanted::Named(names)) => Some(Arc::clone(names)),
            None => Some(Arc::clone(&self.nothing)),
        }
    }

    /// Adds what a reference names; `own` is the resource whose block it stands in.
    fn add(
        &mut self,
        tree: &ModuleTree,
        module: ModuleId,
        Reference { traversal, part, .. }: Reference<'_>,
        own: Option<&ResourceAddress>,
    ) {
        let Ok(reference) = parse_reference(traversal) else { return };
        let address = match (reference.subject, own) {
            (Subject::Resource { mode: ResourceMode::Managed, resource_type, name }, _) => {
                ResourceAddress { mode: ResourceMode::Managed, resource_type, name }
            }
            (Subject::SelfObject, Some(own)) => own.clone(),
            _ => return,
        };
        let key = (tree.node(module).path.clone(), address);
        let steps = &traversal.steps[reference.subject_steps..];
        match (first_attribute(steps), part) {
            (Some(name), _) => self.name(key, name),
            (None, Some(part)) if steps.is_empty() => self.name(key, part),
            _ => self.everything(key),
        }
    }

    fn name(&mut self, key: (ModulePath, ResourceAddress), name: &Str) {
        let entry = self.by_resource.entry(key).or_insert_with(|| Wanted::Named(Arc::default()));
        if let Wanted::Named(names) = entry
            && !names.contains(name)
        {
            Arc::make_mut(names).insert(name.clone());
        }
    }

    fn everything(&mut self, key: (ModulePath, ResourceAddress)) {
        self.by_resource.insert(key, Wanted::Everything);
    }
}

/// Returns the attribute that a reference to a resource goes on to, behind the key of an instance.
fn first_attribute(steps: &[Step]) -> Option<&Str> {
    let mut kinds = steps.iter().map(|step| &step.kind);
    match kinds.next()? {
        StepKind::Attribute(name) => Some(name),
        StepKind::StringKey(_) | StepKind::NumberKey(_) => match kinds.next()? {
            StepKind::Attribute(name) => Some(name),
            StepKind::StringKey(_) | StepKind::NumberKey(_) => None,
        },
    }
}
