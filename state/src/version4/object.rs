//! One object as the instances of state files, and records of the journal, contain it.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::value::RawValue;
use terrane_model::encode_json::{value_from_json, write_json};
use terrane_model::{
    AttributePath, ConfigResource, IndexKey, Number, PathStep, ResourceInstanceAddress, Str, Type, Value,
};

use super::error::{AddressKind, StateFileError};
use crate::json_fields::{Entries, Text, describe, json_object, keep, without_values};
use crate::json_text::{JsonWriter, compact};
use crate::snapshot::{AttributesForm, ObjectIdentity, ObjectState, ObjectStatus};

json_object! {
    struct Instance4<'a> {
        index_key: &'a RawValue = "index_key",
        status: Text<'a> = "status",
        deposed: Text<'a> = "deposed",
        provider: Text<'a> = "provider",
        schema_version: &'a RawValue = "schema_version",
        attributes: &'a RawValue = "attributes",
        attributes_flat: Option<&'a RawValue> = "attributes_flat",
        sensitive_attributes: Option<&'a RawValue> = "sensitive_attributes",
        identity_schema_version: &'a RawValue = "identity_schema_version",
        identity: Option<&'a RawValue> = "identity",
        private: Text<'a> = "private",
        dependencies: Option<&'a RawValue> = "dependencies",
        create_before_destroy: Option<bool> = "create_before_destroy",
        depends_on: serde::de::IgnoredAny = "depends_on",
    }
}

/// Makes objects, sharing what many of them have in common.
#[derive(Default)]
pub(crate) struct ObjectReader<'a> {
    dependencies: HashMap<&'a str, Arc<[ConfigResource]>>,
}

/// Reads one object on its own.
pub(crate) fn object_from(instance: &Instance4<'_>) -> Result<ObjectState, StateFileError> {
    ObjectReader::default().object(instance, &|| "an object".to_owned())
}

impl<'a> ObjectReader<'a> {
    /// Makes an object; `address` names its instance in messages.
    pub(crate) fn object(
        &mut self,
        instance: &Instance4<'a>,
        address: &dyn Fn() -> String,
    ) -> Result<ObjectState, StateFileError> {
        let (attributes, attributes_form) = attributes(instance)?;
        Ok(ObjectState {
            status: status(instance, address)?,
            schema_version: version(instance.schema_version, "resources.instances.schema_version")?,
            attributes,
            attributes_form,
            sensitive_attributes: match instance.sensitive_attributes.flatten() {
                Some(paths) => read_paths(paths.get())?,
                None => Vec::new(),
            },
            private: private(instance)?,
            dependencies: match instance.dependencies.flatten() {
                Some(list) => self.dependencies(list.get())?,
                None => Arc::default(),
            },
            create_before_destroy: instance.create_before_destroy.flatten().unwrap_or_default(),
            identity: identity(instance)?,
            unknown_fields: keep(&instance.unknown)?,
        })
    }

    fn dependencies(&mut self, json: &'a str) -> Result<Arc<[ConfigResource]>, StateFileError> {
        if let Some(known) = self.dependencies.get(json) {
            return Ok(known.clone());
        }
        let texts: Vec<Text<'_>> = serde_json::from_str(json).map_err(structure)?;
        let list: Arc<[ConfigResource]> =
            texts.iter().map(|text| dependency(text.as_str())).collect::<Result<_, _>>()?;
        self.dependencies.insert(json, list.clone());
        Ok(list)
    }
}

pub(crate) fn structure(error: serde_json::Error) -> StateFileError {
    StateFileError::Structure { message: without_values(&error.to_string()) }
}

fn dependency(text: &str) -> Result<ConfigResource, StateFileError> {
    let invalid = |message: String| StateFileError::InvalidAddress {
        kind: AddressKind::Dependency,
        address: text.to_owned(),
        message,
    };
    let address = ResourceInstanceAddress::parse(text).map_err(|error| invalid(error.message))?;
    if address.key.is_some() || address.module.steps().iter().any(|step| step.key.is_some()) {
        return Err(invalid(
            "A resource address is required. This instance key identifies a specific resource instance, \
             which is not expected here."
                .to_owned(),
        ));
    }
    Ok(address.resource().config())
}

fn status(instance: &Instance4<'_>, address: &dyn Fn() -> String) -> Result<ObjectStatus, StateFileError> {
    match instance.status.as_ref().map_or("", Text::as_str) {
        "" => Ok(ObjectStatus::Ready),
        "tainted" => Ok(ObjectStatus::Tainted),
        odd => Err(StateFileError::InvalidInstance {
            message: format!("Instance {} has invalid status {odd:?}.", address()),
        }),
    }
}

fn version(json: Option<&RawValue>, field: &'static str) -> Result<i64, StateFileError> {
    let Some(json) = json else { return Ok(0) };
    match json.get().parse() {
        Ok(version) if version >= 0 => Ok(version),
        _ => Err(StateFileError::InvalidField { field, got: describe(json.get()) }),
    }
}

fn attributes(instance: &Instance4<'_>) -> Result<(Str, AttributesForm), StateFileError> {
    match (instance.attributes, instance.attributes_flat.flatten()) {
        (Some(json), _) => Ok((compact(json.get())?.into(), AttributesForm::Object)),
        (None, Some(json)) => {
            serde_json::from_str::<Entries<'_, Text<'_>>>(json.get()).map_err(structure)?;
            Ok((compact(json.get())?.into(), AttributesForm::FlatMap))
        }
        (None, None) => Ok(("{}".into(), AttributesForm::Object)),
    }
}

