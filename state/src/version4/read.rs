//! Text of any known version → snapshot.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde_json::value::RawValue;
use terrane_model::encode_json::{type_from_json, value_from_json};
use terrane_model::{
    AbsoluteResource, InstanceKey, ModuleInstance, ModulePath, ProviderConfigAddress, ProviderSource,
    ResourceAddress, ResourceMode, Str,
};

use super::error::{AddressKind, OutputPart, StateFileError};
use super::object::{Instance4, ObjectReader, structure};
use crate::json_fields::{Entries, Text, byte_offset, describe, json_object, keep, without_values};
use crate::snapshot::{
    CheckObject, CheckResult, CheckStatus, CheckableKind, InstanceState, ObjectState, OutputState,
    ResourceState, StateSnapshot,
};
use crate::upgrade_old_versions;

json_object! {
    struct File4<'a> {
        version: &'a RawValue = "version",
        terraform_version: Text<'a> = "terraform_version",
        serial: &'a RawValue = "serial",
        lineage: &'a RawValue = "lineage",
        outputs: Entries<'a, Output4<'a>> = "outputs",
        resources: Option<Vec<Resource4<'a>>> = "resources",
        check_results: Option<Vec<CheckResult4<'a>>> = "check_results",
    }
}

json_object! {
    struct Output4<'a> {
        value: &'a RawValue = "value",
        ty: &'a RawValue = "type",
        sensitive: Option<bool> = "sensitive",
    }
}

json_object! {
    struct Resource4<'a> {
        module: Text<'a> = "module",
        mode: Text<'a> = "mode",
        resource_type: Text<'a> = "type",
        name: Text<'a> = "name",
        each: serde::de::IgnoredAny = "each",
        provider: Text<'a> = "provider",
        instances: Option<Vec<Instance4<'a>>> = "instances",
    }
}

json_object! {
    struct CheckResult4<'a> {
        kind: Text<'a> = "object_kind",
        config_address: Text<'a> = "config_addr",
        status: Text<'a> = "status",
        objects: Option<Vec<CheckObject4<'a>>> = "objects",
    }
}

json_object! {
    struct CheckObject4<'a> {
        address: Text<'a> = "object_addr",
        status: Text<'a> = "status",
        failure_messages: Option<Vec<Text<'a>>> = "failure_messages",
    }
}

/// Only what says how to read the rest.
#[derive(serde::Deserialize)]
struct VersionOnly<'a> {
    #[serde(borrow, default)]
    version: Option<&'a RawValue>,
    #[serde(borrow, default)]
    terraform_version: Text<'a>,
}

/// Reads a state file of version 4, or of an older one that is brought to the present form.
///
/// # Errors
/// When the text is no state file, is damaged, or of a newer version.
pub fn read_state(bytes: &[u8]) -> Result<StateSnapshot, StateFileError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| StateFileError::NotJson { offset: error.valid_up_to() + 1 })?;
    // One pass is enough for nearly every file; another one finds out what is the matter with the others.
    let parsed: Result<File4<'_>, _> = serde_json::from_str(text);
    if let Ok(file) = &parsed
        && file.version.is_some_and(|version| version.get() == "4")
    {
        return snapshot(file);
    }
    match sniff_version(text)? {
        super::VERSION => match parsed {
            Ok(file) => snapshot(&file),
            Err(error) => Err(structure(error)),
        },
        older => upgrade_old_versions::read_old_state(text, older),
    }
}

