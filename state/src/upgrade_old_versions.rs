//! State files of versions 1 to 3, from Terraform before 0.12, as snapshots.
//!
//! Their attributes are flat maps of strings. They stay flat here ([`AttributesForm::FlatMap`]): only a
//! resource type's schema tells what they stand for. Dependencies are not taken over, since they were kept in
//! a form that cannot tell resources from modules; the next apply records them anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use terrane_model::encode_json::{value_from_json, write_json_string};
use terrane_model::{
    AbsoluteResource, InstanceKey, ModuleInstance, ModulePath, ModuleStep, ProviderConfigAddress,
    ResourceAddress, ResourceMode, Str, Type,
};

use crate::json_fields::{Entries, Text, json_object, list, without_values};
use crate::snapshot::{
    AttributesForm, InstanceState, ObjectState, ObjectStatus, OutputState, ResourceState, StateSnapshot,
    UnknownFields,
};
use crate::version4::{StateFileError, legacy_provider_config, structure, terraform_version};

json_object! {
    struct OldFile<'a> {
        version: serde::de::IgnoredAny = "version",
        terraform_version: Text<'a> = "terraform_version",
        serial: i64 = "serial",
        lineage: Text<'a> = "lineage",
        modules: Option<Vec<OldModule<'a>>> = "modules",
    }
}

json_object! {
    struct OldModule<'a> {
        path: Option<Vec<Text<'a>>> = "path",
        outputs: Entries<'a, &'a RawValue> = "outputs",
        resources: Entries<'a, OldResource<'a>> = "resources",
    }
}

json_object! {
    struct OldResource<'a> {
        primary: Option<OldObject<'a>> = "primary",
        deposed: Option<Vec<Option<OldObject<'a>>>> = "deposed",
        provider: Text<'a> = "provider",
    }
}

json_object! {
    struct OldObject<'a> {
        id: Text<'a> = "id",
        attributes: Entries<'a, Text<'a>> = "attributes",
        meta: Entries<'a, &'a RawValue> = "meta",
        tainted: Option<bool> = "tainted",
    }
}

json_object! {
    struct OldOutput<'a> {
        value: &'a RawValue = "value",
        sensitive: Option<bool> = "sensitive",
    }
}

/// Reads a state file of one of the versions 1 to 3.
pub(crate) fn read_old_state(text: &str, version: u64) -> Result<StateSnapshot, StateFileError> {
    let file: OldFile<'_> = serde_json::from_str(text).map_err(structure)?;
    let upgrade = Upgrade { version };
    let serial = file.serial.unwrap_or_default();
    let mut snapshot = StateSnapshot {
        terraform_version: terraform_version(file.terraform_version.as_ref().map_or("", Text::as_str))?
            .into(),
        serial: u64::try_from(serial)
            .map_err(|_| upgrade.error("state has serial less than zero, which is invalid"))?,
        lineage: file.lineage.as_ref().map_or("", Text::as_str).into(),
        ..StateSnapshot::default()
    };
    for module in list(file.modules) {
        upgrade.module(&module, &mut snapshot)?;
    }
    Ok(snapshot)
}

/// The upgrade of a file of one version.
struct Upgrade {
    version: u64,
}

impl Upgrade {
    fn error(&self, message: impl Into<String>) -> StateFileError {
        StateFileError::Upgrade { from: self.version, message: message.into() }
    }

    fn module(&self, module: &OldModule<'_>, snapshot: &mut StateSnapshot) -> Result<(), StateFileError> {
        let path: Vec<&str> = module.path.iter().flatten().flatten().map(Text::as_str).collect();
        let Some((&"root", calls)) = path.split_first() else {
            return Err(self.error(format!("state contains invalid module path {path:?}")));
        };
        let steps = calls.iter().map(|call| ModuleStep { name: (*call).into(), key: None });
        let address = ModuleInstance::new(steps);
        // Names that no configuration can have would make a state that cannot be read again.
        if ModuleInstance::parse(&address.to_string()).as_ref() != Ok(&address) {
            return Err(self.error(format!("state contains invalid module path {path:?}")));
        }
        if address.is_root() {
            for (name, output) in module.outputs.iter().flat_map(|outputs| &outputs.0) {
                snapshot.outputs.insert(name.as_str().into(), self.output(name.as_str(), output)?);
            }
        }
        for (key, resource) in module.resources.iter().flat_map(|resources| &resources.0) {
            self.resource(&address, key.as_str(), resource, &mut snapshot.resources)?;
        }
        Ok(())
    }

