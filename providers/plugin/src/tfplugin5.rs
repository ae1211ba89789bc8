//! What version 5 of the plugin protocol does its own way: names of calls, and attributes without nested types.

use prost::bytes::Bytes;
use prost::{DecodeError, Message};

use crate::method::Method;
use crate::wire::schema::Attribute;

/// Returns where a call is found.
pub(crate) fn path(method: Method) -> &'static str {
    match method {
        Method::GetProviderSchema => "/tfplugin5.Provider/GetSchema",
        Method::GetResourceIdentitySchemas => "/tfplugin5.Provider/GetResourceIdentitySchemas",
        Method::ValidateProviderConfig => "/tfplugin5.Provider/PrepareProviderConfig",
        Method::ConfigureProvider => "/tfplugin5.Provider/Configure",
        Method::StopProvider => "/tfplugin5.Provider/Stop",
        Method::ValidateResourceConfig => "/tfplugin5.Provider/ValidateResourceTypeConfig",
        Method::UpgradeResourceState => "/tfplugin5.Provider/UpgradeResourceState",
        Method::ReadResource => "/tfplugin5.Provider/ReadResource",
        Method::PlanResourceChange => "/tfplugin5.Provider/PlanResourceChange",
        Method::ApplyResourceChange => "/tfplugin5.Provider/ApplyResourceChange",
        Method::ImportResourceState => "/tfplugin5.Provider/ImportResourceState",
        Method::MoveResourceState => "/tfplugin5.Provider/MoveResourceState",
        Method::ValidateDataResourceConfig => "/tfplugin5.Provider/ValidateDataSourceConfig",
        Method::ReadDataSource => "/tfplugin5.Provider/ReadDataSource",
        Method::ValidateEphemeralResourceConfig => "/tfplugin5.Provider/ValidateEphemeralResourceConfig",
        Method::OpenEphemeralResource => "/tfplugin5.Provider/OpenEphemeralResource",
        Method::RenewEphemeralResource => "/tfplugin5.Provider/RenewEphemeralResource",
        Method::CloseEphemeralResource => "/tfplugin5.Provider/CloseEphemeralResource",
        Method::CallFunction => "/tfplugin5.Provider/CallFunction",
        Method::ValidateActionConfig => "/tfplugin5.Provider/ValidateActionConfig",
        Method::PlanAction => "/tfplugin5.Provider/PlanAction",
        Method::InvokeAction => "/tfplugin5.Provider/InvokeAction",
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
        nested_type: None,
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
    #[prost(bool, tag = "10")]
    pub(crate) write_only: bool,
    #[prost(string, tag = "11")]
    pub(crate) deprecation_message: String,
}
