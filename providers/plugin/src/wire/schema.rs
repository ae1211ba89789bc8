//! Schemas and what else a provider says about itself.

use std::collections::BTreeMap;

use prost::Message;
use prost::bytes::Bytes;

use super::{Diagnostic, request};

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GetProviderSchemaRequest {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GetProviderSchemaResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) provider: Option<Schema>,
    #[prost(btree_map = "string, message", tag = "2")]
    pub(crate) resources: BTreeMap<String, Schema>,
    #[prost(btree_map = "string, message", tag = "3")]
    pub(crate) data_sources: BTreeMap<String, Schema>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) diagnostics: Vec<Diagnostic>,
    #[prost(message, optional, tag = "5")]
    pub(crate) provider_meta: Option<Schema>,
    #[prost(message, optional, tag = "6")]
    pub(crate) server_capabilities: Option<ServerCapabilities>,
    #[prost(btree_map = "string, message", tag = "7")]
    pub(crate) functions: BTreeMap<String, Function>,
    #[prost(btree_map = "string, message", tag = "8")]
    pub(crate) ephemeral_resources: BTreeMap<String, Schema>,
    #[prost(btree_map = "string, message", tag = "11")]
    pub(crate) actions: BTreeMap<String, ActionSchema>,
}
request!(GetProviderSchemaRequest => GetProviderSchemaResponse, GetProviderSchema);

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GetIdentitySchemasRequest {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GetIdentitySchemasResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(crate) schemas: BTreeMap<String, IdentitySchema>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}
request!(GetIdentitySchemasRequest => GetIdentitySchemasResponse, GetResourceIdentitySchemas);

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Schema {
    #[prost(int64, tag = "1")]
    pub(crate) version: i64,
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Block {
    /// Encoded attributes: the two versions of the protocol disagree about the fields of this one message.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub(crate) attributes: Vec<Bytes>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) block_types: Vec<NestedBlock>,
    #[prost(string, tag = "4")]
    pub(crate) description: String,
    #[prost(bool, tag = "6")]
    pub(crate) deprecated: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NestedBlock {
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block>,
    #[prost(enumeration = "Nesting", tag = "3")]
    pub(crate) nesting: i32,
    #[prost(int64, tag = "4")]
    pub(crate) min_items: i64,
    #[prost(int64, tag = "5")]
    pub(crate) max_items: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum Nesting {
    Invalid = 0,
    Single = 1,
    List = 2,
    Set = 3,
    Map = 4,
    Group = 5,
}

/// Objects inside an attribute; version 6 only.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NestedObject {
    /// Encoded attributes, as in [`Block`].
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub(crate) attributes: Vec<Bytes>,
    #[prost(enumeration = "Nesting", tag = "3")]
    pub(crate) nesting: i32,
}

/// What both versions of the protocol say about an attribute.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) ty: Bytes,
    pub(crate) nested_type: Option<NestedObject>,
    pub(crate) description: String,
    pub(crate) required: bool,
    pub(crate) optional: bool,
    pub(crate) computed: bool,
    pub(crate) sensitive: bool,
    pub(crate) deprecated: bool,
    pub(crate) deprecation_message: String,
    pub(crate) write_only: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct IdentitySchema {
    #[prost(int64, tag = "1")]
    pub(crate) version: i64,
    #[prost(message, repeated, tag = "2")]
    pub(crate) attributes: Vec<IdentityAttribute>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct IdentityAttribute {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) ty: Bytes,
    #[prost(bool, tag = "3")]
    pub(crate) required_for_import: bool,
    #[prost(string, tag = "5")]
    pub(crate) description: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ActionSchema {
    #[prost(message, optional, tag = "1")]
    pub(crate) schema: Option<Schema>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct ServerCapabilities {
    #[prost(bool, tag = "1")]
    pub(crate) plan_destroy: bool,
    /// Whether other calls work in a process that was never asked for its schemas.
    #[prost(bool, tag = "2")]
    pub(crate) get_provider_schema_optional: bool,
    #[prost(bool, tag = "3")]
    pub(crate) move_resource_state: bool,
    #[prost(bool, tag = "4")]
    pub(crate) generate_resource_config: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Function {
    #[prost(message, repeated, tag = "1")]
    pub(crate) parameters: Vec<FunctionParameter>,
    #[prost(message, optional, tag = "2")]
    pub(crate) variadic_parameter: Option<FunctionParameter>,
    #[prost(message, optional, tag = "3")]
    pub(crate) returns: Option<FunctionReturn>,
    #[prost(string, tag = "4")]
    pub(crate) summary: String,
    #[prost(string, tag = "5")]
    pub(crate) description: String,
    #[prost(string, tag = "7")]
    pub(crate) deprecation_message: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FunctionParameter {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) ty: Bytes,
    #[prost(bool, tag = "3")]
    pub(crate) allow_null_value: bool,
    #[prost(bool, tag = "4")]
    pub(crate) allow_unknown_values: bool,
    #[prost(string, tag = "5")]
    pub(crate) description: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FunctionReturn {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) ty: Bytes,
}