fn private(instance: &Instance4<'_>) -> Result<Vec<u8>, StateFileError> {
    let Some(text) = &instance.private else { return Ok(Vec::new()) };
    BASE64.decode(text.as_str()).map_err(|error| StateFileError::Structure {
        message: format!("illegal base64 data in \"private\": {}", error.to_string().trim_end_matches('.')),
    })
}

fn identity(instance: &Instance4<'_>) -> Result<Option<ObjectIdentity>, StateFileError> {
    let Some(json) = instance.identity.flatten() else { return Ok(None) };
    Ok(Some(ObjectIdentity {
        schema_version: version(
            instance.identity_schema_version,
            "resources.instances.identity_schema_version",
        )?,
        attributes: compact(json.get())?.into(),
    }))
}

#[derive(serde::Deserialize)]
struct Step4<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    value: &'a RawValue,
}

fn read_paths(json: &str) -> Result<Vec<AttributePath>, StateFileError> {
    // Nearly every object has none.
    if json == "[]" {
        return Ok(Vec::new());
    }
    let invalid = |error: &dyn std::fmt::Display| StateFileError::InvalidPath {
        message: format!("Error unmarshaling path steps: {}.", without_values(&error.to_string())),
    };
    let paths: Vec<Vec<Step4<'_>>> = serde_json::from_str(json).map_err(|error| invalid(&error))?;
    paths
        .into_iter()
        .map(|steps| steps.iter().map(read_step).collect::<Result<_, _>>().map(AttributePath))
        .collect()
}

fn read_step(step: &Step4<'_>) -> Result<PathStep, StateFileError> {
    let invalid = |message: String| StateFileError::InvalidPath { message };
    match step.kind.as_str() {
        "get_attr" => {
            let name: Text<'_> = serde_json::from_str(step.value.get()).map_err(|error| {
                invalid(format!(
                    "Error unmarshaling path step: Failed to unmarshal get attr step name: {error}."
                ))
            })?;
            Ok(PathStep::Attribute(name.as_str().into()))
        }
        "index" => {
            let key = value_from_json(step.value.get(), &Type::Dynamic).map_err(|error| {
                invalid(format!("Error unmarshaling path step: Failed to unmarshal index step key: {error}."))
            })?;
            Ok(PathStep::Index(match key {
                Value::String(key) => IndexKey::Key(key),
                Value::Number(number) => match number.to_usize() {
                    Some(position) if Number::from(position).to_string() == number.to_string() => {
                        IndexKey::Position(position)
                    }
                    _ => IndexKey::Element(Value::Number(number)),
                },
                element => IndexKey::Element(element),
            }))
        }
        odd => Err(invalid(format!("Unsupported path step: Unsupported path step type {odd:?}"))),
    }
}

/// Writes the fields of an object, without the key of its instance and without the brackets around them.
/// `deposed` is the object's key when it is not the current one.
pub(crate) fn write_object_fields(
    writer: &mut JsonWriter,
    object: &ObjectState,
    deposed: Option<&str>,
    provider: Option<&str>,
) {
    if object.status == ObjectStatus::Tainted {
        writer.key("status");
        writer.string("tainted");
    }
    if let Some(key) = deposed {
        writer.key("deposed");
        writer.string(key);
    }
    if let Some(provider) = provider {
        writer.key("provider");
        writer.string(provider);
    }
    writer.key("schema_version");
    writer.literal(object.schema_version);
    writer.key(match object.attributes_form {
        AttributesForm::Object => "attributes",
        AttributesForm::FlatMap => "attributes_flat",
    });
    writer.json(&object.attributes);
    writer.key("sensitive_attributes");
    write_paths(writer, &object.sensitive_attributes);
    if let Some(identity) = &object.identity {
        writer.key("identity_schema_version");
        writer.literal(identity.schema_version);
        writer.key("identity");
        writer.json(&identity.attributes);
    }
    if !object.private.is_empty() {
        writer.key("private");
        writer.string(&BASE64.encode(&object.private));
    }
    if !object.dependencies.is_empty() {
        writer.key("dependencies");
        writer.open('[');
        for dependency in object.dependencies.iter() {
            writer.element();
            writer.string(&dependency.to_string());
        }
        writer.close(']');
    }
    if object.create_before_destroy {
        writer.key("create_before_destroy");
        writer.literal(true);
    }
    write_unknown_fields(writer, &object.unknown_fields);
}

pub(super) fn write_unknown_fields(writer: &mut JsonWriter, fields: &crate::UnknownFields) {
    for (name, json) in fields {
        writer.key(name);
        writer.json(json);
    }
}

fn write_paths(writer: &mut JsonWriter, paths: &[AttributePath]) {
    writer.open('[');
    for path in paths {
        writer.element();
        writer.open('[');
        for step in path.steps() {
            writer.element();
            write_step(writer, step);
        }
        writer.close(']');
    }
    writer.close(']');
}

fn write_step(writer: &mut JsonWriter, step: &PathStep) {
    writer.open('{');
    writer.key("type");
    match step {
        PathStep::Attribute(name) => {
            writer.string("get_attr");
            writer.key("value");
            writer.string(name);
        }
        PathStep::Index(key) => {
            writer.string("index");
            writer.key("value");
            let mut json = String::new();
            match write_json(&mut json, &key.to_value(), &Type::Dynamic) {
                Ok(()) => writer.json(&json),
                // Keys of known values are known themselves; a path that names nothing hides nothing less.
                Err(_) => writer.literal("null"),
            }
        }
    }
    writer.close('}');
}
