//! Records as bytes and back: compact JSON with the fields of state files for objects.
//!
//! Addresses are written part by part, since state files may contain names and keys that no text form has.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use terrane_model::{
    InstanceKey, ModuleInstance, ProviderConfigAddress, ResourceAddress, ResourceInstanceAddress,
    ResourceMode, Str,
};

use super::record::{Change, Intent, Operation, Outcome, Record, Ticket};
use crate::json_fields::{Entries, Text, json_object, without_values};
use crate::json_text::{JsonWriter, Layout};
use crate::snapshot::{DeposedKey, ObjectState};
use crate::version4::{
    CheckResult4, Instance4, Output4, WriteError, object_from, read_check_result, read_output,
    write_check_results, write_object_fields, write_outputs,
};

/// Room for a record with a small object.
const RECORD_BYTES: usize = 1024;

json_object! {
    struct Record1<'a> {
        record: Text<'a> = "record",
        ticket: u64 = "ticket",
        operation: Text<'a> = "operation",
        address: Address1<'a> = "address",
        to: Address1<'a> = "to",
        deposed: Text<'a> = "deposed",
        provider: Text<'a> = "provider",
        import_id: Text<'a> = "import_id",
        outcome: Text<'a> = "outcome",
        change: Text<'a> = "change",
        object: Instance4<'a> = "object",
        outputs: Entries<'a, Output4<'a>> = "outputs",
        check_results: Option<Vec<CheckResult4<'a>>> = "check_results",
    }
}

json_object! {
    struct Address1<'a> {
        module: Text<'a> = "module",
        mode: Text<'a> = "mode",
        resource_type: Text<'a> = "type",
        name: Text<'a> = "name",
        index_key: &'a RawValue = "index_key",
    }
}

/// Why a record could not be read although its checksum is right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record is not understood: {0}")]
pub struct DecodeError(String);

impl DecodeError {
    pub(super) fn new(message: impl std::fmt::Display) -> Self {
        Self(without_values(&message.to_string()))
    }
}

/// Returns the bytes of a record.
///
/// # Errors
/// When an output has no form in JSON.
pub(crate) fn encode(record: &Record) -> Result<Vec<u8>, WriteError> {
    let mut writer = JsonWriter::new(Layout::Compact, RECORD_BYTES);
    writer.open('{');
    writer.key("record");
    match record {
        Record::Begun { ticket, intent } => {
            writer.string("begun");
            write_intent(&mut writer, *ticket, intent);
        }
        Record::Ended { ticket, outcome } => {
            writer.string("ended");
            writer.key("ticket");
            writer.literal(ticket.0);
            writer.key("outcome");
            writer.string(if matches!(outcome, Outcome::Succeeded(_)) { "succeeded" } else { "failed" });
            write_change(&mut writer, outcome.change());
        }
        Record::Changed { address, deposed, provider_config, object } => {
            writer.string("changed");
            write_object_address(&mut writer, address, deposed.as_ref(), provider_config);
            write_object(&mut writer, object.as_deref());
        }
        Record::Deposed { address, key } => {
            writer.string("deposed");
            write_address(&mut writer, "address", address);
            writer.key("deposed");
            writer.string(key);
        }
        Record::Undeposed { address, key } => {
            writer.string("undeposed");
            write_address(&mut writer, "address", address);
            writer.key("deposed");
            writer.string(key);
        }
        Record::Moved { from, to } => {
            writer.string("moved");
            write_address(&mut writer, "address", from);
            write_address(&mut writer, "to", to);
        }
        Record::Outputs(outputs) => {
            writer.string("outputs");
            writer.key("outputs");
            write_outputs(&mut writer, outputs)?;
        }
        Record::CheckResults(results) => {
            writer.string("check_results");
            if let Some(results) = results {
                writer.key("check_results");
                write_check_results(&mut writer, results);
            }
        }
    }
    writer.close('}');
    Ok(writer.finish().into_bytes())
}