/// Returns the file's version, from 1 to 4.
fn sniff_version(text: &str) -> Result<u64, StateFileError> {
    let file: VersionOnly<'_> = serde_json::from_str(text).map_err(|error| {
        if error.is_data() && !text.trim_start().starts_with('{') {
            return match describe(text.trim()) {
                got if got == "null" => StateFileError::NoVersion,
                got if got.starts_with("number") => StateFileError::InvalidVersion { got: "number".into() },
                got => StateFileError::InvalidVersion { got },
            };
        }
        if error.is_data() {
            return structure(error);
        }
        StateFileError::NotJson { offset: byte_offset(text, &error) }
    })?;
    if text.trim_start().starts_with('[') {
        return Err(StateFileError::InvalidVersion { got: describe(text.trim_start()) });
    }
    let terraform_version = terraform_version(file.terraform_version.as_str())?;
    let Some(json) = file.version else { return Err(StateFileError::NoVersion) };
    match json.get().parse() {
        Ok(0) => Err(StateFileError::VersionZero),
        Ok(version @ 1..=super::VERSION) => Ok(version),
        Ok(version) => {
            Err(StateFileError::NewerVersion { version, terraform_version: terraform_version.to_owned() })
        }
        Err(_) => Err(StateFileError::InvalidVersion { got: describe(json.get()) }),
    }
}

pub(crate) fn terraform_version(text: &str) -> Result<&str, StateFileError> {
    let is_version = text.is_empty()
        || (text.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '~')));
    if is_version { Ok(text) } else { Err(StateFileError::InvalidTerraformVersion { got: text.to_owned() }) }
}

fn snapshot(file: &File4<'_>) -> Result<StateSnapshot, StateFileError> {
    let mut snapshot = StateSnapshot {
        terraform_version: terraform_version(file.terraform_version.as_ref().map_or("", Text::as_str))?
            .into(),
        serial: number(file.serial, "serial")?,
        lineage: lineage(file.lineage)?,
        unknown_fields: keep(&file.unknown)?,
        ..StateSnapshot::default()
    };
    for (name, output) in file.outputs.iter().flat_map(|outputs| &outputs.0) {
        snapshot.outputs.insert(name.as_str().into(), read_output(name.as_str(), output)?);
    }
    let mut reader = ResourceReader::default();
    for resource in file.resources.iter().flatten().flatten() {
        reader.read(resource, &mut snapshot.resources)?;
    }
    let check_results: Vec<CheckResult> =
        file.check_results.iter().flatten().flatten().filter_map(read_check_result).collect();
    snapshot.check_results = (!check_results.is_empty()).then_some(check_results);
    Ok(snapshot)
}

fn number(json: Option<&RawValue>, field: &'static str) -> Result<u64, StateFileError> {
    match json.map(RawValue::get) {
        None | Some("null") => Ok(0),
        Some(json) => json.parse().map_err(|_| StateFileError::InvalidField { field, got: describe(json) }),
    }
}

fn lineage(json: Option<&RawValue>) -> Result<Str, StateFileError> {
    let Some(json) = json else { return Ok(Str::new()) };
    let text: Text<'_> = serde_json::from_str(json.get()).map_err(|_| {
        let got = describe(json.get());
        let got = if got.starts_with("number") { "number".to_owned() } else { got };
        StateFileError::InvalidField { field: "lineage", got }
    })?;
    Ok(text.as_str().into())
}

pub(crate) fn read_output(name: &str, output: &Output4<'_>) -> Result<OutputState, StateFileError> {
    let invalid =
        |part, message: String| StateFileError::InvalidOutput { part, name: name.to_owned(), message };
    let missing = |part| invalid(part, "it is missing".to_owned());
    let ty = output.ty.ok_or_else(|| missing(OutputPart::Type))?;
    let ty = type_from_json(ty.get()).map_err(|error| invalid(OutputPart::Type, error.to_string()))?;
    let value = output.value.ok_or_else(|| missing(OutputPart::Value))?;
    let value = value_from_json(value.get(), &ty.without_optional())
        .map_err(|error| invalid(OutputPart::Value, without_values(&error.to_string())))?;
    Ok(OutputState { value, sensitive: output.sensitive.flatten().unwrap_or_default() })
}

/// Reads resources one after the other, sharing what many of them have in common.
#[derive(Default)]
struct ResourceReader<'a> {
    modules: HashMap<String, ModuleInstance>,
    provider_configs: HashMap<String, ProviderConfigAddress>,
    objects: ObjectReader<'a>,
}

