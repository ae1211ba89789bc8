//! Which provider configuration each resource uses.
//!
//! A module uses its own `provider` blocks first, then what its caller hands in with `providers`, then, for
//! default configurations only, whatever its caller uses for the same provider. The root module's default
//! configuration exists for every provider, if need be empty.

use rustc_hash::FxHashMap;
use terrane_model::{Diagnostic, Diagnostics, ProviderConfigAddress, ProviderSource, Span, Str};

use super::handed_in_providers;
use super::module_tree::{ModuleId, ModuleTree};
use crate::config::action::Action;
use crate::config::module::{Expr, Module, ProviderBlock, ProviderReference, Resource};
use crate::config::version_constraint::VersionConstraints;

/// Identifies a provider configuration of one [`ProviderConfigs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderConfigId(pub u32);

impl ProviderConfigId {
    /// Returns the position in lists that have one entry per provider configuration.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A provider configuration in use.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderConfig {
    /// Its address.
    pub address: ProviderConfigAddress,
    /// The module that it belongs to.
    pub module: ModuleId,
    /// The `provider` block's position in that module; nothing when the configuration is empty.
    pub block: Option<usize>,
    /// Whether its block has `for_each`, so that it is one of several.
    pub repeated: bool,
    /// Whether any resource is managed through it. The others are not configured.
    pub used: bool,
}

/// The provider configuration of a resource.
#[derive(Debug, Clone)]
pub struct ProviderBinding {
    /// The configuration.
    pub config: ProviderConfigId,
    /// Which instance, where its block is repeated; evaluated in `key_module`.
    pub key: Option<Expr>,
    /// The module whose names `key` uses.
    pub key_module: ModuleId,
}

/// All provider configurations that are in use.
#[derive(Debug, Default)]
pub struct ProviderConfigs {
    configs: Vec<ProviderConfig>,
    by_address: FxHashMap<ProviderConfigAddress, ProviderConfigId>,
    /// By module and position of the block in it.
    by_block: FxHashMap<(ModuleId, usize), ProviderConfigId>,
    resolved: FxHashMap<(ModuleId, Str, Option<Str>), Result<ProviderBinding, Diagnostic>>,
}

impl ProviderConfigs {
    /// Finds the configurations of all resources and all `provider` blocks.
    pub fn find(tree: &ModuleTree, diagnostics: &mut Diagnostics) -> Self {
        let mut configs = Self::default();
        let missing = handed_in_providers::check(tree, diagnostics);
        for (id, node) in tree.nodes() {
            configs.check_blocks(tree, id, diagnostics);
            let resources = node
                .module
                .resources
                .iter()
                .map(|resource| ProviderUser::of_resource(&node.module, resource));
            let actions =
                node.module.actions.iter().map(|action| ProviderUser::of_action(&node.module, action));
            for user in resources.chain(actions) {
                let Err(problem) = configs.of_user(tree, id, &user) else { continue };
                let reference = user.reference;
                let name = reference.map(|wanted| (id, wanted.local_name.clone(), wanted.alias.clone()));
                if !name.is_some_and(|name| missing.contains(&name)) {
                    diagnostics.push(problem);
                }
            }
            for call in &node.module.module_calls {
                for (_, outside) in &call.providers {
                    let found =
                        configs.resolve(tree, id, &outside.local_name, outside.alias.as_ref(), outside.span);
                    diagnostics.extend(found.err());
                }
            }
        }
        configs
    }

    /// Adds the empty default configuration of the root module through which a state's objects are managed that
    /// the configuration does not declare any more.
    pub fn add_implied(&mut self, tree: &ModuleTree, address: &ProviderConfigAddress) {
        if address.module.is_root() && address.alias.is_none() {
            let id = self.intern(tree, ModuleId::ROOT, &address.provider, None, None);
            self.configs[id.index()].used = true;
        }
    }

    /// Notes that a state has objects of a configuration.
    pub fn mark_used(&mut self, id: ProviderConfigId) {
        self.configs[id.index()].used = true;
    }