fn write_intent(writer: &mut JsonWriter, ticket: Ticket, intent: &Intent) {
    writer.key("ticket");
    writer.literal(ticket.0);
    writer.key("operation");
    writer.string(match intent.operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
    });
    write_object_address(writer, &intent.address, intent.deposed.as_ref(), &intent.provider_config);
    if let Some(id) = &intent.import_id {
        writer.key("import_id");
        writer.string(id);
    }
    write_object(writer, intent.planned.as_deref());
}

fn write_change(writer: &mut JsonWriter, change: &Change) {
    writer.key("change");
    match change {
        Change::Keep => writer.string("keep"),
        Change::Remove => writer.string("remove"),
        Change::Set(object) => {
            writer.string("set");
            write_object(writer, Some(object));
        }
    }
}

fn write_object(writer: &mut JsonWriter, object: Option<&ObjectState>) {
    if let Some(object) = object {
        writer.key("object");
        writer.open('{');
        write_object_fields(writer, object, None, None);
        writer.close('}');
    }
}

fn write_object_address(
    writer: &mut JsonWriter,
    address: &ResourceInstanceAddress,
    deposed: Option<&DeposedKey>,
    provider_config: &ProviderConfigAddress,
) {
    write_address(writer, "address", address);
    if let Some(key) = deposed {
        writer.key("deposed");
        writer.string(key);
    }
    writer.key("provider");
    writer.string(&provider_config.to_string());
}

fn write_address(writer: &mut JsonWriter, key: &str, address: &ResourceInstanceAddress) {
    writer.key(key);
    writer.open('{');
    if !address.module.is_root() {
        writer.key("module");
        writer.string(&address.module.to_string());
    }
    writer.key("mode");
    writer.string(if address.resource.mode == ResourceMode::Data { "data" } else { "managed" });
    writer.key("type");
    writer.string(&address.resource.resource_type);
    writer.key("name");
    writer.string(&address.resource.name);
    match &address.key {
        None => {}
        Some(InstanceKey::Int(position)) => {
            writer.key("index_key");
            writer.literal(position);
        }
        Some(InstanceKey::String(text)) => {
            writer.key("index_key");
            writer.string(text);
        }
    }
    writer.close('}');
}

/// Reads a record.
///
/// # Errors
/// When the bytes are none, or of a newer version.
pub(crate) fn decode(bytes: &[u8]) -> Result<Record, DecodeError> {
    let text = std::str::from_utf8(bytes).map_err(DecodeError::new)?;
    let record: Record1<'_> = serde_json::from_str(text).map_err(DecodeError::new)?;
    // A field of a newer version may change what the record means.
    if let Some((field, _)) = record.unknown.first() {
        return Err(DecodeError(format!("unknown field {:?}", field.as_str())));
    }
    record.read()
}

