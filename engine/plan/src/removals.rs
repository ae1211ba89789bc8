//! `removed` blocks: what is managed no more.

use rustc_hash::FxHashMap;
use terrane_language::modules::ModuleTree;
use terrane_model::{ModulePath, ResourceAddress, ResourceInstanceAddress};

use crate::moved_addresses::Endpoint;

/// What the `removed` blocks of a configuration cover, and whether it is destroyed.
#[derive(Debug, Default)]
pub(crate) struct Removals {
    resources: FxHashMap<(ModulePath, ResourceAddress), bool>,
    modules: FxHashMap<ModulePath, bool>,
}

impl Removals {
    pub(crate) fn of_configuration(tree: &ModuleTree) -> Self {
        let mut removals = Self::default();
        for (id, node) in tree.nodes() {
            let base = &tree.node(id).path;
            for removed in &node.module.removed {
                // What has no meaning as an address was refused when the block was read.
                let Some(endpoint) = Endpoint::parse(&removed.from) else { continue };
                let path = ModulePath::new(base.calls().iter().cloned().chain(endpoint.module_names()));
                match endpoint.resource {
                    Some((resource, _)) => removals.resources.insert((path, resource), removed.destroy),
                    None => removals.modules.insert(path, removed.destroy),
                };
            }
        }
        removals
    }

    /// Tells whether an object is destroyed; nothing when no `removed` block covers it.
    pub(crate) fn of(&self, address: &ResourceInstanceAddress) -> Option<bool> {
        if self.resources.is_empty() && self.modules.is_empty() {
            return None;
        }
        let path = address.module.path();
        let depth = path.calls().len();
        let key = (path, address.resource.clone());
        if let Some(destroy) = self.resources.get(&key) {
            return Some(*destroy);
        }
        let calls = key.0.calls();
        (1..=depth)
            .rev()
            .find_map(|depth| self.modules.get(&ModulePath::new(calls[..depth].iter().cloned())).copied())
    }
}