impl<'a> ResourceReader<'a> {
    fn read(
        &mut self,
        resource: &Resource4<'a>,
        into: &mut BTreeMap<AbsoluteResource, ResourceState>,
    ) -> Result<(), StateFileError> {
        let text = |field: &Option<Text<'a>>| Str::from(field.as_ref().map_or("", Text::as_str));
        let (resource_type, name) = (text(&resource.resource_type), text(&resource.name));
        let mode = match text(&resource.mode).as_str() {
            "managed" => ResourceMode::Managed,
            "data" => ResourceMode::Data,
            odd => {
                return Err(StateFileError::InvalidMode {
                    mode: odd.to_owned(),
                    resource_type: resource_type.to_string(),
                    name: name.to_string(),
                });
            }
        };
        let address = AbsoluteResource {
            module: self.module(&text(&resource.module))?,
            resource: ResourceAddress { mode, resource_type, name },
        };
        let provider_config = self.provider_config_of(resource)?;
        let state = match into.entry(address.clone()) {
            Entry::Occupied(known) => {
                let state = known.into_mut();
                state.provider_config = provider_config;
                state
            }
            Entry::Vacant(new) => new.insert(ResourceState {
                provider_config,
                instances: BTreeMap::new(),
                unknown_fields: keep(&resource.unknown)?,
            }),
        };
        for instance in resource.instances.iter().flatten().flatten() {
            self.read_instance(&address, instance, &mut state.instances)?;
        }
        Ok(())
    }

    fn read_instance(
        &mut self,
        resource: &AbsoluteResource,
        instance: &Instance4<'a>,
        into: &mut BTreeMap<Option<InstanceKey>, InstanceState>,
    ) -> Result<(), StateFileError> {
        let key = instance_key(resource, instance.index_key)?;
        let address = || resource.instance(key.clone()).to_string();
        let object = self.objects.object(instance, &address)?;
        let deposed = instance.deposed.as_ref().map_or("", Text::as_str);
        if !deposed.is_empty() && !is_deposed_key(deposed) {
            return Err(StateFileError::InvalidInstance {
                message: format!(
                    "Instance {} has an object with deposed key {deposed:?}, which is not correctly \
                     formatted.",
                    address()
                ),
            });
        }
        let provider = instance.provider.as_ref().map_or("", Text::as_str);
        let provider_key = if provider.is_empty() { None } else { self.provider_config(provider)?.key };
        let state = into.entry(key.clone()).or_default();
        state.provider_key = provider_key;
        if put(state, deposed, object) {
            return Ok(());
        }
        let object =
            if deposed.is_empty() { address() } else { format!("{} deposed object {deposed:?}", address()) };
        Err(StateFileError::DuplicateObject { object })
    }

    /// Returns the provider configuration of a resource: what it says itself, or without the key what its instances say.
    fn provider_config_of(
        &mut self,
        resource: &Resource4<'a>,
    ) -> Result<ProviderConfigAddress, StateFileError> {
        let own = resource.provider.as_ref().map_or("", Text::as_str);
        let of_instances = || resource.instances.iter().flatten().flatten().find_map(|i| i.provider.as_ref());
        let text = if own.is_empty() { of_instances().map_or("", Text::as_str) } else { own };
        let address = self.provider_config(text)?;
        Ok(ProviderConfigAddress { key: None, ..address })
    }

    fn module(&mut self, text: &str) -> Result<ModuleInstance, StateFileError> {
        if let Some(known) = self.modules.get(text) {
            return Ok(known.clone());
        }
        let module = ModuleInstance::parse(text).map_err(|error| StateFileError::InvalidAddress {
            kind: AddressKind::Module,
            address: text.to_owned(),
            message: error.message,
        })?;
        self.modules.insert(text.to_owned(), module.clone());
        Ok(module)
    }