    fn output(&self, name: &str, json: &RawValue) -> Result<OutputState, StateFileError> {
        let invalid = |error: &dyn std::fmt::Display| {
            let error = without_values(&error.to_string());
            self.error(format!("output {name:?} has an invalid value: {error}"))
        };
        // Before version 2, outputs were plain strings.
        let (value, sensitive) = if self.version == 1 {
            (json.get(), false)
        } else {
            let output: OldOutput<'_> = serde_json::from_str(json.get()).map_err(|error| invalid(&error))?;
            (output.value.map_or("null", RawValue::get), output.sensitive.flatten().unwrap_or_default())
        };
        let parsed: serde_json::Value = serde_json::from_str(value).map_err(|error| invalid(&error))?;
        let ty = simplified(implied_type(&parsed));
        Ok(OutputState { value: value_from_json(value, &ty).map_err(|error| invalid(&error))?, sensitive })
    }

    fn resource(
        &self,
        module: &ModuleInstance,
        key: &str,
        resource: &OldResource<'_>,
        into: &mut BTreeMap<AbsoluteResource, ResourceState>,
    ) -> Result<(), StateFileError> {
        let (address, instance_key) = self.resource_address(key)?;
        let provider_config = self.provider_config(module, key, &address, resource)?;
        let address = AbsoluteResource { module: module.clone(), resource: address };
        let state = into.entry(address).or_insert_with(|| ResourceState {
            provider_config: provider_config.clone(),
            instances: BTreeMap::new(),
            unknown_fields: UnknownFields::new(),
        });
        state.provider_config = provider_config;
        let mut instance = InstanceState::default();
        if let Some(primary) = resource.primary.iter().flatten().next() {
            instance.current = Some(Arc::new(self.object(primary)?));
        }
        let deposed = resource.deposed.iter().flatten().flatten().flatten();
        for (number, object) in (1_u32..).zip(deposed) {
            instance.deposed.insert(format!("{number:08x}").into(), Arc::new(self.object(object)?));
        }
        if instance != InstanceState::default() {
            state.instances.insert(instance_key, instance);
        }
        Ok(())
    }

    /// Reads a key such as `data.type.name.0`.
    fn resource_address(&self, key: &str) -> Result<(ResourceAddress, Option<InstanceKey>), StateFileError> {
        let parts: Vec<&str> = key.split('.').collect();
        let (mode, parts) = match parts.split_first() {
            Some((&"data", rest)) if rest.len() >= 2 => (ResourceMode::Data, rest),
            _ => (ResourceMode::Managed, &parts[..]),
        };
        let (resource_type, name, position) = match *parts {
            [resource_type, name] => (resource_type, name, None),
            [resource_type, name, position] => (resource_type, name, Some(position)),
            _ => return Err(self.error(format!("invalid internal resource address format: {key}"))),
        };
        let instance_key = match position.map(str::parse) {
            None => None,
            Some(Ok(position)) => Some(InstanceKey::Int(position)),
            Some(Err(error)) => {
                return Err(self.error(format!("error parsing resource address {key:?}: {error}")));
            }
        };
        Ok((ResourceAddress { mode, resource_type: resource_type.into(), name: name.into() }, instance_key))
    }

    fn provider_config(
        &self,
        module: &ModuleInstance,
        key: &str,
        address: &ResourceAddress,
        resource: &OldResource<'_>,
    ) -> Result<ProviderConfigAddress, StateFileError> {
        let text = resource.provider.as_ref().map_or("", Text::as_str);
        if !text.is_empty() {
            return legacy_provider_config(text).ok_or_else(|| {
                self.error(format!("invalid legacy provider config reference {text:?} for {key}"))
            });
        }
        // Without a provider, the first word of the resource type names it.
        let name = address.resource_type.split('_').next().unwrap_or_default();
        let path: ModulePath = module.path();
        let prefix = if path.is_root() { String::new() } else { format!("{path}.") };
        legacy_provider_config(&format!("{prefix}provider.{name}"))
            .ok_or_else(|| self.error(format!("resource type of {key} names no provider")))
    }

