//! The providers of a run: which are started, what they offer, and how each configuration of them is set.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::substitutes::Substitutes;
use rustc_hash::FxHashMap;
use terrane_language::modules::ProviderConfigId;
use terrane_model::{
    Block, Diagnostic, Diagnostics, InstanceKey, ProviderSource, ResourceInstanceAddress, ResourceMode,
    Schema, Str,
};
use terrane_provider::{Provider, ProviderRegistry, ProviderSchemas, Provisioner, ResourceSchema};

/// Providers by configuration.
pub struct ProviderPool {
    registry: Arc<ProviderRegistry>,
    schemas: BTreeMap<ProviderSource, Arc<ProviderSchemas>>,
    /// Started but not configured; for schemas, validation and state upgrades.
    bare: FxHashMap<ProviderSource, Arc<dyn Provider>>,
    configured: FxHashMap<ConfiguredKey, Arc<dyn Provider>>,
    /// The keys of repeated configurations, configured or not.
    keys: FxHashMap<ProviderConfigId, Vec<InstanceKey>>,
    substitutes: Substitutes,
}

/// Names one configured provider.
pub type ConfiguredKey = (ProviderConfigId, Option<InstanceKey>);

impl ProviderPool {
    /// Makes a pool in which nothing is started.
    pub fn new(registry: Arc<ProviderRegistry>) -> Self {
        Self {
            registry,
            schemas: BTreeMap::new(),
            bare: FxHashMap::default(),
            configured: FxHashMap::default(),
            keys: FxHashMap::default(),
            substitutes: Substitutes::default(),
        }
    }

    /// Lets other providers stand in for those that the configuration asks for.
    pub fn set_substitutes(&mut self, substitutes: Substitutes) {
        self.substitutes = substitutes;
        self.configured.clear();
    }

    /// Returns what stands in for a provider configuration of the root module. It needs no configuration.
    pub fn substitute(&self, source: &ProviderSource, alias: Option<&Str>) -> Option<Arc<dyn Provider>> {
        self.substitutes.configuration(source, alias).cloned()
    }

    /// Returns the provider of an object: what stands in for it, or else the configured one.
    pub fn provider_of(
        &self,
        key: &ConfiguredKey,
        address: &ResourceInstanceAddress,
    ) -> Option<&Arc<dyn Provider>> {
        self.substitutes.object(address).or_else(|| self.configured.get(key))
    }

    /// Starts a provider without configuring it and gets its schemas; does nothing when that was done before.
    pub async fn load(&mut self, source: &ProviderSource) -> Diagnostics {
        if self.schemas.contains_key(source) {
            return Diagnostics::new();
        }
        let Some(factory) = self.registry.get(source) else {
            return unavailable(source, self.registry.sources()).into();
        };
        let provider = match factory.start() {
            Ok(provider) => provider,
            Err(diagnostics) => return diagnostics,
        };
        match provider.schemas().await {
            Ok(schemas) => {
                self.schemas.insert(source.clone(), schemas);
                self.bare.insert(source.clone(), provider);
                Diagnostics::new()
            }
            Err(diagnostics) => diagnostics,
        }
    }

    /// Returns what is to be added to messages that say that a provider lacks something.
    pub fn note(&self, source: &ProviderSource) -> Option<&str> {
        self.registry.note(source)
    }

    /// Returns what a provider offers, once it is loaded.
    pub fn schemas(&self, source: &ProviderSource) -> Option<&Arc<ProviderSchemas>> {
        self.schemas.get(source)
    }

    /// Returns all loaded schemas.
    pub fn all_schemas(&self) -> &BTreeMap<ProviderSource, Arc<ProviderSchemas>> {
        &self.schemas
    }

    /// Returns the schema of a managed resource type.
    pub fn resource_schema(&self, source: &ProviderSource, resource_type: &str) -> Option<&ResourceSchema> {
        self.schemas.get(source)?.resources.get(resource_type)
    }

    /// Returns the schema of a resource type of any mode.
    pub fn block_schema(
        &self,
        source: &ProviderSource,
        mode: ResourceMode,
        resource_type: &str,
    ) -> Option<&Schema> {
        let schemas = self.schemas.get(source)?;
        match mode {
            ResourceMode::Managed => schemas.resources.get(resource_type).map(|resource| &resource.schema),
            ResourceMode::Data => schemas.data_sources.get(resource_type),
            ResourceMode::Ephemeral => schemas.ephemeral_resources.get(resource_type),
        }
    }

    /// Returns the schema of the `provider` block.
    pub fn provider_schema(&self, source: &ProviderSource) -> Option<&Arc<Block>> {
        self.schemas.get(source).map(|schemas| &schemas.provider)
    }

    /// Returns a loaded provider that may not be configured.
    pub fn bare(&self, source: &ProviderSource) -> Option<&Arc<dyn Provider>> {
        self.bare.get(source)
    }

    /// Returns what carries out a type of `provisioner` block.
    pub fn provisioner(&self, provisioner_type: &str) -> Option<&Arc<dyn Provisioner>> {
        self.registry.provisioner(provisioner_type)
    }

    /// Returns a configured provider.
    pub fn configured(&self, key: &ConfiguredKey) -> Option<&Arc<dyn Provider>> {
        self.configured.get(key)
    }

    /// Returns a provider of a configuration, of any instance where there are several.
    pub fn any_configured(&self, id: ProviderConfigId) -> Option<&Arc<dyn Provider>> {
        let first = self.keys.get(&id).and_then(|keys| keys.first());
        self.configured.get(&(id, first.cloned()))
    }

    /// Notes which instances a repeated configuration has.
    pub fn set_keys(&mut self, id: ProviderConfigId, keys: Vec<InstanceKey>) {
        self.keys.insert(id, keys);
    }

    /// Returns which instances a repeated configuration has, once that is known.
    pub fn keys(&self, id: ProviderConfigId) -> Option<&[InstanceKey]> {
        self.keys.get(&id).map(Vec::as_slice)
    }

    /// Returns all configured providers.
    pub fn all_configured(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        let mut providers: Vec<_> = self.configured.iter().collect();
        providers.sort_by_key(|(key, _)| *key);
        providers.into_iter().map(|(_, provider)| provider)
    }

    /// Starts the provider that is to get a configuration of its own.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, source: &ProviderSource) -> Result<Arc<dyn Provider>, Diagnostics> {
        match self.registry.get(source) {
            Some(factory) => factory.start(),
            None => Err(unavailable(source, self.registry.sources()).into()),
        }
    }

    /// Enters a provider that was configured.
    pub fn insert_configured(&mut self, key: ConfiguredKey, provider: Arc<dyn Provider>) {
        self.configured.insert(key, provider);
    }
}

fn unavailable<'s>(source: &ProviderSource, known: impl Iterator<Item = &'s ProviderSource>) -> Diagnostic {
    let same_name = known.filter(|other| other.name == source.name).map(ProviderSource::for_display).next();
    let hint = same_name.map_or_else(
        || "Run \"terrane init\" to install it.".to_owned(),
        |other| format!("Did you mean {other}? Set it as the source in the required_providers block."),
    );
    let detail = format!("The provider {} is neither built in nor installed. {hint}", source.for_display());
    Diagnostic::error("Missing required provider", detail)
}
