//! The messages of the plugin protocol, as they stand on the wire.
//!
//! Versions 5 and 6 share nearly all of them: requests and responses have other names but the same fields under
//! the same numbers. They are therefore written once, here, and `tfplugin5` and `tfplugin6` hold what differs:
//! the names of the calls, and the attributes of schemas. Fields that nobody reads are left out; the protocol
//! lets readers pass over them.

pub(crate) mod action;
pub(crate) mod ephemeral;
pub(crate) mod provider;
pub(crate) mod resource;
pub(crate) mod schema;
pub(crate) mod service;

use prost::Message;
use prost::bytes::Bytes;

use crate::method::Method;

/// A request that knows which call it belongs to and what answers it.
pub(crate) trait Request: Message + Sized + 'static {
    /// What comes back.
    type Response: Message + Default + 'static;
    /// The call.
    const METHOD: Method;
}

/// Says which call a request belongs to.
macro_rules! request {
    ($request:ident => $response:ident, $method:ident) => {
        impl $crate::wire::Request for $request {
            type Response = $response;
            const METHOD: $crate::method::Method = $crate::method::Method::$method;
        }
    };
}
pub(crate) use request;

/// A value of the language; a reader takes the MessagePack form where both are there.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DynamicValue {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) msgpack: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) json: Bytes,
}

/// A message to the user.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Diagnostic {
    #[prost(enumeration = "Severity", tag = "1")]
    pub(crate) severity: i32,
    #[prost(string, tag = "2")]
    pub(crate) summary: String,
    #[prost(string, tag = "3")]
    pub(crate) detail: String,
    #[prost(message, optional, tag = "4")]
    pub(crate) attribute: Option<AttributePath>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum Severity {
    Invalid = 0,
    Error = 1,
    Warning = 2,
}

/// Where in a value something is.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct AttributePath {
    #[prost(message, repeated, tag = "1")]
    pub(crate) steps: Vec<PathStep>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PathStep {
    #[prost(oneof = "StepSelector", tags = "1, 2, 3")]
    pub(crate) selector: Option<StepSelector>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum StepSelector {
    #[prost(string, tag = "1")]
    AttributeName(String),
    #[prost(string, tag = "2")]
    ElementKeyString(String),
    #[prost(int64, tag = "3")]
    ElementKeyInt(i64),
}

/// Stored state of any schema version. Its second field, for state of Terraform before 0.12, is never sent.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RawState {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) json: Vec<u8>,
}

/// The attributes that identify a remote object.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct IdentityData {
    #[prost(message, optional, tag = "1")]
    pub(crate) data: Option<DynamicValue>,
}

/// What the engine can deal with.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct ClientCapabilities {
    #[prost(bool, tag = "1")]
    pub(crate) deferral_allowed: bool,
    #[prost(bool, tag = "2")]
    pub(crate) write_only_attributes_allowed: bool,
}

/// Why something has to wait for another run.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Deferred {
    #[prost(enumeration = "DeferredReason", tag = "1")]
    pub(crate) reason: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum DeferredReason {
    Unknown = 0,
    ResourceConfigUnknown = 1,
    ProviderConfigUnknown = 2,
    AbsentPrerequisite = 3,
}