    /// Returns the configuration of a `provider` block.
    pub fn of_block(&self, module: ModuleId, position: usize) -> Option<(ProviderConfigId, &ProviderConfig)> {
        self.by_block.get(&(module, position)).map(|id| (*id, self.get(*id)))
    }

    /// Returns all configurations.
    pub fn iter(&self) -> impl Iterator<Item = (ProviderConfigId, &ProviderConfig)> {
        self.configs.iter().enumerate().map(|(index, config)| (ProviderConfigId(index as u32), config))
    }

    /// Returns a configuration.
    pub fn get(&self, id: ProviderConfigId) -> &ProviderConfig {
        &self.configs[id.index()]
    }

    /// Finds a configuration by its address, without instance key.
    pub fn by_address(&self, address: &ProviderConfigAddress) -> Option<ProviderConfigId> {
        self.by_address.get(&ProviderConfigAddress { key: None, ..address.clone() }).copied()
    }

    /// Returns the number of configurations.
    pub fn len(&self) -> usize {
        self.configs.len()
    }

    /// Tells whether no provider is in use.
    pub fn is_empty(&self) -> bool {
        self.configs.is_empty()
    }

    /// Returns the configuration that a resource uses.
    ///
    /// # Errors
    /// When there is none.
    pub fn of_resource(
        &mut self,
        tree: &ModuleTree,
        module: ModuleId,
        resource: &Resource,
    ) -> Result<ProviderBinding, Diagnostic> {
        self.of_user(tree, module, &ProviderUser::of_resource(tree.module(module), resource))
    }

    /// Returns the configuration that an action uses.
    ///
    /// # Errors
    /// When there is none.
    pub fn of_action(
        &mut self,
        tree: &ModuleTree,
        module: ModuleId,
        action: &Action,
    ) -> Result<ProviderBinding, Diagnostic> {
        self.of_user(tree, module, &ProviderUser::of_action(tree.module(module), action))
    }

    fn of_user(
        &mut self,
        tree: &ModuleTree,
        module: ModuleId,
        user: &ProviderUser<'_>,
    ) -> Result<ProviderBinding, Diagnostic> {
        let span = user.reference.map_or(user.span, |reference| reference.span);
        let alias = user.reference.and_then(|reference| reference.alias.as_ref());
        let binding = self.resolve(tree, module, &user.local_name, alias, span)?;
        let binding = with_own_key(binding, module, user.reference);
        let config = &mut self.configs[binding.config.index()];
        config.used = true;
        if config.repeated != binding.key.is_some() {
            return Err(key_mismatch(config).at(span));
        }
        Ok(binding)
    }

    /// Returns the configuration of a resource that was resolved before.
    pub fn binding_of(
        &self,
        tree: &ModuleTree,
        module: ModuleId,
        resource: &Resource,
    ) -> Option<ProviderBinding> {
        self.known_binding(module, &ProviderUser::of_resource(tree.module(module), resource))
    }

    /// Returns the configuration of an action that was resolved before.
    pub fn binding_of_action(
        &self,
        tree: &ModuleTree,
        module: ModuleId,
        action: &Action,
    ) -> Option<ProviderBinding> {
        self.known_binding(module, &ProviderUser::of_action(tree.module(module), action))
    }

    fn known_binding(&self, module: ModuleId, user: &ProviderUser<'_>) -> Option<ProviderBinding> {
        let alias = user.reference.and_then(|reference| reference.alias.clone());
        let resolved = self.resolved.get(&(module, user.local_name.clone(), alias))?.as_ref().ok();
        resolved.map(|binding| with_own_key(binding.clone(), module, user.reference))
    }

