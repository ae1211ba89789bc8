//! The values of a whole configuration: what is known of every instance of every module.
//!
//! The engine fills this in, in the order of dependencies: module instances, variables, locals, outputs, and
//! the values of resources that it got from providers and state. Here nothing decides an order and nothing is
//! evaluated twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_model::{Diagnostics, InstanceKey, ModuleInstance, Str, Value};

use super::module_scope::ModuleScope;
use super::repetition::RepetitionValues;
use crate::functions::Environment;
use crate::modules::{ModuleId, ModuleTree};

/// Identifies a module instance of one [`Evaluation`]; 0 is the root module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleInstanceId(pub u32);

impl ModuleInstanceId {
    /// The root module.
    pub const ROOT: Self = Self(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// What does not change while a configuration is evaluated.
pub struct Surroundings {
    /// The selected workspace.
    pub workspace: Str,
    /// The working directory, absolute.
    pub working_directory: Str,
    /// Whether changes are being made: the value of `terraform.applying`.
    pub applying: bool,
    /// Whether nothing but the configuration itself is looked at, so that resources have no values yet.
    pub validating: bool,
    /// What functions may ask of the world.
    pub environment: Arc<dyn Environment + Send + Sync>,
    /// Functions of providers, where the engine has any running.
    pub provider_functions: Arc<dyn ProviderFunctions + Send + Sync>,
    /// In tests, the outputs of the runs so far as objects by name. `run` and `output` mean nothing elsewhere.
    pub runs: Option<Arc<BTreeMap<Str, Value>>>,
}

/// Functions of providers, by the provider that a module means.
pub trait ProviderFunctions {
    /// Finds a function.
    fn find(
        &self,
        provider: &terrane_model::ProviderSource,
        name: &str,
    ) -> Option<Box<dyn super::ProviderFunction>>;
}

/// No provider has any function.
pub struct NoProviderFunctions;

impl ProviderFunctions for NoProviderFunctions {
    fn find(
        &self,
        _provider: &terrane_model::ProviderSource,
        _name: &str,
    ) -> Option<Box<dyn super::ProviderFunction>> {
        None
    }
}

/// The values of a configuration as far as they were set.
pub struct Evaluation {
    /// The configuration.
    pub tree: Arc<ModuleTree>,
    /// What does not change.
    pub surroundings: Surroundings,
    instances: Vec<InstanceData>,
    by_module: Vec<Vec<ModuleInstanceId>>,
    by_address: FxHashMap<ModuleInstance, ModuleInstanceId>,
}

/// One instance of a module.
struct InstanceData {
    module: ModuleId,
    address: ModuleInstance,
    parent: Option<ModuleInstanceId>,
    repetition: RepetitionValues,
    variables: Vec<Option<Value>>,
    locals: Vec<Option<Value>>,
    outputs: Vec<Option<Value>>,
    resources: Vec<Option<Value>>,
    calls: Vec<Option<CallInstances>>,
}

/// The instances of a module call within one instance of the caller.
#[derive(Debug, Clone)]
pub enum CallInstances {
    /// One, without a key; none when the call is not enabled.
    Single(Option<ModuleInstanceId>),
    /// By position.
    Count(Vec<ModuleInstanceId>),
    /// By key, in order.
    ForEach(Vec<(Str, ModuleInstanceId)>),
    /// Not known yet.
    Unknown,
    /// As many as `count` will say, of this module.
    UnknownCount(ModuleId),
}

impl Evaluation {
    /// Makes an evaluation in which only the root module has an instance.
    pub fn new(tree: Arc<ModuleTree>, surroundings: Surroundings) -> Self {
        let by_module = vec![Vec::new(); tree.len()];
        let mut evaluation =
            Self { tree, surroundings, instances: Vec::new(), by_module, by_address: FxHashMap::default() };
        if !evaluation.tree.is_empty() {
            evaluation.add_instance(ModuleId::ROOT, ModuleInstance::root(), None, RepetitionValues::None);
        }
        evaluation
    }

    fn add_instance(
        &mut self,
        module: ModuleId,
        address: ModuleInstance,
        parent: Option<ModuleInstanceId>,
        repetition: RepetitionValues,
    ) -> ModuleInstanceId {
        let id = ModuleInstanceId(self.instances.len() as u32);
        let declared = self.tree.module(module);
        self.by_address.insert(address.clone(), id);
        self.instances.push(InstanceData {
            module,
            address,
            parent,
            repetition,
            variables: vec![None; declared.variables.len()],
            locals: vec![None; declared.locals.len()],
            outputs: vec![None; declared.outputs.len()],
            resources: vec![None; declared.resources.len()],
            calls: vec![None; declared.module_calls.len()],
        });
        self.by_module[module.index()].push(id);
        id
    }

    fn data(&self, id: ModuleInstanceId) -> &InstanceData {
        &self.instances[id.index()]
    }

    /// Returns the instances of a module call that are known.
    pub fn instances_of(&self, module: ModuleId) -> &[ModuleInstanceId] {
        &self.by_module[module.index()]
    }

    /// Returns the module that an instance is of.
    pub fn module_of(&self, id: ModuleInstanceId) -> ModuleId {
        self.data(id).module
    }

    /// Returns the address of a module instance.
    pub fn address_of(&self, id: ModuleInstanceId) -> &ModuleInstance {
        &self.data(id).address
    }

    /// Returns the instance of the caller; nothing for the root module.
    pub fn parent_of(&self, id: ModuleInstanceId) -> Option<ModuleInstanceId> {
        self.data(id).parent
    }

    /// Returns `each` and `count` of the call that made an instance, as its arguments see them.
    pub fn repetition_of(&self, id: ModuleInstanceId) -> &RepetitionValues {
        &self.data(id).repetition
    }

    /// Finds a module instance.
    pub fn find_instance(&self, address: &ModuleInstance) -> Option<ModuleInstanceId> {
        self.by_address.get(address).copied()
    }

    /// Makes the instances of a module call within one instance of the caller.
    pub fn expand_call(&mut self, caller: ModuleInstanceId, call: usize) -> Diagnostics {
        let data = self.data(caller);
        let Some(child) = self.tree.node(data.module).children[call] else { return Diagnostics::new() };
        let module_call = &self.tree.module(data.module).module_calls[call];
        let name = module_call.name.clone();
        let address = data.address.clone();
        if self.surroundings.validating {
            return self.expand_call_once(caller, call, child);
        }
        let scope = self.scope(caller, RepetitionValues::None);
        let (keys, diagnostics) = super::repetition::expand(&module_call.repetition, &scope, "module");
        let make = |evaluation: &mut Self, key: Option<InstanceKey>, values: RepetitionValues| {
            let address = address.child(&name, key);
            evaluation.add_instance(child, address, Some(caller), values)
        };
        use super::repetition::Expansion;
        let instances = match keys {
            Expansion::Single(enabled) => {
                CallInstances::Single(enabled.then(|| make(self, None, RepetitionValues::None)))
            }
            Expansion::Count(count) => CallInstances::Count(
                (0..count)
                    .map(|index| {
                        make(
                            self,
                            Some(InstanceKey::Int(index as i64)),
                            RepetitionValues::Count(index as i64),
                        )
                    })
                    .collect(),
            ),
            Expansion::ForEach(elements) => {
                let made = elements.into_iter().map(|(key, value)| {
                    let values = RepetitionValues::Each { key: key.clone(), value };
                    (key.clone(), make(self, Some(InstanceKey::String(key)), values))
                });
                CallInstances::ForEach(made.collect())
            }
            Expansion::Unknown => CallInstances::Unknown,
        };
        self.instances[caller.index()].calls[call] = Some(instances);
        diagnostics
    }

    /// Makes the one instance that stands for all of them while validating: nothing is known of its key.
    fn expand_call_once(&mut self, caller: ModuleInstanceId, call: usize, child: ModuleId) -> Diagnostics {
        let data = self.data(caller);
        let module_call = &self.tree.module(data.module).module_calls[call];
        let values = RepetitionValues::unknown(&module_call.repetition);
        let (is_counted, is_keyed) =
            (module_call.repetition.count.is_some(), module_call.repetition.is_keyed());
        let address = data.address.child(&module_call.name, None);
        let scope = self.scope(caller, RepetitionValues::None);
        let diagnostics = super::repetition::check(&module_call.repetition, &scope, "module");
        let instance = self.add_instance(child, address, Some(caller), values);
        let instances = match (is_counted, is_keyed) {
            (true, _) => CallInstances::UnknownCount(child),
            (false, true) => CallInstances::Unknown,
            (false, false) => CallInstances::Single(Some(instance)),
        };
        self.instances[caller.index()].calls[call] = Some(instances);
        diagnostics
    }

    /// Returns the instances of a module call; nothing before it was expanded.
    pub fn call_instances(&self, caller: ModuleInstanceId, call: usize) -> Option<&CallInstances> {
        self.data(caller).calls[call].as_ref()
    }

    /// Returns what the expressions of a module instance see.
    pub fn scope(&self, instance: ModuleInstanceId, repetition: RepetitionValues) -> ModuleScope<'_> {
        ModuleScope::new(self, instance, repetition)
    }

    /// Returns the value of a variable, once it is set.
    pub fn variable(&self, instance: ModuleInstanceId, position: usize) -> Option<&Value> {
        self.data(instance).variables[position].as_ref()
    }

    /// Sets the value of a variable.
    pub fn set_variable(&mut self, instance: ModuleInstanceId, position: usize, value: Value) {
        self.instances[instance.index()].variables[position] = Some(value);
    }

    /// Returns the value of a local, once it is set.
    pub fn local(&self, instance: ModuleInstanceId, position: usize) -> Option<&Value> {
        self.data(instance).locals[position].as_ref()
    }

    /// Sets the value of a local.
    pub fn set_local(&mut self, instance: ModuleInstanceId, position: usize, value: Value) {
        self.instances[instance.index()].locals[position] = Some(value);
    }

    /// Returns the value of an output, once it is set.
    pub fn output(&self, instance: ModuleInstanceId, position: usize) -> Option<&Value> {
        self.data(instance).outputs[position].as_ref()
    }

    /// Sets the value of an output.
    pub fn set_output(&mut self, instance: ModuleInstanceId, position: usize, value: Value) {
        self.instances[instance.index()].outputs[position] = Some(value);
    }

    /// Returns the value that a resource as a whole has, once it is set: an object, or a tuple or object of
    /// its instances.
    pub fn resource(&self, instance: ModuleInstanceId, position: usize) -> Option<&Value> {
        self.data(instance).resources[position].as_ref()
    }

    /// Sets the value that a resource as a whole has.
    pub fn set_resource(&mut self, instance: ModuleInstanceId, position: usize, value: Value) {
        self.instances[instance.index()].resources[position] = Some(value);
    }
}
