//! `removed` blocks: what is managed no more.

use rustc_hash::FxHashMap;
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_model::{ModulePath, ResourceAddress, ResourceInstanceAddress};

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
