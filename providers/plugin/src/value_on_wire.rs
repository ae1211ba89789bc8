//! Values on their way to and from a provider.

use prost::bytes::Bytes;
use terrane_model::encode_json::value_from_json;
use terrane_model::encode_msgpack::{MsgpackError, msgpack_from_value, value_from_msgpack};
use terrane_model::{Diagnostic, Str, Type, Value};
use terrane_provider::IdentitySchema;

use crate::wire::{DynamicValue, IdentityData};

/// Writes a value of a type.
///
/// # Errors
/// When the value is not of the type and cannot be converted to it.
pub(crate) fn write_value(value: &Value, ty: &Type) -> Result<DynamicValue, MsgpackError> {
    let msgpack = Bytes::from(msgpack_from_value(value, ty)?);
    Ok(DynamicValue { msgpack, json: Bytes::new() })
}

/// Reads a value of a type; none at all is null.
///
/// # Errors
/// Says what is wrong with the value.
pub(crate) fn read_value(wire: Option<DynamicValue>, ty: &Type) -> Result<Value, String> {
    let wire = wire.unwrap_or_default();
    if !wire.msgpack.is_empty() {
        return value_from_msgpack(&wire.msgpack, ty).map_err(|error| error.to_string());
    }
    if wire.json.is_empty() {
        return Ok(Value::Null(ty.clone()));
    }
    let json = str::from_utf8(&wire.json).map_err(|error| error.to_string())?;
    value_from_json(json, ty).map_err(|error| error.to_string())
}

/// Returns the type of an identity's value.
pub(crate) fn identity_type(schema: &IdentitySchema) -> Type {
    let attributes = schema.attributes.iter();
    Type::object(attributes.map(|(name, attribute): (&Str, _)| (name.clone(), attribute.ty.clone())))
}

/// Writes an identity, where the resource type has one and it is known.
///
/// # Errors
/// As [`write_value`].
pub(crate) fn write_identity(
    identity: Option<&Value>,
    schema: Option<&IdentitySchema>,
) -> Result<Option<IdentityData>, MsgpackError> {
    let (Some(identity), Some(schema)) = (identity, schema) else { return Ok(None) };
    if identity.is_null() {
        return Ok(None);
    }
    Ok(Some(IdentityData { data: Some(write_value(identity, &identity_type(schema))?) }))
}

/// Reads an identity, where the resource type has one and the provider told it.
///
/// # Errors
/// As [`read_value`].
pub(crate) fn read_identity(
    wire: Option<IdentityData>,
    schema: Option<&IdentitySchema>,
) -> Result<Option<Value>, String> {
    let (Some(wire), Some(schema)) = (wire, schema) else { return Ok(None) };
    let identity = read_value(wire.data, &identity_type(schema))?;
    Ok(Some(identity).filter(|identity| !identity.is_null()))
}

/// Returns the message about a value that a provider should never have sent.
pub(crate) fn invalid_answer(provider: &str, call: &str, problem: &str) -> Diagnostic {
    let detail = format!(
        "Provider {provider} answered {call} with a value that does not fit its own schema: {problem}.\n\nThis is \
         a bug in the provider, which should be reported in the provider's own issue tracker."
    );
    Diagnostic::error("Provider produced invalid object", detail)
}
