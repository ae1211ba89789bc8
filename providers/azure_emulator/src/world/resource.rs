//! One stored resource, kept small: bodies are JSON text, parsed when needed.

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::guid;
use crate::resource_id::{Key, key_of};
use crate::table::TypeIndex;

/// A resource or resource group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The id as the service answers it.
    pub(crate) id: Box<str>,
    pub(crate) kind: TypeIndex,
    /// A JSON object without `id`, `name`, `type` and ETag. It describes the resource as it will be when its pending
    /// operation is done.
    pub(crate) body: Box<str>,
    /// A JSON object that is never returned as such: keys, certificates, bookkeeping.
    pub(crate) hidden: Option<Box<str>>,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    /// Counts writes; ETags derive from it.
    pub(crate) revision: u32,
    /// Orders siblings by creation.
    pub(crate) sequence: u64,
    pub(crate) pending: Option<Pending>,
}

/// What a resource shows while an operation runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    /// Id of the operation.
    pub(crate) operation: Box<str>,
    /// `provisioningState` until then.
    pub(crate) state: Box<str>,
    /// Whether the resource did not exist before.
    pub(crate) creating: bool,
}

impl Resource {
    /// Returns the identity.
    pub(crate) fn key(&self) -> Key {
        key_of(&self.id)
    }

    /// Returns the last segment of the id.
    pub(crate) fn name(&self) -> &str {
        crate::resource_id::name_of(&self.id)
    }

    /// Parses the body.
    pub(crate) fn body(&self) -> Map<String, Value> {
        parse(&self.body)
    }

    /// Parses the hidden part.
    pub(crate) fn hidden(&self) -> Map<String, Value> {
        self.hidden.as_deref().map(parse).unwrap_or_default()
    }

    /// Replaces the body.
    pub(crate) fn set_body(&mut self, body: Map<String, Value>) {
        self.body = Value::Object(body).to_string().into();
    }

    /// Replaces the hidden part.
    pub(crate) fn set_hidden(&mut self, hidden: Map<String, Value>) {
        self.hidden = (!hidden.is_empty()).then(|| Value::Object(hidden).to_string().into());
    }

    /// Returns the GUID that changes with each write.
    pub(crate) fn etag(&self) -> String {
        guid::derived(&["etag", &self.id, &self.revision.to_string(), &self.created.0.to_string()])
    }

    /// Returns whether the resource is usable: no operation runs that creates or deletes it.
    pub(crate) fn is_settled(&self) -> bool {
        self.pending.as_ref().is_none_or(|pending| !pending.creating)
    }

    /// Returns the location, if the body has one.
    pub(crate) fn location(&self) -> Option<String> {
        crate::body::text_at(&self.body(), &["location"]).map(str::to_owned)
    }
}

fn parse(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("bodies are written by `set_body` and checked when loaded")
}