    fn provider_config(&mut self, text: &str) -> Result<ProviderConfigAddress, StateFileError> {
        if let Some(known) = self.provider_configs.get(text) {
            return Ok(known.clone());
        }
        let address = ProviderConfigAddress::parse(text).or_else(|error| {
            legacy_provider_config(text).ok_or_else(|| StateFileError::InvalidAddress {
                kind: AddressKind::ProviderConfig,
                address: text.to_owned(),
                message: error.message,
            })
        })?;
        self.provider_configs.insert(text.to_owned(), address.clone());
        Ok(address)
    }
}

/// Puts an object in its place unless there is one already.
fn put(instance: &mut InstanceState, deposed: &str, object: ObjectState) -> bool {
    if deposed.is_empty() {
        instance.current.replace(Arc::new(object)).is_none()
    } else {
        instance.deposed.insert(deposed.into(), Arc::new(object)).is_none()
    }
}

fn is_deposed_key(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn instance_key(
    resource: &AbsoluteResource,
    json: Option<&RawValue>,
) -> Result<Option<InstanceKey>, StateFileError> {
    let Some(json) = json.map(RawValue::get).filter(|json| *json != "null") else { return Ok(None) };
    if let Ok(position) = json.parse() {
        return Ok(Some(InstanceKey::Int(position)));
    }
    match serde_json::from_str::<Text<'_>>(json) {
        Ok(text) => Ok(Some(InstanceKey::String(text.as_str().into()))),
        Err(_) => Err(StateFileError::InvalidInstance {
            message: format!("Resource {resource} has an instance with the invalid instance key {json}."),
        }),
    }
}

/// Reads the form of provider addresses from before Terraform 0.13, such as `module.a.provider.aws.east`.
///
/// Such names say nothing about who publishes the provider; `-` stands for that until it is replaced.
pub(crate) fn legacy_provider_config(text: &str) -> Option<ProviderConfigAddress> {
    let mut parts = text.split('.');
    let mut calls: Vec<Str> = Vec::new();
    loop {
        match parts.next()? {
            "module" => calls.push(legacy_name(parts.next()?)?),
            "provider" => break,
            _ => return None,
        }
    }
    let name = legacy_name(parts.next()?)?;
    let alias = match parts.next() {
        Some(alias) => Some(legacy_name(alias)?),
        None => None,
    };
    if parts.next().is_some() {
        return None;
    }
    let provider = match name.as_str() {
        "terraform" => ProviderSource::implied("terraform"),
        _ => ProviderSource { host: ProviderSource::DEFAULT_HOST.into(), namespace: "-".into(), name },
    };
    let address = ProviderConfigAddress { module: ModulePath::new(calls), provider, alias, key: None };
    // What is read must be readable in the form in which it is written.
    ProviderConfigAddress::parse(&address.to_string()).ok()
}

fn legacy_name(text: &str) -> Option<Str> {
    let is_name = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    is_name.then(|| text.into())
}

/// Returns nothing for kinds of objects that this version does not check.
pub(crate) fn read_check_result(result: &CheckResult4<'_>) -> Option<CheckResult> {
    let kind = match result.kind.as_ref()?.as_str() {
        "resource" => CheckableKind::Resource,
        "output" => CheckableKind::OutputValue,
        "check" => CheckableKind::Check,
        "var" => CheckableKind::InputVariable,
        _ => return None,
    };
    let text = |field: &Option<Text<'_>>| Str::from(field.as_ref().map_or("", Text::as_str));
    let objects = result.objects.iter().flatten().flatten().map(|object| CheckObject {
        address: text(&object.address),
        status: check_status(&text(&object.status)),
        failure_messages: object
            .failure_messages
            .iter()
            .flatten()
            .flatten()
            .map(|m| m.as_str().into())
            .collect(),
    });
    Some(CheckResult {
        kind,
        config_address: text(&result.config_address),
        status: check_status(&text(&result.status)),
        objects: objects.collect(),
    })
}

fn check_status(text: &str) -> CheckStatus {
    match text {
        "pass" => CheckStatus::Pass,
        "fail" => CheckStatus::Fail,
        "error" => CheckStatus::Error,
        _ => CheckStatus::Unknown,
    }
}