    /// Returns the configuration that a local name and alias stand for in a module.
    ///
    /// # Errors
    /// When there is none.
    pub fn resolve(
        &mut self,
        tree: &ModuleTree,
        module: ModuleId,
        local_name: &Str,
        alias: Option<&Str>,
        span: Span,
    ) -> Result<ProviderBinding, Diagnostic> {
        let question = (module, local_name.clone(), alias.cloned());
        if let Some(known) = self.resolved.get(&question) {
            return known.clone().map_err(|problem| problem.at(span));
        }
        let found = self.search(tree, module, local_name, alias, span);
        self.resolved.insert(question, found.clone());
        found
    }

    fn search(
        &mut self,
        tree: &ModuleTree,
        module: ModuleId,
        local_name: &Str,
        alias: Option<&Str>,
        span: Span,
    ) -> Result<ProviderBinding, Diagnostic> {
        let source = tree.module(module).provider_source(local_name);
        let (mut module, mut local_name, mut alias) = (module, local_name.clone(), alias.cloned());
        let mut key: Option<(Expr, ModuleId)> = None;
        loop {
            let node = tree.node(module);
            if let Some(block) = find_block(&node.module.provider_blocks, &local_name, alias.as_ref()) {
                let config = self.intern(tree, module, &source, alias, Some(block));
                return Ok(binding(config, key, module));
            }
            let Some((caller, call)) = node.caller else {
                if alias.is_none() {
                    let config = self.intern(tree, module, &source, None, None);
                    return Ok(binding(config, key, module));
                }
                return Err(missing(&local_name, alias.as_ref(), module == ModuleId::ROOT).at(span));
            };
            let handed_in = &tree.module(caller).module_calls[call].providers;
            let outside = handed_in
                .iter()
                .find(|(inside, _)| inside.local_name == local_name && inside.alias == alias)
                .map(|(_, outside)| outside);
            match outside {
                Some(outside) => {
                    key = key.or_else(|| outside.key.clone().map(|key| (key, caller)));
                    local_name = outside.local_name.clone();
                    alias = outside.alias.clone();
                }
                None if alias.is_some() => return Err(missing(&local_name, alias.as_ref(), false).at(span)),
                None => local_name = local_name_of(tree, caller, &source),
            }
            module = caller;
        }
    }

    fn intern(
        &mut self,
        tree: &ModuleTree,
        module: ModuleId,
        source: &ProviderSource,
        alias: Option<Str>,
        block: Option<usize>,
    ) -> ProviderConfigId {
        let path = tree.node(module).path.clone();
        let address = ProviderConfigAddress { module: path, provider: source.clone(), alias, key: None };
        if let Some(id) = self.by_address.get(&address) {
            return *id;
        }
        let id = ProviderConfigId(self.configs.len() as u32);
        self.by_address.insert(address.clone(), id);
        self.by_block.extend(block.map(|position| ((module, position), id)));
        let declared = block.and_then(|position| tree.module(module).provider_blocks.get(position));
        let repeated = declared.is_some_and(|declared| declared.for_each.is_some());
        self.configs.push(ProviderConfig { address, module, block, repeated, used: false });
        id
    }

    fn check_blocks(&mut self, tree: &ModuleTree, id: ModuleId, diagnostics: &mut Diagnostics) {
        let module = tree.module(id);
        let mut seen: FxHashMap<(&Str, Option<&Str>), Span> = FxHashMap::default();
        for (position, block) in module.provider_blocks.iter().enumerate() {
            if seen.insert((&block.local_name, block.alias.as_ref()), block.span).is_some() {
                diagnostics.push(duplicate_block(block));
                continue;
            }
            let source = module.provider_source(&block.local_name);
            self.intern(tree, id, &source, block.alias.clone(), Some(position));
        }
    }
}

/// A block that works through a provider configuration.
struct ProviderUser<'m> {
    local_name: Str,
    reference: Option<&'m ProviderReference>,
    span: Span,
}

impl<'m> ProviderUser<'m> {
    fn of_resource(module: &Module, resource: &'m Resource) -> Self {
        let local_name = module.provider_local_name(resource).into();
        Self { local_name, reference: resource.provider.as_ref(), span: resource.span }
    }

