//! What exists, as of one moment: every object that is managed, and the root module's outputs.
//!
//! The attributes of objects stay in the JSON that they are stored in. Only a provider's schema gives them
//! types, so reading a state of 100,000 objects costs no more than what a command looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{
    AbsoluteResource, AttributePath, ConfigResource, InstanceKey, ProviderConfigAddress,
    ResourceInstanceAddress, Str, Value,
};

/// A state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StateSnapshot {
    /// Version of the program that wrote the state, as Terraform numbers its own.
    pub terraform_version: Str,
    /// Counts the states of one lineage; every change of content adds one.
    pub serial: u64,
    /// Identity that all states of one history share; empty for a state that was never written.
    pub lineage: Str,
    /// Outputs of the root module.
    pub outputs: BTreeMap<Str, OutputState>,
    /// Everything that is managed, in the order of state files.
    pub resources: BTreeMap<AbsoluteResource, ResourceState>,
    /// Results of checks; nothing when no run has left any.
    pub check_results: Option<Vec<CheckResult>>,
}

/// The value of an output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputState {
    /// The value, without marks.
    pub value: Value,
    /// Whether it is never shown to people.
    pub sensitive: bool,
}

/// A resource with all of its instances.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceState {
    /// The provider configuration that manages it.
    pub provider_config: ProviderConfigAddress,
    /// Its instances.
    pub instances: BTreeMap<Option<InstanceKey>, InstanceState>,
}

/// One instance: the object that counts, and those that it has replaced but that still exist.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InstanceState {
    /// The object that the configuration means.
    pub current: Option<Arc<ObjectState>>,
    /// Objects that are to be destroyed since another one took their place.
    pub deposed: BTreeMap<DeposedKey, Arc<ObjectState>>,
}

/// Names a deposed object within its instance: eight hexadecimal digits.
pub type DeposedKey = Str;

/// One object.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObjectState {
    /// Whether the object is as it should be.
    pub status: ObjectStatus,
    /// Schema version of the attributes.
    pub schema_version: i64,
    /// The attributes, in compact JSON.
    pub attributes: Str,
    /// Parts of the attributes that are never shown to people although the schema does not say so.
    pub sensitive_attributes: Vec<AttributePath>,
    /// The provider's own data.
    pub private: Vec<u8>,
    /// The resources that must not be destroyed before this object: all of them, also through others.
    pub dependencies: Arc<[ConfigResource]>,
    /// Whether a replacement is created before this object is destroyed.
    pub create_before_destroy: bool,
    /// The object's identity and the version of its schema, where the provider has one.
    pub identity: Option<ObjectIdentity>,
}

/// The identity of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectIdentity {
    /// Schema version of the identity.
    pub schema_version: i64,
    /// The identity's attributes, in compact JSON.
    pub attributes: Str,
}

/// Whether an object is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ObjectStatus {
    /// It is.
    #[default]
    Ready,
    /// It may be half made and will be replaced.
    Tainted,
}

/// Results of the checks of one object of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// What kind of object.
    pub kind: CheckableKind,
    /// Its address in the configuration, such as `module.a.terraform_data.b`.
    pub config_address: Str,
    /// The worst of its objects' results.
    pub status: CheckStatus,
    /// Results per instance; nothing when the instances were never known.
    pub objects: Vec<CheckObject>,
}

/// Results of the checks of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckObject {
    /// The instance's address.
    pub address: Str,
    /// Its result.
    pub status: CheckStatus,
    /// What failed, in the words of the configuration.
    pub failure_messages: Vec<Str>,
}

/// What can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CheckableKind {
    Resource,
    OutputValue,
    Check,
    InputVariable,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckStatus {
    /// Every condition holds.
    Pass,
    /// Depends on what is not known yet.
    Unknown,
    /// A condition does not hold.
    Fail,
    /// A condition could not be evaluated.
    Error,
}

impl StateSnapshot {
    /// Tells whether nothing at all is managed and no output is set.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.outputs.is_empty()
    }

    /// Returns a resource instance.
    pub fn instance(&self, address: &ResourceInstanceAddress) -> Option<&InstanceState> {
        self.resources.get(&address.resource())?.instances.get(&address.key)
    }

    /// Returns the current object of a resource instance.
    pub fn object(&self, address: &ResourceInstanceAddress) -> Option<&Arc<ObjectState>> {
        self.instance(address)?.current.as_ref()
    }

    /// Sets or removes one object; instances and resources without any object disappear. `deposed` names the
    /// object when it is not the current one.
    pub fn set_object(
        &mut self,
        address: &ResourceInstanceAddress,
        deposed: Option<&DeposedKey>,
        provider_config: &ProviderConfigAddress,
        object: Option<Arc<ObjectState>>,
    ) {
        let resource = address.resource();
        match object {
            Some(object) => {
                let entry = self.resources.entry(resource).or_insert_with(|| ResourceState {
                    provider_config: provider_config.clone(),
                    instances: BTreeMap::new(),
                });
                if deposed.is_none() {
                    entry.provider_config = provider_config.clone();
                }
                let instance = entry.instances.entry(address.key.clone()).or_default();
                match deposed {
                    Some(key) => drop(instance.deposed.insert(key.clone(), object)),
                    None => instance.current = Some(object),
                }
            }
            None => self.remove_object(&resource, address, deposed),
        }
    }

    fn remove_object(
        &mut self,
        resource: &AbsoluteResource,
        address: &ResourceInstanceAddress,
        deposed: Option<&DeposedKey>,
    ) {
        let Some(entry) = self.resources.get_mut(resource) else { return };
        if let Some(instance) = entry.instances.get_mut(&address.key) {
            match deposed {
                Some(key) => drop(instance.deposed.remove(key)),
                None => instance.current = None,
            }
            if instance.current.is_none() && instance.deposed.is_empty() {
                entry.instances.remove(&address.key);
            }
        }
        if entry.instances.is_empty() {
            self.resources.remove(resource);
        }
    }

    /// Returns all objects with the address of their instance and, for deposed ones, their key.
    pub fn objects(
        &self,
    ) -> impl Iterator<Item = (ResourceInstanceAddress, Option<&DeposedKey>, &ResourceState, &Arc<ObjectState>)>
    {
        self.resources.iter().flat_map(|(resource, state)| {
            state.instances.iter().flat_map(move |(key, instance)| {
                let current = instance.current.iter().map(|object| (None, object));
                let deposed = instance.deposed.iter().map(|(key, object)| (Some(key), object));
                current
                    .chain(deposed)
                    .map(move |(deposed, object)| (resource.instance(key.clone()), deposed, state, object))
            })
        })
    }
}