impl Record1<'_> {
    fn read(&self) -> Result<Record, DecodeError> {
        Ok(match self.record.as_ref().map_or("", Text::as_str) {
            "begun" => Record::Begun { ticket: self.ticket()?, intent: self.intent()? },
            "ended" => Record::Ended { ticket: self.ticket()?, outcome: self.outcome()? },
            "changed" => Record::Changed {
                address: self.address()?,
                deposed: self.deposed(),
                provider_config: self.provider_config()?,
                object: self.object()?,
            },
            "deposed" => Record::Deposed { address: self.address()?, key: self.deposed_key()? },
            "undeposed" => Record::Undeposed { address: self.address()?, key: self.deposed_key()? },
            "moved" => Record::Moved { from: self.address()?, to: address(self.to.as_ref())? },
            "outputs" => Record::Outputs(self.outputs()?),
            "check_results" => Record::CheckResults(
                self.check_results
                    .as_ref()
                    .map(|results| results.iter().flatten().filter_map(read_check_result).collect()),
            ),
            odd => return Err(DecodeError(format!("unknown kind {odd:?}"))),
        })
    }

    fn ticket(&self) -> Result<Ticket, DecodeError> {
        self.ticket.map(Ticket).ok_or_else(|| missing("ticket"))
    }

    fn intent(&self) -> Result<Intent, DecodeError> {
        Ok(Intent {
            operation: match self.operation.as_ref().map_or("", Text::as_str) {
                "create" => Operation::Create,
                "update" => Operation::Update,
                "delete" => Operation::Delete,
                odd => return Err(DecodeError(format!("unknown operation {odd:?}"))),
            },
            address: self.address()?,
            deposed: self.deposed(),
            provider_config: self.provider_config()?,
            import_id: self.import_id.as_ref().map(|id| id.as_str().into()),
            planned: self.object()?,
        })
    }

    fn outcome(&self) -> Result<Outcome, DecodeError> {
        let change = match self.change.as_ref().map_or("", Text::as_str) {
            "keep" => Change::Keep,
            "remove" => Change::Remove,
            "set" => Change::Set(self.object()?.ok_or_else(|| missing("object"))?),
            odd => return Err(DecodeError(format!("unknown change {odd:?}"))),
        };
        match self.outcome.as_ref().map_or("", Text::as_str) {
            "succeeded" => Ok(Outcome::Succeeded(change)),
            "failed" => Ok(Outcome::Failed(change)),
            odd => Err(DecodeError(format!("unknown outcome {odd:?}"))),
        }
    }

    fn address(&self) -> Result<ResourceInstanceAddress, DecodeError> {
        address(self.address.as_ref())
    }

    fn deposed(&self) -> Option<DeposedKey> {
        self.deposed.as_ref().map(|key| key.as_str().into())
    }

    fn deposed_key(&self) -> Result<DeposedKey, DecodeError> {
        self.deposed().ok_or_else(|| missing("deposed"))
    }

    fn provider_config(&self) -> Result<ProviderConfigAddress, DecodeError> {
        let text = self.provider.as_ref().ok_or_else(|| missing("provider"))?;
        ProviderConfigAddress::parse(text.as_str()).map_err(DecodeError::new)
    }

    fn object(&self) -> Result<Option<Arc<ObjectState>>, DecodeError> {
        let Some(object) = &self.object else { return Ok(None) };
        Ok(Some(Arc::new(object_from(object).map_err(DecodeError::new)?)))
    }

    fn outputs(&self) -> Result<BTreeMap<Str, crate::OutputState>, DecodeError> {
        let entries = self.outputs.as_ref().ok_or_else(|| missing("outputs"))?;
        let outputs = entries.0.iter().map(|(name, output)| {
            Ok((name.as_str().into(), read_output(name.as_str(), output).map_err(DecodeError::new)?))
        });
        outputs.collect()
    }
}

fn missing(field: &str) -> DecodeError {
    DecodeError(format!("field {field:?} is missing"))
}

fn address(address: Option<&Address1<'_>>) -> Result<ResourceInstanceAddress, DecodeError> {
    let address = address.ok_or_else(|| missing("address"))?;
    let text = |field: &Option<Text<'_>>| Str::from(field.as_ref().map_or("", Text::as_str));
    let mode = match text(&address.mode).as_str() {
        "managed" => ResourceMode::Managed,
        "data" => ResourceMode::Data,
        odd => return Err(DecodeError(format!("unknown mode {odd:?}"))),
    };
    let key = match address.index_key.map(RawValue::get) {
        None => None,
        Some(json) => Some(match json.parse() {
            Ok(position) => InstanceKey::Int(position),
            Err(_) => {
                let text: Text<'_> = serde_json::from_str(json).map_err(DecodeError::new)?;
                InstanceKey::String(text.as_str().into())
            }
        }),
    };
    Ok(ResourceInstanceAddress {
        module: ModuleInstance::parse(&text(&address.module)).map_err(DecodeError::new)?,
        resource: ResourceAddress {
            mode,
            resource_type: text(&address.resource_type),
            name: text(&address.name),
        },
        key,
    })
}
