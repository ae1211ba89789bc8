//! The journal's records as JSON. One line holds all records of one request, so that a request is kept whole or not
//! at all.

use serde_json::{Map, Value, json};

use super::{Failure, Operation, OperationKind, OperationStatus, Pending, Resource};
use crate::clock::Timestamp;
use crate::resource_id::{Key, key_of};
use crate::table::{CATALOG, TypeIndex};

/// One change of the world.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Record {
    Put(Box<Resource>),
    Remove(Key),
    Operation(Box<Operation>),
    /// Namespace in lower case and its registration state.
    Registration(String, String),
}

/// Writes the records of one request as one line, newline included.
pub(super) fn to_line(records: &[Record]) -> String {
    let mut line = String::from("[");
    for (idx, record) in records.iter().enumerate() {
        if idx > 0 {
            line.push(',');
        }
        write_record(record, &mut line);
    }
    line.push_str("]\n");
    line
}

/// Reads a line written by [`to_line`].
pub(super) fn from_line(line: &str) -> Result<Vec<Record>, String> {
    let records: Vec<Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    records.iter().map(read_record).collect()
}

fn write_record(record: &Record, line: &mut String) {
    match record {
        Record::Put(resource) => write_resource(resource, line),
        Record::Remove(key) => line.push_str(&json!({"remove": &**key}).to_string()),
        Record::Operation(operation) => {
            line.push_str(&json!({"operation": operation_to_json(operation)}).to_string());
        }
        Record::Registration(namespace, state) => {
            line.push_str(&json!({"register": namespace, "state": state}).to_string());
        }
    }
}

/// The body goes out as the text it is, without being parsed.
fn write_resource(resource: &Resource, line: &mut String) {
    let mut head = json!({
        "id": &*resource.id,
        "type": CATALOG.get(resource.kind).name,
        "created": resource.created.0,
        "changed": resource.changed.0,
        "revision": resource.revision,
        "sequence": resource.sequence,
    });
    if let Some(pending) = &resource.pending {
        head["pending"] = json!({
            "operation": &*pending.operation,
            "state": &*pending.state,
            "creating": pending.creating,
        });
    }
    let head = head.to_string();
    line.push_str("{\"put\":");
    line.push_str(&head[..head.len() - 1]);
    line.push_str(",\"body\":");
    line.push_str(&resource.body);
    if let Some(hidden) = &resource.hidden {
        line.push_str(",\"hidden\":");
        line.push_str(hidden);
    }
    line.push_str("}}");
}

fn read_record(value: &Value) -> Result<Record, String> {
    let object = value.as_object().ok_or("a record is not an object")?;
    if let Some(resource) = object.get("put") {
        return Ok(Record::Put(Box::new(read_resource(resource)?)));
    }
    if let Some(key) = object.get("remove") {
        return Ok(Record::Remove(key.as_str().ok_or("`remove` is not a string")?.into()));
    }
    if let Some(operation) = object.get("operation") {
        return Ok(Record::Operation(Box::new(read_operation(operation)?)));
    }
    if let Some(namespace) = object.get("register") {
        let namespace = namespace.as_str().ok_or("`register` is not a string")?;
        return Ok(Record::Registration(namespace.to_owned(), text(object, "state")?.to_owned()));
    }
    Err("a record of an unknown kind".into())
}

fn read_resource(value: &Value) -> Result<Resource, String> {
    let object = value.as_object().ok_or("`put` is not an object")?;
    let body = object.get("body").filter(|body| body.is_object()).ok_or("a body is not an object")?;
    let hidden = object.get("hidden").filter(|hidden| hidden.is_object());
    let pending = object.get("pending").and_then(Value::as_object).map(read_pending).transpose()?;
    Ok(Resource {
        id: text(object, "id")?.into(),
        kind: type_index(text(object, "type")?)?,
        body: body.to_string().into(),
        hidden: hidden.map(|hidden| hidden.to_string().into()),
        created: Timestamp(number(object, "created")?),
        changed: Timestamp(number(object, "changed")?),
        revision: u32::try_from(number(object, "revision")?).map_err(|_| "a revision is too large")?,
        sequence: number(object, "sequence")?,
        pending,
    })
}

fn read_pending(object: &Map<String, Value>) -> Result<Pending, String> {
    Ok(Pending {
        operation: text(object, "operation")?.into(),
        state: text(object, "state")?.into(),
        creating: object.get("creating").and_then(Value::as_bool).unwrap_or(false),
    })
}

fn operation_to_json(operation: &Operation) -> Value {
    let mut value = json!({
        "id": &*operation.id,
        "kind": kind_name(operation.kind),
        "target": &*operation.target,
        "type": CATALOG.get(operation.resource_type).name,
        "domain": &*operation.domain,
        "started": operation.started.0,
        "finish": operation.finish.0,
        "status": status_name(operation.status),
    });
    if let Some(failure) = &operation.failure {
        value["failure"] = json!({"code": failure.code, "message": failure.message});
    }
    if let Some(result) = &operation.result {
        value["result"] = result.clone();
    }
    value
}

fn read_operation(value: &Value) -> Result<Operation, String> {
    let object = value.as_object().ok_or("`operation` is not an object")?;
    let failure = object.get("failure").and_then(Value::as_object).map(|failure| {
        Ok::<_, String>(Failure {
            code: text(failure, "code")?.to_owned(),
            message: text(failure, "message")?.to_owned(),
        })
    });
    Ok(Operation {
        id: text(object, "id")?.into(),
        kind: match text(object, "kind")? {
            "create" => OperationKind::Create,
            "update" => OperationKind::Update,
            "delete" => OperationKind::Delete,
            "action" => OperationKind::Action,
            other => return Err(format!("unknown operation kind `{other}`")),
        },
        target: key_of(text(object, "target")?),
        resource_type: type_index(text(object, "type")?)?,
        domain: key_of(text(object, "domain")?),
        started: Timestamp(number(object, "started")?),
        finish: Timestamp(number(object, "finish")?),
        status: match text(object, "status")? {
            "running" => OperationStatus::Running,
            "succeeded" => OperationStatus::Succeeded,
            "failed" => OperationStatus::Failed,
            other => return Err(format!("unknown operation status `{other}`")),
        },
        failure: failure.transpose()?,
        result: object.get("result").cloned(),
    })
}

fn kind_name(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Create => "create",
        OperationKind::Update => "update",
        OperationKind::Delete => "delete",
        OperationKind::Action => "action",
    }
}

fn status_name(status: OperationStatus) -> &'static str {
    match status {
        OperationStatus::Running => "running",
        OperationStatus::Succeeded => "succeeded",
        OperationStatus::Failed => "failed",
    }
}

fn type_index(name: &str) -> Result<TypeIndex, String> {
    CATALOG.find(name).ok_or_else(|| format!("unknown type `{name}`"))
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Result<&'v str, String> {
    object.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` is not a string"))
}

fn number(object: &Map<String, Value>, name: &str) -> Result<u64, String> {
    object.get(name).and_then(Value::as_u64).ok_or_else(|| format!("`{name}` is not a number"))
}
