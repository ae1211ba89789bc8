//! What exists, as of one moment: every object that is managed, and the root module's outputs.
//!
//! The attributes of objects stay in the JSON that they are stored in. Only a provider's schema gives them
//! types, so reading a state of 100,000 objects costs no more than what a command looks at.

use std::collections::BTreeMap;
use std::fmt::{Debug, Formatter};
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
    /// What a newer program stored beside the above.
    pub unknown_fields: UnknownFields,
}

/// Fields of a state file that this version gives no meaning to: names and compact JSON, in the file's order.
///
/// They are written back where they were found, so that going back to the newer program loses nothing.
pub type UnknownFields = Vec<(Str, Str)>;

/// The value of an output.
#[derive(Clone, PartialEq)]
pub struct OutputState {
    /// The value, without marks.
    pub value: Value,
    /// Whether it is never shown to people.
    pub sensitive: bool,
}

/// A resource with all of its instances.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceState {
    /// The provider configuration that manages it; which instance of that, each of its own instances says.
    pub provider_config: ProviderConfigAddress,
    /// Its instances.
    pub instances: BTreeMap<Option<InstanceKey>, InstanceState>,
    /// What a newer program stored beside the above.
    pub unknown_fields: UnknownFields,
}

/// One instance: the object that counts, and those that it has replaced but that still exist.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InstanceState {
    /// The object that the configuration means.
    pub current: Option<Arc<ObjectState>>,
    /// Objects that are to be destroyed since another one took their place.
    pub deposed: BTreeMap<DeposedKey, Arc<ObjectState>>,
    /// The instance of the provider configuration, where its block is repeated.
    pub provider_key: Option<InstanceKey>,
}

impl ResourceState {
    /// Returns the provider configuration of an instance, with the key where it is one of several.
    pub fn config_of(&self, instance: Option<&InstanceKey>) -> ProviderConfigAddress {
        let found = self.instances.get(&instance.cloned());
        let key = found.and_then(|instance| instance.provider_key.clone());
        ProviderConfigAddress { key, ..self.provider_config.clone() }
    }
}

/// Names a deposed object within its instance: eight hexadecimal digits.
pub type DeposedKey = Str;

/// One object. Its `Debug` hides the attributes, which may be secret.
#[derive(Clone, PartialEq, Default)]
pub struct ObjectState {
    /// Whether the object is as it should be.
    pub status: ObjectStatus,
    /// Schema version of the attributes.
    pub schema_version: i64,
    /// The attributes, in compact JSON.
    pub attributes: Str,
    /// How `attributes` is to be understood.
    pub attributes_form: AttributesForm,
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
    /// What a newer program stored beside the above.
    pub unknown_fields: UnknownFields,
}

/// How an object's attributes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AttributesForm {
    /// As the JSON of an object of the resource type's schema.
    #[default]
    Object,
    /// As a flat JSON object of strings with keys such as `tags.%` and `ports.0`, from before Terraform 0.12.
    /// Only a schema can turn it into an object; that is part of the upgrade to the present schema version.
    FlatMap,
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
                let of_resource = ProviderConfigAddress { key: None, ..provider_config.clone() };
                let entry = self.resources.entry(resource).or_insert_with(|| ResourceState {
                    provider_config: of_resource.clone(),
                    instances: BTreeMap::new(),
                    unknown_fields: UnknownFields::new(),
                });
                if deposed.is_none() && entry.provider_config != of_resource {
                    entry.provider_config = of_resource;
                }
                let instance = entry.instances.entry(address.key.clone()).or_default();
                if deposed.is_none() || instance.current.is_none() {
                    instance.provider_key = provider_config.key.clone();
                }
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

    /// Makes the current object of an instance a deposed one. Tells whether that was possible: there is a
    /// current object and none is deposed under this key yet.
    #[must_use]
    pub fn depose(&mut self, address: &ResourceInstanceAddress, key: &DeposedKey) -> bool {
        let Some(instance) = self.instance_mut(address) else { return false };
        if instance.deposed.contains_key(key) {
            return false;
        }
        let Some(object) = instance.current.take() else { return false };
        instance.deposed.insert(key.clone(), object);
        true
    }

    /// Makes a deposed object the current one again. Tells whether that was possible: the object is there and
    /// no other one is current.
    #[must_use]
    pub fn undepose(&mut self, address: &ResourceInstanceAddress, key: &DeposedKey) -> bool {
        let Some(instance) = self.instance_mut(address) else { return false };
        if instance.current.is_some() {
            return false;
        }
        instance.current = instance.deposed.remove(key);
        instance.current.is_some()
    }

    /// Gives an instance with all its objects another address. Tells whether that was possible: something is
    /// there, and nothing is at the new address.
    #[must_use]
    pub fn move_instance(&mut self, from: &ResourceInstanceAddress, to: &ResourceInstanceAddress) -> bool {
        let source = from.resource();
        if self.instance(to).is_some() {
            return false;
        }
        let Some(entry) = self.resources.get_mut(&source) else { return false };
        let Some(instance) = entry.instances.remove(&from.key) else { return false };
        let provider_config = entry.provider_config.clone();
        if entry.instances.is_empty() {
            self.resources.remove(&source);
        }
        let target = self.resources.entry(to.resource()).or_insert_with(|| ResourceState {
            provider_config,
            instances: BTreeMap::new(),
            unknown_fields: UnknownFields::new(),
        });
        target.instances.insert(to.key.clone(), instance);
        true
    }

    fn instance_mut(&mut self, address: &ResourceInstanceAddress) -> Option<&mut InstanceState> {
        self.resources.get_mut(&address.resource())?.instances.get_mut(&address.key)
    }

    /// Tells whether both hold the same, whoever wrote them and however often.
    pub fn same_content(&self, other: &Self) -> bool {
        self.outputs == other.outputs
            && self.check_results == other.check_results
            && self.unknown_fields == other.unknown_fields
            && self.resources == other.resources
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

impl Debug for OutputState {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let mut output = formatter.debug_struct("OutputState");
        if self.sensitive {
            output.field("value", &"(sensitive)")
        } else {
            output.field("value", &self.value)
        };
        output.field("sensitive", &self.sensitive).finish()
    }
}

impl Debug for ObjectState {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let bytes = |length: usize| format!("({length} bytes)");
        formatter
            .debug_struct("ObjectState")
            .field("status", &self.status)
            .field("schema_version", &self.schema_version)
            .field("attributes", &bytes(self.attributes.len()))
            .field("attributes_form", &self.attributes_form)
            .field("sensitive_attributes", &self.sensitive_attributes.len())
            .field("private", &bytes(self.private.len()))
            .field("dependencies", &self.dependencies)
            .field("create_before_destroy", &self.create_before_destroy)
            .field("identity", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}