    fn object(&self, object: &OldObject<'_>) -> Result<ObjectState, StateFileError> {
        let mut attributes: BTreeMap<String, &str> = BTreeMap::new();
        let entries = object.attributes.as_ref().map_or(&[][..], |entries| &entries.0);
        for (name, value) in entries {
            attributes.insert(name.as_str().to_owned(), value.as_str());
        }
        if self.version < 3 {
            attributes = with_map_counts(attributes);
        }
        let id = object.id.as_ref().map_or("", Text::as_str);
        if !id.is_empty() {
            attributes.entry("id".to_owned()).or_insert(id);
        }
        let (schema_version, private) = meta(object)?;
        Ok(ObjectState {
            status: if object.tainted.flatten().unwrap_or_default() {
                ObjectStatus::Tainted
            } else {
                ObjectStatus::Ready
            },
            schema_version,
            attributes: flat_json(&attributes),
            attributes_form: AttributesForm::FlatMap,
            private,
            ..ObjectState::default()
        })
    }
}

/// Splits an object's metadata into the schema version and what else the provider keeps there.
fn meta(object: &OldObject<'_>) -> Result<(i64, Vec<u8>), StateFileError> {
    let mut schema_version = 0;
    let mut rest: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in object.meta.iter().flat_map(|meta| &meta.0) {
        let number = value.get().trim_matches('"').parse::<f64>();
        match number {
            #[expect(clippy::cast_possible_truncation, reason = "the range is checked; versions are small")]
            Ok(number) if name.as_str() == "schema_version" && (0.0..1e15).contains(&number) => {
                schema_version = number as i64;
            }
            _ => drop(rest.insert(name.as_str(), value.get())),
        }
    }
    if rest.is_empty() {
        return Ok((schema_version, Vec::new()));
    }
    let mut json = String::from("{");
    for (name, value) in rest {
        if json.len() > 1 {
            json.push(',');
        }
        write_json_string(&mut json, name);
        json.push(':');
        json.push_str(&crate::json_text::compact(value)?);
    }
    json.push('}');
    Ok((schema_version, json.into_bytes()))
}

fn flat_json(attributes: &BTreeMap<String, &str>) -> Str {
    let mut json = String::from("{");
    for (name, value) in attributes {
        if json.len() > 1 {
            json.push(',');
        }
        write_json_string(&mut json, name);
        json.push(':');
        write_json_string(&mut json, value);
    }
    json.push('}');
    json.into()
}

/// Renames the counts of maps from `tags.#` to `tags.%`: before version 3 they looked like those of lists.
fn with_map_counts(attributes: BTreeMap<String, &str>) -> BTreeMap<String, &str> {
    let is_map = |count_key: &str| {
        let prefix = &count_key[..count_key.len() - 1];
        attributes.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix)).any(
            |(key, _)| {
                let element = key[prefix.len()..].split('.').next().unwrap_or_default();
                !matches!(element, "#" | "%") && element.parse::<u64>().is_err()
            },
        )
    };
    let renamed = attributes.iter().map(|(key, value)| {
        let is_map_count = key.ends_with(".#") && is_map(key);
        (if is_map_count { format!("{}%", &key[..key.len() - 1]) } else { key.clone() }, *value)
    });
    renamed.collect()
}

/// Returns the type that a JSON value has by itself.
fn implied_type(json: &serde_json::Value) -> Type {
    match json {
        serde_json::Value::Null => Type::Dynamic,
        serde_json::Value::Bool(_) => Type::Bool,
        serde_json::Value::Number(_) => Type::Number,
        serde_json::Value::String(_) => Type::String,
        serde_json::Value::Array(elements) => Type::tuple(elements.iter().map(implied_type)),
        serde_json::Value::Object(entries) => {
            Type::object(entries.iter().map(|(name, value)| (name.as_str(), implied_type(value))))
        }
    }
}

/// Makes lists of tuples and maps of objects whose parts are all of one type.
fn simplified(ty: Type) -> Type {
    fn common<'t>(mut types: impl Iterator<Item = &'t Type>) -> Option<&'t Type> {
        let first = types.next()?;
        types.all(|ty| ty == first).then_some(first)
    }
    match &ty {
        Type::Tuple(elements) => match common(elements.iter()) {
            Some(element) => Type::list(simplified(element.clone())),
            None => ty,
        },
        Type::Object(object) => match common(object.attributes().iter().map(|(_, ty)| ty)) {
            Some(element) => Type::map(simplified(element.clone())),
            None => ty,
        },
        _ => ty,
    }
}
