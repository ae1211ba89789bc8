//! Addresses: how configuration, state, plans and people name modules, resources and their instances.

use std::cmp::Ordering;
use std::fmt::{Display, Formatter, Write};
use std::sync::Arc;

use crate::Str;

/// Which instance of a resource or module that is repeated by `count` or `for_each`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// Position, from `count`.
    Int(i64),
    /// Key, from `for_each`.
    String(Str),
}

impl Display for InstanceKey {
    /// Writes the key with its brackets.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(position) => write!(formatter, "[{position}]"),
            Self::String(key) => {
                formatter.write_str("[\"")?;
                write_escaped(formatter, key)?;
                formatter.write_str("\"]")
            }
        }
    }
}

/// Writes text as it stands between the quotes of a string of the language.
fn write_escaped(formatter: &mut Formatter<'_>, text: &str) -> std::fmt::Result {
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => formatter.write_str("\\\"")?,
            '\\' => formatter.write_str("\\\\")?,
            '\n' => formatter.write_str("\\n")?,
            '\r' => formatter.write_str("\\r")?,
            '\t' => formatter.write_str("\\t")?,
            '$' | '%' if rest.peek() == Some(&'{') => write!(formatter, "{character}{character}")?,
            other => formatter.write_char(other)?,
        }
    }
    Ok(())
}

pub(crate) fn write_key(formatter: &mut Formatter<'_>, key: Option<&InstanceKey>) -> std::fmt::Result {
    key.map_or(Ok(()), |key| key.fmt(formatter))
}

/// A module call path in the configuration, without instance keys: empty for the root module.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct ModulePath(Arc<[Str]>);

impl ModulePath {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }

    /// Makes the path of the calls from the root module downwards.
    pub fn new(calls: impl IntoIterator<Item = Str>) -> Self {
        Self(calls.into_iter().collect())
    }

    /// Returns the path of a module called from here.
    #[must_use]
    pub fn child(&self, call: &Str) -> Self {
        Self(self.0.iter().chain([call]).cloned().collect())
    }

    /// Returns the path of the calling module; nothing for the root module.
    pub fn parent(&self) -> Option<Self> {
        let (_, parent) = self.0.split_last()?;
        Some(Self(parent.into()))
    }

    /// Returns the calls from the root module downwards.
    pub fn calls(&self) -> &[Str] {
        &self.0
    }

    /// Tells whether this is the root module.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the one instance of a module that is not repeated anywhere on its path.
    pub fn unkeyed_instance(&self) -> ModuleInstance {
        ModuleInstance(self.0.iter().map(|name| ModuleStep { name: name.clone(), key: None }).collect())
    }
}

impl Display for ModulePath {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        for (index, call) in self.0.iter().enumerate() {
            write!(formatter, "{}module.{call}", if index == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

/// One call on the way to a module instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleStep {
    /// The name of the module call.
    pub name: Str,
    /// Which of its instances.
    pub key: Option<InstanceKey>,
}

/// One instance of a module: empty for the root module. Shorter paths sort first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ModuleInstance(Arc<[ModuleStep]>);

impl ModuleInstance {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }

    /// Makes the instance at the end of these steps.
    pub fn new(steps: impl IntoIterator<Item = ModuleStep>) -> Self {
        Self(steps.into_iter().collect())
    }

    /// Returns an instance of a module called from here.
    #[must_use]
    pub fn child(&self, name: &Str, key: Option<InstanceKey>) -> Self {
        let step = ModuleStep { name: name.clone(), key };
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Returns the calling module instance; nothing for the root module.
    pub fn parent(&self) -> Option<Self> {
        let (_, parent) = self.0.split_last()?;
        Some(Self(parent.into()))
    }

    /// Returns the steps from the root module downwards.
    pub fn steps(&self) -> &[ModuleStep] {
        &self.0
    }

    /// Tells whether this is the root module.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the path without instance keys.
    pub fn path(&self) -> ModulePath {
        ModulePath(self.0.iter().map(|step| step.name.clone()).collect())
    }

    /// Tells whether this instance is `ancestor` or lies inside of it.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.0.starts_with(&ancestor.0)
    }
}

impl Ord for ModuleInstance {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for ModuleInstance {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Display for ModuleInstance {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            write!(formatter, "{}module.{}", if index == 0 { "" } else { "." }, step.name)?;
            write_key(formatter, step.key.as_ref())?;
        }
        Ok(())
    }
}

/// What kind of block declares a resource. Data resources sort first, as in state files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceMode {
    /// `data`: read, never written.
    Data,
    /// `resource`.
    Managed,
    /// `ephemeral`: opened and closed in each phase, never stored.
    Ephemeral,
}

impl ResourceMode {
    /// Returns the word with which addresses of this mode start; nothing for managed resources.
    pub fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Data => Some("data"),
            Self::Managed => None,
            Self::Ephemeral => Some("ephemeral"),
        }
    }
}

/// A resource block, as seen from its own module.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceAddress {
    /// What kind of block.
    pub mode: ResourceMode,
    /// The resource type, such as `azurerm_subnet`.
    pub resource_type: Str,
    /// The name that the block gives.
    pub name: Str,
}

impl Display for ResourceAddress {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        if let Some(prefix) = self.mode.prefix() {
            write!(formatter, "{prefix}.")?;
        }
        write!(formatter, "{}.{}", self.resource_type, self.name)
    }
}

/// A resource block in a module of the configuration, without instance keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConfigResource {
    /// Where.
    pub module: ModulePath,
    /// What.
    pub resource: ResourceAddress,
}

impl Display for ConfigResource {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write_in_module(formatter, &self.module, self.module.is_root())?;
        self.resource.fmt(formatter)
    }
}

