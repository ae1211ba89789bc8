//! What version 6 of the plugin protocol does its own way: names of calls, and attributes with nested types.

use prost::bytes::Bytes;
use prost::{DecodeError, Message};

use crate::method::Method;
use crate::wire::schema::{Attribute, NestedObject};

/// Returns where a call is found.
pub(crate) fn path(method: Method) -> &'static str {
    match method {
        Method::GetProviderSchema => "/tfplugin6.Provider/GetProviderSchema",
        Method::GetResourceIdentitySchemas => "/tfplugin6.Provider/GetResourceIdentitySchemas",
        Method::ValidateProviderConfig => "/tfplugin6.Provider/ValidateProviderConfig",
        Method::ConfigureProvider => "/tfplugin6.Provider/ConfigureProvider",
        Method::StopProvider => "/tfplugin6.Provider/StopProvider",
        Method::ValidateResourceConfig => "/tfplugin6.Provider/ValidateResourceConfig",
        Method::UpgradeResourceState => "/tfplugin6.Provider/UpgradeResourceState",
        Method::ReadResource => "/tfplugin6.Provider/ReadResource",
        Method::PlanResourceChange => "/tfplugin6.Provider/PlanResourceChange",
        Method::ApplyResourceChange => "/tfplugin6.Provider/ApplyResourceChange",
        Method::ImportResourceState => "/tfplugin6.Provider/ImportResourceState",
        Method::MoveResourceState => "/tfplugin6.Provider/MoveResourceState",
        Method::ValidateDataResourceConfig => "/tfplugin6.Provider/ValidateDataResourceConfig",
        Method::ReadDataSource => "/tfplugin6.Provider/ReadDataSource",
        Method::ValidateEphemeralResourceConfig => "/tfplugin6.Provider/ValidateEphemeralResourceConfig",
        Method::OpenEphemeralResource => "/tfplugin6.Provider/OpenEphemeralResource",
        Method::RenewEphemeralResource => "/tfplugin6.Provider/RenewEphemeralResource",
        Method::CloseEphemeralResource => "/tfplugin6.Provider/CloseEphemeralResource",
        Method::CallFunction => "/tfplugin6.Provider/CallFunction",
        Method::ValidateActionConfig => "/tfplugin6.Provider/ValidateActionConfig",
        Method::PlanAction => "/tfplugin6.Provider/PlanAction",
        Method::InvokeAction => "/tfplugin6.Provider/InvokeAction",
    }
}

/// Reads an attribute of a schema.
///
/// # Errors
/// When the bytes are not an attribute.
pub(crate) fn read_attribute(bytes: Bytes) -> Result<Attribute, DecodeError> {
    let wire = WireAttribute::decode(bytes)?;
    Ok(Attribute {
        name: wire.name,
        ty: wire.ty,
        nested_type: wire.nested_type,
        description: wire.description,
        required: wire.required,
        optional: wire.optional,
        computed: wire.computed,
        sensitive: wire.sensitive,
        deprecated: wire.deprecated,
        deprecation_message: wire.deprecation_message,
        write_only: wire.write_only,
    })
}

/// The message itself.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct WireAttribute {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) ty: Bytes,
    #[prost(string, tag = "3")]
    pub(crate) description: String,
    #[prost(bool, tag = "4")]
    pub(crate) required: bool,
    #[prost(bool, tag = "5")]
    pub(crate) optional: bool,
    #[prost(bool, tag = "6")]
    pub(crate) computed: bool,
    #[prost(bool, tag = "7")]
    pub(crate) sensitive: bool,
    #[prost(bool, tag = "9")]
    pub(crate) deprecated: bool,
    #[prost(message, optional, tag = "10")]
    pub(crate) nested_type: Option<NestedObject>,
    #[prost(bool, tag = "11")]
    pub(crate) write_only: bool,
    #[prost(string, tag = "12")]
    pub(crate) deprecation_message: String,
}
