//! Which implementation stands for which provider source.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{Diagnostics, ProviderSource, Str};

use crate::provider::Provider;
use crate::provisioner::Provisioner;

/// Makes running providers. Each provider configuration gets an instance of its own.
pub trait ProviderFactory: Send + Sync {
    /// Starts a provider that is not configured yet.
    ///
    /// # Errors
    /// When it cannot be started.
    fn start(&self) -> Result<Arc<dyn Provider>, Diagnostics>;
}

impl<F> ProviderFactory for F
where
    F: Fn() -> Result<Arc<dyn Provider>, Diagnostics> + Send + Sync,
{
    fn start(&self) -> Result<Arc<dyn Provider>, Diagnostics> {
        self()
    }
}

/// The providers that can be used.
#[derive(Default, Clone)]
pub struct ProviderRegistry {
    factories: BTreeMap<ProviderSource, Arc<dyn ProviderFactory>>,
    provisioners: BTreeMap<Str, Arc<dyn Provisioner>>,
    notes: BTreeMap<ProviderSource, String>,
}

impl ProviderRegistry {
    /// Makes an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what stands for a source, in place of what stood for it before.
    pub fn insert(&mut self, source: ProviderSource, factory: Arc<dyn ProviderFactory>) {
        self.factories.insert(source, factory);
    }

    /// Returns what stands for a source.
    pub fn get(&self, source: &ProviderSource) -> Option<&Arc<dyn ProviderFactory>> {
        self.factories.get(source)
    }

    /// Sets what carries out a type of `provisioner` block.
    pub fn insert_provisioner(
        &mut self,
        provisioner_type: impl Into<Str>,
        provisioner: Arc<dyn Provisioner>,
    ) {
        self.provisioners.insert(provisioner_type.into(), provisioner);
    }

    /// Returns what carries out a type of `provisioner` block.
    pub fn provisioner(&self, provisioner_type: &str) -> Option<&Arc<dyn Provisioner>> {
        self.provisioners.get(provisioner_type)
    }

    /// Sets what messages add that say that a provider lacks something.
    pub fn set_note(&mut self, source: ProviderSource, note: String) {
        self.notes.insert(source, note);
    }

    /// Drops what was set by [`Self::set_note`].
    pub fn remove_note(&mut self, source: &ProviderSource) {
        self.notes.remove(source);
    }

    /// Returns what messages add that say that a provider lacks something.
    pub fn note(&self, source: &ProviderSource) -> Option<&str> {
        self.notes.get(source).map(String::as_str)
    }

    /// Returns all sources that something stands for.
    pub fn sources(&self) -> impl Iterator<Item = &ProviderSource> {
        self.factories.keys()
    }
}
