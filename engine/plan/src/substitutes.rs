//! Providers that stand in for others: what tests pretend.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_model::{ProviderSource, ResourceAddress, ResourceInstanceAddress, Str, Target};
use terrane_provider::Provider;

/// What a target names, and who stands in for its provider.
type Pretended = (Target, Arc<dyn Provider>);

/// Providers that stand in for those that the configuration asks for.
#[derive(Clone, Default)]
pub struct Substitutes {
    configurations: BTreeMap<(ProviderSource, Option<Str>), Arc<dyn Provider>>,
    /// By the resource that a target is about; of several targets that match an object, the last counts.
    objects: FxHashMap<ResourceAddress, Vec<Pretended>>,
}

impl Substitutes {
    /// Stands in for a provider configuration of the root module.
    pub fn insert_configuration(
        &mut self,
        source: ProviderSource,
        alias: Option<Str>,
        provider: Arc<dyn Provider>,
    ) {
        self.configurations.insert((source, alias), provider);
    }

    /// Stands in for the provider of the objects that a target names.
    pub fn insert_object(&mut self, resource: ResourceAddress, target: Target, provider: Arc<dyn Provider>) {
        self.objects.entry(resource).or_default().push((target, provider));
    }

    /// Returns what stands in for a provider configuration.
    pub fn configuration(&self, source: &ProviderSource, alias: Option<&Str>) -> Option<&Arc<dyn Provider>> {
        if self.configurations.is_empty() {
            return None;
        }
        self.configurations.get(&(source.clone(), alias.cloned()))
    }

    /// Returns what stands in for the provider of an object.
    pub fn object(&self, address: &ResourceInstanceAddress) -> Option<&Arc<dyn Provider>> {
        if self.objects.is_empty() {
            return None;
        }
        let candidates = self.objects.get(&address.resource)?;
        let found = candidates.iter().rev().find(|(target, _)| is_meant(target, address));
        found.map(|(_, provider)| provider)
    }
}

/// Tells whether a target is about an object. Where it names no key, all instances are meant, of modules too.
fn is_meant(target: &Target, address: &ResourceInstanceAddress) -> bool {
    let Target::Resource(target) = target else { return false };
    let (wanted, given) = (target.module.steps(), address.module.steps());
    let same_module = wanted.len() == given.len()
        && wanted.iter().zip(given).all(|(wanted, given)| {
            wanted.name == given.name && (wanted.key.is_none() || wanted.key == given.key)
        });
    same_module && target.resource == address.resource && (target.key.is_none() || target.key == address.key)
}