    fn of_action(module: &Module, action: &'m Action) -> Self {
        let local_name = module.provider_local_name_of_action(action).into();
        Self { local_name, reference: action.provider.as_ref(), span: action.span }
    }
}

/// Lets the key that a block chooses itself count before one that was handed in.
fn with_own_key(
    binding: ProviderBinding,
    module: ModuleId,
    reference: Option<&ProviderReference>,
) -> ProviderBinding {
    match reference.and_then(|reference| reference.key.clone()) {
        Some(key) => ProviderBinding { key: Some(key), key_module: module, ..binding },
        None => binding,
    }
}

fn key_mismatch(config: &ProviderConfig) -> Diagnostic {
    let name = &config.address.provider.name;
    let alias = config.address.alias.as_ref().map_or_else(String::new, |alias| format!(".{alias}"));
    if config.repeated {
        let detail = format!(
            "The block of the provider configuration {name}{alias} has \"for_each\", so that one of its instances has to be \
             chosen with a key in brackets, such as {name}{alias}[each.key]."
        );
        return Diagnostic::error("Missing provider instance key", detail);
    }
    let detail = format!(
        "The block of the provider configuration {name}{alias} has no \"for_each\", so that it has no instances to choose from."
    );
    Diagnostic::error("Unexpected provider instance key", detail)
}

fn binding(config: ProviderConfigId, key: Option<(Expr, ModuleId)>, module: ModuleId) -> ProviderBinding {
    let (key, key_module) = key.map_or((None, module), |(key, module)| (Some(key), module));
    ProviderBinding { config, key, key_module }
}

fn find_block(blocks: &[ProviderBlock], local_name: &Str, alias: Option<&Str>) -> Option<usize> {
    blocks.iter().position(|block| block.local_name == *local_name && block.alias.as_ref() == alias)
}

/// Returns the name that a module uses for a provider source.
fn local_name_of(tree: &ModuleTree, module: ModuleId, source: &ProviderSource) -> Str {
    let required = &tree.module(module).settings.required_providers;
    let named = required.iter().find(|required| required.source == *source);
    named.map_or_else(|| source.name.clone(), |required| required.local_name.clone())
}

fn missing(local_name: &str, alias: Option<&Str>, in_root: bool) -> Diagnostic {
    let name = alias.map_or_else(|| local_name.to_owned(), |alias| format!("{local_name}.{alias}"));
    if in_root {
        let detail = format!(
            "The configuration refers to the provider configuration {name:?}, but no provider {local_name:?} block with \
             that alias is declared."
        );
        return Diagnostic::error("Missing provider configuration", detail);
    }
    let detail = format!(
        "The module uses the provider configuration {name:?}, which its caller must pass in: add {name} to the \"providers\" \
         argument of the module call."
    );
    Diagnostic::error("Missing required provider configuration", detail)
}

fn duplicate_block(block: &ProviderBlock) -> Diagnostic {
    let name = block.local_name.as_str();
    let detail = match &block.alias {
        Some(alias) => format!(
            "A provider configuration for {name:?} with alias {:?} was already given. Each configuration for the same \
             provider must have a distinct alias.",
            alias.as_str()
        ),
        None => format!(
            "A default (non-aliased) provider configuration for {name:?} was already given. If multiple configurations \
             are required, set the \"alias\" argument for alternative configurations."
        ),
    };
    Diagnostic::error("Duplicate provider configuration", detail).at(block.span)
}

/// Collects the version constraints that all modules put on a provider.
pub fn version_constraints(tree: &ModuleTree, source: &ProviderSource) -> VersionConstraints {
    let mut all = VersionConstraints::default();
    for (_, node) in tree.nodes() {
        for required in &node.module.settings.required_providers {
            if required.source == *source {
                all = all.and(&required.version);
            }
        }
        for block in &node.module.provider_blocks {
            if node.module.provider_source(&block.local_name) == *source {
                all = all.and(&block.version);
            }
        }
    }
    all
}
