//! Every module call of a configuration.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_model::{ModulePath, Str};

use crate::config::Module;

/// Identifies a module call of one [`ModuleTree`]; 0 is the root module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

impl ModuleId {
    /// The root module.
    pub const ROOT: Self = Self(0);

    /// Returns the position in lists that have one entry per module.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The root module and all that it calls. Callers come before what they call.
#[derive(Debug, Default)]
pub struct ModuleTree {
    nodes: Vec<ModuleNode>,
    by_path: FxHashMap<ModulePath, ModuleId>,
}

/// One module call.
#[derive(Debug)]
pub struct ModuleNode {
    /// The calls that lead here.
    pub path: ModulePath,
    /// What is declared; shared by all calls of one directory.
    pub module: Arc<Module>,
    /// The calling module and the position of the call in it; nothing for the root module.
    pub caller: Option<(ModuleId, usize)>,
    /// What each of the module's own calls leads to; nothing where the module could not be read.
    pub children: Vec<Option<ModuleId>>,
    /// The source as written; empty for the root module.
    pub source: Str,
    /// The module's directory, as it is shown to users.
    pub directory: String,
    /// The version of the module's package, where it has one.
    pub version: Option<Str>,
}

impl ModuleTree {
    /// Returns a module call.
    pub fn node(&self, id: ModuleId) -> &ModuleNode {
        &self.nodes[id.index()]
    }

    /// Returns what a module call's module declares.
    pub fn module(&self, id: ModuleId) -> &Arc<Module> {
        &self.nodes[id.index()].module
    }

    /// Returns the root module.
    pub fn root(&self) -> &Arc<Module> {
        self.module(ModuleId::ROOT)
    }

    /// Returns all module calls, callers first.
    pub fn nodes(&self) -> impl Iterator<Item = (ModuleId, &ModuleNode)> {
        self.nodes.iter().enumerate().map(|(index, node)| (ModuleId(index as u32), node))
    }

    /// Returns the number of module calls, with the root module.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Tells whether there is not even a root module.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Finds a module call by its path.
    pub fn find(&self, path: &ModulePath) -> Option<ModuleId> {
        self.by_path.get(path).copied()
    }

    /// Returns a tree in which some modules are others. What those that are pretended call is left out.
    #[must_use]
    pub fn with_modules(&self, replace: &dyn Fn(&ModuleNode) -> Option<Arc<Module>>) -> Self {
        let mut tree = Self::default();
        let mut new_ids: Vec<Option<ModuleId>> = vec![None; self.len()];
        for (id, node) in self.nodes() {
            let caller = match node.caller {
                None => None,
                Some((caller, call)) => match new_ids[caller.index()] {
                    Some(caller) if call < tree.node(caller).children.len() => Some((caller, call)),
                    _ => continue,
                },
            };
            let module = replace(node).unwrap_or_else(|| Arc::clone(&node.module));
            let children = vec![None; module.module_calls.len()];
            new_ids[id.index()] = Some(tree.add(ModuleNode {
                path: node.path.clone(),
                module,
                caller,
                children,
                source: node.source.clone(),
                directory: node.directory.clone(),
                version: node.version.clone(),
            }));
        }
        tree
    }

    /// Adds a module call; its caller must be there already.
    pub(super) fn add(&mut self, node: ModuleNode) -> ModuleId {
        let id = ModuleId(self.nodes.len() as u32);
        if let Some((caller, call)) = node.caller {
            self.nodes[caller.index()].children[call] = Some(id);
        }
        self.by_path.insert(node.path.clone(), id);
        self.nodes.push(node);
        id
    }
}
