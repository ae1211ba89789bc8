//! The calls of the plugin protocol, and the two versions of it.

use tonic::codegen::http::uri::PathAndQuery;

use crate::{tfplugin5, tfplugin6};

/// A major version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `tfplugin5`: plugins for Terraform from 0.12 on.
    V5,
    /// `tfplugin6`: plugins for Terraform from 1.0 on.
    V6,
}

impl Protocol {
    /// Every version that is understood.
    pub const ALL: [Self; 2] = [Self::V5, Self::V6];

    /// Returns the version that a number names.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| u64::from(protocol.number()) == number)
    }

    /// Returns the version's number.
    pub fn number(self) -> u8 {
        match self {
            Self::V5 => 5,
            Self::V6 => 6,
        }
    }
}

/// A call, by its name in version 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    GetProviderSchema,
    GetResourceIdentitySchemas,
    ValidateProviderConfig,
    ConfigureProvider,
    StopProvider,
    ValidateResourceConfig,
    UpgradeResourceState,
    ReadResource,
    PlanResourceChange,
    ApplyResourceChange,
    ImportResourceState,
    MoveResourceState,
    ValidateDataResourceConfig,
    ReadDataSource,
    ValidateEphemeralResourceConfig,
    OpenEphemeralResource,
    RenewEphemeralResource,
    CloseEphemeralResource,
    CallFunction,
    ValidateActionConfig,
    PlanAction,
    InvokeAction,
}

impl Method {
    /// Returns the call's name, for messages.
    pub(crate) fn name(self, protocol: Protocol) -> &'static str {
        let path = self.path_text(protocol);
        path.rsplit('/').next().unwrap_or(path)
    }

    /// Returns where the call is found.
    pub(crate) fn path(self, protocol: Protocol) -> PathAndQuery {
        PathAndQuery::from_static(self.path_text(protocol))
    }

    fn path_text(self, protocol: Protocol) -> &'static str {
        match protocol {
            Protocol::V5 => tfplugin5::path(self),
            Protocol::V6 => tfplugin6::path(self),
        }
    }
}