/// A resource in one module instance; stands for all of its instances.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AbsoluteResource {
    /// Where.
    pub module: ModuleInstance,
    /// What.
    pub resource: ResourceAddress,
}

impl AbsoluteResource {
    /// Returns the address of one instance.
    #[must_use]
    pub fn instance(&self, key: Option<InstanceKey>) -> ResourceInstanceAddress {
        ResourceInstanceAddress { module: self.module.clone(), resource: self.resource.clone(), key }
    }

    /// Returns the block that declares the resource.
    pub fn config(&self) -> ConfigResource {
        ConfigResource { module: self.module.path(), resource: self.resource.clone() }
    }
}

impl Display for AbsoluteResource {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write_in_module(formatter, &self.module, self.module.is_root())?;
        self.resource.fmt(formatter)
    }
}

/// One instance of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceInstanceAddress {
    /// Where.
    pub module: ModuleInstance,
    /// What.
    pub resource: ResourceAddress,
    /// Which of its instances.
    pub key: Option<InstanceKey>,
}

impl ResourceInstanceAddress {
    /// Returns the resource that this is an instance of.
    pub fn resource(&self) -> AbsoluteResource {
        AbsoluteResource { module: self.module.clone(), resource: self.resource.clone() }
    }
}

impl Display for ResourceInstanceAddress {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write_in_module(formatter, &self.module, self.module.is_root())?;
        self.resource.fmt(formatter)?;
        write_key(formatter, self.key.as_ref())
    }
}

pub(crate) fn write_in_module(
    formatter: &mut Formatter<'_>,
    module: &impl Display,
    is_root: bool,
) -> std::fmt::Result {
    if is_root { Ok(()) } else { write!(formatter, "{module}.") }
}

/// What `-target`, `moved` and similar name: everything in a module, a resource, or one instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A module instance; without a key on its last step, all instances of that call.
    Module(ModuleInstance),
    /// A resource instance; without a key, all instances of the resource.
    Resource(ResourceInstanceAddress),
}

impl Target {
    /// Tells whether the target covers a resource instance.
    pub fn covers(&self, address: &ResourceInstanceAddress) -> bool {
        match self {
            Self::Module(module) => covers_module(module, &address.module),
            Self::Resource(target) => {
                target.module == address.module
                    && target.resource == address.resource
                    && (target.key.is_none() || target.key == address.key)
            }
        }
    }

    /// Returns the module part.
    pub fn module(&self) -> &ModuleInstance {
        match self {
            Self::Module(module) => module,
            Self::Resource(address) => &address.module,
        }
    }
}

fn covers_module(target: &ModuleInstance, module: &ModuleInstance) -> bool {
    let Some((last, before)) = target.steps().split_last() else { return true };
    module.steps().starts_with(before)
        && module
            .steps()
            .get(before.len())
            .is_some_and(|step| step.name == last.name && (last.key.is_none() || step.key == last.key))
}

impl Display for Target {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Module(module) => module.fmt(formatter),
            Self::Resource(address) => address.fmt(formatter),
        }
    }
}

/// Where a provider comes from, such as `registry.terraform.io/hashicorp/azurerm`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderSource {
    /// Host name of the registry.
    pub host: Str,
    /// Who publishes it.
    pub namespace: Str,
    /// The provider's own name.
    pub name: Str,
}

impl ProviderSource {
    /// The registry that is meant when a source names none.
    pub const DEFAULT_HOST: &'static str = "registry.terraform.io";

    /// Makes the source that is meant when a configuration only uses a provider's name.
    pub fn implied(name: &str) -> Self {
        if name == "terraform" {
            return Self {
                host: "terraform.io".into(),
                namespace: "builtin".into(),
                name: "terraform".into(),
            };
        }
        Self { host: Self::DEFAULT_HOST.into(), namespace: "hashicorp".into(), name: name.into() }
    }

    /// Reads a source as `required_providers` writes it: `[host/]namespace/name` or a name alone.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let valid = |part: &&str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
        };
        if !parts.iter().all(valid) {
            return None;
        }
        let lower = |part: &str| Str::from(part.to_lowercase());
        match parts[..] {
            [name] => Some(Self::implied(&name.to_lowercase())),
            [namespace, name] => {
                Some(Self { host: Self::DEFAULT_HOST.into(), namespace: lower(namespace), name: lower(name) })
            }
            [host, namespace, name] => {
                Some(Self { host: lower(host), namespace: lower(namespace), name: lower(name) })
            }
            _ => None,
        }
    }

    /// Returns the source as messages show it: without the default registry.
    pub fn for_display(&self) -> String {
        if self.host == Self::DEFAULT_HOST {
            format!("{}/{}", self.namespace, self.name)
        } else {
            self.to_string()
        }
    }

    /// Tells whether this is the provider that is part of the product itself.
    pub fn is_builtin(&self) -> bool {
        self.host == "terraform.io" && self.namespace == "builtin"
    }
}

impl Display for ProviderSource {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}/{}", self.host, self.namespace, self.name)
    }
}

/// A provider configuration: one `provider` block of a module, or the empty one that is implied.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderConfigAddress {
    /// The module whose block it is.
    pub module: ModulePath,
    /// Which provider.
    pub provider: ProviderSource,
    /// The alias; nothing for the default configuration.
    pub alias: Option<Str>,
    /// Which instance, where the block is repeated by `for_each`.
    pub key: Option<InstanceKey>,
}

impl Display for ProviderConfigAddress {
    /// Writes the form that state files contain.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write_in_module(formatter, &self.module, self.module.is_root())?;
        write!(formatter, "provider[\"{}\"]", self.provider)?;
        if let Some(alias) = &self.alias {
            write!(formatter, ".{alias}")?;
        }
        write_key(formatter, self.key.as_ref())
    }
}
