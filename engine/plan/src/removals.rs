//! `removed` blocks: what is managed no more.

use rustc_hash::FxHashMap;
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_model::{Diagnostic, Diagnostics, ModulePath, ResourceAddress, ResourceInstanceAddress};

use crate::moved_addresses::Endpoint;

/// What the `removed` blocks of a configuration cover, and whether it is destroyed.
#[derive(Debug, Default)]
pub struct Removals {
    resources: FxHashMap<(ModulePath, ResourceAddress), Removal>,
    modules: FxHashMap<ModulePath, Removal>,
}

/// What one block says.
#[derive(Debug, Clone, Copy)]
struct Removal {
    destroy: bool,
    /// The module that has the block, and its position there.
    block: (ModuleId, usize),
}

impl Removals {
    /// Finds the blocks of a configuration.
    pub fn of_configuration(tree: &ModuleTree) -> Self {
        let mut removals = Self::default();
        for (id, node) in tree.nodes() {
            let base = &tree.node(id).path;
            for (position, removed) in node.module.removed.iter().enumerate() {
                // What has no meaning as an address was refused when the block was read.
                let Some(endpoint) = Endpoint::parse(&removed.from) else { continue };
                let path = ModulePath::new(base.calls().iter().cloned().chain(endpoint.module_names()));
                let removal = Removal { destroy: removed.destroy, block: (id, position) };
                match endpoint.resource {
                    Some((resource, _)) => removals.resources.insert((path, resource), removal),
                    None => removals.modules.insert(path, removal),
                };
            }
        }
        removals
    }

    /// Tells whether an object is destroyed; nothing when no `removed` block covers it.
    pub fn of(&self, address: &ResourceInstanceAddress) -> Option<bool> {
        self.find(address).map(|removal| removal.destroy)
    }

    /// Returns the block that covers an object: its module, and its position there.
    pub fn block(&self, address: &ResourceInstanceAddress) -> Option<(ModuleId, usize)> {
        self.find(address).map(|removal| removal.block)
    }

    fn find(&self, address: &ResourceInstanceAddress) -> Option<Removal> {
        if self.resources.is_empty() && self.modules.is_empty() {
            return None;
        }
        let path = address.module.path();
        let depth = path.calls().len();
        let key = (path, address.resource.clone());
        if let Some(removal) = self.resources.get(&key) {
            return Some(*removal);
        }
        let calls = key.0.calls();
        (1..=depth)
            .rev()
            .find_map(|depth| self.modules.get(&ModulePath::new(calls[..depth].iter().cloned())).copied())
    }
}

/// Finds what `removed` blocks say is gone although it is still declared.
pub fn check_removals(tree: &ModuleTree) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for (_, node) in tree.nodes() {
        for removed in &node.module.removed {
            let Some(endpoint) = Endpoint::parse(&removed.from) else { continue };
            let names: Vec<_> = endpoint.module_names().collect();
            let path = ModulePath::new(node.path.calls().iter().cloned().chain(names.iter().cloned()));
            let declared = match (&endpoint.resource, path.parent()) {
                (Some((resource, _)), _) => tree.find(&path).and_then(|module| {
                    let (_, declared) = tree.module(module).resource(resource)?;
                    Some(("resource", declared.span))
                }),
                (None, Some(parent)) => tree.find(&parent).and_then(|module| {
                    let (_, call) = tree.module(module).module_call(path.calls().last()?)?;
                    Some(("module", call.span))
                }),
                (None, None) => None,
            };
            if let Some((kind, span)) = declared {
                let summary = format!("Removed {kind} still exists");
                let detail = format!(
                    "A \"removed\" block says that this {kind} was removed, but it is still declared. Remove either the declaration or the \
                     \"removed\" block."
                );
                diagnostics.push(Diagnostic::error(summary, detail).at(span));
            }
        }
    }
    diagnostics
}

/// Finds `import` blocks that name a provider although a declaration does that.
pub fn check_import_providers(tree: &ModuleTree) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for (_, node) in tree.nodes() {
        for import in &node.module.imports {
            let Some((provider, address)) = import.provider.as_ref().zip(import.address.as_static()) else {
                continue;
            };
            if address.module.is_root() && node.module.resource(&address.resource).is_some() {
                let detail = "The provider argument can only be specified in import blocks that will generate configuration.\n\nUse the \
                              provider argument in the target resource block to configure the provider for a resource with explicit \
                              provider configuration.";
                diagnostics
                    .push(Diagnostic::error("Invalid import provider argument", detail).at(provider.span));
            }
        }
    }
    diagnostics
}
